//! What workers report about their machines (spec/queues_workers.md 1.4, 3.4, 3.7 to 3.9).

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx, projects::json_list},
    types::{Json, Millis, Result},
};

/// A report to be stored.
#[derive(Clone, Debug)]
pub struct NewReport<'a> {
    /// The worker.
    pub worker: &'a str,
    /// As the worker says.
    pub timestamp: Millis,
    /// What it works on.
    pub task: Option<&'a str>,
    /// Metric to a list of numbers: one, or one per device.
    pub stats: &'a Json,
}

/// Values of one metric of one worker and device within one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The worker.
    pub worker: String,
    /// Start of the step, seconds since the epoch.
    pub start: i64,
    /// Which of several devices.
    pub device: i64,
    /// How many values.
    pub count: i64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// How many workers reported within one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Start of the step, seconds since the epoch.
    pub start: i64,
    /// Workers.
    pub workers: i64,
    /// Those of them that worked on a task.
    pub active: i64,
}

/// Reports older than this are removed, a few with each new one.
const KEPT_SECONDS: i64 = 30 * 86_400;

/// Reports of a worker that are looked at for the names of metrics.
const LOOKED_AT: i64 = 200;

impl Tx<'_> {
    /// Stores a report, and removes reports that are too old.
    pub fn store_worker_report(&self, report: &NewReport<'_>) -> Result<()> {
        let company = self.scope.company.as_str();
        self.run(
            "INSERT INTO worker_report (company, worker, timestamp, task, project, stats)
             VALUES (?1, ?2, ?3, ?4, (SELECT project FROM task WHERE id = ?4 AND company = ?1), ?5)",
            params![
                company,
                report.worker,
                report.timestamp.0,
                report.task,
                serde_json::Value::Object(report.stats.clone()).to_string(),
            ],
        )?;
        let old = "DELETE FROM worker_report WHERE seq IN (SELECT seq FROM worker_report WHERE timestamp < ?1 LIMIT 100)";
        self.run(old, [self.now.plus_seconds(-KEPT_SECONDS).0]).map(drop)
    }
}

impl Snapshot<'_> {
    /// Ids of all workers that have reports. Walks `worker_report_by_worker` from one worker to the next.
    pub fn reporting_workers(&self) -> Result<Vec<String>> {
        let sql = "WITH RECURSIVE seen (worker) AS (
                       SELECT min(worker) FROM worker_report WHERE company = ?1
                       UNION ALL
                       SELECT (SELECT min(worker) FROM worker_report WHERE company = ?1 AND worker > seen.worker)
                       FROM seen WHERE seen.worker IS NOT NULL)
                   SELECT worker FROM seen WHERE worker IS NOT NULL";
        self.all(sql, [self.scope.company.as_str()], |row| row.get(0))
    }

    /// Metrics in the latest reports of a worker.
    pub fn reported_metrics(&self, worker: &str) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT k.key FROM
                       (SELECT stats FROM worker_report WHERE company = ?1 AND worker = ?2 ORDER BY timestamp DESC LIMIT ?3) r,
                       json_each(r.stats) k";
        self.all(sql, params![self.scope.company.as_str(), worker, LOOKED_AT], |row| row.get(0))
    }

    /// The latest report of each of these workers that is not older than `since`.
    pub fn latest_reports(&self, workers: &[String], since: Millis) -> Result<Vec<(String, Json)>> {
        let sql = "SELECT wanted.value, (SELECT stats FROM worker_report r WHERE r.company = ?1 AND r.worker = wanted.value
                                             AND r.timestamp >= ?3 ORDER BY r.timestamp DESC LIMIT 1) AS stats
                   FROM json_each(?2) wanted";
        let params = params![self.scope.company.as_str(), json_list(workers), since.0];
        let found: Vec<(String, Option<String>)> =
            self.all(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found
            .into_iter()
            .filter_map(|(worker, stats)| Some((worker, serde_json::from_str(&stats?).ok()?)))
            .collect())
    }

    /// Values of one metric within a time (both ends included) in steps of `interval` seconds, by worker, step and
    /// device. `workers` empty: all. Uses `worker_report_by_worker`.
    pub fn metric_steps(
        &self,
        workers: &[String],
        metric: &str,
        from: Millis,
        to: Millis,
        interval: i64,
    ) -> Result<Vec<Bucket>> {
        let all = if workers.is_empty() { self.reporting_workers()? } else { workers.to_vec() };
        let sql = "SELECT r.worker, r.timestamp / 1000 / ?6 * ?6 AS start, v.key, count(*), sum(v.value), min(v.value), max(v.value)
                   FROM json_each(?2) wanted
                        CROSS JOIN worker_report r ON r.company = ?1 AND r.worker = wanted.value
                            AND r.timestamp BETWEEN ?4 AND ?5
                        CROSS JOIN json_each(r.stats -> ?3) v
                   GROUP BY r.worker, start, v.key ORDER BY r.worker, start, v.key";
        let path = format!("$.{metric}");
        let params =
            params![self.scope.company.as_str(), json_list(&all), path, from.0, to.0, interval.max(1)];
        self.all(sql, params, |row| {
            Ok(Bucket {
                worker: row.get(0)?,
                start: row.get(1)?,
                device: row.get(2)?,
                count: row.get(3)?,
                sum: row.get(4)?,
                min: row.get(5)?,
                max: row.get(6)?,
            })
        })
    }

    /// How many workers reported within each step. Uses `worker_report_by_time`.
    pub fn activity(&self, from: Millis, to: Millis, interval: i64) -> Result<Vec<Activity>> {
        let sql = "SELECT timestamp / 1000 / ?4 * ?4 AS start, count(DISTINCT worker),
                          count(DISTINCT iif(task IS NULL, NULL, worker))
                   FROM worker_report WHERE company = ?1 AND timestamp BETWEEN ?2 AND ?3 GROUP BY start ORDER BY start";
        let params = params![self.scope.company.as_str(), from.0, to.0, interval.max(1)];
        self.all(sql, params, |row| {
            Ok(Activity { start: row.get(0)?, workers: row.get(1)?, active: row.get(2)? })
        })
    }
}
