//! Calls that change a task's status (spec/tasks.md 3).

use serde::Deserialize;
use serde_json::json;

use super::shape::{Ids, StatusCall, Texts, many, update, updated, yes};
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        tasks::{self, Stop, Words},
    },
    types::Result,
};

/// `tasks.started`.
pub(super) fn started(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: StatusCall = request.decode()?;
    let fields = tasks::start(ctx, &asked.task, asked.force, &asked.words.into())?;
    updated(fields, json!({"started": 1}))
}

/// `tasks.stopped`.
pub(super) fn stopped(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: StatusCall = request.decode()?;
    updated(tasks::stopped(ctx, &asked.task, asked.force, &asked.words.into())?, json!({}))
}

/// `tasks.failed`.
pub(super) fn failed(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: StatusCall = request.decode()?;
    updated(tasks::failed(ctx, &asked.task, asked.force, &asked.words.into())?, json!({}))
}

/// `tasks.close`.
pub(super) fn close(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: StatusCall = request.decode()?;
    updated(tasks::close(ctx, &asked.task, asked.force, &asked.words.into())?, json!({}))
}

#[derive(Deserialize)]
struct CompletedCall {
    #[serde(flatten)]
    call: StatusCall,
    #[serde(default)]
    publish: bool,
}

/// `tasks.completed`.
pub(super) fn completed(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let CompletedCall { call, publish } = request.decode()?;
    let done = tasks::complete(ctx, &call.task, call.force, &call.words.into(), publish)?;
    updated(done.fields, json!({"published": i32::from(done.published)}))
}

#[derive(Deserialize)]
struct PublishCall {
    #[serde(flatten)]
    call: StatusCall,
    #[serde(default = "yes")]
    publish_model: bool,
}

/// `tasks.publish`.
pub(super) fn publish(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let PublishCall { call, publish_model } = request.decode()?;
    updated(tasks::publish(ctx, &call.task, call.force, &call.words.into(), publish_model)?, json!({}))
}

#[derive(Deserialize)]
struct PublishMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(default)]
    force: bool,
    #[serde(default = "yes")]
    publish_model: bool,
    #[serde(flatten)]
    words: Texts,
}

/// `tasks.publish_many`.
pub(super) fn publish_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: PublishMany = request.decode()?;
    let words: Words = asked.words.into();
    let batch = tasks::publish_many(ctx, &asked.ids.some()?, asked.force, &words, asked.publish_model)?;
    Reply::data(&many(batch, |fields| update(fields, json!({}))))
}

#[derive(Deserialize)]
struct StopHow {
    #[serde(default)]
    force: bool,
    #[serde(default)]
    status_reason: String,
    #[serde(default)]
    include_pipeline_steps: bool,
}

impl From<StopHow> for Stop {
    fn from(asked: StopHow) -> Stop {
        Stop { force: asked.force, reason: asked.status_reason, include_steps: asked.include_pipeline_steps }
    }
}

#[derive(Deserialize)]
struct StopCall {
    task: String,
    #[serde(flatten)]
    how: StopHow,
}

/// `tasks.stop`.
pub(super) fn stop(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: StopCall = request.decode()?;
    updated(tasks::stop(ctx, &asked.task, &asked.how.into())?, json!({}))
}

#[derive(Deserialize)]
struct StopMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(flatten)]
    how: StopHow,
}

/// `tasks.stop_many`.
pub(super) fn stop_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: StopMany = request.decode()?;
    let batch = tasks::stop_many(ctx, &asked.ids.some()?, &asked.how.into())?;
    Reply::data(&many(batch, |fields| update(fields, json!({}))))
}
