//! Deleting models (spec/models.md 3.7, 3.8).

use super::{
    Each,
    access::{text, writable},
    or_abort,
    urls::{Cause, doom_files},
};
use crate::{
    domain::Ctx,
    store::{Tx, documents::Access, query::TASK},
    types::{ApiError, ErrorKind, Result},
};

/// Deletes a model with its events and returns the address of its file. Tasks that refer to it lose the reference or
/// keep a mark. `files`: the server deletes the file.
///
/// Errors: 400/201, 403/21; without force: 400/205 tasks use it, 400/206 its task is published.
pub fn delete(ctx: &Ctx<'_>, id: &str, force: bool, files: bool) -> Result<Option<String>> {
    ctx.write(|tx| delete_one(ctx, tx, id, force, files))
}

/// Deletes models, each on its own.
pub fn delete_many(ctx: &Ctx<'_>, ids: &[String], force: bool, files: bool) -> Result<Each<Option<String>>> {
    ctx.write(|tx| ids.iter().map(|id| or_abort(id, delete_one(ctx, tx, id, force, files))).collect())
}

fn delete_one(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, force: bool, files: bool) -> Result<Option<String>> {
    ctx.touched("model", id);
    let model = writable(ctx, tx, id)?;
    let users = tx.tasks_using_model(id)?;
    if users > 0 && !force {
        return Err(ApiError::new(ErrorKind::ModelInUse, "tasks use it as input; delete it with force")
            .with("num_tasks", users));
    }
    let maker = match &model.task {
        Some(task) => tx.fields(&TASK, task, Access::Read, &["id", "status"])?,
        None => None,
    };
    let published = maker.as_ref().is_some_and(|task| text(task, "status") == Some("published"));
    if published && !force {
        return Err(ApiError::new(
            ErrorKind::ModelCreatingTaskExists,
            "its task is published; delete the model with force",
        )
        .with("task", model.task.as_deref().unwrap_or_default()));
    }
    let user = ctx.caller.user.as_str();
    tx.mark_inputs_deleted(&[id], true, user)?;
    let reason = format!("model deleted on {}", tx.now);
    tx.settle_outputs(&[id], true, Some(&reason), user)?;
    let uri = model.uri.filter(|uri| !uri.is_empty());
    if files {
        let mut urls = tx.event_urls(id)?;
        urls.extend(uri.clone());
        let cause = Cause { id, project: model.project.as_deref(), folders: false };
        doom_files(ctx, tx, cause, urls)?;
    }
    tx.delete_models(&[id])?;
    crate::domain::files::note_deleted_entity(tx, id, &ctx.caller.user)?;
    Ok(uri)
}
