//! `serving.*` (spec/queues_workers.md 4).

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    typed::yes,
};
use crate::{
    domain::{
        Ctx,
        serving::{
            self, About, Chart, Container, MachineStats, Metric, Numbers, Range, Reference, Registration,
            Report,
        },
    },
    types::{ApiError, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("serving.container_status_report", Input::Typed, container_status_report),
    Endpoint::new("serving.get_endpoint_details", Input::Typed, get_endpoint_details),
    Endpoint::new("serving.get_endpoint_metrics_history", Input::Typed, get_endpoint_metrics_history),
    Endpoint::new("serving.get_endpoints", Input::Typed, get_endpoints),
    Endpoint::new("serving.get_loading_instances", Input::Typed, get_loading_instances),
    Endpoint::new("serving.register_container", Input::Typed, register_container),
    Endpoint::new("serving.unregister_container", Input::Typed, unregister_container),
];

#[derive(Deserialize)]
struct Sent {
    container_id: String,
    endpoint_name: String,
    endpoint_url: Option<String>,
    model_name: String,
    model_source: Option<String>,
    model_version: Option<String>,
    preprocess_artifact: Option<String>,
    input_type: Option<String>,
    input_size: Option<Size>,
    #[serde(default)]
    reference: Vec<Reference>,
    timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Size {
    Text(String),
    Number(serde_json::Number),
}

impl From<Sent> for Registration {
    fn from(sent: Sent) -> Self {
        Registration {
            container: sent.container_id,
            endpoint_url: sent.endpoint_url,
            about: About {
                endpoint_name: sent.endpoint_name,
                model_name: sent.model_name,
                model_source: sent.model_source,
                model_version: sent.model_version,
                preprocess_artifact: sent.preprocess_artifact,
                input_type: sent.input_type,
                input_size: sent.input_size.map(|size| match size {
                    Size::Text(text) => text,
                    Size::Number(number) => number.to_string(),
                }),
                reference: sent.reference,
            },
            timeout: sent.timeout,
        }
    }
}

/// `serving.register_container`.
fn register_container(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let sent: Sent = request.decode()?;
    serving::register(ctx, sent.into())?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct ContainerOnly {
    container_id: String,
}

/// `serving.unregister_container`.
fn unregister_container(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ContainerOnly = request.decode()?;
    serving::unregister(ctx, &asked.container_id)?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct StatusReport {
    #[serde(flatten)]
    sent: Sent,
    uptime_sec: Option<i64>,
    requests_num: Option<i64>,
    requests_min: Option<f64>,
    latency_ms: Option<i64>,
    machine_stats: Option<SentStats>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SentNumbers {
    One(f64),
    Many(Vec<f64>),
}

#[derive(Deserialize)]
struct SentStats {
    cpu_usage: Option<SentNumbers>,
    gpu_usage: Option<SentNumbers>,
    memory_free: Option<SentNumbers>,
    memory_used: Option<SentNumbers>,
    gpu_memory_free: Option<SentNumbers>,
    gpu_memory_used: Option<SentNumbers>,
    disk_free_home: Option<f64>,
    network_rx: Option<f64>,
    network_tx: Option<f64>,
}

impl From<SentStats> for MachineStats {
    fn from(sent: SentStats) -> Self {
        let numbers = |sent: Option<SentNumbers>| {
            sent.map(|sent| match sent {
                SentNumbers::One(value) => Numbers::One(value),
                SentNumbers::Many(values) => Numbers::Many(values),
            })
        };
        MachineStats {
            cpu_usage: numbers(sent.cpu_usage),
            gpu_usage: numbers(sent.gpu_usage),
            memory_free: numbers(sent.memory_free),
            memory_used: numbers(sent.memory_used),
            gpu_memory_free: numbers(sent.gpu_memory_free),
            gpu_memory_used: numbers(sent.gpu_memory_used),
            disk_free_home: sent.disk_free_home,
            network_rx: sent.network_rx,
            network_tx: sent.network_tx,
        }
    }
}

/// `serving.container_status_report`.
fn container_status_report(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let sent: StatusReport = request.decode()?;
    serving::report(
        ctx,
        Report {
            registration: sent.sent.into(),
            uptime_sec: sent.uptime_sec,
            requests_num: sent.requests_num,
            requests_min: sent.requests_min,
            latency_ms: sent.latency_ms,
            machine: sent.machine_stats.map(Into::into),
        },
    )?;
    Ok(Reply::empty())
}

/// `serving.get_endpoints`.
fn get_endpoints(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let endpoints: Vec<Value> = serving::endpoints(ctx)?
        .iter()
        .map(|endpoint| {
            let about = endpoint.first().map(|container| &container.about);
            json!({
                "endpoint": about.map(|about| &about.endpoint_name),
                "model": about.map(|about| &about.model_name),
                "url": endpoint.url,
                "instances": endpoint.instances.len(),
                "uptime_sec": endpoint.uptime_sec(),
                "requests": endpoint.requests(),
                "requests_min": endpoint.requests_min(),
                "latency_ms": endpoint.latency_ms(),
                "last_update": endpoint.last_update().map(Value::from),
            })
        })
        .collect();
    Reply::data(&json!({"endpoints": endpoints}))
}

/// `serving.get_loading_instances`.
fn get_loading_instances(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let instances: Vec<Value> = serving::loading(ctx)?
        .into_iter()
        .map(|(container, age)| {
            let Container { id, about, usage, last_activity_time, .. } = container;
            json!({
                "id": id,
                "endpoint": about.endpoint_name,
                "url": null,
                "model": about.model_name,
                "model_source": about.model_source,
                "model_version": about.model_version,
                "preprocess_artifact": about.preprocess_artifact,
                "input_type": about.input_type,
                "input_size": about.input_size,
                "uptime_sec": usage.uptime_sec,
                "age_sec": age,
                "last_update": Value::from(last_activity_time),
            })
        })
        .collect();
    Reply::data(&json!({"instances": instances}))
}

#[derive(Deserialize)]
struct UrlOnly {
    endpoint_url: String,
}

/// `serving.get_endpoint_details`.
fn get_endpoint_details(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: UrlOnly = request.decode()?;
    let endpoint = serving::details(ctx, &asked.endpoint_url)?;
    let about = endpoint.first().map(|container| container.about.clone()).unwrap_or_default();
    let instances: Vec<Value> = endpoint
        .instances
        .iter()
        .map(|container| {
            json!({
                "id": container.id,
                "uptime_sec": container.usage.uptime_sec.unwrap_or_default(),
                "requests": container.usage.requests_num.unwrap_or_default(),
                "requests_min": container.usage.requests_min.unwrap_or_default(),
                "latency_ms": container.usage.latency_ms.unwrap_or_default(),
                "last_update": Value::from(container.last_activity_time),
                "reference": container.about.reference,
                "cpu_count": container.usage.cpu_count,
                "gpu_count": container.usage.gpu_count,
            })
        })
        .collect();
    Reply::data(&json!({
        "endpoint": about.endpoint_name,
        "model": about.model_name,
        "url": endpoint.url,
        "preprocess_artifact": about.preprocess_artifact,
        "input_type": about.input_type,
        "input_size": about.input_size,
        "model_source": about.model_source,
        "model_version": about.model_version,
        "uptime_sec": endpoint.uptime_sec().unwrap_or_default(),
        "last_update": endpoint.last_update().map(Value::from),
        "instances": instances,
    }))
}

#[derive(Deserialize)]
struct HistoryOf {
    endpoint_url: String,
    from_date: f64,
    to_date: f64,
    interval: i64,
    metric_type: Option<String>,
    #[serde(default = "yes")]
    instance_charts: bool,
}

/// `serving.get_endpoint_metrics_history`.
fn get_endpoint_metrics_history(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: HistoryOf = request.decode()?;
    let name = asked.metric_type.as_deref().unwrap_or("requests");
    let metric = Metric::find(name).ok_or_else(|| {
        ApiError::new(ErrorKind::ValidationError, "metric_type is none of the known ones")
            .with("metric_type", name)
    })?;
    let range = Range { from: asked.from_date, to: asked.to_date, interval: asked.interval };
    let history = serving::history(ctx, &asked.endpoint_url, metric, range, asked.instance_charts)?;
    let chart = |chart: &Chart| json!({"title": chart.title, "dates": chart.dates, "values": chart.values});
    let instances: serde_json::Map<String, Value> =
        history.instances.iter().map(|(id, line)| (id.clone(), chart(line))).collect();
    Reply::data(&json!({
        "computed_interval": history.interval,
        "total": chart(&history.total),
        "instances": instances,
    }))
}
