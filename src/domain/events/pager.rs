//! Pages of iterations of images and plots (protocol: spec/events.md 7).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{
    access::{Readable, readable},
    cursor::subject,
    document::Writer,
    held::Held,
    viewer::numbered_series,
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, Image, Iterations, OwnerKind, Series},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// One entry of the request: which metrics and variants of which entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagerEntry {
    /// Task or model.
    pub id: String,
    /// Metric; `None`: all of the entity.
    pub metric: Option<String>,
    /// Variants of the metric; none: all.
    pub variants: Vec<String>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct PagerRequest {
    /// Images or plots.
    pub event_kind: EventKind,
    /// Tasks or models.
    pub kind: OwnerKind,
    /// Which entities and metrics.
    pub entries: Vec<PagerEntry>,
    /// Iterations on a page.
    pub iters: i64,
    /// Towards older iterations.
    pub earlier: bool,
    /// Look for what is new, and start again at the newest.
    pub refresh: bool,
    /// Where to go on.
    pub scroll_id: Option<String>,
}

/// One iteration of one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct PagedIteration {
    /// Iteration.
    pub iteration: i64,
    /// Documents, by metric and variant.
    pub events: Vec<Json>,
}

/// A task or model by id, and its iterations, newest first.
pub type PagedEntity = (String, Vec<PagedIteration>);

/// A page: for each entity its iterations, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct PagerPage {
    /// In the order of the request.
    pub entities: Vec<PagedEntity>,
    /// Where to go on.
    pub scroll_id: String,
}

/// Where the reader stands.
#[derive(Clone, Debug)]
pub(super) struct Pager {
    event_kind: EventKind,
    kind: OwnerKind,
    entities: Vec<State>,
}

#[derive(Clone, Debug)]
struct State {
    id: String,
    wanted: Wanted,
    /// Metrics that the reader knows of.
    metrics: BTreeSet<String>,
    /// Series that the reader knows of, with the newest iteration whose image was overwritten since.
    series: HashMap<i64, Option<i64>>,
    /// Smallest and largest iteration of the page before.
    window: Option<(i64, i64)>,
}

/// Metrics of one entity and their variants.
#[derive(Clone, Debug)]
enum Wanted {
    All,
    Only(BTreeMap<String, HashSet<String>>),
}

impl Wanted {
    fn has(&self, series: &Series) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Only(metrics) => metrics
                .get(&series.metric)
                .is_some_and(|variants| variants.is_empty() || variants.contains(&series.variant)),
        }
    }

    /// Whether variants of a metric were named one by one.
    fn names_variants(&self, metric: &str) -> bool {
        matches!(self, Wanted::Only(metrics) if metrics.get(metric).is_some_and(|variants| !variants.is_empty()))
    }
}

impl Pager {
    pub(super) fn weight(&self) -> usize {
        let of = |state: &State| {
            let names: usize = state.metrics.iter().map(|metric| metric.len() + 48).sum();
            let wanted = match &state.wanted {
                Wanted::All => 0,
                Wanted::Only(metrics) => metrics
                    .iter()
                    .map(|(metric, variants)| {
                        metric.len() + 64 + variants.iter().map(|variant| variant.len() + 48).sum::<usize>()
                    })
                    .sum(),
            };
            state.id.len() + 128 + names + wanted + state.series.len() * 32
        };
        self.entities.iter().map(of).sum()
    }
}

/// The next page.
///
/// An unknown, expired or foreign scroll id starts anew. Without `refresh`, metrics that appeared since the start stay
/// hidden, while variants of known metrics appear at once unless the request names variants.
///
/// Errors: 400/101, 400/201; 400/12 no entries, or `iters` below 1.
pub fn page(ctx: &Ctx<'_>, asked: &PagerRequest) -> Result<PagerPage> {
    let states = &ctx.app.events.states;
    let known =
        asked.scroll_id.as_deref().and_then(|id| match states.get(id, &subject(ctx), ctx.call.received) {
            Some(Held::Pager(pager)) if pager.event_kind == asked.event_kind && pager.kind == asked.kind => {
                Some((id, pager))
            }
            _ => None,
        });
    let (pager, entities) = turn(ctx, asked, known.as_ref().map(|(_, pager)| &**pager))?;
    let id = known.as_ref().map(|(id, _)| *id);
    let held = Held::Pager(Arc::new(pager));
    let scroll_id = states.put(id, &subject(ctx), held, super::expiry(ctx));
    Ok(PagerPage { entities, scroll_id })
}

/// The first page for a reader who won't turn it: nothing is kept.
///
/// Errors: as [`page`].
pub fn newest_page(ctx: &Ctx<'_>, asked: &PagerRequest) -> Result<Vec<PagedEntity>> {
    turn(ctx, asked, None).map(|(_, entities)| entities)
}

/// The page after `known`, or the first one, and where the reader stands then.
fn turn(ctx: &Ctx<'_>, asked: &PagerRequest, known: Option<&Pager>) -> Result<(Pager, Vec<PagedEntity>)> {
    if asked.entries.is_empty() {
        return Err(
            ApiError::new(ErrorKind::ValidationError, "name at least one task").with("field", "metrics")
        );
    }
    if asked.iters < 1 {
        return Err(
            ApiError::new(ErrorKind::ValidationError, "iters must be at least 1").with("iters", asked.iters)
        );
    }
    ctx.read(|snapshot| {
        let wanted = wanted(&asked.entries);
        let ids: Vec<&str> = wanted.iter().map(|(id, _)| *id).collect();
        readable(snapshot, asked.kind, &ids)?;
        let (mut pager, is_new) = match known {
            Some(pager) => (pager.clone(), false),
            None => {
                let entities = wanted.iter().map(|(id, wanted)| State::new(id, wanted)).collect();
                (Pager { event_kind: asked.event_kind, kind: asked.kind, entities }, true)
            }
        };
        // The rules hold for the state's own entities too, whatever the request names (S18).
        let ids: Vec<&str> = pager.entities.iter().map(|state| state.id.as_str()).collect();
        let owners = readable(snapshot, asked.kind, &ids)?;
        let named =
            |state: &State| wanted.iter().find(|(id, _)| *id == state.id).map(|(_, wanted)| wanted.clone());
        let mut entities = Vec::new();
        for (state, of) in pager.entities.iter_mut().zip(&owners) {
            let all = numbered_series(snapshot, of, asked.event_kind)?;
            if is_new || asked.refresh {
                state.scan(snapshot, asked.event_kind, &all)?;
            }
            let request = named(state).unwrap_or_else(|| state.wanted.clone());
            let shown = state.shown(&all, &request);
            let iterations = state.turn(ctx, snapshot, of, &shown, asked)?;
            entities.push((state.id.clone(), iterations));
        }
        Ok((pager, entities))
    })
}

/// Entities of the request in its order. An entry without metric makes the entity's other entries void.
fn wanted(entries: &[PagerEntry]) -> Vec<(&str, Wanted)> {
    let mut wanted: Vec<(&str, Wanted)> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for entry in entries {
        let position = *at.entry(&entry.id).or_insert_with(|| {
            wanted.push((&entry.id, Wanted::Only(BTreeMap::new())));
            wanted.len() - 1
        });
        let Some((_, known)) = wanted.get_mut(position) else { continue };
        match (&entry.metric, known) {
            (None, known) => *known = Wanted::All,
            (Some(_), Wanted::All) => {}
            (Some(metric), Wanted::Only(metrics)) => {
                metrics.insert(metric.clone(), entry.variants.iter().cloned().collect());
            }
        }
    }
    wanted
}

impl State {
    fn new(id: &str, wanted: &Wanted) -> State {
        State {
            id: id.to_owned(),
            wanted: wanted.clone(),
            metrics: BTreeSet::new(),
            series: HashMap::new(),
            window: None,
        }
    }

    /// Learns what there is now.
    fn scan(&mut self, snapshot: &Snapshot<'_>, kind: EventKind, all: &[Series]) -> Result<()> {
        self.window = None;
        self.metrics.clear();
        self.series.clear();
        for one in all.iter().filter(|series| self.wanted.has(series)) {
            let overwritten = match kind {
                EventKind::Image => snapshot.last_overwritten(one)?,
                _ => None,
            };
            if !self.metrics.contains(&one.metric) {
                self.metrics.insert(one.metric.clone());
            }
            self.series.insert(one.id, overwritten);
        }
        Ok(())
    }

    /// Series on the page, and from which iteration on they are valid.
    fn shown<'a>(&self, all: &'a [Series], request: &Wanted) -> Vec<(&'a Series, Iterations)> {
        all.iter()
            .filter(|series| {
                self.wanted.has(series)
                    && self.metrics.contains(&series.metric)
                    && (self.series.contains_key(&series.id) || !request.names_variants(&series.metric))
            })
            .map(|series| {
                let overwritten = self.series.get(&series.id).copied().flatten();
                (series, overwritten.map_or(Iterations::ALL, Iterations::above))
            })
            .collect()
    }

    /// Turns the page.
    fn turn(
        &mut self,
        ctx: &Ctx<'_>,
        snapshot: &Snapshot<'_>,
        of: &Readable,
        shown: &[(&Series, Iterations)],
        asked: &PagerRequest,
    ) -> Result<Vec<PagedIteration>> {
        let (range, direction) = match self.window {
            None => (Iterations::ALL, Direction::Descending),
            Some((oldest, _)) if asked.earlier => (Iterations::below(oldest), Direction::Descending),
            Some((_, newest)) => (Iterations::above(newest), Direction::Ascending),
        };
        let count = usize::try_from(asked.iters).unwrap_or(usize::MAX);
        let with_url = asked.event_kind == EventKind::Image;
        let mut found = BTreeSet::new();
        for (series, valid) in shown {
            found.extend(snapshot.iterations_of(series, range.and(*valid), direction, with_url, count)?);
        }
        let mut iterations: Vec<i64> = match direction {
            Direction::Descending => found.into_iter().rev().take(count).collect(),
            Direction::Ascending => found.into_iter().take(count).collect(),
        };
        iterations.sort_unstable_by(|a, b| b.cmp(a));
        if let (Some(newest), Some(oldest)) = (iterations.first(), iterations.last()) {
            self.window = Some((*oldest, *newest));
        }
        let mut writer = Writer::new(ctx, snapshot, of);
        let mut page = Vec::with_capacity(iterations.len());
        for iteration in iterations {
            let at = Iterations { from: iteration, to: iteration };
            let mut events = Vec::new();
            for same_name in shown.chunk_by(|(a, _), (b, _)| a.metric == b.metric && a.variant == b.variant) {
                let series = same_name.iter().filter(|(_, valid)| !valid.and(at).is_empty());
                let series: Vec<&Series> = series.map(|(series, _)| *series).collect();
                events.extend(match asked.event_kind {
                    EventKind::Image => image_at(snapshot, &mut writer, &series, at)?,
                    _ => plot_at(snapshot, &mut writer, &series, at)?,
                });
            }
            page.push(PagedIteration { iteration, events });
        }
        Ok(page)
    }
}

/// The one image of a name at an iteration: that with the greatest address.
fn image_at(
    snapshot: &Snapshot<'_>,
    writer: &mut Writer<'_>,
    series: &[&Series],
    at: Iterations,
) -> Result<Option<Json>> {
    let mut best: Option<(&Series, Image)> = None;
    for one in series {
        if let Some(image) = snapshot.newest_image(one, at)?
            && best.as_ref().is_none_or(|(_, known)| known.url < image.url)
        {
            best = Some((one, image));
        }
    }
    best.map(|(series, image)| writer.image(series, &image)).transpose()
}

/// The one plot of a name at an iteration: that with the newest timestamp.
fn plot_at(
    snapshot: &Snapshot<'_>,
    writer: &mut Writer<'_>,
    series: &[&Series],
    at: Iterations,
) -> Result<Option<Json>> {
    let mut best = None;
    for one in series {
        for spot in snapshot.plot_spots(one, at, false, 1)? {
            if best.as_ref().is_none_or(|(_, timestamp, _)| *timestamp < spot.timestamp) {
                best = Some((*one, spot.timestamp, spot.row));
            }
        }
    }
    let Some((series, _, row)) = best else { return Ok(None) };
    let plot = snapshot.plots_by_row(&[row])?.pop();
    plot.map(|plot| writer.plot(series, &plot)).transpose()
}
