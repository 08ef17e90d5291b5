//! Plots (spec/events.md 6, 7, 8.3, 8.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{choice, images, one, yes};
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        events::{
            self, MetricVariants, MultiPlotPage, MultiPlots, PlotAnswer, PlotSampleRequest, PlotTree, kind_of,
        },
    },
    store::events::EventKind,
    types::{Json, Result},
};

#[derive(Deserialize)]
struct OfTask {
    task: String,
    #[serde(default = "one")]
    iters: i64,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    scroll_id: Option<String>,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_task_plots`: all in one page; a scroll id is taken and not looked at (spec/events.md 6.1).
pub(super) fn of_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: OfTask = request.decode()?;
    let kind = kind_of(asked.model_events);
    let plots = events::newest_plots(ctx, kind, &asked.task, asked.iters, &choice(asked.metrics))?;
    let count = plots.len();
    Reply::data(&json!({"plots": plots, "returned": count, "total": count, "scroll_id": null}))
}

/// `events.get_task_plots` before 1.8 (spec/events.md 6.3).
pub(super) fn of_task_1_0(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: OfTask = request.decode()?;
    let page = events::old_plots(ctx, &asked.task, asked.iters, asked.scroll_id.as_deref())?;
    Reply::data(&json!({
        "returned": page.plots.len(),
        "plots": page.plots,
        "total": page.total,
        "scroll_id": page.scroll_id,
    }))
}

#[derive(Deserialize)]
struct MultiTask {
    tasks: Vec<String>,
    #[serde(default = "one")]
    iters: i64,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    #[serde(default = "yes")]
    last_iters_per_task_metric: bool,
    scroll_id: Option<String>,
    #[serde(default)]
    no_scroll: bool,
    #[serde(default)]
    model_events: bool,
}

impl From<MultiTask> for MultiPlots {
    fn from(asked: MultiTask) -> Self {
        MultiPlots {
            kind: kind_of(asked.model_events),
            ids: asked.tasks,
            iters: asked.iters,
            per_metric: asked.last_iters_per_task_metric,
            choice: choice(asked.metrics),
            scroll_id: asked.scroll_id,
            no_scroll: asked.no_scroll,
        }
    }
}

#[derive(Serialize)]
struct Named {
    name: String,
    plots: Vec<Json>,
}

/// `events.get_multi_task_plots` (spec/events.md 6.2).
pub(super) fn multi_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MultiTask = request.decode()?;
    multi(events::multi_plots(ctx, &asked.into())?)
}

/// `events.get_multi_task_plots` before 1.8 (spec/events.md 6.3).
pub(super) fn multi_task_1_0(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MultiTask = request.decode()?;
    multi(events::old_multi_plots(ctx, &asked.into())?)
}

/// Metric, variant, entity, iteration as text.
type Tree = BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeMap<String, Named>>>>;

/// `{metric: {variant: {entity: {"<iteration>": {name, plots}}}}}`.
pub(in crate::api) fn by_metric(plots: PlotTree) -> impl Serialize {
    let mut tree = Tree::new();
    for (metric, variants) in plots {
        for (variant, entities) in variants {
            for (id, iterations) in entities {
                for (iteration, named) in iterations {
                    let variants = tree.entry(metric.clone()).or_default();
                    let iterations =
                        variants.entry(variant.clone()).or_default().entry(id.clone()).or_default();
                    let named = Named { name: named.name, plots: named.plots };
                    iterations.insert(iteration.to_string(), named);
                }
            }
        }
    }
    tree
}

#[derive(Serialize)]
struct MultiAnswer<T> {
    plots: T,
    /// Counts metrics (spec/events.md 6.2).
    returned: usize,
    total: i64,
    scroll_id: Option<String>,
}

fn multi(page: MultiPlotPage) -> Result<Reply> {
    let returned = page.plots.len();
    let plots = by_metric(page.plots);
    Reply::data(&MultiAnswer { plots, returned, total: page.total, scroll_id: page.scroll_id })
}

/// `events.plots` (spec/events.md 7).
pub(super) fn plots(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    images::paged(ctx, request, EventKind::Plot)
}

#[derive(Deserialize)]
struct Sample {
    task: String,
    metric: String,
    iteration: Option<i64>,
    #[serde(default)]
    refresh: bool,
    scroll_id: Option<String>,
    #[serde(default = "yes")]
    navigate_current_metric: bool,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_plot_sample` (spec/events.md 8.3).
pub(super) fn sample(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Sample = request.decode()?;
    answer(events::plot_sample(
        ctx,
        &PlotSampleRequest {
            kind: kind_of(asked.model_events),
            id: asked.task,
            metric: asked.metric,
            iteration: asked.iteration,
            refresh: asked.refresh,
            scroll_id: asked.scroll_id,
            one_metric: asked.navigate_current_metric,
        },
    )?)
}

/// `events.next_plot_sample` (spec/events.md 8.4).
pub(super) fn next(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: images::Next = request.decode()?;
    answer(events::next_plot(ctx, &asked.into())?)
}

fn answer(answer: PlotAnswer) -> Result<Reply> {
    Reply::data(&json!({
        "scroll_id": answer.scroll_id,
        "events": answer.events,
        "min_iteration": answer.range.map(|(least, _)| least),
        "max_iteration": answer.range.map(|(_, most)| most),
    }))
}
