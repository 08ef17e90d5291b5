//! Which task a call may change, and who may change what a run consists of.

use crate::{
    domain::{CallerKind, Ctx},
    store::{
        Snapshot, Tx,
        documents::Access,
        tasks::{Found, TaskField, TaskHead, TaskUpdate},
    },
    types::{ApiError, ErrorKind, Result},
};

use super::status::Status;

/// The task is unknown, or hidden from the caller: both look the same.
pub(super) fn unknown_task(snapshot: &Snapshot<'_>, id: &str) -> ApiError {
    ApiError::from(ErrorKind::InvalidTaskId).with("id", id).with("company", snapshot.scope.company.as_str())
}

fn read_only(kind: &'static str, id: &str) -> ApiError {
    let text = format!("the {kind} is public or you may only read it");
    ApiError::new(ErrorKind::NoWritePermission, text).with("id", id)
}

/// A task that the caller may see; public ones included.
///
/// Errors: 400/101.
pub(super) fn readable(snapshot: &Snapshot<'_>, id: &str) -> Result<TaskHead> {
    snapshot.task(id, Access::Read)?.ok_or_else(|| unknown_task(snapshot, id))
}

/// A task that the caller may change (protocol: spec/tasks.md, "write access").
///
/// Errors: 400/101 unknown or foreign; 403/21 public or readable only.
pub(in crate::domain) fn writable(snapshot: &Snapshot<'_>, id: &str) -> Result<TaskHead> {
    if let Some(head) = snapshot.task(id, Access::Write)? {
        return Ok(head);
    }
    match snapshot.task(id, Access::Read)? {
        Some(_) => Err(read_only("task", id)),
        None => Err(unknown_task(snapshot, id)),
    }
}

/// All of these tasks, or none; each once, in the order sent.
///
/// Errors: 403/21 some are public or readable only; 400/101 with all that are unknown.
pub(super) fn all_writable(snapshot: &Snapshot<'_>, ids: &[String]) -> Result<Vec<TaskHead>> {
    let mut heads = Vec::with_capacity(ids.len());
    let mut unknown = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for id in ids {
        if !seen.insert(id.as_str()) {
            continue;
        }
        match writable(snapshot, id) {
            Ok(head) => heads.push(head),
            Err(error) if error.kind() == ErrorKind::InvalidTaskId => unknown.push(id.as_str()),
            Err(error) => return Err(error),
        }
    }
    if unknown.is_empty() {
        return Ok(heads);
    }
    Err(ApiError::from(ErrorKind::InvalidTaskId)
        .with("ids", unknown)
        .with("company", snapshot.scope.company.as_str()))
}

/// All of these tasks, for reading; each once, in the order sent.
///
/// Errors: 400/101 with all ids asked for when any is unknown.
pub(super) fn all_readable(snapshot: &Snapshot<'_>, ids: &[String]) -> Result<Vec<TaskHead>> {
    let mut heads = Vec::with_capacity(ids.len());
    let mut seen = std::collections::HashSet::new();
    for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
        let head = snapshot.task(id, Access::Read)?.ok_or_else(|| {
            ApiError::from(ErrorKind::InvalidTaskId)
                .with("ids", ids.to_vec())
                .with("company", snapshot.scope.company.as_str())
        })?;
        heads.push(head);
    }
    Ok(heads)
}

/// A project that something may be put into (spec/security_rules.md S18).
///
/// Errors: 400/401 unknown or foreign; 403/21 public or readable only.
pub(super) fn target_project(snapshot: &Snapshot<'_>, id: &str) -> Result<()> {
    match snapshot.project_standing(id)? {
        Found::Writable => Ok(()),
        Found::Readable => Err(read_only("project", id)),
        Found::Hidden | Found::Nowhere => Err(ApiError::from(ErrorKind::InvalidProjectId)
            .with("id", id)
            .with("company", snapshot.scope.company.as_str())),
    }
}

/// Checks that a task may be taken out of the project it lies in (S18). A project that is gone holds nobody back.
///
/// Errors: 403/21.
pub(in crate::domain) fn may_leave(snapshot: &Snapshot<'_>, head: &TaskHead) -> Result<()> {
    let Some(project) = &head.project else { return Ok(()) };
    match snapshot.project_standing(project.as_str())? {
        Found::Writable | Found::Nowhere => Ok(()),
        Found::Readable | Found::Hidden => Err(read_only("project", project.as_str())),
    }
}

/// Whether the caller is a machine that may hold the executor's grant (S7); a person never does, so that nobody can
/// dequeue somebody's task, change it, and have it run as them.
pub(super) fn may_execute(ctx: &Ctx<'_>) -> bool {
    matches!(ctx.caller.kind, CallerKind::Service(_) | CallerKind::System)
}

/// Code never runs as somebody who did not submit it (S1): while a task is queued or running, or waits in a queue,
/// only its run-as user and its executor may change what will run. Afterwards anybody with write access may, and
/// that ends the right to run as the submitter; the change to make for it is added to `update`.
///
/// Errors: 403/21.
pub(super) fn guard_content(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    head: &TaskHead,
    update: &mut TaskUpdate,
) -> Result<()> {
    let caller = &ctx.caller.user;
    update.set(TaskField::ContentEditor, caller.as_str());
    if head.executor.as_ref() == Some(caller) {
        return Ok(());
    }
    let submitted_by_another = snapshot.submitters(&head.id)?.iter().any(|submitter| submitter != caller);
    let runs_as_another = head.run_as.as_ref().is_some_and(|run_as| run_as != caller);
    if submitted_by_another || (runs_as_another && Status::stored(&head.status).is_active()) {
        let text =
            "somebody else submitted this task to run as themselves; dequeue or stop it before you change it";
        return Err(ApiError::new(ErrorKind::NoWritePermission, text).with("id", head.id.as_str()));
    }
    if runs_as_another {
        end_submission(update);
    }
    Ok(())
}

/// Nobody runs it as its submitter any more.
pub(super) fn end_submission(update: &mut TaskUpdate) {
    update.clear(&[TaskField::RunAs, TaskField::Executor, TaskField::EnqueuedHash]);
}

/// Edits of what a run consists of need a task that nobody has finished (protocol: spec/tasks.md 7, 8.1, 9).
///
/// Errors: 400/110.
pub(super) fn check_editable(head: &TaskHead, allowed: &[Status]) -> Result<()> {
    if allowed.contains(&Status::stored(&head.status)) {
        return Ok(());
    }
    let text = format!("the task is {}; reset or clone it to change it", head.status);
    Err(ApiError::new(ErrorKind::InvalidTaskStatus, text)
        .with("expected", Status::Created.as_str())
        .with("status", head.status.as_str()))
}

/// Statuses in which a run may still report.
pub(super) const UNFINISHED: &[Status] = &[Status::Created, Status::Queued, Status::InProgress];

/// Writes an update of a task that was found in this transaction.
///
/// Errors: 400/101 it is gone.
pub(in crate::domain) fn store(tx: &Tx<'_>, head: &TaskHead, update: &TaskUpdate) -> Result<()> {
    match tx.update_task(head, update)? {
        true => Ok(()),
        false => Err(unknown_task(tx, head.id.as_str())),
    }
}
