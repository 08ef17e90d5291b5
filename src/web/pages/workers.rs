//! Workers: rows for tables, and one worker's page.

use serde_json::{Value, json};

use super::{
    document::{at, text, texts, when},
    page, perform, shell,
};
use crate::{
    domain::{
        Ctx,
        browse::{self, request as object},
        workers::{self, Aggregation, Filter, Item, Range},
    },
    types::{ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        render::{chart::Curve, time::When},
        view::{
            kit::Person,
            workers::{Worker, WorkerRow},
        },
    },
};

/// A worker reports every half minute; after three reports that did not come it counts as lost.
const SILENT_SECONDS: i64 = 100;

/// Workers with what they do and how their machines are loaded, by name.
pub(super) fn rows(ctx: &Ctx<'_>) -> Result<Vec<(WorkerRow, Json)>> {
    let found = perform(ctx, "workers.get_all", |ctx| workers::list(ctx, &Filter::default()))?;
    let names: Vec<String> = found.iter().map(|worker| text(worker, "id")).collect();
    let latest = perform(ctx, "workers.get_stats", |ctx| workers::latest(ctx, &names, 600))?;
    let nothing = Json::new();
    Ok(found
        .into_iter()
        .map(|worker| {
            let machine = latest.get(&text(&worker, "id")).unwrap_or(&nothing);
            (row(ctx, &worker, machine), worker)
        })
        .collect())
}

fn numbers(machine: &Json, metric: &str) -> Vec<f64> {
    let list = machine.get(metric).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Used and all, in bytes; reports are in megabytes.
fn memory(machine: &Json, used: &str, free: &str) -> Option<(u64, u64)> {
    let sum = |metric| {
        let values = numbers(machine, metric);
        (!values.is_empty()).then(|| values.iter().sum::<f64>().max(0.0))
    };
    let bytes = |megabytes: f64| (megabytes * 1_048_576.0) as u64;
    let (used, free) = (sum(used)?, sum(free)?);
    Some((bytes(used), bytes(used + free)))
}

fn row(ctx: &Ctx<'_>, worker: &Json, machine: &Json) -> WorkerRow {
    let seen = when(worker, "last_activity_time").unwrap_or_default();
    let timeout = at(worker, "register_timeout").and_then(Value::as_i64).unwrap_or_default();
    let task = text(worker, "task.id");
    let name = text(worker, "task.name");
    let from = text(worker, "queue.id");
    let mut queues: Vec<(String, String)> = at(worker, "queues")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|queue| (text(queue, "id"), text(queue, "name")))
        .filter(|(_, name)| !name.is_empty())
        .collect();
    queues.sort_by(|a, b| a.1.cmp(&b.1));
    let user = text(worker, "user.name");
    WorkerRow {
        key: text(worker, "key"),
        name: text(worker, "id"),
        gpus: numbers(machine, "gpu_usage"),
        gpu_memory: memory(machine, "gpu_memory_used", "gpu_memory_free"),
        memory: memory(machine, "memory_used", "memory_free"),
        task: (!task.is_empty()).then_some((task, Some(name).filter(|name| !name.is_empty()))),
        project: text(worker, "project.name"),
        from: (!from.is_empty()).then_some(from),
        queues,
        identity: (!user.is_empty()).then(|| Person::named(user)),
        ip: text(worker, "ip"),
        seen,
        is_lost: ctx.call.received.0 - seen.0 > SILENT_SECONDS * 1000,
        until: When(seen.0 + timeout * 1000),
    }
}

/// A time to be drawn: key, word, seconds, width of a step.
const SPANS: [(&str, &str, i64, i64); 3] =
    [("1h", "Hour", 3_600, 60), ("24h", "Day", 86_400, 900), ("7d", "Week", 7 * 86_400, 7_200)];

/// A drawing: its title, metrics with the words beside their curves, and what a value is divided by.
type Drawing = (&'static str, &'static [(&'static str, &'static str)], f64);

const CHARTS: [Drawing; 6] = [
    ("GPU use, %", &[("gpu_usage", "GPU")], 1.0),
    ("GPU memory, GB", &[("gpu_memory_used", "used")], 1024.0),
    ("CPU use, %", &[("cpu_usage", "CPU")], 1.0),
    ("Memory, GB", &[("memory_used", "used")], 1024.0),
    ("Network, MB/s", &[("network_rx", "received"), ("network_tx", "sent")], 1.0),
    ("Free disk, GB", &[("disk_free_home", "home"), ("disk_free_temp", "temporary")], 1.0),
];

/// `/workers/{key}`.
pub(super) fn page(ctx: &Ctx<'_>, request: &PageRequest, key: &str) -> Result<PageReply> {
    let found = rows(ctx)?.into_iter().find(|(row, _)| row.key == key);
    let (row, document) = found.ok_or(ErrorKind::NotFound)?;
    let asked = request.arg("span").unwrap_or_default();
    let span = SPANS.into_iter().find(|span| span.0 == asked).unwrap_or(SPANS[0]);
    page!(
        request,
        Worker {
            shell: shell(ctx, request, "/queues"),
            registered: when(&document, "register_time").unwrap_or_default(),
            tags: texts(&document, "tags"),
            spans: SPANS.map(|each| (each.0, each.1, each.0 == span.0)).to_vec(),
            charts: charts(ctx, &row.name, span.2, span.3)?,
            row,
        }
    )
}

fn charts(
    ctx: &Ctx<'_>,
    worker: &str,
    seconds: i64,
    interval: i64,
) -> Result<Vec<(&'static str, Vec<Curve>)>> {
    let now = ctx.call.received.seconds();
    // The step that is not over yet is drawn too.
    let range = Range { from: (now - seconds) as f64, to: (now + interval) as f64, interval };
    let item = |key: &str| Item { key: key.to_owned(), aggregation: Aggregation::Avg };
    let items: Vec<Item> = CHARTS.iter().flat_map(|chart| chart.1.iter().map(|(key, _)| item(key))).collect();
    let name = [worker.to_owned()];
    let found =
        perform(ctx, "workers.get_stats", |ctx| workers::statistics(ctx, &name, range, &items, true))?;
    let Some(stats) = found.into_iter().next() else { return Ok(Vec::new()) };
    let mut drawn = Vec::new();
    for (title, metrics, divisor) in CHARTS {
        let mut curves = Vec::new();
        for (key, word) in metrics {
            let line = stats.metrics.iter().find(|(metric, _)| metric == key);
            let Some(line) = line.and_then(|(_, lines)| lines.first()) else { continue };
            let mut curve = |name: String, values: &[f64]| {
                let points = line.dates.iter().zip(values).filter(|(_, value)| **value != 0.0);
                let points = points.map(|(date, value)| (*date as f64, value / divisor)).collect();
                let slot = u8::try_from(curves.len() + 1).unwrap_or(u8::MAX);
                curves.push(Curve { name, slot, points });
            };
            match line.devices.is_empty() {
                true => curve((*word).to_owned(), &line.values),
                false => {
                    line.devices.iter().for_each(|(device, values)| curve(format!("{word} {device}"), values))
                }
            }
        }
        curves.retain(|curve| !curve.points.is_empty());
        if !curves.is_empty() {
            drawn.push((title, curves));
        }
    }
    Ok(drawn)
}

/// Names of tasks, their projects and owners, for those that the reader may see.
pub(super) fn tasks(ctx: &Ctx<'_>, ids: &[String]) -> Result<Vec<Json>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let filter = json!({
        "id": ids, "only_fields": ["name", "user.name", "project.name"], "search_hidden": true, "page_size": ids.len(),
        "page": 0,
    });
    perform(ctx, "tasks.get_all_ex", |ctx| browse::tasks(ctx, object(filter)))
}
