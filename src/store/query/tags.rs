//! Tags of clients before 2.3, who knew one list only (protocol: spec/protocol.md 5.11).

use std::borrow::Cow;

use serde_json::Value;

use crate::types::{Json, Version};

use super::schema::Collection;

/// First version with a list of system tags of its own.
pub(crate) const SPLIT: Version = Version::new(2, 3);

/// Splits `tags` of an old request without `system_tags` into both lists. Serves filters and documents alike.
pub fn modern<'a>(collection: &Collection, request: &'a Json, version: Version) -> Cow<'a, Json> {
    let given = |key: &str| request.get(key).filter(|value| !value.is_null());
    if version >= SPLIT || given("system_tags").is_some() {
        return Cow::Borrowed(request);
    }
    let Some(tags) = given("tags") else { return Cow::Borrowed(request) };
    let tags = match tags {
        Value::Array(items) => items.clone(),
        single => vec![single.clone()],
    };
    let (system, own): (Vec<Value>, Vec<Value>) =
        tags.into_iter().partition(|tag| tag.as_str().is_some_and(|tag| is_system(collection, tag)));
    if system.is_empty() {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    request.insert("tags".to_owned(), Value::Array(own));
    request.insert("system_tags".to_owned(), Value::Array(system));
    Cow::Owned(request)
}

fn is_system(collection: &Collection, tag: &str) -> bool {
    let tag = tag.strip_prefix('-').unwrap_or(tag);
    collection.old_system_tags.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => tag.to_lowercase().starts_with(prefix),
        None => *known == tag,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::super::collections::{MODEL, TASK};
    use super::*;

    fn split(collection: &Collection, version: Version, request: Value) -> Value {
        let Value::Object(request) = request else { panic!() };
        Value::Object(modern(collection, &request, version).into_owned())
    }

    #[test]
    fn system_tags_are_recognised_for_old_clients_only() {
        let old = Version::new(2, 2);
        let request = json!({"tags": ["-archived", "x", "Annotated1", "development"]});
        assert_eq!(
            split(&TASK, old, request.clone()),
            json!({"tags": ["x"], "system_tags": ["-archived", "Annotated1", "development"]})
        );
        assert_eq!(split(&TASK, Version::new(2, 3), request.clone()), request);
        assert_eq!(
            split(&MODEL, old, json!({"tags": ["archived", "development"]})),
            json!({"tags": ["development"], "system_tags": ["archived"]})
        );
        let both = json!({"tags": ["archived"], "system_tags": []});
        assert_eq!(split(&TASK, old, both.clone()), both);
    }
}
