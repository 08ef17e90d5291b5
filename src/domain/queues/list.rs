//! Reading queues (spec/queues_workers.md 2.3 to 2.6).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::access::unknown;
use crate::{
    domain::{Ctx, workers},
    store::{
        documents::{FindOptions, Found, Public},
        query::{QUEUE, truthy},
        queues::Waits,
    },
    types::{ApiError, ErrorKind, Json, Result, Version},
};

/// Last version whose clients take metadata for a list.
const LAST_WITHOUT_METADATA: Version = Version::new(2, 16);

fn for_version(ctx: &Ctx<'_>, queues: &mut [Json]) {
    if ctx.call.version <= LAST_WITHOUT_METADATA {
        for metadata in queues.iter_mut().filter_map(|queue| queue.get_mut("metadata")) {
            *metadata = json!([]);
        }
    }
}

/// One queue with plain references. `max_entries`: only so many entries from the head, or from the end when
/// negative.
///
/// Errors: 400/701.
pub fn by_id(ctx: &Ctx<'_>, id: &str, max_entries: Option<i64>) -> Result<Json> {
    let mut request = Json::new();
    request.insert("max_task_entries".to_owned(), max_entries.into());
    let mut options = ctx.query_options(Public::Never);
    options.show_hidden = true;
    options.only = Some(vec![id.to_owned()]);
    let mut found = ctx.read(|snapshot| ctx.list_with(snapshot, &QUEUE, &request, false, options))?.documents;
    for_version(ctx, &mut found);
    found.pop().ok_or_else(|| unknown(ctx, id))
}

/// The one queue that is marked as default: its id and name.
///
/// Errors: 400/707 none; 400/708 several.
pub fn default_queue(ctx: &Ctx<'_>) -> Result<Json> {
    let Value::Object(request) =
        json!({"system_tags": ["__$all", "default"], "only_fields": ["id", "name"], "search_hidden": true})
    else {
        return Err(ErrorKind::NoDefaultQueue.into());
    };
    let mut found = ctx.read(|snapshot| ctx.list(snapshot, &QUEUE, &request, false))?.documents;
    match (found.pop(), found.is_empty()) {
        (Some(queue), true) => Ok(queue),
        (Some(_), false) => Err(ApiError::new(
            ErrorKind::MultipleDefaultQueues,
            "take the system tag default from all queues but one",
        )),
        (None, _) => Err(ApiError::new(ErrorKind::NoDefaultQueue, "give one queue the system tag default")),
    }
}

/// Queues with plain references.
///
/// Errors: 400 as the query language names them.
pub fn list(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    let mut found = ctx.read(|snapshot| ctx.list(snapshot, &QUEUE, request, false))?;
    for_version(ctx, &mut found.documents);
    Ok(found)
}

/// Queues with references as objects and the workers that listen to them; `only_fields` has no effect. With
/// `count_task_entries`, how much waits in each.
///
/// Errors: 400 as the query language names them.
pub fn list_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| {
        let subject = ctx.subject();
        let options = FindOptions {
            query: ctx.query_options(Public::Never),
            expanded: true,
            projection: Some(&["*", "entries.task.name"]),
            scrolls: Some((&ctx.app.store.scrolls, subject.as_str())),
        };
        let mut found = snapshot.find(&QUEUE, request, &options)?;
        let workers = workers::listening(ctx, snapshot)?;
        let count = truthy(request.get("count_task_entries"));
        for queue in &mut found.documents {
            let id = queue.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if count {
                queue.insert("entries_count".to_owned(), snapshot.waiting_count(&id)?.into());
            }
            let listening: Vec<Value> = workers
                .iter()
                .filter(|worker| worker.queues.contains(&id))
                .map(|worker| worker.shown.clone())
                .collect();
            queue.insert("workers".to_owned(), listening.into());
        }
        for_version(ctx, &mut found.documents);
        Ok(found)
    })
}

/// What waits in each queue of the tenant, by its id; empty ones are left out.
pub fn waits(ctx: &Ctx<'_>) -> Result<HashMap<String, Waits>> {
    let waits = ctx.read(|snapshot| snapshot.waits())?;
    Ok(waits.into_iter().map(|waits| (waits.queue.clone(), waits)).collect())
}
