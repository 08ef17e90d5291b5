//! How many points a series has, without reading them: chunks know, and the tail is short.

use rusqlite::params;

use super::{
    Point, Series,
    chunks::Stored,
    rows::{Direction, Iterations},
};
use crate::{store::Snapshot, types::Result};

/// How many points a series has within a range, and where they begin and end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Number of points.
    pub count: i64,
    /// Smallest iteration, 0 without points.
    pub first: i64,
    /// Largest iteration, 0 without points.
    pub last: i64,
}

/// Counts of some points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: i64,
    pub(super) valued: i64,
    bounds: Option<(i64, i64)>,
}

impl Tally {
    fn of(points: &[Point]) -> Tally {
        Tally {
            count: points.len() as i64,
            valued: points.iter().filter(|point| point.value.is_some()).count() as i64,
            bounds: points.first().zip(points.last()).map(|(first, last)| (first.iteration, last.iteration)),
        }
    }

    fn add(&mut self, other: Tally) {
        self.count += other.count;
        self.valued += other.valued;
        self.bounds = match (self.bounds, other.bounds) {
            (Some(own), Some(other)) => Some((own.0.min(other.0), own.1.max(other.1))),
            (own, other) => own.or(other),
        };
    }
}

impl Snapshot<'_> {
    /// Extent of a series within a range.
    pub fn extent(&self, series: &Series, range: Iterations) -> Result<Extent> {
        let tally = self.tally(series.id, range)?;
        let (first, last) = tally.bounds.unwrap_or_default();
        Ok(Extent { count: tally.count, first, last })
    }

    /// Number of points that have a value.
    pub fn count_values(&self, series: &Series) -> Result<i64> {
        Ok(self.tally(series.id, Iterations::ALL)?.valued)
    }

    pub(super) fn tally(&self, series: i64, range: Iterations) -> Result<Tally> {
        if range.is_empty() {
            return Ok(Tally::default());
        }
        let read = |row: &rusqlite::Row<'_>| {
            let bounds = row.get::<_, Option<i64>>(2)?.zip(row.get(3)?);
            Ok(Tally { count: row.get(0)?, valued: row.get(1)?, bounds })
        };
        let within = params![series, range.from, range.to];
        let tail = self.one(
            "SELECT count(*), count(value), min(iteration), max(iteration) FROM scalar
             WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3",
            within,
            read,
        )?;
        let whole = self.one(
            "SELECT coalesce(sum(points), 0), coalesce(sum(valued), 0), min(first), max(last) FROM scalar_chunk
             WHERE series = ?1 AND first BETWEEN ?2 AND ?3 AND last <= ?3",
            within,
            read,
        )?;
        let mut tally = whole.unwrap_or_default();
        for cut in self.cut_chunks(series, range)? {
            tally.add(Tally::of(&self.chunk_points(&cut, range)?));
        }
        let Some(tail) = tail.filter(|tail| tail.count > 0) else { return Ok(tally) };
        if let Some((_, end)) = tally.bounds {
            let rewritten = self.rewritten(series, Iterations { to: range.to.min(end), ..range })?;
            tally.count -= rewritten.count;
            tally.valued -= rewritten.valued;
        }
        tally.add(tail);
        Ok(tally)
    }

    /// The chunks that a range begins or ends within.
    fn cut_chunks(&self, series: i64, range: Iterations) -> Result<Vec<Stored>> {
        let mut cut: Vec<Stored> = Vec::new();
        for border in [range.from, range.to] {
            let at = Iterations { from: border, to: border };
            for stored in self.stored_chunks(series, at, Direction::Ascending, 1)? {
                let reaches = stored.head.last >= range.from;
                let leaves = stored.head.first < range.from || stored.head.last > range.to;
                if reaches && leaves && cut.iter().all(|known| known.id != stored.id) {
                    cut.push(stored);
                }
            }
        }
        Ok(cut)
    }

    /// What chunks hold of the points that the tail holds, too, within a range.
    fn rewritten(&self, series: i64, range: Iterations) -> Result<Tally> {
        let mut all = Tally::default();
        let mut left = range;
        while let Some(next) = self.tail_iterations(series, left, 1)?.first().copied() {
            let from = Iterations { from: next, to: left.to };
            let chunk = self.stored_chunks(series, from, Direction::Ascending, 2)?;
            let Some(chunk) = chunk.into_iter().find(|chunk| chunk.head.last >= next) else { break };
            let head = &chunk.head;
            if head.first <= next {
                let within = Iterations { from: next, to: head.last.min(left.to) };
                let late = self.tail_iterations(series, within, i64::MAX)?;
                let mut known = self.chunk_points(&chunk, within)?;
                known.retain(|point| late.binary_search(&point.iteration).is_ok());
                all.add(Tally::of(&known));
                left = left.and(Iterations::above(head.last));
            } else {
                left = left.and(Iterations { from: head.first, to: i64::MAX });
            }
        }
        Ok(all)
    }

    fn tail_iterations(&self, series: i64, range: Iterations, limit: i64) -> Result<Vec<i64>> {
        self.all(
            "SELECT iteration FROM scalar WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 ORDER BY iteration LIMIT ?4",
            params![series, range.from, range.to, limit],
            |row| row.get(0),
        )
    }
}
