//! Console lines: numbered by arrival, read by time or by number (protocol: spec/events.md 4).
//!
//! A line is a row of `log` at first. Old ones, and those that come by the hundred, sit in compressed blocks
//! ([`block`]); [`merge`] reads both as one log. Lines with a metric or an iteration always are rows.

mod block;
mod clear;
mod merge;
mod pages;
mod seal;
mod search;
#[cfg(test)]
mod tests;
mod write;

use rusqlite::{Row, ToSql, params};

use self::merge::{Merge, Order, Reading};
pub use self::{
    block::PackedLines,
    clear::ClearLog,
    pages::LogPages,
    search::{FoundLines, Search},
};
use super::{EventOwner, SINGLE_VALUE, Series, rows::Direction};
use crate::{store::Snapshot, types::Result};

/// A console line, which may be a text of several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Number by arrival, from 1.
    pub line: i64,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Number of its batch.
    pub(crate) batch: i64,
    /// How serious it is.
    pub severity: Severity,
    /// Iteration, hardly ever there.
    pub iteration: Option<i64>,
    /// Series that holds its names, when it has any.
    pub(crate) series: Option<i64>,
    /// Level as sent.
    pub level: Option<String>,
    /// Text.
    pub msg: Option<String>,
}

/// How serious a line is, from its level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Neither of the others.
    #[default]
    Plain,
    /// A warning.
    Warning,
    /// An error or worse.
    Error,
}

impl Severity {
    /// From the level's text.
    pub fn of(level: Option<&str>) -> Severity {
        match level.map(str::to_ascii_lowercase).as_deref() {
            Some("warn" | "warning") => Severity::Warning,
            Some("error" | "err" | "critical" | "fatal") => Severity::Error,
            _ => Severity::Plain,
        }
    }

    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    fn from_code(code: i64) -> Severity {
        match code {
            1 => Severity::Warning,
            2 => Severity::Error,
            _ => Severity::Plain,
        }
    }
}

/// Which lines by metric and variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// All.
    All,
    /// Lines of these series, and those without names.
    Only {
        /// Series.
        series: Vec<i64>,
        /// Lines whose metric and variant are empty.
        unnamed: bool,
    },
}

/// Where a reading goes on, by time and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// Timestamp of the last line read.
    pub timestamp: i64,
    /// Its number.
    pub line: i64,
}

const COLUMNS: &str = "line, timestamp, batch, severity, iteration, series, level, msg";

fn read(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    Ok(LogLine {
        line: row.get(0)?,
        timestamp: row.get(1)?,
        batch: row.get(2)?,
        severity: Severity::from_code(row.get(3)?),
        iteration: row.get(4)?,
        series: row.get(5)?,
        level: row.get(6)?,
        msg: row.get(7)?,
    })
}

impl Names {
    /// Whether lines of this series (0: without names) are among them.
    pub(super) fn has(&self, of: i64) -> bool {
        match self {
            Names::All => true,
            Names::Only { series, unnamed } => {
                if of == 0 {
                    *unnamed
                } else {
                    series.contains(&of)
                }
            }
        }
    }

    /// A condition on `series` with the parameters `:listed` and `:unnamed`, and their values.
    fn condition(&self) -> (&'static str, Option<(String, bool)>) {
        match self {
            Names::All => ("", None),
            Names::Only { series, unnamed } => (
                "AND (series IN (SELECT value FROM json_each(:listed)) OR (:unnamed AND series IS NULL))",
                Some((serde_json::json!(series).to_string(), *unnamed)),
            ),
        }
    }
}

impl Snapshot<'_> {
    /// Number of lines.
    pub fn count_lines(&self, owner: &EventOwner, names: &Names) -> Result<i64> {
        let (condition, values) = names.condition();
        let Some((listed, unnamed)) = values else { return Ok(owner.log_count) };
        let rows = self.one(
            &format!("SELECT count(*) FROM log WHERE owner = :owner {condition}"),
            &[(":owner", &owner.seq as &dyn ToSql), (":listed", &listed), (":unnamed", &unnamed)][..],
            |row| row.get::<_, i64>(0),
        )?;
        let in_blocks = if unnamed { self.count_in_blocks(owner.seq)? } else { 0 };
        Ok(rows.unwrap_or_default() + in_blocks)
    }

    /// Number of lines that sit in blocks.
    pub(super) fn count_in_blocks(&self, owner: i64) -> Result<i64> {
        let count =
            self.one("SELECT coalesce(sum(count), 0) FROM log_block WHERE owner = ?1", [owner], |row| {
                row.get(0)
            })?;
        Ok(count.unwrap_or_default())
    }

    /// Whether there are lines of a series, or (`None`) lines without names.
    pub fn has_lines(&self, owner: &EventOwner, series: Option<&Series>) -> Result<bool> {
        let found = self.one(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM log WHERE owner = ?1 AND series IS ?2)
                 OR ?2 IS NULL AND EXISTS (SELECT 1 FROM log_block WHERE owner = ?1)",
            params![owner.seq, series.map(|series| series.id)],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Whether lines without names have iterations that charts would show. Uses `log_by_iteration`.
    pub fn has_numbered_lines(&self, owner: &EventOwner) -> Result<bool> {
        let found = self.one(
            "SELECT 1 FROM log WHERE owner = ?1 AND iteration IS NOT NULL AND iteration > ?2 AND series IS NULL LIMIT 1",
            params![owner.seq, SINGLE_VALUE],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// The greatest iteration of console lines. Uses `log_by_iteration`.
    pub fn greatest_line_iteration(&self, owner: &EventOwner) -> Result<Option<i64>> {
        let greatest = self.one(
            "SELECT max(iteration) FROM log WHERE owner = ?1 AND iteration IS NOT NULL",
            [owner.seq],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        Ok(greatest.flatten())
    }

    /// Up to `limit` lines by time, those of the same moment by number, after `after` in the reading direction.
    /// `newest`: lines that arrived later are left out. `unnumbered`: only lines without iteration. Uses `log_by_time`.
    #[allow(clippy::too_many_arguments)]
    pub fn lines_by_time(
        &self,
        owner: &EventOwner,
        names: &Names,
        direction: Direction,
        after: Option<LogPlace>,
        newest: i64,
        unnumbered: bool,
        limit: usize,
    ) -> Result<Vec<LogLine>> {
        let reading = Reading {
            after,
            newest,
            names,
            unnumbered,
            expected: limit,
            ..Reading::of(owner.seq, Order::Time, direction)
        };
        Merge::new(self.conn, reading).take(limit)
    }

    /// Up to `limit` lines by number, at least as serious as `severity`, from line `from` on in the given direction. In
    /// the order of reading.
    pub fn lines_by_number(
        &self,
        owner: &EventOwner,
        from: i64,
        direction: Direction,
        severity: Severity,
        limit: usize,
    ) -> Result<Vec<LogLine>> {
        let reading = Reading {
            after: Some(LogPlace::before(from, direction)),
            severity,
            expected: limit,
            ..Reading::of(owner.seq, Order::Number, direction)
        };
        Merge::new(self.conn, reading).take(limit)
    }

    /// Lines with an iteration by number, in the order given: these always are rows.
    pub(crate) fn lines_by_row(&self, owner: &EventOwner, numbers: &[i64]) -> Result<Vec<LogLine>> {
        let sql = format!("SELECT {COLUMNS} FROM log WHERE owner = {} AND line = ?1", owner.seq);
        self.by_number(&sql, numbers, read)
    }
}

impl LogPlace {
    /// The place from which a reading by number meets `line` first.
    fn before(line: i64, direction: Direction) -> LogPlace {
        let line = match direction {
            Direction::Ascending => line.saturating_sub(1),
            Direction::Descending => line.saturating_add(1),
        };
        LogPlace { timestamp: 0, line }
    }
}
