//! Storing what was reported to another server (docs/import.md): the events alone, since the document of their task or
//! model came whole and knows what followed from them.

use std::{borrow::Cow, collections::BTreeMap};

use super::batch::{Batch, Defaults};
use crate::{
    domain::App,
    store::{
        Tx,
        events::{Learned, OwnerKind},
    },
    types::{ErrorKind, Result},
};

/// What became of past events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::domain) struct Past {
    /// Stored.
    pub(in crate::domain) stored: u64,
    /// Refused, by reason.
    pub(in crate::domain) refused: BTreeMap<String, u64>,
}

/// Stores events of one task or model, whatever its status; each line is one JSON object as `events.add_batch` takes
/// it. Lines of other tasks and models are refused.
///
/// Errors: those of the store only. What is wrong with events is in the answer.
pub(in crate::domain) fn add_past(
    app: &App,
    tx: &Tx<'_>,
    kind: OwnerKind,
    id: &str,
    lines: &[Cow<'_, str>],
    learned: &mut Learned,
) -> Result<Past> {
    let services = &app.settings.services;
    let defaults = Defaults {
        worker: "<unknown>",
        now: tx.now,
        ignored_metrics: &services.events.ignore_iteration.metrics,
        compress_from: services.events.plot_compression_threshold,
        validate_plots: services.events.validate_plot_str,
    };
    let mut past = Past::default();
    let mut batch = match Batch::read(lines, &defaults) {
        Ok(batch) => batch,
        Err(error) if matches!(error.kind(), ErrorKind::ValidationError | ErrorKind::BadRequest) => {
            past.refused.insert(error.detail().to_owned(), lines.len() as u64);
            return Ok(past);
        }
        Err(error) => return Err(error),
    };
    let mut refused = std::mem::take(&mut batch.refused);
    let owner = tx.writable_owners(kind, &[id])?.pop();
    for entity in &mut batch.entities {
        let owner = owner.as_ref().filter(|_| entity.kind == kind && entity.id == id);
        let Some(owner) = owner else {
            let text = "the event belongs to another task or model than the record before it";
            refused.add(text, entity.accepted + entity.refused.count());
            continue;
        };
        if entity.accepted > 0 {
            tx.store_past_report(owner, &entity.report, &app.store.series_names, learned)?;
            past.stored += entity.accepted;
        }
        refused.merge(std::mem::take(&mut entity.refused));
    }
    past.refused = refused.0;
    Ok(past)
}
