//! Rows of queues.

use rusqlite::{params, params_from_iter, types::Value as Sql};
use serde_json::Value;

use crate::{
    store::{Snapshot, Tx, projects::json_list},
    types::{Json, Result},
};

/// A queue to be stored.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct NewQueue<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub display_name: Option<&'a str>,
    pub tags: &'a [String],
    pub system_tags: &'a [String],
    pub metadata: Json,
}

/// A column of a queue and its new value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum QueueChange {
    Name(String),
    DisplayName(String),
    Tags(Vec<String>),
    SystemTags(Vec<String>),
    Metadata(Json),
    /// `{cpu_usage, gpu_usage}`.
    Resources(Json),
}

impl QueueChange {
    fn column(&self) -> &'static str {
        match self {
            QueueChange::Name(_) => "name",
            QueueChange::DisplayName(_) => "display_name",
            QueueChange::Tags(_) => "tags",
            QueueChange::SystemTags(_) => "system_tags",
            QueueChange::Metadata(_) => "metadata",
            QueueChange::Resources(_) => "resources",
        }
    }

    fn value(self) -> Sql {
        Sql::Text(match self {
            QueueChange::Name(text) | QueueChange::DisplayName(text) => text,
            QueueChange::Tags(list) | QueueChange::SystemTags(list) => json_list(&list),
            QueueChange::Metadata(map) | QueueChange::Resources(map) => Value::Object(map).to_string(),
        })
    }
}

impl Snapshot<'_> {
    /// How many queues the tenant has.
    pub fn queue_count(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM queue WHERE company = ?1";
        Ok(self.one(sql, [self.scope.company.as_str()], |row| row.get(0))?.unwrap_or_default())
    }

    /// Those of the ids that are no queue of the tenant.
    pub fn missing_queues<T: AsRef<str>>(&self, ids: &[T]) -> Result<Vec<String>> {
        let sql =
            "SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM queue WHERE company = ?2)";
        self.all(sql, params![json_list(ids), self.scope.company.as_str()], |row| row.get(0))
    }

    /// Whether the tenant has another queue of this name.
    pub fn queue_name_taken(&self, name: &str, except: Option<&str>) -> Result<bool> {
        let sql = "SELECT 1 FROM queue WHERE company = ?1 AND name = ?2 AND id IS NOT ?3";
        let found = self.one(sql, params![self.scope.company.as_str(), name, except], |_| Ok(()))?;
        Ok(found.is_some())
    }
}

impl Tx<'_> {
    /// Adds a queue to the tenant.
    ///
    /// Errors: 400/801 the tenant has one of this name.
    pub fn insert_queue(&self, queue: &NewQueue<'_>) -> Result<()> {
        self.run(
            "INSERT INTO queue (id, company, name, display_name, created, last_update, tags, system_tags, metadata)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
            params![
                queue.id,
                self.scope.company.as_str(),
                queue.name,
                queue.display_name,
                self.now.0,
                json_list(queue.tags),
                json_list(queue.system_tags),
                Value::Object(queue.metadata.clone()).to_string(),
            ],
        )
        .map(drop)
    }

    /// Changes columns; the caller has checked that the scope may change the queue.
    ///
    /// Errors: 400/801 the tenant has a queue of this name.
    pub fn change_queue(&self, id: &str, changes: Vec<QueueChange>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut set = Vec::new();
        let mut values = vec![Sql::Text(id.to_owned()), Sql::Text(self.scope.company.as_str().to_owned())];
        for change in changes {
            set.push(format!("{} = ?{}", change.column(), values.len() + 1));
            values.push(change.value());
        }
        let sql = format!("UPDATE queue SET {} WHERE id = ?1 AND company = ?2", set.join(", "));
        self.run(&sql, params_from_iter(values)).map(drop)
    }

    /// Moves `last_update` to now.
    pub fn mark_queue_used(&self, id: &str) -> Result<()> {
        let sql = "UPDATE queue SET last_update = ?2 WHERE id = ?1 AND company = ?3";
        self.run(sql, params![id, self.now.0, self.scope.company.as_str()]).map(drop)
    }

    /// Removes a queue with its entries and its samples.
    pub fn delete_queue(&self, id: &str) -> Result<usize> {
        let company = self.scope.company.as_str();
        self.run("DELETE FROM queue_metric WHERE queue = ?1 AND company = ?2", [id, company])?;
        self.run("DELETE FROM queue WHERE id = ?1 AND company = ?2", [id, company])
    }
}
