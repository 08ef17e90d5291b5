//! Registrations (spec/queues_workers.md 1.3).

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx, projects::json_list},
    types::{Millis, Result},
};

/// A registered worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Who registered it.
    pub user: String,
    /// As it calls itself.
    pub id: String,
    /// Where it calls from.
    pub ip: Option<String>,
    /// What it works on.
    pub task: Option<String>,
    /// Where that task came from.
    pub queue: Option<String>,
    /// What it listens to.
    pub queues: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// System tags.
    pub system_tags: Vec<String>,
    /// When it registered.
    pub register_time: Millis,
    /// Seconds of silence after which it is gone.
    pub register_timeout: i64,
    /// When it was last heard of.
    pub last_activity_time: Millis,
    /// When it last reported well.
    pub last_report_time: Option<Millis>,
    /// Runs everybody's tasks with an administrator's rights (spec/security_rules.md S8).
    pub privileged: bool,
}

const COLUMNS: &str = "user, id, ip, task, queue, queues, tags, system_tags, register_time, register_timeout, \
                       last_activity_time, last_report_time, privileged";

fn read(row: &Row<'_>) -> rusqlite::Result<Worker> {
    let list = |index: usize| -> rusqlite::Result<Vec<String>> {
        Ok(serde_json::from_str(&row.get::<_, String>(index)?).unwrap_or_default())
    };
    Ok(Worker {
        user: row.get(0)?,
        id: row.get(1)?,
        ip: row.get(2)?,
        task: row.get(3)?,
        queue: row.get(4)?,
        queues: list(5)?,
        tags: list(6)?,
        system_tags: list(7)?,
        register_time: Millis(row.get(8)?),
        register_timeout: row.get(9)?,
        last_activity_time: Millis(row.get(10)?),
        last_report_time: row.get::<_, Option<i64>>(11)?.map(Millis),
        privileged: row.get(12)?,
    })
}

/// The head of a queue, and how much waits in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueHead {
    /// The queue.
    pub queue: String,
    /// The task at its head.
    pub task: String,
    /// How much waits.
    pub length: i64,
}

impl Snapshot<'_> {
    /// The tenant's workers that have not expired, by id. Uses `worker_alive`.
    pub fn workers(&self) -> Result<Vec<Worker>> {
        let sql =
            format!("SELECT {COLUMNS} FROM worker WHERE company = ?1 AND expires > ?2 ORDER BY id, user");
        self.all(&sql, params![self.scope.company.as_str(), self.now.0], read)
    }

    /// A user's worker that has not expired.
    pub fn worker(&self, user: &str, id: &str) -> Result<Option<Worker>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM worker WHERE company = ?1 AND user = ?2 AND id = ?3 AND expires > ?4"
        );
        self.one(&sql, params![self.scope.company.as_str(), user, id, self.now.0], read)
    }

    /// Heads of these queues; empty ones are left out.
    pub fn queue_heads<T: AsRef<str>>(&self, queues: &[T]) -> Result<Vec<QueueHead>> {
        // With min() SQLite takes the other columns from the row that holds the smallest value.
        let sql = "SELECT queue, task, count(*), min(position) FROM queue_entry
                   WHERE queue IN (SELECT value FROM json_each(?1)) AND company = ?2 GROUP BY queue";
        self.all(sql, params![json_list(queues), self.scope.company.as_str()], |row| {
            Ok(QueueHead { queue: row.get(0)?, task: row.get(1)?, length: row.get(2)? })
        })
    }

    /// Ids of the workers that a user registered, those that are gone but not swept included.
    pub fn workers_of(&self, user: &str) -> Result<Vec<String>> {
        let sql = "SELECT id FROM worker WHERE company = ?1 AND user = ?2 ORDER BY id";
        self.all(sql, [self.scope.company.as_str(), user], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Stores a registration, replacing the user's earlier one of the same id. It expires after its timeout.
    pub fn store_worker(&self, worker: &Worker) -> Result<()> {
        self.run(
            "INSERT INTO worker (company, user, id, ip, task, queue, queues, tags, system_tags, register_time,
                                 register_timeout, last_activity_time, last_report_time, privileged, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (company, user, id) DO UPDATE SET ip = excluded.ip, task = excluded.task, queue = excluded.queue,
                 queues = excluded.queues, tags = excluded.tags, system_tags = excluded.system_tags,
                 register_time = excluded.register_time, register_timeout = excluded.register_timeout,
                 last_activity_time = excluded.last_activity_time, last_report_time = excluded.last_report_time,
                 privileged = excluded.privileged, expires = excluded.expires",
            params![
                self.scope.company.as_str(),
                worker.user,
                worker.id,
                worker.ip,
                worker.task,
                worker.queue,
                json_list(&worker.queues),
                json_list(&worker.tags),
                json_list(&worker.system_tags),
                worker.register_time.0,
                worker.register_timeout,
                worker.last_activity_time.0,
                worker.last_report_time.map(|time| time.0),
                worker.privileged,
                self.now.plus_seconds(worker.register_timeout).0,
            ],
        )?;
        let expired = "DELETE FROM worker WHERE (company, user, id) IN
                           (SELECT company, user, id FROM worker WHERE expires < ?1 LIMIT 20)";
        self.run(expired, [self.now.0]).map(drop)
    }

    /// Ends a user's registration. Returns whether it was there and had not expired.
    pub fn delete_worker(&self, user: &str, id: &str) -> Result<bool> {
        let alive = self.worker(user, id)?.is_some();
        let sql = "DELETE FROM worker WHERE company = ?1 AND user = ?2 AND id = ?3";
        self.run(sql, [self.scope.company.as_str(), user, id])?;
        Ok(alive)
    }

    /// Notes that a user's workers run everybody's tasks with an administrator's rights.
    pub fn mark_privileged_workers(&self, user: &str) -> Result<()> {
        let sql = "UPDATE worker SET privileged = 1 WHERE company = ?1 AND user = ?2 AND privileged = 0";
        self.run(sql, [self.scope.company.as_str(), user]).map(drop)
    }

    /// Notes on a task of the tenant that a worker is on it.
    pub fn note_worker_on_task(&self, task: &str, worker: &str, user: &str) -> Result<()> {
        let sql =
            "UPDATE task SET last_worker = ?2, last_worker_report = ?3, last_update = ?3, last_change = ?3,
                       last_changed_by = ?4 WHERE id = ?1 AND company = ?5";
        self.run(sql, params![task, worker, self.now.0, user, self.scope.company.as_str()]).map(drop)
    }
}
