//! Lists of metrics, single and latest values (spec/events.md 5.5, 5.6, 5.8).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{One, choice, event_kind, everything};
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        events::{self, EntityValues, MetricVariants, kind_of},
    },
    store::events::EventKind,
    types::Result,
};

/// `events.get_scalar_metrics_and_variants`.
pub(super) fn scalars(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    names(ctx, request, EventKind::Scalar)
}

/// `events.get_vector_metrics_and_variants`.
pub(super) fn vectors(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    names(ctx, request, EventKind::Vector)
}

fn names(ctx: &Ctx<'_>, request: Request, event_kind: EventKind) -> Result<Reply> {
    let asked: One = request.decode()?;
    let metrics = events::metrics_of_kind(ctx, kind_of(asked.model_events), &asked.task, event_kind)?;
    Reply::data(&json!({"metrics": metrics}))
}

#[derive(Deserialize)]
struct OfTasks {
    tasks: Vec<String>,
    event_type: String,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_task_metrics`: one entry per id of the request.
pub(super) fn of_tasks(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: OfTasks = request.decode()?;
    let kind = event_kind(&asked.event_type)?;
    let all = events::metrics_by_entity(ctx, kind_of(asked.model_events), &asked.tasks, kind)?;
    let metrics: Vec<Value> =
        all.into_iter().map(|(task, metrics)| json!({"task": task, "metrics": metrics})).collect();
    Reply::data(&json!({"metrics": metrics}))
}

#[derive(Deserialize)]
struct MultiTask {
    tasks: Vec<String>,
    #[serde(default = "everything")]
    event_type: String,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_multi_task_metrics`: all ids together.
pub(super) fn multi_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MultiTask = request.decode()?;
    let kind = event_kind(&asked.event_type)?;
    let names = events::metrics_together(ctx, kind_of(asked.model_events), &asked.tasks, kind)?;
    let metrics: Vec<Value> =
        names.into_iter().map(|(metric, variants)| json!({"metric": metric, "variants": variants})).collect();
    Reply::data(&json!({"metrics": metrics}))
}

#[derive(Deserialize)]
struct SingleValues {
    tasks: Vec<String>,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_task_single_value_metrics`.
pub(super) fn single_values(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SingleValues = request.decode()?;
    let kind = kind_of(asked.model_events);
    let tasks = values_by_entity(events::single_values(ctx, kind, &asked.tasks, &choice(asked.metrics))?);
    Reply::data(&json!({"tasks": tasks}))
}

/// `[{task, task_name, values: [{metric, variant, value, timestamp}]}]`.
pub(in crate::api) fn values_by_entity(entities: Vec<EntityValues>) -> Vec<Value> {
    entities
        .into_iter()
        .map(|(task, name, values)| {
            let values: Vec<Value> = values
                .into_iter()
                .map(|one| {
                    json!({"metric": one.metric, "variant": one.variant, "value": one.value, "timestamp": one.timestamp})
                })
                .collect();
            json!({"task": task, "task_name": name, "values": values})
        })
        .collect()
}

/// `events.get_task_latest_scalar_values`.
pub(super) fn latest(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: One = request.decode()?;
    let latest = events::latest_scalars(ctx, &asked.task)?;
    let metrics: Vec<Value> = latest
        .metrics
        .into_iter()
        .map(|(name, variants)| {
            let variants: Vec<Value> = variants
                .into_iter()
                .map(|(name, value)| json!({"name": name, "last_value": value, "last_10_value": value}))
                .collect();
            json!({"name": name, "variants": variants})
        })
        .collect();
    Reply::data(&json!({
        "metrics": metrics,
        "last_iter": latest.last_iter,
        "name": latest.name,
        "status": latest.status,
        "last_timestamp": latest.last_timestamp,
    }))
}
