//! What a run consists of, as one hash: taken when a task is submitted, so that what runs can be compared with it
//! (spec/security_rules.md S1).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    store::{
        Snapshot,
        tasks::{TaskField, TaskHead},
    },
    types::Result,
};

use super::hyperparams::PROPERTIES;

/// SHA-256, in hex, over script, execution, container, configuration, input models, input artifacts and
/// hyper-parameters without the user's properties.
pub(in crate::domain) fn content_hash(snapshot: &Snapshot<'_>, head: &TaskHead) -> Result<String> {
    let sections = [
        TaskField::Script,
        TaskField::Execution,
        TaskField::Container,
        TaskField::Configuration,
        TaskField::ModelsInput,
        TaskField::Artifacts,
        TaskField::Hyperparams,
    ];
    let [script, execution, container, configuration, mut models, mut artifacts, mut hyperparams] =
        snapshot.task_sections(head, sections)?;
    if let Some(sections) = hyperparams.as_object_mut() {
        sections.remove(PROPERTIES);
    }
    if let Some(artifacts) = artifacts.as_array_mut() {
        artifacts.retain(|artifact| artifact.get("mode") == Some(&json!("input")));
    }
    for link in models.as_array_mut().into_iter().flatten() {
        if let Some(link) = link.as_object_mut() {
            link.remove("updated");
        }
    }
    let mut text = String::new();
    for section in [script, execution, container, configuration, models, artifacts, hyperparams] {
        canonical(&section, &mut text);
        text.push('\n');
    }
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// JSON with the keys of objects in order, so that the hash does not depend on who stored them when.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for key in keys {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(map.get(key).unwrap_or(&Value::Null), out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let text = |value: Value| {
            let mut out = String::new();
            canonical(&value, &mut out);
            out
        };
        assert_eq!(
            text(json!({"a": [1, {"c": 1, "b": null}], "d": "x"})),
            text(json!({"d": "x", "a": [1, {"b": null, "c": 1}]}))
        );
        assert_ne!(text(json!({"a": [1, 2]})), text(json!({"a": [2, 1]})));
    }
}
