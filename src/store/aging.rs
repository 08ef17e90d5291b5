//! Time series lose detail with age: after a day one row of each five minutes is left of what workers, queues and
//! serving containers reported. Each table drops its rows altogether after its own time, a few with each new row.
//!
//! So a worker that reports every 30 seconds for ever leaves 2,880 rows of its last day and 288 of each earlier day. No
//! chart over more than a day has finer steps than five minutes.

use rusqlite::params;

use super::{Snapshot, Tx};
use crate::types::{Millis, Result};

/// How long every row is kept, in seconds.
pub const DETAILED_SECONDS: i64 = 86_400;
/// Of each step of so many seconds one row is kept after that.
pub const STEP_SECONDS: i64 = 300;

/// A table of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// What workers report about their machines.
    Workers,
    /// How queues stood.
    Queues,
    /// What serving containers report.
    Serving,
}

impl Samples {
    /// All of them.
    pub const ALL: [Samples; 3] = [Samples::Workers, Samples::Queues, Samples::Serving];

    fn table(self) -> &'static str {
        match self {
            Samples::Workers => "worker_report",
            Samples::Queues => "queue_metric",
            Samples::Serving => "serving_sample",
        }
    }

    /// The key, whose rows are thinned out separately, and which row of a step comes first and stays: the latest; of a
    /// queue the one with the longest wait, which charts show.
    fn shape(self) -> [&'static str; 3] {
        match self {
            Samples::Workers => ["seq", "company, worker, task", "timestamp DESC, seq"],
            Samples::Queues => [
                "company, queue, timestamp",
                "company, queue",
                "average_waiting_time DESC, queue_length DESC",
            ],
            Samples::Serving => [
                "company, endpoint_url, timestamp, container",
                "company, endpoint_url, container",
                "timestamp DESC",
            ],
        }
    }
}

impl Snapshot<'_> {
    /// Time of the first sample of all tenants at or after `from`. Uses the table's index by time.
    pub fn first_sample_since(&self, samples: Samples, from: Millis) -> Result<Option<Millis>> {
        let sql = format!("SELECT min(timestamp) FROM {} WHERE timestamp >= ?1", samples.table());
        Ok(self.one(&sql, [from.0], |row| row.get::<_, Option<i64>>(0))?.flatten().map(Millis))
    }

    /// How many samples there are between two times, the second excluded, beyond the one of each series that stays.
    pub fn superfluous_samples(&self, samples: Samples, from: Millis, to: Millis) -> Result<i64> {
        let [_, series, _] = samples.shape();
        let sql = format!(
            "SELECT coalesce(sum(number - 1), 0) FROM
                 (SELECT count(*) AS number FROM {} WHERE timestamp >= ?1 AND timestamp < ?2 GROUP BY {series})",
            samples.table()
        );
        Ok(self.one(&sql, [from.0, to.0], |row| row.get(0))?.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Leaves one sample of each series between two times, the second excluded. Returns how many it removed.
    pub fn thin_out_samples(&self, samples: Samples, from: Millis, to: Millis) -> Result<usize> {
        let table = samples.table();
        let [key, series, order] = samples.shape();
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM
                 (SELECT {key}, row_number() OVER (PARTITION BY {series} ORDER BY {order}) AS place
                  FROM {table} WHERE timestamp >= ?1 AND timestamp < ?2) WHERE place > 1)"
        );
        self.run(&sql, params![from.0, to.0])
    }
}
