//! The queue of a tenant's applications (spec/governance.md 8.6).

use crate::{
    config::{Settings, settings::services::QueueMode},
    domain::{App, CallerKind, Ctx},
    store::{Lane, Scope, Snapshot, Tx, queues::NewQueue},
    types::{ApiError, CompanyId, ErrorKind, Result, new_id},
};

/// System tag of applications' tasks and queues; queues with it are listed only when hidden ones are asked for.
pub const APPLICATION: &str = "application";

/// A tenant's application queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppQueue {
    /// Id.
    pub id: String,
    /// Name, by which agents poll it.
    pub name: String,
}

/// Whether each tenant has an application queue of its own.
pub fn per_tenant(settings: &Settings) -> bool {
    settings.services.applications.queue_mode == QueueMode::PerTenant
}

/// Name of a tenant's application queue.
pub fn name_of(tenant: &CompanyId) -> String {
    format!("apps-{tenant}")
}

/// Gives the scope's tenant its application queue, where configuration says that each has one.
pub(super) fn ensure(tx: &Tx<'_>, settings: &Settings) -> Result<Option<AppQueue>> {
    if !per_tenant(settings) {
        return Ok(None);
    }
    let name = name_of(&tx.scope.company);
    if let Some(id) = tx.queue_named(&name)? {
        return Ok(Some(AppQueue { id: id.into(), name }));
    }
    let queue = AppQueue { id: new_id(), name };
    let system_tags = [APPLICATION.to_owned()];
    tx.insert_queue(&NewQueue {
        id: &queue.id,
        name: &queue.name,
        system_tags: &system_tags,
        ..Default::default()
    })?;
    Ok(Some(queue))
}

/// Gives every tenant its application queue; called at start.
pub fn ensure_all(app: &App) -> Result<()> {
    if !per_tenant(&app.settings) {
        return Ok(());
    }
    let tenants = app.store.read(&Scope::server(), |snapshot| snapshot.companies())?;
    for tenant in tenants.into_iter().filter(|tenant| tenant.active) {
        app.store
            .write(&Scope::tenant(tenant.id), Lane::Documents, |tx| ensure(tx, &app.settings).map(drop))?;
    }
    Ok(())
}

/// An application queue is served and filled by the platform and the tenant's administrators only.
///
/// Errors: 403/21.
pub fn check_use(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, queue: &str) -> Result<()> {
    let caller = &ctx.caller;
    let trusted = caller.role.administers() || caller.kind == CallerKind::System;
    if trusted || !per_tenant(&ctx.app.settings) {
        return Ok(());
    }
    let own = snapshot.queue_named(&name_of(&caller.tenant))?;
    if own.is_none_or(|own| own.as_str() != queue) {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorKind::NoWritePermission,
        "this queue belongs to the tenant's applications; administrators and the platform's agents use it",
    )
    .with("queue", queue))
}
