//! Storing, deleting, and giving up scrolls (spec/events.md 3, 9.3, 10).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{
        arguments,
        endpoint::{Reply, Request},
    },
    domain::{Ctx, events},
    store::events::OwnerKind,
    types::{ApiError, ErrorKind, Result},
};

/// `events.add`: one event.
pub(super) fn add(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let event = Value::Object(request.body).to_string();
    Reply::data(&events::add(ctx, &[&event])?)
}

/// `events.add_batch`: JSON lines; any other media type is one object.
pub(super) fn add_batch(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let lines = if request.is_lines {
        arguments::split_lines(&request.lines)?
    } else if arguments::is_empty_object(&request.lines) {
        Vec::new()
    } else {
        vec![&request.lines[..]]
    };
    let text = |line| std::str::from_utf8(line).map_err(|_| not_utf8());
    let lines: Vec<&str> = lines.into_iter().map(text).collect::<Result<_>>()?;
    Reply::data(&events::add(ctx, &lines)?)
}

fn not_utf8() -> ApiError {
    ApiError::new(ErrorKind::BadRequest, "the body is not UTF-8; nothing was stored")
}

/// `events.clear_scroll`: never fails.
pub(super) fn clear_scroll(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    events::clear_scroll(ctx, request.body.get("scroll_id").and_then(Value::as_str));
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct DeleteForTask {
    task: String,
    #[serde(default)]
    allow_locked: bool,
}

/// `events.delete_for_task`.
pub(super) fn delete_for_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DeleteForTask = request.decode()?;
    let deleted = events::delete_events(ctx, OwnerKind::Task, &asked.task, asked.allow_locked)?;
    Reply::data(&json!({"deleted": deleted}))
}

#[derive(Deserialize)]
struct DeleteForModel {
    model: String,
    #[serde(default)]
    allow_locked: bool,
}

/// `events.delete_for_model`.
pub(super) fn delete_for_model(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DeleteForModel = request.decode()?;
    let deleted = events::delete_events(ctx, OwnerKind::Model, &asked.model, asked.allow_locked)?;
    Reply::data(&json!({"deleted": deleted}))
}
