//! The only SQL in the program.
//!
//! [`Store::read`] gives a snapshot on a pooled read-only connection; [`Store::write`] gives a transaction on the
//! one writer connection. Both carry a [`Scope`], and every statement over tenants' data goes through it.
//! What never lives here: HTTP types, rules.

pub mod aging;
pub mod audit;
pub mod calls;
pub mod deletion;
pub mod documents;
pub mod events;
pub mod files;
pub mod identity;
mod long_read;
mod loose;
mod migrate;
pub mod models;
pub mod objects;
mod open;
pub mod overview;
pub mod projects;
mod public;
pub mod query;
pub mod queues;
mod scope;
mod selection;
pub mod serving;
pub mod sessions;
mod sql;
pub mod storage;
pub mod tasks;
pub mod tenants;
pub mod trail;
pub mod usage;
pub mod vaults;
pub mod workers;
mod writer;

use std::{ops::Deref, path::Path, time::Duration};

pub use long_read::LongRead;
pub use migrate::SCHEMA_VERSION;
pub use open::{OpenError, inspect};
pub use scope::{Readable, Scope, Sets, Writable};
pub(crate) use sql::failed;
pub use writer::Lane;

use crate::types::{Millis, Result};

type Readers = r2d2::Pool<r2d2_sqlite::SqliteConnectionManager>;

/// The database: one writer, many readers.
pub struct Store {
    readers: Readers,
    writer: writer::Writer,
    path: std::path::PathBuf,
    long_reads: long_read::LongReads,
    /// Where open scrolls stand.
    pub scrolls: query::Scrolls,
    /// Numbers of series that this process has met.
    pub series_names: events::SeriesNames,
    /// Points that may be moved into chunks.
    pub backlog: events::Backlog,
}

/// A consistent view of the data within a scope.
pub struct Snapshot<'a> {
    pub(crate) conn: &'a rusqlite::Connection,
    /// Whose data may be seen.
    pub scope: &'a Scope,
    /// The moment at which the snapshot was taken; one request sees one "now".
    pub now: Millis,
}

/// A write transaction within a scope: a savepoint of the writer's current turn.
pub struct Tx<'a>(Snapshot<'a>);

impl<'a> Snapshot<'a> {
    /// The same moment, seen within another scope: for what the platform may know of several tenants.
    pub fn within<'b>(&'b self, scope: &'b Scope) -> Snapshot<'b> {
        Snapshot { conn: self.conn, scope, now: self.now }
    }
}

impl Tx<'_> {
    /// The same transaction within another scope: for what the platform does in a tenant.
    pub fn within<'b>(&'b self, scope: &'b Scope) -> Tx<'b> {
        Tx(self.0.within(scope))
    }
}

impl<'a> Deref for Tx<'a> {
    type Target = Snapshot<'a>;

    fn deref(&self) -> &Snapshot<'a> {
        &self.0
    }
}

impl Store {
    /// Opens the database in `path`, creating and migrating it as needed.
    ///
    /// Errors: the file can't be opened, is no database of ours, or comes from a newer version.
    pub fn open(path: &Path) -> Result<Store, OpenError> {
        open::open(path)
    }

    /// Runs `work` on a consistent snapshot.
    pub fn read<T>(&self, scope: &Scope, work: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        let conn = self.readers.get().map_err(sql::pool_failed)?;
        let deadline = sql::Deadline::start(&conn, READ_DEADLINE);
        sql::run(&conn, "BEGIN DEFERRED").map_err(failed)?;
        let result = work(&Snapshot { conn: &conn, scope, now: Millis::now() });
        let ended = sql::run(&conn, "ROLLBACK").map_err(failed);
        drop(deadline);
        result.and_then(|value| ended.map(|()| value))
    }

    /// Runs `work` in a transaction that is committed and on disk when this returns `Ok`; an error undoes
    /// everything it did. Other callers' work may share the commit, never the outcome.
    pub fn write<T>(&self, scope: &Scope, lane: Lane, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.writer.run(lane, |conn| work(&Tx(Snapshot { conn, scope, now: Millis::now() })))
    }

    /// Moves what the write-ahead log holds into the database file, and ends long reads that nobody goes on with: they
    /// would keep the log from being emptied. Called by a background job and at stop.
    pub fn checkpoint(&self, stopping: bool) -> Result<()> {
        self.long_reads.end_overdue(stopping);
        self.writer.checkpoint(&self.path, stopping)
    }

    /// Counters of the writer since start: turns (commits) and transactions.
    pub fn writer_counters(&self) -> (u64, u64) {
        self.writer.counters()
    }
}

/// How long one read may compute before its statement is interrupted (S24).
const READ_DEADLINE: Duration = Duration::from_secs(60);
