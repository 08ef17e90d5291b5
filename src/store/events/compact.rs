//! Moving points from the tail into chunks.
//!
//! A step moves one run of a series. It reads and encodes on a snapshot, so that the writer is held only to swap: one
//! transaction inserts the chunk and deletes its points from the tail. Whatever happens before the commit, nothing was
//! changed; after it, everything was.
//!
//! What is reported between snapshot and swap stays in the tail and wins: every request has a batch of its own, numbered
//! upwards, and only points of batches that the snapshot knew are deleted. Nobody else changes chunks, except for the
//! deletion of a whole series, whose number is never used again.

use rusqlite::params;

use super::{
    Point, SINGLE_VALUE,
    backlog::Due,
    chunk::{Columns, Encoded, FULL, MOST},
    chunks::Stored,
    rows::{Direction, Iterations},
};
use crate::{
    store::{Lane, Scope, Snapshot, Store, Tx},
    types::Result,
};

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Points that left the tail; 0: there is nothing left to do for the series.
    pub points: usize,
}

impl Due {
    /// Fewer points stay in the tail, unless they belong into a chunk that exists.
    fn worth(self) -> usize {
        self.run / 32
    }

    /// A chunk with more points is split.
    fn most(self) -> usize {
        self.run + self.run / 2
    }
}

// What is split once it exceeds a run and a half can always be read.
const _: () = assert!(FULL + FULL / 2 <= MOST);

/// A swap that is ready to be written.
struct Swap {
    /// The chunk that the new ones replace.
    replaced: Option<(i64, i64)>,
    chunks: Vec<Encoded>,
    /// What leaves the tail: these iterations, as far as they came with batches up to this one.
    range: Iterations,
    newest: i64,
}

impl Store {
    /// Moves one run of points of a series from the tail into a chunk. Called by one thread at a time.
    pub fn compact(&self, due: Due) -> Result<Moved> {
        self.compact_after(due, || {})
    }

    /// As [`Store::compact`]; `meanwhile` happens between snapshot and swap.
    pub(crate) fn compact_after(&self, due: Due, meanwhile: impl FnOnce()) -> Result<Moved> {
        let scope = Scope::server();
        let Some(swap) = self.read(&scope, |snapshot| snapshot.next_swap(due))? else {
            return Ok(Moved::default());
        };
        meanwhile();
        self.write(&scope, Lane::Events, |tx| tx.swap(due.series, &swap))
    }
}

impl Snapshot<'_> {
    fn next_swap(&self, due: Due) -> Result<Option<Swap>> {
        // Single values are few and read one by one: they stay in the tail.
        for range in [Iterations::below(SINGLE_VALUE), Iterations::above(SINGLE_VALUE)] {
            if let Some(swap) = self.next_swap_within(due, range)? {
                return Ok(Some(swap));
            }
        }
        Ok(None)
    }

    /// Goes through the gaps between chunks and the chunks themselves, and takes the first one with points to move.
    fn next_swap_within(&self, due: Due, range: Iterations) -> Result<Option<Swap>> {
        let mut left = range;
        while let Some(first) = self.tail_points(due.series, left, Direction::Ascending, 1)?.first() {
            let at = Iterations { from: first.iteration, to: first.iteration };
            let before = self.stored_chunks(due.series, at, Direction::Ascending, 1)?.pop();
            let inside = before.as_ref().filter(|chunk| chunk.head.last >= first.iteration);
            let end = match inside {
                Some(chunk) if chunk.head.count >= due.run / 2 => chunk.head.last,
                _ => self.next_chunk(due.series, first.iteration)?.map_or(i64::MAX, |next| next - 1),
            };
            let within = Iterations { from: first.iteration, to: end.min(left.to) };
            let rows = self.tail_points(due.series, within, Direction::Ascending, due.run)?;
            let is_inside = inside.is_some();
            let joins = |chunk: &Stored| {
                let together = chunk.head.count + rows.len();
                is_inside
                    || chunk.head.count < due.run / 2
                    || (rows.len() < due.run && together <= due.most())
            };
            let base = before.filter(joins);
            let worth = rows.len() == due.run
                || is_inside
                || (due.quiet && (base.is_some() || rows.len() >= due.worth()));
            if worth {
                return self.swap_of(due, &rows, base.as_ref()).map(Some);
            }
            left = left.and(Iterations::above(within.to));
        }
        Ok(None)
    }

    fn next_chunk(&self, series: i64, after: i64) -> Result<Option<i64>> {
        let found = self.one(
            "SELECT min(first) FROM scalar_chunk WHERE series = ?1 AND first > ?2",
            params![series, after],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        Ok(found.flatten())
    }

    fn swap_of(&self, due: Due, rows: &[Point], base: Option<&Stored>) -> Result<Swap> {
        let known = match base {
            Some(base) => self.chunk_points(base, Iterations::ALL)?,
            None => Vec::new(),
        };
        let merged = merged(known, rows);
        let pieces = if merged.len() <= due.most() { 1 } else { (merged.len() + due.run / 2) / due.run };
        let chunks = merged
            .chunks(merged.len().div_ceil(pieces).max(1))
            .filter_map(|piece| {
                let mut columns = Columns::default();
                piece.iter().for_each(|point| columns.push(point));
                columns.encode()
            })
            .collect();
        let bounds = rows.first().zip(rows.last());
        let range = bounds.map_or(Iterations::NONE, |(first, last)| Iterations {
            from: first.iteration,
            to: last.iteration,
        });
        let newest = rows.iter().map(|point| point.batch).max().unwrap_or_default();
        let replaced = base.map(|base| (base.head.first, base.id));
        Ok(Swap { replaced, chunks, range, newest })
    }
}

/// Both in one order; at the same iteration the later report.
fn merged(known: Vec<Point>, late: &[Point]) -> Vec<Point> {
    let mut merged = Vec::with_capacity(known.len() + late.len());
    let mut known = known.into_iter().peekable();
    for point in late {
        while let Some(own) = known.next_if(|own| own.iteration < point.iteration) {
            merged.push(own);
        }
        known.next_if(|own| own.iteration == point.iteration);
        merged.push(*point);
    }
    merged.extend(known);
    merged
}

impl Tx<'_> {
    fn swap(&self, series: i64, swap: &Swap) -> Result<Moved> {
        let exists = self.one("SELECT 1 FROM series WHERE id = ?1", [series], |_| Ok(()))?;
        if exists.is_none() {
            return Ok(Moved::default());
        }
        if let Some((first, id)) = swap.replaced {
            let found = self.run(
                "DELETE FROM scalar_chunk WHERE series = ?1 AND first = ?2 AND id = ?3",
                params![series, first, id],
            )?;
            if found == 0 {
                return Ok(Moved::default());
            }
            self.run("DELETE FROM scalar_values WHERE id = ?1", [id])?;
            self.run("DELETE FROM scalar_marks WHERE id = ?1", [id])?;
        }
        for chunk in &swap.chunks {
            self.run("INSERT INTO scalar_values (data) VALUES (?1)", [&chunk.values])?;
            let id = self.conn.last_insert_rowid();
            self.run(
                "INSERT INTO scalar_marks (id, iterations, absent, times, batches) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, chunk.iterations, chunk.absent, chunk.times, chunk.batches],
            )?;
            self.run(
                "INSERT INTO scalar_chunk (series, first, last, points, valued, id, head)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    series,
                    chunk.first,
                    chunk.last,
                    chunk.count as i64,
                    chunk.valued as i64,
                    id,
                    chunk.head
                ],
            )?;
        }
        let points = self.run(
            "DELETE FROM scalar WHERE series = ?1 AND iteration BETWEEN ?2 AND ?3 AND batch <= ?4",
            params![series, swap.range.from, swap.range.to, swap.newest],
        )?;
        Ok(Moved { points })
    }
}
