//! Making a task a draft again (protocol: spec/tasks.md 6.4).

use serde_json::{Value, json};

use crate::{
    domain::{Ctx, trail},
    store::{Tx, tasks::TaskField},
    types::{ApiError, ErrorKind, Json, Result},
};

use super::{
    access::{self, end_submission},
    artifact::artifact_id,
    batch::{Batch, each},
    change_status::{Step, Words, write_status},
    cleanup::{Disposal, Disposed, Mode, dispose, survey},
    content::{list_of, map_of},
    status::Status,
};

/// What a reset did.
#[derive(Debug)]
pub struct Reset {
    /// Fields of the status written.
    pub fields: Json,
    /// Whether it waited in a queue.
    pub dequeued: bool,
    /// What became of its belongings.
    pub disposed: Disposed,
}

/// `tasks.reset`.
///
/// Errors: 400/101, 403/21; 400/110 published; 400/123 published children or models; the last two unless `force`.
pub fn reset(ctx: &Ctx<'_>, id: &str, clear_all: bool, how: Disposal) -> Result<Reset> {
    ctx.touched("task", id);
    ctx.write(|tx| reset_task(ctx, tx, id, clear_all, how))
}

/// `tasks.reset_many`: each by itself.
pub fn reset_many(ctx: &Ctx<'_>, ids: &[String], clear_all: bool, how: Disposal) -> Result<Batch<Reset>> {
    ctx.write(|tx| each(ctx, tx, ids, |id| reset_task(ctx, tx, id, clear_all, how)))
}

fn reset_task(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, clear_all: bool, how: Disposal) -> Result<Reset> {
    let mut head = access::writable(tx, id)?;
    let status = Status::stored(&head.status);
    if !how.force {
        status.check_step(Status::Created).map_err(|error| {
            ApiError::new(ErrorKind::InvalidTaskStatus, error.detail())
                .with("task_id", id)
                .with("status", status.as_str())
        })?;
    }
    let belongings = survey(tx, &head, how.force)?;

    let dequeued = tx.drop_queue_entries(&head.id, None)? > 0;
    let disposed = dispose(ctx, tx, &head, belongings, Mode::Reset, how)?;
    tx.clear_task_metrics(&head)?;
    let words = Words { reason: "reset".to_owned(), message: "reset".to_owned() };
    let mut step = Step::new(Status::Created, true, &words);
    let update = &mut step.change.update;
    let [output, artifacts] = tx.task_sections(&head, [TaskField::Output, TaskField::Artifacts])?;
    let mut output = map_of(output);
    output.retain(|member, _| member != "result" && member != "error");
    update
        .set(TaskField::Output, output)
        .set(TaskField::LastIteration, 0)
        .set(TaskField::MetricStats, json!({}))
        .set(TaskField::ModelsOutput, json!([]))
        .set(TaskField::Runtime, json!({}))
        .clear(&[
            TaskField::LastWorker,
            TaskField::LastWorkerReport,
            TaskField::Started,
            TaskField::Completed,
            TaskField::Published,
            TaskField::ActiveDuration,
            TaskField::EnqueueStatus,
            TaskField::Queue,
        ]);
    end_submission(update);
    if clear_all {
        update
            .set(TaskField::Execution, json!({}))
            .set(TaskField::Artifacts, json!([]))
            .set(TaskField::Script, json!({}));
    } else {
        let inputs: Vec<Value> =
            list_of(artifacts).into_iter().filter(|artifact| artifact_id(artifact).1 == "input").collect();
        update.set(TaskField::Artifacts, inputs);
    }
    trail::status(ctx, tx, &head, "reset", None, "")?;
    let fields = write_status(ctx, tx, &mut head, step)?;
    Ok(Reset { fields, dequeued, disposed })
}
