//! Old forms of content in requests, translated to the present ones (protocol: spec/tasks.md 8.4, 8.5). Pure.

use serde_json::{Value, json};

use crate::types::{Json, Result, Version, as_python};

use super::items::{misshapen, object, text};

/// From this version on, models and container have fields of their own.
const OWN_FIELDS: Version = Version::new(2, 13);

/// Section of command-line arguments, and of every old parameter without another.
const ARGS: &str = "Args";
/// Section of TensorFlow's flags.
const TF_DEFINE: &str = "TF_DEFINE";

/// Type of items that came in an old form.
const LEGACY: &str = "legacy";

/// Old forms found in a request's `execution`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Legacy {
    /// `parameters` as sections of items.
    pub(super) parameters: Option<Json>,
    /// `model_desc` as configuration items.
    pub(super) descriptions: Option<Json>,
    /// `model`: the one input model; empty clears.
    pub(super) model: Option<String>,
    /// `docker_cmd` as container.
    pub(super) container: Option<Json>,
}

/// Reads the old forms of a request of this version.
///
/// Errors: 400/12.
pub(super) fn read(execution: &Json, version: Version) -> Result<Legacy> {
    let given = |name: &str| execution.get(name).filter(|value| !value.is_null());
    let mut legacy = Legacy::default();
    if let Some(parameters) = given("parameters") {
        legacy.parameters = Some(sections(object(parameters, "execution.parameters")?)?);
    }
    if let Some(descriptions) = given("model_desc") {
        let items = object(descriptions, "execution.model_desc")?.iter().map(|(name, value)| {
            (name.clone(), json!({"name": name, "value": as_python(value), "type": LEGACY}))
        });
        legacy.descriptions = Some(items.collect());
    }
    if version < OWN_FIELDS {
        if let Some(model) = given("model") {
            legacy.model = Some(text(model, "execution.model")?.to_owned());
        }
        if let Some(command) = given("docker_cmd") {
            legacy.container = Some(container(text(command, "execution.docker_cmd")?));
        }
    }
    Ok(legacy)
}

/// `image arguments…` split at the first blank.
pub(super) fn container(command: &str) -> Json {
    let (image, arguments) = command.trim().split_once(' ').unwrap_or((command.trim(), ""));
    Json::from_iter([("image".to_owned(), image.into()), ("arguments".to_owned(), arguments.trim().into())])
}

fn sections(parameters: &Json) -> Result<Json> {
    let mut sections = Json::new();
    for (full, value) in parameters {
        let (section, name) = match full.split_once('/') {
            Some((TF_DEFINE, name)) => (TF_DEFINE, name),
            _ => (ARGS, full.as_str()),
        };
        if name.trim().is_empty() {
            return Err(misshapen("execution.parameters", "has an empty name"));
        }
        let item = json!({"section": section, "name": name, "value": as_python(value), "type": LEGACY});
        let items = sections.entry(section).or_insert_with(|| json!({}));
        if let Some(items) = items.as_object_mut() {
            items.insert(name.trim().to_owned(), item);
        }
    }
    Ok(sections)
}

/// Hyper-parameters after old parameters were sent: over the new map when that was sent too, else in the place of
/// the old ones stored.
pub(super) fn with_parameters(sent: Option<Json>, stored: Json, parameters: Json) -> Json {
    let mut sections = sent.unwrap_or_else(|| {
        let mut kept = stored;
        kept.retain(|_, items| {
            let Some(items) = items.as_object_mut() else { return true };
            let before = items.len();
            items.retain(|_, item| !is_legacy(item));
            !items.is_empty() || before == 0
        });
        kept
    });
    for (section, items) in parameters {
        match (sections.get_mut(&section), items) {
            (Some(Value::Object(known)), Value::Object(items)) => known.extend(items),
            (_, items) => {
                sections.insert(section, items);
            }
        }
    }
    sections
}

/// Configuration after old descriptions were sent, likewise.
pub(super) fn with_descriptions(sent: Option<Json>, stored: Json, descriptions: Json) -> Json {
    let mut items = sent.unwrap_or_else(|| {
        let mut kept = stored;
        kept.retain(|_, item| !is_legacy(item));
        kept
    });
    items.extend(descriptions);
    items
}

fn is_legacy(item: &Value) -> bool {
    item.get("type").and_then(Value::as_str) == Some(LEGACY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ErrorKind;

    fn map(value: Value) -> Json {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn old_parameters_become_items() {
        let execution = map(
            json!({"parameters": {"lr": 1, "TF_DEFINE/x": 2, "a/b": true}, "model_desc": {"design": "text"}}),
        );
        let legacy = read(&execution, Version::CURRENT).unwrap();
        let parameters = Value::Object(legacy.parameters.unwrap());
        assert_eq!(
            parameters["Args"]["lr"],
            json!({"section": "Args", "name": "lr", "value": "1", "type": "legacy"})
        );
        assert_eq!(parameters["Args"]["a/b"]["value"], "True");
        assert_eq!(parameters["TF_DEFINE"]["x"]["value"], "2");
        assert_eq!(
            Value::Object(legacy.descriptions.unwrap()),
            json!({"design": {"name": "design", "value": "text", "type": "legacy"}})
        );
        let empty = read(&map(json!({"parameters": {"TF_DEFINE/": 2}})), Version::CURRENT);
        assert_eq!(empty.unwrap_err().kind(), ErrorKind::ValidationError);
    }

    #[test]
    fn models_and_commands_are_old_fields_only() {
        let execution = map(json!({"model": "m1", "docker_cmd": "img -e A=1 b"}));
        assert_eq!(read(&execution, Version::new(2, 13)).unwrap(), Legacy::default());
        let old = read(&execution, Version::new(2, 12)).unwrap();
        assert_eq!(old.model.as_deref(), Some("m1"));
        assert_eq!(Value::Object(old.container.unwrap()), json!({"image": "img", "arguments": "-e A=1 b"}));
        assert_eq!(Value::Object(container("")), json!({"image": "", "arguments": ""}));
        assert_eq!(
            read(&map(json!({"model": 5})), Version::new(2, 5)).unwrap_err().kind(),
            ErrorKind::ValidationError
        );
    }

    #[test]
    fn old_parameters_replace_only_old_ones() {
        let stored = map(json!({
            "Args": {"lr": {"value": "1", "type": "legacy"}, "new": {"value": "2"}},
            "TF_DEFINE": {"x": {"value": "3", "type": "legacy"}},
            "empty": {},
        }));
        let cleared = with_parameters(None, stored.clone(), Json::new());
        assert_eq!(Value::Object(cleared), json!({"Args": {"new": {"value": "2"}}, "empty": {}}));
        let over = with_parameters(
            Some(map(json!({"Args": {"lr": {"value": "9"}}}))),
            stored,
            map(json!({"Args": {"wd": {}}})),
        );
        assert_eq!(Value::Object(over), json!({"Args": {"lr": {"value": "9"}, "wd": {}}}));
        let configuration = map(json!({"a": {"type": "legacy"}, "b": {}}));
        assert_eq!(
            Value::Object(with_descriptions(None, configuration, map(json!({"c": {}})))),
            json!({"b": {}, "c": {}})
        );
    }
}
