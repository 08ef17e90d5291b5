//! Asking a run to stop (protocol: spec/tasks.md 3.6).

use crate::{
    domain::Ctx,
    store::{Tx, tasks::TaskHead},
    types::{Json, Result},
};

use super::{
    access,
    batch::{Batch, each},
    change_status::{DEVELOPMENT, Step, Words, write_status},
    status::Status,
};

/// Type of a pipeline's controller.
pub(in crate::domain) const CONTROLLER: &str = "controller";

/// What clients poll for in the status message of a running task; never change it.
const STOPPING: &str = "stopping";

/// How to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Skips the status machine.
    pub force: bool,
    /// `status_reason`.
    pub reason: String,
    /// Stop a pipeline's running steps as well.
    pub include_steps: bool,
}

/// `tasks.stop`: at once where no worker is at it, else the worker is asked to.
///
/// Errors: 400/101, 403/21, 400/110.
pub fn stop(ctx: &Ctx<'_>, id: &str, how: &Stop) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| stop_task(ctx, tx, access::writable(tx, id)?, how))
}

/// `tasks.stop_many`: each by itself.
pub fn stop_many(ctx: &Ctx<'_>, ids: &[String], how: &Stop) -> Result<Batch<Json>> {
    ctx.write(|tx| each(ctx, tx, ids, |id| stop_task(ctx, tx, access::writable(tx, id)?, how)))
}

/// [`stop`] within a transaction.
fn stop_task(ctx: &Ctx<'_>, tx: &Tx<'_>, mut head: TaskHead, how: &Stop) -> Result<Json> {
    if how.include_steps && head.kind == CONTROLLER {
        // A refusal must leave the steps running.
        if !how.force && stops_at_once(ctx, tx, &head) {
            Status::stored(&head.status).check_step(Status::Stopped)?;
        }
        for mut step in tx.steps_of(&head.id)? {
            if Status::stored(&step.status).is_active() {
                ctx.touched("task", step.id.as_str());
                stop_one(ctx, tx, &mut step, true, &how.reason)?;
            }
        }
    }
    stop_one(ctx, tx, &mut head, how.force, &how.reason)
}

fn stop_one(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &mut TaskHead, force: bool, reason: &str) -> Result<Json> {
    let status = Status::stored(&head.status);
    if !stops_at_once(ctx, tx, head) {
        let words = Words { reason: reason.to_owned(), message: STOPPING.to_owned() };
        return write_status(ctx, tx, head, Step::new(status, true, &words));
    }
    let words = Words { reason: reason.to_owned(), message: format!("Stopped by {}", ctx.caller.name) };
    let fields = write_status(ctx, tx, head, Step::new(Status::Stopped, force, &words))?;
    if status == Status::Queued {
        tx.drop_queue_entries(&head.id, None)?;
    }
    Ok(fields)
}

fn stops_at_once(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead) -> bool {
    let timeout = ctx.app.settings.apiserver.workers.task_update_timeout.signed();
    let worker_is_at_it = head.last_worker.is_some() && tx.now < head.last_update.plus_seconds(timeout);
    Status::stored(&head.status) == Status::Queued || head.is_marked(DEVELOPMENT) || !worker_is_at_it
}
