//! The task table of a project.

use serde_json::{Value, json};

use super::{
    bulk,
    document::{at, iteration, person, status, text, texts, time_run, when},
    page, perform, projects, shell,
};
use crate::{
    domain::{
        Ctx,
        browse::{self, request as object},
    },
    store::overview::MetricName,
    types::{Json, Result},
    web::{
        PageReply, PageRequest,
        view::{
            address::{PER_PAGE, TaskList},
            tasks::{Better, Cell, Choice, Column, ColumnKind, TaskRow, TaskTable, Tasks, Total},
        },
    },
};

/// A column and where its values are.
pub(super) struct Source {
    column: Column,
    /// Path below the document.
    path: String,
}

/// Metric columns that a project shows unless others are chosen.
const DEFAULT_METRICS: u32 = 3;

pub(super) fn table(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let list = TaskList::parse(&format!("/projects/{id}/tasks"), &request.query);
    let project = perform(ctx, "projects.get_by_id", |ctx| browse::project(ctx, id))?;
    let sources = columns(ctx, id, &list)?;
    let per = u64::from(list.per.unwrap_or(PER_PAGE));
    let start: u64 = list.after.parse().unwrap_or(0);
    let filter = filter(&list, id);
    let mut wanted = filter.clone();
    let mut fields: Vec<String> = [
        "name",
        "status",
        "tags",
        "user.name",
        "started",
        "completed",
        "active_duration",
        "last_iteration",
        "last_update",
    ]
    .map(str::to_owned)
    .to_vec();
    fields.extend(sources.iter().map(|source| source.path.clone()));
    wanted.insert("only_fields".to_owned(), json!(fields));
    wanted.insert("order_by".to_owned(), json!(order(&list, &sources)));
    wanted.insert("start".to_owned(), json!(start));
    wanted.insert("size".to_owned(), json!(per + 1));
    let shelf = |archived: bool| object(json!({"project": [id], "system_tags": [shelf_tag(archived)]}));
    let (mut documents, total, unfiltered, archived, tags, users) =
        perform(ctx, "tasks.get_all_ex", |ctx| {
            let documents = browse::tasks(ctx, wanted)?;
            let total = browse::task_count(ctx, &filter)?;
            let unfiltered =
                if list.is_filtered() { browse::task_count(ctx, &shelf(list.archived))? } else { total };
            let archived = browse::task_count(ctx, &shelf(true))?;
            let tags = browse::task_values(ctx, "tags", &shelf(list.archived))?;
            let users = browse::task_values(ctx, "user", &shelf(list.archived))?;
            Ok((documents, total, unfiltered, archived, tags, users))
        })?;
    let more = documents.len() as u64 > per;
    documents.truncate(usize::try_from(per).unwrap_or(usize::MAX));
    let table = TaskTable {
        rows: documents.iter().map(|document| row(document, &sources)).collect(),
        columns: sources.into_iter().map(|source| source.column).collect(),
        with_project: false,
    };
    let culprit = match total {
        0 if list.is_filtered() => culprit(ctx, &list, id)?,
        _ => None,
    };
    page!(
        request,
        Tasks {
            shell: shell(ctx, request, "/projects"),
            head: projects::head(ctx, &project, "Tasks", Some(unfiltered))?,
            table,
            total: Total::Exactly(total),
            first: start + 1,
            next: more.then(|| (start + per).to_string()),
            tags: tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
            users: choices(ctx, &users)?,
            unfiltered,
            archived,
            culprit,
            bulk: bulk::actions(id, list.archived),
            project_path: text(&project, "name"),
            exportable: false,
            list,
        }
    )
}

fn shelf_tag(archived: bool) -> &'static str {
    if archived { "archived" } else { "-archived" }
}

fn choices(ctx: &Ctx<'_>, users: &[Value]) -> Result<Vec<Choice>> {
    ctx.read(|snapshot| {
        let mut choices = Vec::new();
        for id in users.iter().filter_map(Value::as_str) {
            let name = snapshot.profile(id)?.map_or_else(|| id.to_owned(), |profile| profile.name);
            choices.push(Choice { value: id.to_owned(), label: name });
        }
        Ok(choices)
    })
}

/// The list's filters in the query language.
fn filter(list: &TaskList, project: &str) -> Json {
    let mut status: Vec<String> =
        list.status.iter().flat_map(|status| status.wire()).map(|word| (*word).to_owned()).collect();
    status.extend(list.without.iter().flat_map(|status| status.wire()).map(|word| format!("-{word}")));
    let mut filter = object(json!({"project": [project], "system_tags": [shelf_tag(list.archived)]}));
    if !status.is_empty() {
        filter.insert("status".to_owned(), json!(status));
    }
    if !list.tags.is_empty() {
        filter.insert("filters".to_owned(), json!({"tags": {"all": {"include": list.tags}}}));
    }
    if !list.users.is_empty() {
        filter.insert("user".to_owned(), json!(list.users));
    }
    if !list.q.is_empty() {
        let pattern = regex::escape(&list.q);
        filter.insert("_any_".to_owned(), json!({"fields": ["name", "id", "comment"], "pattern": pattern}));
    }
    filter
}

/// The one filter that alone removes every row.
fn culprit(ctx: &Ctx<'_>, list: &TaskList, project: &str) -> Result<Option<(String, String)>> {
    let mut without: Vec<(String, String, TaskList)> = Vec::new();
    let mut offer = |words: String, address: String, change: &dyn Fn(&mut TaskList)| {
        let mut other = list.clone();
        change(&mut other);
        without.push((words, address, other));
    };
    if !list.q.is_empty() {
        offer(format!("the search for “{}”", list.q), list.without_q(), &|list| list.q.clear());
    }
    for tag in &list.tags {
        offer(format!("the tag {tag}"), list.without_tag(tag), &|list| list.tags.retain(|kept| kept != tag));
    }
    for status in &list.status {
        offer(format!("the status {}", status.word()), list.without_status(status), &|list| {
            list.status.clear()
        });
    }
    for user in &list.users {
        offer("the person".to_owned(), list.without_user(user), &|list| list.users.clear());
    }
    if without.len() < 2 {
        return Ok(without.into_iter().next().map(|(words, address, _)| (words, address)));
    }
    for (words, address, other) in without {
        if browse::task_count(ctx, &filter(&other, project))? > 0 {
            return Ok(Some((words, address)));
        }
    }
    Ok(None)
}

/// Keys of columns and orders: `m:metric/variant:last`, `p:Section/name`.
fn columns(ctx: &Ctx<'_>, project: &str, list: &TaskList) -> Result<Vec<Source>> {
    if !list.cols.is_empty() {
        return Ok(list.cols.iter().filter_map(|key| source(key)).take(20).collect());
    }
    let metrics = browse::common_metrics(ctx, project, DEFAULT_METRICS)?;
    Ok(metrics.iter().map(metric_source).collect())
}

fn metric_source(name: &MetricName) -> Source {
    let title = match name.variant.is_empty() || name.variant == name.metric {
        true => name.metric.clone(),
        false => format!("{}/{}", name.metric, name.variant),
    };
    Source {
        column: Column {
            key: format!("m:{}/{}:last", name.metric, name.variant),
            kind: ColumnKind::Metric(Better::guess(&title)),
            title,
        },
        path: format!("last_metrics.{}.{}.value", name.metric_hash, name.variant_hash),
    }
}

fn source(key: &str) -> Option<Source> {
    if let Some(rest) = key.strip_prefix("m:") {
        let (name, which) = rest.rsplit_once(':')?;
        let (metric, variant) = name.rsplit_once('/')?;
        let member = match which {
            "max" => "max_value",
            "min" => "min_value",
            _ => "value",
        };
        let better = match which {
            "max" => Better::High,
            "min" => Better::Low,
            _ => Better::guess(name),
        };
        let suffix = if which == "last" { String::new() } else { format!(" {which}") };
        return Some(Source {
            column: Column {
                key: key.to_owned(),
                title: format!("{name}{suffix}"),
                kind: ColumnKind::Metric(better),
            },
            path: format!("last_metrics.{}.{}.{member}", md5_hex(metric), md5_hex(variant)),
        });
    }
    let (section, name) = key.strip_prefix("p:")?.split_once('/')?;
    let escape = |part: &str| part.replace('%', "%%").replace('.', "%2E").replace('$', "%24");
    Some(Source {
        column: Column { key: key.to_owned(), title: name.to_owned(), kind: ColumnKind::Parameter },
        path: format!("hyperparams.{}.{}.value", escape(section), escape(name)),
    })
}

fn md5_hex(text: &str) -> String {
    use md5::{Digest as _, Md5};
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn order(list: &TaskList, sources: &[Source]) -> Vec<String> {
    let (key, descending) = list.order();
    let path = match key {
        "name" => "name".to_owned(),
        "status" => "status".to_owned(),
        "user" => "user".to_owned(),
        "duration" => "active_duration".to_owned(),
        "iteration" => "last_iteration".to_owned(),
        "updated" => "last_update".to_owned(),
        other => sources
            .iter()
            .find(|source| source.column.key == other)
            .map(|source| source.path.clone())
            .or_else(|| source(other).map(|source| source.path))
            .unwrap_or_else(|| "started".to_owned()),
    };
    vec![if descending { format!("-{path}") } else { path }]
}

/// One row from a document.
pub(super) fn row(document: &Json, sources: &[Source]) -> TaskRow {
    TaskRow {
        id: text(document, "id"),
        name: text(document, "name"),
        project: text(document, "project.name"),
        status: status(document),
        tags: texts(document, "tags"),
        user: person(document, "user"),
        started: when(document, "started"),
        duration: time_run(document),
        iteration: iteration(document),
        updated: when(document, "last_update"),
        cells: sources.iter().map(|source| cell(document, &source.path)).collect(),
    }
}

fn cell(document: &Json, path: &str) -> Cell {
    let plain: String = path.replace("%2E", "\u{1}").replace("%24", "$").replace("%%", "%");
    let parts: Vec<String> = plain.split('.').map(|part| part.replace('\u{1}', ".")).collect();
    let mut value = parts.first().and_then(|part| document.get(part));
    for part in parts.iter().skip(1) {
        value = value.and_then(|value| value.get(part));
    }
    match value {
        Some(Value::Number(number)) => number.as_f64().map_or(Cell::Missing, Cell::Number),
        Some(Value::String(text)) => Cell::Text(text.clone()),
        _ => at(document, path).and_then(Value::as_f64).map_or(Cell::Missing, Cell::Number),
    }
}
