//! Publishing models, and with them the tasks that made them (spec/models.md 3.5, 3.6).

use super::{
    Each,
    access::{text, writable, writable_task},
    or_abort,
};
use crate::{
    domain::Ctx,
    store::{Tx, models::Change},
    types::{ApiError, ErrorKind, Json, Result},
};

use serde_json::{Value, json};

/// A task that was published together with a model.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedTask {
    /// Its id.
    pub id: String,
    /// What changed on it.
    pub fields: Json,
}

/// Publishes a model. With `publish_task` its task comes first, when it exists and is not published yet; `force`
/// skips the check of the task's status.
///
/// Errors: 400/201, 403/21; 400/203 it is published; 400/110 the task's status does not allow it: then nothing
/// changed.
pub fn set_ready(ctx: &Ctx<'_>, id: &str, publish_task: bool, force: bool) -> Result<Option<PublishedTask>> {
    ctx.write(|tx| publish_one(ctx, tx, id, publish_task, force))
}

/// Publishes models, each on its own.
pub fn publish_many(
    ctx: &Ctx<'_>,
    ids: &[String],
    publish_task: bool,
    force: bool,
) -> Result<Each<Option<PublishedTask>>> {
    ctx.write(|tx| ids.iter().map(|id| or_abort(id, publish_one(ctx, tx, id, publish_task, force))).collect())
}

fn publish_one(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: &str,
    publish_task: bool,
    force: bool,
) -> Result<Option<PublishedTask>> {
    ctx.touched("model", id);
    let model = writable(ctx, tx, id)?;
    if model.ready {
        return Err(ErrorKind::ModelIsReady.into());
    }
    let task = model.task.as_deref().filter(|_| publish_task);
    let published = match task {
        Some(task) => publish_its_task(ctx, tx, task, force)?,
        None => None,
    };
    tx.change_model(id, vec![Change::Ready(true)], ctx.caller.user.as_str())?;
    Ok(published)
}

/// A task that is gone or another tenant's is skipped.
fn publish_its_task(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, force: bool) -> Result<Option<PublishedTask>> {
    let task = match writable_task(tx, id) {
        Ok(task) => task,
        Err(error) if error.kind() == ErrorKind::InvalidTaskId => return Ok(None),
        // Public tasks are not the tenant's to publish; one that is only readable is a refusal.
        Err(error) => {
            let public =
                super::access::readable_task(tx, id).is_ok_and(|task| text(&task, "company") == Some(""));
            return if public { Ok(None) } else { Err(error) };
        }
    };
    let status = text(&task, "status").unwrap_or_default();
    if status == "published" {
        return Ok(None);
    }
    let allowed = matches!(status, "stopped" | "closed" | "failed" | "completed" | "publishing");
    if !allowed && !force {
        return Err(ApiError::new(
            ErrorKind::InvalidTaskStatus,
            "the model's task must have ended before it can be published; publish the model alone with \
             publish_task false",
        )
        .with("current_status", status)
        .with("new_status", "published"));
    }
    let user = ctx.caller.user.as_str();
    if !tx.publish_task(id, status, user)? {
        return Err(ErrorKind::FailedChangingTaskStatus.into());
    }
    ctx.touched("task", id);
    if let Some(project) = text(&task, "project") {
        tx.touch_project(project)?;
    }
    let now = Value::from(tx.now);
    let output = task.get("output").cloned().unwrap_or_else(|| json!({}));
    let Value::Object(fields) = json!({
        "status": "published", "status_reason": "", "status_message": "", "status_changed": now,
        "last_update": now, "last_change": now, "last_changed_by": user, "published": now, "output": output,
    }) else {
        return Ok(None);
    };
    Ok(Some(PublishedTask { id: id.to_owned(), fields }))
}
