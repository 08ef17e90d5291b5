//! `/tasks/{id}/trail`: who submitted a task, which agent ran it, in which container, with which vaults.

use serde_json::Value;

use super::{head::head, page, perform, shell};
use crate::{
    domain::{
        Ctx,
        trail::{self, Named, Run},
    },
    store::trail::TrailRow,
    types::{Json, Result},
    web::{
        PageReply, PageRequest,
        pages::document::text,
        render::time::When,
        view::{
            kit::Person,
            task::trail::{Container, Trail, TrailStep, Vault},
        },
    },
};

pub(super) fn trail(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let run = perform(ctx, "audit.get_task_trail", |ctx| trail::task_trail(ctx, &id))?;
    let agent = run.agent.as_ref().map(|(id, _)| id.clone());
    let person = |who: &Option<Named>| {
        who.as_ref().map(|(id, name)| Person {
            name: name.clone().unwrap_or_else(|| id.clone()),
            is_service: Some(id) == agent.as_ref(),
        })
    };
    // What runs is not what its submitter wrote (S1).
    let edited_by = match (&run.last_editor, &run.submitter) {
        (Some((editor, name)), Some((submitter, _))) if editor != submitter => {
            Some(name.clone().unwrap_or_else(|| editor.clone()))
        }
        _ => None,
    };
    let version = text(task, "script.version_num");
    let code = match (version.is_empty(), text(task, "script.diff").is_empty()) {
        (true, _) => String::new(),
        (false, true) => version,
        (false, false) => format!("{} + uncommitted changes", version.chars().take(12).collect::<String>()),
    };
    page!(
        request,
        Trail {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            steps: run.steps.iter().map(|step| row(&run, step)).collect(),
            submitter: person(&run.submitter),
            run_as: person(&run.run_as),
            agent: person(&run.agent),
            worker: run.worker.clone().unwrap_or_default(),
            session: run.session.clone().unwrap_or_default(),
            edited_by,
            code,
            ran: container(&run.container),
            asked: container(&run.container_requested),
            vaults: run.vaults.iter().map(vault).collect(),
        }
    )
}

fn member(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn container(value: &Value) -> Container {
    Container {
        image: member(value, "image"),
        arguments: member(value, "arguments"),
        digest: member(value, "digest"),
    }
}

fn vault(value: &Value) -> Vault {
    Vault {
        name: Some(member(value, "description"))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| member(value, "id")),
        scope: member(value, "scope"),
        version: value.get("version").and_then(Value::as_i64).unwrap_or_default(),
        hash: member(value, "content_hash"),
    }
}

fn row(run: &Run, step: &TrailRow) -> TrailStep {
    let detail = &step.detail;
    let by = |key: &str| detail.get(key).cloned().unwrap_or_default();
    let image = |key: &str| member(&by(key), "image");
    let some = |text: &str, before: &str| match text {
        "" => String::new(),
        text => format!("{before}{text}"),
    };
    let ip = some(step.ip.as_deref().unwrap_or_default(), " at ");
    let queue_name = member(detail, "queue_name");
    let queue_name = if queue_name.is_empty() { step.queue.clone().unwrap_or_default() } else { queue_name };
    let queue = some(&queue_name, "queue ");
    let worker = some(step.worker.as_deref().unwrap_or_default(), "worker ");
    let list = |parts: &[String]| {
        parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
    };
    let (event, detail) = match step.event.as_str() {
        "created" => ("Created", list(&[format!("{}{ip}", member(detail, "client")).trim().to_owned()])),
        "cloned" => (
            "Cloned",
            list(&[
                format!("from {}", member(detail, "source")),
                format!("{}{ip}", member(detail, "client")).trim().to_owned(),
            ]),
        ),
        "enqueued" => {
            ("Enqueued", list(&[queue, some(&image("container_requested"), "container requested ")]))
        }
        "dequeued" => (
            "Left the queue",
            list(&[
                worker,
                queue,
                some(&image("container"), "container "),
                format!("under the policy of {}", run.name_of(&member(detail, "policy_of"))),
            ]),
        ),
        "impersonated" => (
            "Ran as owner",
            format!(
                "session {} of {}",
                step.session_id.as_deref().unwrap_or_default().chars().take(12).collect::<String>(),
                run.name_of(step.run_as.as_deref().unwrap_or(&step.user))
            ),
        ),
        "vaults_loaded" => {
            let count = by("vaults").as_array().map_or(0, Vec::len);
            ("Vaults served", if count == 1 { "1 vault".to_owned() } else { format!("{count} vaults") })
        }
        "container_set" => (
            "Container set",
            list(&[image("container"), some(&member(&by("container"), "arguments"), "arguments ")]),
        ),
        "started" => ("Started", member(detail, "status_reason")),
        "stopped" => ("Stopped", member(detail, "status_reason")),
        "closed" => ("Closed", member(detail, "status_reason")),
        "failed" => ("Failed", member(detail, "status_reason")),
        "completed" => ("Completed", member(detail, "status_reason")),
        "published" => ("Published", member(detail, "status_reason")),
        "reset" => ("Reset", "results removed; a draft again".to_owned()),
        "deleted" => ("Deleted", String::new()),
        other => (other, String::new()),
    };
    // The agent acts in its own name; in a session of its owner's, the owner does by the agent.
    let user = match step.user.as_str() {
        crate::domain::tasks::SERVER => "the server",
        user => run.name_of(user),
    };
    TrailStep {
        when: When(step.at.0),
        event: event.to_owned(),
        who: Person { name: user.to_owned(), is_service: step.agent.as_deref() == Some(step.user.as_str()) },
        actor: step.actor.as_deref().map(|actor| run.name_of(actor).to_owned()).unwrap_or_default(),
        detail,
        is_policy: matches!(step.event.as_str(), "vaults_loaded" | "impersonated"),
    }
}
