//! What projects hold: counting it, moving it elsewhere.

use rusqlite::params;

use super::tree::json_list;
use crate::{
    store::{Snapshot, Tx},
    types::Result,
};

/// Tasks and models of some projects, all states (spec/projects.md 3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Tasks that are no reports.
    pub tasks: i64,
    /// Those of them that are not archived.
    pub non_archived_tasks: i64,
    /// Reports.
    pub reports: i64,
    /// Those of them that are not archived.
    pub non_archived_reports: i64,
    /// Models.
    pub models: i64,
    /// Those of them that are not archived.
    pub non_archived_models: i64,
}

impl Snapshot<'_> {
    /// Counts what the tenant has in these projects, whatever the access rules: nothing unseen may be lost.
    /// Uses `task_by_project_status` and `model_by_project_update`.
    pub fn contents_of<T: AsRef<str>>(&self, projects: &[T]) -> Result<Contents> {
        let list = json_list(projects);
        let company = self.scope.company.as_str();
        let tasks = self.one(
            "SELECT count(*) FILTER (WHERE NOT report), count(*) FILTER (WHERE NOT report AND NOT archived),
                    count(*) FILTER (WHERE report), count(*) FILTER (WHERE report AND NOT archived)
             FROM (SELECT EXISTS (SELECT 1 FROM task_tag g WHERE g.task = t.seq AND g.system = 1 AND g.tag = 'reports') report,
                          EXISTS (SELECT 1 FROM task_tag g WHERE g.task = t.seq AND g.system = 1 AND g.tag = 'archived') archived
                   FROM task t WHERE t.project IN (SELECT value FROM json_each(?1)) AND t.company = ?2)",
            params![list, company],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let models = self.one(
            "SELECT count(*), count(*) FILTER (WHERE NOT EXISTS
                    (SELECT 1 FROM model_tag g WHERE g.model = m.seq AND g.system = 1 AND g.tag = 'archived'))
             FROM model m WHERE m.project IN (SELECT value FROM json_each(?1)) AND m.company = ?2",
            params![list, company],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let (tasks, non_archived_tasks, reports, non_archived_reports) = tasks.unwrap_or_default();
        let (models, non_archived_models) = models.unwrap_or_default();
        Ok(Contents { tasks, non_archived_tasks, reports, non_archived_reports, models, non_archived_models })
    }

    /// How many of these projects hold a task that is not archived; with `kind`, one of that type.
    pub fn projects_in_use<T: AsRef<str>>(&self, projects: &[T], kind: Option<&str>) -> Result<i64> {
        let sql = "SELECT count(DISTINCT t.project) FROM task t
                   WHERE t.project IN (SELECT value FROM json_each(?1)) AND t.company = ?2 AND (?3 IS NULL OR t.type = ?3)
                     AND NOT EXISTS (SELECT 1 FROM task_tag g WHERE g.task = t.seq AND g.system = 1 AND g.tag = 'archived')";
        let params = params![json_list(projects), self.scope.company.as_str(), kind];
        Ok(self.one(sql, params, |row| row.get(0))?.unwrap_or_default())
    }

    /// Ids of all tasks of the tenant in these projects.
    pub fn tasks_in<T: AsRef<str>>(&self, projects: &[T]) -> Result<Vec<String>> {
        let sql = "SELECT id FROM task WHERE project IN (SELECT value FROM json_each(?1)) AND company = ?2";
        self.all(sql, params![json_list(projects), self.scope.company.as_str()], |row| row.get(0))
    }

    /// Ids of all models of the tenant in these projects.
    pub fn models_in<T: AsRef<str>>(&self, projects: &[T]) -> Result<Vec<String>> {
        let sql = "SELECT id FROM model WHERE project IN (SELECT value FROM json_each(?1)) AND company = ?2";
        self.all(sql, params![json_list(projects), self.scope.company.as_str()], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Moves every task and model that lies directly in these projects, archived ones included, to another project
    /// or to none. Returns how many tasks and how many models moved.
    pub fn move_contents<T: AsRef<str>>(
        &self,
        from: &[T],
        to: Option<&str>,
        user: &str,
    ) -> Result<(usize, usize)> {
        let list = json_list(from);
        let company = self.scope.company.as_str();
        let mut moved = [0, 0];
        for (table, moved) in ["task", "model"].into_iter().zip(&mut moved) {
            let sql = format!(
                "UPDATE {table} SET project = ?2, last_change = ?3, last_changed_by = ?4
                 WHERE project IN (SELECT value FROM json_each(?1)) AND company = ?5"
            );
            *moved = self.run(&sql, params![list, to, self.now.0, user, company])?;
        }
        let [tasks, models] = moved;
        Ok((tasks, models))
    }
}
