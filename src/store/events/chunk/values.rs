//! The column of values: little-endian numbers one after the other, 64 bits each, or 32 where that loses nothing; packed
//! only where it pays, since values that lie plain can be read block by block.

use std::ops::Range;

use super::{BLOCK, Columns, Damaged, Head, block_of, bytes};

/// How values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Kind {
    /// 32 bits each instead of 64.
    pub(super) narrow: bool,
    /// Bytes of equal weight together, packed.
    pub(super) packed: bool,
}

impl Kind {
    pub(super) fn code(self) -> u8 {
        u8::from(self.narrow) | u8::from(self.packed) << 1
    }

    pub(super) fn from_code(code: u8) -> Option<Kind> {
        (code < 4).then_some(Kind { narrow: code & 1 == 1, packed: code & 2 == 2 })
    }

    /// Bytes of a value.
    pub(super) fn width(self) -> usize {
        if self.narrow { 4 } else { 8 }
    }

    /// Where the values of a block lie, when they can be read alone.
    pub(in super::super) fn place(self, block: &Range<usize>) -> Option<Range<usize>> {
        (!self.packed).then(|| block.start * self.width()..block.end * self.width())
    }
}

/// Packing has to save this much, else values lie plain.
const WORTH: (usize, usize) = (3, 4);

/// The values as stored, and the checksums of their blocks.
pub(super) fn encode(columns: &Columns) -> (Kind, Vec<u8>, Vec<u32>) {
    let all = || columns.values.iter().map(|value| value.unwrap_or(0.0));
    let narrow = all().all(|value| f64::from(value as f32).to_bits() == value.to_bits());
    let plain: Vec<u8> = if narrow {
        all().flat_map(|value| (value as f32).to_le_bytes()).collect()
    } else {
        all().flat_map(f64::to_le_bytes).collect()
    };
    let width = if narrow { 4 } else { 8 };
    let sums = plain.chunks(BLOCK * width).map(crc32fast::hash).collect();
    let squeezed = bytes::pack(&shuffled(&plain, width));
    let packed = squeezed.len() * WORTH.1 <= plain.len() * WORTH.0;
    (Kind { narrow, packed }, if packed { squeezed } else { plain }, sums)
}

/// First the lowest bytes of all values, then the next ones …
fn shuffled(plain: &[u8], width: usize) -> Vec<u8> {
    (0..width).flat_map(|byte| plain.iter().skip(byte).step_by(width).copied()).collect()
}

fn unshuffled(shuffled: &[u8], width: usize) -> Vec<u8> {
    let mut plain = vec![0; shuffled.len()];
    let count = (shuffled.len() / width).max(1);
    for (byte, column) in shuffled.chunks(count).enumerate() {
        plain.iter_mut().skip(byte).step_by(width).zip(column).for_each(|(to, from)| *to = *from);
    }
    plain
}

fn numbers(plain: &[u8], kind: Kind) -> Vec<f64> {
    if kind.narrow {
        plain.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
    } else {
        plain.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    }
}

const OTHER: Damaged = Damaged("its values have another checksum");

/// All values; those of points without one are 0.
pub(in super::super) fn read_values(head: &Head, stored: &[u8]) -> Result<Vec<f64>, Damaged> {
    let length = head.count * head.kind.width();
    let unpacked;
    let plain = if head.kind.packed {
        unpacked = unshuffled(&bytes::unpack(stored, length)?, head.kind.width());
        unpacked.as_slice()
    } else {
        stored
    };
    if plain.len() != length {
        return Err(Damaged("it has another number of values"));
    }
    let blocks = head.blocks()?;
    let mut read = plain.chunks(BLOCK * head.kind.width()).zip(&blocks);
    if !read.all(|(block, expected)| crc32fast::hash(block) == expected.checksum) {
        return Err(OTHER);
    }
    Ok(numbers(plain, head.kind))
}

/// The values of the block at a position, from their plain bytes.
pub(in super::super) fn read_block(
    head: &Head,
    position: usize,
    checksum: u32,
    plain: &[u8],
) -> Result<Vec<f64>, Damaged> {
    let block = block_of(position, head.count);
    if plain.len() != block.len() * head.kind.width() || crc32fast::hash(plain) != checksum {
        return Err(OTHER);
    }
    Ok(numbers(plain, head.kind))
}
