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

    /// The exact mean, rounded; `None` without values. Infinite values count as the greatest double.
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
    pub(super) id: i64,
    pub(super) head: Head,
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
        let head = &self.stored.head;
        self.blocks = head.blocks()?;
        if cuts > FEW || head.kind.place(&(0..1)).is_none() {
            let values = self.snapshot.chunk_values(self.stored.id, |data| chunk::read_values(head, data))?;
            self.values = (0..head.count, values);
        }
        if head.valued < head.count {
            self.absent =
                self.snapshot.chunk_marks(self.stored.id, |marks| chunk::read_absent(head, marks.absent))?;
        }
        let (id, snapshot) = (self.stored.id, self.snapshot);
        Ok(match along {
            Along::Iterations if head.step > 0 => {
                Xs::Steps { first: head.first, step: head.step, count: head.count }
            }
            Along::Iterations => {
                Xs::List(snapshot.chunk_marks(id, |marks| chunk::read_iterations(head, marks.iterations))?)
            }
            Along::Times => Xs::List(snapshot.chunk_marks(id, |marks| chunk::read_times(head, marks.times))?),
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
                None => return Err(Damaged("it has too few blocks").into()),
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
        let place = head.kind.place(&block).ok_or(Damaged("its values can't be read in parts"))?;
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
        self.values = (block, chunk::read_block(head, position, checksum, &bytes)?);
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
            chunks.push(Stored { id: row.get(2).map_err(failed)?, head: Head::read(first, last, head)? });
        }
        Ok(chunks)
    }

    /// All points of a chunk.
    pub(super) fn chunk_columns(&self, stored: &Stored) -> Result<Columns> {
        self.chunk_values(stored.id, |values| {
            Ok(self.chunk_marks(stored.id, |marks| chunk::read_all(&stored.head, values, marks)))
        })?
    }

    /// Points of a chunk within a range.
    pub(super) fn chunk_points(&self, stored: &Stored, range: Iterations) -> Result<Vec<Point>> {
        let columns = self.chunk_columns(stored)?;
        let within = |point: &Point| (range.from..=range.to).contains(&point.iteration);
        Ok(columns.points().filter(within).collect())
    }

    fn chunk_values<T>(&self, id: i64, read: impl FnOnce(&[u8]) -> Result<T, Damaged>) -> Result<T> {
        let mut statement =
            self.conn.prepare_cached("SELECT data FROM scalar_values WHERE id = ?1").map_err(failed)?;
        let mut rows = statement.query([id]).map_err(failed)?;
        let row = rows.next().map_err(failed)?.ok_or(Damaged("its values are missing"))?;
        Ok(read(row.get_ref(0).map_err(failed)?.as_blob().unwrap_or_default())?)
    }

    fn chunk_marks<T>(&self, id: i64, read: impl FnOnce(Marks<'_>) -> Result<T, Damaged>) -> Result<T> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT iterations, absent, times, batches FROM scalar_marks WHERE id = ?1")
            .map_err(failed)?;
        let mut rows = statement.query([id]).map_err(failed)?;
        let row = rows.next().map_err(failed)?.ok_or(Damaged("its times are missing"))?;
        let part =
            |at| row.get_ref(at).map(|part| part.as_blob_or_null().unwrap_or_default()).map_err(failed);
        Ok(read(Marks {
            iterations: part(0)?,
            absent: part(1)?,
            times: part(2)?.unwrap_or_default(),
            batches: part(3)?.unwrap_or_default(),
        })?)
    }
}

/// Looks at every chunk: parts, checksums, sums, and that none overlaps the one before. Returns what is wrong, at most
/// `most` sentences. Tables of an older schema have no chunks.
pub(in crate::store) fn damaged_chunks(
    conn: &rusqlite::Connection,
    most: usize,
) -> rusqlite::Result<Vec<String>> {
    if !conn.table_exists(Some("main"), "scalar_chunk")? {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare(
        "SELECT c.series, c.first, c.last, c.points, c.valued, c.head, v.data, m.iterations, m.absent, m.times,
                m.batches
         FROM scalar_chunk c LEFT JOIN scalar_values v ON v.id = c.id LEFT JOIN scalar_marks m ON m.id = c.id
         ORDER BY c.series, c.first",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    let mut before: Option<(i64, i64)> = None;
    while let Some(row) = rows.next()? {
        let (series, first, last): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let counts: (i64, i64) = (row.get(3)?, row.get(4)?);
        let part = |at| row.get_ref(at).map(|part| part.as_blob_or_null().unwrap_or_default());
        let (head, values) = (part(5)?.unwrap_or_default(), part(6)?);
        let (iterations, absent, times, batches) = (part(7)?, part(8)?, part(9)?, part(10)?);
        let marks = Marks {
            iterations,
            absent,
            times: times.unwrap_or_default(),
            batches: batches.unwrap_or_default(),
        };
        let sound = Head::read(first, last, head).and_then(|head| {
            if (head.count as i64, head.valued as i64) != counts {
                return Err(Damaged("its row names another number of points"));
            }
            if before.is_some_and(|(of, end)| of == series && end >= first) {
                return Err(Damaged("it overlaps the one before it"));
            }
            chunk::verify(&head, values.ok_or(Damaged("its values are missing"))?, marks)
        });
        before = Some((series, last));
        if let Err(damaged) = sound {
            if found.len() == most {
                found.push("more chunks of scalars are damaged".to_owned());
                break;
            }
            found.push(format!(
                "a chunk of scalars is damaged (series {series}, iterations {first} to {last}): {damaged}"
            ));
        }
    }
    Ok(found)
}
