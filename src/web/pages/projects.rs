//! The project list and one project's overview.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    document::{person, text, texts, when},
    page, perform, shell,
    tasks::row,
};
use crate::{
    domain::{
        Ctx,
        browse::{self, Counts, request as object},
    },
    types::{Json, Result},
    web::{
        PageReply, PageRequest,
        render::time::When,
        view::{
            kit::Crumb,
            projects::{Folder, Project, ProjectHead, ProjectRow, Projects, into_folders},
            status::Status,
            tasks::{TaskTable, project_tabs},
        },
    },
};

pub(super) fn list(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let q = request.arg("q").unwrap_or_default().trim().to_owned();
    let flat = request.arg("list").as_deref() == Some("flat");
    let (found, all, counts) = perform(ctx, "projects.get_all_ex", |ctx| {
        let found = browse::projects(ctx, &q)?;
        let all = if q.is_empty() { found.len() } else { browse::projects(ctx, "")?.len() };
        Ok((found, all, browse::counts(ctx, None)?))
    })?;
    let rows: Vec<ProjectRow> = found.iter().map(|project| project_row(project, &counts)).collect();
    let folders = match flat {
        true if rows.is_empty() => Vec::new(),
        true => vec![Folder { name: String::new(), projects: rows }],
        false => into_folders(rows),
    };
    page!(
        request,
        Projects {
            shell: shell(ctx, request, "/projects"),
            q,
            flat,
            folders,
            unfiltered: all as u64,
            new_project: None,
        }
    )
}

fn project_row(project: &Json, counts: &HashMap<String, Counts>) -> ProjectRow {
    let id = text(project, "id");
    let none = Counts::default();
    let count = counts.get(&id).unwrap_or(&none);
    ProjectRow {
        path: text(project, "name"),
        description: text(project, "description"),
        tasks: count.tasks(),
        running: count.of(Status::Running.wire()),
        queued: count.of(Status::Queued.wire()),
        failed: count.failed_recently,
        days: count.days.clone(),
        best: None,
        owner: person(project, "user"),
        active: count.last_update.map(When).or_else(|| when(project, "last_update")),
        id,
    }
}

/// Title, folders above and tabs of a project.
pub(super) fn head(ctx: &Ctx<'_>, project: &Json, current: &str, tasks: Option<u64>) -> Result<ProjectHead> {
    let id = text(project, "id");
    let name = text(project, "name");
    let above = texts(project, "path");
    let names = browse::project_names(ctx, &above)?;
    let mut crumbs = vec![Crumb { name: "Projects".to_owned(), href: "/projects".to_owned() }];
    crumbs.extend(above.iter().filter_map(|id| {
        let name = names.get(id)?;
        Some(Crumb { name: last(name).to_owned(), href: format!("/projects/{id}") })
    }));
    Ok(ProjectHead { name: last(&name).to_owned(), crumbs, tabs: project_tabs(&id, current, tasks), id })
}

/// Last part of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn overview(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let project = perform(ctx, "projects.get_by_id", |ctx| browse::project(ctx, id))?;
    let all = perform(ctx, "projects.get_all_ex", |ctx| browse::counts(ctx, None))?;
    let none = Counts::default();
    let count = all.get(id).unwrap_or(&none);
    let children = browse::projects(ctx, "")?;
    let is_child = |child: &&Json| {
        let parent =
            child.get("parent").and_then(|parent| parent.get("id").or(Some(parent))).and_then(Value::as_str);
        parent == Some(id)
    };
    let children = children.iter().filter(is_child).map(|child| project_row(child, &all)).collect();
    let recent = perform(ctx, "tasks.get_all_ex", |ctx| {
        browse::tasks(
            ctx,
            object(json!({
                "project": [id], "system_tags": ["-archived"], "order_by": ["-last_update"], "start": 0, "size": 10,
                "only_fields": ["name", "status", "tags", "user.name", "started", "completed", "active_duration",
                                "last_iteration", "last_update"],
            })),
        )
    })?;
    let path = text(&project, "name");
    let status_count = |status: Status| (status, count.of(status.wire()));
    page!(
        request,
        Project {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, &project, "Overview", Some(count.tasks()))?,
            description: text(&project, "description"),
            counts: Status::ALL.into_iter().map(status_count).filter(|(_, count)| *count > 0).collect(),
            owner: person(&project, "user"),
            created: when(&project, "created"),
            output_uri: text(&project, "default_output_destination"),
            tags: texts(&project, "tags"),
            children,
            recent: TaskTable {
                columns: Vec::new(),
                rows: recent.iter().map(|document| row(document, &[])).collect(),
                with_project: false,
            },
            path,
        }
    )
}
