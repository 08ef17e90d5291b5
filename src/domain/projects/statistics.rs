//! Statistics of listed projects, and the filter on what they count (spec/projects.md 3.7.2 to 3.7.5).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    list::Asked,
    selection::{Children, children_tags},
};
use crate::{
    store::{
        Snapshot,
        documents::QueryOptions,
        projects::TaskStatistics,
        query::{Collection, MODEL, PROJECT, TASK},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Every status that is counted, zero included.
const STATUSES: [&str; 10] = [
    "closed",
    "completed",
    "created",
    "failed",
    "in_progress",
    "published",
    "publishing",
    "queued",
    "stopped",
    "unknown",
];

fn wrong(field: &str, text: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, text).with("field", field)
}

/// A list of texts; absent is none.
pub(super) fn texts(field: &str, value: Option<&Value>) -> Result<Vec<String>> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(field, "must hold texts")))
            .collect(),
        Some(_) => Err(wrong(field, "must be a list of texts")),
    }
}

/// `include_stats_filter`: field to list, or to `{any, all, op}`.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter(Json);

impl Filter {
    /// Errors: 400/12 for empty lists and objects, scalars, and values that are no texts.
    pub(super) fn read(value: Option<&Value>) -> Result<Option<Self>> {
        let fields = match value {
            None => return Ok(None),
            Some(Value::Object(fields)) if fields.is_empty() => return Ok(None),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(wrong("include_stats_filter", "must be an object of fields")),
        };
        for (field, value) in fields {
            let texts = |items: &[Value]| !items.is_empty() && items.iter().all(Value::is_string);
            let good = match value {
                Value::Array(items) => texts(items),
                Value::Object(members) => !members.is_empty(),
                _ => false,
            };
            if !good {
                return Err(wrong(field, "a filter needs a list of texts, or an object with any and all"));
            }
        }
        Ok(Some(Filter(fields.clone())))
    }

    /// Whether it says something about archived documents itself.
    fn names_archived(&self) -> bool {
        self.0.get("system_tags").is_some_and(mentions_archived)
    }

    /// As a request to a collection. `None`: nothing of the collection can match, since it lacks a wanted field.
    fn request(&self, collection: &Collection, keep_archived: bool) -> Option<Json> {
        let mut request = Json::new();
        let mut filters = Json::new();
        for (field, value) in &self.0 {
            if !Collection::lists_key(collection.lists, field) {
                match value {
                    Value::Array(items) if items.iter().all(is_exclusion) => continue,
                    _ => return None,
                }
            }
            let value = match field == "system_tags" && !keep_archived {
                true => without_archived(value),
                false => value.clone(),
            };
            match value {
                Value::Object(members) => filters.insert(field.clone(), Value::Object(members)),
                list => request.insert(field.clone(), list),
            };
        }
        if !filters.is_empty() {
            request.insert("filters".to_owned(), Value::Object(filters));
        }
        Some(request)
    }
}

fn is_exclusion(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('-'))
}

fn is_archived(value: &Value) -> bool {
    value.as_str().is_some_and(|text| matches!(text, "archived" | "-archived"))
}

fn mentions_archived(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(mentions_archived),
        Value::Object(members) => members.values().any(mentions_archived),
        value => is_archived(value),
    }
}

/// Drops what a filter says about archived documents; the caller says it instead.
fn without_archived(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut kept: Vec<Value> = Vec::with_capacity(items.len());
            for item in items {
                match is_archived(item) {
                    false => kept.push(item.clone()),
                    // The operator in front belongs to the dropped value.
                    true if kept.last().and_then(Value::as_str) == Some("__$not") => {
                        kept.pop();
                    }
                    true => {}
                }
            }
            kept.into()
        }
        Value::Object(members) => Value::Object(
            members.iter().map(|(key, value)| (key.clone(), without_archived(value))).collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

/// The filter in force: the one sent, else what the children's kind implies (spec/projects.md 3.7.3).
fn in_force(asked: &Asked<'_>) -> Filter {
    if let Some(filter) = &asked.filter {
        return filter.clone();
    }
    let mut filter = Json::new();
    match asked.children {
        None => {}
        Some(Children::Pipeline) => {
            filter.insert("type".to_owned(), json!(["controller"]));
            filter.insert("system_tags".to_owned(), json!(["pipeline"]));
        }
        Some(Children::Report) => {
            filter.insert("type".to_owned(), json!(["report"]));
            filter.insert("system_tags".to_owned(), json!(["reports"]));
        }
        Some(Children::Dataset) => {
            filter.insert("system_tags".to_owned(), json!(["dataset"]));
        }
    }
    if asked.children.is_some() {
        let mut tags = children_tags(asked);
        if let Some(list) = tags.remove("tags") {
            filter.insert("tags".to_owned(), list);
        } else if let Some(condition) = tags.get("filters").and_then(|filters| filters.get("tags")) {
            filter.insert("tags".to_owned(), condition.clone());
        }
    }
    Filter(filter)
}

/// `stats` of each project that has any.
pub(super) fn of(
    snapshot: &Snapshot<'_>,
    asked: &Asked<'_>,
    included: &[(String, String)],
    options: &QueryOptions,
) -> Result<BTreeMap<String, Value>> {
    let filter = in_force(asked);
    if asked.children == Some(Children::Dataset) {
        let Some(request) = filter.request(&PROJECT, true) else { return Ok(BTreeMap::new()) };
        let found = snapshot.dataset_projects(included, &request, options, &asked.active_users)?;
        return Ok(found
            .into_iter()
            .map(|(id, (count, tags))| (id, json!({"datasets": {"count": count, "tags": tags}})))
            .collect());
    }
    let Some(request) = filter.request(&TASK, false) else { return Ok(BTreeMap::new()) };
    let found = snapshot.task_statistics(included, &request, options, &asked.active_users)?;
    Ok(found.into_iter().map(|(id, statistics)| (id, shown(&statistics))).collect())
}

/// `stats` of a project that holds nothing.
pub(super) fn nothing(asked: &Asked<'_>) -> Value {
    match asked.children {
        Some(Children::Dataset) => json!({"datasets": {"count": 0, "tags": []}}),
        _ => shown(&TaskStatistics::default()),
    }
}

fn shown(statistics: &TaskStatistics) -> Value {
    let mut by_status: Map<String, Value> =
        STATUSES.iter().map(|status| ((*status).to_owned(), Value::from(0))).collect();
    let mut total = 0;
    for count in &statistics.by_status {
        total += count.tasks;
        let name = if by_status.contains_key(&count.status) { count.status.as_str() } else { "unknown" };
        if let Some(slot) = by_status.get_mut(name) {
            *slot = (slot.as_i64().unwrap_or_default() + count.tasks).into();
        }
    }
    json!({"active": {
        "status_count": by_status,
        "total_tasks": total,
        "total_runtime": statistics.total_runtime,
        "completed_tasks_24h": statistics.completed_tasks_24h,
        "last_task_run": statistics.last_task_run.map(crate::types::Millis::to_wire),
    }})
}

/// Counts of what lies directly in each project, by the name of the answer's field (spec/projects.md 3.7.5).
pub(super) fn own_contents(
    snapshot: &Snapshot<'_>,
    asked: &Asked<'_>,
    ids: &[String],
    options: &QueryOptions,
) -> Result<Vec<(&'static str, BTreeMap<String, i64>)>> {
    let filter = in_force(asked);
    let users = &asked.active_users;
    if asked.children == Some(Children::Dataset) {
        let own: Vec<(String, String)> = ids.iter().map(|id| (id.clone(), id.clone())).collect();
        let Some(request) = filter.request(&PROJECT, true) else {
            return Ok(vec![("own_datasets", BTreeMap::new())]);
        };
        let found = snapshot.dataset_projects(&own, &request, options, users)?;
        let counts = found.into_iter().map(|(id, (count, _))| (id, count)).collect();
        return Ok(vec![("own_datasets", counts)]);
    }
    let archived = filter.names_archived();
    [("own_tasks", &TASK), ("own_models", &MODEL)]
        .into_iter()
        .map(|(name, collection)| {
            let counts = match filter.request(collection, archived) {
                Some(request) => {
                    snapshot.own_contents(collection, ids, &request, options, archived, users)?
                }
                None => BTreeMap::new(),
            };
            Ok((name, counts))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(value: Value) -> Filter {
        Filter::read(Some(&value)).unwrap().unwrap()
    }

    #[test]
    fn filters_are_checked() {
        for bad in
            [json!({"type": []}), json!({"type": {}}), json!({"type": "x"}), json!({"type": [1]}), json!([])]
        {
            assert_eq!(Filter::read(Some(&bad)).unwrap_err().kind(), ErrorKind::ValidationError, "{bad}");
        }
        assert!(Filter::read(Some(&json!({}))).unwrap().is_none());
    }

    #[test]
    fn what_is_said_about_archived_is_replaced() {
        let read = filter(json!({"system_tags": ["a", "__$not", "archived", "-archived"]}));
        assert_eq!(Value::Object(read.request(&TASK, false).unwrap()), json!({"system_tags": ["a"]}));
        assert!(read.names_archived());
        let read = filter(json!({"system_tags": {"all": {"exclude": ["archived", "x"]}}}));
        assert_eq!(
            Value::Object(read.request(&TASK, false).unwrap()),
            json!({"filters": {"system_tags": {"all": {"exclude": ["x"]}}}})
        );
    }

    #[test]
    fn a_field_that_models_lack_matches_none_of_them() {
        assert!(filter(json!({"type": ["controller"]})).request(&MODEL, false).is_none());
        assert!(filter(json!({"type": ["-controller"]})).request(&MODEL, false).is_some());
    }
}
