//! Storing what tasks and models report (protocol: spec/events.md 3).

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

use super::{
    batch::{Batch, Defaults, Refusals},
    group::Grouped,
    text,
};
use crate::{
    domain::{Ctx, redaction, vaults},
    store::{
        Tx,
        events::{Learned, Owner, OwnerKind},
    },
    types::{ApiError, ErrorKind, Result},
};

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Events stored, those that replaced others included.
    pub added: u64,
    /// Events refused.
    pub errors: u64,
    /// Why, and how many for each reason.
    pub errors_info: BTreeMap<String, u64>,
}

/// Stores the events of one request, each line one JSON object, and moves the last values of their tasks and
/// models; all of it or nothing. An event that is refused is counted and does not stop the others.
///
/// Errors: 400/17 no line at all; 400/0 a line is no JSON object; 400/12 contradicting lines; 400/131 no event was
/// stored.
pub fn add(ctx: &Ctx<'_>, lines: &[&str]) -> Result<Added> {
    if lines.is_empty() {
        return Err(ApiError::new(ErrorKind::BatchContainsNoItems, "send at least one event"));
    }
    let lines: Vec<Cow<'_, str>> = lines.iter().map(|line| text::with_standard_tokens(line)).collect();
    let services = &ctx.app.settings.services;
    let mut batch = Batch::read(
        &lines,
        &Defaults {
            worker: ctx.call.worker.as_deref().unwrap_or("<unknown>"),
            now: ctx.call.received,
            ignored_metrics: &services.events.ignore_iteration.metrics,
            compress_from: services.events.plot_compression_threshold,
            validate_plots: services.events.validate_plot_str,
        },
    )?;
    if batch.entities.is_empty() {
        return none_stored(batch.refused);
    }
    for entity in &mut batch.entities {
        if !entity.report.lines.is_empty()
            && let Some(secrets) = redaction::of_task(ctx, &entity.id)
        {
            entity.masked = redaction::mask_lines(&secrets, &mut entity.report);
        }
        entity.report.pack_lines()?;
    }
    let (added, learned) = ctx.write_events(|tx| store(ctx, tx, &mut batch))?;
    ctx.app.store.learn(learned);
    Ok(added)
}

/// The part that holds the writer: only statements run here.
fn store(ctx: &Ctx<'_>, tx: &Tx<'_>, batch: &mut Batch<'_>) -> Result<(Added, Learned)> {
    let max_pairs = ctx.app.settings.services.tasks.max_last_metrics;
    let tasks = writable(tx, OwnerKind::Task, &batch.entities)?;
    let models = writable(tx, OwnerKind::Model, &batch.entities)?;
    let mut refused = std::mem::take(&mut batch.refused);
    let mut learned = Learned::default();
    let mut added = 0;
    for entity in &mut batch.entities {
        let owners = if entity.kind == OwnerKind::Task { &tasks } else { &models };
        let owner = owners.get(entity.id.as_ref()).filter(|owner| entity.allow_locked || !owner.is_locked());
        let Some(owner) = owner else {
            refused.add(unknown(entity), entity.accepted + entity.refused.count());
            continue;
        };
        if entity.accepted > 0 {
            let by = ctx.caller.user.as_str();
            let names = &ctx.app.store.series_names;
            for (worker, ending) in &entity.masked.stored {
                tx.mask_end_of_newest_line(&entity.id, worker, ending, vaults::MASK)?;
            }
            redaction::count(ctx, tx, &entity.id, entity.masked.count)?;
            tx.store_report(owner, &entity.report, by, max_pairs, names, &mut learned)?;
            added += entity.accepted;
        }
        refused.merge(std::mem::take(&mut entity.refused));
    }
    if added == 0 {
        return none_stored(refused);
    }
    Ok((Added { added, errors: refused.count(), errors_info: refused.0 }, learned))
}

fn writable(tx: &Tx<'_>, kind: OwnerKind, entities: &[Grouped<'_>]) -> Result<BTreeMap<String, Owner>> {
    let ids: Vec<&str> =
        entities.iter().filter(|entity| entity.kind == kind).map(|entity| entity.id.as_ref()).collect();
    let owners = tx.writable_owners(kind, &ids)?;
    Ok(owners.into_iter().map(|owner| (owner.id.clone(), owner)).collect())
}

/// One message for all that can't be written: whether an id exists elsewhere is nobody's business.
fn unknown(entity: &Grouped<'_>) -> String {
    let id: String = entity.id.chars().take(64).collect();
    match entity.kind {
        OwnerKind::Task => format!("unknown, foreign or published task: {id}"),
        OwnerKind::Model => format!("unknown, foreign or published model: {id}"),
    }
}

fn none_stored<T>(refused: Refusals) -> Result<T> {
    let reasons: Vec<String> =
        refused.0.iter().take(20).map(|(reason, count)| format!("{reason} ({count})")).collect();
    Err(ApiError::new(ErrorKind::EventsNotAdded, reasons.join("; "))
        .with("errors_info", serde_json::json!(refused.0)))
}
