//! Which values are masked in what a task reports, sealed; and rewriting the line that holds the beginning of one.

use rusqlite::{OptionalExtension as _, params};

use crate::{
    crypto::seal::Sealed,
    store::{Snapshot, Tx, failed},
    types::Result,
};

/// A task's values.
#[derive(Clone, Debug)]
pub struct TaskSecret {
    /// Task.
    pub task: String,
    /// Its tenant.
    pub company: String,
    /// The values, sealed.
    pub sealed: Sealed,
}

/// The task that a session is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundTask {
    /// Task.
    pub task: String,
    /// Whom it runs as, as long as it has not ended.
    pub run_as: Option<String>,
    /// Who dequeued it.
    pub executor: Option<String>,
}

impl Snapshot<'_> {
    /// Every tenant's tasks with values that are masked: for a server that starts.
    pub fn all_task_secrets(&self) -> Result<Vec<TaskSecret>> {
        let sql = "SELECT task, company, key_id, sealed FROM task_secret WHERE key_id IS NOT NULL AND sealed IS NOT NULL";
        self.all(sql, [], |row| {
            Ok(TaskSecret {
                task: row.get(0)?,
                company: row.get(1)?,
                sealed: Sealed { key_id: row.get(2)?, bytes: row.get(3)? },
            })
        })
    }

    /// Tasks of the tenant that an identity dequeued and that have not ended, newest change first.
    pub fn tasks_held_by(&self, executor: &str) -> Result<Vec<String>> {
        self.all(
            "SELECT id FROM task WHERE company = ?1 AND executor = ?2 AND status IN ('queued', 'in_progress')
             ORDER BY last_change DESC LIMIT 100",
            [self.scope.company.as_str(), executor],
            |row| row.get(0),
        )
    }

    /// The task that a session is bound to.
    pub fn task_bound_to(&self, session: &str) -> Result<Option<BoundTask>> {
        self.one(
            "SELECT t.id, t.run_as, t.executor FROM token_session s JOIN task t ON t.id = s.task
             WHERE s.session_id = ?1 AND t.company = ?2",
            [session, self.scope.company.as_str()],
            |row| Ok(BoundTask { task: row.get(0)?, run_as: row.get(1)?, executor: row.get(2)? }),
        )
    }

    /// How many values were masked in what a task reported.
    pub fn redacted_values(&self, task: &str) -> Result<i64> {
        let sql = "SELECT redacted FROM task_secret WHERE task = ?1 AND company = ?2";
        Ok(self.one(sql, [task, self.scope.company.as_str()], |row| row.get(0))?.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Stores the values of a task in place of the former ones; digests add up.
    pub fn put_task_secret(&self, task: &str, sealed: &Sealed, digests: &[String]) -> Result<()> {
        self.run(
            "INSERT INTO task_secret (task, company, key_id, sealed, digests, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (task) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
                 digests = (SELECT json_group_array(value) FROM
                     (SELECT value FROM json_each(task_secret.digests) UNION SELECT value FROM json_each(excluded.digests)))",
            params![
                task,
                self.scope.company.as_str(),
                sealed.key_id,
                sealed.bytes,
                serde_json::json!(digests).to_string(),
                self.now.0,
            ],
        )
        .map(drop)
    }

    /// Counts masked values.
    pub fn count_redacted(&self, task: &str, more: u64) -> Result<()> {
        let sql = "UPDATE task_secret SET redacted = redacted + ?2 WHERE task = ?1";
        self.run(sql, params![task, i64::try_from(more).unwrap_or(i64::MAX)]).map(drop)
    }

    /// Forgets the values of tasks that ended more than a day ago; returns those tasks.
    pub fn forget_task_secrets(&self) -> Result<Vec<String>> {
        self.all(
            "UPDATE task_secret SET key_id = NULL, sealed = NULL
             WHERE sealed IS NOT NULL AND task IN (
                 SELECT s.task FROM task_secret s JOIN task t ON t.id = s.task
                 WHERE s.sealed IS NOT NULL AND t.status NOT IN ('queued', 'in_progress')
                   AND max(coalesce(t.status_changed, 0), s.created) < ?1)
             RETURNING task",
            [self.now.0 - 24 * 3_600_000],
            |row| row.get(0),
        )
    }

    /// Replaces the end of the newest line that a worker wrote to a task's log, if that line ends with `ending`. A line
    /// that was packed meanwhile stays as it is.
    pub fn mask_end_of_newest_line(
        &self,
        task: &str,
        worker: &str,
        ending: &str,
        mask: &str,
    ) -> Result<bool> {
        let sql = "SELECT l.owner, l.line, l.msg FROM event_owner o JOIN log l ON l.owner = o.seq
                   JOIN event_batch b ON b.id = l.batch
                   WHERE o.entity = ?1 AND b.worker = ?2 ORDER BY l.line DESC LIMIT 1";
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        let found = statement
            .query_row([task, worker], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<String>>(2)?))
            })
            .optional()
            .map_err(failed)?;
        let Some((owner, line, Some(text))) = found else { return Ok(false) };
        let Some(start) = text.strip_suffix(ending) else { return Ok(false) };
        let sql = "UPDATE log SET msg = ?3 WHERE owner = ?1 AND line = ?2";
        Ok(self.run(sql, params![owner, line, format!("{start}{mask}")])? == 1)
    }
}
