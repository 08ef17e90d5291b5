//! What a chart reads of a series: whole chunks by their sums, and the values around the borders that cut a chunk.

use std::{cell::RefCell, ops::Range, rc::Rc};

use rusqlite::blob::Blob;

use super::{
    chunk::{self, BLOCK, Block, Damaged, block_of},
    chunks::Stored,
};
use crate::{
    store::{Snapshot, failed},
    types::{ExactSum, Result},
};

/// Sum and number of values.
#[derive(Clone, Debug, Default)]
pub struct Total {
    sum: ExactSum,
    count: u64,
}

impl Total {
    /// Adds a point's value.
    pub fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum.add(value);
            self.count += 1;
        }
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.sum.clear();
        self.count = 0;
    }

    /// The exact mean, rounded; `None` without values. Infinite values count as the greatest double, a negative zero as
    /// zero.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.mean(self.count).clamp(f64::MIN, f64::MAX))
    }
}

/// What points are placed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Iteration.
    Iterations,
    /// The reporter's clock.
    Times,
}

/// Where the points of a chunk stand, by position.
#[derive(Clone, Debug)]
pub enum Xs {
    /// At equal distances.
    Steps {
        /// Of the first point.
        first: i64,
        /// Not 0.
        step: u64,
        /// Number of points.
        count: usize,
    },
    /// Anywhere.
    List(Vec<i64>),
}

impl Xs {
    /// Number of points.
    pub fn len(&self) -> usize {
        match self {
            Xs::Steps { count, .. } => *count,
            Xs::List(list) => list.len(),
        }
    }

    /// Whether there are none; no stored chunk is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the point at a position stands.
    pub fn get(&self, at: usize) -> Option<i64> {
        match self {
            Xs::Steps { first, step, count } => (at < *count)
                .then(|| i64::try_from(i128::from(*first) + i128::from(*step) * at as i128).ok())
                .flatten(),
            Xs::List(list) => list.get(at).copied(),
        }
    }

    /// End of the run of points from `at` on that stand within `from..end`.
    pub fn run_end(&self, at: usize, from: i128, end: i128) -> usize {
        match self {
            Xs::Steps { first, step, count } => {
                let (first, step) = (i128::from(*first), i128::from(*step));
                let within = (end - first + step - 1).div_euclid(step);
                usize::try_from(within).unwrap_or(0).clamp(at, *count)
            }
            Xs::List(list) => {
                let rest = list.get(at..).unwrap_or_default();
                at + rest.iter().take_while(|x| (from..end).contains(&i128::from(**x))).count()
            }
        }
    }
}

/// A handle on values that is moved from row to row: opening one for each would cost more than the reading.
pub(super) type Handle<'a> = Rc<RefCell<Option<Blob<'a>>>>;

/// A chunk of which no point is outdated.
pub struct Chunk<'a> {
    snapshot: &'a Snapshot<'a>,
    stored: Stored,
    handle: Handle<'a>,
    blocks: Vec<Block>,
    /// Values of these positions.
    values: (Range<usize>, Vec<f64>),
    absent: Option<Vec<bool>>,
}

impl<'a> Chunk<'a> {
    pub(super) fn new(snapshot: &'a Snapshot<'a>, stored: Stored, handle: Handle<'a>) -> Self {
        Chunk { snapshot, stored, handle, blocks: Vec::new(), values: Default::default(), absent: None }
    }

    /// Number of points.
    pub fn count(&self) -> usize {
        self.stored.head.count
    }

    /// Smallest and greatest x.
    pub fn bounds(&self, along: Along) -> (i64, i64) {
        let head = &self.stored.head;
        match along {
            Along::Iterations => (head.first, head.last),
            Along::Times => (head.earliest, head.latest),
        }
    }

    /// Adds all values; the head knows their sum.
    pub fn add_all(&self, total: &mut Total) {
        self.stored.head.add_to(&mut total.sum);
        total.count += self.stored.head.valued as u64;
    }

    /// Where its points stand. `cuts`: how many times it is going to be cut, which decides how it is read.
    pub fn cut(&mut self, along: Along, cuts: usize) -> Result<Xs> {
        /// So many separate reads cost as much as reading everything.
        const FEW: usize = 6;
        let stored = &self.stored;
        let head = &stored.head;
        self.blocks = head.blocks().map_err(|damaged| stored.broken(damaged))?;
        if cuts > FEW || head.kind.place(&(0..1)).is_none() {
            let values = self.snapshot.chunk_values(stored, |data| chunk::read_values(head, data))?;
            self.values = (0..head.count, values);
        }
        if head.valued < head.count {
            self.absent =
                self.snapshot.chunk_marks(stored, |marks| chunk::read_absent(head, marks.absent))?;
        }
        let snapshot = self.snapshot;
        Ok(match along {
            Along::Iterations if head.step > 0 => {
                Xs::Steps { first: head.first, step: head.step, count: head.count }
            }
            Along::Iterations => Xs::List(
                snapshot.chunk_marks(stored, |marks| chunk::read_iterations(head, marks.iterations))?,
            ),
            Along::Times => {
                Xs::List(snapshot.chunk_marks(stored, |marks| chunk::read_times(head, marks.times))?)
            }
        })
    }

    /// Adds the values of a run of positions. The chunk has been [cut](Chunk::cut).
    pub fn add(&mut self, run: Range<usize>, total: &mut Total) -> Result<()> {
        let mut at = run.start;
        while at < run.end.min(self.count()) {
            let block = block_of(at, self.count());
            let part = at..run.end.min(block.end);
            match self.blocks.get(at / BLOCK) {
                Some(known) if part == block => {
                    self.stored.head.add_block(known, &mut total.sum);
                    total.count += known.valued as u64;
                }
                Some(known) => {
                    let checksum = known.checksum;
                    self.read_around(at, checksum)?;
                    let (held, values) = &self.values;
                    let places = part.start - held.start..part.end - held.start;
                    values.get(places).unwrap_or_default().iter().for_each(|value| total.sum.add(*value));
                    let absent = self.absent.as_ref().and_then(|absent| absent.get(part.clone()));
                    let without = absent.map_or(0, |absent| absent.iter().filter(|absent| **absent).count());
                    total.count += (part.len() - without) as u64;
                }
                None => return Err(self.stored.broken(Damaged("it has too few blocks"))),
            }
            at = part.end;
        }
        Ok(())
    }

    /// Makes sure that the values of the block around a position are held.
    fn read_around(&mut self, position: usize, checksum: u32) -> Result<()> {
        if self.values.0.contains(&position) {
            return Ok(());
        }
        let head = &self.stored.head;
        let block = block_of(position, head.count);
        let apart = Damaged("its values can't be read in parts");
        let place = head.kind.place(&block).ok_or_else(|| self.stored.broken(apart))?;
        let mut handle = self.handle.borrow_mut();
        match handle.as_mut() {
            Some(blob) => blob.reopen(self.stored.id).map_err(failed)?,
            None => {
                let conn = self.snapshot.conn;
                let blob =
                    conn.blob_open("main", "scalar_values", "data", self.stored.id, true).map_err(failed)?;
                *handle = Some(blob);
            }
        }
        let mut bytes = vec![0; place.len()];
        if let Some(blob) = handle.as_ref() {
            let read = blob.read_at(&mut bytes, place.start).map_err(failed)?;
            bytes.truncate(read);
        }
        let values = chunk::read_block(head, position, checksum, &bytes);
        self.values = (block, values.map_err(|damaged| self.stored.broken(damaged))?);
        Ok(())
    }
}
