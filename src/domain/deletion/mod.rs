//! Deletes the files of documents that are gone: works off the queue that deletions fill (spec/files.md 5,
//! spec/models.md 4).
//!
//! What a file is and whose was settled when it was scheduled; here every address is resolved again, within the tenant of
//! its row. Files of the file server and objects elsewhere are worked off apart from each other, so that a storage that
//! does not answer holds up nobody.

mod own;
mod remote;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{
    domain::App,
    store::{
        Lane, Scope,
        deletion::{Due, Waiting},
        objects::Network,
    },
    types::{CompanyId, Millis, Result},
};

/// So many rows are read at once; each is settled before the next is looked at.
const AT_ONCE: usize = 100;

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Settled {
    /// The file is gone, or never was there.
    Gone,
    /// It may work another time. The reason is for people and holds no secret.
    Later(String),
    /// It can't work.
    Never(String),
}

/// Deletes some files of the file server. True when there may be more to do at once.
///
/// Errors: the database failed. What a file's deletion fails with is noted in its row.
pub fn delete_own(app: &App, stopping: &dyn Fn() -> bool) -> Result<bool> {
    let Some((tenant, rows)) = next(app, "fileserver")? else { return Ok(false) };
    for row in &rows {
        if stopping() {
            return Ok(false);
        }
        settle(app, &tenant, row, own::delete(app, &tenant, row)?)?;
    }
    Ok(true)
}

/// Deletes some objects of S3, Google or Azure storages. True when there may be more to do at once.
///
/// Errors: as [`delete_own`].
pub fn delete_remote(app: &App, network: &Network, stopping: &dyn Fn() -> bool) -> Result<bool> {
    let mut any = false;
    for kind in remote::KINDS {
        let Some((tenant, rows)) = next(app, kind.storage_type())? else { continue };
        any = true;
        for (row, settled) in remote::delete(app, network, *kind, &tenant, &rows, stopping)? {
            settle(app, &tenant, row, settled)?;
        }
        if stopping() {
            return Ok(false);
        }
    }
    Ok(any)
}

fn due(app: &App) -> Due {
    let settings = &app.settings.services.async_urls_delete;
    let ago = |seconds: Duration| {
        Millis::now().plus_seconds(i64::try_from(seconds.as_secs()).unwrap_or(i64::MAX).saturating_neg())
    };
    Due {
        max_retries: settings.max_retries,
        failed_before: ago(settings.retry_timeout_sec.duration()),
        // A row that was scheduled twice in a millisecond may lie a little ahead.
        created_before: ago(settings.grace_sec.duration()).plus_seconds(1),
    }
}

fn next(app: &App, storage_type: &str) -> Result<Option<(CompanyId, Vec<Waiting>)>> {
    if !app.settings.services.async_urls_delete.enabled {
        return Ok(None);
    }
    let due = due(app);
    let tenant = app.store.read(&Scope::server(), |snapshot| snapshot.next_deletion(storage_type, due))?;
    let Some(tenant) = tenant else { return Ok(None) };
    let scope = Scope::tenant(tenant.clone());
    let rows = app.store.read(&scope, |snapshot| snapshot.deletions(storage_type, due, AT_ONCE))?;
    Ok(Some((tenant, rows)))
}

fn settle(app: &App, tenant: &CompanyId, row: &Waiting, settled: Settled) -> Result<()> {
    let most = app.settings.services.async_urls_delete.max_retries;
    match &settled {
        Settled::Gone => {
            tracing::debug!(tenant = tenant.as_str(), url = row.url, "deleted a file of a deleted object")
        }
        Settled::Later(reason) | Settled::Never(reason) => {
            tracing::warn!(tenant = tenant.as_str(), url = row.url, reason, "a file could not be deleted");
        }
    }
    app.store.write(&Scope::tenant(tenant.clone()), Lane::Events, |tx| match &settled {
        Settled::Gone => tx.deletion_done(row),
        Settled::Later(reason) => tx.deletion_failed(row, reason, most),
        Settled::Never(reason) => tx.deletion_hopeless(row, reason),
    })
}
