//! Changing calls of `models.*` (spec/models.md 3).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        bulk,
        endpoint::{Reply, Request},
        typed::{keeping_nulls, leaving, yes},
    },
    old_clients_only,
};
use crate::{
    domain::{
        Ctx,
        models::{self, Changed, ForTask, NewModel, PublishedTask, Target},
    },
    store::query::{MODEL, split_old_tags},
    types::{ApiError, ErrorKind, Json, Result},
};

fn modern(ctx: &Ctx<'_>, body: &Json) -> Json {
    split_old_tags(&MODEL, body, ctx.call.version).into_owned()
}

#[derive(Deserialize)]
struct Create {
    name: String,
    uri: String,
    comment: Option<String>,
    project: Option<String>,
    task: Option<String>,
    parent: Option<String>,
    framework: Option<String>,
    #[serde(default = "yes")]
    ready: bool,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    system_tags: Vec<String>,
    labels: Option<Value>,
    design: Option<Value>,
    metadata: Option<Value>,
    ui_cache: Option<Value>,
}

/// Parts with rules of their own.
const DOCUMENTS: &[&str] = &["labels", "design", "metadata", "ui_cache"];

/// `models.create`.
pub(super) fn create(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    request.body = leaving("models.create", DOCUMENTS, modern(ctx, &request.body))?;
    let new: Create = request.decode()?;
    let id = models::create(
        ctx,
        NewModel {
            name: new.name,
            uri: new.uri,
            comment: new.comment,
            project: new.project,
            task: new.task,
            parent: new.parent,
            framework: new.framework,
            ready: new.ready,
            public: new.public,
            tags: new.tags,
            system_tags: new.system_tags,
            labels: new.labels,
            design: new.design,
            metadata: new.metadata,
            ui_cache: new.ui_cache,
        },
    )?;
    Reply::data(&json!({"id": id, "created": true}))
}

fn changed(changed: &Changed) -> Json {
    Map::from_iter([
        ("updated".to_owned(), i32::from(changed.updated).into()),
        ("fields".to_owned(), Value::Object(changed.fields.clone())),
    ])
}

fn id_of(body: &Json) -> String {
    body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// `models.edit`.
pub(super) fn edit(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = leaving("models.edit", DOCUMENTS, modern(ctx, &request.body))?;
    Reply::data(&changed(&models::edit(ctx, &id_of(&body), &body)?))
}

/// `models.update`: nulls clear.
pub(super) fn update(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let mut body = modern(ctx, &request.body);
    let documents: Vec<(String, Value)> =
        DOCUMENTS.iter().filter_map(|name| body.remove_entry(*name)).collect();
    let mut body = keeping_nulls("models.update", body)?;
    body.extend(documents);
    Reply::data(&changed(&models::update(ctx, &id_of(&body), &body)?))
}

#[derive(Deserialize)]
struct UpdateForTask {
    task: String,
    uri: Option<String>,
    name: Option<String>,
    comment: Option<String>,
    tags: Option<Vec<String>>,
    system_tags: Option<Vec<String>>,
    override_model_id: Option<String>,
    iteration: Option<i64>,
}

/// `models.update_for_task`: up to version 2.13.
pub(super) fn update_for_task(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    old_clients_only(ctx)?;
    request.body = modern(ctx, &request.body);
    let asked: UpdateForTask = request.decode()?;
    let done = models::register_for_task(
        ctx,
        &ForTask {
            task: asked.task,
            uri: asked.uri,
            name: asked.name,
            comment: asked.comment,
            tags: asked.tags,
            system_tags: asked.system_tags,
            override_model: asked.override_model_id,
            iteration: asked.iteration,
        },
    )?;
    let mut data = Map::new();
    data.insert("id".to_owned(), done.id.into());
    data.insert("created".to_owned(), done.changed.is_none().into());
    data.extend(done.changed.as_ref().map(changed).unwrap_or_default());
    Reply::data(&data)
}

fn published_task(task: PublishedTask) -> Value {
    json!({"id": task.id, "data": {"updated": 1, "fields": task.fields}})
}

#[derive(Deserialize)]
struct SetReady {
    model: String,
    #[serde(default = "yes")]
    publish_task: bool,
    #[serde(default)]
    force_publish_task: bool,
}

/// `models.set_ready`.
pub(super) fn set_ready(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SetReady = request.decode()?;
    let task = models::set_ready(ctx, &asked.model, asked.publish_task, asked.force_publish_task)?;
    let mut data = Map::from_iter([("updated".to_owned(), 1.into()), ("fields".to_owned(), json!({}))]);
    if let Some(task) = task {
        data.insert("published_task".to_owned(), published_task(task));
    }
    Reply::data(&data)
}

fn some(ids: &[String]) -> Result<()> {
    match ids.is_empty() {
        true => Err(ApiError::new(ErrorKind::ValidationError, "name at least one id").with("field", "ids")),
        false => Ok(()),
    }
}

#[derive(Deserialize)]
struct PublishMany {
    ids: Vec<String>,
    publish_task: Option<bool>,
    publish_tasks: Option<bool>,
    #[serde(default)]
    force_publish_task: bool,
}

/// `models.publish_many`.
pub(super) fn publish_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: PublishMany = request.decode()?;
    some(&asked.ids)?;
    // The schema and the clients name this flag differently.
    let with_task = asked.publish_task.or(asked.publish_tasks).unwrap_or(true);
    let each = models::publish_many(ctx, &asked.ids, with_task, asked.force_publish_task)?;
    bulk::reply(each, |task| {
        let mut entry = Map::from_iter([("updated".to_owned(), true.into())]);
        if let Some(task) = task {
            entry.insert("published_task".to_owned(), published_task(task));
        }
        Ok(entry)
    })
}

#[derive(Deserialize)]
struct Delete {
    #[serde(default)]
    model: String,
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    force: bool,
    #[serde(default = "yes")]
    delete_external_artifacts: bool,
}

/// `models.delete`.
pub(super) fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    let url = models::delete(ctx, &asked.model, asked.force, asked.delete_external_artifacts)?;
    Reply::data(&json!({"deleted": true, "url": url}))
}

/// `models.delete_many`.
pub(super) fn delete_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    some(&asked.ids)?;
    let each = models::delete_many(ctx, &asked.ids, asked.force, asked.delete_external_artifacts)?;
    bulk::reply(each, |url| {
        Ok(Map::from_iter([("deleted".to_owned(), true.into()), ("url".to_owned(), url.into())]))
    })
}

#[derive(Deserialize)]
struct Ids {
    #[serde(default)]
    ids: Vec<String>,
}

fn archive(ctx: &Ctx<'_>, request: Request, archived: bool, shown: &str) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    some(&asked.ids)?;
    let each = models::archive_many(ctx, &asked.ids, archived)?;
    bulk::reply(each, |()| Ok(Map::from_iter([(shown.to_owned(), true.into())])))
}

/// `models.archive_many`.
pub(super) fn archive_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    archive(ctx, request, true, "archived")
}

/// `models.unarchive_many`.
pub(super) fn unarchive_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    archive(ctx, request, false, "unarchived")
}

/// `models.move`: a null project is the root, a missing one is an error.
pub(super) fn move_to(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = keeping_nulls("models.move", request.body)?;
    let text = |key: &str| body.get(key).map(Value::as_str);
    let target = Target::read(text("project"), text("project_name").flatten())?;
    let ids: Vec<String> = body
        .get("ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    Reply::data(&json!({"project_id": models::move_to(ctx, &ids, target)?}))
}

#[derive(Deserialize)]
struct UpdateTags {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    add_tags: Vec<String>,
    #[serde(default)]
    remove_tags: Vec<String>,
}

/// `models.update_tags`.
pub(super) fn update_tags(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: UpdateTags = request.decode()?;
    let updated = models::update_tags(ctx, &asked.ids, &asked.add_tags, &asked.remove_tags)?;
    Reply::data(&json!({"updated": updated}))
}

#[derive(Deserialize)]
struct AddMetadata {
    model: String,
    metadata: Vec<Value>,
    #[serde(default)]
    replace_metadata: bool,
}

/// `models.add_or_update_metadata`.
pub(super) fn add_or_update_metadata(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: AddMetadata = request.decode()?;
    models::add_or_update_metadata(ctx, &asked.model, &asked.metadata, asked.replace_metadata)?;
    Reply::data(&json!({"updated": 1}))
}

#[derive(Deserialize)]
struct DeleteMetadata {
    model: String,
    keys: Vec<String>,
}

/// `models.delete_metadata`.
pub(super) fn delete_metadata(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DeleteMetadata = request.decode()?;
    models::delete_metadata(ctx, &asked.model, &asked.keys)?;
    Reply::data(&json!({"updated": 1}))
}

/// `models.make_public`.
pub(super) fn make_public(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    Reply::data(&json!({"updated": models::make_public(ctx, &asked.ids)?}))
}

/// `models.make_private`.
pub(super) fn make_private(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    Reply::data(&json!({"updated": models::make_private(ctx, &asked.ids)?}))
}
