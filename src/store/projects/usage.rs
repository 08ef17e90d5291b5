//! How long the tasks of projects ran, by day: added up by the database, whatever the number of tasks
//! (spec/projects.md 4.6).

use rusqlite::types::Value as Sql;

use super::statistics::pairs;
use crate::{
    store::{
        Snapshot,
        query::{QueryOptions, TASK},
    },
    types::{Json, Millis, Result},
};

/// Length of a day in milliseconds. Days are those of one offset from UTC, so all are of this length.
const DAY: i64 = 86_400_000;

/// Days in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// When the first one begins.
    pub start: Millis,
    /// How many.
    pub count: usize,
}

impl Days {
    /// When each begins.
    pub fn starts(self) -> impl Iterator<Item = Millis> {
        (0..).take(self.count).map(move |day: i64| Millis(self.start.0 + day * DAY))
    }

    fn end(self) -> i64 {
        self.start.0.saturating_add(i64::try_from(self.count).unwrap_or(i64::MAX).saturating_mul(DAY))
    }
}

/// By what usage is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// The project that a task counts for.
    Project,
    /// Who made the task.
    User,
    /// The queue that it ran from.
    Queue,
}

/// Who or what is meant by a user or queue that the caller may not know.
pub const OTHERS: &str = "_other_";

/// What ran within one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayUsage {
    /// What it was added up by; `None`: tasks without queue.
    pub of: Option<String>,
    /// The queue that it ran from.
    pub queue: Option<String>,
    /// The day, counted from 0.
    pub day: usize,
    /// Whole seconds of all tasks together.
    pub seconds: i64,
}

impl Snapshot<'_> {
    /// For how many seconds tasks ran in `included` projects (pairs of the project they count for and the project they
    /// lie in), by day and queue. Tasks must match `filter`; `queued_only`: and have a queue. People of other tenants,
    /// whose tasks are public, are [`OTHERS`]. Uses `task_by_project_status`.
    ///
    /// Errors: 400 as the query language names them for the filter.
    pub fn usage(
        &self,
        by: UsageBy,
        included: &[(String, String)],
        filter: &Json,
        options: &QueryOptions,
        queued_only: bool,
        days: Days,
    ) -> Result<Vec<DayUsage>> {
        let columns = [
            "project",
            "user",
            "company",
            "company_origin",
            "status",
            "started",
            "completed",
            "status_changed",
            "execution_queue",
        ];
        let docs = self.selection(&TASK, filter, options, &columns)?;
        let of = match by {
            UsageBy::Project => "pair.root",
            UsageBy::User => {
                "CASE WHEN docs.company = '' AND docs.company_origin IS NOT period.me THEN period.others ELSE docs.user END"
            }
            UsageBy::Queue => "nullif(docs.execution_queue, '')",
        };
        let queued = if queued_only { " AND docs.execution_queue <> ''" } else { "" };
        // A span is cut at each midnight that it crosses.
        let sql = format!(
            ", period (start, stop, moment, me, others) AS (SELECT ?, ?, ?, ?, ?),
             span (owner, queue, since, until) AS (
                 SELECT {of}, nullif(docs.execution_queue, ''), max(docs.started, period.start),
                        min(CASE docs.status WHEN 'in_progress' THEN period.moment
                                             ELSE coalesce(docs.completed, docs.status_changed) END, period.stop)
                 FROM period
                      CROSS JOIN (SELECT value ->> 0 AS root, value ->> 1 AS project FROM json_each(?)) pair
                      CROSS JOIN docs ON docs.project = pair.project
                 WHERE docs.started < period.stop
                   AND (docs.status = 'in_progress'
                        OR coalesce(docs.completed, docs.status_changed) > period.start){queued}),
             piece (owner, queue, day, since, until) AS (
                 SELECT owner, queue, (since - period.start) / {DAY}, since, until
                 FROM span CROSS JOIN period WHERE since < until
                 UNION ALL
                 SELECT owner, queue, day + 1, period.start + (day + 1) * {DAY}, until
                 FROM piece CROSS JOIN period WHERE period.start + (day + 1) * {DAY} < until)
             SELECT owner, queue, day, sum((min(until, period.start + (day + 1) * {DAY}) - since) / 1000)
             FROM piece CROSS JOIN period GROUP BY owner, queue, day"
        );
        let own = [
            Sql::Integer(days.start.0),
            Sql::Integer(days.end()),
            Sql::Integer(self.now.0),
            Sql::Text(self.scope.company.as_str().to_owned()),
            Sql::Text(OTHERS.to_owned()),
            pairs(included),
        ];
        let rows = docs
            .all(self, &sql, own, |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?)))?;
        Ok(rows
            .into_iter()
            .filter_map(|(of, queue, day, seconds)| {
                Some(DayUsage { of, queue, day: usize::try_from(day).ok()?, seconds })
            })
            .collect())
    }
}
