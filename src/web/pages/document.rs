//! Reading documents for pages: short ways to their fields.

use jiff::SignedDuration;
use serde_json::Value;

use crate::{
    types::{Json, Millis},
    web::{
        render::time::When,
        view::{kit::Person, status::Status},
    },
};

/// The value at a dotted path.
pub(super) fn at<'a>(document: &'a Json, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let mut value = document.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value)
}

/// Text at a path; empty when absent.
pub(super) fn text(document: &Json, path: &str) -> String {
    at(document, path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Texts of a list.
pub(super) fn texts(document: &Json, path: &str) -> Vec<String> {
    let list = at(document, path).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// A moment at a path.
pub(super) fn when(document: &Json, path: &str) -> Option<When> {
    let text = at(document, path)?.as_str()?;
    Millis::parse_lenient(text).map(|at| When(at.0))
}

/// A person's name at a path.
pub(super) fn person(document: &Json, path: &str) -> Option<Person> {
    let name = text(document, &format!("{path}.name"));
    (!name.is_empty()).then(|| Person::named(name))
}

/// State of a task.
pub(super) fn status(document: &Json) -> Status {
    Status::from_wire(&text(document, "status"))
}

/// How long a task ran: from start to end, or as far as it reported.
pub(super) fn time_run(document: &Json) -> Option<SignedDuration> {
    let started = when(document, "started")?;
    match when(document, "completed") {
        Some(end) if end >= started => Some(SignedDuration::from_millis(end.0 - started.0)),
        _ => at(document, "active_duration").and_then(Value::as_i64).map(SignedDuration::from_secs),
    }
}

/// Last iteration, when anything was reported.
pub(super) fn iteration(document: &Json) -> Option<u64> {
    at(document, "last_iteration").and_then(Value::as_u64).filter(|iteration| *iteration > 0)
}
