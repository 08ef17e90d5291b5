//! The one way to write a status (protocol: spec/tasks.md 3.2).

use crate::{
    domain::{Ctx, redaction, trail},
    store::{
        Tx,
        tasks::{Cell, TaskField, TaskHead, TaskUpdate},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

use super::status::Status;

/// System tag of code that runs on its author's machine (protocol: spec/tasks.md 3.7).
pub(super) const DEVELOPMENT: &str = "development";

/// Words that go with a status.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// `status_reason`.
    pub reason: String,
    /// `status_message`.
    pub message: String,
}

/// A change together with what the answer says about it: fields written plainly are echoed, others are not.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) update: TaskUpdate,
    pub(super) fields: Json,
}

impl Change {
    /// Sets a field and says so.
    pub(super) fn set(&mut self, field: TaskField, value: impl Into<Cell>) -> &mut Self {
        let value = value.into();
        self.fields.insert(field.wire().to_owned(), value.to_wire());
        self.update.set(field, value);
        self
    }
}

/// A step to another status.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) to: Status,
    /// Skips the status machine.
    pub(super) force: bool,
    pub(super) words: &'a Words,
    /// What else changes with it.
    pub(super) change: Change,
}

impl<'a> Step<'a> {
    pub(super) fn new(to: Status, force: bool, words: &'a Words) -> Self {
        Step { to, force, words, change: Change::default() }
    }
}

/// Takes a step: compare-and-set on the status that `head` shows, and the project learns of it. Returns the fields
/// written, and leaves the new status in `head`.
///
/// Errors: 400/110 not allowed; 400/121 the status changed meanwhile.
pub(super) fn write_status(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &mut TaskHead, step: Step<'_>) -> Result<Json> {
    if !step.force {
        Status::stored(&head.status).check_step(step.to)?;
    }
    let mut masked = 0;
    let mut shown = |text: &str| match redaction::mask_text(ctx, head.id.as_str(), text) {
        Some((text, count)) => {
            masked += count;
            text
        }
        None => text.to_owned(),
    };
    let mut change = Change::default();
    change
        .set(TaskField::Status, step.to.as_str())
        .set(TaskField::StatusReason, shown(&step.words.reason))
        .set(TaskField::StatusMessage, shown(&step.words.message))
        .set(TaskField::StatusChanged, tx.now)
        .set(TaskField::LastUpdate, tx.now)
        .set(TaskField::LastChange, tx.now)
        .set(TaskField::LastChangedBy, ctx.caller.user.as_str());
    if step.to == Status::Queued && head.is_marked(DEVELOPMENT) {
        head.system_tags.retain(|tag| tag != DEVELOPMENT);
        change.update.set(TaskField::SystemTags, head.system_tags.clone());
    }
    change.update.extend(step.change.update);
    change.fields.extend(step.change.fields);
    if !tx.update_task_in_status(head, &change.update)? {
        return Err(ApiError::new(ErrorKind::FailedChangingTaskStatus, "look at it and try again")
            .with("id", head.id.as_str())
            .with("current_status", head.status.as_str())
            .with("new_status", step.to.as_str()));
    }
    redaction::count(ctx, tx, head.id.as_str(), masked)?;
    if let Some(project) = &head.project {
        tx.touch_project(project.as_str())?;
    }
    // A run that goes on under the same status is no step.
    if head.status != step.to.as_str()
        && let Some(event) = trail_event(step.to)
    {
        let run_as = match change.update.get(TaskField::RunAs) {
            Some(Cell::Text(user)) => Some(user.clone()),
            Some(_) if step.to == Status::InProgress => Some(ctx.caller.user.to_string()),
            Some(_) => None,
            None => head.run_as.as_ref().map(ToString::to_string),
        };
        trail::status(ctx, tx, head, event, run_as, &step.words.reason)?;
    }
    step.to.as_str().clone_into(&mut head.status);
    Ok(change.fields)
}

/// What the trail calls a step to this status; none for those that only queues and drafts have.
const fn trail_event(to: Status) -> Option<&'static str> {
    match to {
        Status::InProgress => Some("started"),
        Status::Stopped => Some("stopped"),
        Status::Closed => Some("closed"),
        Status::Failed => Some("failed"),
        Status::Completed => Some("completed"),
        Status::Published => Some("published"),
        Status::Created | Status::Queued | Status::Publishing | Status::Unknown => None,
    }
}

/// Whole seconds that a running task has run until now (protocol: spec/tasks.md 3.4).
pub(super) fn active_duration(tx: &Tx<'_>, head: &TaskHead) -> Option<i64> {
    let started = head.started.filter(|_| Status::stored(&head.status) == Status::InProgress)?;
    Some((tx.now.0 - started.0).max(0) / 1000)
}
