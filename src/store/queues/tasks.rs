//! What queues do to tasks: giving back the status they had, and handing them to whoever runs them.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::Result,
};

/// A task that waits, as far as pulling needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingTask {
    /// Its tenant.
    pub company: String,
    /// Its status.
    pub status: String,
    /// Where it lies.
    pub project: Option<String>,
    /// Who took it to run it.
    pub executor: Option<String>,
}

impl Snapshot<'_> {
    /// A task of the tenant, whatever the access rules: an agent runs what it may not read by itself.
    pub fn waiting_task(&self, task: &str) -> Result<Option<WaitingTask>> {
        let sql = "SELECT company, status, project, executor FROM task WHERE id = ?1 AND company = ?2";
        self.one(sql, [task, self.scope.company.as_str()], |row| {
            Ok(WaitingTask {
                company: row.get(0)?,
                status: row.get(1)?,
                project: row.get(2)?,
                executor: row.get(3)?,
            })
        })
    }

    /// Which groups' submissions a service account accepts; `None`: everybody's (spec/security_rules.md S8).
    pub fn accepts_tasks_from(&self, user: &str) -> Result<Option<Vec<String>>> {
        let list = self.one("SELECT accept_tasks_from FROM user_auth WHERE id = ?1", [user], |row| {
            row.get::<_, Option<String>>(0)
        })?;
        Ok(list.flatten().map(|list| serde_json::from_str(&list).unwrap_or_default()))
    }
}

impl Tx<'_> {
    /// Gives a task that was submitted to a queue the status it had before. Returns whether it was that queue's.
    pub fn withdraw_task(&self, task: &str, queue: &str, reason: &str, user: &str) -> Result<bool> {
        let changed = self.run(
            "UPDATE task SET status = coalesce(enqueue_status, 'created'), status_reason = ?3, status_message = '',
                 status_changed = ?4, last_update = ?4, last_change = ?4, last_changed_by = ?5, enqueue_status = NULL,
                 execution_queue = NULL,
                 run_as = iif(enqueue_status IN ('queued', 'in_progress'), run_as, NULL),
                 executor = iif(enqueue_status IN ('queued', 'in_progress'), executor, NULL),
                 enqueued_hash = iif(enqueue_status IN ('queued', 'in_progress'), enqueued_hash, NULL)
             WHERE id = ?1 AND execution_queue = ?2 AND company = ?6",
            params![task, queue, reason, self.now.0, user, self.scope.company.as_str()],
        )?;
        Ok(changed == 1)
    }

    /// Hands a task over: whom it runs as, and who runs it. One that was reported as stopped meanwhile waits again.
    pub fn hand_over_task(&self, task: &str, run_as: &str, executor: &str) -> Result<()> {
        let sql =
            "UPDATE task SET run_as = ?2, executor = ?3, status = iif(status = 'stopped', 'queued', status)
                   WHERE id = ?1 AND company = ?4";
        self.run(sql, params![task, run_as, executor, self.scope.company.as_str()]).map(drop)
    }

    /// Notes who submitted a task, unless it is submitted already.
    pub fn note_submission(&self, task: &str, submitter: &str, content_hash: Option<&str>) -> Result<()> {
        let sql = "UPDATE task SET run_as = ?2, enqueued_hash = ?3 WHERE id = ?1 AND company = ?4 AND run_as IS NULL";
        self.run(sql, params![task, submitter, content_hash, self.scope.company.as_str()]).map(drop)
    }

    /// Sets `execution.queue`, and nothing else.
    pub fn set_execution_queue(&self, task: &str, queue: &str) -> Result<()> {
        let sql = "UPDATE task SET execution_queue = ?2 WHERE id = ?1 AND company = ?3";
        self.run(sql, [task, queue, self.scope.company.as_str()]).map(drop)
    }
}
