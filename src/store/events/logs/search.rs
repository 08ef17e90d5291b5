//! Finding a text in a log.

use std::time::{Duration, Instant};

use regex::{Regex, RegexBuilder};

use super::{LogLine, Merge, Names, Order, Reading, Severity, merge::Step};
use crate::{
    store::{Snapshot, events::EventOwner, events::rows::Direction},
    types::{ApiError, ErrorKind, Result},
};

/// What is looked for, whatever its case.
#[derive(Clone, Debug)]
pub struct Search {
    pattern: Regex,
    /// A plain text, whose absence from all of a block's texts says that no line has it.
    plain: bool,
}

/// Characters in a pattern at most.
const LONGEST: usize = 1_000;
/// What a compiled expression may take, bytes: enough for any that a person writes.
const PROGRAM: usize = 256 * 1024;

impl Search {
    /// Lines that contain this text.
    ///
    /// Errors: 400/12 empty or longer than 1,000 characters.
    pub fn text(text: &str) -> Result<Search> {
        Search::new(&regex::escape(text), text, true)
    }

    /// Lines that a regular expression matches. `^` and `$` stand at the ends of each line of a text of several lines.
    ///
    /// Errors: 400/12 empty, too long, no expression, or one that takes too much memory.
    pub fn expression(expression: &str) -> Result<Search> {
        Search::new(expression, expression, false)
    }

    fn new(pattern: &str, sent: &str, plain: bool) -> Result<Search> {
        let refused = |why: &str| Err(ApiError::new(ErrorKind::ValidationError, why).with("search", sent));
        if sent.is_empty() {
            return refused("search for at least one character");
        }
        if sent.chars().count() > LONGEST {
            return refused("a search has at most 1,000 characters");
        }
        let built = RegexBuilder::new(pattern)
            .case_insensitive(true)
            .multi_line(true)
            .size_limit(PROGRAM)
            .dfa_size_limit(4 * PROGRAM)
            .nest_limit(50)
            .build();
        match built {
            Ok(pattern) => Ok(Search { pattern, plain }),
            Err(regex::Error::CompiledTooBig(_)) => {
                refused("the regular expression takes too much memory; use smaller repetitions")
            }
            Err(_) => {
                refused("the search is no regular expression; check its brackets, or search for plain text")
            }
        }
    }

    /// Whether a line's text matches.
    pub(super) fn finds(&self, text: Option<&str>) -> bool {
        text.is_some_and(|text| self.pattern.is_match(text))
    }

    /// Whether a line of a block may match, by all its texts joined. `true` for expressions: their anchors look beyond.
    pub(super) fn may_find(&self, texts: &str) -> bool {
        !self.plain || self.pattern.is_match(texts)
    }

    /// Where the text matches, as byte ranges.
    pub fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = std::ops::Range<usize>> + 't {
        self.pattern.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

/// What one piece of a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundLines {
    /// Lines that match, in the order of the search.
    pub lines: Vec<LogLine>,
    /// The line at which the search goes on; `None`: all was searched.
    pub next: Option<i64>,
}

impl Snapshot<'_> {
    /// Lines that match, by number from line `from` on (inclusive) in a direction. Stops after `limit` lines, or when
    /// `patience` is over: a search never outlasts it by more than one piece.
    #[allow(clippy::too_many_arguments)]
    pub fn search_log(
        &self,
        owner: &EventOwner,
        search: &Search,
        names: &Names,
        severity: Severity,
        from: i64,
        direction: Direction,
        limit: usize,
        patience: Duration,
    ) -> Result<FoundLines> {
        let deadline = Some(Instant::now() + patience);
        let reading = Reading {
            after: Some(super::LogPlace::before(from, direction)),
            names,
            severity,
            search: Some(search),
            ..Reading::of(owner.seq, Order::Number, direction)
        };
        let mut merge = Merge::new(self.conn, reading);
        let mut lines: Vec<LogLine> = Vec::new();
        let beyond = |line: i64| match direction {
            Direction::Ascending => line.saturating_add(1),
            Direction::Descending => line.saturating_sub(1),
        };
        while lines.len() < limit {
            match merge.next(deadline)? {
                Step::Line(line) => lines.push(line),
                Step::Pause(looked_at) => return Ok(FoundLines { lines, next: Some(beyond(looked_at)) }),
                Step::End => return Ok(FoundLines { lines, next: None }),
            }
        }
        let next = lines.last().map(|line| beyond(line.line));
        Ok(FoundLines { lines, next })
    }
}
