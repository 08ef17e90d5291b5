//! Finding text in a log, piece by piece: no search, whatever the log, runs longer than [`PATIENCE`].

use std::time::Duration;

use super::{access::readable_one, choice::Choice, logs::documents};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, EventOwner, FoundLines, LogLine, Names, OwnerKind, Search, Severity},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// How long one piece of a search takes at most, about.
const PATIENCE: Duration = Duration::from_secs(1);
/// Lines that one piece finds at most.
const MOST_FOUND: i64 = 1_000;
/// Logs of up to so many lines are searched so fast that pages also say how many lines match.
const COUNTED: i64 = 50_000;

/// What is looked for in a log.
#[derive(Clone, Debug)]
pub struct LogSearch {
    /// Task.
    pub task: String,
    /// Text or regular expression.
    pub search: Search,
    /// From newer to older lines.
    pub earlier: bool,
    /// The line at which the search begins, or goes on; `None`: at the end, or the beginning, of the log.
    pub from: Option<i64>,
    /// Lines to find at most.
    pub limit: i64,
    /// Which metrics.
    pub choice: Choice,
}

/// One piece of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSearchPage {
    /// Documents of the lines that match, in the order of the search; each has its number as `line`.
    pub events: Vec<Json>,
    /// All lines of the chosen metrics, whether they match or not.
    pub total: i64,
    /// The line at which the search goes on; `None`: all was searched.
    pub next: Option<i64>,
}

/// Searches one piece of a log. The order is that of arrival.
///
/// Errors: 400/101; 400/12 a negative limit.
pub fn search_log(ctx: &Ctx<'_>, asked: &LogSearch) -> Result<LogSearchPage> {
    if asked.limit < 0 {
        return Err(ApiError::new(ErrorKind::ValidationError, "batch_size must not be negative")
            .with("batch_size", asked.limit));
    }
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, &asked.task)?;
        let Some(events) = &of.events else {
            return Ok(LogSearchPage { events: Vec::new(), total: 0, next: None });
        };
        let named = snapshot.series_of(events, EventKind::Log)?;
        let names = asked.choice.lines(&named);
        let total = snapshot.count_lines(events, &names)?;
        let direction = if asked.earlier { Direction::Descending } else { Direction::Ascending };
        let from = asked.from.unwrap_or(if asked.earlier { i64::MAX } else { 0 });
        let limit = asked.limit.min(MOST_FOUND) as usize;
        let FoundLines { lines, next } = snapshot.search_log(
            events,
            &asked.search,
            &names,
            Severity::Plain,
            from,
            direction,
            limit,
            PATIENCE,
        )?;
        let mut documents = documents(ctx, snapshot, &of, &named, &lines)?;
        for (document, line) in documents.iter_mut().zip(&lines) {
            document.insert("line".to_owned(), line.line.into());
        }
        Ok(LogSearchPage { events: documents, total, next })
    })
}

/// What a search from a place of a log found in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matches {
    /// There is none.
    #[default]
    Nothing,
    /// The nearest line that matches.
    Line(i64),
    /// None up to this line, from which the search goes on: the log is long.
    SearchOn(i64),
}

/// Where a page's search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchAt {
    /// At the end of the log: the newest match is wanted.
    Newest,
    /// The match at this line or the next older one.
    Older(i64),
    /// The match at this line or the next newer one.
    Newer(i64),
    /// At this line.
    Line(i64),
}

/// Where a text occurs in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogMatches {
    /// Lines that match; `None`: the log is too long to count them.
    pub total: Option<i64>,
    /// Where the search stands now.
    pub at: Matches,
    /// Before that.
    pub before: Matches,
    /// After it.
    pub after: Matches,
}

/// The match that is wanted, and its neighbours, among lines of at least this severity.
///
/// Errors: 400/101.
pub fn find_in_log(
    ctx: &Ctx<'_>,
    task: &str,
    search: &Search,
    severity: Severity,
    at: SearchAt,
) -> Result<LogMatches> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let Some(events) = &of.events else { return Ok(LogMatches::default()) };
        let nearest = |from: i64, direction: Direction| -> Result<Matches> {
            let found = find(snapshot, events, search, severity, from, direction, 1)?;
            Ok(match (found.lines.first(), found.next) {
                (Some(LogLine { line, .. }), _) => Matches::Line(*line),
                (None, Some(next)) => Matches::SearchOn(next),
                (None, None) => Matches::Nothing,
            })
        };
        let total = if events.log_count <= COUNTED {
            let most = COUNTED as usize + 1;
            let found = find(snapshot, events, search, severity, 0, Direction::Ascending, most)?;
            found.next.is_none().then_some(found.lines.len() as i64)
        } else {
            None
        };
        let found = match at {
            SearchAt::Newest => nearest(i64::MAX, Direction::Descending)?,
            SearchAt::Older(from) => nearest(from, Direction::Descending)?,
            SearchAt::Newer(from) => nearest(from, Direction::Ascending)?,
            SearchAt::Line(line) => Matches::Line(line),
        };
        let (before, after) = match (found, at) {
            (Matches::Line(line), SearchAt::Newest) => {
                (nearest(line.saturating_sub(1), Direction::Descending)?, Matches::Nothing)
            }
            (Matches::Line(line), _) => (
                nearest(line.saturating_sub(1), Direction::Descending)?,
                nearest(line.saturating_add(1), Direction::Ascending)?,
            ),
            (unfinished, SearchAt::Newer(_)) => (Matches::Nothing, unfinished),
            (unfinished, _) => (unfinished, Matches::Nothing),
        };
        Ok(LogMatches { total, at: found, before, after })
    })
}

fn find(
    snapshot: &Snapshot<'_>,
    events: &EventOwner,
    search: &Search,
    severity: Severity,
    from: i64,
    direction: Direction,
    limit: usize,
) -> Result<FoundLines> {
    snapshot.search_log(events, search, &Names::All, severity, from, direction, limit, PATIENCE)
}
