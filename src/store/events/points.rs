//! Points of scalar series: the one way to read them.
//!
//! Everything that reads scalars goes through [`Points`] (in iteration order, block by block, in constant memory) or the
//! few questions below it, so that where points are stored is decided here alone.

use std::{cmp::Reverse, collections::BinaryHeap};

use rusqlite::params;

use super::{Series, rows::Direction, rows::Iterations};
use crate::{store::Snapshot, types::Result};

/// A point of a scalar series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Iteration; 0 in series that are not numbered.
    pub iteration: i64,
    /// Finite; `None` where null was sent.
    pub value: Option<f64>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Number of its batch.
    pub(crate) batch: i64,
}

/// Points read at once: few at first, since most readers stop early, then more.
const BLOCK: (usize, usize) = (128, 8192);

/// The points of one series within a range, in iteration order.
pub struct Points<'a> {
    snapshot: &'a Snapshot<'a>,
    series: i64,
    left: Iterations,
    direction: Direction,
    /// In the order opposite to reading, so that the next one is popped.
    block: Vec<Point>,
    size: usize,
}

impl<'a> Points<'a> {
    /// Points of `series` within `range`.
    pub fn new(snapshot: &'a Snapshot<'a>, series: &Series, range: Iterations, direction: Direction) -> Self {
        Points { snapshot, series: series.id, left: range, direction, block: Vec::new(), size: BLOCK.0 }
    }

    /// The next point.
    pub fn take_next(&mut self) -> Result<Option<Point>> {
        if self.block.is_empty() && !self.left.is_empty() {
            self.fill()?;
        }
        Ok(self.block.pop())
    }

    fn fill(&mut self) -> Result<()> {
        let order = self.direction.sql();
        let mut block = self.snapshot.all(
            &format!(
                "SELECT iteration, value, timestamp, batch FROM scalar
                 WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 ORDER BY iteration {order} LIMIT ?4"
            ),
            params![self.series, self.left.from, self.left.to, self.size as i64],
            |row| {
                Ok(Point {
                    iteration: row.get(0)?,
                    value: row.get(1)?,
                    timestamp: row.get(2)?,
                    batch: row.get(3)?,
                })
            },
        )?;
        let beyond = match (block.last(), self.direction) {
            (Some(last), Direction::Ascending) if block.len() == self.size => {
                Iterations::above(last.iteration)
            }
            (Some(last), Direction::Descending) if block.len() == self.size => {
                Iterations::below(last.iteration)
            }
            _ => Iterations::NONE,
        };
        self.left = self.left.and(beyond);
        self.size = (self.size * 4).min(BLOCK.1);
        block.reverse();
        self.block = block;
        Ok(())
    }
}

/// The points of several series in one iteration order; at the same iteration in the order of the series.
pub struct MergedPoints<'a> {
    feeds: Vec<Points<'a>>,
    /// The next point of each series, and the order in which they come: iteration in reading direction, series.
    waiting: Vec<Option<Point>>,
    heads: BinaryHeap<Reverse<(i128, usize)>>,
    direction: Direction,
}

impl<'a> MergedPoints<'a> {
    /// Points of all `series` within `range`.
    pub fn new<'b>(
        snapshot: &'a Snapshot<'a>,
        series: impl IntoIterator<Item = &'b Series>,
        range: Iterations,
        direction: Direction,
    ) -> Result<Self> {
        let feeds: Vec<_> =
            series.into_iter().map(|series| Points::new(snapshot, series, range, direction)).collect();
        let waiting = vec![None; feeds.len()];
        let mut merged = MergedPoints { feeds, waiting, heads: BinaryHeap::new(), direction };
        for feed in 0..merged.feeds.len() {
            merged.advance(feed)?;
        }
        Ok(merged)
    }

    /// The next point and the position of its series.
    pub fn take_next(&mut self) -> Result<Option<(usize, Point)>> {
        if let [only] = self.feeds.as_mut_slice() {
            // Nothing to merge, as nearly always.
            let next = self.waiting.first_mut().and_then(Option::take);
            return match next {
                Some(point) => Ok(Some((0, point))),
                None => Ok(only.take_next()?.map(|point| (0, point))),
            };
        }
        let Some(Reverse((_, feed))) = self.heads.pop() else { return Ok(None) };
        let point = self.waiting.get_mut(feed).and_then(Option::take);
        self.advance(feed)?;
        Ok(point.map(|point| (feed, point)))
    }

    fn advance(&mut self, feed: usize) -> Result<()> {
        let Some(points) = self.feeds.get_mut(feed) else { return Ok(()) };
        if let (Some(point), Some(waiting)) = (points.take_next()?, self.waiting.get_mut(feed)) {
            let iteration = i128::from(point.iteration);
            let rank = if self.direction == Direction::Ascending { iteration } else { -iteration };
            *waiting = Some(point);
            self.heads.push(Reverse((rank, feed)));
        }
        Ok(())
    }
}

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

impl Snapshot<'_> {
    /// Extent of a series within a range.
    pub fn extent(&self, series: &Series, range: Iterations) -> Result<Extent> {
        let extent = self.one(
            "SELECT count(*), coalesce(min(iteration), 0), coalesce(max(iteration), 0) FROM scalar
             WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3",
            params![series.id, range.from, range.to],
            |row| Ok(Extent { count: row.get(0)?, first: row.get(1)?, last: row.get(2)? }),
        )?;
        Ok(extent.unwrap_or_default())
    }

    /// Number of points that have a value.
    pub fn count_values(&self, series: &Series) -> Result<i64> {
        let count =
            self.one("SELECT count(value) FROM scalar WHERE series = ?1", [series.id], |row| row.get(0))?;
        Ok(count.unwrap_or_default())
    }

    /// The point of one iteration.
    pub fn point_at(&self, series: &Series, iteration: i64) -> Result<Option<Point>> {
        let at = Iterations { from: iteration, to: iteration };
        Points::new(self, series, at, Direction::Ascending).take_next()
    }
}
