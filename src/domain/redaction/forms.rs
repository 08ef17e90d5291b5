//! The forms in which a value may show: as it is, in base64 at any offset, in addresses, in JSON.

use std::{collections::BTreeMap, ops::Range};

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What addresses keep as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What paths keep as well.
const KEPT_IN_PATHS: &AsciiSet = &KEPT.remove(b'/');
/// Shortest form that is looked for.
const SHORTEST: usize = 8;
/// Characters of base64 beside a match that may hold a rest of the value.
const BASE64_REST: usize = 4;

/// Finds the values of one task in texts.
pub(super) struct Matcher {
    automaton: AhoCorasick,
    /// Which patterns are base64.
    encoded: Vec<bool>,
    /// Bytes of the longest pattern.
    pub(super) longest: usize,
}

impl Matcher {
    /// For these values.
    ///
    /// Errors: there are too many, or too long ones.
    pub(super) fn of<'v>(values: impl Iterator<Item = &'v str>) -> Result<Matcher, BuildError> {
        let mut patterns: BTreeMap<String, bool> = BTreeMap::new();
        for value in values {
            for form in base64_forms(value) {
                patterns.entry(form).or_insert(true);
            }
            for form in plain_forms(value) {
                patterns.insert(form, false);
            }
        }
        patterns.retain(|form, _| form.len() >= SHORTEST);
        let longest = patterns.keys().map(String::len).max().unwrap_or_default();
        let (forms, encoded): (Vec<String>, Vec<bool>) = patterns.into_iter().unzip();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&forms)?;
        Ok(Matcher { automaton, encoded, longest })
    }

    /// Where values stand: parts of the text that don't touch, in order.
    pub(super) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        if !self.automaton.is_match(text) {
            return Vec::new();
        }
        let mut ranges: Vec<Range<usize>> = self
            .automaton
            .find_overlapping_iter(text)
            .map(|found| match self.encoded.get(found.pattern().as_usize()) {
                Some(true) => widened(text, found.range()),
                _ => found.range(),
            })
            .collect();
        joined(&mut ranges);
        ranges
    }

    /// All matches that reach over `at`.
    pub(super) fn over(&self, text: &str, at: usize) -> Option<Range<usize>> {
        if !self.automaton.is_match(text) {
            return None;
        }
        self.automaton
            .find_overlapping_iter(text)
            .map(|found| found.range())
            .filter(|range| range.start < at && range.end > at)
            .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
    }

    /// The text with all values masked, and how many there were; `None` when there is none.
    pub(super) fn masked(&self, text: &str) -> Option<(String, u64)> {
        let ranges = self.ranges(text);
        (!ranges.is_empty()).then(|| (apply(text, &ranges), ranges.len() as u64))
    }
}

/// The text with these parts masked.
pub(super) fn apply(text: &str, ranges: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        masked.push_str(text.get(done..range.start).unwrap_or_default());
        masked.push_str(super::MASK);
        done = range.end;
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    masked
}

/// Sorts parts and joins those that touch.
pub(super) fn joined(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut kept: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match kept.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => kept.push(range),
        }
    }
    *ranges = kept;
}

/// A match in base64 covers whole groups only; the characters beside it hold the rest of the value.
fn widened(text: &str, range: Range<usize>) -> Range<usize> {
    let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let bytes = text.as_bytes();
    let before = bytes.get(..range.start).unwrap_or_default();
    let after = bytes.get(range.end..).unwrap_or_default();
    let before = before.iter().rev().take(BASE64_REST).take_while(is_base64).count();
    let after = after.iter().take(BASE64_REST).take_while(is_base64).count();
    range.start - before..range.end + after
}

fn plain_forms(value: &str) -> Vec<String> {
    let mut forms = vec![
        value.to_owned(),
        utf8_percent_encode(value, KEPT).to_string(),
        utf8_percent_encode(value, KEPT_IN_PATHS).to_string(),
        utf8_percent_encode(value, KEPT).to_string().replace("%20", "+"),
    ];
    if let Ok(json) = serde_json::to_string(value) {
        forms.push(json.trim_matches('"').to_owned());
    }
    forms
}

/// The groups of base64 that depend on the value alone, for each place it may have within a longer text.
fn base64_forms(value: &str) -> Vec<String> {
    let mut forms = Vec::with_capacity(6);
    for offset in 0..3_usize {
        // Bytes of the value before the first group that begins inside it.
        let skipped = (3 - offset) % 3;
        let Some(rest) = value.as_bytes().get(skipped..) else { continue };
        let whole = rest.get(..rest.len() / 3 * 3).unwrap_or_default();
        forms.push(STANDARD_NO_PAD.encode(whole));
        forms.push(URL_SAFE_NO_PAD.encode(whole));
    }
    forms
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn masked(values: &[&str], text: &str) -> String {
        let matcher = Matcher::of(values.iter().copied()).unwrap();
        matcher.masked(text).map_or_else(|| text.to_owned(), |(masked, _)| masked)
    }

    #[test]
    fn every_form_is_masked() {
        let value = "p@t/bob 12\"34";
        for form in [
            value.to_owned(),
            "p%40t%2Fbob%2012%2234".to_owned(),
            "p%40t/bob%2012%2234".to_owned(),
            "p%40t%2Fbob+12%2234".to_owned(),
            "p@t/bob 12\\\"34".to_owned(),
            STANDARD.encode(value),
        ] {
            assert_eq!(masked(&[value], &format!("<{form}>")), "<****>", "{form}");
        }
        assert_eq!(masked(&[value], "p@t/bob"), "p@t/bob");
    }

    #[test]
    fn values_that_overlap_or_contain_each_other_leave_no_rest() {
        assert_eq!(masked(&["abcdefgh", "efghijkl"], "-abcdefghijkl-"), "-****-");
        assert_eq!(masked(&["abcdefgh", "xabcdefghx"], "xabcdefghx"), "****");
        assert_eq!(masked(&["aaaaaaaa"], &"a".repeat(20)), "****");
    }

    proptest! {
        #[test]
        fn base64_around_a_value_shows_at_most_its_neighbours(before in "[a-z]{0,5}", after in "[a-z]{0,5}") {
            let value = "s3cr3t-Value";
            let encoded = STANDARD.encode(format!("{before}{value}{after}"));
            let shown = masked(&[value], &encoded);
            prop_assert!(shown.contains("****"), "{}", shown);
            let left = shown.replace("****", "");
            let decoded = STANDARD.decode(&encoded).unwrap();
            prop_assert!(left.len() + value.len() <= decoded.len() * 4 / 3 + 4, "{}", shown);
        }
    }
}
