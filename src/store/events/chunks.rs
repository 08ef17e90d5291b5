//! Stored chunks: finding those of a series, and reading no more of one than is asked for.

use rusqlite::params;

use super::{
    Point,
    chunk::{self, Columns, Damaged, Head, Marks},
    rows::{Direction, Iterations},
    spans::{Chunk, Handle},
};
use crate::{
    store::{Snapshot, failed},
    types::{ApiError, ErrorKind, Result},
};

/// A stored chunk, of which only the head has been read.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    series: i64,
    pub(super) id: i64,
    pub(super) head: Head,
}

impl Stored {
    /// What its readers are told when it is damaged.
    pub(super) fn broken(&self, damaged: Damaged) -> ApiError {
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
        let stored = self.block.pop();
        Ok(stored.map(|stored| Chunk::new(self.snapshot, stored, Handle::clone(&self.handle))))
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

    pub(super) fn chunk_values<T>(
        &self,
        stored: &Stored,
        read: impl FnOnce(&[u8]) -> Result<T, Damaged>,
    ) -> Result<T> {
        let mut statement =
            self.conn.prepare_cached("SELECT data FROM scalar_values WHERE id = ?1").map_err(failed)?;
        let mut rows = statement.query([stored.id]).map_err(failed)?;
        let values = match rows.next().map_err(failed)? {
            Some(row) => read(row.get_ref(0).map_err(failed)?.as_blob().unwrap_or_default()),
            None => Err(Damaged("its values are missing")),
        };
        values.map_err(|damaged| stored.broken(damaged))
    }

    pub(super) fn chunk_marks<T>(
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
