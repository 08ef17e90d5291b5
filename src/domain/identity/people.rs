//! People: making, reading and renaming them (spec/protocol.md 3.5 and 4, spec/governance.md 2).

use crate::{
    domain::{CallerKind, Ctx, Role, SERVER_VERSION},
    store::{
        Snapshot, Tx,
        identity::{ADMINS, Account, Group, NewAccount, Profile, USERS},
    },
    types::{ApiError, CompanyId, ErrorKind, Json, Millis, Result, UserId},
};

/// A person as `users.get_current_user` shows it.
pub struct Person {
    /// The profile.
    pub profile: Profile,
    /// The account, if it still exists.
    pub account: Option<Account>,
    /// Name of the home tenant.
    pub company_name: Option<String>,
    /// Groups in the effective tenant.
    pub groups: Vec<Group>,
    /// Tenants the person belongs to: id, name, active.
    pub companies: Vec<(CompanyId, String, bool)>,
}

/// The caller's own record.
///
/// Errors: 400/300 the identity has no profile.
pub fn current_user(ctx: &Ctx<'_>) -> Result<Person> {
    ctx.read(|snapshot| {
        let profile = snapshot.profile(ctx.caller.user.as_str())?;
        let profile = profile.ok_or_else(|| {
            ApiError::new(ErrorKind::InvalidUser, "this identity has no profile")
                .with("user", ctx.caller.user.as_str())
        })?;
        fill(snapshot, profile, &ctx.caller.groups)
    })
}

fn fill(snapshot: &Snapshot<'_>, profile: Profile, groups: &[Group]) -> Result<Person> {
    let account = snapshot.account(profile.id.as_str())?;
    let company_name = snapshot.company(profile.company.as_str())?.map(|company| company.name);
    let mut companies = Vec::new();
    for (id, _) in snapshot.memberships(&profile.id)? {
        if let Some(company) = snapshot.company(id.as_str())? {
            companies.push((id, company.name, company.active));
        }
    }
    Ok(Person { profile, account, company_name, groups: groups.to_vec(), companies })
}

/// `users.get_by_id`: the stored fields of a person of the tenant (system identities: of any tenant).
///
/// Errors: 400/301.
pub fn person(ctx: &Ctx<'_>, id: &str) -> Result<Profile> {
    ctx.read(|snapshot| {
        let visible =
            |profile: &Profile| ctx.caller.role == Role::System || profile.company == ctx.caller.tenant;
        let profile = snapshot.profile(id)?.filter(visible);
        profile.ok_or_else(|| ApiError::new(ErrorKind::InvalidUserId, "").with("user", id))
    })
}

/// What `auth.create_user` takes.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// Display name.
    pub name: String,
    /// Tenant.
    pub company: CompanyId,
    /// E-mail.
    pub email: String,
    /// Role, `user` when absent.
    pub role: Option<String>,
    /// Made by the platform.
    pub internal: bool,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Address of a picture.
    pub avatar: Option<String>,
}

/// Makes a person: account, profile, membership and groups, all or nothing.
///
/// Errors: 400/10 unknown or foreign company; 400/12 role; 400/13 `internal`; 400/22 e-mail; 400/801 e-mail taken.
pub fn create_user(ctx: &Ctx<'_>, new: &CreateUser) -> Result<UserId> {
    let role = match new.role.as_deref() {
        None => Role::User,
        Some(text) => settable_role(text)?,
    };
    if new.internal && !ctx.caller.role.is_system() {
        return Err(ApiError::new(
            ErrorKind::FieldsNotAllowedForRole,
            "internal users are made by the platform only",
        ));
    }
    check_email(&new.email)?;
    if new.name.trim().is_empty() {
        return Err(ApiError::new(ErrorKind::ValidationError, "name must not be empty"));
    }
    let id = UserId::fresh();
    ctx.touched("user", id.as_str());
    ctx.write(|tx| {
        let foreign = !ctx.caller.role.is_system() && new.company != ctx.caller.tenant;
        if foreign || tx.company(new.company.as_str())?.is_none() {
            return Err(
                ApiError::new(ErrorKind::InvalidId, "unknown company").with("company", new.company.as_str())
            );
        }
        if tx.account_by_email(&new.email)?.is_some() {
            let text = "somebody on this server has this e-mail address";
            return Err(ApiError::new(ErrorKind::ExpectedUniqueData, text).with("email", new.email.as_str()));
        }
        tx.insert_account(&NewAccount {
            id: id.clone(),
            company: new.company.clone(),
            name: new.name.clone(),
            email: Some(new.email.clone()),
            role: role.as_str().to_owned(),
            internal: new.internal,
            autocreated: false,
            is_service: false,
            operator: false,
            created_by: Some(ctx.caller.user.clone()),
        })?;
        join_groups(tx, &id, &new.company, role)?;
        tx.upsert_profile(&Profile {
            id: id.clone(),
            company: new.company.clone(),
            name: new.name.clone(),
            given_name: new.given_name.clone(),
            family_name: new.family_name.clone(),
            avatar: new.avatar.clone(),
            created: tx.now,
            created_in_version: Some(SERVER_VERSION.to_owned()),
        })
    })?;
    Ok(id)
}

/// Everybody is in `users`; administrators are in `admins` as well.
pub(in crate::domain) fn join_groups(
    tx: &Tx<'_>,
    user: &UserId,
    company: &CompanyId,
    role: Role,
) -> Result<()> {
    tx.join_group(USERS, user, company, "auto")?;
    match role {
        Role::Admin => tx.join_group(ADMINS, user, company, "auto"),
        _ => tx.leave_group(ADMINS, user, company),
    }
}

fn settable_role(text: &str) -> Result<Role> {
    const SETTABLE: [Role; 5] = [Role::Admin, Role::Superuser, Role::User, Role::Annotator, Role::Consumer];
    text.parse().ok().filter(|role| SETTABLE.contains(role)).ok_or_else(|| {
        let text = "role must be one of admin, superuser, user, annotator, consumer";
        ApiError::new(ErrorKind::ValidationError, text)
    })
}

pub(super) fn check_email(email: &str) -> Result<()> {
    let good = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    });
    if good
        && email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control() || c == '<' || c == '>')
    {
        Ok(())
    } else {
        Err(ApiError::new(ErrorKind::InvalidEmailAddress, "write it as name@host.domain"))
    }
}

/// `auth.edit_user`: changes the role of somebody in the tenant. Returns whether anything changed.
///
/// Errors: 400/301 unknown or foreign, also for identities of the platform (S12); 400/16 one's own role, or the last
/// administrator's; 403/20 a service account may not become administrator.
pub fn edit_role(ctx: &Ctx<'_>, user: &str, role: &str) -> Result<bool> {
    let role = settable_role(role)?;
    ctx.touched("user", user);
    ctx.write(|tx| {
        let unknown = || ApiError::new(ErrorKind::InvalidUserId, "").with("user", user);
        let account = tx.account(user)?.filter(|account| account.company == ctx.caller.tenant).ok_or_else(unknown)?;
        let current: Role = account.role.parse().unwrap_or(Role::Guest);
        let configured = ctx.app.settings.secure.credentials.contains_key(user.trim_matches('_'));
        if current.is_system() || (configured && !ctx.caller.role.is_system()) {
            return Err(unknown());
        }
        if account.id == ctx.caller.user {
            return Err(ApiError::new(ErrorKind::FieldsValueError, "you can't change your own role; ask another administrator"));
        }
        if current == role {
            return Ok(false);
        }
        if account.is_service && role == Role::Admin && !service_admins_allowed(ctx, tx)? {
            let text = "service accounts may not be administrators here (services.organization.allow_service_user_admins)";
            return Err(ApiError::new(ErrorKind::RoleNotAllowed, text));
        }
        if current == Role::Admin && last_admin(tx, &account)? {
            let text = "this is the tenant's last administrator; make another one first";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text));
        }
        tx.set_role(&account.id, &account.company, role.as_str())?;
        join_groups(tx, &account.id, &account.company, role)?;
        Ok(true)
    })
}

fn service_admins_allowed(ctx: &Ctx<'_>, tx: &Tx<'_>) -> Result<bool> {
    if ctx.app.settings.services.organization.allow_service_user_admins {
        return Ok(true);
    }
    let company = tx.company(ctx.caller.tenant.as_str())?;
    Ok(company.is_some_and(|company| company.defaults.get("allow_service_user_admins") == Some(&true.into())))
}

fn last_admin(tx: &Tx<'_>, account: &Account) -> Result<bool> {
    let others = tx.accounts(&account.company)?;
    Ok(!others.iter().any(|other| {
        other.id != account.id && other.role == Role::Admin.as_str() && !other.is_service && !other.disabled
    }))
}

/// `users.update`: changes names of oneself, or of somebody in the tenant for administrators.
///
/// Returns the applied fields; `None` when there is nobody to change.
/// Errors: 400/301 somebody else's record without being an administrator.
pub fn rename(
    ctx: &Ctx<'_>,
    user: &str,
    name: Option<&str>,
    given_name: Option<&str>,
    family_name: Option<&str>,
) -> Result<Option<Json>> {
    if user != ctx.caller.user.as_str() && !ctx.caller.role.administers() {
        return Err(
            ApiError::new(ErrorKind::InvalidUserId, "you can change your own record only").with("user", user)
        );
    }
    if name.is_some_and(|name| name.trim().is_empty()) {
        return Err(ApiError::new(ErrorKind::ValidationError, "name must not be empty"));
    }
    let mut fields = Json::new();
    for (key, value) in [("name", name), ("given_name", given_name), ("family_name", family_name)] {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value.into());
        }
    }
    if fields.is_empty() {
        return Ok(None);
    }
    ctx.touched("user", user);
    let id = UserId::from(user);
    let found = ctx.write(|tx| {
        let found = tx.update_profile(&ctx.caller.tenant, &id, name, given_name, family_name)?;
        if let (true, Some(name)) = (found, name) {
            tx.rename_account(&id, name)?;
        }
        Ok(found)
    })?;
    Ok(found.then_some(fields))
}

/// `users.create`: a profile without an account.
///
/// Errors: 400/302 the id is taken.
pub fn create_profile(ctx: &Ctx<'_>, mut profile: Profile) -> Result<()> {
    ctx.touched("user", profile.id.as_str());
    profile.created = Millis::now();
    profile.created_in_version = Some(SERVER_VERSION.to_owned());
    ctx.write(|tx| match tx.profile(profile.id.as_str())? {
        Some(_) => Err(ApiError::new(ErrorKind::UserIdExists, "").with("id", profile.id.as_str())),
        None => tx.upsert_profile(&profile),
    })
}

/// `users.delete`: removes a profile of any tenant; for identities of the platform.
///
/// Errors: 400/301 unknown.
pub fn delete_profile(ctx: &Ctx<'_>, user: &str) -> Result<()> {
    debug_assert!(ctx.caller.kind == CallerKind::System || ctx.caller.role.is_system());
    ctx.touched("user", user);
    ctx.write(|tx| match tx.delete_profile(user)? {
        true => Ok(()),
        false => Err(ApiError::new(ErrorKind::InvalidUserId, "").with("user", user)),
    })
}
