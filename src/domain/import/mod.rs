//! Taking over the history of another server from an archive (docs/import.md).
//!
//! An archive is a file of lines; each is one record, and the events of a task or model follow its record. Records are
//! stored a few thousand lines at a time: one transaction holds what they bring and how far the import has come, so that
//! an import that ends at any moment goes on where it stopped. What is here already is never changed.
//!
//! [`Archive`](archive::Archive) reads lines, [`Filing`](record::Filing) stores one document, `lines` tells what becomes
//! of each line, [`run`] leads. What never lives here: how an archive is made, HTTP, SQL.

mod archive;
mod files;
mod lines;
mod mark;
mod record;
mod report;
mod run;

use std::path::PathBuf;

pub use report::{Count, Counts, Outcome, Problem, Report};
pub use run::run;

use crate::types::{ApiError, CompanyId};

/// What is to be imported, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// A file of lines, or a directory with one.
    pub archive: PathBuf,
    /// Where it goes to.
    pub tenant: CompanyId,
    /// Address of this server's file server, for links to files of the other one. `None`: as configured, when the archive
    /// holds files; links stay as they are when it does not.
    pub files_url: Option<String>,
    /// Store nothing; tell what would become of each record.
    pub dry_run: bool,
    /// Stop at the first record that is refused.
    pub strict: bool,
    /// Remove the task or model that an interrupted import of another archive left unfinished.
    pub discard_unfinished: bool,
}

/// Why an import did not come to its end. What it stored before stays; running it again goes on there.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The archive can't be used.
    #[error("{0}")]
    Archive(String),
    /// The tenant is unknown.
    #[error("there is no tenant {0}")]
    Tenant(CompanyId),
    /// An import of something else was interrupted.
    #[error(
        "an import was interrupted, and it was of another archive, or this one was changed since: its {kind} {id} has not \
         all of its events. Run that import again to finish it, or give --discard-unfinished to remove that {kind} from \
         here"
    )]
    Unfinished {
        /// Task or model.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// A record was refused and that was to stop it.
    #[error("line {line} was refused, and --strict stops there: {reason}")]
    Strict {
        /// Line in the archive.
        line: u64,
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error("{0}")]
    Store(#[from] ApiError),
}
