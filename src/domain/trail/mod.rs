//! The execution trail: who submitted a task, which agent ran it, in which container, with which vaults
//! (spec/governance.md 6.3). Each step is written in the transaction of the request that causes it.

mod arguments;
mod read;

pub use arguments::{hide_password, without_secrets};
pub use read::{Found, Named, Run, find_tasks, task_trail};

use serde_json::{Value, json};

use super::{Ctx, ctx::claimed};
use crate::{
    store::{Tx, tasks::TaskHead, trail::TrailEvent},
    types::{Result, SessionId},
};

/// A step by the caller of a request.
fn step(ctx: &Ctx<'_>, task: Option<&str>, event: &'static str, detail: Value) -> TrailEvent {
    let caller = &ctx.caller;
    TrailEvent {
        task: task.map(str::to_owned),
        event,
        user: caller.user.to_string(),
        actor: caller.actor.as_ref().map(|actor| actor.user.to_string()),
        session_id: caller.session.as_ref().map(ToString::to_string),
        access_key: caller.access_key.clone(),
        ip: Some(claimed(&ctx.call.ip)).filter(|ip| !ip.is_empty()),
        worker: ctx.call.worker.as_deref().map(claimed),
        detail,
        call_id: ctx.call.id.clone(),
        ..TrailEvent::default()
    }
}

fn append(ctx: &Ctx<'_>, tx: &Tx<'_>, event: &TrailEvent) -> Result<()> {
    tx.append_trail(&ctx.app.keys.audit, event).map(drop)
}

/// What the trail keeps of a container: image, its digest where the image is named with one, and arguments without
/// secrets.
pub(super) fn container(section: &Value) -> Value {
    let text = |key: &str| section.get(key).and_then(Value::as_str).unwrap_or_default();
    let image = hide_password(text("image"));
    let mut shown = json!({"image": image, "arguments": without_secrets(text("arguments"))});
    if let (Some((_, digest)), Some(members)) = (image.rsplit_once("@sha256:"), shown.as_object_mut()) {
        members.insert("digest".to_owned(), format!("sha256:{digest}").into());
    }
    shown
}

fn image_of(container: &Value) -> Option<String> {
    container.get("image").and_then(Value::as_str).filter(|image| !image.is_empty()).map(str::to_owned)
}

fn stored_container(tx: &Tx<'_>, task: &str) -> Result<Value> {
    tx.stored_container(task).map(|section| container(&section))
}

/// A task was made.
pub(super) fn created(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str) -> Result<()> {
    append(ctx, tx, &step(ctx, Some(task), "created", client(ctx)))
}

/// A task was made as a copy.
pub(super) fn cloned(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, source: &str) -> Result<()> {
    let mut detail = client(ctx);
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("source".to_owned(), source.into());
    }
    append(ctx, tx, &step(ctx, Some(task), "cloned", detail))
}

fn client(ctx: &Ctx<'_>) -> Value {
    json!({"client": ctx.call.client.as_deref().map(claimed)})
}

/// A task was submitted: `submitter` is whom it will run as. The hash and the last editor tell whether what runs is what
/// they wrote (S1).
pub(super) fn enqueued(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    task: &str,
    queue: &str,
    submitter: &str,
    hash: &str,
) -> Result<()> {
    let requested = stored_container(tx, task)?;
    let editor = tx.content_editor(task)?;
    let detail = json!({
        "content_hash": hash,
        "queue_name": tx.queue_name(queue)?,
        "last_editor": editor.map(|editor| editor.to_string()),
        "container_requested": requested,
    });
    let event = TrailEvent {
        queue: Some(queue.to_owned()),
        image: image_of(&requested),
        run_as: Some(submitter.to_owned()),
        ..step(ctx, Some(task), "enqueued", detail)
    };
    append(ctx, tx, &event)
}

/// What the policy of vaults made of a container.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The container that the task asked for, where a policy decided; what it decided is stored.
    pub requested: Option<Value>,
    /// Vaults that the policy came from.
    pub vaults: Vec<ServedVault>,
}

/// An agent took a task. `run_as` is whom it was submitted by; `as_submitter`: the agent asked for that identity, so the
/// run's policy is theirs, else the agent's own (S9).
#[allow(clippy::too_many_arguments)]
pub(super) fn dequeued(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    task: &str,
    queue: Option<&str>,
    run_as: &str,
    as_submitter: bool,
    policy: &Policy,
) -> Result<()> {
    let caller = &ctx.caller;
    let runs = stored_container(tx, task)?;
    let requested = policy.requested.as_ref().map_or_else(|| runs.clone(), container);
    let governed_by = if as_submitter { run_as } else { caller.user.as_str() };
    let detail = json!({
        "agent_name": caller.name,
        "queue_name": match queue {
            Some(queue) => tx.queue_name(queue)?,
            None => None,
        },
        "container_requested": requested,
        "container": runs,
        "as_submitter": as_submitter,
        "policy_of": governed_by,
        "policy_vaults": policy.vaults.iter().map(ServedVault::json).collect::<Vec<_>>(),
    });
    let event = TrailEvent {
        agent: Some(caller.user.to_string()),
        run_as: Some(governed_by.to_owned()),
        queue: queue.map(str::to_owned),
        image: image_of(&runs),
        objects: policy.vaults.iter().map(|vault| ("vault", vault.id.clone())).collect(),
        ..step(ctx, Some(task), "dequeued", detail)
    };
    append(ctx, tx, &event)
}

/// A session was made in which the actor acts for the caller. It belongs to the task that the caller's session is bound to,
/// else to the one that this actor dequeued last to run as that user, if there is one without a session; a renewed session
/// to the task of the one before.
pub fn impersonated(ctx: &Ctx<'_>, tx: &Tx<'_>, session: &SessionId) -> Result<()> {
    let Some(actor) = &ctx.caller.actor else { return Ok(()) };
    // A session that renews itself goes on with the same task.
    let renewed = match &ctx.caller.session {
        Some(session) => tx.task_of_session(session.as_str())?,
        None => None,
    };
    let dequeue = match &renewed {
        Some(_) => None,
        None => tx.unclaimed_dequeue(actor.user.as_str(), ctx.caller.user.as_str())?,
    };
    let is_renewed = renewed.is_some();
    let bound = ctx.caller.task.clone().or(renewed);
    let dequeue = dequeue.filter(|step| bound.is_none() || bound == step.task);
    let task = bound.or_else(|| dequeue.as_ref().and_then(|step| step.task.clone()));
    let detail = json!({
        "actor_name": actor.name,
        "renewed": is_renewed,
        "dequeued": dequeue.as_ref().map(|step| step.seq),
        "by_session": ctx.caller.session.as_ref().map(ToString::to_string),
    });
    let event = TrailEvent {
        agent: Some(actor.user.to_string()),
        run_as: Some(ctx.caller.user.to_string()),
        session_id: Some(session.to_string()),
        worker: ctx.call.worker.as_deref().map(claimed).or_else(|| dequeue.and_then(|step| step.worker)),
        ..step(ctx, task.as_deref(), "impersonated", detail)
    };
    append(ctx, tx, &event)
}

/// A vault as it was served to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedVault {
    /// Id.
    pub id: String,
    /// `user`, `group`, `company` …
    pub scope: String,
    /// What people call it.
    pub description: String,
    /// Its version.
    pub version: i64,
    /// Hash of its content; the content itself never gets here.
    pub content_hash: String,
}

impl ServedVault {
    fn json(&self) -> Value {
        json!({
            "id": self.id, "scope": self.scope, "description": self.description, "version": self.version,
            "content_hash": self.content_hash,
        })
    }
}

/// Vaults were served to be loaded (`users.get_vaults` with `enabled`). The step belongs to the task that the session, or
/// the one it descends from, was made for; calls outside a run leave none, they are in the security events.
pub fn vaults_loaded(ctx: &Ctx<'_>, tx: &Tx<'_>, served: &[ServedVault]) -> Result<()> {
    let caller = &ctx.caller;
    let mut task = caller.task.clone();
    for session in [&caller.session, &caller.root_session].into_iter().flatten() {
        if task.is_none() {
            task = tx.task_of_session(session.as_str())?;
        }
    }
    let Some(task) = task else { return Ok(()) };
    let detail = json!({"vaults": served.iter().map(ServedVault::json).collect::<Vec<_>>()});
    let event = TrailEvent {
        objects: served.iter().map(|vault| ("vault", vault.id.clone())).collect(),
        ..step(ctx, Some(&task), "vaults_loaded", detail)
    };
    append(ctx, tx, &event)
}

/// The container of a task was changed to what is stored now.
pub(super) fn container_set(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str) -> Result<()> {
    let shown = stored_container(tx, task)?;
    let event = TrailEvent {
        image: image_of(&shown),
        ..step(ctx, Some(task), "container_set", json!({"container": shown}))
    };
    append(ctx, tx, &event)
}

/// A run began or ended, or a task was published, or made a draft again.
pub(super) fn status(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &TaskHead,
    event: &'static str,
    run_as: Option<String>,
    reason: &str,
) -> Result<()> {
    let detail = json!({"status_reason": reason.chars().take(1000).collect::<String>(), "from": head.status});
    let event = TrailEvent {
        agent: head.executor.as_ref().map(ToString::to_string),
        run_as,
        ..step(ctx, Some(head.id.as_str()), event, detail)
    };
    append(ctx, tx, &event)
}

/// A task goes; its trail stays, and knows the models that it made.
pub(super) fn deleted(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str) -> Result<()> {
    let models = tx.models_made_by(task)?;
    let event = TrailEvent {
        objects: models.iter().map(|(model, _)| ("model", model.clone())).collect(),
        image: tx.last_image(task)?,
        ..step(
            ctx,
            Some(task),
            "deleted",
            json!({
                "name": tx.task_name(task)?,
                "models": models.iter().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
            }),
        )
    };
    append(ctx, tx, &event)
}
