//! What ties models and tasks together, when one of them goes (spec/models.md 1.1a).

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx, projects::json_list},
    types::Result,
};

impl Snapshot<'_> {
    /// How many tasks of the tenant use a model as input. Uses `task_model_by_model`.
    pub fn tasks_using_model(&self, model: &str) -> Result<i64> {
        let sql = "SELECT count(DISTINCT task) FROM task_model
                   WHERE model = ?1 AND direction = 'input' AND company = ?2";
        Ok(self.one(sql, [model, self.scope.company.as_str()], |row| row.get(0))?.unwrap_or_default())
    }

    /// Addresses of the artifacts that these tasks wrote.
    pub fn artifact_urls<T: AsRef<str>>(&self, tasks: &[T]) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT a.value ->> '$.uri' FROM task t, json_each(t.artifacts) a
                   WHERE t.id IN (SELECT value FROM json_each(?1)) AND t.company IN (?2, '') AND a.type = 'object'
                     AND coalesce(a.value ->> '$.mode', 'output') = 'output' AND coalesce(a.value ->> '$.uri', '') <> ''";
        self.all(sql, params![json_list(tasks), self.scope.company.as_str()], |row| row.get(0))
    }

    /// Number of labels of each of these models.
    pub fn label_counts<T: AsRef<str>>(&self, models: &[T]) -> Result<Vec<(String, i64)>> {
        let sql = "SELECT id, (SELECT count(*) FROM json_each(labels)) FROM model
                   WHERE id IN (SELECT value FROM json_each(?1)) AND company IN (?2, '')";
        let company = self.scope.company.as_str();
        self.all(sql, params![json_list(models), company], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Addresses of these models.
    pub fn model_urls<T: AsRef<str>>(&self, models: &[T]) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT uri FROM model
                   WHERE id IN (SELECT value FROM json_each(?1)) AND company IN (?2, '') AND coalesce(uri, '') <> ''";
        self.all(sql, params![json_list(models), self.scope.company.as_str()], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Marks models as deleted in the inputs of every task of the tenant that uses them. `with_id` appends the model's id to the
    /// mark.
    pub fn mark_inputs_deleted<T: AsRef<str>>(
        &self,
        models: &[T],
        with_id: bool,
        user: &str,
    ) -> Result<usize> {
        self.run(
            "UPDATE task SET last_change = ?3, last_changed_by = ?4, models_input = (
                 SELECT json_group_array(json(iif(e.value ->> '$.model' IN (SELECT value FROM json_each(?1)),
                     json_set(e.value, '$.model', '__DELETED__' || iif(?2, e.value ->> '$.model', '')), e.value)))
                 FROM json_each(task.models_input) e)
             WHERE seq IN (SELECT task FROM task_model WHERE direction = 'input' AND model IN (SELECT value FROM json_each(?1)))
                 AND company = ?5",
            params![json_list(models), with_id, self.now.0, user, self.scope.company.as_str()],
        )
    }

    /// Settles the outputs of the tasks that made these models: a published task keeps a mark (with `reason` as its
    /// output error, if given), any other one loses the entry. Runs while the models still exist.
    pub fn settle_outputs<T: AsRef<str>>(
        &self,
        models: &[T],
        with_id: bool,
        reason: Option<&str>,
        user: &str,
    ) -> Result<()> {
        let list = json_list(models);
        let makers = "id IN (SELECT m.task FROM model m WHERE m.id IN (SELECT value FROM json_each(?1)))";
        let published = format!(
            "UPDATE task SET last_change = ?3, last_changed_by = ?4,
                 output = iif(?5 IS NULL, output, json_set(output, '$.error', ?5)), models_output = (
                 SELECT json_group_array(json(iif(e.value ->> '$.model' IN (SELECT value FROM json_each(?1)),
                     json_set(e.value, '$.model', '__DELETED__' || iif(?2, e.value ->> '$.model', '')), e.value)))
                 FROM json_each(task.models_output) e)
             WHERE status = 'published' AND company = ?6 AND {makers}"
        );
        let company = self.scope.company.as_str();
        self.run(&published, params![list, with_id, self.now.0, user, reason, company])?;
        let others = format!(
            "UPDATE task SET last_change = ?2, last_changed_by = ?3, models_output = (
                 SELECT json_group_array(json(e.value)) FROM json_each(task.models_output) e
                 WHERE e.value ->> '$.model' IS NULL OR e.value ->> '$.model' NOT IN (SELECT value FROM json_each(?1)))
             WHERE status <> 'published' AND company = ?4 AND {makers}"
        );
        self.run(&others, params![list, self.now.0, user, company]).map(drop)
    }

    /// Removes tasks of the tenant with all that hangs on them: their place in queues, their events. Their children
    /// lose the parent, models they made lose the task. Returns how many there were.
    pub fn delete_tasks<T: AsRef<str>>(&self, tasks: &[T], user: &str) -> Result<usize> {
        let list = json_list(tasks);
        let company = self.scope.company.as_str();
        let waiting =
            "DELETE FROM queue_entry WHERE task IN (SELECT value FROM json_each(?1)) AND company = ?2";
        self.run(waiting, params![list, company])?;
        let orphan = "UPDATE task SET parent = NULL, last_change = ?2, last_changed_by = ?3
                      WHERE parent IN (SELECT value FROM json_each(?1)) AND company = ?4";
        self.run(orphan, params![list, self.now.0, user, company])?;
        let made = "UPDATE model SET task = NULL, last_change = ?2, last_changed_by = ?3
                    WHERE task IN (SELECT value FROM json_each(?1)) AND company = ?4";
        self.run(made, params![list, self.now.0, user, company])?;
        for task in tasks {
            self.delete_events(task.as_ref())?;
        }
        let sql = "DELETE FROM task WHERE id IN (SELECT value FROM json_each(?1)) AND company = ?2";
        self.run(sql, params![list, company])
    }

    /// Raises a task's last iteration; it never falls.
    pub fn raise_last_iteration(&self, task: &str, iteration: i64, user: &str) -> Result<()> {
        let sql =
            "UPDATE task SET last_iteration = max(last_iteration, ?2), last_update = ?3, last_change = ?3,
                       last_changed_by = ?4 WHERE id = ?1 AND company = ?5";
        let company = self.scope.company.as_str();
        self.run(sql, params![task, iteration, self.now.0, user, company]).map(drop)
    }

    /// Replaces a task's list of output models: `(name, model)`.
    pub fn set_output_model(&self, task: &str, name: &str, model: &str, user: &str) -> Result<()> {
        let list = serde_json::json!([{"name": name, "model": model, "updated": self.now.0}]).to_string();
        let sql =
            "UPDATE task SET models_output = ?2, last_update = ?3, last_change = ?3, last_changed_by = ?4
                   WHERE id = ?1 AND company = ?5";
        let company = self.scope.company.as_str();
        self.run(sql, params![task, list, self.now.0, user, company]).map(drop)
    }
}
