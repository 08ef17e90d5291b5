//! Plots: figures by iteration. Large ones are compressed.

use rusqlite::{Row, params};

use super::{Series, rows::Direction, rows::Iterations};
use crate::{store::Snapshot, types::Result};

/// A plot event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Its series.
    pub(crate) series: i64,
    /// Iteration; 0 in series that are not numbered.
    pub iteration: i64,
    /// The figure.
    pub plot_str: Option<String>,
    /// Characters of the figure.
    pub plot_len: i64,
    /// Whether the figure is JSON, where that was checked.
    pub valid: Option<bool>,
    /// JSON: addresses of files in the figure.
    pub source_urls: Option<String>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Number of its batch.
    pub(crate) batch: i64,
}

/// Where a plot stands, without its figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlotSpot {
    /// Its row.
    pub(crate) row: i64,
    /// Its series.
    pub(crate) series: i64,
    /// Iteration; 0 in series that are not numbered.
    pub iteration: i64,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
}

/// Compresses a figure, for plots over the threshold.
pub(crate) fn pack(figure: &str) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(figure.as_bytes(), 3)
}

fn unpack(packed: &[u8]) -> rusqlite::Result<String> {
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, error)
    };
    let bytes = zstd::stream::decode_all(packed).map_err(|error| broken(error.into()))?;
    String::from_utf8(bytes).map_err(|error| broken(error.into()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Plot> {
    let packed = row.get_ref(5)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    Ok(Plot {
        series: row.get(0)?,
        iteration: row.get(1)?,
        timestamp: row.get(2)?,
        batch: row.get(3)?,
        plot_str: match packed {
            Some(packed) => Some(unpack(packed)?),
            None => row.get(4)?,
        },
        plot_len: row.get(6)?,
        valid: row.get(7)?,
        source_urls: row.get(8)?,
    })
}

const COLUMNS: &str = "series, iteration, timestamp, batch, plot_str, packed, plot_len, valid, source_urls";

impl Snapshot<'_> {
    /// Up to `limit` plots of a series without their figures, newest iteration first. `valid_only` leaves out those
    /// that were found not to be JSON.
    pub fn plot_spots(
        &self,
        series: &Series,
        range: Iterations,
        valid_only: bool,
        limit: usize,
    ) -> Result<Vec<PlotSpot>> {
        let valid = if valid_only { "AND valid IS NOT 0" } else { "" };
        self.all(
            &format!(
                "SELECT seq, series, iteration, timestamp FROM plot
                 WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 {valid}
                 ORDER BY iteration {} LIMIT ?4",
                Direction::Descending.sql()
            ),
            params![series.id, range.from, range.to, i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| {
                Ok(PlotSpot {
                    row: row.get(0)?,
                    series: row.get(1)?,
                    iteration: row.get(2)?,
                    timestamp: row.get(3)?,
                })
            },
        )
    }

    /// Plots by row, with their figures.
    pub(crate) fn plots_by_row(&self, rows: &[i64]) -> Result<Vec<Plot>> {
        self.by_number(&format!("SELECT {COLUMNS} FROM plot WHERE seq = ?1"), rows, read)
    }
}
