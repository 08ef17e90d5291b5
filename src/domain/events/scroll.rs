//! Snapshot scrolls: the pages of a result as it was when the scroll began (protocol: spec/events.md 9.2).

use std::sync::Arc;

use super::{cursor::subject, held::Held};
use crate::{
    domain::Ctx,
    store::events::{Direction, LogPlace},
    types::{ApiError, ErrorKind, Result},
};

/// What a scroll that has ended is called.
pub(super) const ENDED: &str = "FFFF";

/// Where a scroll stands.
#[derive(Clone, Debug)]
pub(super) struct Scroll {
    /// What it reads: entities and kind. A scroll of something else is refused.
    pub(super) of: String,
    /// Events in all, when it began.
    pub(super) total: i64,
    pub(super) rest: Rest,
}

/// What is still to be read.
#[derive(Clone, Debug)]
pub(super) enum Rest {
    /// Rows in order, of which the first `done` were read.
    Rows { rows: Arc<[i64]>, done: usize },
    /// Console lines.
    Lines { direction: Direction, newest: i64, after: Option<LogPlace> },
    /// Points of a metric, newest iteration first: those of batches up to `newest`, beyond the last one read.
    Points { newest: i64, metric: String, below: Option<(i64, usize)> },
}

impl Scroll {
    /// A scroll over rows.
    pub(super) fn of_rows(of: &str, rows: Vec<i64>) -> Scroll {
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        Scroll { of: of.to_owned(), total, rest: Rest::Rows { rows: rows.into(), done: 0 } }
    }

    pub(super) fn weight(&self) -> usize {
        self.of.len()
            + match &self.rest {
                Rest::Rows { rows, .. } => rows.len() * 8,
                Rest::Lines { .. } => 0,
                Rest::Points { metric, .. } => metric.len(),
            }
    }

    /// The next rows of a scroll over rows.
    pub(super) fn next_rows(&mut self, count: usize) -> Vec<i64> {
        let Rest::Rows { rows, done } = &mut self.rest else { return Vec::new() };
        let page: Vec<i64> = rows.iter().skip(*done).take(count).copied().collect();
        *done += page.len();
        page
    }
}

/// How a request stands to a scroll.
pub(super) enum Begun {
    /// It starts one.
    No,
    /// It goes on with one.
    At(String, Scroll),
    /// It names one that has ended.
    Ended,
}

/// Finds the scroll that a request names. `of`: what the request would read.
///
/// Errors: 400/1104 unknown, expired, somebody else's, or of something else.
pub(super) fn begun(ctx: &Ctx<'_>, scroll_id: Option<&str>, of: &str) -> Result<Begun> {
    match scroll_id {
        None | Some("") => Ok(Begun::No),
        Some(ENDED) => Ok(Begun::Ended),
        Some(id) => match ctx.app.events.states.get(id, &subject(ctx), ctx.call.received) {
            Some(Held::Scroll(scroll)) if scroll.of == of => Ok(Begun::At(id.to_owned(), (*scroll).clone())),
            _ => Err(ApiError::new(ErrorKind::InvalidScrollId, "start again without a scroll id")),
        },
    }
}

/// Keeps a scroll after a page was read; an empty page ends it. Returns the id to go on with.
pub(super) fn proceed(ctx: &Ctx<'_>, id: Option<&str>, scroll: Scroll, page_is_empty: bool) -> String {
    let states = &ctx.app.events.states;
    if page_is_empty {
        if let Some(id) = id {
            states.release(id, &subject(ctx));
        }
        return ENDED.to_owned();
    }
    states.put(id, &subject(ctx), Held::Scroll(Arc::new(scroll)), super::expiry(ctx))
}

/// `events.clear_scroll`: forgets a scroll or a navigation state. Unknown ids are no error.
pub fn clear_scroll(ctx: &Ctx<'_>, id: Option<&str>) {
    if let Some(id) = id {
        ctx.app.events.states.release(id, &subject(ctx));
    }
}
