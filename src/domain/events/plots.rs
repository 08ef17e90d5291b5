//! Plots: the newest of each (protocol: spec/events.md 6).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    access::{Readable, readable, readable_one},
    choice::Choice,
    document::Writer,
    scroll::{Begun, Scroll, begun, proceed},
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, Iterations, OwnerKind, PlotSpot, Series},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Plots that clients before 1.8 look at.
const OLD_LIMIT: usize = 10_000;

/// `iters` of a request: at least 1.
fn at_least_one(iters: i64) -> usize {
    usize::try_from(iters.max(1)).unwrap_or(usize::MAX)
}

/// The `iters` newest plots of each metric and variant: metric and variant ascending, newest first.
///
/// Errors: 400/101, 400/201.
pub fn newest_plots(
    ctx: &Ctx<'_>,
    kind: OwnerKind,
    id: &str,
    iters: i64,
    choice: &Choice,
) -> Result<Vec<Json>> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, kind, id)?;
        let series = plot_series(snapshot, &of, choice)?;
        let mut rows = Vec::new();
        for same_name in series.chunk_by(|a, b| a.metric == b.metric && a.variant == b.variant) {
            let mut spots = Vec::new();
            for one in same_name {
                let numbered = one.numbered;
                let newest = snapshot.plot_spots(one, Iterations::ALL, true, at_least_one(iters))?;
                spots.extend(newest.into_iter().map(|spot| (numbered.then_some(spot.iteration), spot)));
            }
            // Those without iteration come last, as missing values do everywhere.
            spots.sort_by_key(|(iteration, spot)| std::cmp::Reverse((*iteration, spot.timestamp)));
            rows.extend(spots.into_iter().take(at_least_one(iters)).map(|(_, spot)| spot.row));
        }
        documents(ctx, snapshot, &of, &series, &rows)
    })
}

fn plot_series(snapshot: &Snapshot<'_>, of: &Readable, choice: &Choice) -> Result<Vec<Series>> {
    let Some(events) = &of.events else { return Ok(Vec::new()) };
    Ok(choice.of(snapshot.series_of(events, EventKind::Plot)?))
}

pub(super) fn documents(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    of: &Readable,
    series: &[Series],
    rows: &[i64],
) -> Result<Vec<Json>> {
    let by_id: HashMap<i64, &Series> = series.iter().map(|series| (series.id, series)).collect();
    let mut writer = Writer::new(ctx, snapshot, of);
    let mut documents = Vec::with_capacity(rows.len());
    for plot in snapshot.plots_by_row(rows)? {
        if let Some(series) = by_id.get(&plot.series) {
            documents.push(writer.plot(series, &plot)?);
        }
    }
    Ok(documents)
}

/// A page of plots for clients before 1.8.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotScroll {
    /// Documents.
    pub plots: Vec<Json>,
    /// Plots in all.
    pub total: i64,
    /// Where to go on.
    pub scroll_id: Option<String>,
}

/// The newest plots as clients before 1.8 read them: of the 10,000 newest, `iters` of each metric and variant, newest
/// first.
///
/// Errors: 400/101; 400/1104.
pub fn old_plots(ctx: &Ctx<'_>, id: &str, iters: i64, scroll_id: Option<&str>) -> Result<PlotScroll> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, id)?;
        let series = plot_series(snapshot, &of, &Choice::All)?;
        let purpose = format!("old plots {id}");
        let (scroll_id, mut scroll) = match begun(ctx, scroll_id, &purpose)? {
            Begun::Ended => return Ok(PlotScroll { plots: Vec::new(), total: 0, scroll_id: None }),
            Begun::At(id, scroll) => (Some(id), scroll),
            Begun::No => {
                let spots = old_spots(snapshot, &series, iters)?;
                (None, Scroll::of_rows(&purpose, spots.into_iter().map(|spot| spot.row).collect()))
            }
        };
        let rows = scroll.next_rows(OLD_LIMIT);
        let total = scroll.total;
        let plots = documents(ctx, snapshot, &of, &series, &rows)?;
        let next = proceed(ctx, scroll_id.as_deref(), scroll, rows.is_empty());
        Ok(PlotScroll { plots, total, scroll_id: Some(next) })
    })
}

fn old_spots(snapshot: &Snapshot<'_>, series: &[Series], iters: i64) -> Result<Vec<PlotSpot>> {
    let mut spots = Vec::new();
    for one in series.iter().filter(|series| series.numbered) {
        spots.extend(snapshot.plot_spots(one, Iterations::ALL, false, OLD_LIMIT)?);
    }
    spots.sort_by_key(|spot| std::cmp::Reverse(spot.iteration));
    spots.truncate(OLD_LIMIT);
    let names: HashMap<i64, (&str, &str)> =
        series.iter().map(|series| (series.id, (series.metric.as_str(), series.variant.as_str()))).collect();
    let mut kept: HashMap<(&str, &str), usize> = HashMap::new();
    spots.retain(|spot| {
        let count = kept.entry(names.get(&spot.series).copied().unwrap_or_default()).or_default();
        *count += 1;
        *count <= at_least_one(iters)
    });
    Ok(spots)
}

/// What is asked for of several tasks.
#[derive(Clone, Debug)]
pub struct MultiPlots {
    /// Tasks or models.
    pub kind: OwnerKind,
    /// Their ids.
    pub ids: Vec<String>,
    /// Iterations of each.
    pub iters: i64,
    /// Whether the newest iterations are found per metric, else per task.
    pub per_metric: bool,
    /// Which metrics.
    pub choice: Choice,
    /// Where to go on.
    pub scroll_id: Option<String>,
    /// One page only.
    pub no_scroll: bool,
}

/// Plots of one task at one iteration: its name and the plots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedPlots {
    /// Name of the task or model.
    pub name: String,
    /// Documents.
    pub plots: Vec<Json>,
}

/// Plots by metric, variant, id and iteration.
pub type PlotTree = BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeMap<i64, NamedPlots>>>>;

/// A page of plots of several tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MultiPlotPage {
    /// The plots.
    pub plots: PlotTree,
    /// Plots in all.
    pub total: i64,
    /// Where to go on.
    pub scroll_id: Option<String>,
}

/// The plots of the newest iterations of several tasks, newest first, page by page.
///
/// Errors: 400/101, 400/201; 400/12 no ids; 400/1104.
pub fn multi_plots(ctx: &Ctx<'_>, asked: &MultiPlots) -> Result<MultiPlotPage> {
    multi(ctx, asked, newest_iterations)
}

/// As [`multi_plots`] for clients before 1.8: of the 10,000 newest of each task.
///
/// Errors: as [`multi_plots`].
pub fn old_multi_plots(ctx: &Ctx<'_>, asked: &MultiPlots) -> Result<MultiPlotPage> {
    multi(ctx, asked, |snapshot, series, asked| old_spots(snapshot, series, asked.iters))
}

fn multi(
    ctx: &Ctx<'_>,
    asked: &MultiPlots,
    find: impl Fn(&Snapshot<'_>, &[Series], &MultiPlots) -> Result<Vec<PlotSpot>>,
) -> Result<MultiPlotPage> {
    if asked.ids.is_empty() {
        return Err(
            ApiError::new(ErrorKind::ValidationError, "name at least one task").with("field", "tasks")
        );
    }
    ctx.read(|snapshot| {
        let mut seen = BTreeSet::new();
        let mut entities = readable(snapshot, asked.kind, &asked.ids)?;
        entities.retain(|of| seen.insert(of.owner.id.clone()));
        let mut series: Vec<(usize, Series)> = Vec::new();
        for (at, of) in entities.iter().enumerate() {
            series.extend(plot_series(snapshot, of, &Choice::All)?.into_iter().map(|one| (at, one)));
        }
        // What a page may show is bounded by `series` all the same.
        let purpose = format!("plots {} {}", entities.len(), asked.ids.first().map_or("", String::as_str));
        let started =
            if asked.no_scroll { Begun::No } else { begun(ctx, asked.scroll_id.as_deref(), &purpose)? };
        let (scroll_id, mut scroll) = match started {
            Begun::Ended => return Ok(MultiPlotPage::default()),
            Begun::At(id, scroll) => (Some(id), scroll),
            Begun::No => {
                let mut spots = Vec::new();
                for own in series.chunk_by(|(a, _), (b, _)| a == b) {
                    let own = asked.choice.of(own.iter().map(|(_, one)| one.clone()).collect());
                    spots.extend(find(snapshot, &own, asked)?);
                }
                if spots.is_empty() {
                    return Ok(MultiPlotPage::default());
                }
                spots.sort_by_key(|spot| std::cmp::Reverse(spot.iteration));
                (None, Scroll::of_rows(&purpose, spots.into_iter().map(|spot| spot.row).collect()))
            }
        };
        let page = ctx.app.settings.services.events.events_retrieval.multi_plots_batch_size.max(1);
        let rows = scroll.next_rows(usize::try_from(page).unwrap_or(usize::MAX));
        let total = scroll.total;
        let plots = tree(ctx, snapshot, &entities, &series, &rows)?;
        let next = (!asked.no_scroll).then(|| proceed(ctx, scroll_id.as_deref(), scroll, rows.is_empty()));
        Ok(MultiPlotPage { plots, total, scroll_id: next })
    })
}

/// All plots at the `iters` newest iterations of each metric of an entity, or of the entity as a whole.
fn newest_iterations(
    snapshot: &Snapshot<'_>,
    series: &[Series],
    asked: &MultiPlots,
) -> Result<Vec<PlotSpot>> {
    let numbered: Vec<&Series> = series.iter().filter(|series| series.numbered).collect();
    let mut spots = Vec::new();
    for together in numbered.chunk_by(|a, b| !asked.per_metric || a.metric == b.metric) {
        let mut iterations = BTreeSet::new();
        for one in together {
            iterations.extend(snapshot.iterations_of(
                one,
                Iterations::ALL,
                Direction::Descending,
                false,
                at_least_one(asked.iters),
            )?);
        }
        let newest: BTreeSet<i64> = iterations.into_iter().rev().take(at_least_one(asked.iters)).collect();
        let Some(oldest) = newest.first() else { continue };
        let range = Iterations { from: *oldest, to: i64::MAX };
        for one in together {
            let own = snapshot.plot_spots(one, range, false, usize::MAX)?;
            spots.extend(own.into_iter().filter(|spot| newest.contains(&spot.iteration)));
        }
    }
    Ok(spots)
}

fn tree(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    entities: &[Readable],
    series: &[(usize, Series)],
    rows: &[i64],
) -> Result<PlotTree> {
    let by_id: HashMap<i64, (usize, &Series)> = series.iter().map(|(at, one)| (one.id, (*at, one))).collect();
    let mut writers: Vec<Writer<'_>> = entities.iter().map(|of| Writer::new(ctx, snapshot, of)).collect();
    let mut tree = PlotTree::new();
    for plot in snapshot.plots_by_row(rows)? {
        let Some((at, one)) = by_id.get(&plot.series) else { continue };
        let (Some(of), Some(writer)) = (entities.get(*at), writers.get_mut(*at)) else { continue };
        let document = writer.plot(one, &plot)?;
        let variants = tree.entry(one.metric.clone()).or_default();
        let owners = variants.entry(one.variant.clone()).or_default();
        let named = owners.entry(of.owner.id.clone()).or_default().entry(plot.iteration).or_default();
        named.name.clone_from(&of.owner.name);
        named.plots.push(document);
    }
    Ok(tree)
}
