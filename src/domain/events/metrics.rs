//! Which metrics there are, and their last and single values (protocol: spec/events.md 5.5, 5.6, 5.8).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    access::{readable, readable_one},
    choice::Choice,
    document::Writer,
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{
            Direction, EventKind, EventOwner, Iterations, LastValue, OwnerKind, Points, SINGLE_VALUE, Series,
        },
    },
    types::{ApiError, ErrorKind, Result},
};

/// Metrics and their variants, both ascending.
pub type MetricNames = BTreeMap<String, BTreeSet<String>>;

/// Metrics and variants that an entity has events of a kind for.
///
/// Errors: 400/101, 400/201.
pub fn metrics_of_kind(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    id: &str,
    event_kind: EventKind,
) -> Result<MetricNames> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, kind, id)?;
        let mut names = MetricNames::new();
        if let Some(events) = &of.events {
            collect(snapshot, events, Some(event_kind), &mut names)?;
        }
        Ok(names)
    })
}

/// For each id, in the order of the request, the metrics of its numbered events; single values do not count.
/// `event_kind`: `None` means all.
///
/// Errors: 400/101, 400/201; 400/12 no ids.
pub fn metrics_by_entity(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    ids: &[String],
    event_kind: Option<EventKind>,
) -> Result<Vec<(String, Vec<String>)>> {
    at_least_one(ids)?;
    ctx.read(|snapshot| {
        let mut all = Vec::new();
        for of in readable(snapshot, kind, ids)? {
            let mut names = BTreeSet::new();
            if let Some(events) = &of.events {
                for series in snapshot.all_series(events)? {
                    let wanted = event_kind.is_none_or(|kind| kind == series.kind);
                    if wanted && !names.contains(&series.metric) && is_numbered(snapshot, &series)? {
                        names.insert(series.metric);
                    }
                }
                let console = event_kind.is_none_or(|kind| kind == EventKind::Log);
                if console && !names.contains("") && snapshot.has_numbered_lines(events)? {
                    names.insert(String::new());
                }
            }
            all.push((of.owner.id, names.into_iter().collect()));
        }
        Ok(all)
    })
}

/// Metrics and variants of several entities together, whatever their iterations.
///
/// Errors: 400/101, 400/201; 400/12 no ids.
pub fn metrics_together(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    ids: &[String],
    event_kind: Option<EventKind>,
) -> Result<MetricNames> {
    at_least_one(ids)?;
    ctx.read(|snapshot| {
        let mut names = MetricNames::new();
        for of in readable(snapshot, kind, ids)? {
            if let Some(events) = &of.events {
                collect(snapshot, events, event_kind, &mut names)?;
            }
        }
        Ok(names)
    })
}

fn at_least_one(ids: &[String]) -> Result<()> {
    if ids.is_empty() {
        return Err(
            ApiError::new(ErrorKind::ValidationError, "name at least one task").with("field", "tasks")
        );
    }
    Ok(())
}

fn collect(
    snapshot: &Snapshot<'_>,
    events: &EventOwner,
    kind: Option<EventKind>,
    names: &mut MetricNames,
) -> Result<()> {
    for series in snapshot.all_series(events)? {
        // Console lines may have been cleared; all other series have events as long as they exist.
        let wanted = kind.is_none_or(|kind| kind == series.kind);
        if wanted && (series.kind != EventKind::Log || snapshot.has_lines(events, Some(&series))?) {
            names.entry(series.metric).or_default().insert(series.variant);
        }
    }
    let console = kind.is_none_or(|kind| kind == EventKind::Log);
    if console && snapshot.has_lines(events, None)? {
        names.entry(String::new()).or_default().insert(String::new());
    }
    Ok(())
}

fn is_numbered(snapshot: &Snapshot<'_>, series: &Series) -> Result<bool> {
    Ok(series.numbered
        && !snapshot.iterations_of(series, Iterations::CHARTED, Direction::Descending, false, 1)?.is_empty())
}

/// A value that was reported once.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleValue {
    /// Metric.
    pub metric: String,
    /// Variant: the value's name.
    pub variant: String,
    /// The value.
    pub value: Option<f64>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
}

/// Single values of one entity: its id, its name, the values.
pub type EntityValues = (String, String, Vec<SingleValue>);

/// Single values of several entities in the order of the request; those without any are left out.
///
/// Errors: 400/101, 400/201; 400/12 no ids.
pub fn single_values(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    ids: &[String],
    choice: &Choice,
) -> Result<Vec<EntityValues>> {
    at_least_one(ids)?;
    ctx.read(|snapshot| {
        let mut all: Vec<EntityValues> = Vec::new();
        let mut seen = BTreeSet::new();
        for of in readable(snapshot, kind, ids)? {
            if !seen.insert(of.owner.id.clone()) {
                continue;
            }
            let mut values = Vec::new();
            if let Some(events) = &of.events {
                for series in choice.of(snapshot.series_of(events, EventKind::Scalar)?) {
                    if !series.numbered {
                        continue;
                    }
                    if let Some(point) = snapshot.point_at(&series, SINGLE_VALUE)? {
                        values.push(SingleValue {
                            metric: series.metric,
                            variant: series.variant,
                            value: point.value,
                            timestamp: point.timestamp,
                        });
                    }
                }
            }
            if !values.is_empty() {
                all.push((of.owner.id, of.owner.name, values));
            }
        }
        Ok(all)
    })
}

/// The newest scalars of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestScalars {
    /// Name of the task.
    pub name: String,
    /// Its status.
    pub status: String,
    /// Value at the highest iteration, by metric and variant.
    pub metrics: BTreeMap<String, BTreeMap<String, f64>>,
    /// Greatest iteration of all events, 0 without any.
    pub last_iter: i64,
    /// When the newest of these scalars arrived, milliseconds; 0 without any.
    pub last_timestamp: i64,
}

/// The newest value of each series of a task.
///
/// Errors: 400/101.
pub fn latest_scalars(ctx: &Ctx<'_>, task: &str) -> Result<LatestScalars> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let mut latest = LatestScalars {
            name: of.owner.name.clone(),
            status: of.owner.status.clone(),
            metrics: BTreeMap::new(),
            last_iter: 0,
            last_timestamp: 0,
        };
        let Some(events) = &of.events else { return Ok(latest) };
        let mut writer = Writer::new(ctx, snapshot, &of);
        for series in snapshot.all_series(events)? {
            if series.numbered {
                let newest =
                    snapshot.iterations_of(&series, Iterations::ALL, Direction::Descending, false, 1)?;
                latest.last_iter = latest.last_iter.max(newest.first().copied().unwrap_or(0));
            }
            if series.kind != EventKind::Scalar {
                continue;
            }
            let mut points = Points::new(snapshot, &series, Iterations::ALL, Direction::Descending);
            let Some(point) = points.take_next()? else { continue };
            if let Some(received) = writer.received(point.batch)? {
                latest.last_timestamp = latest.last_timestamp.max(received.0);
            }
            if let Some(value) = point.value {
                latest.metrics.entry(series.metric).or_default().entry(series.variant).or_insert(value);
            }
        }
        if let Some(line) = snapshot.greatest_line_iteration(events)? {
            latest.last_iter = latest.last_iter.max(line);
        }
        Ok(latest)
    })
}

/// A metric of the tree on the scalars page.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricBranch {
    /// Name.
    pub metric: String,
    /// Its variants in the order of first report, each with its last values where `last_metrics` holds them.
    pub variants: Vec<(String, Option<LastValue>)>,
}

/// The scalars of a task as a tree, metrics and variants in the order of first report.
///
/// Errors: 400/101.
pub fn metric_tree(ctx: &Ctx<'_>, task: &str) -> Result<Vec<MetricBranch>> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let Some(events) = &of.events else { return Ok(Vec::new()) };
        let mut last: BTreeMap<(String, String), LastValue> = snapshot
            .last_values(&of.owner)?
            .into_iter()
            .map(|value| ((value.metric.clone(), value.variant.clone()), value))
            .collect();
        let mut tree: Vec<MetricBranch> = Vec::new();
        for series in snapshot.all_series(events)? {
            if series.kind != EventKind::Scalar {
                continue;
            }
            let at = match tree.iter().position(|branch| branch.metric == series.metric) {
                Some(at) => at,
                None => {
                    tree.push(MetricBranch { metric: series.metric.clone(), variants: Vec::new() });
                    tree.len() - 1
                }
            };
            let Some(branch) = tree.get_mut(at) else { continue };
            if branch.variants.iter().all(|(known, _)| *known != series.variant) {
                let value = last.remove(&(series.metric, series.variant.clone()));
                branch.variants.push((series.variant, value));
            }
        }
        Ok(tree)
    })
}
