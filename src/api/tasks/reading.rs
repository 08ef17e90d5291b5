//! Reading tasks (spec/tasks.md 6.10, 10).

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::TaskOnly;
use crate::{
    api::endpoint::{Reply, Request},
    domain::{Ctx, tasks},
    store::documents::Found,
    types::{Json, Result},
};

/// `tasks.get_by_id`.
pub(super) fn get_by_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TaskOnly = request.decode()?;
    Reply::data(&json!({"task": tasks::by_id(ctx, &asked.task)?}))
}

/// `tasks.get_by_id_ex`.
pub(super) fn get_by_id_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    Reply::data(&json!({"tasks": tasks::by_id_expanded(ctx, &request.body)?}))
}

/// `tasks.get_all`.
pub(super) fn get_all(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed(tasks::all(ctx, &request.body)?)
}

/// `tasks.get_all_ex`.
pub(super) fn get_all_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed(tasks::all_expanded(ctx, &request.body)?)
}

fn listed(found: Found) -> Result<Reply> {
    let documents: Vec<Value> = found.documents.into_iter().map(Value::Object).collect();
    let mut answer = Json::from_iter([("tasks".to_owned(), documents.into())]);
    if let Some(id) = found.scroll_id {
        answer.insert("scroll_id".to_owned(), id.into());
    }
    Reply::data(&answer)
}

/// `tasks.get_types`.
pub(super) fn get_types(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(default)]
        projects: Vec<String>,
    }
    let asked: Asked = request.decode()?;
    Reply::data(&json!({"types": tasks::types(ctx, &asked.projects)?}))
}
