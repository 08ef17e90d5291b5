//! Reading a log in order: rows and blocks, merged.
//!
//! Both are read piece by piece. A piece is read only when the next line might be in it, so any place of any log costs a
//! look-up and one or two blocks. Blocks may overlap each other and the rows; what counts is where each begins.

use std::{collections::VecDeque, time::Instant};

use rusqlite::{Connection, ToSql, params};

use super::{COLUMNS, LogLine, LogPlace, Names, Search, Severity, block::Block, read};
use crate::{
    store::{events::rows::Direction, failed},
    types::Result,
};

/// What is read, and in which order.
#[derive(Clone, Debug)]
pub(super) struct Reading<'a> {
    pub(super) owner: i64,
    pub(super) order: Order,
    pub(super) direction: Direction,
    /// Only lines beyond this place in the direction of reading. By number, only `line` counts.
    pub(super) after: Option<LogPlace>,
    /// Lines that arrived later are left out.
    pub(super) newest: i64,
    pub(super) names: &'a Names,
    /// Only lines without iteration.
    pub(super) unnumbered: bool,
    /// Only lines at least as serious. By number only.
    pub(super) severity: Severity,
    /// Only lines that match.
    pub(super) search: Option<&'a Search>,
    /// Lines that will be asked for, as far as known.
    pub(super) expected: usize,
}

impl Reading<'_> {
    /// All lines of a log.
    pub(super) fn of(owner: i64, order: Order, direction: Direction) -> Self {
        Reading {
            owner,
            order,
            direction,
            after: None,
            newest: i64::MAX,
            names: &Names::All,
            unnumbered: false,
            severity: Severity::Plain,
            search: None,
            expected: PIECE,
        }
    }
}

/// What lines are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Timestamp, then number.
    Time,
    /// Number.
    Number,
}

/// What a merge answers.
#[derive(Debug)]
pub(super) enum Step {
    /// The next line.
    Line(LogLine),
    /// The time is up; all up to this place has been looked at. By number only.
    Pause(i64),
    /// There are no more lines.
    End,
}

/// Place in the order of reading: ascending, whatever the direction.
type Rank = (i64, i64);

/// Lines read from the table, with their ranks.
type Ranked = VecDeque<(Rank, LogLine)>;

pub(super) struct Merge<'a> {
    conn: &'a Connection,
    reading: Reading<'a>,
    rows: Vec<Rows>,
    opened: Vec<Ranked>,
    upcoming: VecDeque<Upcoming>,
    /// Where the list of blocks goes on; `None`: all were listed.
    more_blocks: Option<(i64, i64)>,
}

/// One range of the table `log`.
struct Rows {
    source: &'static str,
    read: Ranked,
    /// Where it goes on; `None`: all was read.
    place: Option<Option<LogPlace>>,
}

/// A block that has not been opened.
#[derive(Clone, Copy)]
struct Upcoming {
    id: i64,
    rank: Rank,
}

/// Second part of the rank of a block: before all lines of the same beginning.
const BEFORE: i64 = i64::MIN;

/// Rows and entries of blocks that are read at once.
const PIECE: usize = 256;

impl<'a> Merge<'a> {
    pub(super) fn new(conn: &'a Connection, reading: Reading<'a>) -> Self {
        // One range of `log_serious` per severity: two short look-ups, where "severity >= 1" would have to sort. Indices
        // are named because SQLite, which can't know how rare such lines are, would walk the whole log.
        let sources: &[&'static str] = match (reading.order, reading.severity) {
            (Order::Time, _) => &["log INDEXED BY log_by_time WHERE"],
            (Order::Number, Severity::Plain) => &["log WHERE"],
            (Order::Number, Severity::Warning) => &[
                "log INDEXED BY log_serious WHERE severity = 1 AND severity > 0 AND",
                "log INDEXED BY log_serious WHERE severity = 2 AND severity > 0 AND",
            ],
            (Order::Number, Severity::Error) => {
                &["log INDEXED BY log_serious WHERE severity = 2 AND severity > 0 AND"]
            }
        };
        let rows = |source: &&'static str| Rows { source, read: Ranked::new(), place: Some(reading.after) };
        Merge {
            conn,
            rows: sources.iter().map(rows).collect(),
            opened: Vec::new(),
            upcoming: VecDeque::new(),
            // Blocks hold lines without names only.
            more_blocks: reading.names.has(0).then_some((i64::MIN, 0)),
            reading,
        }
    }

    /// The next line. With a deadline: pauses once it has passed, but never before it got ahead.
    pub(super) fn next(&mut self, deadline: Option<Instant>) -> Result<Step> {
        loop {
            if self.upcoming.is_empty() && self.more_blocks.is_some() {
                self.list_blocks()?;
            }
            let unread = self.rows.iter().filter(|rows| rows.read.is_empty()).filter_map(|rows| rows.place);
            let rows_at =
                unread.map(|place| place.map_or((i64::MIN, i64::MIN), |place| self.rank(place))).min();
            let block_at = self.upcoming.front().map(|block| block.rank);
            let frontier = rows_at.into_iter().chain(block_at).min();
            let got_ahead = frontier.map(looked_at) > self.reading.after.map(|place| self.rank(place).0);
            let heads = self.rows.iter_mut().map(|rows| &mut rows.read).chain(&mut self.opened);
            let first = heads
                .filter_map(|lines| lines.front().map(|(rank, _)| *rank).map(|rank| (rank, lines)))
                .min_by_key(|(rank, _)| *rank);
            match (first, frontier) {
                (None, None) => return Ok(Step::End),
                (Some((rank, lines)), frontier) if frontier.is_none_or(|frontier| rank < frontier) => {
                    let line = lines.pop_front();
                    if lines.is_empty() {
                        self.opened.retain(|lines| !lines.is_empty());
                    }
                    if let Some((_, line)) = line {
                        return Ok(Step::Line(line));
                    }
                }
                (_, Some(frontier))
                    if got_ahead && deadline.is_some_and(|deadline| Instant::now() > deadline) =>
                {
                    let line = looked_at(frontier);
                    let ascending = self.reading.direction == Direction::Ascending;
                    return Ok(Step::Pause(if ascending { line } else { !line }));
                }
                _ if rows_at.is_some() && (block_at.is_none() || rows_at <= block_at) => {
                    self.read_rows(rows_at)?
                }
                _ => self.open_block()?,
            }
        }
    }

    /// Up to `limit` lines.
    pub(super) fn take(&mut self, limit: usize) -> Result<Vec<LogLine>> {
        let mut lines = Vec::with_capacity(limit.min(self.reading.expected));
        while lines.len() < limit
            && let Step::Line(line) = self.next(None)?
        {
            lines.push(line);
        }
        Ok(lines)
    }

    fn rank(&self, place: LogPlace) -> Rank {
        let rank = match self.reading.order {
            Order::Time => (place.timestamp, place.line),
            Order::Number => (place.line, 0),
        };
        // The complement turns the order round and, unlike a minus, can't overflow.
        if self.reading.direction == Direction::Ascending { rank } else { (!rank.0, !rank.1) }
    }

    fn rank_of(&self, line: &LogLine) -> Rank {
        self.rank(LogPlace { timestamp: line.timestamp, line: line.line })
    }

    /// Reads on in the range of rows that stands at `rank`.
    fn read_rows(&mut self, rank: Option<Rank>) -> Result<()> {
        let at = self.rows.iter().position(|rows| {
            let at = rows.place.map(|place| place.map_or((i64::MIN, i64::MIN), |place| self.rank(place)));
            rows.read.is_empty() && at.is_some() && at == rank
        });
        let Some((at, rows)) = at.and_then(|at| self.rows.get(at).map(|rows| (at, rows))) else {
            return Ok(());
        };
        let after = rows.place.flatten();
        let lines = self.query_rows(rows.source, after, self.reading.expected.clamp(1, PIECE))?;
        let place = match lines.last() {
            Some(last) if lines.len() == self.reading.expected.clamp(1, PIECE) => {
                Some(Some(LogPlace { timestamp: last.timestamp, line: last.line }))
            }
            _ => None,
        };
        let wanted =
            |line: &LogLine| self.reading.search.is_none_or(|search| search.finds(line.msg.as_deref()));
        let read = lines.into_iter().filter(wanted).map(|line| (self.rank_of(&line), line)).collect();
        if let Some(rows) = self.rows.get_mut(at) {
            rows.place = place;
            rows.read = read;
        }
        Ok(())
    }

    fn query_rows(&self, source: &str, after: Option<LogPlace>, limit: usize) -> Result<Vec<LogLine>> {
        let Reading { order, direction, newest, owner, .. } = &self.reading;
        let (condition, listed) = self.reading.names.condition();
        let beyond = match (after.is_some(), order, direction) {
            (false, ..) => "",
            (_, Order::Time, Direction::Ascending) => "AND (timestamp, line) > (:timestamp, :after)",
            (_, Order::Time, Direction::Descending) => "AND (timestamp, line) < (:timestamp, :after)",
            (_, Order::Number, Direction::Ascending) => "AND line > :after",
            (_, Order::Number, Direction::Descending) => "AND line < :after",
        };
        let sorted = match (order, direction.sql()) {
            (Order::Time, sql) => format!("timestamp {sql}, line {sql}"),
            (Order::Number, sql) => format!("line {sql}"),
        };
        let numbered = if self.reading.unnumbered { "AND iteration IS NULL" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM {source} owner = :owner AND line <= :newest {beyond} {numbered} {condition}
             ORDER BY {sorted} LIMIT :limit"
        );
        let limit = limit as i64;
        let mut values: Vec<(&str, &dyn ToSql)> =
            vec![(":owner", owner), (":newest", newest), (":limit", &limit)];
        if let Some(place) = &after {
            values.push((":after", &place.line));
            if *order == Order::Time {
                values.push((":timestamp", &place.timestamp));
            }
        }
        if let Some((listed, unnamed)) = &listed {
            values.push((":listed", listed));
            values.push((":unnamed", unnamed));
        }
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map(values.as_slice(), read).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// Lists the next blocks by where they begin. Uses the four indices of `log_block`, which cover it.
    fn list_blocks(&mut self) -> Result<()> {
        let (index, begin, end) = match (self.reading.order, self.reading.direction) {
            (Order::Number, Direction::Ascending) => ("log_block_by_first_line", "first_line", "last_line"),
            (Order::Number, Direction::Descending) => ("log_block_by_last_line", "last_line", "first_line"),
            (Order::Time, Direction::Ascending) => ("log_block_by_earliest", "earliest", "latest"),
            (Order::Time, Direction::Descending) => ("log_block_by_latest", "latest", "earliest"),
        };
        let Some((from, id)) = self.more_blocks else { return Ok(()) };
        let ascending = self.reading.direction == Direction::Ascending;
        // A block counts when it reaches beyond the place where the reading begins.
        let side = if ascending { ">=" } else { "<=" };
        let sql = format!(
            "SELECT {begin}, id FROM log_block INDEXED BY {index}
             WHERE owner = ?1 AND {begin} {side} ?2 AND {end} {side} ?3 AND serious >= ?4
             ORDER BY {begin} {} LIMIT ?5 OFFSET ?6",
            self.reading.direction.sql()
        );
        let turned = |number: i64| if ascending { number } else { !number };
        let after = self.reading.after.map(|place| self.rank(place).0).unwrap_or(i64::MIN);
        let piece = PIECE as i64;
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        // `id` counts the blocks of the same beginning that were listed already.
        let values =
            params![self.reading.owner, turned(from), turned(after), self.reading.severity.code(), piece, id];
        let found = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let found: Vec<(i64, i64)> = found.collect::<rusqlite::Result<_>>().map_err(failed)?;
        self.more_blocks = match found.last() {
            Some((last, _)) if found.len() == PIECE => {
                let same = found.iter().filter(|(begin, _)| begin == last).count() as i64;
                Some((turned(*last), if turned(*last) == from { id + same } else { same }))
            }
            _ => None,
        };
        let rank = |begin: i64| (turned(begin), BEFORE);
        self.upcoming.extend(found.into_iter().map(|(begin, id)| Upcoming { id, rank: rank(begin) }));
        Ok(())
    }

    fn open_block(&mut self) -> Result<()> {
        let Some(block) = self.upcoming.pop_front() else { return Ok(()) };
        let Some(block) = read_block(self.conn, block.id)? else { return Ok(()) };
        let Reading { search, severity, newest, after, .. } = &self.reading;
        if search.is_some_and(|search| !search.may_find(block.texts())) {
            return Ok(());
        }
        let wanted = |text: Option<&str>, is: Severity| {
            is >= *severity && search.is_none_or(|search| search.finds(text))
        };
        let after = after.map(|place| self.rank(place));
        let mut lines: Vec<(Rank, LogLine)> = block
            .lines(wanted)
            .into_iter()
            .filter(|line| line.line <= *newest)
            .map(|line| (self.rank_of(&line), line))
            .filter(|(rank, _)| after.is_none_or(|after| *rank > after))
            .collect();
        lines.sort_by_key(|(rank, _)| *rank);
        if !lines.is_empty() {
            self.opened.push(lines.into());
        }
        Ok(())
    }
}

/// First part of the rank of the last line before a frontier, at which rows stand just behind a line and blocks just
/// before one.
fn looked_at((line, place): Rank) -> i64 {
    if place == BEFORE { line.saturating_sub(1) } else { line }
}

/// A block by its number; `None` when it is gone.
pub(super) fn read_block(conn: &Connection, id: i64) -> Result<Option<Block>> {
    let mut statement = conn
        .prepare_cached("SELECT first_line, batches, facts, texts FROM log_block WHERE id = ?1")
        .map_err(failed)?;
    let mut rows = statement.query([id]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
    let first: i64 = row.get(0).map_err(failed)?;
    let batches: String = row.get(1).map_err(failed)?;
    let batches: Vec<i64> = serde_json::from_str(&batches).unwrap_or_default();
    let blob =
        |at: usize| row.get_ref(at).and_then(|value| value.as_blob().map_err(Into::into)).map_err(failed);
    Block::open(first, &batches, blob(2)?, blob(3)?).map(Some)
}
