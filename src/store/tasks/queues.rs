//! Queue entries as task operations need them.

use rusqlite::params;

use super::TaskHead;
use crate::{
    store::{Snapshot, Tx},
    types::{QueueId, Result, TaskId, UserId},
};

impl Snapshot<'_> {
    /// A queue of the tenant by name.
    pub fn queue_named(&self, name: &str) -> Result<Option<QueueId>> {
        let sql = "SELECT id FROM queue WHERE company = ?1 AND name = ?2";
        self.one(sql, [self.scope.company.as_str(), name], |row| row.get::<_, String>(0).map(Into::into))
    }

    /// Queues of the tenant that are marked as default; at most two of them.
    pub fn default_queues(&self) -> Result<Vec<QueueId>> {
        self.all(
            "SELECT q.id FROM queue_tag t JOIN queue q ON q.seq = t.queue
             WHERE t.company = ?1 AND t.system = 1 AND t.tag = 'default' LIMIT 2",
            [self.scope.company.as_str()],
            |row| row.get::<_, String>(0).map(Into::into),
        )
    }

    /// Who submitted the entries of a task that wait in queues.
    pub fn submitters(&self, task: &TaskId) -> Result<Vec<UserId>> {
        let sql = "SELECT DISTINCT submitter FROM queue_entry WHERE task = ?1";
        self.all(sql, [task.as_str()], |row| row.get::<_, String>(0).map(Into::into))
    }

    /// Whether a registered worker listens to a queue.
    pub fn queue_is_watched(&self, queue: &QueueId) -> Result<bool> {
        let sql = "SELECT 1 FROM worker w, json_each(w.queues) q
                   WHERE w.company = ?1 AND w.expires > ?2 AND q.value = ?3 LIMIT 1";
        let params = params![self.scope.company.as_str(), self.now.0, queue.as_str()];
        Ok(self.one(sql, params, |_| Ok(()))?.is_some())
    }

    /// Whether a task waits in a queue.
    pub fn waits_in(&self, task: &TaskId, queue: &QueueId) -> Result<bool> {
        let sql = "SELECT 1 FROM queue_entry WHERE queue = ?1 AND task = ?2";
        Ok(self.one(sql, [queue.as_str(), task.as_str()], |_| Ok(()))?.is_some())
    }
}

impl Tx<'_> {
    /// Adds an empty queue to the tenant.
    pub fn insert_plain_queue(&self, name: &str) -> Result<QueueId> {
        let id = QueueId::fresh();
        self.run(
            "INSERT INTO queue (id, company, name, created, last_update) VALUES (?1, ?2, ?3, ?4, ?4)",
            params![id.as_str(), self.scope.company.as_str(), name, self.now.0],
        )?;
        Ok(id)
    }

    /// Puts a task at the end of a queue of the tenant.
    pub fn append_to_queue(
        &self,
        queue: &QueueId,
        head: &TaskHead,
        submitter: &UserId,
        hash: &str,
    ) -> Result<()> {
        self.run(
            "INSERT INTO queue_entry (queue, task, position, added, submitter, content_hash, company, project)
             SELECT ?1, ?2, coalesce(max(position), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM queue_entry WHERE queue = ?1",
            params![
                queue.as_str(),
                head.id.as_str(),
                self.now.0,
                submitter.as_str(),
                hash,
                self.scope.company.as_str(),
                head.project.as_ref().map(|project| project.as_str()),
            ],
        )?;
        self.touch_queue(queue.as_str())
    }

    /// Takes a task out of the tenant's queues, of all but `except`. Returns how many entries there were.
    pub fn drop_queue_entries(&self, task: &TaskId, except: Option<&QueueId>) -> Result<usize> {
        let queues = self.all(
            "DELETE FROM queue_entry WHERE task = ?1 AND company = ?2 AND queue IS NOT ?3 RETURNING queue",
            params![task.as_str(), self.scope.company.as_str(), except.map(|queue| queue.as_str())],
            |row| row.get::<_, String>(0),
        )?;
        for queue in &queues {
            self.touch_queue(queue)?;
        }
        Ok(queues.len())
    }

    /// Takes a task out of one queue. Returns whether it was there.
    pub fn drop_queue_entry(&self, task: &TaskId, queue: &QueueId) -> Result<bool> {
        let gone = self.run(
            "DELETE FROM queue_entry WHERE queue = ?1 AND task = ?2 AND company = ?3",
            [queue.as_str(), task.as_str(), self.scope.company.as_str()],
        )?;
        if gone > 0 {
            self.touch_queue(queue.as_str())?;
        }
        Ok(gone > 0)
    }

    fn touch_queue(&self, queue: &str) -> Result<()> {
        self.run("UPDATE queue SET last_update = ?2 WHERE id = ?1", params![queue, self.now.0]).map(drop)
    }
}
