//! Statements that change tasks. Each names only the columns that change.

use rusqlite::{params_from_iter, types::Value as Sql};

use super::{TaskField, TaskHead, TaskUpdate};
use crate::{
    store::Tx,
    types::{Result, TaskId, UserId},
};

/// What every new task has.
#[derive(Clone, Debug)]
pub struct NewTask<'a> {
    /// Id.
    pub id: &'a TaskId,
    /// Who makes it.
    pub user: &'a UserId,
    /// Trimmed name.
    pub name: &'a str,
    /// Type.
    pub kind: &'a str,
}

fn assignments(update: &TaskUpdate, values: &mut Vec<Sql>) -> String {
    let mut sql = String::new();
    for (field, cell) in &update.0 {
        values.push(cell.bound());
        if !sql.is_empty() {
            sql.push_str(", ");
        }
        sql.push_str(field.column());
        sql.push_str(" = ?");
        sql.push_str(&values.len().to_string());
    }
    sql
}

impl Tx<'_> {
    /// Adds a task to the scope's tenant, made and last changed now.
    pub fn insert_task(&self, new: &NewTask<'_>, update: &TaskUpdate) -> Result<()> {
        let now = Sql::Integer(self.now.0);
        let text = |text: &str| Sql::Text(text.to_owned());
        let mut columns = vec![
            "id",
            "company",
            "user",
            "name",
            "type",
            "created",
            "last_update",
            "last_change",
            "last_changed_by",
        ];
        let mut values = vec![
            text(new.id.as_str()),
            text(self.scope.company.as_str()),
            text(new.user.as_str()),
            text(new.name),
            text(new.kind),
            now.clone(),
            now.clone(),
            now,
            text(new.user.as_str()),
        ];
        for (field, cell) in &update.0 {
            if !columns.contains(&field.column()) {
                columns.push(field.column());
                values.push(cell.bound());
            }
        }
        let holes = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO task ({}) VALUES ({holes})", columns.join(", "));
        self.run(&sql, params_from_iter(values)).map(drop)
    }

    /// Changes a task. Returns whether it is still there.
    pub fn update_task(&self, head: &TaskHead, update: &TaskUpdate) -> Result<bool> {
        self.change_task(head, update, "")
    }

    /// Changes a task only while it has the status that `head` shows: the one compare-and-set of every status write.
    /// Returns false when somebody else changed it.
    pub fn update_task_in_status(&self, head: &TaskHead, update: &TaskUpdate) -> Result<bool> {
        self.change_task(head, update, &head.status)
    }

    fn change_task(&self, head: &TaskHead, update: &TaskUpdate, status: &str) -> Result<bool> {
        if update.is_empty() {
            return Ok(true);
        }
        let text = |text: &str| Sql::Text(text.to_owned());
        let mut values = vec![text(head.id.as_str()), text(head.company.as_str())];
        let sets = assignments(update, &mut values);
        let mut sql = format!("UPDATE task SET {sets} WHERE id = ?1 AND company = ?2");
        if !status.is_empty() {
            values.push(text(status));
            sql.push_str(&format!(" AND status = ?{}", values.len()));
        }
        Ok(self.run(&sql, params_from_iter(values))? > 0)
    }

    /// Removes a task; triggers remove what is derived from it.
    pub fn delete_task(&self, head: &TaskHead) -> Result<bool> {
        self.drop_queue_entries(&head.id, None)?;
        Ok(self.run(
            "DELETE FROM task WHERE id = ?1 AND company = ?2",
            [head.id.as_str(), head.company.as_str()],
        )? > 0)
    }

    /// Forgets the last values of all scalars.
    pub fn clear_task_metrics(&self, head: &TaskHead) -> Result<()> {
        self.run(
            "DELETE FROM task_metric WHERE task = (SELECT seq FROM task WHERE id = ?1)",
            [head.id.as_str()],
        )
        .map(drop)
    }

    /// Points the children of a task that is being deleted at what is left of it. Returns how many there are.
    pub fn orphan_children(&self, head: &TaskHead, by: &UserId) -> Result<usize> {
        self.run(
            "UPDATE task SET parent = '__DELETED__' || ?1, last_change = ?3, last_changed_by = ?4
             WHERE parent = ?1 AND company = ?2",
            rusqlite::params![head.id.as_str(), head.company.as_str(), self.now.0, by.as_str()],
        )
    }

    /// Stops running tasks of every tenant that gave no sign of life since `silent_since`, at most `most` of them.
    /// Returns them with their tenants. Uses `task_by_status`.
    pub fn stop_silent_tasks(
        &self,
        silent_since: i64,
        text: &str,
        by: &str,
        most: usize,
    ) -> Result<Vec<(String, String)>> {
        let stopped = self.all(
            "UPDATE task SET status = 'stopped', status_reason = ?2, status_message = ?2, status_changed = ?3,
                 last_update = ?3, last_change = ?3, last_changed_by = ?4
             WHERE seq IN (SELECT seq FROM task
                           WHERE status = 'in_progress' AND last_update < ?1 ORDER BY last_update LIMIT ?5)
             RETURNING id, company, project",
            rusqlite::params![silent_since, text, self.now.0, by, i64::try_from(most).unwrap_or(i64::MAX)],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?)),
        )?;
        for project in stopped.iter().filter_map(|(_, _, project)| project.as_ref()) {
            self.run(
                "UPDATE project SET last_update = ?2 WHERE id = ?1",
                rusqlite::params![project, self.now.0],
            )?;
        }
        Ok(stopped.into_iter().map(|(id, company, _)| (id, company)).collect())
    }
}

/// The fields that every change of a task sets.
impl TaskUpdate {
    /// Records who changes it now; with `touch`, that it is alive.
    pub fn changed(&mut self, tx: &Tx<'_>, by: &UserId, touch: bool) -> &mut Self {
        if touch {
            self.set(TaskField::LastUpdate, tx.now);
        }
        self.set(TaskField::LastChange, tx.now).set(TaskField::LastChangedBy, by.as_str())
    }
}
