//! Finding the queue that a call names.

use serde_json::Value;

use crate::{
    domain::{Ctx, Role, tenants::queue::check_use},
    store::{Snapshot, documents::Access, identity::QUEUE_ADMINS, query::QUEUE, tasks::TaskHead},
    types::{ApiError, ErrorKind, Json, Result},
};

pub(super) fn unknown(ctx: &Ctx<'_>, id: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidQueueId, "it may have been deleted, or you may not see it")
        .with("id", id)
        .with("company", ctx.caller.tenant.as_str())
}

const FIELDS: [&str; 4] = ["id", "name", "display_name", "metadata"];

/// A queue that the caller may see: `id`, `name`, `display_name`, `metadata`.
///
/// Errors: 400/701.
pub fn readable(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, id: &str) -> Result<Json> {
    snapshot.fields(&QUEUE, id, Access::Read, &FIELDS)?.ok_or_else(|| unknown(ctx, id))
}

/// A queue that the caller may use.
///
/// Errors: 400/701 unknown; 403/21 readable only.
pub fn writable(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, id: &str) -> Result<Json> {
    if let Some(queue) = snapshot.fields(&QUEUE, id, Access::Write, &FIELDS)? {
        check_use(ctx, snapshot, id)?;
        return Ok(queue);
    }
    readable(ctx, snapshot, id).and(Err(ApiError::new(
        ErrorKind::NoWritePermission,
        "you may see this queue, not use it",
    )
    .with("id", id)))
}

/// Errors: 400/101 unknown; 403/21 readable only, or public.
pub(super) fn writable_task(snapshot: &Snapshot<'_>, id: &str) -> Result<TaskHead> {
    if let Some(head) = snapshot.task(id, Access::Write)? {
        return Ok(head);
    }
    Err(match snapshot.task(id, Access::Read)? {
        Some(_) => ApiError::new(ErrorKind::NoWritePermission, "you may read this task, not submit it"),
        None => ErrorKind::InvalidTaskId.into(),
    }
    .with("id", id))
}

/// Whether the caller may create, change and delete queues (spec/governance.md 4.2).
///
/// Errors: 403/20.
pub fn may_manage(ctx: &Ctx<'_>) -> Result<()> {
    let caller = &ctx.caller;
    let queue_admin = caller.is_in(QUEUE_ADMINS);
    let everybody =
        !ctx.app.settings.services.queues.require_queue_admin && caller.features.contains("queue_management");
    if matches!(caller.role, Role::System | Role::Root) || queue_admin || everybody {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorKind::RoleNotAllowed,
        "queues are changed by the members of the group queue_admins; ask an administrator to add you",
    )
    .with("role", caller.role.as_str()))
}

pub(super) fn text<'a>(document: &'a Json, key: &str) -> &'a str {
    document.get(key).and_then(Value::as_str).unwrap_or_default()
}
