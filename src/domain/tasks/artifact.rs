//! One artifact: checked, and in the form it is stored in (protocol: spec/tasks.md 7). Pure.

use serde_json::Value;

use crate::types::{Json, Result};

use super::items::{list, misshapen, object, text, unusable, whole};

/// A list of artifacts: each (key, mode) once, the later one wins; sorted by key.
pub(super) fn artifacts(value: &Value, field: &str) -> Result<Vec<Value>> {
    let mut stored = Vec::new();
    for value in list(value, field)? {
        put_artifact(&mut stored, artifact(value, field)?);
    }
    Ok(stored)
}

/// Adds an artifact in the place of the one with the same key and mode, and keeps the list sorted by key.
pub(super) fn put_artifact(stored: &mut Vec<Value>, artifact: Value) {
    stored.retain(|known| artifact_id(known) != artifact_id(&artifact));
    stored.push(artifact);
    stored.sort_by(|a, b| artifact_id(a).0.cmp(artifact_id(b).0));
}

/// Key and mode.
pub(super) fn artifact_id(artifact: &Value) -> (&str, &str) {
    let member = |name: &str| artifact.get(name).and_then(Value::as_str);
    (member("key").unwrap_or_default(), member("mode").unwrap_or("output"))
}

/// `input` or `output`.
pub(super) fn mode<'a>(value: Option<&'a Value>, field: &str) -> Result<&'a str> {
    match value {
        None | Some(Value::Null) => Ok("output"),
        Some(value) => match text(value, field)? {
            mode @ ("input" | "output") => Ok(mode),
            _ => Err(misshapen(field, "must be input or output")),
        },
    }
}

fn artifact(value: &Value, field: &str) -> Result<Value> {
    let members = object(value, field)?;
    let mut stored = Json::new();
    let key =
        members.get("key").filter(|key| !key.is_null()).ok_or_else(|| misshapen(field, "needs a key"))?;
    stored.insert("key".into(), text(key, &format!("{field}.key"))?.into());
    if members.get("type").is_none_or(Value::is_null) {
        return Err(unusable(field, "needs a type"));
    }
    stored.insert("mode".into(), mode(members.get("mode"), &format!("{field}.mode"))?.into());
    for (member, value) in members {
        let at = format!("{field}.{member}");
        let value = match (member.as_str(), value) {
            ("key" | "mode", _) => continue,
            (
                "type" | "uri" | "hash" | "content_size" | "timestamp" | "type_data" | "display_data",
                Value::Null,
            ) => continue,
            ("type" | "uri" | "hash", value) => text(value, &at)?.into(),
            ("content_size" | "timestamp", value) => whole(value, &at)?.into(),
            ("type_data", value) => type_data(value, &at)?,
            ("display_data", value) => display_data(value, &at)?,
            _ => return Err(misshapen(field, &format!("has an unknown member {member}"))),
        };
        stored.insert(member.clone(), value);
    }
    Ok(Value::Object(stored))
}

fn type_data(value: &Value, field: &str) -> Result<Value> {
    let mut stored = Json::new();
    for (member, value) in object(value, field)? {
        if !["preview", "content_type", "data_hash"].contains(&member.as_str()) {
            return Err(misshapen(field, &format!("has an unknown member {member}")));
        }
        if !value.is_null() {
            stored.insert(member.clone(), text(value, &format!("{field}.{member}"))?.into());
        }
    }
    Ok(Value::Object(stored))
}

/// Rows of cells, in ascending order; cells of unlike kinds are compared as text.
fn display_data(value: &Value, field: &str) -> Result<Value> {
    let mut rows = Vec::new();
    for row in list(value, field)? {
        let row = list(row, field)?;
        if row.iter().any(|cell| cell.is_array() || cell.is_object() || cell.is_boolean()) {
            return Err(misshapen(field, "holds rows of texts and numbers"));
        }
        rows.push(row.to_vec());
    }
    let comparable = |cell: &Value| cell.is_string() as u8 + 2 * cell.is_number() as u8;
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let alike = (0..width).all(|column| {
        let mut kinds = rows.iter().filter_map(|row| row.get(column)).map(comparable);
        let first = kinds.next();
        first != Some(0) && kinds.all(|kind| Some(kind) == first)
    });
    let as_text = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    rows.sort_by(|a, b| {
        let by_cell = a.iter().zip(b).map(|(a, b)| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) if alike => a.total_cmp(&b),
            _ => as_text(a).cmp(&as_text(b)),
        });
        by_cell.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(a.len().cmp(&b.len()))
    });
    Ok(rows.into_iter().map(Value::Array).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::types::ErrorKind;

    fn refused<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn artifacts_are_identified_by_key_and_mode() {
        let stored = artifacts(
            &json!([
                {"key": "b", "type": "t", "content_size": "7", "timestamp": 12.7},
                {"key": "a", "type": "t", "mode": "input"},
                {"key": "a", "type": "old"},
                {"key": "a", "type": "new", "uri": null},
            ]),
            "artifacts",
        )
        .unwrap();
        assert_eq!(
            Value::Array(stored),
            json!([
                {"key": "a", "mode": "input", "type": "t"},
                {"key": "a", "mode": "output", "type": "new"},
                {"key": "b", "mode": "output", "type": "t", "content_size": 7, "timestamp": 12},
            ])
        );
        for (bad, kind) in [
            (json!([{"type": "t"}]), ErrorKind::ValidationError),
            (json!([{"key": "k"}]), ErrorKind::DataValidationError),
            (json!([{"key": "k", "type": "t", "mode": "x"}]), ErrorKind::ValidationError),
            (json!([{"key": "k", "type": "t", "foo": 1}]), ErrorKind::ValidationError),
            (json!({}), ErrorKind::ValidationError),
        ] {
            assert_eq!(refused(artifacts(&bad, "artifacts")), kind, "{bad}");
        }
    }

    #[test]
    fn display_data_is_sorted() {
        let sorted = |rows: Value| display_data(&rows, "display_data").unwrap();
        assert_eq!(sorted(json!([["b", 10], ["b", 9], ["a", 1]])), json!([["a", 1], ["b", 9], ["b", 10]]));
        assert_eq!(sorted(json!([["b", "x"], [1, 2]])), json!([[1, 2], ["b", "x"]]));
        assert_eq!(sorted(json!([])), json!([]));
    }
}
