//! What tasks and models report: scalars, vectors, images, plots and console lines (protocol: spec/events.md).
//!
//! [`add`] parses and groups a batch before it takes the writer. Readers come in two kinds: those that a client pages
//! through, with cursors and states that belong to the caller ([`all_events`], [`page`], …), and those that pages of
//! the browser use directly ([`scalar_series`], [`log_window`], [`plots()`], [`images`], [`metric_tree`], [`versions`]).

mod access;
mod add;
mod all_events;
mod batch;
mod chart;
mod choice;
mod compaction;
mod cursor;
mod delete;
mod document;
mod download;
mod fields;
mod figure;
mod group;
mod held;
mod image_sample;
mod log_search;
mod logs;
mod metrics;
mod old_images;
mod pager;
mod pages;
mod past;
mod plot_sample;
mod plots;
mod raw;
mod raw_scalars;
mod scroll;
mod text;
mod vectors;
mod viewer;

pub use access::{Readable, kind_of, readable, readable_one};
pub use add::{Added, add};
pub use all_events::{AllEvents, EventPage, all_events};
pub use chart::{
    Axis, Curve, CurvePoint, EntityCharts, SAMPLES, charts, charts_together, curves, scalar_series,
};
pub use choice::{Choice, MetricVariants};
pub use compaction::compact;
pub use delete::delete_events;
pub use download::{LineForm, LinePattern, LogFile, log_file};
pub use image_sample::{ImageAnswer, ImageSampleRequest, NextSample, image_sample, next_image};
pub use log_search::{LogMatches, LogSearch, LogSearchPage, Matches, SearchAt, find_in_log, search_log};
pub use logs::{
    ClearRequest, LogByTime, LogPage, LogScroll, LogWindow, WindowAt, clear_log, log_by_time, log_scroll,
    log_window,
};
pub use metrics::{
    EntityValues, LatestScalars, MetricBranch, MetricNames, SingleValue, latest_scalars, metric_tree,
    metrics_by_entity, metrics_of_kind, metrics_together, single_values,
};
pub use old_images::{ImageScroll, OldImages, old_images};
pub use pager::{PagedEntity, PagedIteration, PagerEntry, PagerPage, PagerRequest, newest_page, page};
pub use pages::{Versions, images, plots, versions};
pub(super) use past::add_past;
pub use plot_sample::{PlotAnswer, PlotSampleRequest, next_plot, plot_sample};
pub use plots::{
    MultiPlotPage, MultiPlots, NamedPlots, PlotScroll, PlotTree, multi_plots, newest_plots, old_multi_plots,
    old_plots,
};
pub use raw_scalars::{RawPage, RawScalars, ScalarPage, raw_scalars, scalar_documents};
pub use scroll::clear_scroll;
pub(super) use text::with_standard_tokens;
pub use vectors::{Vectors, vectors};

use crate::{domain::Ctx, types::Millis};

/// What a server keeps for events besides the database.
pub struct EventsState {
    states: held::States,
}

impl Default for EventsState {
    fn default() -> Self {
        EventsState { states: held::no_states() }
    }
}

/// When a state that is used now goes away.
fn expiry(ctx: &Ctx<'_>) -> Millis {
    let lifetime = ctx.app.settings.services.events.events_retrieval.state_expiration_sec.get();
    ctx.call.received.plus_seconds(i64::try_from(lifetime).unwrap_or(i64::MAX))
}
