//! The one door to every change of a role (spec/security_rules.md S12): the API, the members of `admins`, and whatever
//! sign-in or configuration brings later. Role and group `admins` stay in step.

use crate::{
    config::Settings,
    domain::{Ctx, Role},
    store::{
        Snapshot, Tx,
        identity::{ADMINS, Account, Company, USERS},
    },
    types::{ApiError, CompanyId, ErrorKind, Result, UserId},
};

/// Roles that `auth.create_user` and `auth.edit_user` may give.
const BY_EDIT: [Role; 5] = [Role::Admin, Role::Superuser, Role::User, Role::Annotator, Role::Consumer];
/// Roles that `users.set_role` may give.
pub const OPTIONS: [(Role, &str); 3] =
    [(Role::Admin, "Administrator"), (Role::User, "User"), (Role::Consumer, "Consumer")];

/// Errors: 400/12.
pub(super) fn settable(text: &str) -> Result<Role> {
    role_among(&BY_EDIT, text)
}

fn role_among(roles: &[Role], text: &str) -> Result<Role> {
    text.parse().ok().filter(|role| roles.contains(role)).ok_or_else(|| {
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        ApiError::new(ErrorKind::ValidationError, format!("role must be one of {}", names.join(", ")))
    })
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

/// Whether only configuration changes this account: roles of the platform, and what `secure.credentials` names.
pub(super) fn is_configured(settings: &Settings, account: &Account) -> bool {
    let id = account.id.as_str();
    let name = id.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    account.role.parse().is_ok_and(Role::is_system)
        || name.is_some_and(|name| settings.secure.credentials.contains_key(name))
}

/// Whether service accounts of a tenant may be administrators (spec/governance.md 5.4).
pub(super) fn service_admins_allowed(settings: &Settings, company: &Company) -> bool {
    settings.services.organization.allow_service_user_admins
        || company.defaults.get("allow_service_user_admins") == Some(&true.into())
}

/// An account that the caller may administer: of the caller's tenant, or of any tenant for identities of the platform.
///
/// Errors: 400/301 unknown, foreign or of the platform, all alike; 400/16 made by the platform for this tenant.
pub(super) fn administered(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, user: &str) -> Result<Account> {
    let unknown = || ApiError::new(ErrorKind::InvalidUserId, "").with("user", user);
    let platform = ctx.caller.role.is_system();
    let account = snapshot
        .account(user)?
        .filter(|account| platform || account.company == ctx.caller.tenant)
        .filter(|account| !is_configured(&ctx.app.settings, account))
        .ok_or_else(unknown)?;
    if account.internal && !platform {
        let text = "this identity was made by the platform's operator and is changed by them only";
        return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("user", user));
    }
    Ok(account)
}

/// Whether this is the only person who administers the tenant.
pub(super) fn is_last_admin(snapshot: &Snapshot<'_>, account: &Account) -> Result<bool> {
    let is_admin = |account: &Account| {
        // Identities of the configuration may have the role, but no person is behind them.
        let configured = account.internal && account.autocreated;
        account.role == Role::Admin.as_str() && !account.is_service && !account.disabled && !configured
    };
    let mut others = snapshot.accounts(&account.company)?.into_iter().filter(|other| other.id != account.id);
    Ok(is_admin(account) && !others.any(|other| is_admin(&other)))
}

/// Errors: 400/16.
pub(super) fn check_not_last_admin(snapshot: &Snapshot<'_>, account: &Account) -> Result<()> {
    match is_last_admin(snapshot, account)? {
        false => Ok(()),
        true => {
            let text = "this is the tenant's last administrator; make another one first";
            Err(ApiError::new(ErrorKind::FieldsValueError, text).with("user", account.id.as_str()))
        }
    }
}

/// Gives an account of [`administered`] another role at home. Returns whether anything changed; every session of the
/// account ends then.
///
/// Errors: 400/16 one's own role, or the last administrator's; 403/20 a service account may not become administrator.
pub(super) fn change_role(ctx: &Ctx<'_>, tx: &Tx<'_>, account: &Account, role: Role) -> Result<bool> {
    let current: Role = account.role.parse().unwrap_or(Role::Guest);
    if account.id == ctx.caller.user {
        let text = "you can't change your own role; ask another administrator";
        return Err(ApiError::new(ErrorKind::FieldsValueError, text));
    }
    if current == role {
        return Ok(false);
    }
    if account.is_service && role == Role::Admin {
        let company = tx.company(account.company.as_str())?;
        if !company.is_some_and(|company| service_admins_allowed(&ctx.app.settings, &company)) {
            let text = "service accounts may not be administrators here \
                        (services.organization.allow_service_user_admins)";
            return Err(ApiError::new(ErrorKind::RoleNotAllowed, text).with("user", account.id.as_str()));
        }
    }
    if current == Role::Admin {
        check_not_last_admin(tx, account)?;
        // Nothing that was obtained as an administrator outlives the role.
        tx.revoke_sessions_by(&account.id)?;
    }
    tx.set_role(&account.id, &account.company, role.as_str())?;
    join_groups(tx, &account.id, &account.company, role)?;
    Ok(true)
}

/// `auth.edit_user`: changes the role of somebody in the tenant. Returns whether anything changed.
///
/// Errors: 400/12 role; 400/301 unknown or foreign, also for identities of the platform (S12); as [`change_role`].
pub fn edit_role(ctx: &Ctx<'_>, user: &str, role: &str) -> Result<bool> {
    write_role(ctx, user, settable(role)?)
}

/// `users.set_role`: as [`edit_role`], among the roles of [`OPTIONS`].
///
/// Errors: as [`edit_role`].
pub fn set_role(ctx: &Ctx<'_>, user: &str, role: &str) -> Result<bool> {
    write_role(ctx, user, role_among(&OPTIONS.map(|(role, _)| role), role)?)
}

/// `users.set_admin`: makes somebody an administrator, or a plain user.
///
/// Errors: as [`edit_role`].
pub fn set_admin(ctx: &Ctx<'_>, user: &str, admin: bool) -> Result<bool> {
    write_role(ctx, user, if admin { Role::Admin } else { Role::User })
}

fn write_role(ctx: &Ctx<'_>, user: &str, role: Role) -> Result<bool> {
    ctx.touched("user", user);
    ctx.write(|tx| {
        let account = administered(ctx, tx, user)?;
        change_role(ctx, tx, &account, role)
    })
}
