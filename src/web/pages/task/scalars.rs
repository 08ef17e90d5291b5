//! Scalars: the metric tree, the first charts, and the points of one chart for the script.

use std::collections::{HashMap, HashSet};

use super::{head::head, page, perform, shell};
use crate::{
    domain::{
        Ctx,
        events::{self, Axis, Choice, Curve as Reported, MetricBranch},
    },
    store::events::OwnerKind,
    types::{ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        pages::document::text,
        render::chart::{Curve, XAxis},
        view::{
            address::ChartView,
            task::scalars::{ChartData, DRAWN, Metric, Scalars, SeriesEntry, SeriesRange},
        },
    },
};

/// Points of a curve drawn on the server, and the most that a script gets.
const DRAWN_POINTS: i64 = 640;
const SCRIPT_POINTS: i64 = 6_000;

pub(super) fn scalars(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let view = ChartView::parse(&format!("/tasks/{id}/scalars"), &request.query);
    let tree = perform(ctx, "events.get_scalar_metrics_and_variants", |ctx| events::metric_tree(ctx, &id))?;
    let singles = perform(ctx, "events.get_task_single_value_metrics", |ctx| {
        events::single_values(ctx, OwnerKind::Task, std::slice::from_ref(&id), &Choice::All)
    })?;
    let singles: Vec<(String, String, f64)> = singles
        .into_iter()
        .flat_map(|(_, _, values)| values)
        .filter_map(|value| Some((value.metric, value.variant, value.value?)))
        .collect();
    let shown: Vec<&MetricBranch> = tree.iter().collect();
    let drawn: HashSet<&str> = shown
        .iter()
        .map(|branch| branch.metric.as_str())
        .filter(|m| !view.hide.iter().any(|h| h == m))
        .take(DRAWN)
        .collect();
    let choice = Choice::Only(drawn.iter().map(|metric| ((*metric).to_owned(), HashSet::new())).collect());
    let axis = axis(view.x);
    let mut curves: HashMap<String, Vec<Reported>> = HashMap::new();
    if !drawn.is_empty() {
        let found = perform(ctx, "events.scalar_metrics_iter_histogram", |ctx| {
            events::scalar_series(ctx, &id, axis, DRAWN_POINTS, &choice)
        })?;
        for curve in found {
            curves.entry(curve.metric.clone()).or_default().push(curve);
        }
    }
    let mut metrics: Vec<Metric> = Vec::new();
    for branch in shown {
        let slots = slots(branch);
        let reported = curves.remove(&branch.metric).unwrap_or_default();
        // A metric of single values only has no chart.
        let only_single = branch.variants.iter().all(|(variant, _)| {
            singles.iter().any(|(metric, single, _)| *metric == branch.metric && single == variant)
        });
        if only_single && reported.is_empty() {
            continue;
        }
        metrics.push(Metric {
            name: branch.metric.clone(),
            series: branch
                .variants
                .iter()
                .map(|(variant, last)| SeriesEntry {
                    name: variant.clone(),
                    slot: slots.get(variant).copied().unwrap_or(1),
                    last: last.as_ref().map_or(f64::NAN, |last| last.value),
                })
                .collect(),
            ranges: branch
                .variants
                .iter()
                .map(|(_, last)| SeriesRange {
                    count: last.as_ref().map_or(0, |last| last.count.unsigned_abs()),
                    min: last.as_ref().map_or(f64::NAN, |last| last.min),
                    max: last.as_ref().map_or(f64::NAN, |last| last.max),
                })
                .collect(),
            curves: reported.into_iter().map(|curve| shape(curve, &slots, view.x)).collect(),
        });
    }
    // People look for their own curves first; the machine's come last.
    metrics.sort_by_key(|metric| metric.name.starts_with(":monitor:"));
    page!(
        request,
        Scalars {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            view,
            metrics,
            singles: singles.into_iter().map(|(_, variant, value)| (variant, value)).collect(),
        }
    )
}

/// Points of one chart as JSON, with an entity tag: a chart without news costs a 304.
pub(super) fn data(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let metric = request.arg("m").ok_or(ErrorKind::NotFound)?;
    let x = match request.arg("x").as_deref() {
        Some("rel") => XAxis::Relative,
        Some("wall") => XAxis::Wall,
        _ => XAxis::Iteration,
    };
    let columns =
        request.arg("points").and_then(|points| points.parse::<usize>().ok()).unwrap_or(600).clamp(50, 3_000);
    let choice = Choice::Only(HashMap::from([(metric.clone(), HashSet::new())]));
    let samples = i64::try_from(columns.saturating_mul(2)).unwrap_or(SCRIPT_POINTS).min(SCRIPT_POINTS);
    let found = perform(ctx, "events.scalar_metrics_iter_histogram", |ctx| {
        events::scalar_series(ctx, &id, axis(x), samples, &choice)
    })?;
    let tree = events::metric_tree(ctx, &id)?;
    let branch = tree.into_iter().find(|branch| branch.metric == metric).ok_or(ErrorKind::NotFound)?;
    let slots = slots(&branch);
    let curves: Vec<Curve> = found.into_iter().map(|curve| shape(curve, &slots, x)).collect();
    PageReply::json(request, &ChartData::new(metric, x, &curves, columns))
}

fn axis(x: XAxis) -> Axis {
    match x {
        XAxis::Iteration => Axis::Iteration,
        XAxis::Relative | XAxis::Wall => Axis::Time,
    }
}

/// A colour for each variant in the order of first report; `train` and `val` prefer the first two everywhere.
fn slots(branch: &MetricBranch) -> HashMap<String, u8> {
    let mut slots: HashMap<String, u8> = HashMap::new();
    let preferred = |variant: &str| match variant.to_lowercase().as_str() {
        "train" | "training" => Some(1),
        "val" | "valid" | "validation" | "test" => Some(2),
        _ => None,
    };
    for (variant, _) in &branch.variants {
        if let Some(slot) = preferred(variant)
            && !slots.values().any(|taken| *taken == slot)
        {
            slots.insert(variant.clone(), slot);
        }
    }
    for (variant, _) in &branch.variants {
        if !slots.contains_key(variant) {
            let free = (1..=u8::MAX).find(|slot| !slots.values().any(|taken| taken == slot));
            slots.insert(variant.clone(), free.unwrap_or(u8::MAX));
        }
    }
    slots
}

fn shape(curve: Reported, slots: &HashMap<String, u8>, x: XAxis) -> Curve {
    let first = curve.points.first().map_or(0, |point| point.x);
    let place = |at: i64| match x {
        XAxis::Relative => (at - first) as f64 / 1000.0,
        XAxis::Iteration | XAxis::Wall => at as f64,
    };
    Curve {
        slot: slots.get(&curve.variant).copied().unwrap_or(1),
        points: curve.points.iter().map(|point| (place(point.x), point.y.unwrap_or(f64::NAN))).collect(),
        name: curve.variant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_variant_never_recolours_an_earlier_one() {
        let branch = |variants: &[&str]| MetricBranch {
            metric: "loss".into(),
            variants: variants.iter().map(|variant| ((*variant).to_owned(), None)).collect(),
        };
        let first = slots(&branch(&["a", "b"]));
        let later = slots(&branch(&["a", "b", "c"]));
        assert_eq!((first["a"], first["b"]), (later["a"], later["b"]));
        let named = slots(&branch(&["other", "val", "train"]));
        assert_eq!((named["train"], named["val"], named["other"]), (1, 2, 3));
    }
}
