//! People: making, reading and renaming them (spec/protocol.md 3.5 and 4, spec/governance.md 2).

use super::roles;
use crate::{
    domain::{CallerKind, Ctx, Role, SERVER_VERSION},
    store::{
        Snapshot, Tx,
        identity::{Account, Group, NewAccount, Profile},
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
/// Errors: 400/10 unknown or foreign company; 400/12 role; 400/13 `internal`; 400/22 e-mail; 400/801 e-mail taken;
/// 400/59 the tenant has as many people as it may.
pub fn create_user(ctx: &Ctx<'_>, new: &CreateUser) -> Result<UserId> {
    let role = match new.role.as_deref() {
        None => Role::User,
        Some(text) => roles::settable(text)?,
    };
    if new.internal && !ctx.caller.role.is_system() {
        return Err(ApiError::new(
            ErrorKind::FieldsNotAllowedForRole,
            "internal users are made by the platform only",
        ));
    }
    check_new(new)?;
    let id = UserId::fresh();
    ctx.touched("user", id.as_str());
    ctx.write(|tx| insert_person(ctx, tx, &id, new, role))?;
    Ok(id)
}

/// Errors: 400/22 e-mail; 400/12 name.
pub(super) fn check_new(new: &CreateUser) -> Result<()> {
    check_email(&new.email)?;
    if new.name.trim().is_empty() {
        return Err(ApiError::new(ErrorKind::ValidationError, "name must not be empty"));
    }
    Ok(())
}

/// A profile of which only the name is known.
pub(in crate::domain) fn named_profile(
    user: &UserId,
    company: &CompanyId,
    name: &str,
    created: Millis,
) -> Profile {
    Profile {
        id: user.clone(),
        company: company.clone(),
        name: name.to_owned(),
        given_name: None,
        family_name: None,
        avatar: None,
        created,
        created_in_version: Some(SERVER_VERSION.to_owned()),
    }
}

/// The part of [`create_user`] that happens in a transaction.
///
/// Errors: 400/10 unknown or foreign company; 400/801 e-mail taken; 400/59 quota.
pub(super) fn insert_person(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: &UserId,
    new: &CreateUser,
    role: Role,
) -> Result<()> {
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
    if !new.internal {
        check_people_quota(tx, &new.company)?;
    }
    // Whoever makes the account anew readmits the person.
    tx.forget_tombstones_of_email(&new.company, &new.email)?;
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
    roles::join_groups(tx, id, &new.company, role)?;
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

/// Whether a tenant has room for one more account of this kind (spec/governance.md 2.1, 5.1).
///
/// Errors: 400/59.
pub(super) fn check_quota(tx: &Tx<'_>, company: &CompanyId, account: &Account) -> Result<()> {
    match (account.is_service, account.internal) {
        (true, _) => super::service_accounts::check_service_quota(tx, company),
        (false, true) => Ok(()),
        (false, false) => check_people_quota(tx, company),
    }
}

fn check_people_quota(tx: &Tx<'_>, company: &CompanyId) -> Result<()> {
    match quota(tx, company, "allowed_users")? {
        Some(most) if tx.count_people(company)? >= most => {
            let text =
                "the tenant has as many people as it may; remove somebody, or ask the operator for more";
            Err(ApiError::new(ErrorKind::UsersLimitExceeded, text).with("allowed_users", most))
        }
        _ => Ok(()),
    }
}

/// A limit among the tenant's settings; absent, null and negative mean none.
pub(super) fn quota(snapshot: &Snapshot<'_>, company: &CompanyId, key: &str) -> Result<Option<i64>> {
    let company = snapshot.company(company.as_str())?;
    let stored = company.and_then(|company| company.defaults.get(key).cloned());
    let number = stored.and_then(|value| match value {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    });
    Ok(number.filter(|most| *most >= 0))
}

/// `users.update`: changes names of oneself, or of somebody in the tenant for administrators.
///
/// Returns the applied fields; `None` when there is nobody to change.
/// Errors: 400/301 somebody else's record without being an administrator, and identities of the platform; 400/16 who was
/// made by the platform.
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
        // Identities of the platform are changed by configuration only, and are unknown to administrators like those of
        // other tenants (S12).
        let of_somebody_else = user != ctx.caller.user.as_str() && tx.account(user)?.is_some();
        if of_somebody_else && roles::administered(ctx, tx, user).is_err() {
            return Ok(false);
        }
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
