//! Console lines: read by time, scrolled, cleared, and windowed by number for the pages (protocol: spec/events.md 4).

use super::{
    access::{Readable, deletable, readable_one},
    choice::Choice,
    document::Writer,
    scroll::{Begun, ENDED, Rest, Scroll, begun, proceed},
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{
            ClearLog, Direction, EventKind, EventOwner, LogLine, LogPlace, Names, OwnerKind, Series, Severity,
        },
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Lines on a page at most, not counting those of the same moment.
const MAX_PAGE: i64 = 10_000;

/// What is asked for by time.
#[derive(Clone, Debug)]
pub struct LogByTime {
    /// Task.
    pub task: String,
    /// Lines on a page.
    pub batch_size: i64,
    /// Towards older lines, from the newest; else towards newer ones, from the oldest.
    pub earlier: bool,
    /// Only lines strictly beyond this moment, milliseconds; 0: all.
    pub from_timestamp: Option<i64>,
    /// Order of the answer: `true` oldest first; `None`: as read.
    pub ascending: Option<bool>,
    /// Which metrics.
    pub choice: Choice,
}

/// A page of console lines.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// Documents.
    pub events: Vec<Json>,
    /// All lines that match, wherever the page stands.
    pub total: i64,
}

/// A page by time, extended by all lines of its last moment, so that the next call goes on strictly beyond it.
///
/// Errors: 400/101 unknown task; 400/12 a negative size.
pub fn log_by_time(ctx: &Ctx<'_>, asked: &LogByTime) -> Result<LogPage> {
    if asked.batch_size < 0 {
        return Err(ApiError::new(ErrorKind::ValidationError, "batch_size must not be negative")
            .with("batch_size", asked.batch_size));
    }
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, &asked.task)?;
        let Some(events) = &of.events else { return Ok(LogPage { events: Vec::new(), total: 0 }) };
        let named = snapshot.series_of(events, EventKind::Log)?;
        let names = asked.choice.lines(&named);
        let total = snapshot.count_lines(events, &names)?;
        let direction = if asked.earlier { Direction::Descending } else { Direction::Ascending };
        let beyond = asked.from_timestamp.filter(|moment| *moment != 0);
        let after = beyond
            .map(|timestamp| LogPlace { timestamp, line: if asked.earlier { i64::MIN } else { i64::MAX } });
        let size = asked.batch_size.min(MAX_PAGE) as usize;
        let mut lines = page(snapshot, events, &names, direction, after, size)?;
        if asked.ascending.is_some_and(|ascending| ascending == asked.earlier) {
            lines.reverse();
        }
        Ok(LogPage { events: documents(ctx, snapshot, &of, &named, &lines)?, total })
    })
}

fn page(
    snapshot: &Snapshot<'_>,
    events: &EventOwner,
    names: &Names,
    direction: Direction,
    after: Option<LogPlace>,
    size: usize,
) -> Result<Vec<LogLine>> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let newest = events.lines;
    let mut lines = snapshot.lines_by_time(events, names, direction, after, newest, false, size)?;
    // Nearly always one look at a few lines tells that the moment ends here.
    let mut some = 16;
    while lines.len() >= size
        && let Some(last) = lines.last()
    {
        let moment = last.timestamp;
        let place = Some(LogPlace { timestamp: moment, line: last.line });
        let more = snapshot.lines_by_time(events, names, direction, place, newest, false, some)?;
        let read = more.len();
        let same: Vec<LogLine> = more.into_iter().take_while(|line| line.timestamp == moment).collect();
        let all_same = same.len() == read && read == some;
        some = 4_096;
        lines.extend(same);
        if !all_same {
            break;
        }
    }
    Ok(lines)
}

pub(super) fn documents(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    of: &Readable,
    named: &[Series],
    lines: &[LogLine],
) -> Result<Vec<Json>> {
    let mut writer = Writer::new(ctx, snapshot, of);
    lines.iter().map(|line| writer.line(names_of(named, line), line)).collect()
}

/// Metric and variant of a line.
pub(super) fn names_of<'a>(named: &'a [Series], line: &LogLine) -> (&'a str, &'a str) {
    let series = line.series.and_then(|id| named.iter().find(|series| series.id == id));
    series.map_or(("", ""), |series| (series.metric.as_str(), series.variant.as_str()))
}

/// A page of a scroll through a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogScroll {
    /// Documents.
    pub events: Vec<Json>,
    /// Lines when the scroll began.
    pub total: i64,
    /// Where to go on.
    pub scroll_id: String,
}

/// The log as clients before 2.9 read it. `from_head`: the scroll goes from the oldest line on; `ascending`: order
/// of each page.
///
/// Errors: 400/101; 400/12 a negative size; 400/1104.
pub fn log_scroll(
    ctx: &Ctx<'_>,
    task: &str,
    from_head: bool,
    ascending: bool,
    batch_size: i64,
    scroll_id: Option<&str>,
) -> Result<LogScroll> {
    if batch_size < 0 {
        return Err(ApiError::new(ErrorKind::ValidationError, "batch_size must not be negative")
            .with("batch_size", batch_size));
    }
    let size = batch_size.min(MAX_PAGE) as usize;
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let purpose = format!("log {task}");
        let (id, mut scroll) = match begun(ctx, scroll_id, &purpose)? {
            Begun::Ended => {
                return Ok(LogScroll { events: Vec::new(), total: 0, scroll_id: ENDED.to_owned() });
            }
            Begun::At(id, scroll) => (Some(id), scroll),
            Begun::No => {
                let direction = if from_head { Direction::Ascending } else { Direction::Descending };
                let newest = of.events.map_or(0, |events| events.lines);
                let total = of.events.map_or(0, |events| events.log_count);
                let rest = Rest::Lines { direction, newest, after: None };
                (None, Scroll { of: purpose, total, rest })
            }
        };
        let mut lines = Vec::new();
        let mut named = Vec::new();
        if let (Rest::Lines { direction, newest, after }, Some(events)) = (&mut scroll.rest, &of.events) {
            named = snapshot.series_of(events, EventKind::Log)?;
            lines = snapshot.lines_by_time(events, &Names::All, *direction, *after, *newest, false, size)?;
            if let Some(last) = lines.last() {
                *after = Some(LogPlace { timestamp: last.timestamp, line: last.line });
            }
            if ascending != (*direction == Direction::Ascending) {
                lines.reverse();
            }
        }
        let total = scroll.total;
        let events = documents(ctx, snapshot, &of, &named, &lines)?;
        Ok(LogScroll { scroll_id: proceed(ctx, id.as_deref(), scroll, events.is_empty()), events, total })
    })
}

/// What is cleared from a log.
#[derive(Clone, Debug, Default)]
pub struct ClearRequest {
    /// Task.
    pub task: String,
    /// Only lines at least this old, seconds; 0: all.
    pub threshold_sec: i64,
    /// Also of a published task.
    pub allow_locked: bool,
    /// Only lines of these metrics.
    pub include_metrics: Vec<String>,
    /// Not lines of these metrics.
    pub exclude_metrics: Vec<String>,
}

/// Removes console lines; returns how many.
///
/// Errors: 400/101 unknown or published; 403/21 public.
pub fn clear_log(ctx: &Ctx<'_>, asked: ClearRequest) -> Result<u64> {
    ctx.write(|tx| {
        let owner = deletable(ctx, tx, OwnerKind::Task, &asked.task, asked.allow_locked)?;
        let Some(events) = tx.event_owner(&owner)? else { return Ok(0) };
        let before =
            (asked.threshold_sec != 0).then(|| tx.now.plus_seconds(asked.threshold_sec.saturating_neg()));
        tx.clear_log(
            &events,
            &ClearLog {
                before,
                include_metrics: asked.include_metrics,
                exclude_metrics: asked.exclude_metrics,
            },
        )
    })
}

/// A window of console lines for the pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogWindow {
    /// Lines in order of arrival.
    pub lines: Vec<LogLine>,
    /// Lines kept in all.
    pub total: i64,
    /// Number of the newest line.
    pub newest: i64,
    /// Whether lines of the wanted severity stand before the window.
    pub has_earlier: bool,
    /// Whether such lines stand after it.
    pub has_later: bool,
    /// Changes when the log does; fit for an entity tag.
    pub version: String,
}

/// Where a window of the console begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowAt {
    /// The newest lines.
    End,
    /// This line and those after it.
    From(i64),
    /// The lines before this one.
    Before(i64),
}

/// A window of at most `count` lines that are at least as serious as `severity`. Any place of any log is reached by
/// one index look-up.
///
/// Errors: 400/101.
pub fn log_window(
    ctx: &Ctx<'_>,
    task: &str,
    at: WindowAt,
    count: usize,
    severity: Severity,
) -> Result<LogWindow> {
    let count = count.min(MAX_PAGE as usize);
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let Some(events) = &of.events else { return Ok(LogWindow::default()) };
        let backwards = |from: i64| {
            snapshot.lines_by_number(events, from, Direction::Descending, severity, count).map(|mut lines| {
                lines.reverse();
                lines
            })
        };
        let lines = match at {
            WindowAt::End => backwards(i64::MAX)?,
            WindowAt::Before(line) => backwards(line.saturating_sub(1))?,
            WindowAt::From(line) => {
                snapshot.lines_by_number(events, line, Direction::Ascending, severity, count)?
            }
        };
        let any = |from: i64, direction: Direction| -> Result<bool> {
            Ok(!snapshot.lines_by_number(events, from, direction, severity, 1)?.is_empty())
        };
        let (has_earlier, has_later) = match (lines.first(), lines.last(), at) {
            (Some(first), Some(last), _) => (
                any(first.line.saturating_sub(1), Direction::Descending)?,
                any(last.line.saturating_add(1), Direction::Ascending)?,
            ),
            (_, _, WindowAt::From(line)) => (any(line.saturating_sub(1), Direction::Descending)?, false),
            (_, _, WindowAt::Before(line)) => (false, any(line, Direction::Ascending)?),
            (_, _, WindowAt::End) => (false, false),
        };
        Ok(LogWindow {
            lines,
            total: events.log_count,
            newest: events.lines,
            has_earlier,
            has_later,
            version: events.stamp(events.stamps.logs),
        })
    })
}
