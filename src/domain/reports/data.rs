//! What the charts in a report show: tasks or models by query, and their events (spec/projects.md 6.4).

use serde_json::Value;

use crate::{
    domain::{
        Ctx,
        events::{
            self, Axis, Choice, EntityCharts, EntityValues, MetricVariants, MultiPlots, PagedEntity,
            PagerEntry, PagerRequest, PlotTree,
        },
    },
    store::{
        events::{EventKind, OwnerKind},
        query::{MODEL, TASK},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Which debug images.
#[derive(Clone, Debug)]
pub struct ImagesWanted {
    /// Newest iterations of each entity, at least 1.
    pub iters: i64,
    /// Metrics and variants; none: all.
    pub metrics: Vec<MetricVariants>,
}

/// Which plots.
#[derive(Clone, Debug)]
pub struct PlotsWanted {
    /// Newest iterations, at least 1.
    pub iters: i64,
    /// Metrics and variants; none: all.
    pub metrics: Vec<MetricVariants>,
    /// Whether the newest iterations are found per metric, else per entity.
    pub per_metric: bool,
}

/// Which charts of scalars.
#[derive(Clone, Debug)]
pub struct ChartsWanted {
    /// Points of a chart, at most.
    pub samples: i64,
    /// What the x values are.
    pub axis: Axis,
    /// Metrics and variants; none: all.
    pub metrics: Vec<MetricVariants>,
}

/// Events that are asked for beside the documents.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Debug images.
    pub images: Option<ImagesWanted>,
    /// Plots.
    pub plots: Option<PlotsWanted>,
    /// Charts of scalars.
    pub charts: Option<ChartsWanted>,
    /// Single values.
    pub single_values: bool,
}

/// Documents and, where they were asked for, their events.
#[derive(Clone, Debug, Default)]
pub struct TaskData {
    /// Tasks or models, references as objects.
    pub documents: Vec<Json>,
    /// Debug images by entity.
    pub images: Option<Vec<PagedEntity>>,
    /// Plots.
    pub plots: Option<PlotTree>,
    /// Charts by entity.
    pub charts: Option<Vec<EntityCharts>>,
    /// Single values by entity.
    pub single_values: Option<Vec<EntityValues>>,
}

/// Finds tasks, or models, as `get_all_ex` of theirs does, and reads the events asked for.
///
/// Errors: 400 as the query language names them; 400/12 `iters` or `samples` out of range, or charts of more entities
/// than the setting allows.
pub fn task_data(ctx: &Ctx<'_>, kind: OwnerKind, request: &Json, wanted: Wanted) -> Result<TaskData> {
    let collection = match kind {
        OwnerKind::Task => &TASK,
        OwnerKind::Model => &MODEL,
    };
    let iters =
        [wanted.images.as_ref().map(|images| images.iters), wanted.plots.as_ref().map(|plots| plots.iters)];
    if let Some(iters) = iters.into_iter().flatten().find(|iters| *iters < 1) {
        return Err(
            ApiError::new(ErrorKind::ValidationError, "iters must be at least 1").with("iters", iters)
        );
    }
    let documents = ctx.read(|snapshot| ctx.list(snapshot, collection, request, true))?.documents;
    let ids: Vec<String> = documents
        .iter()
        .filter_map(|document| document.get("id").and_then(Value::as_str).map(str::to_owned))
        .collect();
    let mut data = TaskData { documents, ..TaskData::default() };
    if let Some(wanted) = wanted.images {
        data.images = Some(images(ctx, kind, &ids, wanted)?);
    }
    if let Some(wanted) = wanted.plots {
        data.plots = Some(plots(ctx, kind, &ids, wanted)?);
    }
    if let Some(wanted) = wanted.charts {
        let choice = Choice::from_list(wanted.metrics);
        data.charts = Some(match ids.is_empty() {
            true => Vec::new(),
            false => events::charts_together(ctx, kind, &ids, wanted.axis, wanted.samples, &choice)?,
        });
    }
    if wanted.single_values {
        data.single_values = Some(match ids.is_empty() {
            true => Vec::new(),
            false => events::single_values(ctx, kind, &ids, &Choice::All)?,
        });
    }
    Ok(data)
}

fn images(ctx: &Ctx<'_>, kind: OwnerKind, ids: &[String], wanted: ImagesWanted) -> Result<Vec<PagedEntity>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let of = |id: &String| -> Vec<PagerEntry> {
        if wanted.metrics.is_empty() {
            return vec![PagerEntry { id: id.clone(), metric: None, variants: Vec::new() }];
        }
        let entry = |one: &MetricVariants| PagerEntry {
            id: id.clone(),
            metric: Some(one.metric.clone()),
            variants: one.variants.clone(),
        };
        wanted.metrics.iter().map(entry).collect()
    };
    let page = events::newest_page(
        ctx,
        &PagerRequest {
            event_kind: EventKind::Image,
            kind,
            entries: ids.iter().flat_map(of).collect(),
            iters: wanted.iters,
            earlier: true,
            refresh: false,
            scroll_id: None,
        },
    )?;
    Ok(page)
}

fn plots(ctx: &Ctx<'_>, kind: OwnerKind, ids: &[String], wanted: PlotsWanted) -> Result<PlotTree> {
    if ids.is_empty() {
        return Ok(PlotTree::new());
    }
    let page = events::multi_plots(
        ctx,
        &MultiPlots {
            kind,
            ids: ids.to_vec(),
            iters: wanted.iters,
            per_metric: wanted.per_metric,
            choice: Choice::from_list(wanted.metrics),
            scroll_id: None,
            no_scroll: true,
        },
    )?;
    Ok(page.plots)
}
