//! What requests and answers of tasks have in common (spec/tasks.md 1.3, 1.4).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::endpoint::Reply,
    domain::tasks::{Batch, Words, at_least_one},
    types::{ApiError, ErrorKind, Json, Result},
};

/// One task.
#[derive(Deserialize)]
pub(in crate::api) struct TaskOnly {
    pub(in crate::api) task: String,
}

/// A status call.
#[derive(Deserialize)]
pub(super) struct StatusCall {
    pub(super) task: String,
    #[serde(default)]
    pub(super) force: bool,
    #[serde(flatten)]
    pub(super) words: Texts,
}

/// Texts of a status.
#[derive(Default, Deserialize)]
pub(super) struct Texts {
    #[serde(default)]
    status_reason: String,
    #[serde(default)]
    status_message: String,
}

impl From<Texts> for Words {
    fn from(texts: Texts) -> Words {
        Words { reason: texts.status_reason, message: texts.status_message }
    }
}

/// Several tasks.
#[derive(Default, Deserialize)]
pub(super) struct Ids {
    #[serde(default)]
    ids: Vec<String>,
}

impl Ids {
    /// Errors: 400/12 none, or too many.
    pub(super) fn some(self) -> Result<Vec<String>> {
        at_least_one(self.ids, "ids")
    }
}

/// The default of flags that are on unless switched off.
pub(super) fn yes() -> bool {
    true
}

/// A required text of a raw request.
///
/// Errors: 400/12.
pub(super) fn required(body: &Json, name: &str) -> Result<String> {
    optional(body, name)?.ok_or_else(|| wrong(name, "is required"))
}

/// A text of a raw request; null is none.
///
/// Errors: 400/12.
pub(super) fn optional(body: &Json, name: &str) -> Result<Option<String>> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, "must be text")),
    }
}

/// A list of texts of a raw request; null is an empty one.
///
/// Errors: 400/12.
pub(super) fn texts(body: &Json, name: &str) -> Result<Vec<String>> {
    let refuse = || wrong(name, "must be a list of texts");
    match body.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refuse)).collect()
        }
        Some(_) => Err(refuse()),
    }
}

pub(super) fn wrong(name: &str, must: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, format!("{name} {must}")).with("field", name)
}

/// `{updated: 1, fields}`, and what else the call says.
pub(in crate::api) fn updated(fields: Json, more: Value) -> Result<Reply> {
    Reply::data(&update(fields, more))
}

/// See [`updated`].
pub(super) fn update(fields: Json, more: Value) -> Json {
    let mut answer = Json::new();
    if let Value::Object(more) = more {
        answer.extend(more);
    }
    answer.insert("updated".to_owned(), i32::from(!fields.is_empty()).into());
    answer.insert("fields".to_owned(), Value::Object(fields));
    answer
}

/// The envelope of a call for many ids; `show` gives the members besides `id`.
pub(in crate::api) fn many<T>(batch: Batch<T>, show: impl Fn(T) -> Json) -> Json {
    let succeeded: Vec<Value> = batch
        .succeeded
        .into_iter()
        .map(|(id, done)| {
            let mut item = Json::from_iter([("id".to_owned(), id.into())]);
            item.extend(show(done));
            Value::Object(item)
        })
        .collect();
    let failed: Vec<Value> = batch
        .failed
        .into_iter()
        .map(|(id, error)| {
            let kind = error.kind();
            json!({"id": id, "error": {
                "codes": [kind.code(), kind.subcode()], "msg": error.to_string(), "data": error.data(),
            }})
        })
        .collect();
    Json::from_iter([("succeeded".to_owned(), succeeded.into()), ("failed".to_owned(), failed.into())])
}
