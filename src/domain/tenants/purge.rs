//! Removing what a deleted tenant left: rows in short turns, then files (spec/governance.md 8.3, phase 2).
//!
//! Nothing is remembered between turns, so a purge that was cut short, by a stop or by SIGKILL, goes on where it was.

use crate::{
    domain::{App, Call, Ctx, files, operations, perform},
    store::{
        Lane, Scope,
        tenants::{Deleted, KEPT},
    },
    types::{ApiError, CompanyId, ErrorKind, Result},
};

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows.
    pub rows: u64,
    /// Files.
    pub files: u64,
    /// Whether nothing is left.
    pub complete: bool,
}

/// Deleted tenants of which something is left.
pub fn to_purge(app: &App) -> Result<Vec<Deleted>> {
    app.store.read(&Scope::server(), |snapshot| snapshot.companies_to_purge())
}

/// Purges all deleted tenants, those that wait longest first; `stopping` ends it between two turns. One that can't be
/// purged now keeps no other from it, and is tried again at the next run.
pub fn purge_all(app: &App, stopping: &dyn Fn() -> bool) -> Result<()> {
    for tenant in to_purge(app)? {
        match purge(app, tenant.id.as_str(), stopping) {
            Ok(done) if done.complete => tracing::info!(
                tenant = tenant.id.as_str(),
                rows = done.rows,
                files = done.files,
                "a deleted tenant is gone"
            ),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(tenant = tenant.id.as_str(), %error, "a deleted tenant could not be removed yet")
            }
        }
        if stopping() {
            return Ok(());
        }
    }
    Ok(())
}

/// Removes everything of a deleted tenant. Repeating it does no harm.
///
/// Errors: 400/10 there is no such tenant; 400/16 it was not deleted.
pub fn purge(app: &App, tenant: &str, stopping: &dyn Fn() -> bool) -> Result<Progress> {
    let found = app.store.read(&Scope::server(), |snapshot| {
        Ok((snapshot.deleted_company(tenant)?, snapshot.company(tenant)?))
    })?;
    let deleted = match found {
        (Some(deleted), _) => deleted,
        (None, Some(_)) => {
            let text = "this tenant is in use; delete it first, with tenants.delete_tenant or on the page of tenants";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("tenant", tenant));
        }
        (None, None) => {
            return Err(ApiError::new(ErrorKind::InvalidId, "there is no such tenant").with("tenant", tenant));
        }
    };
    let mut done = Progress::default();
    if deleted.purged_at.is_some() {
        done.complete = true;
        return Ok(done);
    }
    // Files go first: their rows tell what is theirs until the last one is gone.
    match app.files.get() {
        Some(files) => {
            let (removed, complete) = files.remove_tree(app, &deleted.id, stopping)?;
            done.files += removed;
            if !complete {
                return Ok(done);
            }
        }
        None => return Err(ApiError::new(ErrorKind::InternalError, "the file server is not open")),
    }
    let scope = Scope::tenant(deleted.id.clone());
    let mut purge = app.store.read(&scope, |snapshot| snapshot.begin_purge(&deleted.id))?;
    loop {
        if stopping() {
            return Ok(done);
        }
        let Some(turn) = app.store.read(&scope, |snapshot| snapshot.next_turn(&mut purge))? else { break };
        // In the lane of bulk reports: a purge delays nobody's documents.
        let gone = app.store.write(&scope, Lane::Events, |tx| tx.purge_turn(&deleted.id, &turn))?;
        done.rows += gone as u64;
    }
    done.complete = finish(app, &deleted.id)?;
    Ok(done)
}

/// Notes the end, unless a job wrote something meanwhile: the next run removes that.
fn finish(app: &App, tenant: &CompanyId) -> Result<bool> {
    let scope = Scope::tenant(tenant.clone());
    let mut tables = app.store.read(&scope, |snapshot| snapshot.tenant_tables())?;
    tables.retain(|table| !KEPT.contains(&table.name.as_str()));
    for table in &tables {
        // One read per table: each has its own deadline.
        if app.store.read(&scope, |snapshot| snapshot.holds_rows_of(table, tenant))? {
            tracing::debug!(
                table = table.name,
                "something of a deleted tenant is left; the next run removes it"
            );
            return Ok(false);
        }
    }
    let operation = operations::find("data.purge").ok_or(ErrorKind::InternalError)?;
    let home = CompanyId::from(app.settings.apiserver.default_company.as_str());
    let ctx = Ctx::new(app, files::scheduled_caller(&home), Call::internal());
    ctx.touched("tenant", tenant.as_str());
    perform(operation, &ctx, |ctx| ctx.write(|tx| tx.note_purged(tenant)))?;
    Ok(true)
}
