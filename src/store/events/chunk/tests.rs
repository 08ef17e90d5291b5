#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn any_columns() -> impl Strategy<Value = Columns> {
    let value = prop_oneof![
        6 => (-10.0..10.0_f32).prop_map(|value| Some(f64::from(value))),
        3 => any::<f64>().prop_map(|value| Some(value).filter(|value| !value.is_nan())),
        1 => Just(Some(f64::INFINITY)),
        1 => Just(None),
    ];
    let point = (1..5_u64, value, -5..1_000_i64, 0..3_i64);
    let extremes = prop_oneof![9 => -100..100_i64, 1 => Just(i64::MIN)];
    (extremes, any::<bool>(), any::<i64>(), prop::collection::vec(point, 1..700)).prop_map(
        |(first, dense, time, points)| {
            let mut columns = Columns::default();
            let (mut iteration, mut timestamp, mut batch) = (first, time, 7);
            for (distance, value, passed, batches) in points {
                columns.push(&Point { iteration, value, timestamp, batch });
                iteration += if dense { 1 } else { distance as i64 };
                timestamp = timestamp.wrapping_add(passed);
                batch += batches;
            }
            columns
        },
    )
}

fn marks(encoded: &Encoded) -> Marks<'_> {
    Marks {
        iterations: encoded.iterations.as_deref(),
        absent: encoded.absent.as_deref(),
        times: &encoded.times,
        batches: &encoded.batches,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(columns in any_columns()) {
        let encoded = columns.encode().unwrap();
        let head = Head::read(encoded.first, encoded.last, &encoded.head).unwrap();
        let read = read_all(&head, &encoded.values, marks(&encoded)).unwrap();
        let bits = |columns: &Columns| columns.values.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>();
        prop_assert_eq!(bits(&read), bits(&columns));
        prop_assert_eq!(read, columns);
        prop_assert_eq!(verify(&head, &encoded.values, marks(&encoded)), Ok(()));
    }

    /// One changed byte anywhere is found.
    #[test]
    fn a_changed_byte_is_found(columns in any_columns(), part in 0..4_usize, at in any::<prop::sample::Index>(), with in 1..=255_u8) {
        let mut encoded = columns.encode().unwrap();
        let bytes = match part {
            0 => &mut encoded.head,
            1 => &mut encoded.values,
            2 => &mut encoded.times,
            _ => &mut encoded.batches,
        };
        let at = at.index(bytes.len());
        bytes[at] ^= with;
        let read = Head::read(encoded.first, encoded.last, &encoded.head)
            .and_then(|head| read_all(&head, &encoded.values, marks(&encoded)));
        // The method of packing is outside of its part's checksum: the other method yields another length.
        prop_assert!(read.is_err());
    }

    /// Bytes whose checksums are right may still be nonsense.
    #[test]
    fn nonsense_with_right_checksums_is_refused(
        columns in any_columns(), part in 0..6_usize, at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut encoded = columns.encode().unwrap();
        let change = |bytes: &mut Vec<u8>| {
            if bytes.is_empty() { return }
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = with }
        };
        let repack = |packed: &mut Vec<u8>| {
            let mut raw = bytes::unpack(packed, 1 << 20).unwrap();
            change(&mut raw);
            *packed = bytes::pack(&raw);
        };
        match part {
            0 => {
                encoded.head.truncate(encoded.head.len() - 4);
                change(&mut encoded.head);
                let checksum = crc32fast::hash(&encoded.head).to_le_bytes();
                encoded.head.extend_from_slice(&checksum);
            }
            1 => repack(&mut encoded.times),
            2 => repack(&mut encoded.batches),
            3 => { encoded.iterations.as_mut().map(repack); }
            4 => { encoded.absent.as_mut().map(repack); }
            _ => change(&mut encoded.values),
        }
        if let Ok(head) = Head::read(encoded.first, encoded.last, &encoded.head)
            && let Ok(read) = read_all(&head, &encoded.values, marks(&encoded))
        {
            prop_assert!(read.len() <= MOST);
            prop_assert_eq!(read.len(), read.values.len());
            prop_assert!(read.iterations.is_sorted_by(|a, b| a < b));
            let _ = verify(&head, &encoded.values, marks(&encoded));
        }
    }

    #[test]
    fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..200), first in any::<i64>(), last in any::<i64>()) {
        prop_assert!(Head::read(first, last, &noise).is_err());
        let mut right = noise;
        if let Some(version) = right.first_mut() { *version = VERSION }
        let checksum = crc32fast::hash(&right).to_le_bytes();
        right.extend_from_slice(&checksum);
        if let Ok(head) = Head::read(first, last, &right) {
            let marks = Marks { iterations: Some(&right), absent: Some(&right), times: &right, batches: &right };
            prop_assert!(read_all(&head, &right, marks).is_err());
            let _ = verify(&head, &right, marks);
            let _ = head.blocks();
        }
    }
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    let mut rest = Vec::new();
    bytes::put(&mut rest, u64::MAX);
    rest.extend_from_slice(&zstd::bulk::compress(&[0; 1 << 20], 1).unwrap());
    let mut packed = vec![1];
    packed.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
    packed.extend_from_slice(&rest);
    assert!(bytes::unpack(&packed, 1_000).is_err());
    let mut rest = Vec::new();
    bytes::put(&mut rest, 1_000);
    rest.extend_from_slice(&zstd::bulk::compress(&[0; 1 << 20], 1).unwrap());
    let mut packed = vec![1];
    packed.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
    packed.extend_from_slice(&rest);
    assert!(bytes::unpack(&packed, 1_000).is_err(), "it unpacks to more than it says");
}

#[test]
fn full_chunks_are_small() {
    let mut wide = Columns::default();
    let mut narrow = Columns::default();
    for at in 0..FULL as i64 {
        let noise = ((at * 7_919) % 1_000) as f64 / 7.0;
        let timestamp = 1_700_000_000_000 + at * 100 + (at * 31) % 7;
        wide.push(&Point { iteration: at, value: Some(noise), timestamp, batch: at / 100 });
        narrow.push(&Point {
            iteration: at,
            value: Some(f64::from(noise as f32)),
            timestamp,
            batch: at / 100,
        });
    }
    let size = |columns: &Columns| {
        let one = columns.encode().unwrap();
        assert!(one.iterations.is_none() && one.absent.is_none());
        (one.head.len() + one.values.len() + one.times.len() + one.batches.len()) as f64 / FULL as f64
    };
    assert!(size(&wide) < 8.9, "{}", size(&wide));
    assert!(size(&narrow) < 4.9, "{}", size(&narrow));
}
