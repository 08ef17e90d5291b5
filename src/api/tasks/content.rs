//! Making, changing, copying and moving tasks (spec/tasks.md 4, 6.7 to 6.9).

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::{Ids, TaskOnly, optional, required, texts, updated, wrong};
use crate::{
    api::{
        arguments::{parse_body, split_lines},
        endpoint::{Reply, Request},
    },
    domain::{
        Ctx,
        tasks::{self, Overrides, Target, at_least_one},
    },
    store::query::truthy,
    types::{ApiError, ErrorKind, Json, Result},
};

/// `tasks.create`.
pub(super) fn create(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    Reply::data(&json!({"id": tasks::create(ctx, &request.body)?}))
}

/// `tasks.validate`.
pub(super) fn validate(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    tasks::validate(ctx, &request.body)?;
    Ok(Reply::empty())
}

/// `tasks.edit`.
pub(super) fn edit(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let task = required(&request.body, "task")?;
    let force = truthy(request.body.get("force"));
    updated(tasks::edit(ctx, &task, force, &request.body)?, json!({}))
}

/// `tasks.update`.
pub(super) fn update(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let task = required(&request.body, "task")?;
    updated(tasks::update(ctx, &task, &request.body)?, json!({}))
}

/// `tasks.update_batch`: JSON lines, or one object.
pub(super) fn update_batch(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let items = match request.is_lines {
        true => split_lines(&request.lines)?.into_iter().map(parse_body).collect::<Result<Vec<_>>>()?,
        false => Some(parse_body(&request.lines)?).filter(|item| !item.is_empty()).into_iter().collect(),
    };
    Reply::data(&json!({"updated": tasks::update_batch(ctx, &items)?}))
}

/// `tasks.set_requirements`.
pub(super) fn set_requirements(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        task: String,
        requirements: Json,
    }
    let asked: Asked = request.decode()?;
    tasks::set_requirements(ctx, &asked.task, asked.requirements)?;
    Reply::data(&json!({"updated": 1, "fields": {}}))
}

/// `tasks.ping`.
pub(super) fn ping(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TaskOnly = request.decode()?;
    tasks::ping(ctx, &asked.task)?;
    Ok(Reply::empty())
}

/// `tasks.clone`.
pub(super) fn clone(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = request.body;
    let object = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map.clone())),
        Some(_) => Err(wrong(name, "must be an object")),
    };
    let overrides = Overrides {
        name: optional(&body, "new_task_name")?,
        comment: optional(&body, "new_task_comment")?,
        tags: texts(&body, "new_task_tags")?,
        system_tags: texts(&body, "new_task_system_tags")?,
        parent: optional(&body, "new_task_parent")?,
        project: optional(&body, "new_task_project")?,
        project_name: optional(&body, "new_project_name")?,
        hyperparams: object("new_task_hyperparams")?,
        configuration: object("new_task_configuration")?,
        container: object("new_task_container")?,
        input_models: body.get("new_task_input_models").filter(|links| !links.is_null()).cloned(),
        execution: object("execution_overrides")?,
        validate_references: truthy(body.get("validate_references")),
    };
    let cloned = tasks::clone(ctx, &required(&body, "task")?, &overrides)?;
    let mut answer = json!({"id": cloned.id});
    if let (Some((id, name)), Some(answer)) = (cloned.project, answer.as_object_mut()) {
        answer.insert("new_project".to_owned(), json!({"id": id, "name": name}));
    }
    Reply::data(&answer)
}

/// `tasks.move`: an explicit null, and an empty id, mean the root.
pub(super) fn relocate(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = request.body;
    let ids = at_least_one(texts(&body, "ids")?, "ids")?;
    if !body.contains_key("project") && !body.contains_key("project_name") {
        return Err(
            ApiError::from(ErrorKind::MissingRequiredFields).with("fields", vec!["project", "project_name"])
        );
    }
    let given = |name: &str| optional(&body, name).map(|text| text.filter(|text| !text.is_empty()));
    let target = match (given("project")?, given("project_name")?) {
        (Some(id), _) => Target::Project(id),
        (None, Some(name)) => Target::Named(name),
        (None, None) => Target::Root,
    };
    Reply::data(&json!({"project_id": tasks::relocate(ctx, &ids, &target)?}))
}

/// `tasks.make_public`.
pub(super) fn make_public(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    Reply::data(&json!({"updated": tasks::make_public(ctx, &asked.some()?)?}))
}

/// `tasks.make_private`.
pub(super) fn make_private(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    Reply::data(&json!({"updated": tasks::make_private(ctx, &asked.some()?)?}))
}

/// `tasks.update_tags`.
pub(super) fn update_tags(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(flatten)]
        ids: Ids,
        #[serde(default)]
        add_tags: Vec<String>,
        #[serde(default)]
        remove_tags: Vec<String>,
    }
    let asked: Asked = request.decode()?;
    let updated = tasks::update_tags(ctx, &asked.ids.some()?, &asked.add_tags, &asked.remove_tags)?;
    Reply::data(&json!({"updated": updated}))
}
