//! Events of all kinds in one order, page by page (protocol: spec/events.md 9.1).

use serde::{Deserialize, Serialize};

use super::{
    access::{Readable, readable_one},
    choice::Choice,
    cursor,
    document::Writer,
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{
            Direction, EventKind, EventOwner, Feed, Item, Iterations, LogPlace, Names, OwnerKind, Series,
        },
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Events on a page at most, not counting those that share the last iteration.
const MAX_PAGE: i64 = 10_000;
const PURPOSE: &str = "events";

/// What is asked for.
#[derive(Clone, Debug)]
pub struct AllEvents {
    /// Task or model.
    pub kind: OwnerKind,
    /// Its id.
    pub id: String,
    /// Only events of this kind.
    pub event_kind: Option<EventKind>,
    /// Smallest iteration first, or largest.
    pub ascending: bool,
    /// Events on a page.
    pub batch_size: i64,
    /// Whether all are counted.
    pub count_total: bool,
    /// Which metrics.
    pub choice: Vec<super::MetricVariants>,
    /// Where to go on.
    pub scroll_id: Option<String>,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// Documents.
    pub events: Vec<Json>,
    /// Events in all, when that was asked for.
    pub total: Option<i64>,
    /// Where to go on.
    pub scroll_id: String,
}

/// What a cursor holds: the query and the place.
#[derive(Clone, Serialize, Deserialize)]
struct Position {
    kind: Option<usize>,
    ascending: bool,
    total: Option<i64>,
    choice: Vec<(String, Vec<String>)>,
    place: Place,
}

/// Numbered events come first, by iteration; the others by time and arrival.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Place {
    /// After this iteration; `None`: at the start.
    Numbered(Option<i64>),
    /// After this many of the events other than console lines, and this line.
    Others { timestamp: i64, rank: (u8, i64, i64) },
}

/// The next page. Each page is extended by all events that share its last iteration.
///
/// Errors: 400/101, 400/201 unknown entity; 400/12 a negative size; 400/1104 a cursor that was not made here.
pub fn all_events(ctx: &Ctx<'_>, asked: &AllEvents) -> Result<EventPage> {
    if asked.batch_size < 0 {
        return Err(ApiError::new(ErrorKind::ValidationError, "batch_size must not be negative")
            .with("batch_size", asked.batch_size));
    }
    let size = asked.batch_size.clamp(1, MAX_PAGE) as usize;
    let former = match asked.scroll_id.as_deref() {
        None | Some("") => None,
        Some(cursor) => Some(cursor::open::<Position>(ctx, PURPOSE, cursor)?),
    };
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, asked.kind, &asked.id)?;
        let mut position = former.clone().unwrap_or_else(|| Position {
            kind: asked.event_kind.map(|kind| kind as usize),
            ascending: asked.ascending,
            total: None,
            choice: asked.choice.iter().map(|one| (one.metric.clone(), one.variants.clone())).collect(),
            place: Place::Numbered(None),
        });
        let Some(events) = &of.events else {
            position.total = position.total.or((former.is_none() && asked.count_total).then_some(0));
            let scroll_id = cursor::seal(ctx, PURPOSE, &position)?;
            return Ok(EventPage { events: Vec::new(), total: position.total, scroll_id });
        };
        let mut reading = Reading::new(ctx, snapshot, &of, events, &position)?;
        if former.is_none() && asked.count_total {
            position.total = Some(reading.count()?);
        }
        let direction = if position.ascending { Direction::Ascending } else { Direction::Descending };
        let mut page = Vec::new();
        if let Place::Numbered(after) = position.place {
            position.place = Place::Numbered(reading.numbered(after, direction, size, &mut page)?);
        }
        if page.len() < size {
            position.place = reading.others(position.place, size, &mut page)?;
        }
        let scroll_id = cursor::seal(ctx, PURPOSE, &position)?;
        Ok(EventPage { events: page, total: position.total, scroll_id })
    })
}

struct Reading<'a> {
    snapshot: &'a Snapshot<'a>,
    events: &'a EventOwner,
    /// The wanted series of all kinds but console lines.
    series: Vec<Series>,
    /// All series, for the names of console lines.
    all: Vec<Series>,
    lines: Option<Names>,
    writer: Writer<'a>,
}

impl<'a> Reading<'a> {
    fn new(
        ctx: &'a Ctx<'_>,
        snapshot: &'a Snapshot<'a>,
        of: &'a Readable,
        events: &'a EventOwner,
        position: &Position,
    ) -> Result<Self> {
        let kind = position.kind.and_then(|at| EventKind::ALL.get(at).copied());
        let list = position.choice.iter();
        let choice = Choice::from_list(
            list.map(|(metric, variants)| super::MetricVariants {
                metric: metric.clone(),
                variants: variants.clone(),
            })
            .collect(),
        );
        let all = snapshot.all_series(events)?;
        let lines = kind.is_none_or(|kind| kind == EventKind::Log).then(|| choice.lines(&all));
        let wanted = |series: &&Series| {
            series.kind != EventKind::Log
                && kind.is_none_or(|kind| kind == series.kind)
                && choice.has(&series.metric, &series.variant)
        };
        let series = all.iter().filter(wanted).cloned().collect();
        Ok(Reading { snapshot, events, series, all, lines, writer: Writer::new(ctx, snapshot, of) })
    }

    fn count(&self) -> Result<i64> {
        let mut total = 0;
        for series in &self.series {
            total += self.snapshot.count_events(series, Iterations::ALL)?;
        }
        if let Some(names) = &self.lines {
            total += self.snapshot.count_lines(self.events, names)?;
        }
        Ok(total)
    }

    /// Numbered events after an iteration; returns the last iteration read.
    fn numbered(
        &mut self,
        after: Option<i64>,
        direction: Direction,
        size: usize,
        page: &mut Vec<Json>,
    ) -> Result<Option<i64>> {
        let range = match (after, direction) {
            (None, _) => Iterations::ALL,
            (Some(after), Direction::Ascending) => Iterations::above(after),
            (Some(after), Direction::Descending) => Iterations::below(after),
        };
        let series = self.series.clone();
        let mut feed = Feed::new(self.snapshot, self.events, &series, self.lines.clone(), range, direction)?;
        let mut last = after;
        while let Some(next) = feed.peek() {
            if page.len() >= size && last != Some(next) {
                break;
            }
            let Some(item) = feed.take_next()? else { break };
            last = Some(next);
            page.extend(self.write(&series, item)?);
        }
        Ok(last)
    }

    fn write(&mut self, series: &[Series], item: Item) -> Result<Option<Json>> {
        Ok(match item {
            Item::Scalar(at, point) => match series.get(at) {
                Some(series) => Some(self.writer.scalar(series, &point)?),
                None => None,
            },
            Item::Row(at, spot) => match series.get(at) {
                Some(series) => self.row(series, spot.row)?,
                None => None,
            },
            Item::Line(spot) => match self.snapshot.lines_by_row(self.events, &[spot.row])?.pop() {
                Some(line) => Some(self.line(&line)?),
                None => None,
            },
        })
    }

    fn row(&mut self, series: &Series, row: i64) -> Result<Option<Json>> {
        let rows = [row];
        Ok(match series.kind {
            EventKind::Vector => match self.snapshot.vectors_by_row(&rows)?.pop() {
                Some(vector) => Some(self.writer.vector(series, &vector)?),
                None => None,
            },
            EventKind::Image => match self.snapshot.images_by_row(&rows)?.pop() {
                Some(image) => Some(self.writer.image(series, &image)?),
                None => None,
            },
            EventKind::Plot => match self.snapshot.plots_by_row(&rows)?.pop() {
                Some(plot) => Some(self.writer.plot(series, &plot)?),
                None => None,
            },
            EventKind::Scalar | EventKind::Log => None,
        })
    }

    fn line(&mut self, line: &crate::store::events::LogLine) -> Result<Json> {
        let named = line.series.and_then(|id| self.all.iter().find(|series| series.id == id));
        let names = named.map_or(("", ""), |series| (series.metric.as_str(), series.variant.as_str()));
        self.writer.line(names, line)
    }

    /// Events without iteration, by time: console lines, and the few others, which at the same moment come first.
    fn others(&mut self, place: Place, size: usize, page: &mut Vec<Json>) -> Result<Place> {
        let mut place = match place {
            Place::Numbered(_) => (i64::MIN, (0_u8, i64::MIN, i64::MIN)),
            Place::Others { timestamp, rank } => (timestamp, rank),
        };
        let mut others = self.unnumbered_rows()?;
        others.retain(|(key, _)| *key > place);
        let mut others = others.into_iter().peekable();
        let wanted = size - page.len();
        let after = match place {
            (timestamp, (1, line, _)) => Some(LogPlace { timestamp, line }),
            // Below all lines of that moment.
            (timestamp, _) => Some(LogPlace { timestamp, line: 0 }),
        };
        let lines = match &self.lines {
            Some(names) => self.snapshot.lines_by_time(
                self.events,
                names,
                Direction::Ascending,
                after,
                i64::MAX,
                true,
                wanted,
            )?,
            None => Vec::new(),
        };
        let mut lines = lines.into_iter().peekable();
        for _ in 0..wanted {
            let line_key = lines.peek().map(|line| (line.timestamp, (1_u8, line.line, 0)));
            let other_key = others.peek().map(|(key, _)| *key);
            match (line_key, other_key) {
                (None, None) => break,
                (Some(key), other) if other.is_none_or(|other| key < other) => {
                    place = key;
                    if let Some(line) = lines.next() {
                        page.push(self.line(&line)?);
                    }
                }
                _ => {
                    if let Some((key, write)) = others.next() {
                        place = key;
                        page.push(write);
                    }
                }
            }
        }
        Ok(Place::Others { timestamp: place.0, rank: place.1 })
    }

    /// Documents of events other than console lines that have no iteration, with their place in the order.
    #[allow(clippy::type_complexity)]
    fn unnumbered_rows(&mut self) -> Result<Vec<((i64, (u8, i64, i64)), Json)>> {
        let mut found = Vec::new();
        let unnumbered: Vec<Series> = self.series.iter().filter(|series| !series.numbered).cloned().collect();
        for series in &unnumbered {
            if series.kind == EventKind::Scalar {
                if let Some(point) = self.snapshot.point_at(series, 0)? {
                    let key = (point.timestamp, (0, series.id, 0));
                    found.push((key, self.writer.scalar(series, &point)?));
                }
                continue;
            }
            for row in self.snapshot.rows_of(series)? {
                if let Some(document) = self.row(series, row)? {
                    let timestamp =
                        document.get("timestamp").and_then(serde_json::Value::as_i64).unwrap_or(0);
                    found.push(((timestamp, (0, series.id, row)), document));
                }
            }
        }
        found.sort_by_key(|(key, _)| *key);
        Ok(found)
    }
}
