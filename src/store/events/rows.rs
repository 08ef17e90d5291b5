//! What the kinds of events have in common when they are read: where they stand, and the batch they came with.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::params;

use super::{EventKind, EventOwner, Points, Series};
use crate::{
    store::{Snapshot, failed},
    types::{Millis, Result},
};

/// What several events have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// When it arrived.
    pub received: Millis,
    /// The events are a model's.
    pub model_event: bool,
    /// Who reported.
    pub worker: String,
    /// Unknown fields, as text of a JSON object.
    pub extras: Option<String>,
}

/// Batches by number, read as they are asked for.
#[derive(Debug, Default)]
pub struct Batches(HashMap<i64, Batch>);

impl Batches {
    /// The batch of an event; `None` only where the database lost it.
    pub fn get(&mut self, snapshot: &Snapshot<'_>, id: i64) -> Result<Option<&Batch>> {
        if let Entry::Vacant(entry) = self.0.entry(id) {
            let found = snapshot.one(
                "SELECT received, model_event, worker, extras FROM event_batch WHERE id = ?1",
                [id],
                |row| {
                    Ok(Batch {
                        received: Millis(row.get(0)?),
                        model_event: row.get(1)?,
                        worker: row.get(2)?,
                        extras: row.get(3)?,
                    })
                },
            )?;
            if let Some(batch) = found {
                entry.insert(batch);
            }
        }
        Ok(self.0.get(&id))
    }
}

/// Where one event stands: its iteration and its row (line, for console lines).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Iteration.
    pub iteration: i64,
    /// Row or line.
    pub(crate) row: i64,
    /// Series; 0 for console lines without names.
    pub(crate) series: i64,
}

/// Direction in which events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Oldest or smallest first.
    Ascending,
    /// Newest or largest first.
    Descending,
}

impl Direction {
    /// Whether `a` is read before `b`.
    pub(super) fn is_before(self, a: i64, b: i64) -> bool {
        match self {
            Direction::Ascending => a < b,
            Direction::Descending => a > b,
        }
    }

    /// The direction as SQL has it.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        }
    }
}

/// An inclusive range of iterations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iterations {
    /// Smallest.
    pub from: i64,
    /// Largest.
    pub to: i64,
}

impl Iterations {
    /// Every iteration.
    pub const ALL: Iterations = Iterations { from: i64::MIN, to: i64::MAX };
    /// All that charts show: single values are not among them.
    pub const CHARTED: Iterations = Iterations { from: super::SINGLE_VALUE + 1, to: i64::MAX };
    /// None.
    pub const NONE: Iterations = Iterations { from: i64::MAX, to: i64::MIN };

    /// All below one.
    pub fn below(iteration: i64) -> Iterations {
        iteration.checked_sub(1).map_or(Iterations::NONE, |to| Iterations { from: i64::MIN, to })
    }

    /// All above one.
    pub fn above(iteration: i64) -> Iterations {
        iteration.checked_add(1).map_or(Iterations::NONE, |from| Iterations { from, to: i64::MAX })
    }

    /// What both have.
    #[must_use]
    pub fn and(self, other: Iterations) -> Iterations {
        Iterations { from: self.from.max(other.from), to: self.to.min(other.to) }
    }

    /// Whether no iteration is left.
    pub fn is_empty(self) -> bool {
        self.from > self.to
    }
}

impl Snapshot<'_> {
    /// Up to `limit` spots of a series of vectors, images or plots after the first `skip`, by iteration.
    pub(crate) fn spots(
        &self,
        series: &Series,
        range: Iterations,
        direction: Direction,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<Spot>> {
        let (table, then) = match series.kind {
            EventKind::Vector => ("vector", "seq"),
            EventKind::Image => ("image", "key"),
            EventKind::Plot => ("plot", "seq"),
            EventKind::Scalar | EventKind::Log => return Ok(Vec::new()),
        };
        let order = direction.sql();
        self.all(
            &format!(
                "SELECT iteration, seq, series FROM {table} WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3
                 ORDER BY iteration {order}, {then} {order} LIMIT ?4 OFFSET ?5"
            ),
            params![series.id, range.from, range.to, limit as i64, skip as i64],
            |row| Ok(Spot { iteration: row.get(0)?, row: row.get(1)?, series: row.get(2)? }),
        )
    }

    /// Rows of a series of vectors, images or plots, in order of iteration and arrival.
    pub(crate) fn rows_of(&self, series: &Series) -> Result<Vec<i64>> {
        let spots = self.spots(series, Iterations::ALL, Direction::Ascending, 0, i64::MAX as usize)?;
        Ok(spots.into_iter().map(|spot| spot.row).collect())
    }

    /// Up to `limit` numbered console lines after the first `skip`, by iteration. Uses `log_by_iteration`.
    pub(super) fn line_spots(
        &self,
        owner: &EventOwner,
        range: Iterations,
        direction: Direction,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<Spot>> {
        let order = direction.sql();
        self.all(
            &format!(
                "SELECT iteration, line, coalesce(series, 0) FROM log
                 WHERE owner = ?1 AND iteration IS NOT NULL AND iteration BETWEEN ?2 AND ?3
                 ORDER BY iteration {order}, line {order} LIMIT ?4 OFFSET ?5"
            ),
            params![owner.seq, range.from, range.to, limit as i64, skip as i64],
            |row| Ok(Spot { iteration: row.get(0)?, row: row.get(1)?, series: row.get(2)? }),
        )
    }

    /// Number of events of a series within a range.
    pub fn count_events(&self, series: &Series, range: Iterations) -> Result<i64> {
        let table = match series.kind {
            EventKind::Scalar => return Ok(self.tally(series.id, range)?.count),
            EventKind::Vector => "vector",
            EventKind::Image => "image",
            EventKind::Plot => "plot",
            EventKind::Log => return Ok(0),
        };
        let sql = format!("SELECT count(*) FROM {table} WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3");
        Ok(self.one(&sql, params![series.id, range.from, range.to], |row| row.get(0))?.unwrap_or_default())
    }

    /// Up to `limit` distinct iterations of a series. `with_url`: of images that have an address.
    pub fn iterations_of(
        &self,
        series: &Series,
        range: Iterations,
        direction: Direction,
        with_url: bool,
        limit: usize,
    ) -> Result<Vec<i64>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let table = match series.kind {
            EventKind::Scalar => return self.point_iterations(series, range, direction, limit),
            EventKind::Vector => "vector",
            EventKind::Image => "image",
            EventKind::Plot => "plot",
            EventKind::Log => return self.log_iterations(series, range, direction, limit),
        };
        let url = if with_url { "AND url IS NOT NULL" } else { "" };
        self.all(
            &format!(
                "SELECT DISTINCT iteration FROM {table} WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 {url}
                 ORDER BY iteration {} LIMIT ?4",
                direction.sql()
            ),
            params![series.id, range.from, range.to, i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )
    }

    fn point_iterations(
        &self,
        series: &Series,
        range: Iterations,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let mut points = Points::new(self, series, range, direction);
        let mut iterations = Vec::new();
        while iterations.len() < limit
            && let Some(point) = points.take_next()?
        {
            iterations.push(point.iteration);
        }
        Ok(iterations)
    }

    fn log_iterations(
        &self,
        series: &Series,
        range: Iterations,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<i64>> {
        self.all(
            &format!(
                "SELECT DISTINCT iteration FROM log WHERE owner = (SELECT owner FROM series WHERE id = ?1)
                     AND series = ?1 AND iteration IS NOT NULL AND iteration BETWEEN ?2 AND ?3
                 ORDER BY iteration {} LIMIT ?4",
                direction.sql()
            ),
            params![series.id, range.from, range.to, i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )
    }

    /// Rows by their numbers, in the order of the numbers given.
    pub(super) fn by_number<T>(
        &self,
        sql: &str,
        numbers: &[i64],
        mut map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers {
            let mut rows = statement.query([number]).map_err(failed)?;
            if let Some(row) = rows.next().map_err(failed)? {
                found.push(map(row).map_err(failed)?);
            }
        }
        Ok(found)
    }

    /// Number of the newest batch of all: what a list that must not grow is bounded by.
    pub fn newest_batch(&self) -> Result<i64> {
        Ok(self
            .one("SELECT max(id) FROM event_batch", [], |row| row.get::<_, Option<i64>>(0))?
            .flatten()
            .unwrap_or(0))
    }
}
