//! Damaged and made-up chunks, the same ones in every run: whatever the bytes, a reader ends, in bounded memory.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use rand::{Rng as _, RngCore as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::types::ExactSum;

const CASES: usize = 12_000;

/// The parts of a chunk as they might come from a disk.
#[derive(Clone)]
struct Parts {
    first: i64,
    last: i64,
    head: Vec<u8>,
    values: Vec<u8>,
    marks: [Option<Vec<u8>>; 4],
}

impl Parts {
    fn of(encoded: Encoded) -> Parts {
        let marks = [encoded.iterations, encoded.absent, Some(encoded.times), Some(encoded.batches)];
        Parts { first: encoded.first, last: encoded.last, head: encoded.head, values: encoded.values, marks }
    }

    /// Through every reader there is.
    fn read(&self) -> Result<Columns, Damaged> {
        let [iterations, absent, times, batches] = &self.marks;
        let marks = Marks {
            iterations: iterations.as_deref(),
            absent: absent.as_deref(),
            times: times.as_deref().unwrap_or_default(),
            batches: batches.as_deref().unwrap_or_default(),
        };
        let head = Head::read(self.first, self.last, &self.head)?;
        let blocks = head.blocks();
        let mut sum = ExactSum::default();
        head.add_to(&mut sum);
        for (at, block) in blocks.iter().flatten().enumerate() {
            head.add_block(block, &mut sum);
            let place = head.kind.place(&block_of(at * BLOCK, head.count));
            let bytes = place.and_then(|place| self.values.get(place)).unwrap_or_default();
            let _ = read_block(&head, at * BLOCK, block.checksum, bytes);
        }
        let _ = sum.mean(head.count as u64);
        let _ = verify(&head, &self.values, marks);
        read_all(&head, &self.values, marks)
    }

    fn part(&mut self, which: usize) -> Option<&mut Vec<u8>> {
        match which {
            0 => Some(&mut self.head),
            1 => Some(&mut self.values),
            mark => self.marks.get_mut(mark - 2)?.as_mut(),
        }
    }
}

fn columns(random: &mut StdRng) -> Columns {
    let mut columns = Columns::default();
    let (dense, narrow, gaps) = (random.random::<bool>(), random.random::<bool>(), random.random::<bool>());
    let mut iteration = random.random_range(-1_000..1_000);
    let mut timestamp = random.random_range(0..2_000_000_000_000);
    for at in 0..random.random_range(1..600) {
        let value: f64 = if narrow { f64::from(random.random::<f32>()) } else { random.random() };
        let value = (!gaps || random.random_bool(0.9)).then_some(value);
        columns.push(&Point { iteration, value, timestamp, batch: at / 7 });
        iteration += if dense { 1 } else { random.random_range(1..50) };
        timestamp += random.random_range(-5..500);
    }
    columns
}

fn noise(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..300)];
    random.fill_bytes(&mut bytes);
    bytes
}

/// What must hold of whatever a reader takes for a chunk: it is bounded, and it keeps the promises of one.
fn is_a_run(read: &Columns) {
    assert!((1..=MOST).contains(&read.len()));
    assert!([read.values.len(), read.times.len(), read.batches.len()].iter().all(|len| *len == read.len()));
    for capacity in [read.iterations.capacity(), read.times.capacity(), read.batches.capacity()] {
        assert!(capacity <= 2 * MOST, "{capacity}");
    }
    assert!(read.iterations.is_sorted_by(|a, b| a < b));
}

#[test]
fn no_bytes_make_a_reader_panic_hang_or_take_memory() {
    let mut random = StdRng::seed_from_u64(0x5ca1_ab1e);
    let began = Instant::now();
    let (mut refused, mut taken) = (0, 0);
    for case in 0..CASES {
        let sound = Parts::of(columns(&mut random).encode().unwrap());
        let known = sound.read().unwrap();
        let mut parts = sound.clone();
        let which = random.random_range(0..6);
        let kind = case % 6;
        if let Some(part) = parts.part(which) {
            let length = part.len();
            match kind {
                0 => *part = noise(&mut random),
                1 => part.truncate(random.random_range(0..length)),
                2 => part.extend(noise(&mut random)),
                3 => {
                    let at = random.random_range(0..length);
                    part[at] ^= random.random_range(1..=255_u8);
                }
                // Some hundred bytes of somebody else's file.
                4 => {
                    let from = random.random_range(0..length);
                    let bytes = noise(&mut random);
                    part.iter_mut().skip(from).zip(bytes).for_each(|(to, byte)| *to = byte);
                }
                // As 3, with a checksum that fits: the reader behind the checksum is on its own.
                _ => with_right_checksum(part, which, &mut random),
            }
        }
        match parts.read() {
            Ok(read) => {
                is_a_run(&read);
                // Only a right checksum, or a part that was replaced by itself, gets that far.
                assert!(kind == 5 || read == known, "case {case}: damage of part {which} was not noticed");
                taken += 1;
            }
            Err(_) => refused += 1,
        }
        // Rows may name anything, too.
        let (first, last) = (random.random(), random.random());
        assert!(Parts { first, last, ..sound }.read().is_err());
    }
    assert!(refused > CASES / 2 && taken > 0, "{refused} refused, {taken} taken");
    assert!(began.elapsed() < Duration::from_secs(120), "{:?} for {CASES} cases", began.elapsed());
}

fn with_right_checksum(part: &mut Vec<u8>, which: usize, random: &mut StdRng) {
    let mut change = |raw: &mut Vec<u8>| {
        if !raw.is_empty() {
            let at = random.random_range(0..raw.len());
            match random.random_range(0..3) {
                0 => raw.truncate(at),
                1 => raw[at] = random.random(),
                _ => raw.insert(at, random.random()),
            }
        }
    };
    match which {
        0 => {
            part.truncate(part.len() - 4);
            change(part);
            let checksum = crc32fast::hash(part).to_le_bytes();
            part.extend_from_slice(&checksum);
        }
        // Its checksums are in the head.
        1 => change(part),
        _ => {
            let mut raw = bytes::unpack(part, 1 << 20).unwrap();
            change(&mut raw);
            *part = bytes::pack(&raw);
        }
    }
}
