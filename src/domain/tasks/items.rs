//! The parts of a task's content one by one: checked, and in the form they are stored in
//! (protocol: spec/tasks.md 2.4, 2.5, 7). Pure.
//!
//! A wrong shape is 400/12, content that no task may hold is 400/800, an unusable list of tags is 400/16.

use serde_json::{Value, json};

use crate::types::{ApiError, ErrorKind, Json, Millis, Result};

/// `400/12`: the field has the wrong shape.
pub(super) fn misshapen(field: &str, must: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, format!("{field} {must}")).with("field", field)
}

/// `400/800`: the shape is right, but no task may hold this.
pub(super) fn unusable(field: &str, must: &str) -> ApiError {
    ApiError::new(ErrorKind::DataValidationError, format!("{field} {must}")).with("field", field)
}

/// An object.
pub(super) fn object<'a>(value: &'a Value, field: &str) -> Result<&'a Json> {
    value.as_object().ok_or_else(|| misshapen(field, "must be an object"))
}

/// A list.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> Result<&'a [Value]> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| misshapen(field, "must be a list"))
}

/// Text.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value.as_str().ok_or_else(|| misshapen(field, "must be text"))
}

/// A trimmed name of at least three characters.
pub(super) fn name(text: &str) -> Result<&str> {
    let name = text.trim();
    if name.chars().count() < 3 {
        return Err(unusable("name", "needs at least 3 characters"));
    }
    Ok(name)
}

/// Types that a task may have (protocol: spec/tasks.md 1.1).
const TYPES: [&str; 12] = [
    "training",
    "testing",
    "inference",
    "data_processing",
    "application",
    "monitor",
    "controller",
    "report",
    "optimizer",
    "service",
    "qc",
    "custom",
];

/// A known type.
pub(in crate::domain) fn kind(text: &str) -> Result<&str> {
    match TYPES.contains(&text) {
        true => Ok(text),
        false => Err(misshapen("type", &format!("must be one of {}", TYPES.join(", ")))),
    }
}

/// A list of tags; duplicates stay.
///
/// Errors: 400/16, also for tags that look like operators of the query language.
pub(super) fn tags(value: &Value, field: &str) -> Result<Vec<String>> {
    let refuse = |text: &str| ApiError::new(ErrorKind::FieldsValueError, text).with("field", field);
    let items = value.as_array().ok_or_else(|| refuse("tags are a list of texts"))?;
    items
        .iter()
        .map(|item| match item.as_str() {
            None => Err(refuse("every tag must be text")),
            Some(tag) if tag.starts_with("__$") => Err(refuse("a tag can't start with __$")),
            Some(tag) => Ok(tag.to_owned()),
        })
        .collect()
}

/// A key of a map that people name: trimmed, not empty.
fn key(text: &str, field: &str) -> Result<String> {
    match text.trim() {
        "" => Err(misshapen(field, "has an empty key")),
        key => Ok(key.to_owned()),
    }
}

/// How strictly items are looked at: `tasks.validate` takes incomplete ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    /// Required members must be there.
    Required,
    /// They may be missing.
    Optional,
}

/// One item of hyper-parameters or configuration: known members, all text, nulls dropped.
fn item(value: &Value, field: &str, required: &[&str], completeness: Completeness) -> Result<Value> {
    const OPTIONAL: [&str; 2] = ["type", "description"];
    let mut stored = Json::new();
    for (member, value) in object(value, field)? {
        if !required.contains(&member.as_str()) && !OPTIONAL.contains(&member.as_str()) {
            return Err(misshapen(field, &format!("has an unknown member {member}")));
        }
        match value {
            Value::Null => {}
            Value::String(_) => {
                stored.insert(member.clone(), value.clone());
            }
            _ => return Err(unusable(&format!("{field}.{member}"), "must be text")),
        }
    }
    let missing = required.iter().find(|member| !stored.contains_key(**member));
    match missing.filter(|_| completeness == Completeness::Required) {
        Some(missing) => Err(unusable(&format!("{field}.{missing}"), "is required")),
        None => Ok(Value::Object(stored)),
    }
}

/// `hyperparams`: sections of named items.
pub(super) fn hyperparams(value: &Value, completeness: Completeness) -> Result<Json> {
    let mut sections = Json::new();
    for (section, items) in object(value, "hyperparams")? {
        let at = format!("hyperparams.{section}");
        let mut stored = Json::new();
        for (name, value) in object(items, &at)? {
            let item = item(value, &format!("{at}.{name}"), &["section", "name", "value"], completeness)?;
            stored.insert(key(name, &at)?, item);
        }
        sections.insert(key(section, "hyperparams")?, Value::Object(stored));
    }
    Ok(sections)
}

/// `configuration`: named items.
pub(super) fn configuration(value: &Value, completeness: Completeness) -> Result<Json> {
    let mut stored = Json::new();
    for (name, value) in object(value, "configuration")? {
        let item = item(value, &format!("configuration.{name}"), &["name", "value"], completeness)?;
        stored.insert(key(name, "configuration")?, item);
    }
    Ok(stored)
}

/// `container`: texts or nulls.
pub(super) fn container(value: &Value) -> Result<Json> {
    let mut stored = Json::new();
    for (name, value) in object(value, "container")? {
        if !value.is_string() && !value.is_null() {
            return Err(unusable(&format!("container.{name}"), "must be text"));
        }
        stored.insert(key(name, "container")?, value.clone());
    }
    Ok(stored)
}

/// `execution.model_labels`: whole numbers or nulls, each number but 0 once.
pub(super) fn model_labels(value: &Value) -> Result<Json> {
    const FIELD: &str = "execution.model_labels";
    let mut stored = Json::new();
    let mut seen = std::collections::HashSet::new();
    for (label, value) in object(value, FIELD)? {
        let number = match value {
            Value::Null => None,
            value => Some(
                value
                    .as_i64()
                    .or_else(|| {
                        value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)
                    })
                    .ok_or_else(|| unusable(&format!("{FIELD}.{label}"), "must be a whole number"))?,
            ),
        };
        if let Some(number) = number.filter(|number| *number != 0)
            && !seen.insert(number)
        {
            return Err(unusable(FIELD, &format!("uses the number {number} twice")));
        }
        stored.insert(key(label, FIELD)?, json!(number));
    }
    Ok(stored)
}

/// `script`: known members, texts trimmed but for the diff. Nulls stay: they unset a member when merged.
pub(super) fn script(value: &Value) -> Result<Json> {
    let mut stored = Json::new();
    for (member, value) in object(value, "script")? {
        let at = format!("script.{member}");
        let value = match (member.as_str(), value) {
            (
                "binary" | "repository" | "tag" | "branch" | "version_num" | "entry_point" | "working_dir"
                | "requirements" | "diff",
                Value::Null,
            ) => Value::Null,
            ("requirements", value) => Value::Object(object(value, &at)?.clone()),
            ("diff", value) => text(value, &at)?.into(),
            (
                "binary" | "repository" | "tag" | "branch" | "version_num" | "entry_point" | "working_dir",
                value,
            ) => text(value, &at)?.trim().into(),
            _ => return Err(misshapen("script", &format!("has an unknown member {member}"))),
        };
        stored.insert(member.clone(), value);
    }
    Ok(stored)
}

/// A list of links to models, made now.
pub(super) fn links(value: &Value, field: &str, now: Millis) -> Result<Vec<Value>> {
    list(value, field)?
        .iter()
        .map(|link| {
            let members = object(link, field)?;
            if let Some(unknown) =
                members.keys().find(|name| !["name", "model", "updated"].contains(&name.as_str()))
            {
                return Err(misshapen(field, &format!("has an unknown member {unknown}")));
            }
            let member =
                |name: &str| text(members.get(name).unwrap_or(&Value::Null), &format!("{field}.{name}"));
            Ok(link_to(member("name")?, member("model")?, now))
        })
        .collect()
}

/// A link as stored.
pub(super) fn link_to(name: &str, model: &str, now: Millis) -> Value {
    json!({"name": name, "model": model, "updated": now.0})
}

/// A whole number; fractions are cut off, digits in text count.
pub(super) fn whole(value: &Value, field: &str) -> Result<i64> {
    let number = match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 9.2e18).map(|n| n.trunc() as i64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| misshapen(field, "must be a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn names_are_trimmed_and_long_enough() {
        assert_eq!(name("  abcd ").unwrap(), "abcd");
        assert_eq!(refused(name("  ab ")), ErrorKind::DataValidationError);
        assert_eq!(kind("report").unwrap(), "report");
        assert_eq!(refused(kind("nope")), ErrorKind::ValidationError);
    }

    #[test]
    fn tags_are_lists_of_plain_texts() {
        assert_eq!(tags(&json!(["z", "a", "z"]), "tags").unwrap(), ["z", "a", "z"]);
        for bad in [json!(5), json!("abc"), json!(["a", 5]), json!([null]), json!(["__$x"])] {
            assert_eq!(refused(tags(&bad, "tags")), ErrorKind::FieldsValueError, "{bad}");
        }
    }

    #[test]
    fn hyperparameters_are_complete_texts_under_any_key() {
        let item = json!({"section": "a.b", "name": "$x__y", "value": "", "type": null});
        let stored = hyperparams(&json!({" a.b ": {"$x__y": item}}), Completeness::Required).unwrap();
        assert_eq!(stored["a.b"]["$x__y"], json!({"section": "a.b", "name": "$x__y", "value": ""}));
        for (bad, kind) in [
            (json!([]), ErrorKind::ValidationError),
            (json!({"A": "text"}), ErrorKind::ValidationError),
            (json!({" ": {}}), ErrorKind::ValidationError),
            (json!({"A": {"": {"section": "A", "name": "", "value": ""}}}), ErrorKind::ValidationError),
            (json!({"A": {"x": {"section": "A", "name": "x", "value": 5}}}), ErrorKind::DataValidationError),
            (json!({"A": {"x": {"section": "A", "name": "x"}}}), ErrorKind::DataValidationError),
            (
                json!({"A": {"x": {"section": "A", "name": "x", "value": "", "z": "1"}}}),
                ErrorKind::ValidationError,
            ),
        ] {
            assert_eq!(refused(hyperparams(&bad, Completeness::Required)), kind, "{bad}");
        }
        assert!(hyperparams(&json!({"A": {"x": {}}}), Completeness::Optional).is_ok());
    }

    #[test]
    fn containers_and_labels() {
        assert_eq!(container(&json!({" image ": "i", "arguments": null})).unwrap().len(), 2);
        assert_eq!(refused(container(&json!("image"))), ErrorKind::ValidationError);
        assert_eq!(refused(container(&json!({"image": 5}))), ErrorKind::DataValidationError);
        assert_eq!(
            Value::Object(model_labels(&json!({"a": 0, "b": 0, "c": 1.0, "d": null})).unwrap()),
            json!({"a": 0, "b": 0, "c": 1, "d": null})
        );
        assert_eq!(refused(model_labels(&json!({"a": 1, "b": 1}))), ErrorKind::DataValidationError);
        assert_eq!(refused(model_labels(&json!({"a": "1"}))), ErrorKind::DataValidationError);
    }

    #[test]
    fn scripts_have_known_members() {
        let stored = script(
            &json!({"branch": " main ", "diff": " d\n", "binary": null, "requirements": {"pip": "x"}}),
        );
        assert_eq!(
            Value::Object(stored.unwrap()),
            json!({"branch": "main", "diff": " d\n", "binary": null, "requirements": {"pip": "x"}})
        );
        for bad in [json!("x"), json!({"foo": 1}), json!({"branch": 5}), json!({"requirements": []})] {
            assert_eq!(refused(script(&bad)), ErrorKind::ValidationError, "{bad}");
        }
    }
}
