//! The head of a chunk: what it holds, its sums, and the checksums of its values.

use std::ops::Range;

use super::{BLOCK, Damaged, Kind, MOST, VERSION, bytes, bytes::Reader};
use crate::types::ExactSum;

/// What a chunk says of itself. Reading it has checked its checksum, and that first, last and step agree.
#[derive(Clone, Debug)]
pub(in super::super) struct Head {
    /// First iteration.
    pub(in super::super) first: i64,
    /// Last iteration.
    pub(in super::super) last: i64,
    /// Points, 1 to [`MOST`].
    pub(in super::super) count: usize,
    /// Points that have a value.
    pub(in super::super) valued: usize,
    /// Distance between iterations, 0 where it varies.
    pub(in super::super) step: u64,
    /// Earliest and latest time.
    pub(in super::super) earliest: i64,
    pub(in super::super) latest: i64,
    /// How values are stored.
    pub(in super::super) kind: Kind,
    /// The sum of all values, then what is known of each block.
    sums: Vec<u8>,
}

/// What is known of a block of values.
#[derive(Clone, Debug)]
pub(in super::super) struct Block {
    /// Of its plain bytes.
    pub(in super::super) checksum: u32,
    /// Points of it that have a value.
    pub(in super::super) valued: usize,
    /// Where its sum lies among the sums of the head.
    sum: Range<usize>,
}

/// Bytes of the sum that `bytes` begin with.
fn sum_length(bytes: &[u8]) -> Result<usize, Damaged> {
    bytes.get(2).map(|words| 3 + usize::from(*words) * 4).ok_or(Damaged("its sums end too early"))
}

/// What a head is made from.
pub(super) struct Facts {
    pub(super) valued: usize,
    pub(super) count: usize,
    pub(super) step: u64,
    pub(super) times: (i64, i64),
    pub(super) kind: Kind,
    /// Of all values, then of each block with its checksum and number of values.
    pub(super) total: ExactSum,
    pub(super) blocks: Vec<(u32, usize, ExactSum)>,
}

impl Facts {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut head = vec![VERSION, self.kind.code()];
        bytes::put(&mut head, self.count as u64);
        bytes::put(&mut head, self.valued as u64);
        bytes::put(&mut head, self.step);
        bytes::put_signed(&mut head, self.times.0);
        bytes::put_signed(&mut head, self.times.1);
        self.total.write(&mut head);
        for (checksum, valued, sum) in &self.blocks {
            head.extend_from_slice(&checksum.to_le_bytes());
            bytes::put(&mut head, *valued as u64);
            sum.write(&mut head);
        }
        let checksum = crc32fast::hash(&head);
        head.extend_from_slice(&checksum.to_le_bytes());
        head
    }
}

impl Head {
    /// Reads a head; `first` and `last` are the iterations that its row names.
    pub(in super::super) fn read(first: i64, last: i64, stored: &[u8]) -> Result<Head, Damaged> {
        let (body, checksum) = stored.split_last_chunk::<4>().ok_or(Damaged("it has no head"))?;
        let mut reader = Reader(body);
        if reader.byte()? != VERSION {
            return Err(Damaged("it is of a version that this program does not know"));
        }
        if u32::from_le_bytes(*checksum) != crc32fast::hash(body) {
            return Err(Damaged("its head has another checksum"));
        }
        let kind = Kind::from_code(reader.byte()?).ok_or(Damaged("its values are of an unknown kind"))?;
        let count = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let valued = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let step = reader.number()?;
        let (earliest, latest) = (reader.signed()?, reader.signed()?);
        if count == 0 || count > MOST || valued > count || earliest > latest {
            return Err(Damaged("it can't hold what it says"));
        }
        let span = i128::from(last) - i128::from(first);
        let steps = (count - 1) as i128;
        if (step > 0 && i128::from(step) * steps != span) || span < steps {
            return Err(Damaged("its iterations are not those that its row names"));
        }
        if ExactSum::default().add_bytes(reader.0).is_none() {
            return Err(Damaged("its sum can't be read"));
        }
        Ok(Head { first, last, count, valued, step, earliest, latest, kind, sums: reader.0.to_vec() })
    }

    /// Adds all values of the chunk.
    pub(in super::super) fn add_to(&self, sum: &mut ExactSum) {
        let _ = sum.add_bytes(&self.sums);
    }

    /// What is known of each block, in order.
    pub(in super::super) fn blocks(&self) -> Result<Vec<Block>, Damaged> {
        let mut blocks = Vec::with_capacity(self.count.div_ceil(BLOCK));
        let mut reader = Reader(&self.sums);
        reader.take(sum_length(reader.0)?)?;
        for _ in 0..self.count.div_ceil(BLOCK) {
            let checksum = reader.word()?;
            let valued = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
            let start = self.sums.len() - reader.0.len();
            let length = sum_length(reader.0)?;
            if valued > BLOCK || ExactSum::default().add_bytes(reader.take(length)?).is_none() {
                return Err(Damaged("a block of it can't be read"));
            }
            blocks.push(Block { checksum, valued, sum: start..start + length });
        }
        reader.end()?;
        Ok(blocks)
    }

    /// Adds all values of a block.
    pub(in super::super) fn add_block(&self, block: &Block, sum: &mut ExactSum) {
        if let Some(bytes) = self.sums.get(block.sum.clone()) {
            let _ = sum.add_bytes(bytes);
        }
    }

    /// Whether another head, made from the same points, says the same.
    pub(super) fn same_facts(&self, other: &Head) -> bool {
        (self.count, self.valued, self.step, self.earliest, self.latest)
            == (other.count, other.valued, other.step, other.earliest, other.latest)
            && self.sums == other.sums
    }
}
