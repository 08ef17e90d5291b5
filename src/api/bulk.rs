//! Answers of calls on several documents: what worked and what did not, always HTTP 200.

use serde_json::{Value, json};

use super::endpoint::Reply;
use crate::types::{ApiError, Json, Result};

/// `{succeeded: [{id, …}], failed: [{id, error: {codes, msg, data}}]}`.
pub(super) fn reply<T>(each: Vec<(String, Result<T>)>, show: impl Fn(T) -> Result<Json>) -> Result<Reply> {
    let (mut succeeded, mut failed) = (Vec::new(), Vec::new());
    for (id, result) in each {
        match result {
            Ok(done) => {
                let mut entry = Json::new();
                entry.insert("id".to_owned(), id.into());
                entry.extend(show(done)?);
                succeeded.push(Value::Object(entry));
            }
            Err(error) => failed.push(json!({"id": id, "error": shown(&error)})),
        }
    }
    Reply::data(&json!({"succeeded": succeeded, "failed": failed}))
}

fn shown(error: &ApiError) -> Value {
    let kind = error.kind();
    json!({"codes": [kind.code(), kind.subcode()], "msg": error.to_string(), "data": error.data()})
}
