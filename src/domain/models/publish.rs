//! Publishing models, and with them the tasks that made them (spec/models.md 3.5, 3.6).

use super::{
    Each,
    access::{readable_task, text, writable},
    or_abort,
};
use crate::{
    domain::{Ctx, tasks},
    store::{Tx, models::Change},
    types::{ErrorKind, Json, Result},
};

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

/// A task that is gone, public or another tenant's is skipped.
fn publish_its_task(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, force: bool) -> Result<Option<PublishedTask>> {
    match tasks::publish_with_model(ctx, tx, id, force) {
        Ok(fields) => Ok(fields.map(|fields| PublishedTask { id: id.to_owned(), fields })),
        Err(error) if error.kind() == ErrorKind::InvalidTaskId => Ok(None),
        Err(error) if error.kind() == ErrorKind::NoWritePermission => {
            let task = readable_task(tx, id)?;
            if text(&task, "company") == Some("") { Ok(None) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}
