//! The format of scalar chunks: a run of points of one series as columns. Pure bytes, no SQL (ARCHITECTURE.md, "Chunks").
//!
//! [`Columns`] is a run in memory; [`Columns::encode`] makes an [`Encoded`] of it, whose parts are stored each in a column
//! of its own, so that a reader fetches only what it looks at. [`Head`] is what every reader looks at first: it alone
//! answers for a chunk that lies within one bucket. Every part carries a checksum; whatever the bytes, reading yields the
//! run or [`Damaged`], never a panic, and never takes more memory than the largest run needs.

mod bytes;
mod encode;
mod head;
mod marks;
mod values;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(super) use encode::Encoded;
pub(super) use head::{Block, Head};
pub(super) use marks::{read_absent, read_batches, read_iterations, read_times};
pub(super) use values::{Kind, read_block, read_values};

use super::Point;

/// The format that this program writes, and the only one it reads.
const VERSION: u8 = 1;

/// Points of a full chunk. Its values fill their pages: 32 KiB are four of them and a little.
pub(crate) const FULL: usize = 4_096;

/// Most points of a chunk. Folding late points into a full chunk lets it grow up to here before it is split.
pub(super) const MOST: usize = 8_192;

/// Points of a block: values have a checksum and a sum per block, so that a bucket's border costs one block and not a
/// chunk.
pub(super) const BLOCK: usize = 128;

/// A chunk can't be what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damaged(pub(super) &'static str);

/// A run of points in memory, column by column; iterations ascend strictly.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Columns {
    pub(super) iterations: Vec<i64>,
    pub(super) values: Vec<Option<f64>>,
    pub(super) times: Vec<i64>,
    pub(super) batches: Vec<i64>,
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        self.iterations.len()
    }

    pub(super) fn push(&mut self, point: &Point) {
        self.iterations.push(point.iteration);
        self.values.push(point.value);
        self.times.push(point.timestamp);
        self.batches.push(point.batch);
    }

    /// The points in order.
    pub(super) fn points(&self) -> impl DoubleEndedIterator<Item = Point> + ExactSizeIterator {
        let rest = self.values.iter().zip(&self.times).zip(&self.batches);
        self.iterations.iter().zip(rest).map(|(iteration, ((value, timestamp), batch))| Point {
            iteration: *iteration,
            value: *value,
            timestamp: *timestamp,
            batch: *batch,
        })
    }
}

/// The parts of a stored chunk other than head and values, as they lie in the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks<'b> {
    pub(super) iterations: Option<&'b [u8]>,
    pub(super) absent: Option<&'b [u8]>,
    pub(super) times: &'b [u8],
    pub(super) batches: &'b [u8],
}

/// Reads a whole chunk, every checksum and every promise of its head.
pub(super) fn read_all(head: &Head, values: &[u8], marks: Marks<'_>) -> Result<Columns, Damaged> {
    let iterations = read_iterations(head, marks.iterations)?;
    let absent = read_absent(head, marks.absent)?;
    let plain = read_values(head, values)?;
    let times = read_times(head, marks.times)?;
    let batches = read_batches(head, marks.batches)?;
    let values = match absent {
        None => plain.into_iter().map(Some).collect(),
        Some(absent) => {
            plain.into_iter().zip(absent).map(|(value, absent)| (!absent).then_some(value)).collect()
        }
    };
    Ok(Columns { iterations, values, times, batches })
}

/// As [`read_all`], and the sums of the head against the values. What `doctor` runs.
pub(super) fn verify(head: &Head, values: &[u8], marks: Marks<'_>) -> Result<(), Damaged> {
    let columns = read_all(head, values, marks)?;
    let encoded = columns.encode().ok_or(Damaged("it has no points"))?;
    let again = Head::read(head.first, head.last, &encoded.head)?;
    if !again.same_facts(head) {
        return Err(Damaged("its sums are not those of its values"));
    }
    Ok(())
}

/// Positions of the block that `position` lies in.
pub(super) fn block_of(position: usize, count: usize) -> Range<usize> {
    let start = position / BLOCK * BLOCK;
    start..(start + BLOCK).min(count)
}
