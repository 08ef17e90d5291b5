//! Counts and names that the pages show beside lists.

use rusqlite::types::Value as Sql;
use serde_json::json;

use super::{
    Snapshot,
    documents::{Public, QueryOptions},
    query::TASK,
};
use crate::types::{Json, Result};

/// Tasks of one project with one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// Project id; `None` is no project.
    pub project: Option<String>,
    /// Status on the wire.
    pub status: String,
    /// How many.
    pub tasks: u64,
    /// How many of them changed status since the moment asked for.
    pub recent: u64,
    /// Latest sign of life, epoch milliseconds.
    pub last_update: i64,
}

/// A metric of a project, with the hashes that clients address it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricName {
    /// Metric.
    pub metric: String,
    /// Variant.
    pub variant: String,
    /// MD5 of the metric.
    pub metric_hash: String,
    /// MD5 of the variant.
    pub variant_hash: String,
}

fn options() -> QueryOptions {
    QueryOptions { public: Public::Always, ..QueryOptions::default() }
}

impl Snapshot<'_> {
    /// Counts by project and status over the tasks that `filter` selects.
    pub fn status_counts(&self, filter: &Json, since: i64) -> Result<Vec<StatusCount>> {
        let columns = ["project", "status", "status_changed", "last_update"];
        self.selection(&TASK, filter, &options(), &columns)?.all(
            self,
            "SELECT project, status, count(*), sum(coalesce(status_changed, 0) >= ?), max(last_update)
             FROM docs GROUP BY project, status",
            [Sql::Integer(since)],
            |row| {
                Ok(StatusCount {
                    project: row.get(0)?,
                    status: row.get(1)?,
                    tasks: row.get::<_, i64>(2)?.unsigned_abs(),
                    recent: row.get::<_, i64>(3)?.unsigned_abs(),
                    last_update: row.get(4)?,
                })
            },
        )
    }

    /// Tasks started per day of the last `days` days, oldest first, by project. `day_ends` is the end of today.
    pub fn starts_per_day(
        &self,
        filter: &Json,
        day_ends: i64,
        days: u32,
    ) -> Result<Vec<(Option<String>, u32, u32)>> {
        const DAY: i64 = 86_400_000;
        let from = day_ends - i64::from(days) * DAY;
        self.selection(&TASK, filter, &options(), &["project", "started"])?.all(
            self,
            "SELECT project, (started - ?) / 86400000 AS day, count(*) FROM docs
             WHERE started >= ? AND started < ? GROUP BY project, day",
            [Sql::Integer(from), Sql::Integer(from), Sql::Integer(day_ends)],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// The metrics that most of a project's tasks report, most common first; machine monitoring left out.
    pub fn common_metrics(&self, project: &str, limit: u32) -> Result<Vec<MetricName>> {
        let filter = json!({"project": [project]});
        let filter = filter.as_object().cloned().unwrap_or_default();
        self.selection(&TASK, &filter, &options(), &["seq"])?.all(
            self,
            "SELECT v.metric, v.variant, v.metric_hash, v.variant_hash
             FROM task_metric m JOIN metric_variant v ON v.id = m.metric_variant
             WHERE m.project = ? AND m.task IN (SELECT seq FROM docs) AND v.metric NOT LIKE ':monitor:%'
             GROUP BY v.id ORDER BY count(*) DESC, min(v.id) LIMIT ?",
            [Sql::Text(project.to_owned()), Sql::Integer(limit.into())],
            |row| {
                Ok(MetricName {
                    metric: row.get(0)?,
                    variant: row.get(1)?,
                    metric_hash: row.get(2)?,
                    variant_hash: row.get(3)?,
                })
            },
        )
    }
}
