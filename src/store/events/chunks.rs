//! Stored chunks: finding those of a series, and reading no more of one than is asked for.

use std::{cell::RefCell, ops::Range, rc::Rc};

use rusqlite::{blob::Blob, params};

use super::{
    Point,
    chunk::{self, BLOCK, Block, Columns, Damaged, Head, Marks, block_of},
    rows::{Direction, Iterations},
};
use crate::{
    store::{Snapshot, failed},
    types::{ApiError, ErrorKind, ExactSum, Result},
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

/// A stored chunk, of which only the head has been read.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    series: i64,
    pub(super) id: i64,
    pub(super) head: Head,
}

impl Stored {
    /// What its readers are told when it is damaged.
    fn broken(&self, damaged: Damaged) -> ApiError {
        broken(self.series, self.head.first, damaged)
    }
}

/// The log names the chunk; readers learn that it is not their request that is wrong.
fn broken(series: i64, first: i64, damaged: Damaged) -> ApiError {
    tracing::error!(series, first, %damaged, "a chunk of scalars is damaged; `roundhouse doctor` says whose it is");
    ApiError::new(
        ErrorKind::InconsistentData,
        "stored scalars are damaged; the server's administrator finds which ones with `roundhouse doctor`",
    )
}

/// Whether an error says that stored scalars are damaged: then it is about one series, and others may be read.
pub fn is_damage(error: &ApiError) -> bool {
    error.kind() == ErrorKind::InconsistentData
}

/// A handle on values that is moved from row to row: opening one for each would cost more than the reading.
type Handle<'a> = Rc<RefCell<Option<Blob<'a>>>>;

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

/// The chunks of a series that reach into a range, in reading direction.
pub(super) struct Chunks<'a> {
    snapshot: &'a Snapshot<'a>,
    series: i64,
    left: Iterations,
    direction: Direction,
    /// In the order opposite to reading.
    block: Vec<Stored>,
    size: usize,
    handle: Handle<'a>,
}

/// Heads read at once: few at first, since most readers stop early. Never one: that might be the same chunk again.
const HEADS: (usize, usize) = (2, 256);

impl<'a> Chunks<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot<'a>,
        series: i64,
        left: Iterations,
        direction: Direction,
    ) -> Self {
        Chunks {
            snapshot,
            series,
            left,
            direction,
            block: Vec::new(),
            size: HEADS.0,
            handle: Handle::default(),
        }
    }

    pub(super) fn peek(&mut self) -> Result<Option<&Stored>> {
        // A block may hold nothing but the chunk that ends before the range; the next one is larger.
        while self.block.is_empty() && !self.left.is_empty() {
            self.fill()?;
        }
        Ok(self.block.last())
    }

    /// The next chunk with all its points.
    pub(super) fn take_points(&mut self) -> Result<Option<Columns>> {
        self.peek()?;
        self.block.pop().map(|stored| self.snapshot.chunk_columns(&stored)).transpose()
    }

    /// The next chunk, unread.
    pub(super) fn take_chunk(&mut self) -> Result<Option<Chunk<'a>>> {
        self.peek()?;
        let handle = Rc::clone(&self.handle);
        Ok(self.block.pop().map(|stored| Chunk {
            snapshot: self.snapshot,
            stored,
            handle,
            blocks: Vec::new(),
            values: Default::default(),
            absent: None,
        }))
    }

    fn fill(&mut self) -> Result<()> {
        let mut block = self.snapshot.stored_chunks(self.series, self.left, self.direction, self.size)?;
        let beyond = match (block.last(), self.direction) {
            (Some(last), Direction::Ascending) if block.len() == self.size => {
                Iterations::above(last.head.last)
            }
            (Some(last), Direction::Descending) if block.len() == self.size => {
                Iterations::below(last.head.first)
            }
            _ => Iterations::NONE,
        };
        let range = self.left;
        self.left = range.and(beyond);
        self.size = (self.size * 4).min(HEADS.1);
        block.retain(|stored| stored.head.last >= range.from);
        block.reverse();
        self.block = block;
        Ok(())
    }
}

impl<'a> Snapshot<'a> {
    /// Up to `limit` chunks that may reach into a range: the one that begins before it is among them, even where it
    /// ends before it, too. Uses the primary key.
    pub(super) fn stored_chunks(
        &self,
        series: i64,
        range: Iterations,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Stored>> {
        let order = direction.sql();
        let sql = format!(
            "SELECT first, last, id, head FROM scalar_chunk WHERE series = ?1 AND first BETWEEN
                 coalesce((SELECT max(first) FROM scalar_chunk WHERE series = ?1 AND first <= ?2), ?2) AND ?3
             ORDER BY first {order} LIMIT ?4"
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let mut rows =
            statement.query(params![series, range.from, range.to, limit as i64]).map_err(failed)?;
        let mut chunks = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let (first, last) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            let head = row.get_ref(3).map_err(failed)?.as_blob().unwrap_or_default();
            let head = Head::read(first, last, head).map_err(|damaged| broken(series, first, damaged))?;
            chunks.push(Stored { series, id: row.get(2).map_err(failed)?, head });
        }
        Ok(chunks)
    }

    /// All points of a chunk.
    pub(super) fn chunk_columns(&self, stored: &Stored) -> Result<Columns> {
        self.chunk_values(stored, |values| {
            Ok(self.chunk_marks(stored, |marks| chunk::read_all(&stored.head, values, marks)))
        })?
    }

    /// Points of a chunk within a range.
    pub(super) fn chunk_points(&self, stored: &Stored, range: Iterations) -> Result<Vec<Point>> {
        let columns = self.chunk_columns(stored)?;
        let within = |point: &Point| (range.from..=range.to).contains(&point.iteration);
        Ok(columns.points().filter(within).collect())
    }

    fn chunk_values<T>(&self, stored: &Stored, read: impl FnOnce(&[u8]) -> Result<T, Damaged>) -> Result<T> {
        let mut statement =
            self.conn.prepare_cached("SELECT data FROM scalar_values WHERE id = ?1").map_err(failed)?;
        let mut rows = statement.query([stored.id]).map_err(failed)?;
        let values = match rows.next().map_err(failed)? {
            Some(row) => read(row.get_ref(0).map_err(failed)?.as_blob().unwrap_or_default()),
            None => Err(Damaged("its values are missing")),
        };
        values.map_err(|damaged| stored.broken(damaged))
    }

    fn chunk_marks<T>(
        &self,
        stored: &Stored,
        read: impl FnOnce(Marks<'_>) -> Result<T, Damaged>,
    ) -> Result<T> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT iterations, absent, times, batches FROM scalar_marks WHERE id = ?1")
            .map_err(failed)?;
        let mut rows = statement.query([stored.id]).map_err(failed)?;
        let marks = match rows.next().map_err(failed)? {
            Some(row) => read(marks_of(row, 0).map_err(failed)?),
            None => Err(Damaged("its times are missing")),
        };
        marks.map_err(|damaged| stored.broken(damaged))
    }
}

/// Iterations, absent, times and batches in four columns from `at` on.
pub(super) fn marks_of<'r>(row: &'r rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Marks<'r>> {
    let part = |at| row.get_ref(at).map(|part| part.as_blob_or_null().unwrap_or_default());
    Ok(Marks {
        iterations: part(at)?,
        absent: part(at + 1)?,
        times: part(at + 2)?.unwrap_or_default(),
        batches: part(at + 3)?.unwrap_or_default(),
    })
}
