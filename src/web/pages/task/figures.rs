//! Plots and debug samples.

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine as _;
use serde_json::Value;

use super::{details::file_prefixes, head::head, page, perform, shell};
use crate::{
    domain::{
        Ctx,
        events::{self, Choice},
        files::FilePath,
    },
    store::events::{EventKind, OwnerKind},
    types::{ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        pages::document::{at, text},
        view::{
            kit::Place,
            policy,
            task::figures::{Plot, PlotFrame, Plots, Sample, SampleGroup, SampleKind, SampleSeries, Samples},
        },
    },
};

/// Figures on one page, and iterations of one figure that the page offers.
const PER_PAGE: usize = 40;
const ITERATIONS: i64 = 100;
/// Iterations of samples on one page.
const SAMPLES: i64 = 8;

fn iteration_of(event: &Json) -> i64 {
    event.get("iter").and_then(Value::as_i64).unwrap_or(0)
}

fn only(metric: &str, variant: &str) -> Choice {
    Choice::Only(HashMap::from([(metric.to_owned(), HashSet::from([variant.to_owned()]))]))
}

pub(super) fn plots(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let q = request.arg("q").unwrap_or_default().trim().to_owned();
    let start: usize = request.arg("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let newest = perform(ctx, "events.get_task_plots", |ctx| events::plots(ctx, &id))?;
    let unfiltered = newest.len() as u64;
    let needle = q.to_lowercase();
    let matching: Vec<(String, String, i64)> = newest
        .iter()
        .map(|event| (text(event, "metric"), text(event, "variant"), iteration_of(event)))
        .filter(|(metric, variant, _)| {
            needle.is_empty()
                || metric.to_lowercase().contains(&needle)
                || variant.to_lowercase().contains(&needle)
        })
        .collect();
    let more = matching.len() > start + PER_PAGE;
    let asked = (request.arg("m"), request.arg("v"), request.arg("iter").and_then(|i| i.parse::<i64>().ok()));
    let mut plots = Vec::new();
    for (metric, variant, newest) in matching.into_iter().skip(start).take(PER_PAGE) {
        let wanted = match &asked {
            (Some(m), Some(v), Some(iteration)) if *m == metric && *v == variant => *iteration,
            _ => newest,
        };
        let iterations = iterations(ctx, &id, &metric, &variant)?;
        plots.push(Plot {
            older: iterations.iter().copied().filter(|iteration| *iteration < wanted).max(),
            newer: iterations.iter().copied().filter(|iteration| *iteration > wanted).min(),
            iteration: wanted,
            metric,
            variant,
        });
    }
    let next = more.then(|| {
        crate::web::view::address::join(
            &format!("/tasks/{id}/plots"),
            &[("q", q.clone()), ("after", (start + PER_PAGE).to_string())],
        )
    });
    page!(
        request,
        Plots { shell: shell(ctx, request, "/projects"), head: head(ctx, task)?, q, unfiltered, plots, next }
    )
}

/// Iterations at which a figure was reported, newest first.
fn iterations(ctx: &Ctx<'_>, task: &str, metric: &str, variant: &str) -> Result<Vec<i64>> {
    let found = events::newest_plots(ctx, OwnerKind::Task, task, ITERATIONS, &only(metric, variant))?;
    Ok(found.iter().map(iteration_of).collect())
}

/// The document inside a figure's frame, or the figure's data.
pub(super) fn frame(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let metric = request.arg("m").unwrap_or_default();
    let variant = request.arg("v").unwrap_or_default();
    let wanted = request.arg("iter").and_then(|iteration| iteration.parse::<i64>().ok());
    let found = perform(ctx, "events.get_task_plots", |ctx| {
        events::newest_plots(ctx, OwnerKind::Task, &id, ITERATIONS, &only(&metric, &variant))
    })?;
    let event = match wanted {
        Some(wanted) => found.into_iter().find(|event| iteration_of(event) == wanted),
        None => found.into_iter().next(),
    };
    let event = event.ok_or(ErrorKind::NotFound)?;
    let figure = text(&event, "plot_str");
    if request.arg("as").as_deref() == Some("json") {
        return Ok(PageReply {
            status: 200,
            content_type: "application/json",
            body: figure,
            stream: None,
            headers: Vec::new(),
            cookies: Vec::new(),
        });
    }
    let theme = match request.arg("theme").as_deref() {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "auto",
    };
    let page = PlotFrame { theme, title: format!("{metric} {variant}"), figure: with_images(ctx, figure) };
    Ok(PageReply::with_status(200, &page)?
        .header("Content-Security-Policy", policy::PLOT_FRAME)
        .header("Cache-Control", "private, max-age=300"))
}

/// Pictures inside a figure that are on this server become part of it: the frame has no cookie to fetch them with.
fn with_images(ctx: &Ctx<'_>, figure: String) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(&figure) else { return figure };
    let own = file_prefixes(ctx);
    let images = value.pointer_mut("/layout/images").and_then(Value::as_array_mut);
    let mut changed = false;
    for image in images.into_iter().flatten() {
        let Some(source) = image.get("source").and_then(Value::as_str) else { continue };
        if let Some(data) = embedded(ctx, source, &own)
            && let Some(slot) = image.get_mut("source")
        {
            *slot = Value::String(data);
            changed = true;
        }
    }
    if changed { value.to_string() } else { figure }
}

/// The largest picture that is embedded into a frame.
const EMBEDDED: usize = 8 * 1024 * 1024;

fn embedded(ctx: &Ctx<'_>, uri: &str, own: &[String]) -> Option<String> {
    let place = Place::of(uri, own);
    let path = FilePath::from_url(place.own()?.strip_prefix("/files/")?)?;
    let media = match uri.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let files = ctx.app.files.get()?;
    let bytes = files.read_small(ctx, &path, EMBEDDED).ok()??;
    Some(format!("data:{media};base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}

pub(super) fn samples(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let chosen = request.arg("metric").unwrap_or_default();
    let skip: usize = request.arg("older").and_then(|older| older.parse().ok()).unwrap_or(0).min(10_000);
    let names = perform(ctx, "events.get_task_metrics", |ctx| {
        events::metrics_by_entity(ctx, OwnerKind::Task, std::slice::from_ref(&id), Some(EventKind::Image))
    })?;
    let metrics: Vec<String> = names.into_iter().flat_map(|entity| entity.1).collect();
    let wanted = SAMPLES + i64::try_from(skip).unwrap_or(0) + 1;
    let metric = (!chosen.is_empty()).then_some(chosen.as_str());
    let pages = match metrics.is_empty() {
        true => Vec::new(),
        false => perform(ctx, "events.debug_images", |ctx| events::images(ctx, &id, metric, wanted))?,
    };
    let step = usize::try_from(SAMPLES).unwrap_or(8);
    let more = pages.len() > skip + step;
    let own = file_prefixes(ctx);
    let mut groups: BTreeMap<String, BTreeMap<String, Vec<Sample>>> = BTreeMap::new();
    for iteration in pages.into_iter().skip(skip).take(step) {
        for event in iteration.events {
            let url = at(&event, "url").and_then(Value::as_str).unwrap_or_default();
            let series =
                groups.entry(text(&event, "metric")).or_default().entry(text(&event, "variant")).or_default();
            series.push(Sample {
                iteration: iteration.iteration,
                kind: SampleKind::of(url),
                place: Place::of(url, &own),
            });
        }
    }
    let groups = groups
        .into_iter()
        .map(|(metric, series)| SampleGroup {
            metric,
            series: series.into_iter().map(|(variant, samples)| SampleSeries { variant, samples }).collect(),
        })
        .collect();
    let to = |skip: usize| {
        let older = if skip == 0 { String::new() } else { skip.to_string() };
        crate::web::view::address::join(
            &format!("/tasks/{id}/samples"),
            &[("metric", chosen.clone()), ("older", older)],
        )
    };
    page!(
        request,
        Samples {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            metrics,
            metric: chosen.clone(),
            groups,
            older: more.then(|| to(skip + step)),
            newer: (skip > 0).then(|| to(skip.saturating_sub(step))),
        }
    )
}
