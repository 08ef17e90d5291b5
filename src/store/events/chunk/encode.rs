//! From a run in memory to the parts of a chunk.

use super::{BLOCK, Columns, MOST, head::Facts, marks, values};
use crate::types::ExactSum;

/// The parts of a chunk, each as it is stored.
#[derive(Clone, Debug)]
pub(in super::super) struct Encoded {
    pub(in super::super) first: i64,
    pub(in super::super) last: i64,
    pub(in super::super) count: usize,
    pub(in super::super) valued: usize,
    pub(in super::super) head: Vec<u8>,
    pub(in super::super) values: Vec<u8>,
    pub(in super::super) iterations: Option<Vec<u8>>,
    pub(in super::super) absent: Option<Vec<u8>>,
    pub(in super::super) times: Vec<u8>,
    pub(in super::super) batches: Vec<u8>,
}

impl Columns {
    /// Encodes a run of 1 to [`MOST`] points; `None` for any other number.
    pub(in super::super) fn encode(&self) -> Option<Encoded> {
        let (first, last) = (*self.iterations.first()?, *self.iterations.last()?);
        if self.len() > MOST {
            return None;
        }
        let (kind, values, checksums) = values::encode(self);
        let step = step(&self.iterations);
        let mut total = ExactSum::default();
        let mut blocks = Vec::with_capacity(checksums.len());
        for (block, checksum) in self.values.chunks(BLOCK).zip(checksums) {
            let mut sum = ExactSum::default();
            block.iter().flatten().for_each(|value| sum.add(*value));
            total.add_sum(&sum);
            blocks.push((checksum, block.iter().flatten().count(), sum));
        }
        let valued = self.values.iter().flatten().count();
        let times = (*self.times.iter().min()?, *self.times.iter().max()?);
        let head = Facts { valued, count: self.len(), step, times, kind, total, blocks }.write();
        Some(Encoded {
            first,
            last,
            count: self.len(),
            valued,
            head,
            values,
            iterations: marks::iterations(self, step),
            absent: marks::absent(self),
            times: marks::times(self),
            batches: marks::batches(self),
        })
    }
}

/// The distance between iterations if it is always the same, else 0. A single point's is 1.
fn step(iterations: &[i64]) -> u64 {
    let mut distances =
        iterations.iter().zip(iterations.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a) as u64);
    let Some(first) = distances.next() else { return 1 };
    if distances.all(|distance| distance == first) { first } else { 0 }
}
