//! Tasks that an identity holds for somebody: what it may act for them on (spec/security_rules.md S4 to S6).

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Millis, Result, UserId},
};

/// A task that an identity dequeued and that runs as somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTask {
    /// The task.
    pub id: String,
    /// When it ended; `None` while it waits or runs.
    pub ended: Option<Millis>,
}

const HELD: &str =
    "SELECT t.id, iif(t.status IN ('queued', 'in_progress'), NULL, t.status_changed) FROM task t
                    WHERE t.executor = ?1 AND t.run_as = ?2 AND t.company = ?3
                      AND (t.status IN ('queued', 'in_progress') OR t.status_changed > ?4)";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<HeldTask> {
    Ok(HeldTask { id: row.get(0)?, ended: row.get::<_, Option<i64>>(1)?.map(Millis) })
}

impl Snapshot<'_> {
    /// The newest task that `executor` dequeued and that runs as `run_as`, not ended before `since`; one that has no
    /// open session yet goes first. Uses `task_by_executor`.
    pub fn newest_held_task(
        &self,
        executor: &UserId,
        run_as: &UserId,
        company: &CompanyId,
        since: Millis,
    ) -> Result<Option<HeldTask>> {
        let sql = format!(
            "{HELD} ORDER BY EXISTS (SELECT 1 FROM token_session s WHERE s.task = t.id AND s.revoked_at IS NULL), \
             t.dequeued DESC LIMIT 1"
        );
        self.one(&sql, params![executor.as_str(), run_as.as_str(), company.as_str(), since.0], read)
    }

    /// The task, if `executor` still holds it for `run_as` and it did not end before `since`.
    pub fn held_task(
        &self,
        task: &str,
        executor: &UserId,
        run_as: &UserId,
        company: &CompanyId,
        since: Millis,
    ) -> Result<Option<HeldTask>> {
        let params = params![executor.as_str(), run_as.as_str(), company.as_str(), since.0, task];
        self.one(&format!("{HELD} AND t.id = ?5"), params, read)
    }

    /// Whether `executor` dequeued a task that runs as `run_as` at or after `since`.
    pub fn has_dequeued_for(
        &self,
        executor: &UserId,
        run_as: &UserId,
        company: &CompanyId,
        since: Millis,
    ) -> Result<bool> {
        let sql = "SELECT 1 FROM task WHERE executor = ?1 AND run_as = ?2 AND company = ?3 AND dequeued >= ?4 LIMIT 1";
        let params = params![executor.as_str(), run_as.as_str(), company.as_str(), since.0];
        Ok(self.one(sql, params, |_| Ok(()))?.is_some())
    }
}

impl Tx<'_> {
    /// Takes what somebody submitted out of a tenant's queues: each task becomes a draft again, with the reason, and
    /// runs as nobody. Returns the tasks (S13). Uses `queue_entry_by_submitter`.
    pub fn return_submissions(
        &self,
        submitter: &UserId,
        company: &CompanyId,
        reason: &str,
        by: &UserId,
    ) -> Result<Vec<String>> {
        let both = [submitter.as_str(), company.as_str()];
        let tasks = self.all(
            "SELECT DISTINCT task FROM queue_entry WHERE submitter = ?1 AND company = ?2 ORDER BY task",
            both,
            |row| row.get::<_, String>(0),
        )?;
        for task in &tasks {
            self.run(
                "UPDATE task SET status = 'created', status_reason = ?3, status_message = '', status_changed = ?4,
                     last_update = ?4, last_change = ?4, last_changed_by = ?5, enqueue_status = NULL,
                     execution_queue = NULL, run_as = NULL, executor = NULL, enqueued_hash = NULL
                 WHERE id = ?1 AND company = ?2 AND status = 'queued'",
                params![task, company.as_str(), reason, self.now.0, by.as_str()],
            )?;
        }
        let queues = "UPDATE queue SET last_update = ?3 WHERE company = ?2 AND id IN (
                          SELECT queue FROM queue_entry WHERE submitter = ?1 AND company = ?2)";
        self.run(queues, params![submitter.as_str(), company.as_str(), self.now.0])?;
        self.run("DELETE FROM queue_entry WHERE submitter = ?1 AND company = ?2", both)?;
        Ok(tasks)
    }
}
