//! Console lines, and events of all kinds (spec/events.md 4, 9.1).

use serde::Deserialize;
use serde_json::{Number, json};

use super::{choice, event_kind, everything, yes};
use crate::{
    api::endpoint::{Download, Reply, ReplyBody, Request},
    domain::{
        Ctx,
        events::{
            self, AllEvents, ClearRequest, LineForm, LinePattern, LogByTime, LogScroll, LogSearch,
            MetricVariants, kind_of,
        },
    },
    store::events::Search,
    types::Result,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Asc,
    Desc,
}

#[derive(Deserialize)]
struct Get {
    task: String,
    #[serde(default = "page_2_9")]
    batch_size: i64,
    #[serde(default = "yes")]
    navigate_earlier: bool,
    from_timestamp: Option<Number>,
    order: Option<Order>,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    search: Option<String>,
    #[serde(default)]
    search_regex: bool,
    search_from: Option<i64>,
}

fn page_2_9() -> i64 {
    5_000
}

/// `events.get_task_log` from 2.9 on: by time (spec/events.md 4.1), or, where `search` is given, a piece of a search.
pub(super) fn get(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let mut asked: Get = request.decode()?;
    if let Some(text) = asked.search.take() {
        return search(ctx, asked, &text);
    }
    let millis = |number: Number| number.as_i64().or_else(|| number.as_f64().map(|number| number as i64));
    let page = events::log_by_time(
        ctx,
        &LogByTime {
            task: asked.task,
            batch_size: asked.batch_size,
            earlier: asked.navigate_earlier,
            from_timestamp: asked.from_timestamp.and_then(millis),
            ascending: asked.order.map(|order| order == Order::Asc),
            choice: choice(asked.metrics),
        },
    )?;
    Reply::data(&json!({"returned": page.events.len(), "events": page.events, "total": page.total}))
}

/// Lines that match, each with its number as `line` and its `timestamp`: clients jump to either. `next` goes into
/// `search_from` of the following call; null when all was searched. A piece may be empty and the search not at its end.
fn search(ctx: &Ctx<'_>, asked: Get, text: &str) -> Result<Reply> {
    let search = if asked.search_regex { Search::expression(text)? } else { Search::text(text)? };
    let page = events::search_log(
        ctx,
        &LogSearch {
            task: asked.task,
            search,
            earlier: asked.navigate_earlier,
            from: asked.search_from,
            limit: asked.batch_size,
            choice: choice(asked.metrics),
        },
    )?;
    Reply::data(&json!({
        "returned": page.events.len(),
        "events": page.events,
        "total": page.total,
        "next": page.next,
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Head,
    Tail,
}

#[derive(Deserialize)]
struct GetScroll {
    task: String,
    order: Option<Order>,
    from: Option<End>,
    #[serde(default = "page_1_0")]
    batch_size: i64,
    scroll_id: Option<String>,
}

fn page_1_0() -> i64 {
    500
}

/// `events.get_task_log` before 1.7: the order is the direction of the scroll (spec/events.md 4.2).
pub(super) fn get_1_0(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: GetScroll = request.decode()?;
    let ascending = asked.order == Some(Order::Asc);
    scrolled(events::log_scroll(
        ctx,
        &asked.task,
        ascending,
        ascending,
        asked.batch_size,
        asked.scroll_id.as_deref(),
    )?)
}

/// `events.get_task_log` from 1.7 to 2.8: from the head or the tail (spec/events.md 4.2).
pub(super) fn get_1_7(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: GetScroll = request.decode()?;
    scrolled(events::log_scroll(
        ctx,
        &asked.task,
        asked.from != Some(End::Tail),
        asked.order == Some(Order::Asc),
        asked.batch_size,
        asked.scroll_id.as_deref(),
    )?)
}

fn scrolled(page: LogScroll) -> Result<Reply> {
    Reply::data(&json!({
        "returned": page.events.len(),
        "events": page.events,
        "total": page.total,
        "scroll_id": page.scroll_id,
    }))
}

#[derive(Deserialize)]
struct DownloadLog {
    task: String,
    #[serde(default = "json_lines")]
    line_type: String,
    #[serde(default = "line_format")]
    line_format: String,
}

fn json_lines() -> String {
    "json".to_owned()
}

fn line_format() -> String {
    "{asctime} {worker} {level} {msg}".to_owned()
}

/// `events.download_task_log`: the whole log as a file (spec/events.md 4.3).
pub(super) fn download(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DownloadLog = request.decode()?;
    let form = match asked.line_type.eq_ignore_ascii_case("json") {
        true => LineForm::Json,
        false => LineForm::Text(LinePattern::parse(&asked.line_format)?),
    };
    let content = events::log_file(ctx, &asked.task, form)?;
    let download = Download {
        filename: format!("task_{}.log", asked.task),
        content_type: "text/plain; charset=utf-8",
        content: Box::new(content),
    };
    Ok(Reply { body: ReplyBody::Download(download), cookie: None })
}

#[derive(Deserialize)]
struct Clear {
    task: String,
    #[serde(default)]
    threshold_sec: i64,
    #[serde(default)]
    allow_locked: bool,
    #[serde(default)]
    include_metrics: Vec<String>,
    #[serde(default)]
    exclude_metrics: Vec<String>,
}

/// `events.clear_task_log` (spec/events.md 4.4).
pub(super) fn clear(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Clear = request.decode()?;
    let Clear { task, threshold_sec, allow_locked, include_metrics, exclude_metrics } = asked;
    let what = ClearRequest { task, threshold_sec, allow_locked, include_metrics, exclude_metrics };
    Reply::data(&json!({"deleted": events::clear_log(ctx, what)?}))
}

#[derive(Deserialize)]
struct TaskEvents {
    task: String,
    #[serde(default = "everything")]
    event_type: String,
    order: Option<Order>,
    #[serde(default = "page_1_0")]
    batch_size: i64,
    scroll_id: Option<String>,
    #[serde(default = "yes")]
    count_total: bool,
    #[serde(default)]
    metrics: Vec<MetricVariants>,
    #[serde(default)]
    model_events: bool,
}

/// `events.get_task_events` (spec/events.md 9.1).
pub(super) fn task_events(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TaskEvents = request.decode()?;
    let page = events::all_events(
        ctx,
        &AllEvents {
            kind: kind_of(asked.model_events),
            id: asked.task,
            event_kind: event_kind(&asked.event_type)?,
            ascending: asked.order != Some(Order::Desc),
            batch_size: asked.batch_size,
            count_total: asked.count_total,
            choice: asked.metrics,
            scroll_id: asked.scroll_id,
        },
    )?;
    Reply::data(&json!({
        "returned": page.events.len(),
        "total": page.total,
        "scroll_id": page.scroll_id,
        "events": page.events,
    }))
}
