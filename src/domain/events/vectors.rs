//! Vectors of one metric and variant (protocol: spec/events.md 5.7).

use super::access::readable_one;
use crate::{
    domain::Ctx,
    store::events::{EventKind, OwnerKind},
    types::Result,
};

/// Vectors in one answer.
const MOST: usize = 10_000;

/// Vectors, ascending by iteration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vectors {
    /// Their iterations.
    pub iterations: Vec<i64>,
    /// As many JSON texts, each an array of numbers.
    pub vectors: Vec<String>,
}

/// The first 10,000 vectors of a metric and variant.
///
/// Errors: 400/101, 400/201.
pub fn vectors(ctx: &Ctx<'_>, kind: OwnerKind, id: &str, metric: &str, variant: &str) -> Result<Vectors> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, kind, id)?;
        let Some(events) = &of.events else { return Ok(Vectors::default()) };
        let mut found = Vec::new();
        for series in snapshot.series_of(events, EventKind::Vector)? {
            if series.numbered && series.metric == metric && series.variant == variant {
                found.extend(snapshot.vectors(&series, MOST)?);
            }
        }
        found.sort_by_key(|vector| vector.iteration);
        found.truncate(MOST);
        Ok(Vectors {
            iterations: found.iter().map(|vector| vector.iteration).collect(),
            vectors: found.into_iter().map(|vector| vector.value).collect(),
        })
    })
}
