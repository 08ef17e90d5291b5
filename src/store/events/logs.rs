//! Console lines: numbered by arrival, read by time or by number (protocol: spec/events.md 4).

use rusqlite::{Row, ToSql, params};

use super::{EventOwner, SINGLE_VALUE, Series, rows::Direction};
use crate::{
    store::{Readers, Scope, Snapshot, Store, Tx, failed, sql},
    types::{Millis, Result},
};

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

/// Which lines to remove; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct ClearLog {
    /// Older than this.
    pub before: Option<Millis>,
    /// Of these metrics; empty: of all.
    pub include_metrics: Vec<String>,
    /// Not of these metrics.
    pub exclude_metrics: Vec<String>,
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
        let count = self.one(
            &format!("SELECT count(*) FROM log WHERE owner = :owner {condition}"),
            &[(":owner", &owner.seq as &dyn ToSql), (":listed", &listed), (":unnamed", &unnamed)][..],
            |row| row.get(0),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Whether there are lines of a series, or (`None`) lines without names.
    pub fn has_lines(&self, owner: &EventOwner, series: Option<&Series>) -> Result<bool> {
        let found = self.one(
            "SELECT 1 FROM log WHERE owner = ?1 AND series IS ?2 LIMIT 1",
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
        lines_by_time(self.conn, owner.seq, names, direction, after, newest, unnumbered, limit)
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
        let (side, order) = match direction {
            Direction::Ascending => (">=", "ASC"),
            Direction::Descending => ("<=", "DESC"),
        };
        let mut lines = Vec::new();
        // One range of `log_serious` per severity: two short look-ups, where "severity >= 1" would have to sort. The index
        // is named because SQLite, which can't know how rare such lines are, would walk the whole log.
        let sources: &[&str] = match severity {
            Severity::Plain => &["log WHERE"],
            Severity::Warning => &[
                "log INDEXED BY log_serious WHERE severity = 1 AND severity > 0 AND",
                "log INDEXED BY log_serious WHERE severity = 2 AND severity > 0 AND",
            ],
            Severity::Error => &["log INDEXED BY log_serious WHERE severity = 2 AND severity > 0 AND"],
        };
        for source in sources {
            let sql = format!(
                "SELECT {COLUMNS} FROM {source} owner = ?1 AND line {side} ?2 ORDER BY line {order} LIMIT ?3"
            );
            lines.extend(self.all(&sql, params![owner.seq, from, limit as i64], read)?);
        }
        match direction {
            Direction::Ascending => lines.sort_by_key(|line| line.line),
            Direction::Descending => lines.sort_by_key(|line| std::cmp::Reverse(line.line)),
        }
        lines.truncate(limit);
        Ok(lines)
    }

    /// Lines by number, in the order given.
    pub(crate) fn lines_by_row(&self, owner: &EventOwner, numbers: &[i64]) -> Result<Vec<LogLine>> {
        let sql = format!("SELECT {COLUMNS} FROM log WHERE owner = {} AND line = ?1", owner.seq);
        self.by_number(&sql, numbers, read)
    }

    /// How many lines contain `text`, and the numbers of the nearest such lines before and after line `around`.
    pub fn find_in_log(
        &self,
        owner: &EventOwner,
        text: &str,
        around: i64,
    ) -> Result<(i64, Option<i64>, Option<i64>)> {
        let found = self.one(
            "SELECT count(*), max(iif(line < ?3, line, NULL)), min(iif(line > ?3, line, NULL)) FROM log
             WHERE owner = ?1 AND instr(msg, ?2)",
            params![owner.seq, text, around],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        Ok(found.unwrap_or((0, None, None)))
    }
}

#[allow(clippy::too_many_arguments)]
fn lines_by_time(
    conn: &rusqlite::Connection,
    owner: i64,
    names: &Names,
    direction: Direction,
    after: Option<LogPlace>,
    newest: i64,
    unnumbered: bool,
    limit: usize,
) -> Result<Vec<LogLine>> {
    let (condition, listed) = names.condition();
    let (beyond, order) = match direction {
        Direction::Ascending => ("(timestamp, line) > (:timestamp, :after)", "ASC"),
        Direction::Descending => ("(timestamp, line) < (:timestamp, :after)", "DESC"),
    };
    let place = if after.is_some() { format!("AND {beyond}") } else { String::new() };
    let numbered = if unnumbered { "AND iteration IS NULL" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM log INDEXED BY log_by_time WHERE owner = :owner AND line <= :newest {place} {numbered}
             {condition} ORDER BY timestamp {order}, line {order} LIMIT :limit"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":owner", &owner), (":newest", &newest), (":limit", &limit)];
    if let Some(place) = &after {
        values.push((":timestamp", &place.timestamp));
        values.push((":after", &place.line));
    }
    if let Some((listed, unnamed)) = &listed {
        values.push((":listed", listed));
        values.push((":unnamed", unnamed));
    }
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let rows = statement.query_map(values.as_slice(), read).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

impl Tx<'_> {
    /// Removes lines; returns how many. Numbers of the others stay.
    pub fn clear_log(&self, owner: &EventOwner, what: &ClearLog) -> Result<u64> {
        let list = |names: &[String]| serde_json::json!(names).to_string();
        let metric = "coalesce((SELECT n.metric FROM series s JOIN metric_variant n ON n.id = s.name WHERE s.id = log.series), '')";
        let deleted = self.run(
            &format!(
                "DELETE FROM log WHERE owner = ?1 AND (?2 IS NULL OR timestamp < ?2)
                     AND (?3 = '[]' OR {metric} IN (SELECT value FROM json_each(?3)))
                     AND (?4 = '[]' OR {metric} NOT IN (SELECT value FROM json_each(?4)))"
            ),
            params![
                owner.seq,
                what.before.map(|moment| moment.0),
                list(&what.include_metrics),
                list(&what.exclude_metrics),
            ],
        )?;
        if deleted > 0 {
            self.run(
                "UPDATE event_owner SET log_count = log_count - ?2, revision = revision + 1,
                     logs_changed = revision + 1 WHERE seq = ?1",
                params![owner.seq, deleted as i64],
            )?;
        }
        Ok(deleted as u64)
    }
}

/// A whole log, page by page in order of time, with a reader of its own for each page: a slow download holds
/// neither a connection nor a snapshot.
pub struct LogPages {
    readers: Readers,
    owner: i64,
    newest: i64,
    after: Option<LogPlace>,
}

/// Lines on one page.
const PAGE: usize = 1_000;

impl Store {
    /// The log of an entity that the caller may read, as it is now.
    pub fn log_pages(&self, owner: &EventOwner) -> LogPages {
        LogPages { readers: self.readers.clone(), owner: owner.seq, newest: owner.lines, after: None }
    }
}

impl LogPages {
    /// The next lines, with a snapshot on which their batches can be read; empty at the end.
    pub fn next<T>(
        &mut self,
        scope: &Scope,
        work: impl FnOnce(&Snapshot<'_>, Vec<LogLine>) -> Result<T>,
    ) -> Result<T> {
        let conn = self.readers.get().map_err(sql::pool_failed)?;
        let lines = lines_by_time(
            &conn,
            self.owner,
            &Names::All,
            Direction::Ascending,
            self.after,
            self.newest,
            false,
            PAGE,
        )?;
        if let Some(last) = lines.last() {
            self.after = Some(LogPlace { timestamp: last.timestamp, line: last.line });
        }
        work(&Snapshot { conn: &conn, scope, now: Millis::now() }, lines)
    }
}
