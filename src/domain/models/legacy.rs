//! Registering output models through their task, as clients before API 2.14 did (spec/models.md 2, 3.4).

use serde_json::{Value, json};

use super::{
    access::{may_enter, text, unknown, writable, writable_task},
    change::{self, Changed},
    content::{Labels, labels_of, name_of},
    wrong,
};
use crate::{
    domain::{Ctx, tags},
    store::{Tx, documents::Access, models, query::MODEL},
    types::{ApiError, ErrorKind, Json, Result, new_id},
};

/// What `models.update_for_task` takes.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ForTask {
    pub task: String,
    pub uri: Option<String>,
    pub name: Option<String>,
    pub comment: Option<String>,
    pub tags: Option<Vec<String>>,
    pub system_tags: Option<Vec<String>>,
    pub override_model: Option<String>,
    pub iteration: Option<i64>,
}

/// What `models.update_for_task` did.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The model.
    pub id: String,
    /// What changed, when the task had an output model before.
    pub changed: Option<Changed>,
}

fn output_models(task: &Json) -> impl DoubleEndedIterator<Item = &str> {
    let outputs = task.get("models").and_then(|models| models.get("output")).and_then(Value::as_array);
    outputs.into_iter().flatten().filter_map(|entry| entry.get("model")?.as_str())
}

/// The last output model of a task of the tenant.
///
/// Errors: 400/101; 400/122 no output model; 400/201 it is gone.
pub fn by_task(ctx: &Ctx<'_>, task: &str) -> Result<Json> {
    ctx.read(|snapshot| {
        let found = super::access::readable_task(snapshot, task)?;
        if text(&found, "company") == Some("") {
            return Err(
                ApiError::new(ErrorKind::InvalidTaskId, "the task is not your tenant's").with("id", task)
            );
        }
        let Some(model) = output_models(&found).next_back() else {
            return Err(ApiError::new(ErrorKind::MissingTaskFields, "the task has no output model")
                .with("field", "models.output"));
        };
        snapshot.by_id(&MODEL, model, Access::Read, ctx.call.version)?.ok_or_else(|| unknown(ctx, model))
    })
}

/// Makes or changes the output model of a task that is a draft or running.
///
/// Errors: 400/101, 403/21; 400/110 the task's status; 400/11 not exactly one of address and model; 400/201.
pub fn register_for_task(ctx: &Ctx<'_>, asked: &ForTask) -> Result<Registered> {
    ctx.touched("task", asked.task.as_str());
    let user = ctx.caller.user.as_str();
    let uri = match (&asked.uri, &asked.override_model) {
        (Some(uri), None) => Some(uri.as_str()),
        (None, Some(_)) => None,
        _ => {
            return Err(ApiError::from(ErrorKind::MissingRequiredFields)
                .with("fields", vec!["exactly one of uri and override_model_id"]));
        }
    };
    ctx.write(|tx| {
        let task = writable_task(tx, &asked.task)?;
        let status = text(&task, "status").unwrap_or_default();
        if !matches!(status, "created" | "in_progress") {
            return Err(ApiError::new(
                ErrorKind::InvalidTaskStatus,
                "only drafts and running tasks get models",
            )
            .with("current_status", status));
        }
        let registered = match (uri, &asked.override_model) {
            (Some(uri), _) => match output_models(&task).next_back() {
                Some(model) => change_output(ctx, tx, asked, &task, model, uri)?,
                None => create_output(ctx, tx, asked, &task, uri)?,
            },
            (None, model) => {
                let model = model.as_deref().unwrap_or_default();
                writable(ctx, tx, model)?;
                tx.set_output_model(&asked.task, OUTPUT, model, user)?;
                Registered { id: model.to_owned(), changed: None }
            }
        };
        if let Some(iteration) = asked.iteration {
            tx.raise_last_iteration(&asked.task, iteration, user)?;
        }
        Ok(registered)
    })
}

/// Name of the one output model of old clients.
const OUTPUT: &str = "Output Model";

fn described(asked: &ForTask, task: &Json) -> (String, String) {
    let task_name = text(task, "name").unwrap_or_default();
    let name = asked.name.clone().unwrap_or_else(|| task_name.to_owned());
    let comment =
        asked.comment.clone().unwrap_or_else(|| format!("Created by task {task_name}, id {}", asked.task));
    (name, comment)
}

fn change_output(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    asked: &ForTask,
    task: &Json,
    model: &str,
    uri: &str,
) -> Result<Registered> {
    ctx.touched("model", model);
    let found = writable(ctx, tx, model)?;
    let (name, comment) = described(asked, task);
    let Value::Object(mut sent) = json!({"name": name, "comment": comment, "uri": uri}) else {
        return Err(wrong("uri", "must be text"));
    };
    for (key, tags) in [("tags", &asked.tags), ("system_tags", &asked.system_tags)] {
        if let Some(tags) = tags {
            sent.insert(key.to_owned(), json!(tags));
        }
    }
    let changed = change::described(ctx, tx, &found, &sent)?;
    Ok(Registered { id: model.to_owned(), changed: Some(changed) })
}

fn create_output(ctx: &Ctx<'_>, tx: &Tx<'_>, asked: &ForTask, task: &Json, uri: &str) -> Result<Registered> {
    let id = new_id();
    ctx.touched("model", id.as_str());
    let (name, comment) = described(asked, task);
    let project = text(task, "project");
    if let Some(project) = project {
        may_enter(tx, project, false, || wrong("project", "there is no such project"))?;
    }
    let execution = task.get("execution");
    let part = |key: &str| execution.and_then(|execution| execution.get(key));
    let inputs = task.get("models").and_then(|models| models.get("input")).and_then(Value::as_array);
    let parent = inputs.into_iter().flatten().find_map(|entry| entry.get("model")?.as_str());
    tx.insert_model(&models::NewModel {
        id: &id,
        user: ctx.caller.user.as_str(),
        name: &name_of(&name)?,
        uri: uri.trim(),
        comment: Some(&comment),
        project,
        task: Some(&asked.task),
        parent,
        framework: part("framework").and_then(Value::as_str),
        ready: false,
        tags: &tags::checked(asked.tags.clone().unwrap_or_default())?,
        system_tags: &tags::checked(asked.system_tags.clone().unwrap_or_default())?,
        labels: labels_of(part("model_labels"), Labels::Changed)?,
        design: part("model_desc").and_then(Value::as_object).cloned().unwrap_or_default(),
        metadata: Json::new(),
        ui_cache: Json::new(),
        public: false,
    })?;
    tx.set_output_model(&asked.task, OUTPUT, &id, ctx.caller.user.as_str())?;
    Ok(Registered { id, changed: None })
}
