//! The console: windows of numbered entries.

use super::{head::head, page, perform, shell};
use crate::{
    domain::{
        Ctx,
        events::{self, LogWindow, Matches, SearchAt, WindowAt},
    },
    store::events::{LogLine, Search, Severity},
    types::{Json, Result},
    web::{
        PageReply, PageRequest,
        pages::document::text,
        render::{
            Markup,
            ansi::{Level, Painter},
            time::When,
        },
        view::task::console::{Console, Found, LevelFilter, Line, Step, WINDOW},
    },
};

/// Lines on the overview.
const TAIL: usize = 12;

/// The newest console lines, for the overview.
pub(super) fn tail(ctx: &Ctx<'_>, task: &Json) -> Result<Vec<Markup>> {
    let id = text(task, "id");
    let window = perform(ctx, "events.get_task_log", |ctx| {
        events::log_window(ctx, &id, WindowAt::End, TAIL, Severity::Plain)
    })?;
    let mut painter = Painter::default();
    let mut lines: Vec<Markup> = Vec::new();
    for entry in window.lines {
        lines.extend(entry.msg.unwrap_or_default().lines().map(|line| painter.line(line)));
    }
    Ok(lines.split_off(lines.len().saturating_sub(TAIL)))
}

pub(super) fn console(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let id = text(task, "id");
    let number =
        |key: &str| request.arg(key).and_then(|value| value.parse::<i64>().ok()).filter(|line| *line >= 0);
    let level = LevelFilter::from_key(&request.arg("level").unwrap_or_default());
    let q = request.arg("q").unwrap_or_default();
    let is_expression = request.arg("re").is_some_and(|value| !value.is_empty());
    let sought = match (q.is_empty(), is_expression) {
        (true, _) => None,
        (_, true) => Some(Search::expression(&q)),
        (_, false) => Some(Search::text(&q)),
    };
    let (search, error) = match sought {
        None => (None, String::new()),
        Some(Ok(search)) => (Some(search), String::new()),
        Some(Err(error)) => (None, error.detail().to_owned()),
    };
    let severity = match level {
        LevelFilter::All => Severity::Plain,
        LevelFilter::Warnings => Severity::Warning,
        LevelFilter::Errors => Severity::Error,
    };
    let around = i64::try_from(WINDOW / 2).unwrap_or(200);
    let from = |line: i64| WindowAt::From((line - around).max(1));
    let mut marked = number("line");
    let mut at = match (marked, number("before"), number("after")) {
        (Some(line), _, _) => from(line),
        (_, Some(line), _) => WindowAt::Before(line),
        (_, _, Some(line)) => WindowAt::From(line.saturating_add(1)),
        _ => WindowAt::End,
    };
    // Windows that are loaded while scrolling show matches, but look for none.
    let search_at = match (marked, number("older"), number("newer"), at) {
        (Some(line), ..) => Some(SearchAt::Line(line)),
        (_, Some(line), ..) => Some(SearchAt::Older(line)),
        (_, _, Some(line), _) => Some(SearchAt::Newer(line)),
        (.., WindowAt::End) => Some(SearchAt::Newest),
        _ => None,
    };
    let count = usize::try_from(WINDOW).unwrap_or(400);
    let (window, found) = perform(ctx, "events.get_task_log", |ctx| {
        let mut found = (!error.is_empty()).then(|| Found { error: error.clone(), ..Found::default() });
        if let (Some(search), Some(search_at)) = (&search, search_at) {
            let matches = events::find_in_log(ctx, &id, search, severity, search_at)?;
            if let Matches::Line(line) = matches.at {
                at = from(line);
                marked = Some(line);
            }
            found = Some(Found {
                total: matches.total.map(i64::unsigned_abs),
                shown: matches!(matches.at, Matches::Line(_)),
                before: step(matches.before),
                after: step(matches.after),
                error: String::new(),
            });
        }
        Ok((events::log_window(ctx, &id, at, count, severity)?, found))
    })?;
    let LogWindow { lines, total, has_earlier, has_later, .. } = window;
    page!(
        request,
        Console {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            lines: paint(lines, search),
            total: total.unsigned_abs(),
            has_earlier,
            has_later,
            marked: marked.map(i64::unsigned_abs),
            q,
            is_expression,
            found,
            level,
            download: format!("/tasks/{id}/console/download"),
        }
    )
}

fn step(matches: Matches) -> Step {
    match matches {
        Matches::Nothing => Step::End,
        Matches::Line(line) => Step::To(line.unsigned_abs()),
        Matches::SearchOn(line) => Step::On(line.unsigned_abs()),
    }
}

/// One record may be a text of several lines; its number stands at the first.
fn paint(entries: Vec<LogLine>, search: Option<Search>) -> Vec<Line> {
    let mut painter = Painter::finding(search);
    let mut lines = Vec::with_capacity(entries.len());
    for entry in entries {
        let message = entry.msg.unwrap_or_default();
        let mut parts: Vec<&str> = message.trim_end_matches('\n').split('\n').collect();
        if parts.is_empty() {
            parts.push("");
        }
        let known = match entry.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Plain => Level::Plain,
        };
        for (nth, part) in parts.into_iter().enumerate() {
            let level = if known == Level::Plain { Level::guess(part) } else { known };
            lines.push(Line {
                number: entry.line.unsigned_abs(),
                is_first: nth == 0,
                when: Some(When(entry.timestamp)),
                level,
                text: painter.line(part),
            });
        }
    }
    lines
}

/// The whole log as text, to save.
pub(super) fn download(ctx: &Ctx<'_>, task: &Json) -> Result<PageReply> {
    use crate::domain::events::{LineForm, LinePattern, log_file};

    let id = text(task, "id");
    let pattern = LinePattern::parse("{asctime} {worker} {level} {msg}")?;
    let file = perform(ctx, "events.download_task_log", |ctx| log_file(ctx, &id, LineForm::Text(pattern)))?;
    Ok(PageReply {
        status: 200,
        content_type: "text/plain; charset=utf-8",
        body: String::new(),
        stream: Some(Box::new(file)),
        headers: vec![("Content-Disposition", format!("attachment; filename=task_{id}.log"))],
        cookies: Vec::new(),
    })
}
