//! The plots of one iteration after another (protocol: spec/events.md 8.3, 8.4).

use std::sync::Arc;

use super::{
    access::{Readable, readable_one},
    cursor::subject,
    held::Held,
    image_sample::NextSample,
    plots::documents,
    viewer::{View, numbered_series, stale},
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, Iterations, OwnerKind, Series},
    },
    types::{Json, Result},
};

/// Plots in one answer.
const MOST: usize = 100;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct PlotSampleRequest {
    /// Task or model.
    pub kind: OwnerKind,
    /// Its id.
    pub id: String,
    /// Metric.
    pub metric: String,
    /// The newest iteration up to this one; `None`: the newest of all.
    pub iteration: Option<i64>,
    /// Look for what is new.
    pub refresh: bool,
    /// Where the viewer stands.
    pub scroll_id: Option<String>,
    /// Whether the viewer stays with this metric.
    pub one_metric: bool,
}

/// The plots of a metric at one iteration, and the metric's iterations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotAnswer {
    /// Where the viewer stands.
    pub scroll_id: String,
    /// Plots, variants ascending.
    pub events: Vec<Json>,
    /// Smallest and largest iteration.
    pub range: Option<(i64, i64)>,
}

/// Where a viewer stands.
#[derive(Clone, Debug)]
pub(super) struct PlotSample {
    view: View,
    /// Iterations of the known metrics, ascending by name.
    ranges: Vec<(String, (i64, i64))>,
    /// Iteration shown.
    current: Option<i64>,
}

impl PlotSample {
    pub(super) fn weight(&self) -> usize {
        let ranges: usize = self.ranges.iter().map(|(metric, _)| metric.len() + 48).sum();
        self.view.weight() + ranges
    }

    fn range(&self, metric: &str) -> Option<(i64, i64)> {
        self.ranges.iter().find(|(known, _)| known == metric).map(|(_, range)| *range)
    }

    fn scan(&mut self, snapshot: &Snapshot<'_>, all: &[Series]) -> Result<()> {
        self.ranges.clear();
        let wanted: Vec<&Series> = all.iter().filter(|series| self.view.reaches(&series.metric)).collect();
        for same_metric in wanted.chunk_by(|a, b| a.metric == b.metric) {
            let first = nearest(snapshot, same_metric, Iterations::ALL, Direction::Ascending)?;
            let last = nearest(snapshot, same_metric, Iterations::ALL, Direction::Descending)?;
            if let (Some(first), Some(last), Some(series)) = (first, last, same_metric.first()) {
                self.ranges.push((series.metric.clone(), (first, last)));
            }
        }
        Ok(())
    }
}

/// The first iteration of any of the series in a direction.
fn nearest(
    snapshot: &Snapshot<'_>,
    series: &[&Series],
    range: Iterations,
    direction: Direction,
) -> Result<Option<i64>> {
    let mut found = Vec::new();
    for one in series {
        found.extend(snapshot.iterations_of(one, range, direction, false, 1)?);
    }
    Ok(match direction {
        Direction::Ascending => found.into_iter().min(),
        Direction::Descending => found.into_iter().max(),
    })
}

/// Shows the plots of a metric.
///
/// Errors: 400/101, 400/201; 400/1104 the state belongs to another task or metric.
pub fn plot_sample(ctx: &Ctx<'_>, asked: &PlotSampleRequest) -> Result<PlotAnswer> {
    let states = &ctx.app.events.states;
    let known =
        asked.scroll_id.as_deref().and_then(|id| match states.get(id, &subject(ctx), ctx.call.received) {
            Some(Held::PlotSample(sample)) => Some((id, sample)),
            _ => None,
        });
    let view = View {
        kind: asked.kind,
        id: asked.id.clone(),
        metric: asked.metric.clone(),
        one_metric: asked.one_metric,
    };
    if let Some((_, sample)) = &known {
        sample.view.check_same(&view)?;
    }
    let (sample, events, range) = ctx.read(|snapshot| {
        let of = readable_one(snapshot, asked.kind, &asked.id)?;
        let all = numbered_series(snapshot, &of, EventKind::Plot)?;
        let mut sample = match &known {
            Some((_, sample)) => PlotSample { view, ..(**sample).clone() },
            None => PlotSample { view, ranges: Vec::new(), current: None },
        };
        if known.is_none() || asked.refresh {
            sample.scan(snapshot, &all)?;
        }
        let Some(range) = sample.range(&asked.metric) else { return Ok((sample, Vec::new(), None)) };
        let up_to = Iterations { from: i64::MIN, to: asked.iteration.unwrap_or(i64::MAX) };
        let own: Vec<&Series> = all.iter().filter(|series| series.metric == asked.metric).collect();
        let events = match nearest(snapshot, &own, up_to, Direction::Descending)? {
            None => Vec::new(),
            Some(iteration) => {
                sample.current = Some(iteration);
                at(ctx, snapshot, &of, &own, iteration)?
            }
        };
        Ok((sample, events, Some(range)))
    })?;
    let id = known.as_ref().map(|(id, _)| *id);
    let scroll_id = states.put(id, &subject(ctx), Held::PlotSample(Arc::new(sample)), super::expiry(ctx));
    Ok(PlotAnswer { scroll_id, events, range })
}

/// All plots of a metric at an iteration, variants ascending.
fn at(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    of: &Readable,
    series: &[&Series],
    iteration: i64,
) -> Result<Vec<Json>> {
    let range = Iterations { from: iteration, to: iteration };
    let mut rows = Vec::new();
    for one in series {
        rows.extend(snapshot.plot_spots(one, range, false, 1)?.into_iter().map(|spot| spot.row));
    }
    rows.truncate(MOST);
    let series: Vec<Series> = series.iter().map(|one| (*one).clone()).collect();
    documents(ctx, snapshot, of, &series, &rows)
}

/// Moves a viewer: within the iteration to the neighbouring metric, else to the neighbouring iteration.
///
/// Errors: 400/101, 400/201; 400/1104.
pub fn next_plot(ctx: &Ctx<'_>, asked: &NextSample) -> Result<PlotAnswer> {
    let states = &ctx.app.events.states;
    let sample = match states.get(&asked.scroll_id, &subject(ctx), ctx.call.received) {
        Some(Held::PlotSample(sample)) if sample.view.is_of(asked.kind, &asked.id) => sample,
        _ => return Err(stale()),
    };
    let found = ctx.read(|snapshot| {
        let of = readable_one(snapshot, asked.kind, &asked.id)?;
        let all = numbered_series(snapshot, &of, EventKind::Plot)?;
        let Some((metric, iteration)) = sample.neighbour(snapshot, &all, asked)? else { return Ok(None) };
        let own: Vec<&Series> = all.iter().filter(|series| series.metric == metric).collect();
        let events = at(ctx, snapshot, &of, &own, iteration)?;
        Ok(Some((metric, iteration, events)))
    })?;
    let (sample, events, range) = match found {
        None => (sample, Vec::new(), None),
        Some((metric, iteration, events)) => {
            let range = sample.range(&metric);
            let view = View { metric, ..sample.view.clone() };
            let moved = PlotSample { view, current: Some(iteration), ..(*sample).clone() };
            (Arc::new(moved), events, range)
        }
    };
    let scroll_id =
        states.put(Some(&asked.scroll_id), &subject(ctx), Held::PlotSample(sample), super::expiry(ctx));
    Ok(PlotAnswer { scroll_id, events, range })
}

impl PlotSample {
    /// Metric and iteration that come next.
    fn neighbour(
        &self,
        snapshot: &Snapshot<'_>,
        all: &[Series],
        asked: &NextSample,
    ) -> Result<Option<(String, i64)>> {
        let Some(current) = self.current else { return Ok(None) };
        let direction = if asked.earlier { Direction::Descending } else { Direction::Ascending };
        let beyond = if asked.earlier { Iterations::below(current) } else { Iterations::above(current) };
        let same = Iterations { from: current, to: current };
        let mut found: Vec<(i64, &str)> = Vec::new();
        for same_metric in all.chunk_by(|a, b| a.metric == b.metric) {
            let Some(metric) = same_metric.first().map(|series| series.metric.as_str()) else { continue };
            if self.range(metric).is_none() || !self.view.reaches(metric) {
                continue;
            }
            let series: Vec<&Series> = same_metric.iter().collect();
            let further = if asked.earlier {
                metric < self.view.metric.as_str()
            } else {
                metric > self.view.metric.as_str()
            };
            let beside = further && !self.view.one_metric && !asked.next_iteration;
            let mut nearby = None;
            if beside {
                nearby = nearest(snapshot, &series, same, direction)?;
            }
            if nearby.is_none() {
                nearby = nearest(snapshot, &series, beyond, direction)?;
            }
            found.extend(nearby.map(|iteration| (iteration, metric)));
        }
        let best = if asked.earlier { found.into_iter().max() } else { found.into_iter().min() };
        Ok(best.map(|(iteration, metric)| (metric.to_owned(), iteration)))
    }
}
