//! Changing a model: `edit`, `update`, metadata (spec/models.md 3.2, 3.3, 3.12).

use serde_json::Value;

use super::{
    access::{may_enter, may_leave, text, writable, writable_task},
    content::{Labels, labels_of, metadata_items, metadata_keys, metadata_of, name_of, object_of},
    wrong,
};
use crate::{
    domain::{Ctx, tags},
    store::{
        Tx,
        documents::Access,
        models::{Change, Model},
    },
    types::{ApiError, ErrorKind, Json, Millis, Result},
};

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// Whether anything was stored.
    pub updated: bool,
    /// What was stored, as the answer shows it.
    pub fields: Json,
}

/// Marks an id whose document was deleted.
const DELETED: &str = "__DELETED__";

/// Applies the accepted fields of `models.edit`. Nulls are ignored: this call can't clear a field.
///
/// Errors: 400/201, 403/21; 400/16 a reference to nothing, a reserved tag; 400/101 the task; 400/12 labels, metadata;
/// 400/800 the name.
pub fn edit(ctx: &Ctx<'_>, id: &str, sent: &Json) -> Result<Changed> {
    ctx.touched("model", id);
    let given = |key: &str| sent.get(key).filter(|value| !value.is_null());
    ctx.write(|tx| {
        let model = writable(ctx, tx, id)?;
        let mut draft = Draft::default();
        if let Some(name) = given("name").and_then(Value::as_str) {
            draft.set("name", Change::Name(name_of(name)?), name);
        }
        draft.tags(sent)?;
        for (key, change) in
            [("comment", Change::Comment as fn(Option<String>) -> Change), ("framework", Change::Framework)]
        {
            if let Some(value) = given(key).and_then(Value::as_str) {
                draft.set(key, change(Some(value.to_owned())), value);
            }
        }
        draft.uri(given("uri").map(|uri| uri.as_str()));
        if let Some(project) = given("project").and_then(Value::as_str) {
            if model.project.as_deref() != Some(project) {
                may_leave(tx, model.project.as_deref())?;
                may_enter(tx, project, true, || nothing_there("project", project))?;
            }
            draft.set("project", Change::Project(Some(project.to_owned())), project);
        }
        if let Some(parent) = given("parent").and_then(Value::as_str) {
            tx.model(parent, Access::Read)?.ok_or_else(|| nothing_there("parent", parent))?;
            draft.set("parent", Change::Parent(Some(parent.to_owned())), parent);
        }
        let task = given("task").and_then(Value::as_str).filter(|task| !task.starts_with(DELETED));
        if let Some(task) = task {
            writable_task(tx, task).map_err(|error| match error.kind() {
                ErrorKind::InvalidTaskId => nothing_there("task", task),
                _ => error,
            })?;
            draft.set("task", Change::Task(Some(task.to_owned())), task);
        }
        if let Some(design) = given("design") {
            draft.set("design", Change::Design(object_of("design", Some(design))?), design.clone());
        }
        if let Some(labels) = given("labels") {
            let labels = labels_of(Some(labels), Labels::Changed)?;
            draft.set("labels", Change::Labels(labels.clone()), Value::Object(labels));
        }
        if let Some(ready) = given("ready").and_then(Value::as_bool) {
            draft.set("ready", Change::Ready(ready), ready);
        }
        if let Some(metadata) = given("metadata") {
            let metadata = metadata_of(Some(metadata))?;
            draft.set("metadata", Change::Metadata(metadata.clone()), Value::Object(metadata));
        }
        let iterating = model.task.as_deref().filter(|task| !task.starts_with(DELETED)).or(task);
        report_iteration(ctx, tx, iterating, sent, false)?;
        draft.store(ctx, tx, &model, true)
    })
}

/// Applies the accepted fields of `models.update`; nulls are written. Whatever else is sent is dropped.
///
/// Errors: 400/201, 403/21; 400/101 the task that is sent may not be changed; 400/16 a reserved tag; 400/12 labels,
/// dates, metadata; 400/800 the name.
pub fn update(ctx: &Ctx<'_>, id: &str, sent: &Json) -> Result<Changed> {
    ctx.touched("model", id);
    let text_of = |key: &str| sent.get(key).map(|value| value.as_str().map(str::to_owned));
    ctx.write(|tx| {
        let model = writable(ctx, tx, id)?;
        let task = text(sent, "task").filter(|task| !task.is_empty());
        if let Some(task) = task {
            writable_task(tx, task)?;
        }
        labels_of(sent.get("labels"), Labels::Changed)?;
        let mut draft = Draft::default();
        if let Some(name) = text_of("name") {
            let name = name.unwrap_or_default();
            draft.set("name", Change::Name(name_of(&name)?), name);
        }
        if let Some(created) = text(sent, "created") {
            let time = Millis::parse_lenient(created)
                .ok_or_else(|| wrong("created", "must be a date such as 2024-05-06T07:08:09"))?;
            draft.set("created", Change::Created(time.0), created);
        }
        if let Some(project) = text_of("project") {
            let project = project.filter(|project| !project.is_empty());
            if model.project != project {
                may_leave(tx, model.project.as_deref())?;
                if let Some(project) = &project {
                    may_enter(tx, project, false, || nothing_there("project", project))?;
                }
            }
            draft.set("project", Change::Project(project.clone()), project);
        }
        if let Some(comment) = text_of("comment") {
            draft.set("comment", Change::Comment(comment.clone()), comment);
        }
        draft.tags(sent)?;
        draft.uri(sent.get("uri").map(Value::as_str));
        if sent.contains_key("ui_cache") && !sent.contains_key("uri") {
            let cache = object_of("ui_cache", sent.get("ui_cache"))?;
            draft.set("ui_cache", Change::UiCache(cache.clone()), Value::Object(cache));
        }
        if sent.contains_key("metadata") {
            let metadata = metadata_of(sent.get("metadata"))?;
            draft.set("metadata", Change::Metadata(metadata.clone()), Value::Object(metadata));
        }
        report_iteration(ctx, tx, task, sent, true)?;
        draft.store(ctx, tx, &model, false)
    })
}

/// Changes name, comment, tags and address of a model that the caller has checked.
pub(super) fn described(ctx: &Ctx<'_>, tx: &Tx<'_>, model: &Model, sent: &Json) -> Result<Changed> {
    let mut draft = Draft::default();
    if let Some(name) = text(sent, "name") {
        draft.set("name", Change::Name(name_of(name)?), name);
    }
    if let Some(comment) = text(sent, "comment") {
        draft.set("comment", Change::Comment(Some(comment.to_owned())), comment);
    }
    draft.tags(sent)?;
    draft.uri(sent.get("uri").map(Value::as_str));
    draft.store(ctx, tx, model, false)
}

fn nothing_there(field: &str, id: &str) -> ApiError {
    ApiError::new(ErrorKind::FieldsValueError, format!("there is no such {field}"))
        .with("field", field)
        .with("id", id)
}

/// Raises the last iteration of a model's task. `checked`: the caller has checked that the task may be changed;
/// otherwise one that may not be is left alone.
fn report_iteration(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    task: Option<&str>,
    sent: &Json,
    checked: bool,
) -> Result<()> {
    let (Some(task), Some(iteration)) = (task, sent.get("iteration").and_then(Value::as_i64)) else {
        return Ok(());
    };
    if checked || tx.fields(&crate::store::query::TASK, task, Access::Write, &["id"])?.is_some() {
        tx.raise_last_iteration(task, iteration, ctx.caller.user.as_str())?;
    }
    Ok(())
}

/// Changes being gathered, and how the answer shows them.
#[derive(Default)]
pub(super) struct Draft {
    changes: Vec<Change>,
    fields: Json,
}

impl Draft {
    fn set(&mut self, key: &str, change: Change, shown: impl Into<Value>) {
        self.changes.push(change);
        self.fields.insert(key.to_owned(), shown.into());
    }

    fn tags(&mut self, sent: &Json) -> Result<()> {
        for (key, change) in
            [("tags", Change::Tags as fn(Vec<String>) -> Change), ("system_tags", Change::SystemTags)]
        {
            if sent.contains_key(key) {
                let tags = tags::of(sent.get(key))?;
                self.set(key, change(tags.clone()), tags);
            }
        }
        Ok(())
    }

    /// A new address makes what pages remember of the file worthless.
    fn uri(&mut self, uri: Option<Option<&str>>) {
        if let Some(uri) = uri {
            let uri = uri.map(str::trim).map(str::to_owned);
            self.set("uri", Change::Uri(uri.clone()), uri);
            self.set("ui_cache", Change::UiCache(Json::new()), Value::Object(Json::new()));
        }
    }

    fn store(mut self, ctx: &Ctx<'_>, tx: &Tx<'_>, model: &Model, echo_last_update: bool) -> Result<Changed> {
        if self.changes.is_empty() {
            return Ok(Changed::default());
        }
        let user = ctx.caller.user.as_str();
        let content = tx.change_model(&model.id, self.changes, user)?;
        self.fields.insert("last_change".to_owned(), tx.now.into());
        self.fields.insert("last_changed_by".to_owned(), user.into());
        if content && echo_last_update {
            self.fields.insert("last_update".to_owned(), tx.now.into());
        }
        Ok(Changed { updated: true, fields: self.fields })
    }
}

/// Sets single keys of a model's metadata, or with `replace` all of it.
///
/// Errors: 400/201, 403/21; 400/12 no items, or malformed ones.
pub fn add_or_update_metadata(ctx: &Ctx<'_>, id: &str, items: &[Value], replace: bool) -> Result<()> {
    ctx.touched("model", id);
    let items = metadata_items(items)?;
    ctx.write(|tx| {
        let model = writable(ctx, tx, id)?;
        let mut metadata = if replace { Json::new() } else { model.metadata };
        metadata.extend(items);
        tx.change_model(id, vec![Change::Metadata(metadata)], ctx.caller.user.as_str()).map(drop)
    })
}

/// Deletes keys of a model's metadata; keys that are not there are ignored.
///
/// Errors: 400/201, 403/21; 400/12 no keys.
pub fn delete_metadata(ctx: &Ctx<'_>, id: &str, keys: &[String]) -> Result<()> {
    ctx.touched("model", id);
    let keys = metadata_keys(keys)?;
    ctx.write(|tx| {
        let mut metadata = writable(ctx, tx, id)?.metadata;
        metadata.retain(|key, _| !keys.contains(key));
        tx.change_model(id, vec![Change::Metadata(metadata)], ctx.caller.user.as_str()).map(drop)
    })
}
