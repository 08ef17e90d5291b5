//! Finding the models, tasks and projects that a call names.

use serde_json::Value;

use crate::{
    domain::Ctx,
    store::{Snapshot, Writable, documents::Access, models::Model, query::TASK},
    types::{ApiError, ErrorKind, Json, Result},
};

pub(super) fn unknown(ctx: &Ctx<'_>, id: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidModelId, "it may have been deleted, or is not yours to change")
        .with("id", id)
        .with("company", ctx.caller.tenant.as_str())
}

fn read_only(what: &str, id: &str) -> ApiError {
    ApiError::new(ErrorKind::NoWritePermission, format!("you may read this {what}, not change it"))
        .with("id", id)
}

/// A model of the tenant that the caller may change.
///
/// Errors: 400/201 unknown, or public; 403/21 readable only.
pub fn writable(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, id: &str) -> Result<Model> {
    if let Some(model) = snapshot.model(id, Access::Write)? {
        return Ok(model);
    }
    match snapshot.model(id, Access::Read)? {
        Some(model) if !model.company.is_empty() => Err(read_only("model", id)),
        _ => Err(unknown(ctx, id)),
    }
}

fn unknown_task(id: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidTaskId, "it may have been deleted, or you may not see it").with("id", id)
}

const TASK_FIELDS: [&str; 8] =
    ["id", "company", "name", "project", "status", "models", "execution", "output"];

/// A task that the caller may change.
///
/// Errors: 400/101 unknown; 403/21 public, or readable only.
pub fn writable_task(snapshot: &Snapshot<'_>, id: &str) -> Result<Json> {
    if let Some(task) = snapshot.fields(&TASK, id, Access::Write, &TASK_FIELDS)? {
        return Ok(task);
    }
    readable_task(snapshot, id).and(Err(read_only("task", id)))
}

/// A task that the caller may read.
///
/// Errors: 400/101.
pub fn readable_task(snapshot: &Snapshot<'_>, id: &str) -> Result<Json> {
    snapshot.fields(&TASK, id, Access::Read, &TASK_FIELDS)?.ok_or_else(|| unknown_task(id))
}

/// Checks that content may be put into a project (S18). What is not there at all is let through or not by `strict`,
/// as far as the caller sees the whole tenant.
///
/// Errors: `missing` unknown; 403/21 public, or readable only.
pub(super) fn may_enter(
    snapshot: &Snapshot<'_>,
    project: &str,
    strict: bool,
    missing: impl FnOnce() -> ApiError,
) -> Result<()> {
    if snapshot.project(project, Access::Write)?.is_some() {
        return Ok(());
    }
    if snapshot.project(project, Access::Read)?.is_some() {
        return Err(read_only("project", project));
    }
    match snapshot.scope.writable {
        Writable::All if !strict => Ok(()),
        _ => Err(missing()),
    }
}

/// Checks that content may be taken out of the project it lies in (S18).
///
/// Errors: 403/21.
pub(super) fn may_leave(snapshot: &Snapshot<'_>, project: Option<&str>) -> Result<()> {
    match project {
        Some(project) => may_enter(snapshot, project, false, || read_only("project", project)),
        None => Ok(()),
    }
}

pub(super) fn text<'a>(document: &'a Json, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Value::as_str)
}
