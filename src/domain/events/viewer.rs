//! What the viewers of images and of plots have in common (protocol: spec/events.md 8).

use super::access::Readable;
use crate::{
    store::{
        Snapshot,
        events::{EventKind, OwnerKind, Series},
    },
    types::{ApiError, ErrorKind, Result},
};

/// What a viewer looks at.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Task or model.
    pub(super) kind: OwnerKind,
    /// Its id.
    pub(super) id: String,
    /// Metric.
    pub(super) metric: String,
    /// Whether the viewer stays with this metric.
    pub(super) one_metric: bool,
}

impl View {
    /// Errors: 400/1104 the viewer was opened on something else.
    pub(super) fn check_same(&self, asked: &View) -> Result<()> {
        let same = self.kind == asked.kind
            && self.id == asked.id
            && self.one_metric == asked.one_metric
            && (!asked.one_metric || self.metric == asked.metric);
        if same { Ok(()) } else { Err(stale()) }
    }

    /// Whether it is of this task or model.
    pub(super) fn is_of(&self, kind: OwnerKind, id: &str) -> bool {
        self.kind == kind && self.id == id
    }

    /// Whether the viewer may come to this metric.
    pub(super) fn reaches(&self, metric: &str) -> bool {
        !self.one_metric || self.metric == metric
    }

    /// Roughly its size in bytes.
    pub(super) fn weight(&self) -> usize {
        self.id.len() + self.metric.len()
    }
}

/// The viewer is gone, or was opened on something else.
pub(super) fn stale() -> ApiError {
    ApiError::new(ErrorKind::InvalidScrollId, "open the viewer again")
}

/// Series with iterations, by metric and variant.
pub(super) fn numbered_series(
    snapshot: &Snapshot<'_>,
    of: &Readable,
    kind: EventKind,
) -> Result<Vec<Series>> {
    let Some(events) = &of.events else { return Ok(Vec::new()) };
    let mut series = snapshot.series_of(events, kind)?;
    series.retain(|series| series.numbered);
    Ok(series)
}
