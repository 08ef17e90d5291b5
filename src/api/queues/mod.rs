//! `queues.*` (spec/queues_workers.md 2).

mod entries;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    projects::listed,
    typed::{keeping_nulls, leaving},
};
use crate::{
    domain::{
        Ctx,
        queues::{self, MetricsRequest, NewQueue},
    },
    store::query::{QUEUE, split_old_tags},
    types::{ApiError, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("queues.add_or_update_metadata", Input::Typed, add_or_update_metadata).since(2, 13),
    Endpoint::new("queues.add_task", Input::Typed, entries::add_task).since(2, 4),
    Endpoint::new("queues.clear_queue", Input::Typed, entries::clear_queue),
    Endpoint::new("queues.create", Input::Raw, create).since(2, 4),
    Endpoint::new("queues.delete", Input::Typed, delete).since(2, 4),
    Endpoint::new("queues.delete_metadata", Input::Typed, delete_metadata).since(2, 13),
    Endpoint::new("queues.get_all", Input::Raw, get_all).since(2, 4),
    Endpoint::new("queues.get_all_ex", Input::Raw, get_all_ex).since(2, 4),
    Endpoint::new("queues.get_by_id", Input::Typed, get_by_id).since(2, 4),
    Endpoint::new("queues.get_by_task_id", Input::Typed, entries::get_by_task_id),
    Endpoint::new("queues.get_default", Input::Typed, get_default).since(2, 4),
    Endpoint::new("queues.get_next_task", Input::Typed, entries::get_next_task),
    Endpoint::new("queues.get_num_entries", Input::Typed, entries::get_num_entries).since(2, 15),
    Endpoint::new("queues.get_queue_metrics", Input::Typed, get_queue_metrics).since(2, 4),
    Endpoint::new("queues.move_task_backward", Input::Typed, entries::move_task_backward).since(2, 4),
    Endpoint::new("queues.move_task_forward", Input::Typed, entries::move_task_forward).since(2, 4),
    Endpoint::new("queues.move_task_to_back", Input::Typed, entries::move_task_to_back).since(2, 4),
    Endpoint::new("queues.move_task_to_front", Input::Typed, entries::move_task_to_front).since(2, 4),
    Endpoint::new("queues.move_task_to_queue", Input::Typed, entries::move_task_to_queue),
    Endpoint::new("queues.peek_task", Input::Typed, entries::peek_task).since(2, 15),
    Endpoint::new("queues.remove_task", Input::Typed, entries::remove_task).since(2, 4),
    Endpoint::new("queues.update", Input::Raw, update).since(2, 4),
];

#[derive(Deserialize)]
struct ById {
    queue: String,
    max_task_entries: Option<i64>,
}

/// `queues.get_by_id`.
fn get_by_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ById = request.decode()?;
    Reply::data(&json!({"queue": queues::by_id(ctx, &asked.queue, asked.max_task_entries)?}))
}

/// `queues.get_default`.
fn get_default(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&queues::default_queue(ctx)?)
}

/// `queues.get_all`.
fn get_all(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("queues", queues::list(ctx, &request.body)?)
}

/// `queues.get_all_ex`.
fn get_all_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("queues", queues::list_expanded(ctx, &request.body)?)
}

#[derive(Deserialize)]
struct Create {
    name: String,
    display_name: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    system_tags: Vec<String>,
    metadata: Option<Value>,
}

/// `queues.create`.
fn create(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    let body = split_old_tags(&QUEUE, &request.body, ctx.call.version).into_owned();
    request.body = leaving("queues.create", &["metadata"], body)?;
    let new: Create = request.decode()?;
    let id = queues::create(
        ctx,
        NewQueue {
            name: new.name,
            display_name: new.display_name,
            tags: new.tags,
            system_tags: new.system_tags,
            metadata: new.metadata,
        },
    )?;
    Reply::data(&json!({"id": id}))
}

/// `queues.update`: nulls clear lists and metadata.
fn update(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let mut body = split_old_tags(&QUEUE, &request.body, ctx.call.version).into_owned();
    let metadata = body.remove_entry("metadata");
    let mut body = keeping_nulls("queues.update", body)?;
    body.extend(metadata);
    let id = body.get("queue").and_then(Value::as_str).unwrap_or_default();
    let fields = queues::update(ctx, id, &body)?;
    Reply::data(&json!({"updated": i32::from(!fields.is_empty()), "fields": fields}))
}

#[derive(Deserialize)]
struct Delete {
    queue: String,
    #[serde(default)]
    force: bool,
}

/// `queues.delete`.
fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    queues::delete(ctx, &asked.queue, asked.force)?;
    Reply::data(&json!({"deleted": 1}))
}

#[derive(Deserialize)]
struct AddMetadata {
    queue: String,
    metadata: Vec<Value>,
    #[serde(default)]
    replace_metadata: bool,
}

/// `queues.add_or_update_metadata`.
fn add_or_update_metadata(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: AddMetadata = request.decode()?;
    queues::add_or_update_metadata(ctx, &asked.queue, &asked.metadata, asked.replace_metadata)?;
    Reply::data(&json!({"updated": 1}))
}

#[derive(Deserialize)]
struct DeleteMetadata {
    queue: String,
    keys: Vec<String>,
}

/// `queues.delete_metadata`.
fn delete_metadata(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DeleteMetadata = request.decode()?;
    queues::delete_metadata(ctx, &asked.queue, &asked.keys)?;
    Reply::data(&json!({"updated": 1}))
}

#[derive(Deserialize)]
struct Metrics {
    from_date: f64,
    to_date: f64,
    interval: i64,
    #[serde(default)]
    queue_ids: Vec<String>,
    #[serde(default)]
    refresh: bool,
}

/// `queues.get_queue_metrics`.
fn get_queue_metrics(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Metrics = request.decode()?;
    if asked.interval < 1 || asked.from_date < 0.0 || asked.to_date < 0.0 {
        return Err(ApiError::new(
            ErrorKind::ValidationError,
            "interval must be at least 1, dates are seconds since 1970",
        ));
    }
    let series: Vec<Value> = queues::metrics(
        ctx,
        &MetricsRequest {
            from: asked.from_date,
            to: asked.to_date,
            interval: asked.interval,
            queues: asked.queue_ids,
            refresh: asked.refresh,
        },
    )?
    .into_iter()
    .map(|series| {
        json!({
            "queue": series.queue,
            "dates": series.dates,
            "avg_waiting_times": series.avg_waiting_times,
            "queue_lengths": series.queue_lengths,
        })
    })
    .collect();
    Reply::data(&json!({"queues": series}))
}
