//! `reports.get_task_data`: what charts in reports show (spec/projects.md 6.4).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    api::{
        endpoint::{Reply, Request},
        events::{
            images, metrics, one, plots,
            scalars::{self, Key, samples},
            yes,
        },
        typed::checked,
    },
    domain::{
        Ctx,
        events::{MetricVariants, kind_of},
        reports::{self, ChartsWanted, ImagesWanted, PlotsWanted, Wanted},
    },
    types::{Json, Result},
};

/// Keys of the request that are no part of the query.
const OPTIONS: [&str; 5] =
    ["debug_images", "model_events", "plots", "scalar_metrics_iter_histogram", "single_value_metrics"];

#[derive(Deserialize)]
struct Images {
    #[serde(default = "one")]
    iters: i64,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
}

#[derive(Deserialize)]
struct Plots {
    #[serde(default = "one")]
    iters: i64,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    #[serde(default = "yes")]
    last_iters_per_task_metric: bool,
}

#[derive(Deserialize)]
struct Charts {
    #[serde(default = "samples")]
    samples: i64,
    #[serde(default)]
    key: Key,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
}

/// What is asked for beside the tasks; an empty object asks too.
#[derive(Deserialize)]
struct Options {
    debug_images: Option<Images>,
    plots: Option<Plots>,
    scalar_metrics_iter_histogram: Option<Charts>,
    single_value_metrics: Option<Json>,
    #[serde(default)]
    model_events: bool,
}

#[derive(Serialize)]
struct Answer<P, C> {
    tasks: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debug_images: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plots: Option<P>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scalar_metrics_iter_histogram: Option<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    single_value_metrics: Option<Vec<Value>>,
}

/// `reports.get_task_data`.
pub(super) fn get_task_data(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    // The query has rules of its own; only the rest obeys the schema.
    let options = OPTIONS.iter().filter_map(|key| request.body.remove_entry(*key)).collect();
    let query = std::mem::replace(&mut request.body, checked("reports.get_task_data", options)?);
    let asked: Options = request.decode()?;
    let key = asked.scalar_metrics_iter_histogram.as_ref().map(|charts| charts.key).unwrap_or_default();
    let wanted = Wanted {
        images: asked
            .debug_images
            .map(|images| ImagesWanted { iters: images.iters, metrics: images.metrics }),
        plots: asked.plots.map(|plots| PlotsWanted {
            iters: plots.iters,
            metrics: plots.metrics,
            per_metric: plots.last_iters_per_task_metric,
        }),
        charts: asked.scalar_metrics_iter_histogram.map(|charts| ChartsWanted {
            samples: charts.samples,
            axis: charts.key.axis(),
            metrics: charts.metrics,
        }),
        single_values: asked.single_value_metrics.is_some(),
    };
    let data = reports::task_data(ctx, kind_of(asked.model_events), &query, wanted)?;
    Reply::data(&Answer {
        tasks: data.documents,
        debug_images: data.images.map(images::by_entity),
        plots: data.plots.map(plots::by_metric),
        scalar_metrics_iter_histogram: data.charts.map(|charts| scalars::by_metric(charts, key)),
        single_value_metrics: data.single_values.map(metrics::values_by_entity),
    })
}
