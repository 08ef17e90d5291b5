//! One image after another (protocol: spec/events.md 8.1, 8.2).

use std::sync::Arc;

use super::{
    access::readable_one,
    cursor::subject,
    document::Writer,
    held::Held,
    viewer::{View, numbered_series, stale},
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, Image, Iterations, OwnerKind, Series},
    },
    types::{Json, Result},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ImageSampleRequest {
    /// Task or model.
    pub kind: OwnerKind,
    /// Its id.
    pub id: String,
    /// Metric.
    pub metric: String,
    /// Variant.
    pub variant: String,
    /// The newest iteration up to this one; `None`: the newest of all.
    pub iteration: Option<i64>,
    /// Look for what is new.
    pub refresh: bool,
    /// Where the viewer stands.
    pub scroll_id: Option<String>,
    /// Whether the viewer stays with this metric.
    pub one_metric: bool,
}

/// A step of a viewer.
#[derive(Clone, Debug)]
pub struct NextSample {
    /// Task or model.
    pub kind: OwnerKind,
    /// Its id.
    pub id: String,
    /// Where the viewer stands.
    pub scroll_id: String,
    /// Towards older iterations.
    pub earlier: bool,
    /// Leave the current iteration.
    pub next_iteration: bool,
}

/// One image and the iterations between which its variant is valid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageAnswer {
    /// Where the viewer stands.
    pub scroll_id: String,
    /// The image.
    pub event: Option<Json>,
    /// Smallest and largest valid iteration.
    pub range: Option<(i64, i64)>,
}

/// Where a viewer stands.
#[derive(Clone, Debug)]
pub(super) struct ImageSample {
    view: View,
    /// Valid iterations of the known series, by metric and variant.
    ranges: Vec<(i64, (i64, i64))>,
    /// The image shown: its series and iteration.
    current: Option<(i64, i64)>,
}

impl ImageSample {
    pub(super) fn weight(&self) -> usize {
        self.view.weight() + self.ranges.len() * 24
    }
}

/// Shows an image of a variant.
///
/// Errors: 400/101, 400/201; 400/1104 the state belongs to another task or metric.
pub fn image_sample(ctx: &Ctx<'_>, asked: &ImageSampleRequest) -> Result<ImageAnswer> {
    let states = &ctx.app.events.states;
    let known =
        asked.scroll_id.as_deref().and_then(|id| match states.get(id, &subject(ctx), ctx.call.received) {
            Some(Held::ImageSample(sample)) => Some((id, sample)),
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
    let (sample, event, range) = ctx.read(|snapshot| {
        let of = readable_one(snapshot, asked.kind, &asked.id)?;
        let all = numbered_series(snapshot, &of, EventKind::Image)?;
        let mut sample = match &known {
            Some((_, sample)) => ImageSample { view, ..(**sample).clone() },
            None => ImageSample { view, ranges: Vec::new(), current: None },
        };
        if known.is_none() || asked.refresh {
            sample.scan(snapshot, &all)?;
        }
        let wanted = sample
            .known(&all)
            .find(|(series, _)| series.metric == asked.metric && series.variant == asked.variant);
        let Some((series, range)) = wanted else { return Ok((sample, None, None)) };
        let to = asked.iteration.unwrap_or(i64::MAX);
        let image = snapshot.newest_image(series, Iterations { from: range.0, to })?;
        let event =
            image.as_ref().map(|image| Writer::new(ctx, snapshot, &of).image(series, image)).transpose()?;
        if let Some(image) = image {
            sample.current = Some((image.series, image.iteration));
        }
        Ok((sample, event, Some(range)))
    })?;
    let id = known.as_ref().map(|(id, _)| *id);
    let held = Held::ImageSample(Arc::new(sample));
    let scroll_id = states.put(id, &subject(ctx), held, super::expiry(ctx));
    Ok(ImageAnswer { scroll_id, event, range })
}

/// Moves a viewer: within the iteration to the neighbouring variant, else to the neighbouring iteration.
///
/// Errors: 400/101, 400/201; 400/1104.
pub fn next_image(ctx: &Ctx<'_>, asked: &NextSample) -> Result<ImageAnswer> {
    let states = &ctx.app.events.states;
    let sample = match states.get(&asked.scroll_id, &subject(ctx), ctx.call.received) {
        Some(Held::ImageSample(sample)) if sample.view.is_of(asked.kind, &asked.id) => sample,
        _ => return Err(stale()),
    };
    let found = ctx.read(|snapshot| {
        let of = readable_one(snapshot, asked.kind, &asked.id)?;
        let all = numbered_series(snapshot, &of, EventKind::Image)?;
        let Some((series, image, range)) = sample.neighbour(snapshot, &all, asked)? else { return Ok(None) };
        let event = Writer::new(ctx, snapshot, &of).image(series, &image)?;
        Ok(Some((series.metric.clone(), image, event, range)))
    })?;
    let (sample, event, range) = match found {
        None => (sample, None, None),
        Some((metric, image, event, range)) => {
            let view = View { metric, ..sample.view.clone() };
            let moved =
                ImageSample { view, current: Some((image.series, image.iteration)), ..(*sample).clone() };
            (Arc::new(moved), Some(event), Some(range))
        }
    };
    let scroll_id =
        states.put(Some(&asked.scroll_id), &subject(ctx), Held::ImageSample(sample), super::expiry(ctx));
    Ok(ImageAnswer { scroll_id, event, range })
}

/// A series, an image of it, and its valid iterations.
type Neighbour<'a> = (&'a Series, Image, (i64, i64));

impl ImageSample {
    fn scan(&mut self, snapshot: &Snapshot<'_>, all: &[Series]) -> Result<()> {
        self.ranges.clear();
        for series in all.iter().filter(|series| self.view.reaches(&series.metric)) {
            if let Some(range) = snapshot.image_range(series)? {
                self.ranges.push((series.id, range));
            }
        }
        Ok(())
    }

    /// Known series, by metric and variant, with their valid iterations.
    fn known<'a>(&self, all: &'a [Series]) -> impl Iterator<Item = (&'a Series, (i64, i64))> {
        all.iter().filter_map(|series| {
            let (_, range) = self.ranges.iter().find(|(id, _)| *id == series.id)?;
            Some((series, *range))
        })
    }

    fn neighbour<'a>(
        &self,
        snapshot: &Snapshot<'_>,
        all: &'a [Series],
        asked: &NextSample,
    ) -> Result<Option<Neighbour<'a>>> {
        let Some((current, iteration)) = self.current else { return Ok(None) };
        let Some(current) = all.iter().find(|series| series.id == current) else { return Ok(None) };
        let candidates: Vec<(&Series, (i64, i64))> = self
            .known(all)
            .filter(|(series, _)| !self.view.one_metric || series.metric == current.metric)
            .collect();
        if !asked.next_iteration
            && let Some(found) = beside(snapshot, &candidates, current, iteration, asked.earlier)?
        {
            return Ok(Some(found));
        }
        beyond(snapshot, &candidates, iteration, asked.earlier)
    }
}

/// The nearest variant, in order of names, that has an image at the same iteration.
fn beside<'a>(
    snapshot: &Snapshot<'_>,
    candidates: &[(&'a Series, (i64, i64))],
    current: &Series,
    iteration: i64,
    earlier: bool,
) -> Result<Option<Neighbour<'a>>> {
    let name = |series: &Series| (series.metric.clone(), series.variant.clone());
    let at = Iterations { from: iteration, to: iteration };
    let mut on_the_way: Vec<_> = candidates
        .iter()
        .filter(|(series, range)| {
            let order = name(series).cmp(&name(current));
            let wanted = if earlier { order.is_lt() } else { order.is_gt() };
            wanted && range.0 <= iteration
        })
        .collect();
    if earlier {
        on_the_way.reverse();
    }
    for (series, range) in on_the_way {
        if let Some(image) = snapshot.newest_image(series, at)? {
            return Ok(Some((series, image, *range)));
        }
    }
    Ok(None)
}

/// The image of the nearest iteration beyond; of several, the last name when going back and the first when going on.
fn beyond<'a>(
    snapshot: &Snapshot<'_>,
    candidates: &[(&'a Series, (i64, i64))],
    iteration: i64,
    earlier: bool,
) -> Result<Option<Neighbour<'a>>> {
    let (range, direction) = if earlier {
        (Iterations::below(iteration), Direction::Descending)
    } else {
        (Iterations::above(iteration), Direction::Ascending)
    };
    let mut best: Option<(i64, &'a Series, (i64, i64))> = None;
    for (series, valid) in candidates {
        let range = range.and(Iterations { from: valid.0, to: i64::MAX });
        let nearest = snapshot.iterations_of(series, range, direction, true, 1)?.first().copied();
        let Some(nearest) = nearest else { continue };
        let better =
            best.is_none_or(|(known, _, _)| if earlier { nearest >= known } else { nearest < known });
        if better {
            best = Some((nearest, series, *valid));
        }
    }
    let Some((at, series, range)) = best else { return Ok(None) };
    let image = snapshot.newest_image(series, Iterations { from: at, to: at })?;
    Ok(image.map(|image| (series, image, range)))
}
