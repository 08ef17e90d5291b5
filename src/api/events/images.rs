//! Debug images, and the pager that plots share with them (spec/events.md 7, 8.1, 8.2).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{one, yes};
use crate::{
    api::{
        endpoint::{Reply, Request},
        schema,
    },
    domain::{
        Ctx,
        events::{
            self, ImageAnswer, ImageSampleRequest, NextSample, OldImages, PagedEntity, PagerEntry,
            PagerRequest, kind_of,
        },
    },
    store::events::EventKind,
    types::{ApiError, ErrorKind, Json, Result},
};

#[derive(Deserialize)]
struct Entry {
    task: String,
    metric: Option<String>,
    #[serde(default)]
    variants: Vec<String>,
}

#[derive(Deserialize)]
struct Paged {
    metrics: Vec<Entry>,
    #[serde(default = "one")]
    iters: i64,
    #[serde(default = "yes")]
    navigate_earlier: bool,
    #[serde(default)]
    refresh: bool,
    scroll_id: Option<String>,
    #[serde(default)]
    model_events: bool,
}

/// `events.debug_images` from 2.7 on (spec/events.md 7).
pub(super) fn debug_images(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    paged(ctx, request, EventKind::Image)
}

pub(super) fn paged(ctx: &Ctx<'_>, request: Request, event_kind: EventKind) -> Result<Reply> {
    let asked: Paged = request.decode()?;
    let entry = |entry: Entry| PagerEntry { id: entry.task, metric: entry.metric, variants: entry.variants };
    let page = events::page(
        ctx,
        &PagerRequest {
            event_kind,
            kind: kind_of(asked.model_events),
            entries: asked.metrics.into_iter().map(entry).collect(),
            iters: asked.iters,
            earlier: asked.navigate_earlier,
            refresh: asked.refresh,
            scroll_id: asked.scroll_id,
        },
    )?;
    Reply::data(&json!({"scroll_id": page.scroll_id, "metrics": by_entity(page.entities)}))
}

/// `[{task, iterations: [{iter, events}]}]`.
pub(in crate::api) fn by_entity(entities: Vec<PagedEntity>) -> Vec<Value> {
    let of = |(task, iterations): PagedEntity| {
        let iterations: Vec<Value> =
            iterations.into_iter().map(|one| json!({"iter": one.iteration, "events": one.events})).collect();
        json!({"task": task, "iterations": iterations})
    };
    entities.into_iter().map(of).collect()
}

/// `events.debug_images` before 1.8 (spec/events.md 7.5).
pub(super) fn debug_images_1_0(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    old(ctx, request, OldImages::PerVariant)
}

/// `events.debug_images` from 1.8 to 2.6 (spec/events.md 7.5).
pub(super) fn debug_images_1_8(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    old(ctx, request, OldImages::PerTask)
}

/// The written schema is that of the newest form, so the fields of the old ones are read here.
fn old(ctx: &Ctx<'_>, request: Request, form: OldImages) -> Result<Reply> {
    let body = request.body;
    let task = text(&body, "task")?.ok_or_else(|| wrong("task", "is required"))?;
    let scroll_id = text(&body, "scroll_id")?;
    let iters = match body.get("iters").filter(|value| !value.is_null()) {
        None => 1,
        Some(value) => schema::integer(value).ok_or_else(|| wrong("iters", "must be a whole number"))?,
    };
    let model_events =
        form == OldImages::PerTask && body.get("model_events").and_then(Value::as_bool).unwrap_or(false);
    let page = events::old_images(ctx, form, kind_of(model_events), task, iters, scroll_id)?;
    Reply::data(&json!({
        "task": task,
        "returned": page.images.len(),
        "images": page.images,
        "total": page.total,
        "scroll_id": page.scroll_id,
    }))
}

fn text<'a>(body: &'a Json, field: &str) -> Result<Option<&'a str>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(field, "must be text")),
    }
}

fn wrong(field: &str, text: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, format!("{field} {text}")).with("field", field)
}

#[derive(Deserialize)]
struct Sample {
    task: String,
    metric: String,
    variant: String,
    iteration: Option<i64>,
    #[serde(default)]
    refresh: bool,
    scroll_id: Option<String>,
    #[serde(default = "yes")]
    navigate_current_metric: bool,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_debug_image_sample` (spec/events.md 8.1).
pub(super) fn sample(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Sample = request.decode()?;
    answer(events::image_sample(
        ctx,
        &ImageSampleRequest {
            kind: kind_of(asked.model_events),
            id: asked.task,
            metric: asked.metric,
            variant: asked.variant,
            iteration: asked.iteration,
            refresh: asked.refresh,
            scroll_id: asked.scroll_id,
            one_metric: asked.navigate_current_metric,
        },
    )?)
}

#[derive(Deserialize)]
pub(super) struct Next {
    task: String,
    scroll_id: String,
    #[serde(default = "yes")]
    navigate_earlier: bool,
    #[serde(default)]
    next_iteration: bool,
    #[serde(default)]
    model_events: bool,
}

impl From<Next> for NextSample {
    fn from(asked: Next) -> Self {
        NextSample {
            kind: kind_of(asked.model_events),
            id: asked.task,
            scroll_id: asked.scroll_id,
            earlier: asked.navigate_earlier,
            next_iteration: asked.next_iteration,
        }
    }
}

/// `events.next_debug_image_sample` (spec/events.md 8.2).
pub(super) fn next(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Next = request.decode()?;
    answer(events::next_image(ctx, &asked.into())?)
}

fn answer(answer: ImageAnswer) -> Result<Reply> {
    Reply::data(&json!({
        "scroll_id": answer.scroll_id,
        "event": answer.event,
        "min_iteration": answer.range.map(|(least, _)| least),
        "max_iteration": answer.range.map(|(_, most)| most),
    }))
}
