//! Charts, raw scalars, vectors (spec/events.md 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::choice;
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        events::{self, Axis, Curve, CurvePoint, EntityCharts, MetricVariants, RawScalars, kind_of},
    },
    types::{Millis, Result},
};

/// What the x values are, and how they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Key {
    #[default]
    Iter,
    Timestamp,
    IsoTime,
}

impl Key {
    pub(in crate::api) fn axis(self) -> Axis {
        match self {
            Key::Iter => Axis::Iteration,
            Key::Timestamp | Key::IsoTime => Axis::Time,
        }
    }

    fn wire(self) -> &'static str {
        match self {
            Key::Iter => "iter",
            Key::Timestamp => "timestamp",
            Key::IsoTime => "iso_time",
        }
    }
}

pub(in crate::api) fn samples() -> i64 {
    2_000
}

#[derive(Serialize)]
#[serde(untagged)]
enum Xs {
    Numbers(Vec<i64>),
    Times(Vec<String>),
}

#[derive(Serialize)]
struct Line {
    name: String,
    x: Xs,
    y: Vec<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x_axis_label: Option<String>,
}

impl Line {
    fn new(name: String, key: Key, points: &[CurvePoint], x_axis_label: Option<String>) -> Line {
        let x = points.iter().map(|point| point.x);
        let x = match key {
            Key::IsoTime => Xs::Times(x.map(|x| Millis(x).to_zulu()).collect()),
            Key::Iter | Key::Timestamp => Xs::Numbers(x.collect()),
        };
        Line { name, x, y: points.iter().map(|point| point.y).collect(), x_axis_label }
    }
}

#[derive(Deserialize)]
struct Histogram {
    task: String,
    #[serde(default = "samples")]
    samples: i64,
    #[serde(default)]
    key: Key,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    #[serde(default)]
    model_events: bool,
}

/// `events.scalar_metrics_iter_histogram`: the map of metrics is the whole answer (spec/events.md 5.1).
pub(super) fn histogram(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Histogram = request.decode()?;
    let (kind, axis) = (kind_of(asked.model_events), asked.key.axis());
    let curves = events::charts(ctx, kind, &asked.task, axis, asked.samples, &choice(asked.metrics))?;
    let mut metrics: BTreeMap<String, BTreeMap<String, Line>> = BTreeMap::new();
    for Curve { metric, variant, x_axis_label, points } in curves {
        let line = Line::new(variant.clone(), asked.key, &points, x_axis_label);
        metrics.entry(metric).or_default().insert(variant, line);
    }
    Reply::data(&metrics)
}

#[derive(Deserialize)]
struct MultiHistogram {
    tasks: Vec<String>,
    #[serde(default = "samples")]
    samples: i64,
    #[serde(default)]
    key: Key,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    #[serde(default)]
    model_events: bool,
}

/// `events.multi_task_scalar_metrics_iter_histogram`: metric, variant, entity (spec/events.md 5.2).
pub(super) fn multi_histogram(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MultiHistogram = request.decode()?;
    let (kind, axis) = (kind_of(asked.model_events), asked.key.axis());
    let all = events::charts_together(ctx, kind, &asked.tasks, axis, asked.samples, &choice(asked.metrics))?;
    Reply::data(&BTreeMap::from([("metrics", by_metric(all, asked.key))]))
}

/// `{metric: {variant: {entity: {name, x, y}}}}`.
pub(in crate::api) fn by_metric(entities: Vec<EntityCharts>, key: Key) -> impl Serialize {
    let mut metrics: BTreeMap<String, BTreeMap<String, BTreeMap<String, Line>>> = BTreeMap::new();
    for entity in entities {
        for Curve { metric, variant, x_axis_label, points } in entity.curves {
            let line = Line::new(entity.name.clone(), key, &points, x_axis_label);
            let variants = metrics.entry(metric).or_default();
            variants.entry(variant).or_default().insert(entity.id.clone(), line);
        }
    }
    metrics
}

#[derive(Deserialize)]
struct Raw {
    task: String,
    metric: MetricVariants,
    #[serde(default)]
    key: Key,
    batch_size: Option<i64>,
    #[serde(default)]
    count_total: bool,
    scroll_id: Option<String>,
    #[serde(default)]
    model_events: bool,
}

#[derive(Serialize)]
struct RawAnswer {
    returned: usize,
    total: Option<i64>,
    scroll_id: String,
    variants: BTreeMap<String, BTreeMap<&'static str, Column>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Column {
    Xs(Vec<i64>),
    Ys(Vec<f64>),
}

/// `events.scalar_metrics_iter_raw` (spec/events.md 5.3).
pub(super) fn raw(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Raw = request.decode()?;
    let key = asked.key;
    let page = events::raw_scalars(
        ctx,
        &RawScalars {
            kind: kind_of(asked.model_events),
            id: asked.task,
            metric: asked.metric,
            axis: key.axis(),
            batch_size: asked.batch_size,
            count_total: asked.count_total,
            scroll_id: asked.scroll_id,
        },
    )?;
    let columns = |(xs, ys)| BTreeMap::from([("y", Column::Ys(ys)), (key.wire(), Column::Xs(xs))]);
    let variants = page.variants.into_iter().map(|(variant, points)| (variant, columns(points))).collect();
    Reply::data(&RawAnswer {
        returned: page.returned,
        total: page.total,
        scroll_id: page.scroll_id,
        variants,
    })
}

#[derive(Deserialize)]
struct MetricData {
    task: String,
    metric: String,
    scroll_id: Option<String>,
    #[serde(default)]
    no_scroll: bool,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_scalar_metric_data` (spec/events.md 5.4).
pub(super) fn metric_data(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MetricData = request.decode()?;
    let page = events::scalar_documents(
        ctx,
        kind_of(asked.model_events),
        &asked.task,
        &asked.metric,
        asked.scroll_id.as_deref(),
        asked.no_scroll,
    )?;
    Reply::data(&json!({
        "returned": page.events.len(),
        "events": page.events,
        "total": page.total,
        "scroll_id": page.scroll_id,
    }))
}

#[derive(Deserialize)]
struct VectorsOf {
    task: String,
    metric: String,
    variant: String,
    #[serde(default)]
    model_events: bool,
}

#[derive(Serialize)]
struct VectorAnswer {
    metric: String,
    variant: String,
    vectors: Vec<Box<RawValue>>,
    iterations: Vec<i64>,
}

/// `events.vector_metrics_iter_histogram` (spec/events.md 5.7).
pub(super) fn vectors(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: VectorsOf = request.decode()?;
    let kind = kind_of(asked.model_events);
    let found = events::vectors(ctx, kind, &asked.task, &asked.metric, &asked.variant)?;
    Reply::data(&VectorAnswer {
        metric: asked.metric,
        variant: asked.variant,
        vectors: found.vectors.into_iter().filter_map(|json| RawValue::from_string(json).ok()).collect(),
        iterations: found.iterations,
    })
}
