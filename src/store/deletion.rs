//! The queue of files to delete, as the job that works it off sees it (spec/files.md 5.4).

use rusqlite::{Row, params};

use super::{Snapshot, Tx};
use crate::types::{CompanyId, Millis, Result, UserId};

/// Which rows may be tried now.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Rows that failed so often are not tried again.
    pub max_retries: u32,
    /// Rows that failed after this moment wait.
    pub failed_before: Millis,
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

/// How many rows are in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionCount {
    /// `fileserver`, `s3`, `azure` or `gs`.
    pub storage_type: String,
    /// `created` or `failed`.
    pub status: String,
    /// Rows.
    pub rows: u64,
    /// The reason of the row that failed last.
    pub last_reason: Option<String>,
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
                   AND (last_failure_time IS NULL OR last_failure_time < ?3) ORDER BY retry_count LIMIT 1";
        self.one(sql, params![storage_type, due.max_retries, due.failed_before.0], |row| {
            Ok(CompanyId::from(row.get::<_, String>(0)?))
        })
    }

    /// Files of one kind of storage that the scope's tenant waits for, by address.
    pub fn deletions(&self, storage_type: &str, due: Due, most: usize) -> Result<Vec<Waiting>> {
        let sql = "SELECT id, url, type, user, task, created FROM url_to_delete
                   WHERE company = ?1 AND storage_type = ?2 AND status <> 'failed' AND retry_count < ?3
                   AND (last_failure_time IS NULL OR last_failure_time < ?4) ORDER BY url LIMIT ?5";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let company = self.scope.company.as_str();
        self.all(sql, params![company, storage_type, due.max_retries, due.failed_before.0, most], waiting)
    }

    /// How much waits and how much failed, of all tenants together: for whoever runs the server.
    pub fn deletion_counts(&self) -> Result<Vec<DeletionCount>> {
        // SQLite takes the bare column from the row that has the maximum.
        let sql = "SELECT storage_type, status, count(*), last_failure_reason, max(last_failure_time) FROM url_to_delete
                   GROUP BY storage_type, status ORDER BY storage_type, status";
        self.all(sql, [], |row| {
            Ok(DeletionCount {
                storage_type: row.get(0)?,
                status: row.get(1)?,
                rows: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                last_reason: row.get(3)?,
            })
        })
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
