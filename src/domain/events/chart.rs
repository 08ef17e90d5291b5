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
        events::{Direction, EventKind, Extent, Iterations, MergedPoints, OwnerKind, Series},
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
/// Errors: 400/12 `samples` out of range.
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
    for same_name in numbered.chunk_by(|a, b| a.metric == b.metric && a.variant == b.variant) {
        let Some(first) = same_name.first() else { continue };
        let points = match axis {
            Axis::Iteration => by_iteration(snapshot, same_name, samples)?,
            Axis::Time => by_time(snapshot, same_name, samples)?,
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
    Ok(curves)
}

/// The charts of one entity.
///
/// Errors: 400/101, 400/201; 400/12 `samples` out of range.
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
/// Errors: 400/101; 400/12 `samples` out of range.
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

/// The charts of several entities, each by its own buckets.
///
/// Errors: 400/101, 400/201; 400/12 no ids, more than the setting allows, or `samples` out of range.
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
        let mut all = Vec::new();
        for of in readable(snapshot, kind, ids)? {
            if seen.insert(of.owner.id.clone()) {
                let curves = curves(snapshot, &of, axis, samples, choice)?;
                all.push(EntityCharts { id: of.owner.id, name: of.owner.name, curves });
            }
        }
        Ok(all)
    })
}

/// Sum and number of the values of a bucket.
#[derive(Clone, Copy, Default)]
struct Bucket {
    sum: f64,
    count: u32,
}

impl Bucket {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn mean(self) -> Option<f64> {
        // Sums of values near the end of the range may leave it.
        (self.count > 0).then(|| (self.sum / f64::from(self.count)).clamp(f64::MIN, f64::MAX))
    }
}

fn by_iteration(snapshot: &Snapshot<'_>, series: &[Series], samples: i64) -> Result<Vec<CurvePoint>> {
    let mut whole = Extent::default();
    for series in series {
        let extent = snapshot.extent(series, Iterations::CHARTED)?;
        if extent.count > 0 {
            whole = match whole.count {
                0 => extent,
                count => Extent {
                    count: count + extent.count,
                    first: whole.first.min(extent.first),
                    last: whole.last.max(extent.last),
                },
            };
        }
    }
    let interval = interval(whole.count, whole.first, whole.last, samples);
    let mut points: Vec<CurvePoint> = Vec::new();
    let mut bucket: Option<(i64, Bucket)> = None;
    let mut merged = MergedPoints::new(snapshot, series, Iterations::CHARTED, Direction::Ascending)?;
    while let Some((_, point)) = merged.take_next()? {
        let at = start(point.iteration, interval);
        match &mut bucket {
            Some((x, known)) if *x == at => known.add(point.value),
            _ => {
                let mut fresh = Bucket::default();
                fresh.add(point.value);
                if let Some((x, full)) = bucket.replace((at, fresh)) {
                    points.push(CurvePoint { x, y: full.mean() });
                }
            }
        }
    }
    points.extend(bucket.map(|(x, last)| CurvePoint { x, y: last.mean() }));
    Ok(points)
}

/// Times need not ascend with iterations, so two passes: one for the width of a bucket, one to fill them.
fn by_time(snapshot: &Snapshot<'_>, series: &[Series], samples: i64) -> Result<Vec<CurvePoint>> {
    let points = || MergedPoints::new(snapshot, series, Iterations::CHARTED, Direction::Ascending);
    let (mut count, mut first, mut last) = (0, i64::MAX, i64::MIN);
    let mut pass = points()?;
    while let Some((_, point)) = pass.take_next()? {
        count += 1;
        first = first.min(point.timestamp);
        last = last.max(point.timestamp);
    }
    let interval = interval(count, first, last, samples);
    let mut buckets: BTreeMap<i64, Bucket> = BTreeMap::new();
    let mut pass = points()?;
    while let Some((_, point)) = pass.take_next()? {
        buckets.entry(start(point.timestamp, interval)).or_default().add(point.value);
    }
    Ok(buckets.into_iter().map(|(x, bucket)| CurvePoint { x, y: bucket.mean() }).collect())
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
