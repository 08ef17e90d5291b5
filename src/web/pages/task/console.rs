//! The console: windows of numbered entries.

use super::{head::head, page, perform, shell};
use crate::{
    domain::{
        Ctx,
        events::{self, LogWindow, WindowAt},
    },
    store::events::{LogLine, Severity},
    types::{Json, Result},
    web::{
        PageReply, PageRequest,
        pages::document::text,
        render::{
            Markup,
            ansi::{Level, Painter},
            time::When,
        },
        view::task::console::{Console, Found, LevelFilter, Line, WINDOW},
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
    let marked = number("line");
    let severity = match level {
        LevelFilter::All => Severity::Plain,
        LevelFilter::Warnings => Severity::Warning,
        LevelFilter::Errors => Severity::Error,
    };
    let around = i64::try_from(WINDOW / 2).unwrap_or(200);
    let at = match (marked, number("before"), number("after")) {
        (Some(line), _, _) => WindowAt::From((line - around).max(1)),
        (_, Some(line), _) => WindowAt::Before(line),
        (_, _, Some(line)) => WindowAt::From(line.saturating_add(1)),
        _ => WindowAt::End,
    };
    let count = usize::try_from(WINDOW).unwrap_or(400);
    let (window, found) = perform(ctx, "events.get_task_log", |ctx| {
        let mut window = events::log_window(ctx, &id, at, count, severity)?;
        if q.is_empty() {
            return Ok((window, None));
        }
        let here = marked.or_else(|| window.lines.first().map(|line| line.line)).unwrap_or(0);
        let matches = events::find_in_log(ctx, &id, &q, here)?;
        // A new search goes to its newest match.
        if at == WindowAt::End
            && let Some(line) = matches.after.or(matches.before)
        {
            window = events::log_window(ctx, &id, WindowAt::From((line - around).max(1)), count, severity)?;
        }
        Ok((window, Some(matches)))
    })?;
    let found = found.map(|matches| Found {
        total: matches.total.unsigned_abs(),
        before: matches.before.map(i64::unsigned_abs),
        after: matches.after.map(i64::unsigned_abs),
    });
    let LogWindow { lines, total, has_earlier, has_later, .. } = window;
    page!(
        request,
        Console {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            lines: paint(lines, &q),
            total: total.unsigned_abs(),
            has_earlier,
            has_later,
            marked: marked.map(i64::unsigned_abs),
            q,
            found,
            level,
            download: format!("/tasks/{id}/console/download"),
        }
    )
}

/// One record may be a text of several lines; its number stands at the first.
fn paint(entries: Vec<LogLine>, needle: &str) -> Vec<Line> {
    let mut painter = Painter::finding(needle);
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
