//! Resetting, deleting, putting away (spec/tasks.md 6).

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::{Ids, Texts, many, update, updated, yes};
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        tasks::{self, Disposal, Disposed, Reset, Urls, Words, at_least_one},
    },
    types::{Json, Result},
};

#[derive(Deserialize)]
struct DisposalHow {
    #[serde(default)]
    force: bool,
    #[serde(default = "yes")]
    delete_output_models: bool,
    #[serde(default = "yes")]
    delete_external_artifacts: bool,
    #[serde(default)]
    return_file_urls: bool,
}

impl From<DisposalHow> for Disposal {
    fn from(asked: DisposalHow) -> Disposal {
        Disposal {
            force: asked.force,
            delete_models: asked.delete_output_models,
            delete_files: asked.delete_external_artifacts,
            return_urls: asked.return_file_urls,
        }
    }
}

/// The three lists. Addresses in events are none of the answer's: the server deletes those files itself.
fn shown(urls: &Urls) -> Value {
    json!({"model_urls": urls.models, "artifact_urls": urls.artifacts, "event_urls": []})
}

#[derive(Deserialize)]
struct ResetHow {
    #[serde(default)]
    clear_all: bool,
    #[serde(flatten)]
    disposal: DisposalHow,
}

#[derive(Deserialize)]
struct ResetCall {
    task: String,
    #[serde(flatten)]
    how: ResetHow,
}

/// `tasks.reset`.
pub(super) fn reset(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let ResetCall { task, how } = request.decode()?;
    let done = tasks::reset(ctx, &task, how.clear_all, how.disposal.into())?;
    let dequeued = if done.dequeued { json!({"removed": 1}) } else { json!({}) };
    let answer = reset_answer(done, dequeued);
    updated(answer.0, {
        let mut more = answer.1;
        more.insert("events".to_owned(), json!({}));
        more.into()
    })
}

/// Fields and what else a reset says. Without a wish for addresses there are none.
fn reset_answer(done: Reset, dequeued: Value) -> (Json, Json) {
    let urls = done.disposed.urls.as_ref().map_or_else(|| json!({}), shown);
    let more = Json::from_iter([
        ("dequeued".to_owned(), dequeued),
        ("deleted_models".to_owned(), done.disposed.deleted_models.into()),
        ("urls".to_owned(), urls),
    ]);
    (done.fields, more)
}

#[derive(Deserialize)]
struct ResetMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(flatten)]
    how: ResetHow,
}

/// `tasks.reset_many`.
pub(super) fn reset_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let ResetMany { ids, how } = request.decode()?;
    let batch = tasks::reset_many(ctx, &ids.some()?, how.clear_all, how.disposal.into())?;
    Reply::data(&many(batch, |done| {
        let dequeued = done.dequeued.into();
        let (fields, more) = reset_answer(done, dequeued);
        update(fields, more.into())
    }))
}

#[derive(Deserialize)]
struct DeleteHow {
    #[serde(default)]
    include_pipeline_steps: bool,
    #[serde(flatten)]
    disposal: DisposalHow,
}

#[derive(Deserialize)]
struct DeleteCall {
    task: String,
    #[serde(flatten)]
    how: DeleteHow,
}

/// `tasks.delete`. `move_to_trash` is accepted: what is deleted is gone.
pub(super) fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let DeleteCall { task, how } = request.decode()?;
    let gone = tasks::delete(ctx, &task, how.include_pipeline_steps, how.disposal.into())?;
    Reply::data(&delete_answer(&gone))
}

pub(in crate::api) fn delete_answer(gone: &Disposed) -> Json {
    Json::from_iter([
        ("deleted".to_owned(), true.into()),
        ("updated_children".to_owned(), gone.children.into()),
        ("updated_models".to_owned(), gone.updated_models.into()),
        ("deleted_models".to_owned(), gone.deleted_models.into()),
        ("urls".to_owned(), gone.urls.as_ref().map_or(Value::Null, shown)),
    ])
}

#[derive(Deserialize)]
struct DeleteMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(flatten)]
    how: DeleteHow,
}

/// `tasks.delete_many`.
pub(super) fn delete_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let DeleteMany { ids, how } = request.decode()?;
    let batch = tasks::delete_many(ctx, &ids.some()?, how.include_pipeline_steps, how.disposal.into())?;
    Reply::data(&many(batch, |gone| delete_answer(&gone)))
}

#[derive(Deserialize)]
struct ArchiveCall {
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(default)]
    include_pipeline_steps: bool,
    #[serde(flatten)]
    words: Texts,
}

/// `tasks.archive`.
pub(super) fn archive(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ArchiveCall = request.decode()?;
    let ids = at_least_one(asked.tasks, "tasks")?;
    let archived = tasks::archive(ctx, &ids, asked.include_pipeline_steps, &asked.words.into())?;
    Reply::data(&json!({"archived": archived}))
}

#[derive(Deserialize)]
struct ArchiveMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(default)]
    include_pipeline_steps: bool,
    #[serde(flatten)]
    words: Texts,
}

/// `tasks.archive_many`.
pub(super) fn archive_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ArchiveMany = request.decode()?;
    let words: Words = asked.words.into();
    let batch = tasks::archive_many(ctx, &asked.ids.some()?, asked.include_pipeline_steps, &words)?;
    Reply::data(&many(batch, |()| Json::from_iter([("archived".to_owned(), true.into())])))
}

/// `tasks.unarchive_many`.
pub(super) fn unarchive_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ArchiveMany = request.decode()?;
    let words: Words = asked.words.into();
    let batch = tasks::unarchive_many(ctx, &asked.ids.some()?, asked.include_pipeline_steps, &words)?;
    Reply::data(&many(batch, |()| Json::from_iter([("unarchived".to_owned(), true.into())])))
}
