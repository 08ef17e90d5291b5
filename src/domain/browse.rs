//! What the pages ask for: lists and single documents with their references resolved, and the counts beside them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Ctx;
use crate::{
    store::{
        documents::{Public, QueryOptions},
        overview::{MetricName, StatusCount},
        query::{MODEL, PROJECT, TASK},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Counts of one project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By status on the wire.
    pub by_status: HashMap<String, u64>,
    /// Failed within the last 30 days.
    pub failed_recently: u64,
    /// Latest sign of life of any task, epoch milliseconds.
    pub last_update: Option<i64>,
    /// Tasks started per day, oldest first.
    pub days: Vec<u32>,
}

impl Counts {
    /// All tasks.
    pub fn tasks(&self) -> u64 {
        self.by_status.values().sum()
    }

    /// Tasks with one of these statuses.
    pub fn of(&self, statuses: &[&str]) -> u64 {
        statuses.iter().filter_map(|status| self.by_status.get(*status)).sum()
    }
}

/// Days of history in project lists.
const DAYS: u32 = 30;

/// `{…}` as a request object.
pub fn request(value: Value) -> Json {
    match value {
        Value::Object(map) => map,
        _ => Json::new(),
    }
}

/// All projects that may be seen, hidden ones left out, with the owner's name.
pub fn projects(ctx: &Ctx<'_>, name_contains: &str) -> Result<Vec<Json>> {
    let mut filter = json!({
        "only_fields": ["name", "description", "user.name", "last_update", "created", "parent", "system_tags"],
        "order_by": ["name"],
        "page": null, "page_size": null,
    });
    if let (false, Value::Object(map)) = (name_contains.is_empty(), &mut filter) {
        let pattern = json!({"fields": ["name", "description"], "pattern": regex::escape(name_contains)});
        map.insert("_any_".to_owned(), pattern);
    }
    ctx.read(|snapshot| Ok(ctx.list(snapshot, &PROJECT, &request(filter), true)?.documents))
}

/// One project with owner's name, whole.
///
/// Errors: 400/401 unknown, foreign or not readable.
pub fn project(ctx: &Ctx<'_>, id: &str) -> Result<Json> {
    let filter = json!({"id": [id], "only_fields": ["*", "user.name", "path"], "search_hidden": true});
    let found = ctx.read(|snapshot| ctx.list(snapshot, &PROJECT, &request(filter), true))?;
    found
        .documents
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::new(ErrorKind::InvalidProjectId, "").with("id", id))
}

/// Counts of visible, not archived tasks by project.
pub fn counts(ctx: &Ctx<'_>, project: Option<&str>) -> Result<HashMap<String, Counts>> {
    let mut filter = json!({"system_tags": ["-archived"]});
    if let (Some(project), Value::Object(map)) = (project, &mut filter) {
        map.insert("project".to_owned(), json!([project]));
    }
    let filter = request(filter);
    let now = ctx.call.received;
    let since = now.plus_seconds(-30 * 86_400);
    let day_ends = (now.0.div_euclid(86_400_000) + 1) * 86_400_000;
    let (rows, days) = ctx.read(|snapshot| {
        Ok((snapshot.status_counts(&filter, since.0)?, snapshot.starts_per_day(&filter, day_ends, DAYS)?))
    })?;
    let mut counts: HashMap<String, Counts> = HashMap::new();
    for StatusCount { project, status, tasks, recent, last_update } in rows {
        let entry = counts.entry(project.unwrap_or_default()).or_default();
        if status == "failed" {
            entry.failed_recently += recent;
        }
        *entry.by_status.entry(status).or_default() += tasks;
        entry.last_update = entry.last_update.max(Some(last_update));
    }
    for (project, day, tasks) in days {
        let entry = counts.entry(project.unwrap_or_default()).or_default();
        entry.days.resize(DAYS as usize, 0);
        if let Some(slot) = entry.days.get_mut(day as usize) {
            *slot = tasks;
        }
    }
    Ok(counts)
}

/// Metrics that most tasks of a project report.
pub fn common_metrics(ctx: &Ctx<'_>, project: &str, limit: u32) -> Result<Vec<MetricName>> {
    ctx.read(|snapshot| snapshot.common_metrics(project, limit))
}

/// Tasks for a table, in the order and window that the filter says.
pub fn tasks(ctx: &Ctx<'_>, filter: Json) -> Result<Vec<Json>> {
    ctx.read(|snapshot| Ok(ctx.list(snapshot, &TASK, &filter, true)?.documents))
}

/// How many tasks the filter selects.
pub fn task_count(ctx: &Ctx<'_>, filter: &Json) -> Result<u64> {
    let options = QueryOptions { public: Public::Always, ..QueryOptions::default() };
    ctx.read(|snapshot| snapshot.count(&TASK, filter, &options))
}

/// Distinct values of a field over the tasks that the filter selects.
pub fn task_values(ctx: &Ctx<'_>, field: &str, filter: &Json) -> Result<Vec<Value>> {
    let options = QueryOptions { public: Public::Always, ..QueryOptions::default() };
    ctx.read(|snapshot| snapshot.distinct(&TASK, field, filter, &options))
}

/// One task, whole, with the names of what it refers to.
///
/// Errors: 400/101 unknown, foreign or not readable.
pub fn task(ctx: &Ctx<'_>, id: &str) -> Result<Json> {
    let fields = [
        "*",
        "user.name",
        "project.name",
        "project.path",
        "parent.name",
        "execution.queue.name",
        "models.input.model.name",
        "models.input.model.uri",
        "models.input.model.framework",
        "models.input.name",
        "models.output.model.name",
        "models.output.model.uri",
        "models.output.model.framework",
        "models.output.name",
        "models.output.model.created",
    ];
    let filter = json!({"id": [id], "only_fields": fields, "search_hidden": true});
    let found = ctx.read(|snapshot| ctx.list(snapshot, &TASK, &request(filter), true))?;
    found
        .documents
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::new(ErrorKind::InvalidTaskId, "").with("id", id))
}

/// Names of projects by id, for the path above a title.
pub fn project_names(ctx: &Ctx<'_>, ids: &[String]) -> Result<HashMap<String, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let filter = json!({"id": ids, "only_fields": ["name"], "search_hidden": true});
    let found = ctx.read(|snapshot| ctx.list(snapshot, &PROJECT, &request(filter), true))?;
    let name = |document: Json| {
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        Some((text("id")?, text("name")?))
    };
    Ok(found.documents.into_iter().filter_map(name).collect())
}

/// Models that a task made.
pub fn models_of(ctx: &Ctx<'_>, task: &str) -> Result<Vec<Json>> {
    let filter = json!({"task": [task], "order_by": ["created"]});
    ctx.read(|snapshot| Ok(ctx.list(snapshot, &MODEL, &request(filter), true)?.documents))
}
