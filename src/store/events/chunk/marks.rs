//! The other columns: iterations, which points have no value, times, and the batches that points came with.

use super::{Columns, Damaged, Head, bytes, bytes::Reader};

/// Most bytes of a number of variable length.
const LONGEST: usize = 10;

/// Distances between iterations; nothing where all are the same.
pub(super) fn iterations(columns: &Columns, step: u64) -> Option<Vec<u8>> {
    (step == 0).then(|| {
        let mut raw = Vec::new();
        for (before, after) in columns.iterations.iter().zip(columns.iterations.iter().skip(1)) {
            bytes::put(&mut raw, after.wrapping_sub(*before) as u64);
        }
        bytes::pack(&raw)
    })
}

/// The iterations of a chunk; they begin and end as its row says, and ascend.
pub(in super::super) fn read_iterations(head: &Head, stored: Option<&[u8]>) -> Result<Vec<i64>, Damaged> {
    const ORDER: Damaged = Damaged("its iterations do not ascend from its first to its last");
    let mut iterations = Vec::with_capacity(head.count);
    let mut at = head.first;
    iterations.push(at);
    if head.step > 0 {
        for _ in 1..head.count {
            at = at.checked_add_unsigned(head.step).ok_or(ORDER)?;
            iterations.push(at);
        }
    } else {
        let raw = bytes::unpack(stored.ok_or(Damaged("it has no iterations"))?, head.count * LONGEST)?;
        let mut reader = Reader(&raw);
        for _ in 1..head.count {
            let distance = reader.number()?;
            at = at.checked_add_unsigned(distance).filter(|_| distance > 0).ok_or(ORDER)?;
            iterations.push(at);
        }
        reader.end()?;
    }
    if at == head.last { Ok(iterations) } else { Err(ORDER) }
}

/// One bit a point, set where it has no value; nothing where all have one.
pub(super) fn absent(columns: &Columns) -> Option<Vec<u8>> {
    columns.values.iter().any(Option::is_none).then(|| {
        let mut raw = Vec::with_capacity(columns.len().div_ceil(8));
        for eight in columns.values.chunks(8) {
            raw.push(eight.iter().rev().fold(0, |bits, value| bits << 1 | u8::from(value.is_none())));
        }
        bytes::pack(&raw)
    })
}

/// Which points have no value; `None` when all have one.
pub(in super::super) fn read_absent(
    head: &Head,
    stored: Option<&[u8]>,
) -> Result<Option<Vec<bool>>, Damaged> {
    if head.valued == head.count {
        return Ok(None);
    }
    let stored = stored.ok_or(Damaged("it does not say which points have no value"))?;
    let raw = bytes::unpack(stored, head.count.div_ceil(8))?;
    let absent: Vec<bool> =
        raw.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).take(head.count).collect();
    let valued = absent.iter().filter(|absent| !**absent).count();
    if absent.len() != head.count || valued != head.valued {
        return Err(Damaged("another number of its points have values"));
    }
    Ok(Some(absent))
}

/// Differences of times. They may go back, and from one end of the range to the other: arithmetic wraps both ways.
pub(super) fn times(columns: &Columns) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut before = 0_i64;
    for time in &columns.times {
        bytes::put_signed(&mut raw, time.wrapping_sub(before));
        before = *time;
    }
    bytes::pack(&raw)
}

/// Times of all points.
pub(in super::super) fn read_times(head: &Head, stored: &[u8]) -> Result<Vec<i64>, Damaged> {
    let raw = bytes::unpack(stored, head.count * LONGEST)?;
    let mut reader = Reader(&raw);
    let mut times = Vec::with_capacity(head.count);
    let (mut at, mut earliest, mut latest) = (0_i64, i64::MAX, i64::MIN);
    for _ in 0..head.count {
        at = at.wrapping_add(reader.signed()?);
        earliest = earliest.min(at);
        latest = latest.max(at);
        times.push(at);
    }
    reader.end()?;
    if (earliest, latest) != (head.earliest, head.latest) {
        return Err(Damaged("its times are not within what it says"));
    }
    Ok(times)
}

/// Runs of points of the same batch: difference to the batch before, length.
pub(super) fn batches(columns: &Columns) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut before = 0_i64;
    for run in columns.batches.chunk_by(|a, b| a == b) {
        let batch = run.first().copied().unwrap_or_default();
        bytes::put_signed(&mut raw, batch.wrapping_sub(before));
        bytes::put(&mut raw, run.len() as u64);
        before = batch;
    }
    bytes::pack(&raw)
}

/// Batches of all points.
pub(in super::super) fn read_batches(head: &Head, stored: &[u8]) -> Result<Vec<i64>, Damaged> {
    let raw = bytes::unpack(stored, head.count * 2 * LONGEST)?;
    let mut reader = Reader(&raw);
    let mut batches = Vec::with_capacity(head.count);
    let mut at = 0_i64;
    while batches.len() < head.count {
        at = at.wrapping_add(reader.signed()?);
        let length = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let left = head.count - batches.len();
        if length == 0 || length > left {
            return Err(Damaged("its batches are those of another number of points"));
        }
        batches.resize(batches.len() + length, at);
    }
    reader.end()?;
    Ok(batches)
}
