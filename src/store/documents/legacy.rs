//! Old forms of documents for old versions of the API (protocol: spec/tasks.md 8.5; spec/models.md 1.4).

use serde_json::{Map, Value, json};

use crate::store::query::{Collection, Entity};
use crate::types::{Json, Version};

/// Adds what a client of this version expects beside the present form. Current documents stay as they are.
pub fn for_version(collection: &Collection, document: &mut Json, version: Version) {
    if collection.entity == Entity::Task && version < Version::new(2, 9) {
        parameters(document);
    }
    if collection.entity == Entity::Task && version < Version::new(2, 13) {
        models_and_container(document);
    }
    if collection.entity == Entity::Model
        && version <= Version::new(2, 16)
        && let Some(metadata) = document.get_mut("metadata")
    {
        *metadata = json!([]);
    }
    if version < Version::new(2, 3) {
        tags(document);
    }
}

fn member<'a>(document: &'a mut Json, name: &str) -> Option<&'a mut Json> {
    document.entry(name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// Legacy-typed items of a map of items: name and value.
fn legacy_items(items: &Value) -> impl Iterator<Item = (&str, &Value)> {
    items.as_object().into_iter().flatten().filter_map(|(name, item)| {
        let legacy = item.get("type").and_then(Value::as_str) == Some("legacy");
        Some((item.get("name").and_then(Value::as_str).unwrap_or(name), item.get("value")?))
            .filter(|_| legacy)
    })
}

fn parameters(document: &mut Json) {
    let mut parameters = Map::new();
    for (section, items) in document.get("hyperparams").and_then(Value::as_object).into_iter().flatten() {
        for (name, value) in legacy_items(items) {
            let full = if section == "TF_DEFINE" { format!("TF_DEFINE/{name}") } else { name.to_owned() };
            parameters.insert(full, value.clone());
        }
    }
    let mut descriptions = Map::new();
    if let Some(items) = document.get("configuration") {
        descriptions.extend(legacy_items(items).map(|(name, value)| (name.to_owned(), value.clone())));
    }
    for (name, values) in [("parameters", parameters), ("model_desc", descriptions)] {
        if !values.is_empty()
            && let Some(execution) = member(document, "execution")
        {
            execution.insert(name.to_owned(), Value::Object(values));
        }
    }
}

fn models_and_container(document: &mut Json) {
    let link = |list: &str, last: bool| {
        let links = document.get("models")?.get(list)?.as_array()?;
        let link = if last { links.last() } else { links.first() };
        link?.get("model").cloned()
    };
    let (input, output) = (link("input", false), link("output", true));
    let text = |key: &str| {
        document.get("container").and_then(|container| container.get(key)).and_then(Value::as_str)
    };
    let command = text("image")
        .filter(|image| !image.is_empty())
        .map(|image| format!("{image} {}", text("arguments").unwrap_or_default()).trim_end().to_owned());
    if let (Some(input), Some(execution)) = (input, member_if(document, "execution")) {
        execution.insert("model".to_owned(), input);
    }
    if let (Some(result), Some(output_section)) = (output, member_if(document, "output")) {
        output_section.insert("model".to_owned(), result);
    }
    if let (Some(command), Some(execution)) = (command, member(document, "execution")) {
        execution.insert("docker_cmd".to_owned(), command.into());
    }
}

fn member_if<'a>(document: &'a mut Json, name: &str) -> Option<&'a mut Json> {
    document.get_mut(name).and_then(Value::as_object_mut)
}

fn tags(document: &mut Json) {
    let Some(Value::Array(system)) = document.get("system_tags") else { return };
    let mut union = system.clone();
    let Some(Value::Array(tags)) = document.get_mut("tags") else { return };
    union.retain(|tag| !tags.contains(tag));
    tags.append(&mut union);
    tags.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::store::query::{MODEL, TASK};

    fn task(version: Version) -> Value {
        let Value::Object(mut document) = json!({
            "execution": {"parameters": {}},
            "output": {},
            "tags": ["x", "b"],
            "system_tags": ["archived", "b"],
            "models": {"input": [{"model": "m1"}, {"model": "m2"}], "output": [{"model": "m3"}, {"model": "m4"}]},
            "container": {"image": "img", "arguments": "-e A=1"},
            "hyperparams": {
                "Args": {"lr": {"name": "lr", "value": "1", "type": "legacy"}, "x": {"name": "x", "value": "2"}},
                "TF_DEFINE": {"d": {"name": "d", "value": "3", "type": "legacy"}},
            },
            "configuration": {"c": {"name": "c", "value": "text", "type": "legacy"}},
        }) else {
            panic!()
        };
        for_version(&TASK, &mut document, version);
        Value::Object(document)
    }

    #[test]
    fn each_version_sees_its_own_forms() {
        let old = task(Version::new(2, 2));
        assert_eq!(old["execution"]["parameters"], json!({"lr": "1", "TF_DEFINE/d": "3"}));
        assert_eq!(old["execution"]["model_desc"], json!({"c": "text"}));
        assert_eq!(old["execution"]["model"], "m1");
        assert_eq!(old["output"]["model"], "m4");
        assert_eq!(old["execution"]["docker_cmd"], "img -e A=1");
        assert_eq!(old["tags"], json!(["archived", "b", "x"]));
        let middle = task(Version::new(2, 9));
        assert_eq!(middle["execution"]["parameters"], json!({}));
        assert_eq!(middle["execution"]["docker_cmd"], "img -e A=1");
        assert_eq!(middle["tags"], json!(["x", "b"]));
        let new = task(Version::new(2, 13));
        assert_eq!(new["execution"], json!({"parameters": {}}));
        assert_eq!(new["output"], json!({}));
    }

    #[test]
    fn old_clients_get_no_metadata() {
        let mut model = Map::from_iter([("metadata".to_owned(), json!({"a": {}}))]);
        for_version(&MODEL, &mut model, Version::new(2, 17));
        assert_eq!(model["metadata"], json!({"a": {}}));
        for_version(&MODEL, &mut model, Version::new(2, 16));
        assert_eq!(model["metadata"], json!([]));
    }
}
