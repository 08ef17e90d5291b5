//! `events.*`: what tasks and models report (spec/events.md).

pub(super) mod images;
mod logs;
pub(super) mod metrics;
pub(super) mod plots;
pub(super) mod scalars;
mod write;

#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::endpoint::{Endpoint, Input};
use crate::{
    domain::events::{Choice, MetricVariants},
    store::events::EventKind,
    types::{ApiError, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("events.add", Input::Raw, write::add),
    Endpoint::new("events.add_batch", Input::Lines, write::add_batch),
    Endpoint::new("events.clear_scroll", Input::Raw, write::clear_scroll).since(2, 18),
    Endpoint::new("events.clear_task_log", Input::Typed, logs::clear),
    Endpoint::new("events.debug_images", Input::Raw, images::debug_images_1_0),
    Endpoint::new("events.debug_images", Input::Raw, images::debug_images_1_8).since(1, 8),
    Endpoint::new("events.debug_images", Input::Typed, images::debug_images).since(2, 7),
    Endpoint::new("events.delete_for_model", Input::Typed, write::delete_for_model),
    Endpoint::new("events.delete_for_task", Input::Typed, write::delete_for_task),
    Endpoint::new("events.download_task_log", Input::Typed, logs::download).download(),
    Endpoint::new("events.get_debug_image_sample", Input::Typed, images::sample).since(2, 12),
    Endpoint::new("events.get_multi_task_metrics", Input::Typed, metrics::multi_task),
    Endpoint::new("events.get_multi_task_plots", Input::Typed, plots::multi_task_1_0),
    Endpoint::new("events.get_multi_task_plots", Input::Typed, plots::multi_task).since(1, 8),
    Endpoint::new("events.get_plot_sample", Input::Typed, plots::sample),
    Endpoint::new("events.get_scalar_metric_data", Input::Typed, scalars::metric_data),
    Endpoint::new("events.get_scalar_metrics_and_variants", Input::Typed, metrics::scalars),
    Endpoint::new("events.get_task_events", Input::Typed, logs::task_events),
    Endpoint::new("events.get_task_latest_scalar_values", Input::Typed, metrics::latest),
    Endpoint::new("events.get_task_log", Input::Typed, logs::get_1_0),
    Endpoint::new("events.get_task_log", Input::Typed, logs::get_1_7).since(1, 7),
    Endpoint::new("events.get_task_log", Input::Typed, logs::get).since(2, 9),
    Endpoint::new("events.get_task_metrics", Input::Typed, metrics::of_tasks),
    Endpoint::new("events.get_task_plots", Input::Typed, plots::of_task_1_0),
    Endpoint::new("events.get_task_plots", Input::Typed, plots::of_task).since(1, 8),
    Endpoint::new("events.get_task_single_value_metrics", Input::Typed, metrics::single_values),
    Endpoint::new("events.get_vector_metrics_and_variants", Input::Typed, metrics::vectors),
    Endpoint::new("events.multi_task_scalar_metrics_iter_histogram", Input::Typed, scalars::multi_histogram),
    Endpoint::new("events.next_debug_image_sample", Input::Typed, images::next).since(2, 12),
    Endpoint::new("events.next_plot_sample", Input::Typed, plots::next),
    Endpoint::new("events.plots", Input::Typed, plots::plots),
    Endpoint::new("events.scalar_metrics_iter_histogram", Input::Typed, scalars::histogram),
    Endpoint::new("events.scalar_metrics_iter_raw", Input::Typed, scalars::raw).since(2, 16),
    Endpoint::new("events.vector_metrics_iter_histogram", Input::Typed, scalars::vectors),
];

/// One entity.
#[derive(Deserialize)]
struct One {
    task: String,
    #[serde(default)]
    model_events: bool,
}

fn choice(metrics: Vec<MetricVariants>) -> Choice {
    Choice::from_list(metrics)
}

/// A type of events; `*`: all.
fn event_kind(text: &str) -> Result<Option<EventKind>> {
    match EventKind::from_wire(text) {
        Some(kind) => Ok(Some(kind)),
        None if text == "*" => Ok(None),
        None => {
            let types: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.wire()).collect();
            let text = format!("event_type must be one of {}, or *", types.join(", "));
            Err(ApiError::new(ErrorKind::ValidationError, text).with("field", "event_type"))
        }
    }
}

pub(super) fn yes() -> bool {
    true
}

fn everything() -> String {
    "*".to_owned()
}

pub(super) fn one() -> i64 {
    1
}
