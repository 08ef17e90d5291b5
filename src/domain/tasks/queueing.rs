//! Between tasks and queues: enqueue and dequeue (protocol: spec/tasks.md 5; spec/security_rules.md S1).

use std::collections::BTreeSet;

use crate::{
    domain::{Ctx, queues, redaction, tenants, trail, vaults},
    store::{
        Tx,
        tasks::{Cell, Found, TaskField, TaskHead},
    },
    types::{ApiError, ErrorKind, Json, QueueId, Result},
};

use super::{
    access::{self, end_submission, may_execute},
    batch::{Batch, each},
    change_status::{Step, Words, write_status},
    content_hash::content_hash,
    references,
    status::Status,
};

/// Where to and how.
#[derive(Clone, Debug, Default)]
pub struct Enqueue {
    /// Queue by id.
    pub queue: Option<String>,
    /// Queue by name, made when there is none.
    pub queue_name: Option<String>,
    /// Skips the status machine.
    pub force: bool,
    /// Texts of the status.
    pub words: Words,
    /// Leave `execution.queue` as it is: a hop of an agent's own.
    pub keep_execution_queue: bool,
    /// Tell whether somebody listens.
    pub verify_watched: bool,
    /// Check references first.
    pub validate: bool,
}

/// What enqueueing did.
#[derive(Debug)]
pub struct Enqueued {
    /// Fields written.
    pub fields: Json,
    /// Whether somebody listens, when asked.
    pub watched: Option<bool>,
}

/// `tasks.enqueue`.
///
/// Errors: 400/12 contradicting fields; 400/101, 403/21; 400/110; 400/701, 400/706, 400/707, 400/708.
pub fn enqueue(ctx: &Ctx<'_>, id: &str, how: &Enqueue) -> Result<Enqueued> {
    check_fields(how)?;
    ctx.touched("task", id);
    ctx.write(|tx| {
        let (fields, queue) = enqueue_task(ctx, tx, id, how)?;
        queues::sample(tx, queue.as_str())?;
        let watched = if how.verify_watched { Some(tx.queue_is_watched(&queue)?) } else { None };
        Ok(Enqueued { fields, watched })
    })
}

/// `tasks.enqueue_many`: each by itself. The second value says whether somebody listens, when asked.
///
/// Errors: 400/12 contradicting fields.
pub fn enqueue_many(ctx: &Ctx<'_>, ids: &[String], how: &Enqueue) -> Result<(Batch<Json>, Option<bool>)> {
    check_fields(how)?;
    ctx.write(|tx| {
        let mut first = None;
        let batch = each(ctx, tx, ids, |id| {
            let (fields, queue) = enqueue_task(ctx, tx, id, how)?;
            first.get_or_insert(queue);
            Ok(fields)
        })?;
        // Once for all of them: they go into the same queue.
        if let Some(queue) = &first {
            queues::sample(tx, queue.as_str())?;
        }
        let watched = match first.filter(|_| how.verify_watched) {
            Some(queue) => Some(tx.queue_is_watched(&queue)?),
            None => None,
        };
        Ok((batch, watched))
    })
}

fn check_fields(how: &Enqueue) -> Result<()> {
    let refuse = |text: &str| Err(ApiError::new(ErrorKind::ValidationError, text));
    if how.verify_watched && how.keep_execution_queue {
        return refuse("verify_watched_queue needs update_execution_queue");
    }
    if how.queue.is_some() && how.queue_name.is_some() {
        return refuse("send either queue or queue_name, not both");
    }
    Ok(())
}

/// [`enqueue`] within a transaction; returns the fields written and the queue. Everything is checked before anything
/// changes.
pub(in crate::domain) fn enqueue_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: &str,
    how: &Enqueue,
) -> Result<(Json, QueueId)> {
    let mut head = access::writable(tx, id)?;
    let was = Status::stored(&head.status);
    if how.keep_execution_queue && (was != Status::Queued || head.queue.is_none()) {
        let text = "update_execution_queue: false is for a task that waits in a queue already";
        return Err(ApiError::new(ErrorKind::ValidationError, text));
    }
    if how.validate {
        references::check_stored(tx, &head)?;
    }
    if !how.force {
        was.check_step(Status::Queued)?;
    }
    let queue = target_queue(ctx, tx, how)?;
    tenants::queue::check_use(ctx, tx, queue.as_str())?;
    if tx.waits_in(&head.id, &queue)? {
        return Err(ApiError::from(ErrorKind::TaskAlreadyQueued)
            .with("task", head.id.as_str())
            .with("queue", queue.as_str()));
    }

    let before = match &head.enqueue_status {
        Some(before) if was == Status::Queued => before.clone(),
        _ => was.as_str().to_owned(),
    };
    let hash = content_hash(tx, &head)?;
    let mut step = Step::new(Status::Queued, true, &how.words);
    step.change.set(TaskField::EnqueueStatus, before);
    if !how.keep_execution_queue {
        step.change.set(TaskField::Queue, queue.as_str());
    }
    // Whoever submits it is whom it runs as. An agent that moves on what it dequeued submits nothing.
    let moves_on = may_execute(ctx) && head.executor.as_ref() == Some(&ctx.caller.user);
    let submitter = match &head.run_as {
        Some(run_as) if moves_on => run_as.clone(),
        _ => {
            step.change
                .update
                .set(TaskField::RunAs, ctx.caller.user.as_str())
                .set(TaskField::Executor, Cell::Null);
            ctx.caller.user.clone()
        }
    };
    if !moves_on {
        vaults::check_submission(ctx, tx, &head, &submitter)?;
    }
    step.change.update.set(TaskField::EnqueuedHash, hash.as_str());
    let fields = write_status(ctx, tx, &mut head, step)?;
    tx.drop_queue_entries(&head.id, None)?;
    tx.append_to_queue(&queue, &head, &submitter, &hash)?;
    trail::enqueued(ctx, tx, head.id.as_str(), queue.as_str(), submitter.as_str(), &hash)?;
    Ok((fields, queue))
}

/// The queue meant: by name, by id, or the tenant's default one.
///
/// Errors: 400/701 unknown; 403/21 readable only; 403/20 who may make queues; 400/800 a new name is too short; 400/707, 400/708.
fn target_queue(ctx: &Ctx<'_>, tx: &Tx<'_>, how: &Enqueue) -> Result<QueueId> {
    if let Some(name) = &how.queue_name {
        let name = name.trim();
        if let Some(queue) = tx.queue_named(name)? {
            return usable(tx, queue);
        }
        if name.chars().count() < 3 {
            let text = "a queue's name has at least 3 characters";
            return Err(ApiError::new(ErrorKind::DataValidationError, text).with("queue_name", name));
        }
        // Naming a queue that does not exist makes it: that is managing queues (spec/governance.md 4.2).
        queues::may_manage(ctx)?;
        return tx.insert_plain_queue(name);
    }
    if let Some(id) = &how.queue {
        return usable(tx, QueueId::from(id.as_str()));
    }
    match tx.default_queues()?.as_slice() {
        [] => Err(ApiError::new(ErrorKind::NoDefaultQueue, "name the queue to use")),
        [queue] => usable(tx, queue.clone()),
        _ => Err(ApiError::new(ErrorKind::MultipleDefaultQueues, "name the queue to use")),
    }
}

fn usable(tx: &Tx<'_>, queue: QueueId) -> Result<QueueId> {
    match tx.queue_standing(queue.as_str())? {
        Found::Writable => Ok(queue),
        Found::Readable => Err(ApiError::new(ErrorKind::NoWritePermission, "you may not use this queue")
            .with("id", queue.as_str())),
        Found::Hidden | Found::Nowhere => {
            Err(ApiError::from(ErrorKind::InvalidQueueId).with("id", queue.as_str()))
        }
    }
}

/// How to dequeue.
#[derive(Clone, Debug, Default)]
pub struct Dequeue {
    /// Texts of the status.
    pub words: Words,
    /// Take it out of every queue.
    pub from_all: bool,
    /// The status to give it, instead of the one before it was enqueued.
    pub new_status: Option<Status>,
}

/// `tasks.dequeue`. Returns the fields written; none where the status stays.
///
/// Errors: 403/21 public or readable only. Unknown tasks are none: the call cleans up queues.
pub fn dequeue(ctx: &Ctx<'_>, id: &str, how: &Dequeue) -> Result<Option<Json>> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let mut left = BTreeSet::new();
        let fields = dequeue_task(ctx, tx, id, how, &mut left)?;
        left.iter().try_for_each(|queue| queues::sample(tx, queue))?;
        Ok(fields)
    })
}

/// `tasks.dequeue_many`: each by itself.
pub fn dequeue_many(ctx: &Ctx<'_>, ids: &[String], how: &Dequeue) -> Result<Batch<Option<Json>>> {
    ctx.write(|tx| {
        let mut left = BTreeSet::new();
        let batch = each(ctx, tx, ids, |id| dequeue_task(ctx, tx, id, how, &mut left))?;
        left.iter().try_for_each(|queue| queues::sample(tx, queue))?;
        Ok(batch)
    })
}

/// [`dequeue`] within a transaction; the queue that it left is added to `left`.
fn dequeue_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: &str,
    how: &Dequeue,
    left: &mut BTreeSet<String>,
) -> Result<Option<Json>> {
    let head = match access::writable(tx, id) {
        Ok(head) => head,
        Err(error) if error.kind() == ErrorKind::InvalidTaskId => {
            // The entry of a task that somebody may not see is none of theirs.
            if !tx.task_exists(id)? {
                tx.drop_queue_entries(&id.into(), None)?;
            }
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let was = Status::stored(&head.status);
    let waited = match &head.queue {
        Some(queue) if was == Status::Queued => tx.drop_queue_entry(&head.id, queue)?,
        _ => false,
    };
    if let Some(queue) = head.queue.as_ref().filter(|_| waited) {
        left.insert(queue.as_str().to_owned());
    }
    let waited = if how.from_all { tx.drop_queue_entries(&head.id, None)? > 0 || waited } else { waited };
    // Without a status to give it, a task that runs already stays as it is.
    if !was.is_active() || (was == Status::InProgress && how.new_status.is_none()) {
        return Ok(None);
    }
    back(ctx, tx, head, how.new_status, &how.words, waited).map(Some)
}

/// Gives a task that leaves its queue the status it had before, or `to`.
fn back(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    mut head: TaskHead,
    to: Option<Status>,
    words: &Words,
    waited: bool,
) -> Result<Json> {
    let before = head.enqueue_status.as_deref().map_or(Status::Created, Status::stored);
    let to = to.unwrap_or(before);
    let mut step = Step::new(to, true, words);
    step.change.set(TaskField::EnqueueStatus, Cell::Null);
    if !to.is_active() {
        end_submission(&mut step.change.update);
    } else if waited && to == Status::InProgress && head.executor.is_none() {
        // Whoever takes a waiting task in order to run it is its executor. A person runs it as themselves.
        let identity = &ctx.caller.user;
        match vaults::govern(ctx, tx, head.id.as_str(), identity, identity)? {
            vaults::Governed::Runs => redaction::dequeued(ctx, tx, head.id.as_str(), identity)?,
            vaults::Governed::Unknown => return Err(vaults::Unreadable.into()),
            vaults::Governed::Refused(reason) => {
                return Err(
                    ApiError::new(ErrorKind::TaskValidationError, reason).with("id", head.id.as_str())
                );
            }
        }
        step.change.update.set(TaskField::Executor, ctx.caller.user.as_str());
        if !may_execute(ctx) {
            step.change.update.set(TaskField::RunAs, ctx.caller.user.as_str());
        }
        let queue = head.queue.as_ref().map(QueueId::as_str);
        let submitter = head.run_as.as_ref().unwrap_or(&ctx.caller.user);
        let policy = vaults::decided(tx, head.id.as_str())?;
        trail::dequeued(ctx, tx, head.id.as_str(), queue, submitter.as_str(), false, &policy)?;
    }
    write_status(ctx, tx, &mut head, step)
}

/// Takes a task out of all queues; one that waits gets back the status it had before.
pub(super) fn leave_queues(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, words: &Words) -> Result<bool> {
    let waited = tx.drop_queue_entries(&head.id, None)? > 0;
    if Status::stored(&head.status) == Status::Queued {
        back(ctx, tx, head.clone(), None, words, waited)?;
    }
    Ok(waited)
}
