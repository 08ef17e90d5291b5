//! Images: addresses by iteration, with the rule about addresses that are used again (spec/events.md 7.4, 8.1).

use rusqlite::params;

use super::{Series, rows::Iterations};
use crate::{store::Snapshot, types::Result};

/// An image event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its series.
    pub(crate) series: i64,
    /// Iteration; 0 in series that are not numbered.
    pub iteration: i64,
    /// Storage-relative name, mostly there.
    pub key: String,
    /// Address.
    pub url: Option<String>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Number of its batch.
    pub(crate) batch: i64,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Image> {
    Ok(Image {
        series: row.get(0)?,
        iteration: row.get(1)?,
        key: row.get(2)?,
        url: row.get(3)?,
        timestamp: row.get(4)?,
        batch: row.get(5)?,
    })
}

const COLUMNS: &str = "series, iteration, key, url, timestamp, batch";

impl Snapshot<'_> {
    /// The image of a series with the greatest iteration within a range; of several, the greatest address.
    pub fn newest_image(&self, series: &Series, range: Iterations) -> Result<Option<Image>> {
        self.one(
            &format!(
                "SELECT {COLUMNS} FROM image WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 AND url IS NOT NULL
                 ORDER BY iteration DESC, url DESC LIMIT 1"
            ),
            params![series.id, range.from, range.to],
            read,
        )
    }

    /// The newest iteration whose image was overwritten since; `None` when all still show what they showed. Uses
    /// `image_by_url`.
    pub fn last_overwritten(&self, series: &Series) -> Result<Option<i64>> {
        let Some(newest) = self.newest_image(series, Iterations::ALL)? else { return Ok(None) };
        self.one(
            "SELECT iteration FROM image WHERE series = ?1 AND url = ?2 AND iteration < ?3
             ORDER BY iteration DESC LIMIT 1",
            params![series.id, newest.url, newest.iteration],
            |row| row.get(0),
        )
    }

    /// Iterations between which a viewer moves: the smallest of the addresses' newest iterations, and the newest of
    /// all. Uses `image_by_url`.
    pub fn image_range(&self, series: &Series) -> Result<Option<(i64, i64)>> {
        let range = self.one(
            "SELECT min(newest), max(newest) FROM
                 (SELECT max(iteration) AS newest FROM image WHERE series = ?1 AND url IS NOT NULL GROUP BY url)",
            [series.id],
            |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)),
        )?;
        Ok(range.and_then(|(least, newest)| Some((least?, newest?))))
    }

    /// Images by row.
    pub(crate) fn images_by_row(&self, rows: &[i64]) -> Result<Vec<Image>> {
        self.by_number(&format!("SELECT {COLUMNS} FROM image WHERE seq = ?1"), rows, read)
    }
}
