//! The queue of files to delete, as the job that works it off sees it (spec/files.md 5.4).

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, params};

use super::{OpenError, Snapshot, Tx};
use crate::types::{CompanyId, Millis, Result, UserId};

/// Which rows may be tried now.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Rows that failed so often are not tried again.
    pub max_retries: u32,
    /// Rows that failed after this moment wait.
    pub failed_before: Millis,
    /// Rows that were scheduled after this moment wait.
    pub created_before: Millis,
}

/// A file, or a folder of files, that waits to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Id of the row.
    pub id: String,
    /// Its address.
    pub url: String,
    /// Everything below the address.
    pub folder: bool,
    /// Who asked for it.
    pub user: UserId,
    /// The task, model or project that caused it.
    pub cause: String,
    /// When it was asked for last; tells a row that was scheduled again while it was worked on.
    pub created: Millis,
}

/// Files of one kind of storage that were given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// `fileserver`, `s3`, `azure` or `gs`.
    pub storage_type: String,
    /// How many, of all tenants together.
    pub rows: u64,
    /// Why the last of them failed.
    pub last_reason: Option<String>,
}

/// What was given up, for `doctor`: read beside a running server; changes nothing.
///
/// Errors: the database can't be read.
pub fn given_up(database: &Path) -> std::result::Result<Vec<GivenUp>, OpenError> {
    let read = || -> rusqlite::Result<Vec<GivenUp>> {
        let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // SQLite takes the bare column from the row that has the maximum.
        let mut all = conn.prepare(
            "SELECT storage_type, count(*), last_failure_reason, max(last_failure_time) FROM url_to_delete
             WHERE status = 'failed' GROUP BY storage_type ORDER BY storage_type",
        )?;
        let rows = all.query_map([], |row| {
            let rows = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            Ok(GivenUp { storage_type: row.get(0)?, rows, last_reason: row.get(2)? })
        })?;
        rows.collect()
    };
    read().map_err(|error| OpenError::Unreadable {
        path: database.display().to_string(),
        reason: error.to_string(),
    })
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        id: row.get(0)?,
        url: row.get(1)?,
        folder: row.get::<_, String>(2)? == "folder",
        user: row.get::<_, String>(3)?.into(),
        cause: row.get(4)?,
        created: Millis(row.get(5)?),
    })
}

impl Snapshot<'_> {
    /// Whose files of a kind of storage to delete next: those that were tried least. A chore of the whole server: it
    /// learns the tenant here, and everything else happens within it. Uses `url_to_delete_open`.
    pub fn next_deletion(&self, storage_type: &str, due: Due) -> Result<Option<CompanyId>> {
        let sql = "SELECT company FROM url_to_delete WHERE storage_type = ?1 AND status <> 'failed' AND retry_count < ?2
                   AND (last_failure_time IS NULL OR last_failure_time < ?3) AND created <= ?4
                   ORDER BY retry_count LIMIT 1";
        let limits = params![storage_type, due.max_retries, due.failed_before.0, due.created_before.0];
        self.one(sql, limits, |row| Ok(CompanyId::from(row.get::<_, String>(0)?)))
    }

    /// Files of one kind of storage that the scope's tenant waits for, by address.
    pub fn deletions(&self, storage_type: &str, due: Due, most: usize) -> Result<Vec<Waiting>> {
        let sql = "SELECT id, url, type, user, task, created FROM url_to_delete
                   WHERE company = ?1 AND storage_type = ?2 AND status <> 'failed' AND retry_count < ?3
                   AND (last_failure_time IS NULL OR last_failure_time < ?4) AND created <= ?5
                   ORDER BY url LIMIT ?6";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let company = self.scope.company.as_str();
        let (failed, created) = (due.failed_before.0, due.created_before.0);
        self.all(sql, params![company, storage_type, due.max_retries, failed, created, most], waiting)
    }
}

impl Tx<'_> {
    /// A file is gone, and so is its row, unless it was scheduled again meanwhile.
    pub fn deletion_done(&self, row: &Waiting) -> Result<()> {
        let sql = "DELETE FROM url_to_delete WHERE company = ?1 AND id = ?2 AND created = ?3";
        self.run(sql, params![self.scope.company.as_str(), row.id, row.created.0]).map(drop)
    }

    /// A try failed. The row is given up after `max_retries` of them.
    pub fn deletion_failed(&self, row: &Waiting, reason: &str, max_retries: u32) -> Result<()> {
        let sql = "UPDATE url_to_delete SET retry_count = retry_count + 1, last_failure_time = ?4, last_failure_reason = ?5,
                   status = CASE WHEN retry_count + 1 >= ?6 THEN 'failed' ELSE status END
                   WHERE company = ?1 AND id = ?2 AND created = ?3";
        let company = self.scope.company.as_str();
        self.run(sql, params![company, row.id, row.created.0, self.now.0, reason, max_retries]).map(drop)
    }

    /// No try can succeed: the row is given up at once.
    pub fn deletion_hopeless(&self, row: &Waiting, reason: &str) -> Result<()> {
        let sql =
            "UPDATE url_to_delete SET status = 'failed', last_failure_time = ?4, last_failure_reason = ?5
                   WHERE company = ?1 AND id = ?2 AND created = ?3";
        let company = self.scope.company.as_str();
        self.run(sql, params![company, row.id, row.created.0, self.now.0, reason]).map(drop)
    }
}
