//! Series: the names under which an entity has events.

use rusqlite::{Row, params};

use super::{EventKind, EventOwner};
use crate::{store::Snapshot, types::Result};

/// A series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its number, never used twice.
    pub(crate) id: i64,
    /// Kind of its events.
    pub kind: EventKind,
    /// Metric.
    pub metric: String,
    /// Variant.
    pub variant: String,
    /// `key` that its events carry, mostly empty.
    pub key: String,
    /// Its events have an iteration.
    pub numbered: bool,
}

const SELECT: &str = "SELECT s.id, s.kind, n.metric, n.variant, s.key, s.numbered
    FROM series s JOIN metric_variant n ON n.id = s.name WHERE s.owner = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<Series> {
    Ok(Series {
        id: row.get(0)?,
        // The column holds codes of kinds only.
        kind: EventKind::from_code(row.get(1)?).unwrap_or(EventKind::Scalar),
        metric: row.get(2)?,
        variant: row.get(3)?,
        key: row.get(4)?,
        numbered: row.get(5)?,
    })
}

impl Snapshot<'_> {
    /// The series of one kind, ascending by metric and variant (by code point). Uses the unique index of `series`.
    pub fn series_of(&self, owner: &EventOwner, kind: EventKind) -> Result<Vec<Series>> {
        let sql = format!("{SELECT} AND s.kind = ?2 ORDER BY n.metric, n.variant, s.key, s.numbered");
        self.all(&sql, params![owner.seq, kind.code()], read)
    }

    /// All series in the order in which they were first reported.
    pub fn all_series(&self, owner: &EventOwner) -> Result<Vec<Series>> {
        self.all(&format!("{SELECT} ORDER BY s.id"), [owner.seq], read)
    }
}
