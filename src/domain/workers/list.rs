//! Which workers there are, and what they do (spec/queues_workers.md 3.5, 3.6).

use std::collections::{BTreeSet, HashMap};

use regex::Regex;
use serde_json::{Value, json};

use super::overseen::{Overseen, overseen};
use crate::{
    domain::Ctx,
    store::{
        Readable, Snapshot,
        documents::Public,
        query::{PROJECT, QUEUE, TASK, USER},
        workers::{QueueHead, Worker},
    },
    types::{ApiError, CompanyId, ErrorKind, Json, Result},
};

/// Which workers are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Heard of within so many seconds; `None`: whenever.
    pub last_seen: Option<i64>,
    /// One of these; `-tag`: not this one.
    pub tags: Vec<String>,
    /// The same for system tags.
    pub system_tags: Vec<String>,
    /// Pattern of the whole id with `*` and `?`.
    pub pattern: Option<String>,
}

impl Filter {
    fn compile(&self) -> Result<Option<Regex>> {
        let Some(pattern) = self.pattern.as_deref().filter(|pattern| !pattern.is_empty()) else {
            return Ok(None);
        };
        let refused = || ApiError::new(ErrorKind::InvalidRegexError, "the worker pattern is too long");
        if pattern.len() > 4096 {
            return Err(refused());
        }
        let escaped = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
        regex::RegexBuilder::new(&format!("^{escaped}$"))
            .dot_matches_new_line(true)
            .size_limit(1 << 20)
            .build()
            .map(Some)
            .map_err(|_| refused())
    }
}

fn has_tags(own: &[String], wanted: &[String]) -> bool {
    let excluded = |tag: &String| tag.strip_prefix('-').is_some_and(|tag| own.iter().any(|own| own == tag));
    let plain: Vec<&String> = wanted.iter().filter(|tag| !tag.starts_with('-')).collect();
    !wanted.iter().any(excluded) && (plain.is_empty() || plain.iter().any(|tag| own.contains(tag)))
}

/// A worker that listens to queues, as `queues.get_all_ex` shows it.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The queues.
    pub queues: Vec<String>,
    /// `{name, ip, key, task}`.
    pub shown: Value,
}

fn key_of(tenant: &CompanyId, worker: &Worker) -> String {
    format!("worker_{tenant}_{}_{}", worker.user, worker.id)
}

/// Workers that the caller may see: their own, those that listen to a queue they may see, and all of them for
/// administrators (spec/governance.md 7.3).
fn visible(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>) -> Result<Vec<Worker>> {
    let mut workers = snapshot.workers()?;
    if matches!(ctx.scope().readable, Readable::All) || ctx.caller.role.administers() {
        return Ok(workers);
    }
    let listened: BTreeSet<&String> = workers.iter().flat_map(|worker| &worker.queues).collect();
    let seen = ctx.documents(snapshot, &QUEUE, listened, &["id"], Public::Always)?;
    workers.retain(|worker| {
        worker.user == ctx.caller.user.as_str() || worker.queues.iter().any(|queue| seen.contains_key(queue))
    });
    Ok(workers)
}

/// All workers that have not expired, for the queues they listen to.
pub fn listening(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>) -> Result<Vec<Listening>> {
    let workers = visible(ctx, snapshot)?;
    let running = workers.iter().filter_map(|worker| worker.task.as_ref());
    let tasks = ctx.documents(snapshot, &TASK, running, &["name"], Public::Always)?;
    Ok(workers
        .into_iter()
        .map(|worker| Listening {
            shown: json!({
                "name": worker.id,
                "ip": worker.ip,
                "key": key_of(&ctx.caller.tenant, &worker),
                "task": worker.task.as_ref().map(|task| reference(task, tasks.get(task))),
            }),
            queues: worker.queues,
        })
        .collect())
}

/// `{id, name}`; the name is left out when the document is gone or not to be seen.
fn reference(id: &str, document: Option<&Json>) -> Value {
    let mut shown = Json::new();
    shown.insert("id".to_owned(), id.into());
    if let Some(name) = document.and_then(|document| document.get("name")) {
        shown.insert("name".to_owned(), name.clone());
    }
    Value::Object(shown)
}

fn matching(snapshot: &Snapshot<'_>, mut workers: Vec<Worker>, filter: &Filter) -> Result<Vec<Worker>> {
    let pattern = filter.compile()?;
    let since = filter.last_seen.map(|seconds| snapshot.now.plus_seconds(-seconds.max(1)));
    workers.retain(|worker| {
        since.is_none_or(|since| worker.last_activity_time >= since)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(&worker.id))
            && has_tags(&worker.tags, &filter.tags)
            && has_tags(&worker.system_tags, &filter.system_tags)
    });
    Ok(workers)
}

fn wanted(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, filter: &Filter) -> Result<Vec<Worker>> {
    matching(snapshot, visible(ctx, snapshot)?, filter)
}

/// Workers of a tenant that the caller looks after.
fn foreign(snapshot: &Snapshot<'_>, tenant: &Overseen, filter: &Filter) -> Result<Vec<Worker>> {
    let inside = tenant.snapshot(snapshot);
    matching(snapshot, inside.workers()?, filter)
}

/// A worker of another tenant: how its machine is used, and that it works, not on what.
fn show_foreign(tenant: &Overseen, worker: &Worker) -> Json {
    let unnamed = |id: &String| json!({"id": id, "name": Value::Null});
    let shown = json!({
        "key": key_of(tenant.id(), worker),
        "id": worker.id,
        "user": {"id": worker.user},
        "company": {"id": tenant.id(), "name": tenant.name},
        "ip": worker.ip,
        "register_time": Value::from(worker.register_time),
        "register_timeout": worker.register_timeout,
        "last_activity_time": Value::from(worker.last_activity_time),
        "last_report_time": worker.last_report_time.map(Value::from),
        "task": worker.task.as_ref().map(unnamed),
        "project": worker.task.as_ref().map(|_| json!({"name": Value::Null})),
        "queues": [],
        "tags": worker.tags,
        "system_tags": worker.system_tags,
    });
    match shown {
        Value::Object(mut shown) => {
            shown.retain(|_, value| !value.is_null());
            shown
        }
        _ => Json::new(),
    }
}

/// Workers with what they do, as `workers.get_all` answers them.
///
/// Errors: 400/21 the pattern is too long.
pub fn list(ctx: &Ctx<'_>, filter: &Filter) -> Result<Vec<Json>> {
    ctx.read(|snapshot| {
        let workers = wanted(ctx, snapshot, filter)?;
        let surroundings = Surroundings::load(ctx, snapshot, &workers)?;
        let mut shown: Vec<Json> = workers.iter().map(|worker| surroundings.show(ctx, worker)).collect();
        for tenant in overseen(ctx, snapshot)? {
            let workers = foreign(snapshot, &tenant, filter)?;
            shown.extend(workers.iter().map(|worker| show_foreign(&tenant, worker)));
        }
        Ok(shown)
    })
}

/// How many workers [`list`] would return.
///
/// Errors: 400/21 the pattern is too long.
pub fn count(ctx: &Ctx<'_>, filter: &Filter) -> Result<usize> {
    ctx.read(|snapshot| {
        let mut count = wanted(ctx, snapshot, filter)?.len();
        for tenant in overseen(ctx, snapshot)? {
            count += foreign(snapshot, &tenant, filter)?.len();
        }
        Ok(count)
    })
}

/// The documents that workers refer to.
struct Surroundings {
    company: Value,
    users: HashMap<String, Json>,
    tasks: HashMap<String, Json>,
    projects: HashMap<String, Json>,
    queues: HashMap<String, Json>,
    heads: HashMap<String, QueueHead>,
}

impl Surroundings {
    fn load(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, workers: &[Worker]) -> Result<Self> {
        let queues: Vec<&String> = workers.iter().flat_map(|worker| &worker.queues).collect();
        let queues = ctx.documents(snapshot, &QUEUE, queues, &["name", "display_name"], Public::Always)?;
        let known: Vec<&String> = queues.keys().collect();
        let heads = snapshot.queue_heads(&known)?;
        let tasks: Vec<&String> = workers
            .iter()
            .filter_map(|worker| worker.task.as_ref())
            .chain(heads.iter().map(|head| &head.task))
            .collect();
        let fields = ["name", "active_duration", "last_iteration", "project"];
        let tasks = ctx.documents(snapshot, &TASK, tasks, &fields, Public::Always)?;
        let projects: Vec<String> =
            tasks.values().filter_map(|task| task.get("project")?.as_str().map(str::to_owned)).collect();
        let company = snapshot.company(ctx.caller.tenant.as_str())?.map(|company| company.name);
        Ok(Surroundings {
            company: json!({"id": ctx.caller.tenant.as_str(), "name": company}),
            users: ctx.documents(
                snapshot,
                &USER,
                workers.iter().map(|worker| &worker.user),
                &["name"],
                Public::Always,
            )?,
            projects: ctx.documents(snapshot, &PROJECT, &projects, &["name"], Public::Always)?,
            heads: heads.into_iter().map(|head| (head.queue.clone(), head)).collect(),
            tasks,
            queues,
        })
    }

    fn show(&self, ctx: &Ctx<'_>, worker: &Worker) -> Json {
        let mut shown = Json::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                shown.insert(key.to_owned(), value);
            }
        };
        put("key", key_of(&ctx.caller.tenant, worker).into());
        put("id", worker.id.as_str().into());
        put("user", reference(&worker.user, self.users.get(&worker.user)));
        put("company", self.company.clone());
        put("ip", json!(worker.ip));
        put("register_time", worker.register_time.into());
        put("register_timeout", worker.register_timeout.into());
        put("last_activity_time", worker.last_activity_time.into());
        put("last_report_time", worker.last_report_time.map_or(Value::Null, Value::from));
        if let Some(task) = &worker.task {
            let document = self.tasks.get(task);
            put("task", self.task(task));
            if let Some(project) = document.and_then(|task| task.get("project")?.as_str())
                && let Some(found) = self.projects.get(project)
            {
                put("project", reference(project, Some(found)));
            }
        }
        if let Some(queue) = worker.queue.as_ref().filter(|queue| worker.queues.contains(queue)) {
            put("queue", self.queue(queue));
        }
        let listened: BTreeSet<&String> = worker.queues.iter().collect();
        put("queues", listened.into_iter().map(|queue| self.queue(queue)).collect());
        put("tags", json!(worker.tags));
        put("system_tags", json!(worker.system_tags));
        if worker.privileged {
            put("privileged_agent", Value::Bool(true));
        }
        shown
    }

    fn task(&self, id: &str) -> Value {
        let document = self.tasks.get(id);
        let mut shown = reference(id, document);
        if let (Value::Object(shown), Some(document)) = (&mut shown, document) {
            let number = |key: &str| document.get(key).and_then(Value::as_i64).unwrap_or_default();
            shown.insert("running_time".to_owned(), (number("active_duration") * 1000).into());
            shown.insert("last_iteration".to_owned(), number("last_iteration").into());
        }
        shown
    }

    fn queue(&self, id: &str) -> Value {
        let Some(document) = self.queues.get(id) else { return json!({"id": id}) };
        let mut shown = document.clone();
        let head = self.heads.get(id);
        shown.insert("num_tasks".to_owned(), head.map_or(0, |head| head.length).into());
        if let Some(head) = head {
            shown.insert("next_task".to_owned(), reference(&head.task, self.tasks.get(&head.task)));
        }
        Value::Object(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn plain_tags_are_alternatives_and_excluded_ones_win() {
        let own = texts(&["application"]);
        assert!(has_tags(&own, &texts(&["application", "test"])));
        assert!(!has_tags(&own, &texts(&["test"])));
        assert!(!has_tags(&own, &texts(&["-application"])));
        assert!(has_tags(&own, &texts(&["-test"])) && has_tags(&own, &[]));
    }

    #[test]
    fn patterns_are_of_the_whole_id() {
        let matches = |pattern: &str, id: &str| {
            let filter = Filter { pattern: Some(pattern.to_owned()), ..Filter::default() };
            filter.compile().unwrap().unwrap().is_match(id)
        };
        assert!(matches("box:gpu*", "box:gpu0,1") && matches("box:gpu?", "box:gpu0"));
        assert!(!matches("gpu*", "box:gpu0") && !matches("box.gpu0", "box:gpu0"));
    }
}
