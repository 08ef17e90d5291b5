//! What waits: adding, removing, reordering (spec/queues_workers.md 2.8, 2.10 to 2.15, 2.18).

use super::{
    access::{readable, text, writable, writable_task},
    metrics,
};
use crate::{
    domain::{Ctx, tasks, trail, vaults},
    store::{Tx, documents::Access, query::TASK, tasks::TaskHead},
    types::{ApiError, ErrorKind, Json, ProjectId, Result, UserId},
};

fn not_queued(queue: &str, task: &str) -> ApiError {
    ApiError::from(ErrorKind::InvalidQueueOrTaskNotQueued).with("queue", queue).with("task", task)
}

/// Whom the code of a task will run as when the caller submits it: an executor that submits again does so for whoever
/// submitted first (S1).
fn submitter_of(ctx: &Ctx<'_>, task: &TaskHead) -> UserId {
    let caller = &ctx.caller.user;
    match (&task.executor, &task.run_as) {
        (Some(executor), Some(run_as)) if executor == caller => run_as.clone(),
        _ => caller.clone(),
    }
}

/// Puts a task at the end of a queue. Its status stays as it is.
///
/// Errors: 400/701, 400/101, 403/21; 400/706 it waits there already.
pub fn add_task(ctx: &Ctx<'_>, queue: &str, task: &str, update_execution_queue: bool) -> Result<()> {
    ctx.touched("queue", queue);
    ctx.touched("task", task);
    ctx.write(|tx| {
        writable(ctx, tx, queue)?;
        let found = writable_task(tx, task)?;
        let submitter = submitter_of(ctx, &found);
        // What an agent passes on was judged when it took it, and is again when somebody takes it from here.
        if found.executor.as_ref() != Some(&ctx.caller.user) {
            vaults::check_submission(ctx, tx, &found, &submitter)?;
        }
        let hash = tasks::content_hash(tx, &found)?;
        let project = found.project.as_ref().map(ProjectId::as_str);
        if !tx.enter_queue(queue, task, project, submitter.as_str(), Some(&hash))? {
            return Err(already_queued(queue, task));
        }
        tx.note_submission(task, submitter.as_str(), Some(&hash))?;
        trail::enqueued(ctx, tx, task, queue, submitter.as_str(), &hash)?;
        if update_execution_queue {
            tx.set_execution_queue(task, queue)?;
        }
        tx.mark_queue_used(queue)?;
        metrics::sample(tx, queue)
    })
}

fn already_queued(queue: &str, task: &str) -> ApiError {
    ApiError::from(ErrorKind::TaskAlreadyQueued).with("queue", queue).with("task", task)
}

/// Gives a task that was submitted to a queue the status it had before (spec/queues_workers.md 2.13). Returns whether
/// it was submitted to that queue.
pub(super) fn withdraw(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, queue: &str, reason: &str) -> Result<bool> {
    let withdrawn = tx.withdraw_task(task, queue, reason, ctx.caller.user.as_str())?;
    if withdrawn {
        ctx.touched("task", task);
        if let Some(project) = tx.waiting_task(task)?.and_then(|task| task.project) {
            tx.touch_project(&project)?;
        }
    }
    Ok(withdrawn)
}

/// The queue, for calls that don't tell an unknown queue from a task that is not in it.
fn holding(ctx: &Ctx<'_>, tx: &Tx<'_>, queue: &str, task: &str) -> Result<()> {
    writable(ctx, tx, queue).map(drop).map_err(|error| match error.kind() {
        ErrorKind::InvalidQueueId => not_queued(queue, task),
        _ => error,
    })
}

/// Takes a task out of a queue. With `update_task_status` it gets back the status it had before.
///
/// Errors: 400/703, 403/21.
pub fn remove_task(ctx: &Ctx<'_>, queue: &str, task: &str, update_task_status: bool) -> Result<()> {
    ctx.touched("queue", queue);
    ctx.touched("task", task);
    ctx.write(|tx| {
        holding(ctx, tx, queue, task)?;
        if !tx.leave_queue(queue, task)? {
            return Err(not_queued(queue, task));
        }
        if update_task_status {
            withdraw(ctx, tx, task, queue, "Removed from its queue")?;
        }
        tx.mark_queue_used(queue)?;
        metrics::sample(tx, queue)
    })
}

/// Takes everything out of a queue and returns the tasks that got back the status they had.
///
/// Errors: 400/701, 403/21.
pub fn clear(ctx: &Ctx<'_>, queue: &str) -> Result<Vec<String>> {
    ctx.touched("queue", queue);
    ctx.write(|tx| {
        let found = writable(ctx, tx, queue)?;
        let reason = format!("Queue {} was cleared", text(&found, "name"));
        let waiting = tx.waiting(queue)?;
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let mut removed = Vec::new();
        for entry in waiting {
            if withdraw(ctx, tx, &entry.task, queue, &reason)? {
                removed.push(entry.task);
            }
        }
        tx.empty_queue(queue)?;
        metrics::sample(tx, queue)?;
        Ok(removed)
    })
}

/// How a task is moved within its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many places towards the head; negative: away from it.
    Forward(i64),
    /// To the head.
    ToFront,
    /// To the end.
    ToBack,
}

/// Moves a task within its queue and returns where it stands then, 0 being the head.
///
/// Errors: 400/703, 403/21.
pub fn move_task(ctx: &Ctx<'_>, queue: &str, task: &str, step: Step) -> Result<usize> {
    ctx.touched("queue", queue);
    ctx.touched("task", task);
    ctx.write(|tx| {
        holding(ctx, tx, queue, task)?;
        let entries = tx.waiting(queue)?;
        let from =
            entries.iter().position(|entry| entry.task == task).ok_or_else(|| not_queued(queue, task))?;
        let to = target(from, entries.len() - 1, step);
        if to != from {
            tx.reorder(queue, &entries, from, to)?;
        }
        Ok(to)
    })
}

fn target(from: usize, last: usize, step: Step) -> usize {
    match step {
        Step::ToFront => 0,
        Step::ToBack => last,
        Step::Forward(count) => {
            let places = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            if count >= 0 { from.saturating_sub(places) } else { from.saturating_add(places).min(last) }
        }
    }
}

/// Moves a task from one queue to the end of another.
///
/// Errors: 400/703 it is not in the first; 400/701 the second; 400/101, 403/21; 400/706 it waits there already.
pub fn move_to_queue(
    ctx: &Ctx<'_>,
    queue: &str,
    task: &str,
    target: &str,
    update_execution_queue: bool,
) -> Result<()> {
    for id in [queue, target] {
        ctx.touched("queue", id);
    }
    ctx.touched("task", task);
    ctx.write(|tx| {
        holding(ctx, tx, queue, task)?;
        writable(ctx, tx, target)?;
        let found = writable_task(tx, task)?;
        let entry = tx.entry(queue, task)?.ok_or_else(|| not_queued(queue, task))?;
        // It stays the submission it was: whoever moves it does not become the one it runs as.
        let hash = entry.content_hash.as_deref();
        let project = found.project.as_ref().map(ProjectId::as_str);
        if !tx.enter_queue(target, task, project, &entry.submitter, hash)? {
            return Err(already_queued(target, task));
        }
        tx.leave_queue(queue, task)?;
        if update_execution_queue {
            tx.set_execution_queue(task, target)?;
        }
        for id in [queue, target] {
            tx.mark_queue_used(id)?;
            metrics::sample(tx, id)?;
        }
        Ok(())
    })
}

/// How much waits in a queue.
///
/// Errors: 400/701.
pub fn num_entries(ctx: &Ctx<'_>, queue: &str) -> Result<i64> {
    ctx.read(|snapshot| {
        readable(ctx, snapshot, queue)?;
        snapshot.waiting_count(queue)
    })
}

/// The queue that a task waits in: its id, name and display name.
///
/// Errors: 400/703 none that the caller may see.
pub fn queue_of_task(ctx: &Ctx<'_>, task: &str) -> Result<Json> {
    ctx.read(|snapshot| {
        if snapshot.fields(&TASK, task, Access::Read, &["id"])?.is_some() {
            for queue in snapshot.queues_of_task(task)? {
                if let Ok(mut found) = readable(ctx, snapshot, &queue) {
                    found.remove("metadata");
                    return Ok(found);
                }
            }
        }
        Err(ApiError::from(ErrorKind::InvalidQueueOrTaskNotQueued).with("task", task))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_within_the_queue() {
        assert_eq!(target(1, 3, Step::Forward(0)), 1);
        assert_eq!(target(1, 3, Step::Forward(100)), 0);
        assert_eq!(target(1, 3, Step::Forward(-1)), 2);
        assert_eq!(target(1, 3, Step::Forward(i64::MIN)), 3);
        assert_eq!((target(1, 3, Step::ToFront), target(1, 3, Step::ToBack)), (0, 3));
    }
}
