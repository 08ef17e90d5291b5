//! Putting tasks away and taking them out again (protocol: spec/tasks.md 6.6).

use crate::{
    domain::Ctx,
    store::{
        Tx,
        tasks::{TaskField, TaskHead, TaskUpdate},
    },
    types::Result,
};

use super::{
    access,
    batch::{Batch, each},
    change_status::{Step, Words, write_status},
    clone::ARCHIVED,
    queueing::leave_queues,
    status::Status,
    stop::CONTROLLER,
};

/// `tasks.archive`: all of them or none. Returns how many of those listed.
///
/// Errors: 400/101 with the unknown ids; 403/21.
pub fn archive(ctx: &Ctx<'_>, ids: &[String], include_steps: bool, words: &Words) -> Result<usize> {
    ctx.write(|tx| {
        let heads = access::all_writable(tx, ids)?;
        for head in &heads {
            ctx.touched("task", head.id.as_str());
            with_steps(tx, head, include_steps, |head| archive_task(ctx, tx, head, words))?;
        }
        Ok(heads.len())
    })
}

/// `tasks.archive_many`: each by itself.
pub fn archive_many(ctx: &Ctx<'_>, ids: &[String], include_steps: bool, words: &Words) -> Result<Batch<()>> {
    ctx.write(|tx| {
        each(ctx, tx, ids, |id| {
            let head = access::writable(tx, id)?;
            with_steps(tx, &head, include_steps, |head| archive_task(ctx, tx, head, words))
        })
    })
}

/// `tasks.unarchive_many`: each by itself; no status changes.
pub fn unarchive_many(
    ctx: &Ctx<'_>,
    ids: &[String],
    include_steps: bool,
    words: &Words,
) -> Result<Batch<()>> {
    ctx.write(|tx| {
        each(ctx, tx, ids, |id| {
            let head = access::writable(tx, id)?;
            with_steps(tx, &head, include_steps, |head| unarchive_task(ctx, tx, head, words))
        })
    })
}

fn with_steps(
    tx: &Tx<'_>,
    head: &TaskHead,
    include_steps: bool,
    mut work: impl FnMut(&TaskHead) -> Result<()>,
) -> Result<()> {
    if include_steps && head.kind == CONTROLLER {
        tx.steps_of(&head.id)?.iter().try_for_each(&mut work)?;
    }
    work(head)
}

/// What waits leaves its queue, what runs is stopped.
pub(in crate::domain) fn archive_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &TaskHead,
    words: &Words,
) -> Result<()> {
    match Status::stored(&head.status) {
        Status::Queued => {
            leave_queues(ctx, tx, head, words)?;
        }
        Status::InProgress => {
            write_status(ctx, tx, &mut head.clone(), Step::new(Status::Stopped, true, words))?;
        }
        _ => {}
    }
    mark(ctx, tx, head, true, words)
}

/// Takes a task out of the archive; its status stays.
pub(in crate::domain) fn unarchive_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &TaskHead,
    words: &Words,
) -> Result<()> {
    mark(ctx, tx, head, false, words)
}

fn mark(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, archived: bool, words: &Words) -> Result<()> {
    let mut tags: Vec<String> = head.system_tags.iter().filter(|tag| *tag != ARCHIVED).cloned().collect();
    if archived {
        tags.push(ARCHIVED.to_owned());
        tags.sort();
    }
    let mut update = TaskUpdate::new();
    update
        .set(TaskField::SystemTags, tags)
        .set(TaskField::StatusReason, words.reason.as_str())
        .set(TaskField::StatusMessage, words.message.as_str())
        .changed(tx, &ctx.caller.user, false);
    access::store(tx, head, &update)
}
