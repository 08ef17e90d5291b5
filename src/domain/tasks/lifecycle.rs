//! Beginning and ending a run: started, stopped, failed, completed, closed, published (protocol: spec/tasks.md 3.3).

use crate::{
    domain::{Ctx, vaults},
    store::{
        Tx,
        documents::Access,
        models::Change,
        tasks::{TaskField, TaskHead},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

use super::{
    access::{self, end_submission},
    batch::{Batch, each},
    change_status::{Step, Words, active_duration, write_status},
    content::map_of,
    status::Status,
};

/// `tasks.started`.
///
/// Errors: 400/10 unknown, which another tenant's task is as well; 403/21 public; 400/110.
pub fn start(ctx: &Ctx<'_>, id: &str, force: bool, words: &Words) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        if !tx.task_exists(id)? {
            return Err(ApiError::new(ErrorKind::InvalidId, "there is no such task").with("id", id));
        }
        let mut head = access::writable(tx, id)?;
        let mut step = Step::new(Status::InProgress, force, words);
        let was = Status::stored(&head.status);
        match head.started {
            // The run goes on: what is stored is its beginning, unless clocks ran backwards.
            Some(started) if was == Status::InProgress => {
                step.change.update.set(TaskField::Started, started.min(tx.now));
            }
            _ => {
                step.change.set(TaskField::Started, tx.now);
                step.change.update.clear(&[TaskField::Completed, TaskField::ActiveDuration]);
            }
        }
        // A new run that nobody enqueued runs as whoever starts it.
        let caller = Some(&ctx.caller.user);
        if !was.is_active() && head.run_as.as_ref() != caller && head.executor.as_ref() != caller {
            end_submission(&mut step.change.update);
        }
        enforce_destination(ctx, tx, &head, &mut step)?;
        write_status(ctx, tx, &mut head, step)
    })
}

/// A run that starts writes where administrators say, wherever its task was made to write to.
fn enforce_destination(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, step: &mut Step<'_>) -> Result<()> {
    let [output] = tx.task_sections(head, [TaskField::Output])?;
    let mut output = map_of(output);
    let Some(sent) = output.get("destination").and_then(serde_json::Value::as_str) else { return Ok(()) };
    let identity = head.run_as.as_ref().unwrap_or(&ctx.caller.user);
    if let Some(decided) = vaults::enforced_destination(ctx, tx, identity, sent)? {
        output.insert("destination".to_owned(), decided.into());
        step.change.update.set(TaskField::Output, output);
    }
    Ok(())
}

/// `tasks.stopped`, by the process that ends.
///
/// Errors: 400/101, 403/21, 400/110.
pub fn stopped(ctx: &Ctx<'_>, id: &str, force: bool, words: &Words) -> Result<Json> {
    ended(ctx, id, Status::Stopped, force, words)
}

/// `tasks.failed`.
///
/// Errors: 400/101, 403/21, 400/110.
pub fn failed(ctx: &Ctx<'_>, id: &str, force: bool, words: &Words) -> Result<Json> {
    ended(ctx, id, Status::Failed, force, words)
}

fn ended(ctx: &Ctx<'_>, id: &str, to: Status, force: bool, words: &Words) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| end(ctx, tx, &mut access::writable(tx, id)?, to, force, words))
}

fn end(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &mut TaskHead,
    to: Status,
    force: bool,
    words: &Words,
) -> Result<Json> {
    let mut step = Step::new(to, force, words);
    step.change.set(TaskField::Completed, tx.now);
    if let Some(seconds) = active_duration(tx, head) {
        step.change.update.set(TaskField::ActiveDuration, seconds);
    }
    write_status(ctx, tx, head, step)
}

/// What `tasks.completed` did.
#[derive(Debug)]
pub struct Completed {
    /// Fields written.
    pub fields: Json,
    /// Whether the task was published as well.
    pub published: bool,
}

/// `tasks.completed`, perhaps published in the same breath.
///
/// Errors: 400/101, 403/21, 400/110.
pub fn complete(ctx: &Ctx<'_>, id: &str, force: bool, words: &Words, publish: bool) -> Result<Completed> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let mut head = access::writable(tx, id)?;
        let mut fields = end(ctx, tx, &mut head, Status::Completed, force, words)?;
        if publish {
            let published = publish_task(ctx, tx, &mut head, force, words, true)?;
            fields.extend(published.into_iter().filter(|(name, _)| name != "published" && name != "output"));
        }
        Ok(Completed { fields, published: publish })
    })
}

/// `tasks.close`: a stopped task is done with.
///
/// Errors: 400/101, 403/21, 400/110.
pub fn close(ctx: &Ctx<'_>, id: &str, force: bool, words: &Words) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        write_status(ctx, tx, &mut access::writable(tx, id)?, Step::new(Status::Closed, force, words))
    })
}

/// `tasks.publish`: the task and its last output model become immutable.
///
/// Errors: 400/101, 403/21; 400/110 also when it is published already.
pub fn publish(ctx: &Ctx<'_>, id: &str, force: bool, words: &Words, publish_model: bool) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| publish_task(ctx, tx, &mut access::writable(tx, id)?, force, words, publish_model))
}

/// `tasks.publish_many`: each by itself.
pub fn publish_many(
    ctx: &Ctx<'_>,
    ids: &[String],
    force: bool,
    words: &Words,
    publish_model: bool,
) -> Result<Batch<Json>> {
    ctx.write(|tx| {
        each(ctx, tx, ids, |id| {
            publish_task(ctx, tx, &mut access::writable(tx, id)?, force, words, publish_model)
        })
    })
}

/// Publishes a task together with a model that it made, which the caller publishes. `None`: it was published before.
///
/// Errors: 400/101, 403/21, 400/110.
pub(in crate::domain) fn publish_with_model(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: &str,
    force: bool,
) -> Result<Option<Json>> {
    let mut head = access::writable(tx, id)?;
    if Status::stored(&head.status) == Status::Published {
        return Ok(None);
    }
    ctx.touched("task", id);
    publish_task(ctx, tx, &mut head, force, &Words::default(), false).map(Some)
}

/// Publishes in one step: nobody ever sees the status in between, and a failure leaves everything as it was.
fn publish_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &mut TaskHead,
    force: bool,
    words: &Words,
    publish_model: bool,
) -> Result<Json> {
    if !force {
        Status::stored(&head.status).check_strict_step(Status::Published)?;
    }
    let [output, models] = tx.task_sections(head, [TaskField::Output, TaskField::ModelsOutput])?;
    if publish_model {
        let last = models.as_array().and_then(|models| models.last());
        if let Some(model) = last.and_then(|link| link.get("model")).and_then(|model| model.as_str())
            && tx.model(model, Access::Write)?.is_some_and(|model| !model.ready)
        {
            tx.change_model(model, vec![Change::Ready(true)], ctx.caller.user.as_str())?;
            ctx.touched("model", model);
        }
    }
    let mut fields = mark_published(ctx, tx, head, words)?;
    fields.insert("output".to_owned(), output);
    Ok(fields)
}

/// Writes that a task is published, whatever its status and whatever it made. Returns the fields written.
pub(in crate::domain) fn mark_published(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &mut TaskHead,
    words: &Words,
) -> Result<Json> {
    let mut step = Step::new(Status::Published, true, words);
    step.change.set(TaskField::Published, tx.now);
    write_status(ctx, tx, head, step)
}
