//! Samples of queues: how much waits, and how long on average (spec/queues_workers.md 1.2).

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx, projects::json_list},
    types::{Millis, Result},
};

/// How a queue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QueueState {
    /// How much waits.
    pub length: i64,
    /// Mean over what waits of the time since it was added, seconds; 0 when nothing does.
    pub average_waiting: f64,
}

/// A stored sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The queue.
    pub queue: String,
    /// When.
    pub timestamp: Millis,
    /// How the queue stood.
    pub state: QueueState,
}

/// Samples older than this are removed, a few with each new one.
const KEPT_SECONDS: i64 = 90 * 86_400;

impl Snapshot<'_> {
    /// How a queue stands now.
    pub fn queue_state(&self, queue: &str) -> Result<QueueState> {
        let sql = "SELECT count(*), coalesce(avg(max(?3 - added, 0)) / 1000.0, 0) FROM queue_entry
                   WHERE queue = ?1 AND company = ?2";
        let params = params![queue, self.scope.company.as_str(), self.now.0];
        let state = self
            .one(sql, params, |row| Ok(QueueState { length: row.get(0)?, average_waiting: row.get(1)? }))?;
        Ok(state.unwrap_or_default())
    }

    /// The latest sample of a queue.
    pub fn last_sample(&self, queue: &str) -> Result<Option<Sample>> {
        let sql = "SELECT timestamp, queue_length, average_waiting_time FROM queue_metric
                   WHERE company = ?2 AND queue = ?1 ORDER BY timestamp DESC LIMIT 1";
        self.one(sql, [queue, self.scope.company.as_str()], |row| {
            Ok(Sample {
                queue: queue.to_owned(),
                timestamp: Millis(row.get(0)?),
                state: QueueState { length: row.get(1)?, average_waiting: row.get(2)? },
            })
        })
    }

    /// Samples of these queues within a time, both ends included, oldest first.
    pub fn samples<T: AsRef<str>>(&self, queues: &[T], from: Millis, to: Millis) -> Result<Vec<Sample>> {
        let sql = "SELECT m.queue, m.timestamp, m.queue_length, m.average_waiting_time
                   FROM json_each(?1) wanted CROSS JOIN queue_metric m ON m.company = ?2 AND m.queue = wanted.value
                   WHERE m.timestamp BETWEEN ?3 AND ?4 ORDER BY m.timestamp, m.queue";
        let params = params![json_list(queues), self.scope.company.as_str(), from.0, to.0];
        self.all(sql, params, |row| {
            Ok(Sample {
                queue: row.get(0)?,
                timestamp: Millis(row.get(1)?),
                state: QueueState { length: row.get(2)?, average_waiting: row.get(3)? },
            })
        })
    }

    /// Queues of all tenants whose last sample is older than `before`, with their tenants: for the background job.
    pub fn queues_without_sample_since(&self, before: Millis) -> Result<Vec<(String, String)>> {
        let sql = "SELECT q.company, q.id FROM queue q WHERE NOT EXISTS
                       (SELECT 1 FROM queue_metric m WHERE m.company = q.company AND m.queue = q.id AND m.timestamp > ?1)";
        self.all(sql, [before.0], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Tx<'_> {
    /// Stores how a queue stands, and removes samples that are too old.
    pub fn store_sample(&self, queue: &str, state: QueueState) -> Result<()> {
        self.run(
            "INSERT INTO queue_metric (company, queue, timestamp, average_waiting_time, queue_length)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (company, queue, timestamp) DO UPDATE SET
                 average_waiting_time = excluded.average_waiting_time, queue_length = excluded.queue_length",
            params![self.scope.company.as_str(), queue, self.now.0, state.average_waiting, state.length,],
        )?;
        let old = "DELETE FROM queue_metric WHERE (company, queue, timestamp) IN
                       (SELECT company, queue, timestamp FROM queue_metric WHERE timestamp < ?1 LIMIT 20)";
        self.run(old, [self.now.plus_seconds(-KEPT_SECONDS).0]).map(drop)
    }
}
