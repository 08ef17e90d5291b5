//! All numbered events of an entity in one iteration order, whatever their kind.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    EventKind, EventOwner, Names, Point, Points, Series,
    rows::{Direction, Iterations, Spot},
};
use crate::{store::Snapshot, types::Result};

/// One event of a [`Feed`].
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// A scalar of the series at this position.
    Scalar(usize, Point),
    /// A vector, image or plot of the series at this position.
    Row(usize, Spot),
    /// A console line.
    Line(Spot),
}

impl Item {
    /// Iteration of the event.
    pub fn iteration(&self) -> i64 {
        match self {
            Item::Scalar(_, point) => point.iteration,
            Item::Row(_, spot) | Item::Line(spot) => spot.iteration,
        }
    }
}

/// Numbered events of several series and of the console, merged by iteration. At the same iteration: series in
/// the order given, then console lines by arrival.
pub struct Feed<'a> {
    sources: Vec<Source<'a>>,
    heads: BinaryHeap<Reverse<(i128, usize)>>,
    waiting: Vec<Option<Item>>,
    direction: Direction,
}

enum Source<'a> {
    Points(usize, Points<'a>),
    Rows(usize, Blocks<'a>),
    Lines(Names, Blocks<'a>),
}

/// Spots read block by block. A block may end within an iteration: `skip` counts what was read of it.
struct Blocks<'a> {
    snapshot: &'a Snapshot<'a>,
    of: Of<'a>,
    left: Iterations,
    direction: Direction,
    skip: usize,
    block: std::vec::IntoIter<Spot>,
    ended: bool,
}

#[derive(Clone, Copy)]
enum Of<'a> {
    Series(&'a Series),
    Console(&'a EventOwner),
}

const BLOCK: usize = 512;

impl<'a> Blocks<'a> {
    fn new(snapshot: &'a Snapshot<'a>, of: Of<'a>, left: Iterations, direction: Direction) -> Self {
        Blocks {
            snapshot,
            of,
            left,
            direction,
            skip: 0,
            block: Vec::new().into_iter(),
            ended: left.is_empty(),
        }
    }

    fn next(&mut self) -> Result<Option<Spot>> {
        if let Some(spot) = self.block.next() {
            return Ok(Some(spot));
        }
        if self.ended {
            return Ok(None);
        }
        let spots = match self.of {
            Of::Series(series) => self.snapshot.spots(series, self.left, self.direction, self.skip, BLOCK)?,
            Of::Console(owner) => {
                self.snapshot.line_spots(owner, self.left, self.direction, self.skip, BLOCK)?
            }
        };
        self.ended = spots.len() < BLOCK;
        if let Some(last) = spots.last() {
            let of_last = spots.iter().filter(|spot| spot.iteration == last.iteration).count();
            let resumed = match self.direction {
                Direction::Ascending => std::mem::replace(&mut self.left.from, last.iteration),
                Direction::Descending => std::mem::replace(&mut self.left.to, last.iteration),
            };
            self.skip = if resumed == last.iteration { self.skip + of_last } else { of_last };
        }
        self.block = spots.into_iter();
        Ok(self.block.next())
    }
}

impl<'a> Feed<'a> {
    /// Events of `series`, and of the console lines that `lines` names, within a range.
    pub fn new(
        snapshot: &'a Snapshot<'a>,
        owner: &'a EventOwner,
        series: &'a [Series],
        lines: Option<Names>,
        range: Iterations,
        direction: Direction,
    ) -> Result<Self> {
        let mut sources = Vec::new();
        for (at, one) in series.iter().enumerate().filter(|(_, series)| series.numbered) {
            match one.kind {
                EventKind::Scalar => {
                    sources.push(Source::Points(at, Points::new(snapshot, one, range, direction)));
                }
                EventKind::Log => {}
                _ => sources.push(Source::Rows(at, Blocks::new(snapshot, Of::Series(one), range, direction))),
            }
        }
        if let Some(names) = lines {
            sources.push(Source::Lines(names, Blocks::new(snapshot, Of::Console(owner), range, direction)));
        }
        let waiting = vec![None; sources.len()];
        let mut feed = Feed { sources, heads: BinaryHeap::new(), waiting, direction };
        for source in 0..feed.sources.len() {
            feed.advance(source)?;
        }
        Ok(feed)
    }

    /// The next event.
    pub fn take_next(&mut self) -> Result<Option<Item>> {
        let Some(Reverse((_, source))) = self.heads.pop() else { return Ok(None) };
        let item = self.waiting.get_mut(source).and_then(Option::take);
        self.advance(source)?;
        Ok(item)
    }

    /// Iteration of the event that comes next.
    pub fn peek(&self) -> Option<i64> {
        let Reverse((_, source)) = self.heads.peek()?;
        self.waiting.get(*source)?.as_ref().map(Item::iteration)
    }

    fn advance(&mut self, at: usize) -> Result<()> {
        let item = match self.sources.get_mut(at) {
            None => None,
            Some(Source::Points(series, points)) => {
                points.take_next()?.map(|point| Item::Scalar(*series, point))
            }
            Some(Source::Rows(series, blocks)) => blocks.next()?.map(|spot| Item::Row(*series, spot)),
            Some(Source::Lines(names, blocks)) => loop {
                match blocks.next()? {
                    Some(spot) if !names.has(spot.series) => {}
                    found => break found.map(Item::Line),
                }
            },
        };
        if let (Some(item), Some(waiting)) = (item, self.waiting.get_mut(at)) {
            let iteration = i128::from(item.iteration());
            let rank = if self.direction == Direction::Ascending { iteration } else { -iteration };
            *waiting = Some(item);
            self.heads.push(Reverse((rank, at)));
        }
        Ok(())
    }
}
