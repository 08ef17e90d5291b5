//! The fields of a task that can be written, and a change as a list of them.

use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::types::{Json, Millis};

macro_rules! fields {
    ($($name:ident = $column:literal, $wire:literal;)*) => {
        /// A writable field. Sections are fields too: each is stored by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum TaskField { $($name,)* }

        impl TaskField {
            pub(super) const fn column(self) -> &'static str {
                match self { $(TaskField::$name => $column,)* }
            }

            /// The field's path on the wire.
            pub const fn wire(self) -> &'static str {
                match self { $(TaskField::$name => $wire,)* }
            }
        }
    };
}

fields! {
    ActiveDuration = "active_duration", "active_duration";
    Artifacts = "artifacts", "execution.artifacts";
    Comment = "comment", "comment";
    Company = "company", "company";
    CompanyOrigin = "company_origin", "company_origin";
    Completed = "completed", "completed";
    Configuration = "configuration", "configuration";
    Container = "container", "container";
    ContentEditor = "content_editor", "content_editor";
    EnqueueStatus = "enqueue_status", "enqueue_status";
    EnqueuedHash = "enqueued_hash", "enqueued_hash";
    Execution = "execution", "execution";
    Executor = "executor", "executor";
    Hyperparams = "hyperparams", "hyperparams";
    LastChange = "last_change", "last_change";
    LastChangedBy = "last_changed_by", "last_changed_by";
    LastIteration = "last_iteration", "last_iteration";
    LastUpdate = "last_update", "last_update";
    LastWorker = "last_worker", "last_worker";
    LastWorkerReport = "last_worker_report", "last_worker_report";
    MetricStats = "metric_stats", "metric_stats";
    ModelsInput = "models_input", "models.input";
    ModelsOutput = "models_output", "models.output";
    Name = "name", "name";
    Output = "output", "output";
    Parent = "parent", "parent";
    Project = "project", "project";
    Published = "published", "published";
    Queue = "execution_queue", "execution.queue";
    Report = "report", "report";
    ReportAssets = "report_assets", "report_assets";
    RunAs = "run_as", "run_as";
    Runtime = "runtime", "runtime";
    Script = "script", "script";
    Started = "started", "started";
    Status = "status", "status";
    StatusChanged = "status_changed", "status_changed";
    StatusMessage = "status_message", "status_message";
    StatusReason = "status_reason", "status_reason";
    SystemTags = "system_tags", "system_tags";
    Tags = "tags", "tags";
    Type = "type", "type";
}

/// A value to be stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing: the field becomes absent.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A moment.
    Time(Millis),
    /// A section.
    Json(Value),
}

impl Cell {
    pub(super) fn bound(&self) -> Sql {
        match self {
            Cell::Null => Sql::Null,
            Cell::Text(text) => Sql::Text(text.clone()),
            Cell::Number(number) => Sql::Integer(*number),
            Cell::Time(time) => Sql::Integer(time.0),
            Cell::Json(value) => Sql::Text(value.to_string()),
        }
    }

    /// As an update's answer shows it.
    pub fn to_wire(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Text(text) => text.as_str().into(),
            Cell::Number(number) => (*number).into(),
            Cell::Time(time) => (*time).into(),
            Cell::Json(value) => value.clone(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}
impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}
impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Number(number)
    }
}
impl From<Millis> for Cell {
    fn from(time: Millis) -> Self {
        Cell::Time(time)
    }
}
impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Cell::Json(value)
    }
}
impl From<Json> for Cell {
    fn from(map: Json) -> Self {
        Cell::Json(Value::Object(map))
    }
}
impl From<Vec<Value>> for Cell {
    fn from(list: Vec<Value>) -> Self {
        Cell::Json(Value::Array(list))
    }
}
impl From<Vec<String>> for Cell {
    fn from(list: Vec<String>) -> Self {
        Cell::Json(list.into())
    }
}
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

/// A change of some fields. The later of two values for one field wins.
#[derive(Clone, Debug, Default)]
pub struct TaskUpdate(pub(super) Vec<(TaskField, Cell)>);

impl TaskUpdate {
    /// No change yet.
    pub fn new() -> Self {
        TaskUpdate::default()
    }

    /// Sets a field.
    pub fn set(&mut self, field: TaskField, value: impl Into<Cell>) -> &mut Self {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == field) {
            Some((_, old)) => *old = value,
            None => self.0.push((field, value)),
        }
        self
    }

    /// Makes fields absent.
    pub fn clear(&mut self, fields: &[TaskField]) -> &mut Self {
        for field in fields {
            self.set(*field, Cell::Null);
        }
        self
    }

    /// Adds all of another change.
    pub fn extend(&mut self, other: TaskUpdate) -> &mut Self {
        for (field, value) in other.0 {
            self.set(field, value);
        }
        self
    }

    /// What a field is set to, if it is.
    pub fn get(&self, field: TaskField) -> Option<&Cell> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, value)| value)
    }

    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
