//! Pulling: an agent takes the task at the head (spec/queues_workers.md 2.9; spec/security_rules.md S1, S7, S8).

use super::{
    access::{readable, writable},
    metrics,
};
use crate::{
    config::settings::services::PrivilegedAgents,
    domain::{
        CallerKind, Ctx, operations, redaction, trail,
        vaults::{self, Governed},
    },
    store::{Snapshot, Tx, documents::Access, query::TASK, queues::Entry},
    types::{ApiError, ErrorKind, Millis, Result, UserId},
};

/// A task that was pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The task.
    pub task: String,
    /// Since when it waited.
    pub added: Millis,
    /// Its tenant.
    pub company: String,
    /// Whom its code runs as: who submitted it.
    pub run_as: String,
}

/// Takes the first task that the caller may take. With `only`, none but that one. `as_submitter`: the caller asks whom
/// to run it as. Entries of deleted tasks are dropped. `None`: there is nothing to take.
///
/// Errors: 400/701, 403/21; 403/20 a privileged identity that would run the code as itself, where configuration
/// refuses that.
pub fn pull(ctx: &Ctx<'_>, queue: &str, only: Option<&str>, as_submitter: bool) -> Result<Option<Pulled>> {
    let privileged = check_privileged(ctx, as_submitter)?;
    // Hundreds of agents poll every few seconds: an empty queue costs no write.
    let worth_writing = ctx.read(|snapshot| {
        writable(ctx, snapshot, queue)?;
        Ok(snapshot.is_anything_waiting(queue)? || metrics::is_due(snapshot, queue)?)
    })?;
    if !worth_writing {
        return Ok(None);
    }
    ctx.write(|tx| {
        writable(ctx, tx, queue)?;
        metrics::sample(tx, queue)?;
        if privileged {
            tx.mark_privileged_workers(ctx.caller.user.as_str())?;
        }
        let taker = Taker::of(ctx, tx)?;
        let mut passed = None;
        while let Some(entry) = tx.waiting_behind(queue, passed.as_ref())? {
            let Some(task) = tx.waiting_task(&entry.task)? else {
                tx.leave_queue(queue, &entry.task)?;
                continue;
            };
            if !taker.may_take(ctx, tx, &entry)? {
                passed = Some(entry);
                continue;
            }
            if only.is_some_and(|only| only != entry.task) {
                return Ok(None);
            }
            // The identity under which the run executes decides (S9).
            let identity = taker.identity(ctx, &entry, as_submitter);
            match vaults::govern(ctx, tx, &entry.task, &identity, &ctx.caller.user)? {
                Governed::Runs => {}
                Governed::Unknown => {
                    tracing::error!(
                        task = entry.task,
                        "a task stays queued: a vault of administrators can't be read"
                    );
                    passed = Some(entry);
                    continue;
                }
                Governed::Refused(reason) => {
                    tx.leave_queue(queue, &entry.task)?;
                    tx.fail_task(&entry.task, &reason, ctx.caller.user.as_str())?;
                    ctx.touched("task", entry.task.as_str());
                    continue;
                }
            }
            redaction::dequeued(ctx, tx, &entry.task, &identity)?;
            tx.leave_queue(queue, &entry.task)?;
            tx.mark_queue_used(queue)?;
            let run_as = taker.run_as(ctx, &entry);
            tx.hand_over_task(&entry.task, run_as, ctx.caller.user.as_str())?;
            let policy = vaults::decided(tx, &entry.task)?;
            trail::dequeued(ctx, tx, &entry.task, Some(queue), run_as, as_submitter, &policy)?;
            ctx.touched("queue", queue);
            ctx.touched("task", entry.task.as_str());
            record(ctx, tx)?;
            return Ok(Some(Pulled {
                added: entry.added,
                company: task.company,
                run_as: entry.submitter,
                task: entry.task,
            }));
        }
        Ok(None)
    })
}

/// The task that the caller would pull.
///
/// Errors: 400/701.
pub fn peek(ctx: &Ctx<'_>, queue: &str) -> Result<Option<String>> {
    ctx.read(|snapshot| {
        readable(ctx, snapshot, queue)?;
        let taker = Taker::of(ctx, snapshot)?;
        let mut passed = None;
        while let Some(entry) = snapshot.waiting_behind(queue, passed.as_ref())? {
            if snapshot.waiting_task(&entry.task)?.is_some() && taker.may_take(ctx, snapshot, &entry)? {
                return Ok(Some(entry.task));
            }
            passed = Some(entry);
        }
        Ok(None)
    })
}

/// What an identity may take from queues.
enum Taker {
    /// Somebody who runs tasks as themselves: only those they may change anyway (S7).
    Person,
    /// A worker: whatever it accepts, `None` being everything (S8).
    Worker(Option<Vec<String>>),
}

impl Taker {
    fn of(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>) -> Result<Self> {
        let caller = &ctx.caller;
        Ok(match caller.kind {
            CallerKind::Service(_) => Taker::Worker(snapshot.accepts_tasks_from(caller.user.as_str())?),
            CallerKind::System => Taker::Worker(None),
            _ if caller.role.administers() => Taker::Worker(None),
            _ => Taker::Person,
        })
    }

    fn may_take(&self, ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, entry: &Entry) -> Result<bool> {
        match self {
            Taker::Person => Ok(snapshot.fields(&TASK, &entry.task, Access::Write, &["id"])?.is_some()),
            Taker::Worker(None) => Ok(true),
            Taker::Worker(Some(accepted)) => {
                if entry.submitter == ctx.caller.user.as_str() {
                    return Ok(accepted.iter().any(|name| name == "self"));
                }
                let submitter = UserId::from(entry.submitter.as_str());
                let groups = snapshot.groups_of(&submitter, &ctx.caller.tenant)?;
                Ok(groups.iter().any(|group| accepted.contains(&group.id)))
            }
        }
    }

    /// Under whose settings the task runs: the submitter's when a worker asks whom to run it as, else the worker's own.
    fn identity(&self, ctx: &Ctx<'_>, entry: &Entry, as_submitter: bool) -> UserId {
        match self {
            Taker::Worker(_) if as_submitter => UserId::from(entry.submitter.as_str()),
            _ => ctx.caller.user.clone(),
        }
    }

    /// Whom the task runs as from now on: a person's agent runs it as that person.
    fn run_as<'a>(&self, ctx: &'a Ctx<'_>, entry: &'a Entry) -> &'a str {
        match self {
            Taker::Person => ctx.caller.user.as_str(),
            Taker::Worker(_) => &entry.submitter,
        }
    }
}

/// Whether the caller is an administrator or an identity of the platform that would run code as itself (S8).
fn check_privileged(ctx: &Ctx<'_>, as_submitter: bool) -> Result<bool> {
    let privileged =
        !as_submitter && (ctx.caller.role.administers() || ctx.caller.kind == CallerKind::System);
    if !privileged {
        return Ok(false);
    }
    match ctx.app.settings.services.workers.privileged_agents {
        PrivilegedAgents::Allow => Ok(false),
        PrivilegedAgents::Warn => {
            ctx.note(|note| note.remark = Some("privileged_agent".to_owned()));
            Ok(true)
        }
        PrivilegedAgents::Refuse => Err(ApiError::new(
            ErrorKind::RoleNotAllowed,
            "an agent with administrator rights would run everybody's code with them; give it a service account, \
             or let it run tasks as their submitters",
        )
        .with("role", ctx.caller.role.as_str())),
    }
}

/// A task that changes hands is a security event (S26); an empty poll is none.
fn record(ctx: &Ctx<'_>, tx: &Tx<'_>) -> Result<()> {
    match operations::find("queues.get_next_task") {
        Some(operation) => {
            tx.append_security_event(&ctx.app.keys.audit, &ctx.security_event(operation, 200, 0))
        }
        None => Err(ErrorKind::InternalError.into()),
    }
}
