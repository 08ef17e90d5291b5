//! Stored files: who may read, store and delete them, how much room they take, and how file and row stay together.
//!
//! Addresses are the clients' own; each tenant has its own tree (spec/files.md, spec/security_rules.md S14 and S15).
//! What never lives here: HTTP types, SQL, system calls.

mod access;
mod delete;
mod download;
mod locks;
mod tenant;
mod upload;
mod verify;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::{
    access::{Rules, Want},
    locks::PathLocks,
};
use super::{App, Caller, CallerKind, Role};
use crate::{
    store::{
        Snapshot, Tx,
        files::{BlobError, BlobStore, Found, Tree},
    },
    types::{ApiError, CompanyId, ErrorKind, Result, UserId},
};

pub use crate::store::files::{Blob, BlobInfo, FilePath};
pub use delete::{Outcome, REMOVED_AT_ONCE};
pub use upload::Upload;
pub use verify::{Flaw, FlawedFile, Verification, verify};

/// The file server: where the bytes are, and what keeps two changes of one path apart. One per process.
pub struct Files {
    blobs: Arc<dyn BlobStore>,
    locks: PathLocks,
}

/// How long whoever deleted a task, model or report may still delete its files, in seconds (S15).
const DELETER_KEEPS_RIGHT: i64 = 24 * 3600;

impl Files {
    /// A file server on top of `blobs`.
    pub fn new(blobs: Arc<dyn BlobStore>) -> Self {
        Files { blobs, locks: PathLocks::default() }
    }

    /// The trees that a tenant's files are looked for in. Files of the time before tenants belong to the default one.
    fn trees(&self, app: &App, tenant: &CompanyId) -> Vec<Tree> {
        let own = Tree::Tenant(tenant.clone());
        if tenant.as_str() == app.settings.apiserver.default_company {
            vec![own, Tree::Legacy]
        } else {
            vec![own]
        }
    }

    /// What stands at `path`, and in which tree.
    fn find(&self, app: &App, tenant: &CompanyId, path: &FilePath) -> Result<Vec<(Tree, Found)>> {
        let mut found = Vec::new();
        for tree in self.trees(app, tenant) {
            match self.blobs.find(&tree, path).map_err(failed)? {
                Found::Nothing => {}
                other => found.push((tree, other)),
            }
        }
        Ok(found)
    }
}

/// Whom requests without credentials act as while `fileserver.auth.enabled` is off: a member of the default tenant,
/// without any role.
pub fn open_caller(app: &App) -> Caller {
    let tenant = CompanyId::from(app.settings.apiserver.default_company.as_str());
    Caller {
        user: UserId::from("__fileserver__"),
        name: "fileserver".to_owned(),
        tenant: tenant.clone(),
        home: tenant,
        role: Role::Guest,
        kind: CallerKind::System,
        ..Caller::anonymous()
    }
}

/// The server itself, at work in a tenant: whom scheduled deletions run as.
pub fn scheduled_caller(tenant: &CompanyId) -> Caller {
    Caller {
        user: UserId::from("__apiserver__"),
        name: "apiserver".to_owned(),
        tenant: tenant.clone(),
        home: tenant.clone(),
        role: Role::System,
        kind: CallerKind::System,
        ..Caller::anonymous()
    }
}

/// Notes that `user` deleted a task, model or report, whose files that person may still delete for a day (S15). To be
/// called in the transaction that deletes it.
pub fn note_deleted_entity(tx: &Tx<'_>, id: &str, user: &UserId) -> Result<()> {
    tx.note_deleted_entity(id, user, tx.now.plus_seconds(-DELETER_KEEPS_RIGHT))
}

/// Whether `user` may have the file or folder at the percent-encoded `path` deleted later: decided when it is scheduled,
/// by what the scope of the deletion may change (S15). A path that names no file is for the job to refuse.
pub fn may_schedule_deletion(snapshot: &Snapshot<'_>, user: &UserId, path: &str) -> Result<bool> {
    let Some(path) = FilePath::from_url(path.trim_end_matches('/')) else { return Ok(true) };
    let rules = Rules::load(snapshot, user, std::iter::once(&path))?;
    Ok(rules.allow(Want::Delete, &path, snapshot.file(&path)?.as_ref()))
}

/// Turns a failure of the disk into an error without paths; the operator finds the system's words in the log.
fn failed(error: BlobError) -> ApiError {
    match error {
        BlobError::Full => ApiError::new(
            ErrorKind::StorageFull,
            "the server's disk is full and nothing was stored; free some space and upload again",
        ),
        BlobError::Conflict => ApiError::new(ErrorKind::FileConflict, "choose another name"),
        BlobError::BadName => impossible_name(),
        BlobError::Io(error) => {
            tracing::error!(error = %error, "the file system refused an operation");
            ApiError::new(
                ErrorKind::GeneralError,
                "the file could not be read or written; the server's log has the details",
            )
        }
    }
}

fn impossible_name() -> ApiError {
    ApiError::new(
        ErrorKind::BadRequest,
        "no file can have this name; a part between two slashes may have at most 255 bytes, the whole path 3,800",
    )
}

fn not_found() -> ApiError {
    ErrorKind::FileNotFound.into()
}
