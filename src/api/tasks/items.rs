//! Artifacts, hyper-parameters, configuration, model links, runtime (spec/tasks.md 7, 8, 9).

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::{required, texts, wrong};
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        tasks::{self, Configuration, Direction, Parameter, ParameterKey, Replace, at_least_one},
    },
    types::{Json, Result},
};

/// `tasks.add_or_update_artifacts`.
pub(super) fn put_artifacts(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        artifacts: Vec<Value>,
    }
    let asked: Asked = request.decode()?;
    let artifacts = at_least_one(asked.artifacts, "artifacts")?;
    tasks::put_artifacts(ctx, &asked.task, &Value::Array(artifacts))?;
    Reply::data(&json!({"updated": 1}))
}

/// `tasks.delete_artifacts`.
pub(super) fn delete_artifacts(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        artifacts: Vec<Json>,
    }
    let asked: Asked = request.decode()?;
    tasks::delete_artifacts(ctx, &asked.task, &at_least_one(asked.artifacts, "artifacts")?)?;
    Reply::data(&json!({"deleted": 1}))
}

#[derive(Deserialize)]
struct Tasks {
    #[serde(default)]
    tasks: Vec<String>,
}

impl Tasks {
    fn some(self) -> Result<Vec<String>> {
        at_least_one(self.tasks, "tasks")
    }
}

/// `tasks.get_hyper_params`.
pub(super) fn get_hyperparams(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Tasks = request.decode()?;
    let found = tasks::hyperparams(ctx, &asked.some()?)?;
    let params: Vec<Value> =
        found.into_iter().map(|(task, items)| json!({"task": task, "hyperparams": items})).collect();
    Reply::data(&json!({"params": params}))
}

#[derive(Deserialize)]
struct ParameterItem {
    #[serde(default)]
    section: String,
    #[serde(default)]
    name: String,
    value: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    description: Option<String>,
}

/// `tasks.edit_hyper_params`.
pub(super) fn edit_hyperparams(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        hyperparams: Vec<ParameterItem>,
        replace_hyperparams: Option<String>,
        #[serde(default)]
        force: bool,
    }
    let asked: Asked = request.decode()?;
    let replace = match asked.replace_hyperparams.as_deref() {
        Some("section") => Replace::Sections,
        Some("all") => Replace::All,
        _ => Replace::Items,
    };
    let parameters = at_least_one(asked.hyperparams, "hyperparams")?
        .into_iter()
        .map(|item| {
            Ok(Parameter {
                section: item.section,
                name: item.name,
                value: item.value.ok_or_else(|| wrong("hyperparams.value", "is required"))?,
                kind: item.kind,
                description: item.description,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    tasks::edit_hyperparams(ctx, &asked.task, &parameters, replace, asked.force)?;
    Reply::data(&json!({"updated": 1}))
}

/// `tasks.delete_hyper_params`.
pub(super) fn delete_hyperparams(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        hyperparams: Vec<ParameterItem>,
        #[serde(default)]
        force: bool,
    }
    let asked: Asked = request.decode()?;
    let keys: Vec<ParameterKey> = at_least_one(asked.hyperparams, "hyperparams")?
        .into_iter()
        .map(|key| ParameterKey { section: key.section, name: Some(key.name) })
        .collect();
    tasks::delete_hyperparams(ctx, &asked.task, &keys, asked.force)?;
    Reply::data(&json!({"deleted": 1}))
}

/// `tasks.get_configurations`.
pub(super) fn get_configurations(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(flatten)]
        tasks: Tasks,
        names: Option<Vec<String>>,
    }
    let asked: Asked = request.decode()?;
    let names = asked.names.filter(|names| !names.is_empty());
    let found = tasks::configurations(ctx, &asked.tasks.some()?, names.as_deref())?;
    let configurations: Vec<Value> =
        found.into_iter().map(|(task, items)| json!({"task": task, "configuration": items})).collect();
    Reply::data(&json!({"configurations": configurations}))
}

/// `tasks.get_configuration_names`.
pub(super) fn get_configuration_names(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(flatten)]
        tasks: Tasks,
        skip_empty: Option<bool>,
    }
    let asked: Asked = request.decode()?;
    let found = tasks::configuration_names(ctx, &asked.tasks.some()?, asked.skip_empty.unwrap_or(true))?;
    let configurations: Vec<Value> =
        found.into_iter().map(|(task, names)| json!({"task": task, "names": names})).collect();
    Reply::data(&json!({"configurations": configurations}))
}

/// `tasks.edit_configuration`.
pub(super) fn edit_configuration(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        configuration: Vec<ParameterItem>,
        #[serde(default)]
        replace_configuration: bool,
        #[serde(default)]
        force: bool,
    }
    let asked: Asked = request.decode()?;
    let items = at_least_one(asked.configuration, "configuration")?
        .into_iter()
        .map(|item| {
            Ok(Configuration {
                name: item.name,
                value: item.value.ok_or_else(|| wrong("configuration.value", "is required"))?,
                kind: item.kind,
                description: item.description,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    tasks::edit_configuration(ctx, &asked.task, &items, asked.replace_configuration, asked.force)?;
    Reply::data(&json!({"updated": 1}))
}

/// `tasks.delete_configuration`.
pub(super) fn delete_configuration(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        configuration: Vec<String>,
        #[serde(default)]
        force: bool,
    }
    let asked: Asked = request.decode()?;
    let names = at_least_one(asked.configuration, "configuration")?;
    tasks::delete_configuration(ctx, &asked.task, &names, asked.force)?;
    Reply::data(&json!({"deleted": 1}))
}

/// The schema has checked that it is one of the two.
fn direction(kind: &str) -> Direction {
    if kind == "input" { Direction::Input } else { Direction::Output }
}

/// `tasks.add_or_update_model`.
pub(super) fn put_model(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        name: String,
        model: String,
        #[serde(rename = "type")]
        kind: String,
        iteration: Option<i64>,
    }
    let asked: Asked = request.decode()?;
    tasks::put_model(ctx, &asked.task, direction(&asked.kind), &asked.name, &asked.model, asked.iteration)?;
    Reply::data(&json!({"updated": 1}))
}

/// `tasks.delete_models`.
pub(super) fn delete_models(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Link {
        name: String,
        #[serde(rename = "type")]
        kind: String,
    }
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        models: Vec<Link>,
    }
    let asked: Asked = request.decode()?;
    let links: Vec<(Direction, String)> = at_least_one(asked.models, "models")?
        .into_iter()
        .map(|link| (direction(&link.kind), link.name))
        .collect();
    tasks::delete_models(ctx, &asked.task, &links)?;
    Reply::data(&json!({"updated": 1}))
}

/// `tasks.edit_runtime`: values of any kind, nulls too.
pub(super) fn edit_runtime(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = request.body;
    let put = match body.get("add_or_update") {
        None | Some(Value::Null) => Json::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => return Err(wrong("add_or_update", "must be an object")),
    };
    let changed = tasks::edit_runtime(ctx, &required(&body, "task")?, put, &texts(&body, "remove")?)?;
    Reply::data(&json!({"updated": i32::from(changed)}))
}
