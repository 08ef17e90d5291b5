//! Points of scalar series: the one way to read them.
//!
//! Everything that reads scalars goes through [`Points`] (in iteration order, block by block, in constant memory) or the
//! few questions below it, so that where points are stored is decided here alone.

use std::{cmp::Reverse, collections::BinaryHeap};

use rusqlite::params;

use super::{
    Chunk, Series,
    chunks::Chunks,
    rows::{Direction, Iterations},
};
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

/// The points of one series within a range, in iteration order: those of the chunks, and those of the tail, which win.
pub struct Points<'a> {
    range: Iterations,
    direction: Direction,
    tail: Tail<'a>,
    chunks: Chunks<'a>,
    /// Points of the chunk that is being read, in the order opposite to reading.
    open: Vec<Point>,
}

/// A part of a series: many points that are as they were stored together, or one.
pub enum Span<'a> {
    /// A chunk that lies within the range and of which no point was rewritten.
    Chunk(Box<Chunk<'a>>),
    /// A point.
    Point(Point),
}

impl<'a> Points<'a> {
    /// Points of `series` within `range`.
    pub fn new(snapshot: &'a Snapshot<'a>, series: &Series, range: Iterations, direction: Direction) -> Self {
        let series = series.id;
        let tail = Tail { snapshot, series, left: range, direction, block: Vec::new(), size: BLOCK.0 };
        let chunks = Chunks::new(snapshot, series, range, direction);
        Points { range, direction, tail, chunks, open: Vec::new() }
    }

    /// The next point.
    pub fn take_next(&mut self) -> Result<Option<Point>> {
        loop {
            let Some(own) = self.open.last().copied() else {
                let Some(next) = self.chunks.peek()? else { return self.tail.take_next() };
                let edge = match self.direction {
                    Direction::Ascending => next.head.first,
                    Direction::Descending => next.head.last,
                };
                if self.tail.peek()?.is_some_and(|point| self.direction.is_before(point.iteration, edge)) {
                    return self.tail.take_next();
                }
                self.open_chunk()?;
                continue;
            };
            let Some(late) = self.tail.peek()? else { return Ok(self.open.pop()) };
            if late.iteration == own.iteration {
                self.open.pop();
            } else if !self.direction.is_before(late.iteration, own.iteration) {
                return Ok(self.open.pop());
            }
            return self.tail.take_next();
        }
    }

    fn open_chunk(&mut self) -> Result<()> {
        let Some(columns) = self.chunks.take_points()? else { return Ok(()) };
        let range = self.range;
        let within = columns.points().filter(|point| (range.from..=range.to).contains(&point.iteration));
        self.open = match self.direction {
            Direction::Ascending => within.rev().collect(),
            Direction::Descending => within.collect(),
        };
        Ok(())
    }

    /// The next chunk or point.
    pub fn take_span(&mut self) -> Result<Option<Span<'a>>> {
        if self.open.is_empty()
            && let Some(next) = self.chunks.peek()?
        {
            let (first, last) = (next.head.first, next.head.last);
            let late = self.tail.peek()?.map(|point| point.iteration);
            let clear = match self.direction {
                Direction::Ascending => late.is_none_or(|late| late > last),
                Direction::Descending => late.is_none_or(|late| late < first),
            };
            if clear && first >= self.range.from && last <= self.range.to {
                return Ok(self.chunks.take_chunk()?.map(|chunk| Span::Chunk(Box::new(chunk))));
            }
        }
        Ok(self.take_next()?.map(Span::Point))
    }
}

/// Points of the tail.
struct Tail<'a> {
    snapshot: &'a Snapshot<'a>,
    series: i64,
    left: Iterations,
    direction: Direction,
    /// In the order opposite to reading, so that the next one is popped.
    block: Vec<Point>,
    size: usize,
}

impl Tail<'_> {
    fn peek(&mut self) -> Result<Option<&Point>> {
        if self.block.is_empty() && !self.left.is_empty() {
            self.fill()?;
        }
        Ok(self.block.last())
    }

    fn take_next(&mut self) -> Result<Option<Point>> {
        self.peek()?;
        Ok(self.block.pop())
    }

    fn fill(&mut self) -> Result<()> {
        let mut block = self.snapshot.tail_points(self.series, self.left, self.direction, self.size)?;
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

impl Snapshot<'_> {
    /// Up to `limit` points of the tail of a series.
    pub(super) fn tail_points(
        &self,
        series: i64,
        range: Iterations,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Point>> {
        let order = direction.sql();
        self.all(
            &format!(
                "SELECT iteration, value, timestamp, batch FROM scalar
                 WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 ORDER BY iteration {order} LIMIT ?4"
            ),
            params![series, range.from, range.to, limit as i64],
            |row| {
                Ok(Point {
                    iteration: row.get(0)?,
                    value: row.get(1)?,
                    timestamp: row.get(2)?,
                    batch: row.get(3)?,
                })
            },
        )
    }

    /// The point of one iteration.
    pub fn point_at(&self, series: &Series, iteration: i64) -> Result<Option<Point>> {
        let at = Iterations { from: iteration, to: iteration };
        Points::new(self, series, at, Direction::Ascending).take_next()
    }
}
