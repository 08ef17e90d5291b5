//! Sums over a tenant for the usage report (spec/protocol.md 2.5).

use rusqlite::params;

use super::Snapshot;
use crate::types::{Millis, Result};

/// Tasks that ran.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Runs {
    /// How many.
    pub count: i64,
    /// Mean time from start to the last sign of life, seconds.
    pub seconds: f64,
    /// Mean of their last iterations.
    pub iterations: f64,
    /// The latest sign of life.
    pub last_update: Option<Millis>,
}

/// Smallest, greatest and mean value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Greatest.
    pub max: f64,
    /// Mean.
    pub avg: f64,
}

/// What one worker reported of its machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The worker.
    pub worker: String,
    /// From its first to its last report, seconds.
    pub seconds: i64,
    /// Processors.
    pub cores: i64,
    /// Percent, over all processors.
    pub cpu_usage: Option<Spread>,
    /// Megabytes.
    pub memory_used: Option<Spread>,
    /// Megabytes.
    pub memory_free: Option<Spread>,
}

const RUNS: &str =
    "count(*), avg(last_update - started) / 1000.0, avg(coalesce(last_iteration, 0)), max(last_update)
                    FROM task WHERE company = ?1 AND started IS NOT NULL AND last_update IS NOT NULL
                        AND status NOT IN ('created', 'queued')";

impl Snapshot<'_> {
    /// Numbers of the tenant's queues and people.
    pub fn queues_and_people(&self) -> Result<(i64, i64)> {
        let sql = "SELECT (SELECT count(*) FROM queue WHERE company = ?1), (SELECT count(*) FROM user WHERE company = ?1)";
        let counts = self.one(sql, [self.scope.company.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts.unwrap_or_default())
    }

    /// All the tenant's tasks that ran.
    pub fn runs(&self) -> Result<Runs> {
        let found = self.one(&format!("SELECT {RUNS}"), [self.scope.company.as_str()], |row| runs(row, 0))?;
        Ok(found.unwrap_or_default())
    }

    /// Tasks that ran and showed life since then, by the worker that ran them.
    pub fn runs_by_worker(&self, since: Millis) -> Result<Vec<(String, Runs)>> {
        let sql = format!(
            "SELECT last_worker, {RUNS} AND last_worker IS NOT NULL AND last_update >= ?2
             GROUP BY last_worker ORDER BY last_worker"
        );
        self.all(&sql, params![self.scope.company.as_str(), since.0], |row| Ok((row.get(0)?, runs(row, 1)?)))
    }

    /// What the tenant's workers reported of their machines since then. Uses `worker_report_by_time`.
    pub fn machines(&self, since: Millis) -> Result<Vec<Machine>> {
        let sql = "WITH report AS (
                       SELECT worker, timestamp, json_array_length(stats, '$.cpu_usage') AS cores,
                              (SELECT avg(value) FROM json_each(stats, '$.cpu_usage')) AS cpu,
                              stats ->> '$.memory_used[0]' AS used, stats ->> '$.memory_free[0]' AS free
                       FROM worker_report WHERE company = ?1 AND timestamp >= ?2)
                   SELECT worker, (max(timestamp) - min(timestamp)) / 1000, coalesce(max(cores), 0),
                          min(cpu), max(cpu), avg(cpu), min(used), max(used), avg(used), min(free), max(free), avg(free)
                   FROM report GROUP BY worker ORDER BY worker";
        let spread = |row: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<Option<Spread>> {
            let (min, max, avg): (Option<f64>, Option<f64>, Option<f64>) =
                (row.get(at)?, row.get(at + 1)?, row.get(at + 2)?);
            Ok(min.zip(max).zip(avg).map(|((min, max), avg)| Spread { min, max, avg }))
        };
        self.all(sql, params![self.scope.company.as_str(), since.0], |row| {
            Ok(Machine {
                worker: row.get(0)?,
                seconds: row.get(1)?,
                cores: row.get(2)?,
                cpu_usage: spread(row, 3)?,
                memory_used: spread(row, 6)?,
                memory_free: spread(row, 9)?,
            })
        })
    }
}

fn runs(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Runs> {
    Ok(Runs {
        count: row.get(at)?,
        seconds: row.get::<_, Option<f64>>(at + 1)?.unwrap_or_default(),
        iterations: row.get::<_, Option<f64>>(at + 2)?.unwrap_or_default(),
        last_update: row.get::<_, Option<i64>>(at + 3)?.map(Millis),
    })
}
