//! Deleting tasks (protocol: spec/tasks.md 6.5).

use crate::{
    domain::{Ctx, files::note_deleted_entity, trail},
    store::{Tx, tasks::TaskHead},
    types::{ApiError, ErrorKind, Result},
};

use super::{
    access,
    batch::{Batch, each},
    cleanup::{Disposal, Disposed, Mode, dispose, survey},
    clone::ARCHIVED,
    status::Status,
    stop::CONTROLLER,
};

/// `tasks.delete`: the task and what belongs to it; with `include_steps` the steps of a pipeline's controller too.
///
/// Errors: 400/101, 403/21; 400/123 unless `force`: neither draft nor archived, published children or models.
pub fn delete(ctx: &Ctx<'_>, id: &str, include_steps: bool, how: Disposal) -> Result<Disposed> {
    ctx.touched("task", id);
    ctx.write(|tx| delete_task(ctx, tx, id, include_steps, how))
}

/// `tasks.delete_many`: each by itself.
pub fn delete_many(
    ctx: &Ctx<'_>,
    ids: &[String],
    include_steps: bool,
    how: Disposal,
) -> Result<Batch<Disposed>> {
    ctx.write(|tx| delete_each(ctx, tx, ids, include_steps, how))
}

/// [`delete_many`] within a transaction.
pub(in crate::domain) fn delete_each(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    ids: &[String],
    include_steps: bool,
    how: Disposal,
) -> Result<Batch<Disposed>> {
    each(ctx, tx, ids, |id| delete_task(ctx, tx, id, include_steps, how))
}

/// [`delete`] within a transaction.
pub(in crate::domain) fn delete_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: &str,
    include_steps: bool,
    how: Disposal,
) -> Result<Disposed> {
    let head = access::writable(tx, id)?;
    if !how.force && Status::stored(&head.status) != Status::Created && !head.is_marked(ARCHIVED) {
        let text = "only drafts and archived tasks are deleted; archive it first or send force";
        return Err(ApiError::new(ErrorKind::TaskCannotBeDeleted, text)
            .with("task", head.id.as_str())
            .with("expected", Status::Created.as_str())
            .with("current", head.status.as_str()));
    }
    let mut steps = Vec::new();
    if include_steps && head.kind == CONTROLLER {
        // A refusal must leave the steps alone; what they publish does not stand against them (they go with force).
        survey(tx, &head, how.force)?;
        for step in tx.steps_of(&head.id)? {
            ctx.touched("task", step.id.as_str());
            steps.push(remove(ctx, tx, &step, Disposal { force: true, ..how })?);
        }
    }
    let mut gone = remove(ctx, tx, &head, how)?;
    steps.into_iter().for_each(|step| gone.add(step));
    Ok(gone)
}

fn remove(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, how: Disposal) -> Result<Disposed> {
    let belongings = survey(tx, head, how.force)?;
    trail::deleted(ctx, tx, head.id.as_str())?;
    let disposed = dispose(ctx, tx, head, belongings, Mode::Delete, how)?;
    tx.delete_task(head)?;
    note_deleted_entity(tx, head.id.as_str(), &ctx.caller.user)?;
    if let Some(project) = &head.project {
        tx.touch_project(project.as_str())?;
    }
    Ok(disposed)
}
