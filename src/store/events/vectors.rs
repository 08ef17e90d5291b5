//! Vectors: lists of numbers by iteration.

use rusqlite::params;

use super::Series;
use crate::{store::Snapshot, types::Result};

/// A vector event.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// Its series.
    pub(crate) series: i64,
    /// Iteration; 0 in series that are not numbered.
    pub iteration: i64,
    /// JSON: an array of numbers.
    pub value: String,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Number of its batch.
    pub(crate) batch: i64,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Vector> {
    Ok(Vector {
        series: row.get(0)?,
        iteration: row.get(1)?,
        value: row.get(2)?,
        timestamp: row.get(3)?,
        batch: row.get(4)?,
    })
}

const COLUMNS: &str = "series, iteration, value, timestamp, batch";

impl Snapshot<'_> {
    /// Up to `limit` vectors of a series, ascending by iteration.
    pub fn vectors(&self, series: &Series, limit: usize) -> Result<Vec<Vector>> {
        self.all(
            &format!("SELECT {COLUMNS} FROM vector WHERE series = ?1 ORDER BY iteration LIMIT ?2"),
            params![series.id, limit as i64],
            read,
        )
    }

    /// Vectors by row.
    pub(crate) fn vectors_by_row(&self, rows: &[i64]) -> Result<Vec<Vector>> {
        self.by_number(&format!("SELECT {COLUMNS} FROM vector WHERE seq = ?1"), rows, read)
    }
}
