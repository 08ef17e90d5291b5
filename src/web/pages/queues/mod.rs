//! Queues and workers: how they stand now, one queue in full, and what can be done with a queue.

pub(super) mod act;

use std::collections::HashMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    document::{at, person, text, texts, when},
    page, perform, shell,
    workers::{rows, tasks},
};
use crate::{
    domain::{
        Ctx,
        browse::request as object,
        queues::{self, MetricsRequest, Series, Waits},
    },
    types::{ErrorKind, Json, Millis, Result},
    web::{
        PageReply, PageRequest,
        render::{chart::Curve, time::When},
        view::{
            queues::{Chosen, Queue, QueueRow, Queues, Show, Waiting},
            workers::WorkerRow,
        },
    },
};

/// Entries of the chosen queue that the overview shows.
const HEAD: usize = 8;

/// Steps of a day in the small drawings, and their width in seconds.
const STEPS: usize = 48;
const STEP: i64 = 1_800;

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => overview(ctx, request),
        (true, ["new"]) => act::ask_for_name(ctx, request, None, String::new()),
        (false, ["new"]) => act::create(ctx, request),
        (true, [id]) => whole(ctx, request, id),
        (_, [id, deed]) => act::route(ctx, request, id, deed),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn overview(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let filter = object(json!({
        "order_by": ["name"], "page": null, "page_size": null, "max_task_entries": HEAD,
    }));
    let documents = perform(ctx, "queues.get_all_ex", |ctx| queues::list_expanded(ctx, &filter))?.documents;
    let workers: Vec<WorkerRow> = rows(ctx)?.into_iter().map(|(row, _)| row).collect();
    let ids: Vec<String> = documents.iter().map(|queue| text(queue, "id")).collect();
    let (history, waits) = (history(ctx, ids)?, waits(ctx)?);
    let queues: Vec<QueueRow> = documents
        .iter()
        .map(|queue| {
            let row = row(ctx, queue, &workers, &waits);
            QueueRow { history: history.get(&row.id).cloned().unwrap_or_default(), ..row }
        })
        .collect();
    let asked = request.arg("queue").unwrap_or_default();
    let chosen = queues.iter().position(|queue| queue.id == asked).or_else(|| {
        let busiest = queues.iter().enumerate().max_by_key(|(at, queue)| (queue.waiting, usize::MAX - at));
        busiest.map(|(at, _)| at)
    });
    let chosen = match chosen.and_then(|at| Some((queues.get(at)?, documents.get(at)?))) {
        Some((row, document)) => Some(Chosen {
            id: row.id.clone(),
            name: row.name.clone(),
            total: row.waiting,
            entries: entries(ctx, document, row.waiting)?,
        }),
        None => None,
    };
    page!(
        request,
        Queues {
            shell: shell(ctx, request, "/queues"),
            queues,
            chosen,
            workers,
            show: Show::from_key(&request.arg("show").unwrap_or_default()),
            may_manage: queues::may_manage(ctx).is_ok(),
        }
    )
}

/// One queue, with the first of what waits in it.
///
/// Errors: 400/701.
fn document(ctx: &Ctx<'_>, id: &str, most: usize) -> Result<Json> {
    let filter = object(json!({"id": [id], "max_task_entries": most}));
    let found = perform(ctx, "queues.get_all_ex", |ctx| queues::list_expanded(ctx, &filter))?.documents;
    found.into_iter().next().ok_or_else(|| ErrorKind::InvalidQueueId.into())
}

fn waits(ctx: &Ctx<'_>) -> Result<HashMap<String, Waits>> {
    perform(ctx, "queues.get_all_ex", queues::waits)
}

fn whole(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let queue = document(ctx, id, Queue::MOST)?;
    let workers: Vec<WorkerRow> = rows(ctx)?.into_iter().map(|(row, _)| row).collect();
    let series = series(ctx, vec![id.to_owned()], 600)?;
    let row = row(ctx, &queue, &workers, &waits(ctx)?);
    page!(
        request,
        Queue {
            shell: shell(ctx, request, "/queues"),
            is_default: texts(&queue, "system_tags").iter().any(|tag| tag == "default"),
            tags: texts(&queue, "tags"),
            entries: entries(ctx, &queue, row.waiting)?,
            workers: workers.into_iter().filter(|worker| worker.listens_to(id)).collect(),
            charts: series.first().map(charts).unwrap_or_default(),
            may_manage: queues::may_manage(ctx).is_ok(),
            row,
        }
    )
}

fn row(ctx: &Ctx<'_>, queue: &Json, workers: &[WorkerRow], waits: &HashMap<String, Waits>) -> QueueRow {
    let id = text(queue, "id");
    let waits = waits.get(&id);
    let running = |worker: &&WorkerRow| worker.task.is_some() && worker.from.as_ref() == Some(&id);
    let waited = |since: Millis| SignedDuration::from_millis((ctx.call.received.0 - since.0).max(0));
    QueueRow {
        name: text(queue, "name"),
        display_name: text(queue, "display_name"),
        waiting: waits.map_or(0, |waits| waits.count),
        running: workers.iter().filter(running).count() as u64,
        median: waits.map(|waits| waited(waits.median)),
        longest: waits.map(|waits| When(waits.longest.0)),
        history: Vec::new(),
        workers: at(queue, "workers").and_then(Value::as_array).map_or(0, |workers| workers.len() as u64),
        id,
    }
}

fn waiting(queue: &Json) -> impl Iterator<Item = &Json> {
    at(queue, "entries").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// What the document has of the `total` that waits, with names where the reader may see them.
fn entries(ctx: &Ctx<'_>, queue: &Json, total: u64) -> Result<Vec<Waiting>> {
    let first: Vec<(String, When)> = waiting(queue)
        .map(|entry| (text(entry, "task.id"), when(entry, "added").unwrap_or_default()))
        .collect();
    let ids: Vec<String> = first.iter().map(|(task, _)| task.clone()).collect();
    let found = tasks(ctx, &ids)?;
    let known: HashMap<String, &Json> = found.iter().map(|task| (text(task, "id"), task)).collect();
    Ok(first
        .into_iter()
        .zip(1..)
        .map(|((task, added), place)| {
            let document = known.get(&task);
            Waiting {
                place,
                is_last: place == total,
                name: document.map(|document| text(document, "name")),
                user: document.and_then(|document| person(document, "user")),
                project: document.map(|document| text(document, "project.name")).unwrap_or_default(),
                task,
                added,
            }
        })
        .collect())
}

fn series(ctx: &Ctx<'_>, queues: Vec<String>, interval: i64) -> Result<Vec<Series>> {
    if queues.is_empty() {
        return Ok(Vec::new());
    }
    let now = ctx.call.received.seconds();
    let asked = MetricsRequest {
        from: (now - STEP * STEPS as i64) as f64,
        to: now as f64,
        interval,
        queues,
        refresh: false,
    };
    perform(ctx, "queues.get_queue_metrics", |ctx| queues::metrics(ctx, &asked))
}

/// How much waited in each step of the last day; a step without a sample stands as the one before.
fn history(ctx: &Ctx<'_>, ids: Vec<String>) -> Result<HashMap<String, Vec<u32>>> {
    let first = ctx.call.received.seconds() / STEP - STEPS as i64 + 1;
    let lines = series(ctx, ids, STEP)?;
    Ok(lines
        .into_iter()
        .map(|line| {
            let mut steps = vec![None; STEPS];
            let mut before = 0;
            for (date, length) in line.dates.iter().zip(&line.queue_lengths) {
                let length = u32::try_from(*length).unwrap_or_default();
                match usize::try_from(date / 1000 / STEP - first) {
                    Ok(step) => steps.get_mut(step).map_or((), |slot| *slot = Some(length)),
                    Err(_) => before = length,
                }
            }
            let filled = steps.into_iter().map(|step| {
                before = step.unwrap_or(before);
                before
            });
            (line.queue, filled.collect())
        })
        .collect())
}

fn charts(line: &Series) -> Vec<(&'static str, Vec<Curve>)> {
    let dates = || line.dates.iter().map(|date| *date as f64);
    let lengths = line.queue_lengths.iter().map(|length| *length as f64);
    let waits = line.avg_waiting_times.iter().map(|seconds| seconds / 60.0);
    let drawn = |title: &'static str, name: &str, points: Vec<(f64, f64)>| {
        (title, vec![Curve { name: name.to_owned(), slot: 1, points }])
    };
    if line.dates.len() < 2 {
        return Vec::new();
    }
    vec![
        drawn("Waiting tasks", "waiting", dates().zip(lengths).collect()),
        drawn("Mean wait, min", "wait", dates().zip(waits).collect()),
    ]
}
