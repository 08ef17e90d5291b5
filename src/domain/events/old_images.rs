//! Images as clients before 2.7 read them (protocol: spec/events.md 7.5).

use std::collections::HashMap;

use super::{
    access::{Readable, readable_one},
    document::Writer,
    scroll::{Begun, Scroll, begun, proceed},
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Direction, EventKind, Iterations, OwnerKind, Series, Spot},
    },
    types::{Json, Result},
};

/// Images on a page, and images that the oldest clients look at.
const PAGE: usize = 500;
const NEWEST: usize = 10_000;

/// Which of the two old forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldImages {
    /// Before 1.8: of the 10,000 newest, `iters` of each metric and variant.
    PerVariant,
    /// Before 2.7: the task's `iters` newest iterations.
    PerTask,
}

/// A page of images.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageScroll {
    /// Documents, newest iteration first.
    pub images: Vec<Json>,
    /// Images in all.
    pub total: i64,
    /// Where to go on.
    pub scroll_id: Option<String>,
}

/// The newest images of an entity.
///
/// Errors: 400/101, 400/201; 400/1104.
pub fn old_images(
    ctx: &Ctx<'_>,
    form: OldImages,
    kind: OwnerKind,
    id: &str,
    iters: i64,
    scroll_id: Option<&str>,
) -> Result<ImageScroll> {
    let iters = usize::try_from(iters.max(1)).unwrap_or(usize::MAX);
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, kind, id)?;
        let series = series(snapshot, &of)?;
        let purpose = format!("old images {id}");
        let (scroll_id, mut scroll) = match begun(ctx, scroll_id, &purpose)? {
            Begun::Ended => return Ok(ImageScroll { images: Vec::new(), total: 0, scroll_id: None }),
            Begun::At(id, scroll) => (Some(id), scroll),
            Begun::No => {
                let spots = match form {
                    OldImages::PerVariant => per_variant(snapshot, &series, iters)?,
                    OldImages::PerTask => per_task(snapshot, &series, iters)?,
                };
                (None, Scroll::of_rows(&purpose, spots.into_iter().map(|spot| spot.row).collect()))
            }
        };
        let size = if form == OldImages::PerTask { PAGE } else { NEWEST };
        let rows = scroll.next_rows(size);
        let total = scroll.total;
        let by_id: HashMap<i64, &Series> = series.iter().map(|series| (series.id, series)).collect();
        let mut writer = Writer::new(ctx, snapshot, &of);
        let mut images = Vec::with_capacity(rows.len());
        for image in snapshot.images_by_row(&rows)? {
            if let Some(series) = by_id.get(&image.series) {
                images.push(writer.image(series, &image)?);
            }
        }
        let next = proceed(ctx, scroll_id.as_deref(), scroll, rows.is_empty());
        Ok(ImageScroll { images, total, scroll_id: Some(next) })
    })
}

fn series(snapshot: &Snapshot<'_>, of: &Readable) -> Result<Vec<Series>> {
    let Some(events) = &of.events else { return Ok(Vec::new()) };
    let mut series = snapshot.series_of(events, EventKind::Image)?;
    series.retain(|series| series.numbered);
    Ok(series)
}

fn newest_first(spots: &mut [Spot]) {
    spots.sort_by_key(|spot| std::cmp::Reverse(spot.iteration));
}

fn per_variant(snapshot: &Snapshot<'_>, series: &[Series], iters: usize) -> Result<Vec<Spot>> {
    let mut spots = Vec::new();
    for one in series {
        spots.extend(snapshot.spots(one, Iterations::ALL, Direction::Descending, 0, NEWEST)?);
    }
    newest_first(&mut spots);
    spots.truncate(NEWEST);
    let mut kept: HashMap<i64, usize> = HashMap::new();
    spots.retain(|spot| {
        let count = kept.entry(spot.series).or_default();
        *count += 1;
        *count <= iters
    });
    Ok(spots)
}

fn per_task(snapshot: &Snapshot<'_>, series: &[Series], iters: usize) -> Result<Vec<Spot>> {
    let mut iterations = Vec::new();
    for one in series {
        iterations.extend(snapshot.iterations_of(
            one,
            Iterations::ALL,
            Direction::Descending,
            false,
            iters,
        )?);
    }
    iterations.sort_unstable_by(|a, b| b.cmp(a));
    iterations.dedup();
    iterations.truncate(iters);
    let Some(oldest) = iterations.last() else { return Ok(Vec::new()) };
    let range = Iterations { from: *oldest, to: i64::MAX };
    let mut spots = Vec::new();
    for one in series {
        spots.extend(snapshot.spots(one, range, Direction::Descending, 0, i64::MAX as usize)?);
    }
    newest_first(&mut spots);
    Ok(spots)
}
