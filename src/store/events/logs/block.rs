//! A block of console lines: how it is written and read. Holds nothing but lines without metric and iteration.
//!
//! Two blobs, each the length of its content (4 bytes, little-endian) and a zstd frame with a checksum:
//! `facts`: a version byte, then columns of LEB128 numbers: count; distance of each line to the one before; zigzag
//! differences of the timestamps; number of the batch within the block; severities; the levels that occur (count, then
//! length + 1 and bytes of each; 0: no level) and which one each line has; length + 1 of each text (0: no text).
//! `texts`: the texts, one after the other.

use std::borrow::Cow;

use super::{LogLine, Severity};
use crate::{
    store::events::ReportedLine,
    types::{ApiError, ErrorKind, Result},
};

const VERSION: u8 = 1;
/// Content of a blob at most: far beyond what is ever written, and bounded memory for a damaged one.
const MAX_CONTENT: usize = 256 * 1024 * 1024;
/// Lines in a block at most.
pub(super) const MOST_LINES: usize = 512;
/// A block is closed before its texts exceed this many bytes, unless it is one line.
pub(super) const MOST_TEXT: usize = 256 * 1024;
/// Fewer lines stay rows,
pub(super) const FEWEST_LINES: usize = 64;
/// unless their texts have this many bytes.
pub(super) const WORTH_TEXT: usize = 64 * 1024;
/// zstd: level 3 packs lines to a seventh at some 200 MB a second; higher levels gain little.
const LEVEL: i32 = 3;

/// Lines packed for storing, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedLines {
    /// Distance of the first line to the first line of its report; its number, where it is known.
    pub(super) first: i64,
    /// The same of the last line.
    pub(super) last: i64,
    pub(super) earliest: i64,
    pub(super) latest: i64,
    pub(super) serious: Severity,
    pub(super) count: i64,
    /// For each number that lines carry as their batch: the position of the sender, or the batch, where it is known.
    pub(super) batches: Vec<i64>,
    pub(super) facts: Vec<u8>,
    pub(super) texts: Vec<u8>,
}

/// One line on its way into a block.
pub(super) struct Entry<'a> {
    pub(super) line: i64,
    pub(super) timestamp: i64,
    pub(super) batch: i64,
    pub(super) severity: Severity,
    pub(super) level: Option<Cow<'a, str>>,
    pub(super) msg: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    pub(super) fn reported(line: &'a ReportedLine<'_>) -> Entry<'a> {
        Entry {
            line: line.position,
            timestamp: line.timestamp,
            batch: line.sender.into(),
            severity: Severity::of(line.level.as_deref()),
            level: line.level.as_deref().map(Cow::Borrowed),
            msg: line.msg.as_deref().map(Cow::Borrowed),
        }
    }

    pub(super) fn stored(line: LogLine) -> Entry<'static> {
        Entry {
            line: line.line,
            timestamp: line.timestamp,
            batch: line.batch,
            severity: line.severity,
            level: line.level.map(Cow::Owned),
            msg: line.msg.map(Cow::Owned),
        }
    }

    pub(super) fn text_len(&self) -> usize {
        self.msg.as_ref().map_or(0, |msg| msg.len())
    }
}

/// Packs lines, which stand in the order of their numbers; `None` when there is none.
///
/// Errors: 500/1 zstd refused.
pub(super) fn pack(entries: &[Entry<'_>]) -> Result<Option<PackedLines>> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(None) };
    let mut batches: Vec<i64> = Vec::new();
    let mut levels: Vec<Option<&str>> = Vec::new();
    let mut columns: [Vec<u8>; 6] = Default::default();
    let [lines, times, senders, severities, level_of, lengths] = &mut columns;
    let mut texts = Vec::with_capacity(entries.iter().map(Entry::text_len).sum());
    let (mut line_before, mut time_before) = (first.line, 0_i64);
    for entry in entries {
        put(lines, entry.line.wrapping_sub(line_before) as u64);
        put(times, zigzag(entry.timestamp.wrapping_sub(time_before)));
        (line_before, time_before) = (entry.line, entry.timestamp);
        put(senders, index_of(&mut batches, entry.batch));
        put(severities, entry.severity.code() as u64);
        put(level_of, index_of(&mut levels, entry.level.as_deref()));
        put(lengths, entry.msg.as_ref().map_or(0, |msg| msg.len() as u64 + 1));
        texts.extend_from_slice(entry.msg.as_deref().unwrap_or_default().as_bytes());
    }
    let mut facts = vec![VERSION];
    put(&mut facts, entries.len() as u64);
    for column in [lines, times, senders, severities] {
        facts.append(column);
    }
    put(&mut facts, levels.len() as u64);
    for level in levels {
        put(&mut facts, level.map_or(0, |level| level.len() as u64 + 1));
        facts.extend_from_slice(level.unwrap_or_default().as_bytes());
    }
    facts.append(level_of);
    facts.append(lengths);
    let times = || entries.iter().map(|entry| entry.timestamp);
    Ok(Some(PackedLines {
        first: first.line,
        last: last.line,
        earliest: times().min().unwrap_or_default(),
        latest: times().max().unwrap_or_default(),
        serious: entries.iter().map(|entry| entry.severity).max().unwrap_or_default(),
        count: entries.len() as i64,
        batches,
        facts: squeeze(&facts)?,
        texts: squeeze(&texts)?,
    }))
}

/// An opened block.
#[derive(Debug)]
pub(super) struct Block {
    facts: Vec<Facts>,
    levels: Vec<Option<String>>,
    texts: String,
}

#[derive(Clone, Copy, Debug)]
struct Facts {
    line: i64,
    timestamp: i64,
    batch: i64,
    severity: Severity,
    level: usize,
    /// Where its text begins and ends, if it has one.
    text: Option<(usize, usize)>,
}

impl Block {
    /// Opens a block. `batches`: by the numbers that its lines carry.
    ///
    /// Errors: 500/1 the block is damaged.
    pub(super) fn open(first_line: i64, batches: &[i64], facts: &[u8], texts: &[u8]) -> Result<Block> {
        let opened = expand(texts).and_then(|texts| String::from_utf8(texts).ok()).and_then(|texts| {
            let content = expand(facts)?;
            let (facts, levels) = read_facts(&content, first_line, batches, &texts)?;
            Some(Block { facts, levels, texts })
        });
        opened.ok_or_else(|| {
            tracing::error!(first_line, "a block of console lines is damaged");
            ApiError::new(
                ErrorKind::InternalError,
                "part of the log is damaged; the server's log has the details",
            )
        })
    }

    /// All texts, one after the other.
    pub(super) fn texts(&self) -> &str {
        &self.texts
    }

    /// The lines for whose text and severity `wanted` holds, by number.
    pub(super) fn lines(&self, wanted: impl Fn(Option<&str>, Severity) -> bool) -> Vec<LogLine> {
        let text = |facts: &Facts| facts.text.map(|(from, to)| self.texts.get(from..to).unwrap_or_default());
        self.facts
            .iter()
            .filter(|facts| wanted(text(facts), facts.severity))
            .map(|facts| LogLine {
                line: facts.line,
                timestamp: facts.timestamp,
                batch: facts.batch,
                severity: facts.severity,
                iteration: None,
                series: None,
                level: self.levels.get(facts.level).cloned().flatten(),
                msg: text(facts).map(str::to_owned),
            })
            .collect()
    }
}

fn read_facts(
    mut from: &[u8],
    first_line: i64,
    batches: &[i64],
    texts: &str,
) -> Option<(Vec<Facts>, Vec<Option<String>>)> {
    let from = &mut from;
    if take_bytes(from, 1)? != [VERSION] {
        return None;
    }
    let count = usize::try_from(take(from)?).ok().filter(|count| *count <= from.len())?;
    let column = |from: &mut &[u8]| (0..count).map(|_| take(from)).collect::<Option<Vec<u64>>>();
    let (lines, times, senders, severities) = (column(from)?, column(from)?, column(from)?, column(from)?);
    let mut levels = Vec::new();
    for _ in 0..take(from)? {
        levels.push(match take(from)? {
            0 => None,
            length => {
                let bytes = take_bytes(from, usize::try_from(length - 1).ok()?)?;
                Some(std::str::from_utf8(bytes).ok()?.to_owned())
            }
        });
    }
    let (level_of, lengths) = (column(from)?, column(from)?);
    let (mut line, mut timestamp, mut end) = (first_line, 0_i64, 0_usize);
    let mut facts = Vec::with_capacity(count);
    for nth in 0..count {
        line = line.wrapping_add(*lines.get(nth)? as i64);
        timestamp = timestamp.wrapping_add(unzigzag(*times.get(nth)?));
        let text = match *lengths.get(nth)? {
            0 => None,
            length => {
                let begin = end;
                end = end.checked_add(usize::try_from(length - 1).ok()?)?;
                texts.get(begin..end)?;
                Some((begin, end))
            }
        };
        let level = usize::try_from(*level_of.get(nth)?).ok()?;
        levels.get(level)?;
        facts.push(Facts {
            line,
            timestamp,
            batch: *batches.get(usize::try_from(*senders.get(nth)?).ok()?)?,
            severity: Severity::from_code(i64::try_from(*severities.get(nth)?).ok()?),
            level,
            text,
        });
    }
    (end == texts.len() && from.is_empty()).then_some((facts, levels))
}

/// Position of `wanted`, which is added when it is new. Few are ever in the list, and the newest are asked for most.
fn index_of<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> u64 {
    let at = list.iter().rposition(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    });
    at as u64
}

fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_bytes<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

const fn unzigzag(number: u64) -> i64 {
    ((number >> 1) as i64) ^ -((number & 1) as i64)
}

fn squeeze(content: &[u8]) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "console lines could not be compressed");
        ApiError::from(ErrorKind::InternalError)
    };
    let mut packer = zstd::bulk::Compressor::new(LEVEL).map_err(failed)?;
    packer.include_checksum(true).map_err(failed)?;
    let mut blob = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    blob.extend(packer.compress(content).map_err(failed)?);
    Ok(blob)
}

fn expand(blob: &[u8]) -> Option<Vec<u8>> {
    let (length, frame) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= MAX_CONTENT)?;
    zstd::bulk::decompress(frame, length).ok().filter(|content| content.len() == length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(packed: &PackedLines) -> Result<Block> {
        Block::open(packed.first, &packed.batches, &packed.facts, &packed.texts)
    }

    fn any_line() -> impl Strategy<Value = LogLine> {
        let level = prop_oneof![
            Just(None),
            Just(Some("info".to_owned())),
            Just(Some("ERROR".to_owned())),
            any::<Option<String>>()
        ];
        (any::<i64>(), 0..5_i64, level, any::<Option<String>>()).prop_map(|(timestamp, batch, level, msg)| {
            LogLine {
                line: 0,
                timestamp,
                batch: batch * 7,
                severity: Severity::of(level.as_deref()),
                iteration: None,
                series: None,
                level,
                msg,
            }
        })
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            lines in proptest::collection::vec((any_line(), 1..4_i64), 1..60),
            first in 1..1_000_000_i64,
        ) {
            let mut number = first;
            let lines: Vec<LogLine> = lines.into_iter().map(|(line, step)| {
                number += step;
                LogLine { line: number, ..line }
            }).collect();
            let entries: Vec<_> = lines.iter().cloned().map(Entry::stored).collect();
            let packed = pack(&entries).unwrap().unwrap();
            prop_assert_eq!(open(&packed).unwrap().lines(|_, _| true), lines.clone());
            prop_assert_eq!((packed.first, packed.last), (lines[0].line, number));
        }

        #[test]
        fn damage_is_noticed_and_never_panics(at in 0..400_usize, with in any::<u8>(), content in any::<bool>()) {
            let entries: Vec<Entry<'_>> = (1..40)
                .map(|line| Entry {
                    line, timestamp: line * 1_000, batch: line % 3, severity: Severity::Plain,
                    level: Some("info".into()), msg: Some(format!("line {line}").into()),
                })
                .collect();
            let mut packed = pack(&entries).unwrap().unwrap();
            if content {
                // Past the checksum: the columns themselves are wrong.
                let mut facts = expand(&packed.facts).unwrap();
                let at = at % facts.len();
                facts[at] = with;
                packed.facts = squeeze(&facts).unwrap();
                let _ = open(&packed);
            } else {
                let at = at % packed.texts.len();
                prop_assume!(packed.texts[at] != with);
                packed.texts[at] = with;
                prop_assert!(open(&packed).is_err());
            }
        }
    }
}
