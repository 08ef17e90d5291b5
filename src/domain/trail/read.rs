//! Answering who ran what: the trail of a task, and the tasks that fit a question (spec/governance.md 6.3).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::Access,
        trail::{TrailFilter, TrailRow},
    },
    types::{ApiError, ErrorKind, Result},
};

/// Most steps that are shown of one task.
const MOST_STEPS: u32 = 2_000;

/// Somebody by id and name.
pub type Named = (String, Option<String>);

/// The last run of a task in one glance.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The task.
    pub task: String,
    /// Its name, also when it was deleted.
    pub name: Option<String>,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Who submitted it, else who started or made it.
    pub submitter: Option<Named>,
    /// Whom the code ran as.
    pub run_as: Option<Named>,
    /// Who edited last what was submitted.
    pub last_editor: Option<Named>,
    /// The agent's identity.
    pub agent: Option<Named>,
    /// The worker that it claimed.
    pub worker: Option<String>,
    /// Session in which the agent acted for the run-as user.
    pub session: Option<String>,
    /// Queue that it waited in.
    pub queue: Option<String>,
    /// Container that ran: image, arguments, perhaps a digest.
    pub container: Value,
    /// Container that was asked for.
    pub container_requested: Value,
    /// Vaults in force.
    pub vaults: Vec<Value>,
    /// Models that it made.
    pub models: Vec<(String, String)>,
    /// All steps, oldest first; of all runs.
    pub steps: Vec<TrailRow>,
    names: BTreeMap<String, String>,
}

impl Run {
    /// Display name of a user that takes part; its id where it has none.
    pub fn name_of<'a>(&'a self, user: &'a str) -> &'a str {
        self.names.get(user).map_or(user, String::as_str)
    }

    /// As the wire has it, with or without its steps.
    pub fn json(&self, with_steps: bool) -> Value {
        let named = |who: &Option<Named>| match who {
            Some((id, name)) => json!({"id": id, "name": name}),
            None => Value::Null,
        };
        let mut agent = named(&self.agent);
        if let (Some(members), Some(worker)) = (agent.as_object_mut(), &self.worker) {
            members.insert("worker".to_owned(), worker.as_str().into());
        }
        let models = |(id, name): &(String, String)| json!({"id": id, "name": name});
        let mut answer = json!({
            "task": self.task,
            "name": self.name,
            "deleted": self.is_deleted,
            "submitter": named(&self.submitter),
            "run_as": named(&self.run_as),
            "last_editor": named(&self.last_editor),
            "agent": agent,
            "session_id": self.session,
            "queue": self.queue,
            "container": self.container,
            "container_requested": self.container_requested,
            "vaults": self.vaults,
            "models": self.models.iter().map(models).collect::<Vec<_>>(),
        });
        if with_steps && let Some(members) = answer.as_object_mut() {
            let steps = self.steps.iter().map(|step| self.step_json(step)).collect();
            members.insert("events".to_owned(), Value::Array(steps));
        }
        answer
    }

    fn step_json(&self, step: &TrailRow) -> Value {
        let mut shown = Map::new();
        shown.insert("seq".to_owned(), step.seq.into());
        shown.insert("timestamp".to_owned(), step.at.to_zulu().into());
        shown.insert("event".to_owned(), step.event.as_str().into());
        let named = |id: &str| json!({"id": id, "name": self.names.get(id)});
        shown.insert("user".to_owned(), named(&step.user));
        for (key, who) in [("actor", &step.actor), ("agent", &step.agent), ("run_as", &step.run_as)] {
            if let Some(who) = who {
                shown.insert(key.to_owned(), named(who));
            }
        }
        for (key, text) in [
            ("session_id", &step.session_id),
            ("access_key", &step.access_key),
            ("ip", &step.ip),
            ("worker", &step.worker),
            ("queue", &step.queue),
            ("image", &step.image),
        ] {
            if let Some(text) = text {
                shown.insert(key.to_owned(), text.as_str().into());
            }
        }
        if let Some(detail) = step.detail.as_object() {
            for (key, value) in detail.iter().filter(|(_, value)| !value.is_null()) {
                shown.entry(key.as_str()).or_insert_with(|| value.clone());
            }
        }
        Value::Object(shown)
    }
}

/// `audit.get_task_trail`: administrators see the trail of every task of their tenant, also of deleted ones; others that
/// of tasks they may read.
///
/// Errors: 400/101.
pub fn task_trail(ctx: &Ctx<'_>, task: &str) -> Result<Run> {
    ctx.touched("task", task);
    ctx.read(|snapshot| {
        let readable = snapshot.task(task, Access::Read)?;
        let steps = match (&readable, ctx.caller.role.administers()) {
            (None, false) => Vec::new(),
            _ => snapshot.trail_of(task, MOST_STEPS)?,
        };
        if readable.is_none() && steps.is_empty() {
            return Err(ApiError::from(ErrorKind::InvalidTaskId)
                .with("id", task)
                .with("company", snapshot.scope.company.as_str()));
        }
        summed_up(snapshot, task, steps)
    })
}

/// Tasks that a question finds, newest first, and how many there are.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The page.
    pub runs: Vec<Run>,
    /// All.
    pub total: u64,
}

/// `audit.find_tasks`: which image, and whose credentials, produced this.
pub fn find_tasks(ctx: &Ctx<'_>, filter: &TrailFilter, page: u64, page_size: u64) -> Result<Found> {
    ctx.read(|snapshot| {
        let (tasks, total) = snapshot.find_in_trail(filter, page.saturating_mul(page_size), page_size)?;
        let runs = tasks
            .into_iter()
            .map(|task| {
                let steps = snapshot.trail_of(&task, MOST_STEPS)?;
                summed_up(snapshot, &task, steps)
            })
            .collect::<Result<_>>()?;
        Ok(Found { runs, total })
    })
}

fn summed_up(snapshot: &Snapshot<'_>, task: &str, steps: Vec<TrailRow>) -> Result<Run> {
    let mut names = BTreeMap::new();
    for user in steps.iter().flat_map(|step| {
        [Some(&step.user), step.actor.as_ref(), step.agent.as_ref(), step.run_as.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .chain(text(&step.detail, "last_editor"))
    }) {
        if !names.contains_key(&user)
            && let Some(name) = snapshot.user_name(&user)?
        {
            names.insert(user, name);
        }
    }
    let mut run = Run {
        task: task.to_owned(),
        name: snapshot.task_name(task)?,
        models: snapshot.models_made_by(task)?,
        names,
        ..Run::default()
    };
    let named = |names: &BTreeMap<String, String>, id: &str| Some((id.to_owned(), names.get(id).cloned()));
    for step in &steps {
        match step.event.as_str() {
            "created" | "cloned" | "started" if run.submitter.is_none() => {
                run.submitter = named(&run.names, &step.user);
            }
            "enqueued" => {
                // A new submission is a new run.
                run.agent = None;
                run.worker = None;
                run.session = None;
                run.vaults = Vec::new();
                run.container = Value::Null;
                // An agent that passes its task on submits nothing.
                let submitter = step.run_as.as_deref().unwrap_or(&step.user);
                run.submitter = named(&run.names, submitter);
                run.run_as = run.submitter.clone();
                run.last_editor =
                    text(&step.detail, "last_editor").and_then(|editor| named(&run.names, &editor));
                run.queue = step.queue.clone();
                run.container_requested = part(&step.detail, "container_requested");
            }
            "dequeued" => {
                run.agent = step.agent.as_deref().and_then(|agent| named(&run.names, agent));
                run.run_as = step.run_as.as_deref().and_then(|user| named(&run.names, user));
                run.worker = step.worker.clone();
                run.queue = step.queue.clone().or(run.queue);
                run.container = part(&step.detail, "container");
                run.container_requested = part(&step.detail, "container_requested");
                run.vaults = list(&step.detail, "policy_vaults");
            }
            "impersonated" => {
                run.session.clone_from(&step.session_id);
                run.worker = run.worker.or_else(|| step.worker.clone());
            }
            "vaults_loaded" => run.vaults = list(&step.detail, "vaults"),
            "container_set" => run.container = part(&step.detail, "container"),
            "deleted" => {
                run.is_deleted = true;
                run.name = run.name.or_else(|| text(&step.detail, "name"));
                for model in list(&step.detail, "models") {
                    if let (Some(id), name) = (text(&model, "id"), text(&model, "name")) {
                        run.models.push((id, name.unwrap_or_default()));
                    }
                }
            }
            _ => {}
        }
        if step.event == "started" && run.run_as.is_none() {
            run.run_as = named(&run.names, step.run_as.as_deref().unwrap_or(&step.user));
        }
        // Where the call did not name its worker, what the task itself reports does.
    }
    if run.container.is_null() {
        run.container = run.container_requested.clone();
    }
    if run.worker.is_none() {
        run.worker = snapshot.task(task, Access::Read)?.and_then(|head| head.last_worker);
    }
    run.steps = steps;
    Ok(run)
}

fn text(detail: &Value, key: &str) -> Option<String> {
    detail.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn part(detail: &Value, key: &str) -> Value {
    detail.get(key).cloned().unwrap_or_default()
}

fn list(detail: &Value, key: &str) -> Vec<Value> {
    detail.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}
