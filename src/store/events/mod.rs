//! The event store: what running tasks and models report (protocol: spec/events.md).
//!
//! One [`EventOwner`] per entity with events, one `series` per kind, metric and variant of it; scalars are points of a
//! series, in a plain tail and in chunks, and read through one iterator, [`points::Points`]. Writing takes events that are already parsed and grouped
//! ([`Report`]) and only runs statements. Everything is reached through an [`Owner`], which is looked up within
//! the scope. What never lives here: the wire's JSON, rules.

mod backlog;
mod check;
mod chunk;
mod chunks;
mod compact;
mod counts;
mod delete;
mod feed;
mod images;
mod ingest;
mod last_values;
mod logs;
mod names;
mod owners;
mod plots;
mod points;
mod rows;
mod series;
mod spans;
mod vectors;

pub use backlog::{Backlog, Due};
pub(in crate::store) use check::damaged_chunks;
pub use chunks::is_damage;
pub use compact::Moved;
pub use counts::Extent;
pub use feed::{Feed, Item};
pub use images::Image;
pub use ingest::{Report, ReportedLine, ReportedRows, ReportedScalar, ReportedSeries, Sender};
pub use ingest::{ReportedImage, ReportedPlot, ReportedVector};
pub use last_values::{LastValue, PastValue, Progress, Summary};
pub use logs::{ClearLog, FoundLines, LogLine, LogPages, LogPlace, Names, PackedLines, Search, Severity};
pub use names::{Learned, SeriesNames};
pub use owners::{EventOwner, Owner, OwnerKind, Stamps};
pub(crate) use plots::pack as pack_plot;
pub use plots::{Plot, PlotSpot};
pub use points::{MergedPoints, Point, Points, Span};
pub use rows::{Batch, Batches, Direction, Iterations, Spot};
pub use series::Series;
pub use spans::{Along, Chunk, Total, Xs};
pub use vectors::Vector;

/// Iteration of values that are reported once (spec/events.md 0).
pub const SINGLE_VALUE: i64 = -2_147_483_648;

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// A number.
    Scalar,
    /// A list of numbers.
    Vector,
    /// The address of an image.
    Image,
    /// A figure as JSON text.
    Plot,
    /// A console line.
    Log,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [EventKind; 5] =
        [EventKind::Scalar, EventKind::Vector, EventKind::Image, EventKind::Plot, EventKind::Log];

    /// The `type` of an event on the wire.
    pub const fn wire(self) -> &'static str {
        match self {
            EventKind::Scalar => "training_stats_scalar",
            EventKind::Vector => "training_stats_vector",
            EventKind::Image => "training_debug_image",
            EventKind::Plot => "plot",
            EventKind::Log => "log",
        }
    }

    /// The kind that a `type` names.
    pub fn from_wire(text: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.wire() == text)
    }

    /// Number in `series.kind`.
    const fn code(self) -> i64 {
        self as i64
    }

    fn from_code(code: i64) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}
