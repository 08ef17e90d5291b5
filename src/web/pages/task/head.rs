//! What stands above every tab of a task.

use serde_json::Value;

use super::deed::{State, actions};
use crate::{
    domain::{Ctx, browse},
    types::{Json, Result},
    web::{
        pages::{
            document::{at, iteration, person, status, text, texts, time_run, when},
            projects::last,
        },
        view::{
            kit::Crumb,
            task::{TabCounts, TaskHead},
        },
    },
};

pub(super) fn head(ctx: &Ctx<'_>, task: &Json) -> Result<TaskHead> {
    Ok(TaskHead {
        id: text(task, "id"),
        name: text(task, "name"),
        crumbs: crumbs(ctx, task)?,
        status: status(task),
        status_reason: text(task, "status_reason"),
        tags: texts(task, "tags"),
        started: when(task, "started"),
        user: person(task, "user"),
        duration: time_run(task),
        iteration: iteration(task),
        worker: text(task, "last_worker"),
        queue: text(task, "execution.queue.name"),
        runs_as: String::new(),
        actions: actions(&text(task, "id"), State::of(ctx, task)?),
        counts: counts(task),
        previous: None,
        next: None,
    })
}

fn crumbs(ctx: &Ctx<'_>, task: &Json) -> Result<Vec<Crumb>> {
    let mut crumbs = vec![Crumb { name: "Projects".to_owned(), href: "/projects".to_owned() }];
    let mut ids = texts(task, "project.path");
    let project = text(task, "project.id");
    if !project.is_empty() {
        ids.push(project);
    }
    let names = browse::project_names(ctx, &ids)?;
    crumbs.extend(ids.iter().filter_map(|id| {
        let name = names.get(id)?;
        Some(Crumb { name: last(name).to_owned(), href: format!("/projects/{id}/tasks") })
    }));
    Ok(crumbs)
}

fn counts(task: &Json) -> TabCounts {
    let size = |path: &str| match at(task, path) {
        Some(Value::Array(items)) => items.len() as u64,
        Some(Value::Object(map)) => map.len() as u64,
        _ => 0,
    };
    let nested = |path: &str| -> u64 {
        let sections = at(task, path).and_then(Value::as_object);
        let length = |section: &Value| section.as_object().map_or(0, |map| map.len() as u64);
        sections.map_or(0, |map| map.values().map(length).sum())
    };
    let some = |count: u64| (count > 0).then_some(count);
    TabCounts {
        configuration: some(nested("hyperparams") + size("configuration")),
        artifacts: some(size("execution.artifacts") + size("models.input") + size("models.output")),
        scalars: some(nested("last_metrics")),
        plots: None,
        samples: None,
        trail: true,
    }
}
