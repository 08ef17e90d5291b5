//! Charts: scalars averaged over buckets (protocol: spec/events.md 5.1, 5.2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    access::{Readable, readable, readable_one},
    choice::Choice,
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{
            Along, Direction, EventKind, Extent, Iterations, OwnerKind, Points, Series, Span, Total,
            is_damage,
        },
    },
    types::{ApiError, ErrorKind, Result},
};

/// Points of a chart that a request may ask for.
pub const SAMPLES: std::ops::RangeInclusive<i64> = 1..=6_000;

/// What runs along the x axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Iterations.
    Iteration,
    /// Milliseconds since 1970, the reporter's clock.
    Time,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Metric.
    pub metric: String,
    /// Variant.
    pub variant: String,
    /// Label of the x axis, where a reporter gave one.
    pub x_axis_label: Option<String>,
    /// Ascending by x.
    pub points: Vec<CurvePoint>,
}

/// A bucket that has points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Its start.
    pub x: i64,
    /// Mean of its values; `None` when no point has one.
    pub y: Option<f64>,
}

/// The charts of an entity, ascending by metric and variant. Each series has at most about `samples` points: buckets
/// align to multiples of their width, which is the series' own.
///
/// A series whose stored points are damaged is left out, and the log names it: the others are worth having.
///
/// Errors: 400/12 `samples` out of range; 500/101 nothing is left of what was asked for but damaged series.
pub fn curves(
    snapshot: &Snapshot<'_>,
    of: &Readable,
    axis: Axis,
    samples: i64,
    choice: &Choice,
) -> Result<Vec<Curve>> {
    if !SAMPLES.contains(&samples) {
        let text = format!("samples must be from {} to {}", SAMPLES.start(), SAMPLES.end());
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("samples", samples));
    }
    let Some(events) = &of.events else { return Ok(Vec::new()) };
    let series = choice.of(snapshot.series_of(events, EventKind::Scalar)?);
    let mut labels: HashMap<(String, String), String> = HashMap::new();
    for last in snapshot.last_values(&of.owner)? {
        if let Some(label) = last.x_axis_label {
            labels.insert((last.metric, last.variant), label);
        }
    }
    let numbered: Vec<Series> = series.into_iter().filter(|series| series.numbered).collect();
    let mut curves = Vec::new();
    let mut damaged = None;
    for same_name in numbered.chunk_by(|a, b| a.metric == b.metric && a.variant == b.variant) {
        let Some(first) = same_name.first() else { continue };
        let points = match points(snapshot, same_name, axis, samples) {
            Err(error) if is_damage(&error) => {
                damaged = Some(error);
                continue;
            }
            points => points?,
        };
        if !points.is_empty() {
            let label = labels.remove(&(first.metric.clone(), first.variant.clone()));
            curves.push(Curve {
                metric: first.metric.clone(),
                variant: first.variant.clone(),
                x_axis_label: label,
                points,
            });
        }
    }
    match damaged {
        Some(error) if curves.is_empty() => Err(error),
        _ => Ok(curves),
    }
}

/// The charts of one entity.
///
/// Errors: 400/101, 400/201; 400/12 `samples` out of range; 500/101 as [`curves`].
pub fn charts(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    id: &str,
    axis: Axis,
    samples: i64,
    choice: &Choice,
) -> Result<Vec<Curve>> {
    ctx.read(|snapshot| curves(snapshot, &readable_one(snapshot, kind, id)?, axis, samples, choice))
}

/// As [`charts`] for the pages: those of one task.
///
/// Errors: 400/101; 400/12 `samples` out of range; 500/101 as [`curves`].
pub fn scalar_series(
    ctx: &Ctx<'_>,
    task: &str,
    axis: Axis,
    samples: i64,
    choice: &Choice,
) -> Result<Vec<Curve>> {
    charts(ctx, OwnerKind::Task, task, axis, samples, choice)
}

/// Charts of one of several entities.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityCharts {
    /// Task or model.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its charts.
    pub curves: Vec<Curve>,
}

/// The charts of several entities, each by its own buckets. Damaged series are left out as in [`curves`].
///
/// Errors: 400/101, 400/201; 400/12 no ids, more than the setting allows, or `samples` out of range; 500/101 as
/// [`curves`].
pub fn charts_together(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    ids: &[String],
    axis: Axis,
    samples: i64,
    choice: &Choice,
) -> Result<Vec<EntityCharts>> {
    let most = ctx.app.settings.services.tasks.multi_task_histogram_limit.max(1);
    if ids.is_empty() || ids.len() as u64 > most {
        let text = format!("name from 1 to {most} tasks");
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("field", "tasks"));
    }
    ctx.read(|snapshot| {
        let mut seen = BTreeSet::new();
        let mut all: Vec<EntityCharts> = Vec::new();
        let mut damaged = None;
        for of in readable(snapshot, kind, ids)? {
            if seen.insert(of.owner.id.clone()) {
                let curves = match curves(snapshot, &of, axis, samples, choice) {
                    Err(error) if is_damage(&error) => {
                        damaged = Some(error);
                        Vec::new()
                    }
                    curves => curves?,
                };
                all.push(EntityCharts { id: of.owner.id, name: of.owner.name, curves });
            }
        }
        match damaged {
            Some(error) if all.iter().all(|one| one.curves.is_empty()) => Err(error),
            _ => Ok(all),
        }
    })
}

/// Number of points of all `series`, and where they begin and end along the axis.
fn extent(snapshot: &Snapshot<'_>, series: &[Series], axis: Axis) -> Result<Extent> {
    let mut whole: Option<Extent> = None;
    let mut add = |count: i64, (first, last): (i64, i64)| {
        let known = whole.get_or_insert(Extent { count: 0, first, last });
        *known =
            Extent { count: known.count + count, first: known.first.min(first), last: known.last.max(last) };
    };
    for series in series {
        if axis == Axis::Iteration {
            let extent = snapshot.extent(series, Iterations::CHARTED)?;
            if extent.count > 0 {
                add(extent.count, (extent.first, extent.last));
            }
            continue;
        }
        let mut points = Points::new(snapshot, series, Iterations::CHARTED, Direction::Ascending);
        while let Some(span) = points.take_span()? {
            match span {
                Span::Chunk(chunk) => add(chunk.count() as i64, chunk.bounds(Along::Times)),
                Span::Point(point) => add(1, (point.timestamp, point.timestamp)),
            }
        }
    }
    Ok(whole.unwrap_or_default())
}

/// The buckets of all `series`. Sums are exact, so neither the order of the points nor which of them are stored together
/// makes a difference.
fn points(snapshot: &Snapshot<'_>, series: &[Series], axis: Axis, samples: i64) -> Result<Vec<CurvePoint>> {
    let whole = extent(snapshot, series, axis)?;
    let interval = interval(whole.count, whole.first, whole.last, samples);
    if let [only] = series {
        let mut buckets = Buckets::in_order();
        fill(snapshot, only, axis, interval, &mut buckets)?;
        if !buckets.went_back {
            return Ok(buckets.finish());
        }
    }
    let mut buckets = Buckets::in_any_order();
    for series in series {
        fill(snapshot, series, axis, interval, &mut buckets)?;
    }
    Ok(buckets.finish())
}

fn fill(
    snapshot: &Snapshot<'_>,
    series: &Series,
    axis: Axis,
    interval: i128,
    buckets: &mut Buckets,
) -> Result<()> {
    let along = if axis == Axis::Time { Along::Times } else { Along::Iterations };
    let mut points = Points::new(snapshot, series, Iterations::CHARTED, Direction::Ascending);
    while !buckets.went_back
        && let Some(span) = points.take_span()?
    {
        let mut chunk = match span {
            Span::Point(point) => {
                let x = if axis == Axis::Time { point.timestamp } else { point.iteration };
                buckets.at(start(x, interval)).add(point.value);
                continue;
            }
            Span::Chunk(chunk) => chunk,
        };
        let (first, last) = chunk.bounds(along);
        let bucket = start(first, interval);
        if bucket == start(last, interval) {
            chunk.add_all(buckets.at(bucket));
            continue;
        }
        let cuts = (i128::from(last) - i128::from(first)) / interval + 1;
        let xs = chunk.cut(along, usize::try_from(cuts).unwrap_or(usize::MAX))?;
        let mut at = 0;
        while let Some(x) = xs.get(at) {
            let from = i128::from(x).div_euclid(interval) * interval;
            let end = xs.run_end(at, from, from + interval).max(at + 1);
            chunk.add(at..end, buckets.at(start(x, interval)))?;
            at = end;
        }
    }
    Ok(())
}

/// Buckets that are being filled. Points nearly always come in order: then one total at a time is enough.
struct Buckets {
    current: Option<i64>,
    total: Total,
    full: Vec<CurvePoint>,
    /// A bucket was met again, so that `full` is worthless.
    went_back: bool,
    /// Totals of all buckets, when points are known to come in no order.
    all: Option<BTreeMap<i64, Total>>,
}

impl Buckets {
    fn in_order() -> Self {
        Buckets { current: None, total: Total::default(), full: Vec::new(), went_back: false, all: None }
    }

    fn in_any_order() -> Self {
        Buckets { all: Some(BTreeMap::new()), ..Buckets::in_order() }
    }

    fn at(&mut self, x: i64) -> &mut Total {
        if self.all.is_none() && self.current != Some(x) {
            self.went_back |= self.current.is_some_and(|before| before > x);
            self.end_current();
            self.current = Some(x);
        }
        match &mut self.all {
            Some(all) => all.entry(x).or_default(),
            None => &mut self.total,
        }
    }

    fn end_current(&mut self) {
        if let Some(x) = self.current.take() {
            self.full.push(CurvePoint { x, y: self.total.mean() });
            self.total.clear();
        }
    }

    fn finish(mut self) -> Vec<CurvePoint> {
        if let Some(all) = self.all {
            return all.into_iter().map(|(x, total)| CurvePoint { x, y: total.mean() }).collect();
        }
        self.end_current();
        self.full
    }
}

/// Width of a bucket.
fn interval(count: i64, first: i64, last: i64, samples: i64) -> i128 {
    if count < samples {
        return 1;
    }
    let span = i128::from(last) - i128::from(first) + 1;
    let samples = i128::from(samples);
    ((span + samples - 1) / samples).max(1)
}

/// Start of the bucket in which x lies.
fn start(x: i64, interval: i128) -> i64 {
    if let Ok(narrow) = i64::try_from(interval)
        && let Some(start) = x.div_euclid(narrow).checked_mul(narrow)
    {
        return start;
    }
    let start = i128::from(x).div_euclid(interval) * interval;
    i64::try_from(start).unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_align_to_zero_on_both_sides() {
        assert_eq!(interval(10, 0, 9000, 5), 1801);
        assert_eq!(interval(10, -5, 4, 4), 3);
        assert_eq!([-5, -3, -1, 0, 4].map(|x| start(x, 3)), [-6, -3, -3, 0, 3]);
        assert_eq!(interval(99, 0, 98, 100), 1);
        assert_eq!(start(i64::MIN, interval(6000, i64::MIN, i64::MAX, 2)), i64::MIN);
    }
}
