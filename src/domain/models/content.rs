//! What a model may hold: labels, metadata, names (spec/models.md 1.1, 3.1, 3.2). Pure.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::wrong;
use crate::types::{ApiError, ErrorKind, Json, Result};

/// Fewest characters of a model's name.
const SHORTEST: usize = 3;

/// A trimmed name.
///
/// Errors: 400/800 too short.
pub(super) fn name_of(name: &str) -> Result<String> {
    let name = name.trim();
    if name.chars().count() < SHORTEST {
        let text = format!("a model's name needs at least {SHORTEST} characters");
        return Err(ApiError::new(ErrorKind::DataValidationError, text).with("field", "name"));
    }
    Ok(name.to_owned())
}

/// How strictly labels are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// Of a new model: numbers are unique, and a text is an error of the data.
    New,
    /// Of an existing model: only types are checked.
    Changed,
}

/// Labels: names with whole numbers.
///
/// Errors: 400/12 null, fractions, containers; 400/800 as [`Labels`] says.
pub(super) fn labels_of(value: Option<&Value>, rule: Labels) -> Result<Json> {
    let refused = |text: &str| ApiError::new(ErrorKind::DataValidationError, text).with("field", "labels");
    let labels = match value {
        None | Some(Value::Null) => return Ok(Json::new()),
        Some(Value::Object(labels)) => labels,
        Some(_) => return Err(wrong("labels", "labels must be an object of names and whole numbers")),
    };
    let mut seen = HashSet::new();
    for (name, value) in labels {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(number) if rule == Labels::New && number != 0 && !seen.insert(number) => {
                    return Err(refused("two labels have the same number"));
                }
                Some(_) => {}
                None => return Err(wrong("labels", "labels need whole numbers")),
            },
            Value::String(_) if rule == Labels::New => return Err(refused("labels need whole numbers")),
            _ => return Err(wrong("labels", "labels need whole numbers")),
        }
        if rule == Labels::New && name.starts_with('$') {
            return Err(refused("a label's name can't start with $"));
        }
    }
    Ok(labels.clone())
}

/// A free object; null and absent are empty.
///
/// Errors: 400/12.
pub(super) fn object_of(field: &str, value: Option<&Value>) -> Result<Json> {
    match value {
        None | Some(Value::Null) => Ok(Json::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(_) => Err(wrong(field, "must be an object")),
    }
}

fn key_of(key: &str) -> Result<String> {
    let key = key.trim();
    if key.is_empty() {
        return Err(wrong("metadata", "a metadata key must not be empty"));
    }
    Ok(key.to_owned())
}

fn item_of(item: &Value) -> Result<Value> {
    let text = |name: &str| {
        item.get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| wrong("metadata", &format!("a metadata item needs {name} as text")))
    };
    Ok(json!({"key": text("key")?, "type": text("type")?, "value": text("value")?}))
}

/// Metadata as a map of key to item. Keys are trimmed, items stay as sent.
///
/// Errors: 400/12.
pub(crate) fn metadata_of(value: Option<&Value>) -> Result<Json> {
    let map = match value {
        None | Some(Value::Null) => return Ok(Json::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(wrong("metadata", "metadata must be an object of items")),
    };
    map.iter().map(|(key, item)| Ok((key_of(key)?, item_of(item)?))).collect()
}

/// Metadata as a list of items, as the calls send it that change single keys.
///
/// Errors: 400/12 empty, or malformed items.
pub(crate) fn metadata_items(items: &[Value]) -> Result<Json> {
    if items.is_empty() {
        return Err(wrong("metadata", "name at least one item"));
    }
    items
        .iter()
        .map(|item| {
            let item = item_of(item)?;
            let key = item.get("key").and_then(Value::as_str).unwrap_or_default();
            Ok((key_of(key)?, item))
        })
        .collect()
}

/// Keys of metadata to delete.
///
/// Errors: 400/12 none.
pub(crate) fn metadata_keys(keys: &[String]) -> Result<Vec<String>> {
    if keys.is_empty() {
        return Err(wrong("keys", "name at least one key"));
    }
    keys.iter().map(|key| key_of(key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(result: Result<Json>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn labels_of_new_models_are_unique() {
        let new = |value: Value| labels_of(Some(&value), Labels::New);
        assert!(new(json!({"a": 0, "b": 0, "c": 1})).is_ok());
        assert_eq!(kind(new(json!({"a": 1, "b": 1}))), ErrorKind::DataValidationError);
        assert_eq!(kind(new(json!({"a": "x"}))), ErrorKind::DataValidationError);
        assert_eq!(kind(new(json!({"$a": 1}))), ErrorKind::DataValidationError);
        assert_eq!(kind(new(json!({"a": null}))), ErrorKind::ValidationError);
        assert_eq!(kind(new(json!({"a": 1.5}))), ErrorKind::ValidationError);
        let changed = |value: Value| labels_of(Some(&value), Labels::Changed);
        assert!(changed(json!({"a": 1, "b": 1})).is_ok());
        assert_eq!(kind(changed(json!({"a": "x"}))), ErrorKind::ValidationError);
    }

    #[test]
    fn metadata_keys_are_trimmed_and_items_checked() {
        let item = json!({"key": " sp ", "type": "str", "value": "1"});
        let read = metadata_of(Some(&json!({" sp ": item}))).unwrap();
        assert_eq!(Value::Object(read), json!({"sp": {"key": " sp ", "type": "str", "value": "1"}}));
        for bad in [json!([]), json!({" ": item}), json!({"a": {"key": "a", "type": "t"}}), json!({"a": 1})] {
            assert_eq!(kind(metadata_of(Some(&bad))), ErrorKind::ValidationError, "{bad}");
        }
        assert_eq!(kind(metadata_items(&[])), ErrorKind::ValidationError);
    }
}
