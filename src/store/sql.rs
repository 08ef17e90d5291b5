//! What every store module needs: turning SQLite's failures into errors, and the read deadline.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::types::{ApiError, ErrorKind};

/// Turns a failure of SQLite into an error without SQL or paths in it; the operator finds those in the log.
///
/// `500/4` when the disk is full, `503/0` while another process holds the database, `400/801` for a violated unique constraint, `500/100` when a statement was
/// interrupted at its deadline, else `500/1`.
pub(crate) fn failed(error: rusqlite::Error) -> ApiError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            ApiError::new(ErrorKind::LowDiskSpace, "nothing was stored; free some space and send it again")
        }
        // Another process holds the database: a backup tool, a person with a shell.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ApiError::new(ErrorKind::Overloaded, "another program holds the database; nothing was stored")
        }
        Some(ErrorCode::ConstraintViolation) if is_unique(&error) => ErrorKind::ExpectedUniqueData.into(),
        Some(ErrorCode::OperationInterrupted) => {
            ApiError::new(ErrorKind::DataError, "the query took too long; narrow it with a filter")
        }
        _ => {
            tracing::error!(error = %error, "the database refused a statement");
            ApiError::new(ErrorKind::InternalError, "the server's log has the details")
        }
    }
}

fn is_unique(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error(), Some(inner) if inner.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
        || inner.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// Runs a statement that returns nothing; it is prepared once per connection.
pub(crate) fn run(conn: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}

/// A list of texts for `json_each`.
pub(crate) fn json_list<T: AsRef<str>>(values: &[T]) -> String {
    serde_json::Value::from(values.iter().map(AsRef::as_ref).collect::<Vec<&str>>()).to_string()
}

/// No reader became free in time.
pub(crate) fn pool_failed(error: r2d2::Error) -> ApiError {
    tracing::warn!(error = %error, "no database reader became free");
    ApiError::new(ErrorKind::DatabaseUnavailable, "all readers are busy; try again")
}

/// Interrupts the statements of a connection once the time is up.
pub(crate) struct Deadline<'a>(&'a Connection);

impl<'a> Deadline<'a> {
    /// SQLite asks every 100,000 virtual-machine steps, some tens of microseconds apart.
    pub(crate) fn start(conn: &'a Connection, limit: Duration) -> Self {
        let end = Instant::now() + limit;
        if let Err(error) = conn.progress_handler(100_000, Some(move || Instant::now() > end)) {
            tracing::warn!(error = %error, "no read deadline");
        }
        Deadline(conn)
    }
}

impl Drop for Deadline<'_> {
    fn drop(&mut self) {
        let _ = self.0.progress_handler(0, None::<fn() -> bool>);
    }
}
