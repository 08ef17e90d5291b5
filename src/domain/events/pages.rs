//! What pages show of plots and images, and what tells them that there is news.

use super::{
    access::readable_one,
    choice::Choice,
    pager::{PagedIteration, PagerEntry, PagerRequest, page},
};
use crate::{
    domain::Ctx,
    store::events::{EventKind, OwnerKind},
    types::{Json, Result},
};

/// Texts that change whenever the events of a kind do: entity tags of the pages that show them. "0" as long as there
/// never were any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Scalars, single values, last values.
    pub scalars: String,
    /// Images.
    pub images: String,
    /// Plots.
    pub plots: String,
    /// Console lines.
    pub logs: String,
}

/// Change stamps of a task's events; one index look-up.
///
/// Errors: 400/101.
pub fn versions(ctx: &Ctx<'_>, task: &str) -> Result<Versions> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let stamp = |revision: fn(&crate::store::events::Stamps) -> i64| {
            of.events.map_or_else(|| "0".to_owned(), |events| events.stamp(revision(&events.stamps)))
        };
        Ok(Versions {
            scalars: stamp(|stamps| stamps.scalars),
            images: stamp(|stamps| stamps.images),
            plots: stamp(|stamps| stamps.plots),
            logs: stamp(|stamps| stamps.logs),
        })
    })
}

/// The newest plot of each metric and variant of a task, as documents.
///
/// Errors: 400/101.
pub fn plots(ctx: &Ctx<'_>, task: &str) -> Result<Vec<Json>> {
    super::newest_plots(ctx, OwnerKind::Task, task, 1, &Choice::All)
}

/// The images of a task's newest iterations, newest first: those whose files were not overwritten since.
///
/// Errors: 400/101; 400/12 `iterations` below 1.
pub fn images(
    ctx: &Ctx<'_>,
    task: &str,
    metric: Option<&str>,
    iterations: i64,
) -> Result<Vec<PagedIteration>> {
    let entry = PagerEntry { id: task.to_owned(), metric: metric.map(str::to_owned), variants: Vec::new() };
    let answer = page(
        ctx,
        &PagerRequest {
            event_kind: EventKind::Image,
            kind: OwnerKind::Task,
            entries: vec![entry],
            iters: iterations,
            earlier: true,
            refresh: false,
            scroll_id: None,
        },
    )?;
    super::clear_scroll(ctx, Some(&answer.scroll_id));
    Ok(answer.entities.into_iter().flat_map(|(_, iterations)| iterations).collect())
}
