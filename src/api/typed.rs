//! Requests that are checked by their schema, but in which some nulls or some values mean more than it says.

use serde_json::Value;

use super::schema;
use crate::types::{Json, Result};

/// Checks and converts a request by an endpoint's schema; nulls are dropped.
///
/// Errors: 400/12.
pub(super) fn checked(endpoint: &str, body: Json) -> Result<Json> {
    match schema::request(endpoint) {
        Some(known) => schema::check(&known, body),
        None => Ok(body),
    }
}

/// As [`checked`], but keeps the nulls at the top: they clear a field.
///
/// Errors: 400/12.
pub(super) fn keeping_nulls(endpoint: &str, body: Json) -> Result<Json> {
    let nulls: Vec<String> =
        body.iter().filter(|(_, value)| value.is_null()).map(|(key, _)| key.clone()).collect();
    let mut body = checked(endpoint, body)?;
    body.extend(nulls.into_iter().map(|key| (key, Value::Null)));
    Ok(body)
}

/// As [`checked`], but leaves documents with rules of their own as they were sent.
///
/// Errors: 400/12.
pub(super) fn leaving(endpoint: &str, fields: &[&str], mut body: Json) -> Result<Json> {
    let kept: Vec<(String, Value)> = fields.iter().filter_map(|field| body.remove_entry(*field)).collect();
    let mut body = checked(endpoint, body)?;
    body.extend(kept);
    Ok(body)
}

/// As [`checked`], but lets one list hold nulls: they stand for the root.
///
/// Errors: 400/12.
pub(super) fn with_nulls_in(
    endpoint: &str,
    list: &str,
    mut body: Json,
) -> Result<(Json, Vec<Option<String>>)> {
    let mut items = Vec::new();
    if let Some(Value::Array(values)) = body.get_mut(list) {
        items = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        values.retain(|value| !value.is_null());
    }
    Ok((checked(endpoint, body)?, items))
}

/// The default of flags that are on unless switched off.
pub(super) fn yes() -> bool {
    true
}
