//! The schema files, looked up without parsing more than asked for.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::check::Schema;
use crate::types::{Json, Version};

#[derive(Deserialize)]
struct Service {
    definitions: Box<RawValue>,
    endpoints: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    request: Option<Value>,
    #[serde(default)]
    batch_request: Option<Value>,
    #[serde(default)]
    response: Option<Value>,
}

/// Facts of the protocol, service by service.
static SOURCE: LazyLock<BTreeMap<String, Service>> =
    LazyLock::new(|| serde_json::from_str(include_str!("endpoints.json")).unwrap_or_default());

/// Fields that Roundhouse takes beyond them: `service.action.field`.
static EXTRA: LazyLock<BTreeMap<String, BTreeMap<String, Json>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("extra.json")).unwrap_or_default());

static COMPILED: LazyLock<Mutex<HashMap<String, Option<Arc<Schema>>>>> = LazyLock::new(Mutex::default);

/// Service and action of every endpoint that a schema is written down for.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SOURCE.iter().flat_map(|(service, entries)| {
        entries.endpoints.keys().map(move |action| (service.as_str(), action.as_str()))
    })
}

/// Versions for which a schema of `service.action` is written down, oldest first.
pub fn versions(name: &str) -> Vec<Version> {
    let mut versions: Vec<Version> = split(name)
        .and_then(|(service, action)| SOURCE.get(service)?.endpoints.get(action))
        .into_iter()
        .flat_map(|entries| entries.keys().filter_map(|version| version.parse().ok()))
        .collect();
    versions.sort();
    versions
}

fn split(name: &str) -> Option<(&str, &str)> {
    name.split_once('.')
}

fn entry(name: &str) -> Option<(Entry, Json)> {
    let (service, action) = split(name)?;
    let service = SOURCE.get(service)?;
    let (_, raw) =
        service.endpoints.get(action)?.iter().max_by_key(|(version, _)| version.parse::<Version>().ok())?;
    Some((
        serde_json::from_str(raw.get()).ok()?,
        serde_json::from_str(service.definitions.get()).unwrap_or_default(),
    ))
}

/// The newest request schema as JSON with references resolved, and the extra fields added.
pub fn request_json(name: &str) -> Option<Value> {
    let extra = split(name).and_then(|(service, action)| EXTRA.get(service)?.get(action));
    let mut schema = match entry(name) {
        Some((entry, definitions)) => {
            let schema = entry
                .request
                .or(entry.batch_request)
                .unwrap_or_else(|| serde_json::json!({"type": "object"}));
            resolve(schema, &definitions, 0)
        }
        None if extra.is_some() => serde_json::json!({"type": "object"}),
        None => return None,
    };
    if let (Some(extra), Value::Object(map)) = (extra, &mut schema) {
        let properties = map.entry("properties").or_insert_with(|| Value::Object(Json::new()));
        if let Value::Object(properties) = properties {
            properties.extend(extra.clone());
        }
    }
    Some(schema)
}

/// The newest response schema as JSON with references resolved.
pub fn response_json(name: &str) -> Option<Value> {
    let (entry, definitions) = entry(name)?;
    Some(resolve(entry.response?, &definitions, 0))
}

/// The newest request schema, compiled.
pub fn request(name: &str) -> Option<Arc<Schema>> {
    if let Some(known) = COMPILED.lock().get(name) {
        return known.clone();
    }
    let compiled = request_json(name).map(|json| Arc::new(Schema::compile(&json)));
    COMPILED.lock().insert(name.to_owned(), compiled.clone());
    compiled
}

/// Replaces `$ref` by what it names. Definitions that contain themselves end in an open object.
fn resolve(value: Value, definitions: &Json, depth: usize) -> Value {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref") {
                let name = target.rsplit('/').next().unwrap_or_default();
                return match definitions.get(name) {
                    Some(found) if depth < 12 => resolve(found.clone(), definitions, depth + 1),
                    _ => serde_json::json!({"type": "object"}),
                };
            }
            Value::Object(map.into_iter().map(|(k, v)| (k, resolve(v, definitions, depth))).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|v| resolve(v, definitions, depth)).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_compiles_and_no_reference_stays() {
        let mut count = 0;
        for (service, entries) in SOURCE.iter() {
            for action in entries.endpoints.keys() {
                let name = format!("{service}.{action}");
                let json = request_json(&name).unwrap();
                assert!(!json.to_string().contains("$ref"), "{name}");
                assert!(request(&name).is_some());
                count += 1;
            }
        }
        assert!(count > 200, "{count}");
    }
}
