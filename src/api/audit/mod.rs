//! `audit.*`: the log of calls and security events, and the trail of tasks (spec/governance.md 6.3, 13).

use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::{Download, Endpoint, Input, Reply, ReplyBody, Request};
use crate::{
    domain::{
        Ctx,
        audit::{self, LogQuery, Page},
        trail,
    },
    store::{calls::Filter, trail::TrailFilter},
    types::{ApiError, ErrorKind, Millis, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("audit.export", Input::Typed, export).download(),
    Endpoint::new("audit.find_tasks", Input::Typed, find_tasks),
    Endpoint::new("audit.get_filters", Input::Typed, get_filters),
    Endpoint::new("audit.get_log", Input::Typed, get_log),
    Endpoint::new("audit.get_status", Input::Typed, get_status),
    Endpoint::new("audit.get_task_trail", Input::Typed, get_task_trail),
];

/// Most entries of a page.
const MOST: u64 = 500;
/// Most values of a list.
const MOST_VALUES: usize = 100;
/// Most characters of a text.
const MOST_TEXT: usize = 256;

/// A moment as clients send it: text, or seconds or milliseconds since 1970.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Number(f64),
    Text(String),
}

fn moment(field: &str, sent: Option<Moment>) -> Result<Option<Millis>> {
    let wrong = || {
        let text = "must be a time such as 2026-11-25T12:00:00Z, or seconds or milliseconds since 1970";
        ApiError::new(ErrorKind::ValidationError, format!("{field} {text}")).with("field", field)
    };
    match sent {
        None => Ok(None),
        Some(Moment::Text(text)) => Millis::parse_lenient(&text).map(Some).ok_or_else(wrong),
        // Nobody audits the year 1970; seconds stay below this until the year 5138.
        Some(Moment::Number(number)) if number.is_finite() && number.abs() < 1e15 => {
            let millis = if number.abs() < 1e11 { number * 1000.0 } else { number };
            Ok(Some(Millis(millis as i64)))
        }
        Some(Moment::Number(_)) => Err(wrong()),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    from_timestamp: Option<Moment>,
    to_timestamp: Option<Moment>,
    users: Vec<String>,
    actors: Vec<String>,
    endpoints: Vec<String>,
    codes: Vec<i64>,
    ips: Vec<String>,
    task: Option<String>,
    search: Option<String>,
    company: Option<String>,
    order: Option<String>,
}

impl Wanted {
    fn query(self, usual_order: &str) -> Result<LogQuery> {
        let lists = [&self.users, &self.actors, &self.endpoints, &self.ips];
        let long = |text: &String| text.chars().count() > MOST_TEXT;
        if lists.iter().any(|list| list.len() > MOST_VALUES || list.iter().any(long))
            || self.codes.len() > MOST_VALUES
            || [&self.task, &self.search, &self.company].into_iter().flatten().any(long)
        {
            let text =
                format!("a filter takes at most {MOST_VALUES} values of at most {MOST_TEXT} characters");
            return Err(ApiError::new(ErrorKind::ValidationError, text));
        }
        let oldest_first = match self.order.as_deref().unwrap_or(usual_order) {
            "desc" => false,
            "asc" => true,
            _ => return Err(ApiError::new(ErrorKind::ValidationError, "order must be desc or asc")),
        };
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(LogQuery {
            company: filled(self.company),
            oldest_first,
            filter: Filter {
                companies: None,
                from: moment("from_timestamp", self.from_timestamp)?,
                to: moment("to_timestamp", self.to_timestamp)?,
                users: self.users,
                actors: self.actors,
                endpoints: self.endpoints,
                codes: self.codes,
                ips: self.ips,
                object: filled(self.task),
                search: filled(self.search),
                refused: false,
            },
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GetLog {
    #[serde(flatten)]
    wanted: Wanted,
    page: Option<u64>,
    page_size: Option<u64>,
    scroll_id: Option<String>,
    size: Option<u64>,
}

fn page_size(asked: Option<u64>, usual: u64) -> Result<u64> {
    match asked.unwrap_or(usual) {
        size @ 1..=MOST => Ok(size),
        _ => {
            let text = format!("page_size must be between 1 and {MOST}");
            Err(ApiError::new(ErrorKind::ValidationError, text).with("field", "page_size"))
        }
    }
}

/// `audit.get_log`: a page of the tenant's log, newest first. Without `page` the answer scrolls.
///
/// Errors: 400/12; 400/1104 the scroll id is of another list.
fn get_log(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: GetLog = request.decode()?;
    let size = page_size(asked.page_size.or(asked.size), 100)?;
    let page = match (asked.page, asked.scroll_id) {
        (Some(page), None) => Page::Number { page, size },
        (_, id) => Page::Scroll { id: id.filter(|id| !id.is_empty()), size },
    };
    let found = audit::find(ctx, &asked.wanted.query("desc")?, &page)?;
    let entries: Vec<Value> = found.entries.iter().map(audit::LogEntry::json).collect();
    Reply::data(&json!({"entries": entries, "total": found.total, "scroll_id": found.scroll_id}))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Company {
    company: Option<String>,
}

/// `audit.get_filters`: users and endpoints that occur in the log.
fn get_filters(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Company = request.decode()?;
    Reply::data(&audit::filters(ctx, asked.company.as_deref())?)
}

/// `audit.export`: everything that fits, oldest first, as JSON lines.
///
/// Errors: 400/12.
fn export(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Wanted = request.decode()?;
    let lines = audit::export(ctx, &asked.query("asc")?)?;
    Ok(Reply {
        body: ReplyBody::Download(Download {
            filename: "audit.jsonl".to_owned(),
            content_type: "application/jsonl; charset=utf-8",
            content: Box::new(lines),
        }),
        cookie: None,
    })
}

/// `audit.get_status`: adapters with what waits and what was dropped, what is kept, the chains' heads.
fn get_status(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&audit::status(ctx)?)
}

#[derive(Deserialize)]
struct TaskOnly {
    task: String,
}

/// `audit.get_task_trail`: who submitted a task, which agent ran it, in which container, with which vaults.
///
/// Errors: 400/12, 400/101.
fn get_task_trail(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TaskOnly = request.decode()?;
    Reply::data(&trail::task_trail(ctx, &asked.task)?.json(true))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FindTasks {
    model: Option<String>,
    image: Option<String>,
    vault: Option<String>,
    user: Option<String>,
    agent: Option<String>,
    from: Option<Moment>,
    to: Option<Moment>,
    page: u64,
    page_size: Option<u64>,
}

/// `audit.find_tasks`: which tasks made a model, ran an image, were served a vault, or had to do with somebody.
///
/// Errors: 400/12.
fn find_tasks(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: FindTasks = request.decode()?;
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let filter = TrailFilter {
        model: filled(asked.model),
        image: filled(asked.image),
        vault: filled(asked.vault),
        user: filled(asked.user),
        agent: filled(asked.agent),
        from: moment("from", asked.from)?,
        to: moment("to", asked.to)?,
    };
    let found = trail::find_tasks(ctx, &filter, asked.page, page_size(asked.page_size, 50)?)?;
    let tasks: Vec<Value> = found.runs.iter().map(|run| run.json(false)).collect();
    Reply::data(&json!({"tasks": tasks, "total": found.total}))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
