//! Raw scalars of one metric, page by page (protocol: spec/events.md 5.3, 5.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    access::{Readable, readable_one},
    chart::Axis,
    choice::{Choice, MetricVariants},
    cursor,
    document::Writer,
    scroll::{Begun, Rest, Scroll, begun, proceed},
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, Iterations, MergedPoints, OwnerKind, Point, Series},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Points on a page, where the request does not say.
const PAGE: i64 = 10_000;
const PURPOSE: &str = "raw scalars";

/// What is asked for.
#[derive(Clone, Debug)]
pub struct RawScalars {
    /// Task or model.
    pub kind: OwnerKind,
    /// Its id.
    pub id: String,
    /// Metric and variants.
    pub metric: MetricVariants,
    /// The order, and what is returned along the values.
    pub axis: Axis,
    /// Points on the page; `None` or 0: as before, at first 10,000.
    pub batch_size: Option<i64>,
    /// Whether all points are counted.
    pub count_total: bool,
    /// Where to go on.
    pub scroll_id: Option<String>,
}

/// A page of points.
#[derive(Clone, Debug, PartialEq)]
pub struct RawPage {
    /// By variant: x values and values.
    pub variants: BTreeMap<String, (Vec<i64>, Vec<f64>)>,
    /// Points on the page.
    pub returned: usize,
    /// Points in all, when that was asked for.
    pub total: Option<i64>,
    /// Where to go on.
    pub scroll_id: String,
}

#[derive(Serialize, Deserialize)]
struct Position {
    /// x of the last point read.
    after: Option<i64>,
    batch_size: i64,
    total: Option<i64>,
    by_time: bool,
}

/// The next page, ascending by x, extended by all points that share the last x.
///
/// Errors: 400/101, 400/201 unknown entity; 400/12 a negative size; 400/1104 a cursor that was not made here.
pub fn raw_scalars(ctx: &Ctx<'_>, asked: &RawScalars) -> Result<RawPage> {
    let asked_size = asked.batch_size.unwrap_or(0);
    if asked_size < 0 {
        return Err(ApiError::new(ErrorKind::ValidationError, "batch_size must not be negative")
            .with("batch_size", asked_size));
    }
    let former = match asked.scroll_id.as_deref() {
        None | Some("") => None,
        Some(cursor) => Some(cursor::open::<Position>(ctx, PURPOSE, cursor)?),
    };
    let most = i64::try_from(ctx.app.settings.services.events.events_retrieval.max_raw_scalars_size)
        .unwrap_or(i64::MAX)
        .max(1);
    let size = match (asked_size, &former) {
        (0, Some(former)) => former.batch_size,
        (0, None) => PAGE,
        (size, _) => size,
    }
    .clamp(1, most);
    let axis = match &former {
        Some(former) if former.by_time => Axis::Time,
        Some(_) => Axis::Iteration,
        None => asked.axis,
    };
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, asked.kind, &asked.id)?;
        let choice = Choice::from_list(vec![asked.metric.clone()]);
        let series = numbered_scalars(snapshot, &of, &choice)?;
        let after = former.as_ref().and_then(|former| former.after);
        let page = match axis {
            Axis::Iteration => page_by_iteration(snapshot, &series, after, size)?,
            Axis::Time => page_by_time(snapshot, &series, after, size)?,
        };
        let total = match (&former, asked.count_total) {
            (Some(former), _) => former.total,
            (None, true) => Some(count(snapshot, &series)?),
            (None, false) => None,
        };
        let x = |point: &Point| if axis == Axis::Time { point.timestamp } else { point.iteration };
        let position = Position {
            after: page.last().map(|(_, point)| x(point)).or(after),
            batch_size: size,
            total,
            by_time: axis == Axis::Time,
        };
        let returned = page.len();
        let mut variants: BTreeMap<String, (Vec<i64>, Vec<f64>)> = BTreeMap::new();
        for (at, point) in page {
            let (Some(series), Some(value)) = (series.get(at), point.value) else { continue };
            if !variants.contains_key(&series.variant) {
                variants.insert(series.variant.clone(), Default::default());
            }
            if let Some((xs, ys)) = variants.get_mut(&series.variant) {
                xs.push(x(&point));
                ys.push(value);
            }
        }
        Ok(RawPage { variants, returned, total, scroll_id: cursor::seal(ctx, PURPOSE, &position)? })
    })
}

fn numbered_scalars(snapshot: &Snapshot<'_>, of: &Readable, choice: &Choice) -> Result<Vec<Series>> {
    let Some(events) = &of.events else { return Ok(Vec::new()) };
    let series = choice.of(snapshot.series_of(events, EventKind::Scalar)?);
    Ok(series.into_iter().filter(|series| series.numbered).collect())
}

/// Points without a value are passed over.
fn count(snapshot: &Snapshot<'_>, series: &[Series]) -> Result<i64> {
    series.iter().try_fold(0, |sum, series| Ok(sum + snapshot.count_values(series)?))
}

fn page_by_iteration(
    snapshot: &Snapshot<'_>,
    series: &[Series],
    after: Option<i64>,
    size: i64,
) -> Result<Vec<(usize, Point)>> {
    let range = after.map_or(Iterations::ALL, Iterations::above);
    let mut points = MergedPoints::new(snapshot, series, range, Direction::Ascending)?;
    let mut page: Vec<(usize, Point)> = Vec::new();
    while let Some((at, point)) = points.take_next()? {
        let full = page.len() as i64 >= size;
        if full && page.last().is_some_and(|(_, last)| last.iteration != point.iteration) {
            break;
        }
        if point.value.is_some() {
            page.push((at, point));
        }
    }
    Ok(page)
}

/// There is no index by time: each page looks at every point and keeps the earliest ones.
fn page_by_time(
    snapshot: &Snapshot<'_>,
    series: &[Series],
    after: Option<i64>,
    size: i64,
) -> Result<Vec<(usize, Point)>> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut page: Vec<(usize, Point)> = Vec::new();
    // Once more than enough are at hand, the later ones go, and no later moment can come onto the page.
    let mut latest = i64::MAX;
    let mut cut_at = size.saturating_mul(2).saturating_add(4_096);
    let mut points = MergedPoints::new(snapshot, series, Iterations::ALL, Direction::Ascending)?;
    while let Some((at, point)) = points.take_next()? {
        let beyond = after.is_none_or(|after| point.timestamp > after);
        if !beyond || point.timestamp > latest || point.value.is_none() {
            continue;
        }
        page.push((at, point));
        if page.len() >= cut_at {
            latest = keep_earliest(&mut page, size).unwrap_or(latest);
            // Points of one moment can't be cut apart: let their number double before the next try.
            cut_at = cut_at.max(page.len().saturating_mul(2));
        }
    }
    keep_earliest(&mut page, size);
    Ok(page)
}

/// Sorts by time and cuts after `size` points and those that share the last moment; returns that moment.
fn keep_earliest(page: &mut Vec<(usize, Point)>, size: usize) -> Option<i64> {
    // Stable: points of the same moment stay in iteration order.
    page.sort_by_key(|(_, point)| point.timestamp);
    let last = page.get(size.checked_sub(1)?).map(|(_, point)| point.timestamp)?;
    let end = page.partition_point(|(_, point)| point.timestamp <= last);
    page.truncate(end);
    Some(last)
}

/// A page of full scalar documents.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarPage {
    /// Documents, newest iteration first.
    pub events: Vec<Json>,
    /// Scalars in all, when the scroll began.
    pub total: i64,
    /// Where to go on; `None` when not asked for.
    pub scroll_id: Option<String>,
}

/// Documents on a page.
const DOCUMENTS: usize = 500;

/// All scalars of one metric as documents (`events.get_scalar_metric_data`).
///
/// Errors: 400/101, 400/201; 400/1104.
pub fn scalar_documents(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    id: &str,
    metric: &str,
    scroll_id: Option<&str>,
    no_scroll: bool,
) -> Result<ScalarPage> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, kind, id)?;
        let purpose = format!("scalars {id}");
        let started = if no_scroll { Begun::No } else { begun(ctx, scroll_id, &purpose)? };
        let (scroll_id, mut scroll) = match started {
            Begun::Ended => return Ok(ScalarPage { events: Vec::new(), total: 0, scroll_id: None }),
            Begun::At(id, scroll) => (Some(id), scroll),
            Begun::No => {
                let newest = snapshot.newest_batch()?;
                let rest = Rest::Points { newest, metric: metric.to_owned(), below: None };
                let mut total = 0;
                for series in of_metric(snapshot, &of, metric)? {
                    total += snapshot.count_events(&series, Iterations::ALL)?;
                }
                (None, Scroll { of: purpose, total, rest })
            }
        };
        let events = next_documents(ctx, snapshot, &of, &mut scroll)?;
        let total = scroll.total;
        let next = (!no_scroll).then(|| proceed(ctx, scroll_id.as_deref(), scroll, events.is_empty()));
        Ok(ScalarPage { events, total, scroll_id: next })
    })
}

/// Series of a metric, numbered ones first: the others follow them.
fn of_metric(snapshot: &Snapshot<'_>, of: &Readable, metric: &str) -> Result<Vec<Series>> {
    let Some(events) = &of.events else { return Ok(Vec::new()) };
    let mut series = snapshot.series_of(events, EventKind::Scalar)?;
    series.retain(|series| series.metric == metric);
    series.sort_by_key(|series| !series.numbered);
    Ok(series)
}

fn next_documents(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    of: &Readable,
    scroll: &mut Scroll,
) -> Result<Vec<Json>> {
    let Rest::Points { newest, metric, below } = &mut scroll.rest else { return Ok(Vec::new()) };
    let series = of_metric(snapshot, of, metric)?;
    let split = series.partition_point(|series| series.numbered);
    let (numbered, others) = series.split_at_checked(split).unwrap_or((&series, &[]));
    let mut writer = Writer::new(ctx, snapshot, of);
    let mut documents = Vec::new();
    // The place is the iteration reached and how many points of it were read; without numbered points left, it is
    // that many of the others below all iterations.
    let (from, mut skip) = below.unwrap_or((i64::MAX, 0));
    let range = Iterations { from: i64::MIN, to: from };
    let mut points = MergedPoints::new(snapshot, numbered, range, Direction::Descending)?;
    let mut place = (from, skip);
    while documents.len() < DOCUMENTS
        && let Some((at, point)) = points.take_next()?
    {
        if point.iteration == from && skip > 0 {
            skip -= 1;
            continue;
        }
        place = if place.0 == point.iteration { (place.0, place.1 + 1) } else { (point.iteration, 1) };
        if let Some(series) = numbered.get(at).filter(|_| point.batch <= *newest) {
            documents.push(writer.scalar(series, &point)?);
        }
    }
    *below = Some(place);
    if documents.is_empty() && !others.is_empty() {
        for series in others {
            if let Some(point) = snapshot.point_at(series, 0)?.filter(|point| point.batch <= *newest) {
                documents.push(writer.scalar(series, &point)?);
            }
        }
        // Nothing comes after them.
        scroll.rest = Rest::Rows { rows: Vec::new().into(), done: 0 };
    }
    Ok(documents)
}
