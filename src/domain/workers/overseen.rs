//! Workers of other tenants, for the company that looks after the machines of all (spec/governance.md 8.1): how machines
//! are used, never what runs on them.

use crate::{
    domain::Ctx,
    store::{Scope, Snapshot},
    types::{CompanyId, Result},
};

/// Another tenant whose machines the caller looks after.
pub(super) struct Overseen {
    /// Its name.
    pub(super) name: String,
    scope: Scope,
}

impl Overseen {
    /// Its id.
    pub(super) fn id(&self) -> &CompanyId {
        &self.scope.company
    }

    /// What is there, seen from within.
    pub(super) fn snapshot<'a>(&'a self, snapshot: &'a Snapshot<'_>) -> Snapshot<'a> {
        snapshot.within(&self.scope)
    }
}

/// All other active tenants, for administrators and identities of the platform at home in the company that configuration
/// names; none for anybody else.
pub(super) fn overseen(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>) -> Result<Vec<Overseen>> {
    let caller = &ctx.caller;
    let supervisor = ctx.app.settings.services.workers.resource_usages.supervisor_company.as_deref();
    let at_home = supervisor == Some(caller.tenant.as_str()) && caller.tenant == caller.home;
    if !at_home || !caller.role.administers() || caller.minted {
        return Ok(Vec::new());
    }
    let others =
        snapshot.companies()?.into_iter().filter(|company| company.active && company.id != caller.tenant);
    Ok(others.map(|company| Overseen { name: company.name, scope: Scope::tenant(company.id) }).collect())
}
