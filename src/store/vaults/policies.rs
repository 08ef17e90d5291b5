//! What container policy made of a task when it was dequeued.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{Json, Result},
};

/// The policy of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskPolicy {
    /// Who dequeued the task.
    pub executor: String,
    /// Whose policy it is.
    pub identity: String,
    /// Container before.
    pub requested: Json,
    /// Container after, when it was pinned.
    pub applied: Option<Json>,
    /// Vaults that the policy comes from: id, version, hash of the content.
    pub vaults: Vec<(String, i64, String)>,
}

impl Snapshot<'_> {
    /// The policy of a task's latest run.
    pub fn task_policy(&self, task: &str) -> Result<Option<TaskPolicy>> {
        let sql = "SELECT executor, identity, requested, applied, vaults FROM task_policy WHERE task = ?1 AND company = ?2";
        self.one(sql, [task, self.scope.company.as_str()], |row| {
            let json = |at: usize| {
                row.get::<_, String>(at).map(|text| serde_json::from_str(&text).unwrap_or_default())
            };
            Ok(TaskPolicy {
                executor: row.get(0)?,
                identity: row.get(1)?,
                requested: json(2)?,
                applied: row.get::<_, Option<String>>(3)?.and_then(|text| serde_json::from_str(&text).ok()),
                vaults: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
            })
        })
    }

    /// A task's container, whatever the access rules: an agent runs what it may not read by itself.
    pub fn task_container(&self, task: &str) -> Result<Json> {
        let sql = "SELECT container FROM task WHERE id = ?1 AND company = ?2";
        let text = self.one(sql, [task, self.scope.company.as_str()], |row| row.get::<_, String>(0))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Remembers the policy of a task's run in place of the former one.
    pub fn put_task_policy(&self, task: &str, policy: &TaskPolicy) -> Result<()> {
        let text = |json: &Json| serde_json::to_string(json).unwrap_or_default();
        self.run(
            "INSERT INTO task_policy (task, company, executor, identity, requested, applied, vaults, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (task) DO UPDATE SET executor = excluded.executor, identity = excluded.identity,
                 requested = excluded.requested, applied = excluded.applied, vaults = excluded.vaults,
                 created = excluded.created",
            params![
                task,
                self.scope.company.as_str(),
                policy.executor,
                policy.identity,
                text(&policy.requested),
                policy.applied.as_ref().map(text),
                serde_json::json!(policy.vaults).to_string(),
                self.now.0,
            ],
        )
        .map(drop)
    }

    /// Forgets the policy of a former run.
    pub fn drop_task_policy(&self, task: &str) -> Result<()> {
        let sql = "DELETE FROM task_policy WHERE task = ?1 AND company = ?2";
        self.run(sql, [task, self.scope.company.as_str()]).map(drop)
    }

    /// Sets a task's container, whatever the access rules.
    pub fn set_task_container(&self, task: &str, container: &Json) -> Result<()> {
        let text = serde_json::to_string(container).unwrap_or_default();
        let sql = "UPDATE task SET container = ?3, last_change = ?4 WHERE id = ?1 AND company = ?2";
        self.run(sql, params![task, self.scope.company.as_str(), text, self.now.0]).map(drop)
    }

    /// Marks a task that was refused when it was dequeued as failed, whatever the access rules.
    pub fn fail_task(&self, task: &str, reason: &str, by: &str) -> Result<()> {
        self.run(
            "UPDATE task SET status = 'failed', status_reason = ?3, status_message = ?3, status_changed = ?4,
                 last_update = ?4, last_change = ?4, last_changed_by = ?5, completed = ?4, enqueue_status = NULL,
                 run_as = NULL, executor = NULL, enqueued_hash = NULL
             WHERE id = ?1 AND company = ?2",
            params![task, self.scope.company.as_str(), reason, self.now.0, by],
        )
        .map(drop)
    }
}
