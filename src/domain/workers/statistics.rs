//! Charts of what workers report (spec/queues_workers.md 3.7 to 3.9).

use std::collections::{BTreeMap, BTreeSet};

use super::overseen::overseen;
use crate::{
    domain::{
        Ctx,
        steps::{Range, Steps},
    },
    store::{
        Snapshot,
        workers::{Activity, Bucket},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// How the values of a step become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Aggregation {
    #[default]
    Avg,
    Min,
    Max,
}

impl Aggregation {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Aggregation::Avg => "avg",
            Aggregation::Min => "min",
            Aggregation::Max => "max",
        }
    }

    fn of<'a>(self, buckets: impl Iterator<Item = &'a Bucket>) -> f64 {
        let (mut count, mut sum, mut min, mut max) = (0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
        for bucket in buckets {
            count += bucket.count;
            sum += bucket.sum;
            min = min.min(bucket.min);
            max = max.max(bucket.max);
        }
        match (count, self) {
            (0, _) => 0.0,
            (count, Aggregation::Avg) => sum / count as f64,
            (_, Aggregation::Min) => min,
            (_, Aggregation::Max) => max,
        }
    }
}

/// One line of a chart that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The metric.
    pub key: String,
    /// How the values of a step become one.
    pub aggregation: Aggregation,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// How the values of a step became one.
    pub aggregation: Aggregation,
    /// Starts of the steps, milliseconds.
    pub dates: Vec<i64>,
    /// One value per step; 0 where nothing was reported.
    pub values: Vec<f64>,
    /// The same for each device, when there are several.
    pub devices: Vec<(String, Vec<f64>)>,
}

/// What one worker reported.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerStats {
    /// The worker.
    pub worker: String,
    /// Lines by metric, in the order of the request.
    pub metrics: Vec<(String, Vec<Series>)>,
}

fn checked(ctx: &Ctx<'_>, range: Range) -> Result<Steps> {
    range.checked(ctx.app.settings.services.workers.min_chart_interval_sec.signed())
}

/// Categories and their metrics that workers report; the category is the part before the first `_`.
///
/// Errors: 400/1005 nothing is stored.
pub fn metric_keys(ctx: &Ctx<'_>, workers: &[String]) -> Result<BTreeMap<String, BTreeSet<String>>> {
    ctx.read(|snapshot| {
        let mut categories: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut collect = |snapshot: &Snapshot<'_>| -> Result<()> {
            let workers = if workers.is_empty() { snapshot.reporting_workers()? } else { workers.to_vec() };
            for worker in &workers {
                for metric in snapshot.reported_metrics(worker)? {
                    let category = metric.split('_').next().unwrap_or_default().to_owned();
                    categories.entry(category).or_default().insert(metric);
                }
            }
            Ok(())
        };
        collect(snapshot)?;
        for tenant in overseen(ctx, snapshot)? {
            collect(&tenant.snapshot(snapshot))?;
        }
        if categories.is_empty() {
            return Err(ErrorKind::WorkerStatsNotFound.into());
        }
        Ok(categories)
    })
}

/// What these workers last reported of their machines, if that is not older than so many seconds: metric to a list of
/// numbers.
pub fn latest(ctx: &Ctx<'_>, workers: &[String], seconds: i64) -> Result<BTreeMap<String, Json>> {
    ctx.read(|snapshot| {
        let found = snapshot.latest_reports(workers, snapshot.now.plus_seconds(-seconds))?;
        Ok(found.into_iter().collect())
    })
}

/// Charts of these workers, or of all; a worker that reported none of the metrics is left out. `split`: also a line
/// for each device of a GPU metric.
///
/// Errors: 400/16 as the range says; 403/30 others' workers without the feature `resource_dashboard`.
pub fn statistics(
    ctx: &Ctx<'_>,
    workers: &[String],
    range: Range,
    items: &[Item],
    split: bool,
) -> Result<Vec<WorkerStats>> {
    let steps = checked(ctx, range)?;
    let starts = steps.finished();
    let dates: Vec<i64> = starts.iter().map(|start| start * 1000).collect();
    // Two tenants may have workers of one name.
    let mut all = Vec::new();
    let collect = |snapshot: &Snapshot<'_>, workers: &[String]| -> Result<Vec<WorkerStats>> {
        let mut found: BTreeMap<String, Vec<(String, Vec<Series>)>> = BTreeMap::new();
        for item in items {
            let buckets =
                snapshot.metric_steps(workers, &item.key, steps.start(), steps.stop(), steps.interval)?;
            for own in buckets.chunk_by(|a, b| a.worker == b.worker) {
                let Some(first) = own.first() else { continue };
                let by_device = split && item.key.starts_with("gpu_");
                let series = Series {
                    aggregation: item.aggregation,
                    dates: dates.clone(),
                    values: line(own, &starts, item.aggregation, None),
                    devices: if by_device { devices(own, &starts, item.aggregation) } else { Vec::new() },
                };
                let metrics = found.entry(first.worker.clone()).or_default();
                match metrics.iter_mut().find(|(metric, _)| *metric == item.key) {
                    Some((_, lines)) => lines.push(series),
                    None => metrics.push((item.key.clone(), vec![series])),
                }
            }
        }
        Ok(found.into_iter().map(|(worker, metrics)| WorkerStats { worker, metrics }).collect())
    };
    ctx.read(|snapshot| {
        if let Some(workers) = allowed_history(ctx, snapshot, workers)? {
            all.extend(collect(snapshot, &workers)?);
        }
        for tenant in overseen(ctx, snapshot)? {
            all.extend(collect(&tenant.snapshot(snapshot), workers)?);
        }
        Ok(())
    })?;
    Ok(all)
}

/// The workers whose history the caller may see among those asked for, an empty list standing for all; `None` when that
/// is no worker at all. Without the feature, only one's own (spec/governance.md 10.4).
///
/// Errors: 403/30 somebody else's worker by name.
fn allowed_history(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, asked: &[String]) -> Result<Option<Vec<String>>> {
    const FEATURE: &str = "resource_dashboard";
    if ctx.caller.role.is_system() || ctx.caller.features.contains(FEATURE) {
        return Ok(Some(asked.to_vec()));
    }
    let own = snapshot.workers_of(ctx.caller.user.as_str())?;
    if asked.iter().any(|worker| !own.contains(worker)) {
        let text = "without it you see the history of your own workers only";
        return Err(ApiError::new(ErrorKind::FeatureNotEnabled, text).with("feature", FEATURE));
    }
    let allowed = if asked.is_empty() { own } else { asked.to_vec() };
    Ok(Some(allowed).filter(|workers| !workers.is_empty()))
}

/// The values of one line; `buckets` are in the order of their steps.
fn line(buckets: &[Bucket], starts: &[i64], aggregation: Aggregation, device: Option<i64>) -> Vec<f64> {
    let mut rest = buckets;
    starts
        .iter()
        .map(|start| {
            let skipped = rest.iter().take_while(|bucket| bucket.start < *start).count();
            rest = rest.get(skipped..).unwrap_or_default();
            let here = rest.iter().take_while(|bucket| bucket.start == *start);
            aggregation.of(here.filter(|bucket| device.is_none_or(|device| bucket.device == device)))
        })
        .collect()
}

fn devices(buckets: &[Bucket], starts: &[i64], aggregation: Aggregation) -> Vec<(String, Vec<f64>)> {
    let devices: BTreeSet<i64> = buckets.iter().map(|bucket| bucket.device).collect();
    if devices.len() < 2 {
        return Vec::new();
    }
    devices
        .into_iter()
        .map(|device| (device.to_string(), line(buckets, starts, aggregation, Some(device))))
        .collect()
}

/// How many workers reported in each step, and how many of them worked on a task: `(dates, total, active)`; the last
/// step, which is not over, is left out. Nothing at all when nothing was reported.
///
/// Errors: 400/16 as the range says.
pub fn activity(ctx: &Ctx<'_>, range: Range) -> Result<(Vec<i64>, Vec<i64>, Vec<i64>)> {
    let steps = checked(ctx, range)?;
    let found = ctx.read(|snapshot| {
        let mut found = snapshot.activity(steps.start(), steps.stop(), steps.interval)?;
        for tenant in overseen(ctx, snapshot)? {
            found.extend(tenant.snapshot(snapshot).activity(steps.start(), steps.stop(), steps.interval)?);
        }
        Ok(found)
    })?;
    if found.is_empty() {
        return Ok((Vec::new(), Vec::new(), Vec::new()));
    }
    let mut by_start: BTreeMap<i64, Activity> = BTreeMap::new();
    for step in found {
        let sum = by_start.entry(step.start).or_insert(Activity { workers: 0, active: 0, ..step });
        sum.workers += step.workers;
        sum.active += step.active;
    }
    let mut starts = steps.starts();
    starts.pop();
    let count = |count: fn(&Activity) -> i64| -> Vec<i64> {
        starts.iter().map(|start| by_start.get(start).map_or(0, count)).collect()
    };
    Ok((
        starts.iter().map(|start| start * 1000).collect(),
        count(|step| step.workers),
        count(|step| step.active),
    ))
}
