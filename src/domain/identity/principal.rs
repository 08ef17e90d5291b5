//! From an account to a caller: tenant, role, groups, features.

use super::roles;
use crate::{
    config::Settings,
    domain::{Caller, CallerKind, Role, features},
    store::{Snapshot, identity::Account},
    types::{CompanyId, ErrorKind, Result},
};

/// Loads the caller that `account` is, in its home tenant or in `tenant` when given.
///
/// Errors: 401/22 when the account is disabled or its tenant is missing or inactive.
pub(super) fn load(
    snapshot: &Snapshot<'_>,
    settings: &Settings,
    account: &Account,
    tenant: Option<&CompanyId>,
) -> Result<Caller> {
    if account.disabled {
        return Err(ErrorKind::InvalidCredentials.into());
    }
    let home = snapshot.company(account.company.as_str())?.filter(|company| company.active);
    let home = home.ok_or(ErrorKind::InvalidCredentials)?;
    let memberships = snapshot.memberships(&account.id)?;
    let tenant_id = tenant.unwrap_or(&account.company).clone();
    let effective = if tenant_id == home.id {
        home.clone()
    } else {
        snapshot
            .company(tenant_id.as_str())?
            .filter(|company| company.active)
            .ok_or(ErrorKind::InvalidCredentials)?
    };
    let stored: Role = account.role.parse().unwrap_or(Role::Guest);
    let mut role = match memberships.iter().find(|(company, _)| *company == tenant_id) {
        _ if stored.is_system() => stored,
        Some((_, role)) => role.parse().unwrap_or(Role::Guest),
        None => return Err(ErrorKind::InvalidCredentials.into()),
    };
    // The setting may have been turned off since the account became an administrator (spec/governance.md 5.4).
    if account.is_service && role == Role::Admin && !roles::service_admins_allowed(settings, &effective) {
        role = Role::User;
    }
    let groups = snapshot.groups_of(&account.id, &tenant_id)?;
    let features = features::effective(settings, &effective.defaults, &groups, role);
    let kind = if stored.is_system() {
        CallerKind::System
    } else if account.is_service {
        CallerKind::Service(account.allow_running_as_owner)
    } else {
        CallerKind::Person
    };
    Ok(Caller {
        user: account.id.clone(),
        name: account.name.clone(),
        tenant: tenant_id,
        home: home.id,
        home_name: home.name,
        tenants: memberships.into_iter().map(|(company, _)| company).collect(),
        role,
        kind,
        operator: account.operator,
        groups,
        features,
        actor: None,
        session: None,
        root_session: None,
        access_key: None,
        minted: false,
        task: None,
        token_epoch: account.token_epoch,
    })
}
