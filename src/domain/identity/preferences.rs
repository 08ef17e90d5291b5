//! A person's preferences: a JSON object changed by dotted paths (spec/protocol.md 4.2).

use serde_json::Value;

use crate::{
    domain::Ctx,
    types::{ApiError, ErrorKind, Json, Result},
};

/// Answer of [`set_preferences`].
pub struct PreferencesUpdate {
    /// Whether anything changed.
    pub changed: bool,
    /// The whole object after the change.
    pub preferences: Json,
}

/// The caller's preferences.
///
/// Errors: 400/301 the identity has no profile.
pub fn preferences(ctx: &Ctx<'_>) -> Result<Json> {
    ctx.read(|snapshot| snapshot.preferences(&ctx.caller.user))?.ok_or_else(|| no_profile(ctx))
}

fn no_profile(ctx: &Ctx<'_>) -> ApiError {
    ApiError::new(ErrorKind::InvalidUserId, "this identity has no profile")
        .with("user", ctx.caller.user.as_str())
}

/// Sets each entry at its dotted path, replacing what is there. All or nothing.
///
/// Errors: 400/16 a key that starts with `$`, or a dot below the top level; 400/305 a path that leads through a
/// value; 400/301 no profile.
pub fn set_preferences(ctx: &Ctx<'_>, changes: &Json) -> Result<PreferencesUpdate> {
    for (key, value) in changes {
        check_key(key)?;
        check_nested(value, 0)?;
    }
    ctx.write(|tx| {
        let stored = tx.preferences(&ctx.caller.user)?.ok_or_else(|| no_profile(ctx))?;
        let mut root = Value::Object(stored.clone());
        for (path, value) in changes {
            let parts: Vec<&str> = path.split('.').collect();
            if parts.iter().any(|part| part.is_empty()) {
                return Err(bad_path(path, "a part of the path is empty"));
            }
            set(&mut root, path, &parts, value.clone())?;
        }
        let Value::Object(preferences) = root else { return Err(bad_path("", "not an object")) };
        let changed = preferences != stored;
        if changed {
            tx.set_preferences(&ctx.caller.user, &preferences)?;
        }
        Ok(PreferencesUpdate { changed, preferences })
    })
}

fn bad_path(path: &str, text: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidPreferencesUpdate, text).with("path", path)
}

fn check_key(key: &str) -> Result<()> {
    match key.starts_with('$') {
        true => {
            Err(ApiError::new(ErrorKind::FieldsValueError, "a key must not start with $").with("key", key))
        }
        false => Ok(()),
    }
}

fn check_nested(value: &Value, depth: usize) -> Result<()> {
    if depth > 64 {
        return Err(ApiError::new(ErrorKind::FieldsValueError, "nested too deep"));
    }
    match value {
        Value::Object(map) => map.iter().try_for_each(|(key, value)| {
            check_key(key)?;
            if key.contains('.') {
                let text = "a key below the top level must not contain a dot";
                return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("key", key.as_str()));
            }
            check_nested(value, depth + 1)
        }),
        Value::Array(items) => items.iter().try_for_each(|item| check_nested(item, depth + 1)),
        _ => Ok(()),
    }
}

fn set(at: &mut Value, path: &str, parts: &[&str], value: Value) -> Result<()> {
    let Some((part, rest)) = parts.split_first() else {
        *at = value;
        return Ok(());
    };
    match at {
        Value::Object(map) => {
            let slot = map.entry((*part).to_owned()).or_insert_with(|| Value::Object(Json::new()));
            set(slot, path, rest, value)
        }
        Value::Array(items) => {
            let index: usize = part.parse().map_err(|_| bad_path(path, "a list needs a number here"))?;
            if index >= 10_000 {
                return Err(bad_path(path, "the list would become too long"));
            }
            if items.len() <= index {
                items.resize(index + 1, Value::Null);
                if !rest.is_empty()
                    && let Some(slot) = items.get_mut(index)
                {
                    *slot = Value::Object(Json::new());
                }
            }
            match items.get_mut(index) {
                Some(slot) => set(slot, path, rest, value),
                None => Err(bad_path(path, "the list has no such place")),
            }
        }
        _ => Err(bad_path(path, "the path leads through a value that is no object")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(start: &Value, path: &str, value: Value) -> Result<Value> {
        let mut root = start.clone();
        let parts: Vec<&str> = path.split('.').collect();
        set(&mut root, path, &parts, value).map(|()| root)
    }

    #[test]
    fn paths_replace_create_and_index() {
        let start = json!({"a": {"b": 1}, "l": [1, 2], "n": null, "s": 5});
        assert_eq!(apply(&start, "a.c", json!({"x": 2})).unwrap()["a"], json!({"b": 1, "c": {"x": 2}}));
        assert_eq!(apply(&start, "l.0", json!(9)).unwrap()["l"], json!([9, 2]));
        assert_eq!(apply(&start, "l.4", json!(7)).unwrap()["l"], json!([1, 2, null, null, 7]));
        for path in ["s.t", "n.x", "l.x"] {
            let error = apply(&start, path, json!(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPreferencesUpdate, "{path}");
        }
    }
}
