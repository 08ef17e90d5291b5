//! `models.*` (spec/models.md 2, 3).

#[cfg(test)]
mod tests;
mod write;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    projects::listed,
};
use crate::{
    domain::{Ctx, models},
    types::{ApiError, ErrorKind, Result, Version},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("models.add_or_update_metadata", Input::Typed, write::add_or_update_metadata).since(2, 13),
    Endpoint::new("models.archive_many", Input::Typed, write::archive_many).since(2, 13),
    Endpoint::new("models.create", Input::Raw, write::create),
    Endpoint::new("models.delete", Input::Typed, write::delete),
    Endpoint::new("models.delete_many", Input::Typed, write::delete_many).since(2, 13),
    Endpoint::new("models.delete_metadata", Input::Typed, write::delete_metadata).since(2, 13),
    Endpoint::new("models.edit", Input::Raw, write::edit),
    Endpoint::new("models.get_all", Input::Raw, get_all),
    Endpoint::new("models.get_all_ex", Input::Raw, get_all_ex),
    Endpoint::new("models.get_by_id", Input::Typed, get_by_id),
    Endpoint::new("models.get_by_id_ex", Input::Raw, get_by_id_ex).since(2, 11).requires(&["id"]),
    Endpoint::new("models.get_by_task_id", Input::Typed, get_by_task_id),
    Endpoint::new("models.get_frameworks", Input::Typed, get_frameworks).since(2, 8),
    Endpoint::new("models.make_private", Input::Typed, write::make_private).since(2, 9),
    Endpoint::new("models.make_public", Input::Typed, write::make_public).since(2, 9),
    Endpoint::new("models.move", Input::Raw, write::move_to).since(2, 12),
    Endpoint::new("models.publish_many", Input::Typed, write::publish_many).since(2, 13),
    Endpoint::new("models.set_ready", Input::Typed, write::set_ready),
    Endpoint::new("models.unarchive_many", Input::Typed, write::unarchive_many).since(2, 13),
    Endpoint::new("models.update", Input::Raw, write::update),
    Endpoint::new("models.update_for_task", Input::Typed, write::update_for_task),
    Endpoint::new("models.update_tags", Input::Typed, write::update_tags).since(2, 27),
];

/// Last version that knows the calls through a task.
const LAST_WITH_TASK_CALLS: Version = Version::new(2, 13);

fn old_clients_only(ctx: &Ctx<'_>) -> Result<()> {
    match ctx.call.version > LAST_WITH_TASK_CALLS {
        true => Err(ApiError::new(
            ErrorKind::MovedNotSupported,
            "newer clients read the task's models and use tasks.add_or_update_model",
        )),
        false => Ok(()),
    }
}

#[derive(Deserialize)]
struct ModelOnly {
    model: String,
}

/// `models.get_by_id`.
fn get_by_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ModelOnly = request.decode()?;
    Reply::data(&json!({"model": models::by_id(ctx, &asked.model)?}))
}

#[derive(Deserialize)]
struct TaskOnly {
    task: Option<String>,
}

/// `models.get_by_task_id`: up to version 2.13.
fn get_by_task_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    old_clients_only(ctx)?;
    let asked: TaskOnly = request.decode()?;
    let task = asked
        .task
        .ok_or_else(|| ApiError::new(ErrorKind::ValidationError, "task is required").with("field", "task"))?;
    Reply::data(&json!({"model": models::by_task(ctx, &task)?}))
}

/// `models.get_all`.
fn get_all(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("models", models::list(ctx, &request.body)?)
}

/// `models.get_all_ex`.
fn get_all_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("models", models::list_expanded(ctx, &request.body)?)
}

/// `models.get_by_id_ex`: a list by ids.
fn get_by_id_ex(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    request.body.retain(|key, _| !matches!(key.as_str(), "allow_public" | "include_stats"));
    listed("models", models::list_expanded(ctx, &request.body)?)
}

#[derive(Deserialize)]
struct Frameworks {
    #[serde(default)]
    projects: Vec<String>,
}

/// `models.get_frameworks`.
fn get_frameworks(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Frameworks = request.decode()?;
    let found: Vec<Value> = models::frameworks(ctx, &asked.projects)?;
    Reply::data(&json!({"frameworks": found}))
}
