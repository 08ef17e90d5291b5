//! `workers.*` (spec/queues_workers.md 3).

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    typed::checked,
};
use crate::{
    domain::{
        Ctx,
        workers::{self, Aggregation, Filter, Item, NewProperty, Range, Registration, Report},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("workers.cluster_report", Input::Raw, accept),
    Endpoint::new("workers.cluster_unregister", Input::Raw, accept),
    Endpoint::new("workers.get_activity_report", Input::Raw, get_activity_report).since(2, 4),
    Endpoint::new("workers.get_all", Input::Raw, get_all).since(2, 4),
    Endpoint::new("workers.get_count", Input::Typed, get_count),
    Endpoint::new("workers.get_metric_keys", Input::Typed, get_metric_keys).since(2, 4),
    Endpoint::new("workers.get_runtime_properties", Input::Typed, get_runtime_properties),
    Endpoint::new("workers.get_stats", Input::Raw, get_stats).since(2, 4),
    Endpoint::new("workers.register", Input::Typed, register).since(2, 4),
    Endpoint::new("workers.set_runtime_properties", Input::Typed, set_runtime_properties),
    Endpoint::new("workers.status_report", Input::Typed, status_report).since(2, 4),
    Endpoint::new("workers.unregister", Input::Typed, unregister).since(2, 4),
];

#[derive(Deserialize)]
struct Register {
    worker: String,
    timeout: Option<i64>,
    #[serde(default)]
    queues: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    system_tags: Vec<String>,
    resources: Option<Json>,
}

/// `workers.register`.
fn register(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let new: Register = request.decode()?;
    workers::register(
        ctx,
        Registration {
            worker: new.worker,
            timeout: new.timeout,
            queues: new.queues,
            tags: new.tags,
            system_tags: new.system_tags,
            resources: new.resources,
        },
    )?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct WorkerOnly {
    worker: String,
}

/// `workers.unregister`.
fn unregister(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: WorkerOnly = request.decode()?;
    workers::unregister(ctx, &asked.worker)?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct StatusReport {
    worker: String,
    timestamp: i64,
    task: Option<String>,
    queue: Option<String>,
    #[serde(default)]
    queues: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    system_tags: Vec<String>,
    machine_stats: Option<Json>,
}

/// `workers.status_report`.
fn status_report(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let sent: StatusReport = request.decode()?;
    workers::report(
        ctx,
        &Report {
            worker: sent.worker,
            timestamp: sent.timestamp,
            task: sent.task,
            queue: sent.queue,
            queues: sent.queues,
            tags: sent.tags,
            system_tags: sent.system_tags,
            machine_stats: sent.machine_stats,
        },
    )?;
    Ok(Reply::empty())
}

/// `workers.cluster_report`, `workers.cluster_unregister`: agents that manage a cluster tell its size; nothing is
/// made of it, and an error would only fill their logs.
fn accept(_: &Ctx<'_>, _: Request) -> Result<Reply> {
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct Which {
    last_seen: Option<i64>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    system_tags: Vec<String>,
    worker_pattern: Option<String>,
}

impl Which {
    fn filter(self, default_last_seen: i64) -> Filter {
        let last_seen = self.last_seen.unwrap_or(default_last_seen);
        Filter {
            last_seen: (last_seen != 0).then_some(last_seen),
            tags: self.tags,
            system_tags: self.system_tags,
            pattern: self.worker_pattern,
        }
    }
}

/// `workers.get_all`: without `last_seen` those of the last hour; 0 and null ask for all.
fn get_all(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    let whenever = request.body.get("last_seen").is_some_and(Value::is_null);
    request.body = checked("workers.get_all", request.body)?;
    if whenever {
        request.body.insert("last_seen".to_owned(), 0.into());
    }
    let asked: Which = request.decode()?;
    Reply::data(&json!({"workers": workers::list(ctx, &asked.filter(3_600))?}))
}

/// `workers.get_count`.
fn get_count(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Which = request.decode()?;
    Reply::data(&json!({"count": workers::count(ctx, &asked.filter(0))?}))
}

#[derive(Deserialize)]
struct WorkerIds {
    #[serde(default)]
    worker_ids: Vec<String>,
}

/// `workers.get_metric_keys`.
fn get_metric_keys(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: WorkerIds = request.decode()?;
    let categories: Vec<Value> = workers::metric_keys(ctx, &asked.worker_ids)?
        .into_iter()
        .map(|(name, keys)| json!({"name": name, "metric_keys": keys}))
        .collect();
    Reply::data(&json!({"categories": categories}))
}

/// The charts' requests are checked strictly: no numbers as text (spec/protocol.md 1.10).
fn strictly<T: serde::de::DeserializeOwned>(endpoint: &str, mut request: Request) -> Result<T> {
    if request.body.get("interval").is_some_and(|interval| !interval.is_number()) {
        return Err(ApiError::new(ErrorKind::ValidationError, "interval must be a whole number")
            .with("field", "interval"));
    }
    request.body = checked(endpoint, request.body)?;
    request.decode()
}

fn range(from: f64, to: f64, interval: i64) -> Result<Range> {
    match interval < 1 {
        true => Err(ApiError::new(ErrorKind::ValidationError, "interval must be at least 1")
            .with("field", "interval")),
        false => Ok(Range { from, to, interval }),
    }
}

#[derive(Deserialize)]
struct Stats {
    from_date: f64,
    to_date: f64,
    interval: i64,
    items: Vec<StatItem>,
    #[serde(default)]
    worker_ids: Vec<String>,
    #[serde(default)]
    split_by_resource: bool,
}

#[derive(Deserialize)]
struct StatItem {
    key: String,
    #[serde(default)]
    aggregation: StatAggregation,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatAggregation {
    #[default]
    Avg,
    Min,
    Max,
}

/// `workers.get_stats`.
fn get_stats(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Stats = strictly("workers.get_stats", request)?;
    let range = range(asked.from_date, asked.to_date, asked.interval)?;
    if asked.items.is_empty() {
        return Err(
            ApiError::new(ErrorKind::ValidationError, "name at least one metric").with("field", "items")
        );
    }
    let items: Vec<Item> = asked
        .items
        .into_iter()
        .map(|item| Item {
            key: item.key,
            aggregation: match item.aggregation {
                StatAggregation::Avg => Aggregation::Avg,
                StatAggregation::Min => Aggregation::Min,
                StatAggregation::Max => Aggregation::Max,
            },
        })
        .collect();
    let found = workers::statistics(ctx, &asked.worker_ids, range, &items, asked.split_by_resource)?;
    let shown: Vec<Value> = found
        .into_iter()
        .map(|stats| {
            let metrics: Vec<Value> = stats
                .metrics
                .into_iter()
                .map(|(metric, lines)| json!({"metric": metric, "stats": lines.into_iter().map(line).collect::<Vec<_>>()}))
                .collect();
            json!({"worker": stats.worker, "metrics": metrics})
        })
        .collect();
    Reply::data(&json!({"workers": shown}))
}

fn line(series: workers::Series) -> Value {
    let devices: Vec<Value> =
        series.devices.into_iter().map(|(name, values)| json!({"name": name, "values": values})).collect();
    json!({
        "aggregation": series.aggregation.as_str(),
        "dates": series.dates,
        "values": series.values,
        "resource_series": devices,
    })
}

#[derive(Deserialize)]
struct ActivityReport {
    from_date: f64,
    to_date: f64,
    interval: i64,
}

/// `workers.get_activity_report`.
fn get_activity_report(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ActivityReport = strictly("workers.get_activity_report", request)?;
    let range = range(asked.from_date, asked.to_date, asked.interval)?;
    let (dates, total, active) = workers::activity(ctx, range)?;
    Reply::data(&json!({
        "total": {"dates": dates, "counts": total},
        "active": {"dates": dates, "counts": active},
    }))
}

/// `workers.get_runtime_properties`: what the worker remembers here.
fn get_runtime_properties(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: WorkerOnly = request.decode()?;
    let found: Vec<Value> = workers::properties(ctx, &asked.worker)?
        .into_iter()
        .map(|(property, left)| json!({"key": property.key, "value": property.value, "expiry": left}))
        .collect();
    Reply::data(&json!({"runtime_properties": found}))
}

#[derive(Deserialize)]
struct SetProperties {
    worker: String,
    #[serde(default)]
    runtime_properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    key: String,
    value: String,
    expiry: Option<i64>,
}

/// `workers.set_runtime_properties`.
fn set_runtime_properties(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SetProperties = request.decode()?;
    let properties: Vec<NewProperty> = asked
        .runtime_properties
        .into_iter()
        .map(|property| NewProperty { key: property.key, value: property.value, expiry: property.expiry })
        .collect();
    workers::set_properties(ctx, &asked.worker, &properties)?;
    Ok(Reply::empty())
}

#[cfg(test)]
mod aging_tests;
