//! What a tenant holds and what runs in it (spec/governance.md 8.3).

use rusqlite::params;

use crate::{
    store::Snapshot,
    types::{Millis, Result},
};

/// Counts of the scope's tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Running tasks.
    pub running_tasks: u64,
    /// Running tasks of applications.
    pub running_app_tasks: u64,
    /// Running controllers of pipelines.
    pub running_pipeline_tasks: u64,
    /// Workers that have not expired.
    pub workers: u64,
    /// Tasks that are neither reports nor datasets.
    pub tasks: u64,
    /// Reports.
    pub reports: u64,
    /// Datasets.
    pub datasets: u64,
    /// Models.
    pub models: u64,
    /// Projects.
    pub projects: u64,
    /// Queues.
    pub queues: u64,
    /// Uploaded files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How much a tenant made: in all, in a period, and in the period of the same length before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rhythm {
    /// In all.
    pub total: u64,
    /// Made in the period.
    pub last: u64,
    /// Made in the period before.
    pub previous: u64,
}

fn count(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(at)?.and_then(|count| count.try_into().ok()).unwrap_or_default())
}

impl Snapshot<'_> {
    /// Counts the scope's tenant.
    pub fn resources(&self) -> Result<Resources> {
        let company = self.scope.company.as_str();
        let tagged =
            |tag: &str| format!("EXISTS (SELECT 1 FROM json_each(t.system_tags) s WHERE s.value = '{tag}')");
        let sql = format!(
            "SELECT sum(running), sum(running AND app), sum(running AND pipeline), sum(NOT report AND NOT dataset),
                    sum(report), sum(dataset AND NOT report)
             FROM (SELECT t.status = 'in_progress' AS running, t.type = 'report' AS report, {} AS app,
                          t.type = 'controller' AND {} AS pipeline, {} AS dataset
                   FROM task t WHERE t.company = ?1)",
            tagged("application"),
            tagged("pipeline"),
            tagged("dataset"),
        );
        let mut found = self
            .one(&sql, [company], |row| {
                Ok(Resources {
                    running_tasks: count(row, 0)?,
                    running_app_tasks: count(row, 1)?,
                    running_pipeline_tasks: count(row, 2)?,
                    tasks: count(row, 3)?,
                    reports: count(row, 4)?,
                    datasets: count(row, 5)?,
                    ..Resources::default()
                })
            })?
            .unwrap_or_default();
        let sql = "SELECT (SELECT count(*) FROM worker WHERE company = ?1 AND expires > ?2),
                          (SELECT count(*) FROM model WHERE company = ?1),
                          (SELECT count(*) FROM project WHERE company = ?1),
                          (SELECT count(*) FROM queue WHERE company = ?1)";
        let others = self.one(sql, params![company, self.now.0], |row| {
            Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?, count(row, 3)?))
        })?;
        (found.workers, found.models, found.projects, found.queues) = others.unwrap_or_default();
        let usage = self.file_usage()?;
        (found.files, found.bytes) = (usage.files, usage.bytes);
        Ok(found)
    }

    /// How many tasks (or projects) the scope's tenant made, around the period from `from` to `to`.
    pub fn rhythm(&self, of_tasks: bool, from: Millis, to: Millis) -> Result<Rhythm> {
        let table = if of_tasks { "task" } else { "project" };
        let sql = format!(
            "SELECT count(*), sum(created >= ?2 AND created < ?3), sum(created >= ?4 AND created < ?2)
             FROM {table} WHERE company = ?1"
        );
        let before = from.0.saturating_sub(to.0.saturating_sub(from.0));
        let params = params![self.scope.company.as_str(), from.0, to.0, before];
        let found = self.one(&sql, params, |row| {
            Ok(Rhythm { total: count(row, 0)?, last: count(row, 1)?, previous: count(row, 2)? })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Tasks made per day (UTC) in the period: first moment of the day and count; days without any are left out.
    pub fn tasks_by_day(&self, from: Millis, to: Millis) -> Result<Vec<(Millis, u64)>> {
        const DAY: i64 = 86_400_000;
        let sql = "SELECT created / ?4 * ?4 AS day, count(*) FROM task
                   WHERE company = ?1 AND created >= ?2 AND created < ?3 GROUP BY day ORDER BY day";
        self.all(sql, params![self.scope.company.as_str(), from.0, to.0, DAY], |row| {
            Ok((Millis(row.get(0)?), count(row, 1)?))
        })
    }
}
