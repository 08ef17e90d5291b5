//! Which of several tenants a call is about (spec/governance.md 8.4, spec/security_rules.md S2).

use crate::{
    domain::{App, Caller, Role, features},
    store::Scope,
    types::{ApiError, CompanyId, ErrorKind, Result},
};

/// The caller in the tenant it selects, with the role, groups and features it has there. Identities of the platform may
/// select any active tenant, everybody else those they belong to. Whoever acts for somebody stays where they are.
///
/// Errors: 400/92, the same for a foreign tenant and for one that does not exist.
pub fn select_tenant(app: &App, caller: Caller, wanted: &CompanyId) -> Result<Caller> {
    if *wanted == caller.tenant {
        return Ok(caller);
    }
    let refused = || {
        ApiError::new(ErrorKind::TenantNotAllowed, "choose one of your own tenants")
            .with("tenant", wanted.as_str())
    };
    let bound = caller.minted || caller.actor.as_ref().is_some_and(|actor| !actor.role.is_system());
    if bound {
        return Err(refused());
    }
    app.store.read(&Scope::server(), |snapshot| {
        let company =
            snapshot.company(wanted.as_str())?.filter(|company| company.active).ok_or_else(refused)?;
        let memberships = snapshot.memberships(&caller.user)?;
        let member = memberships.iter().find(|(company, _)| company == wanted);
        let role = match member {
            _ if caller.role.is_system() => caller.role,
            Some((_, role)) => role.parse().unwrap_or(Role::Guest),
            None => return Err(refused()),
        };
        let groups = snapshot.groups_of(&caller.user, wanted)?;
        let features = features::effective(&app.settings, &company.defaults, &groups, role);
        Ok(Caller { tenant: wanted.clone(), role, groups, features, ..caller })
    })
}
