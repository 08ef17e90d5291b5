//! `reports.*` (spec/projects.md 6).

mod data;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::json;

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    projects::listed,
    tasks::shape::updated,
    typed::keeping_nulls,
};
use crate::{
    domain::{
        Ctx,
        reports::{self, NewReport, ReportChange, Target},
    },
    types::{ApiError, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("reports.archive", Input::Typed, archive),
    Endpoint::new("reports.create", Input::Typed, create),
    Endpoint::new("reports.delete", Input::Typed, delete),
    Endpoint::new("reports.get_all_ex", Input::Raw, get_all_ex),
    Endpoint::new("reports.get_tags", Input::Typed, get_tags),
    Endpoint::new("reports.get_task_data", Input::Raw, data::get_task_data),
    Endpoint::new("reports.move", Input::Raw, move_to),
    Endpoint::new("reports.publish", Input::Typed, publish),
    Endpoint::new("reports.unarchive", Input::Typed, unarchive),
    Endpoint::new("reports.update", Input::Typed, update),
];

#[derive(Deserialize)]
struct Create {
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    comment: Option<String>,
    report: Option<String>,
    #[serde(default)]
    report_assets: Vec<String>,
    project: Option<String>,
}

/// `reports.create`: an empty project is the root.
fn create(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Create = request.decode()?;
    let (id, project) = reports::create(
        ctx,
        &NewReport {
            name: asked.name,
            tags: asked.tags,
            comment: asked.comment,
            report: asked.report,
            assets: asked.report_assets,
            project: asked.project.filter(|project| !project.is_empty()),
        },
    )?;
    Reply::data(&json!({"id": id.as_str(), "project_id": project}))
}

#[derive(Deserialize)]
struct Update {
    task: String,
    name: Option<String>,
    tags: Option<Vec<String>>,
    comment: Option<String>,
    report: Option<String>,
    report_assets: Option<Vec<String>>,
}

/// `reports.update`.
fn update(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Update = request.decode()?;
    let change = ReportChange {
        name: asked.name,
        tags: asked.tags,
        comment: asked.comment,
        report: asked.report,
        assets: asked.report_assets,
    };
    updated(reports::update(ctx, &asked.task, change)?, json!({}))
}

/// `reports.get_all_ex`: reports are tasks, and listed as such.
fn get_all_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("tasks", reports::list(ctx, &request.body)?)
}

/// `reports.get_tags`.
fn get_tags(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&json!({"tags": reports::tags(ctx)?}))
}

#[derive(Deserialize)]
struct Move {
    task: String,
    project: Option<String>,
    project_name: Option<String>,
}

/// `reports.move`: the name wins over the id; an id of null is the root, which must be said.
fn move_to(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = keeping_nulls("reports.move", request.body)?;
    let says_project = body.contains_key("project");
    let asked: Move = Request { body, ..request }.decode()?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let target = match (given(asked.project_name), given(asked.project)) {
        (Some(name), _) => Target::Named(name),
        (None, Some(project)) => Target::Project(project),
        (None, None) if says_project => Target::Root,
        (None, None) => {
            let text = "send project (null for the top level) or project_name";
            return Err(ApiError::new(ErrorKind::MissingRequiredFields, text));
        }
    };
    Reply::data(&json!({"project_id": reports::move_to(ctx, &asked.task, &target)?}))
}

/// The comment of the written schema is not looked at; the words are those of `message`.
#[derive(Deserialize)]
struct Saying {
    task: String,
    #[serde(default)]
    message: String,
}

/// `reports.publish`.
fn publish(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Saying = request.decode()?;
    updated(reports::publish(ctx, &asked.task, &asked.message)?, json!({}))
}

/// `reports.archive`.
fn archive(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Saying = request.decode()?;
    reports::archive(ctx, &asked.task, &asked.message)?;
    Reply::data(&json!({"archived": 1}))
}

/// `reports.unarchive`.
fn unarchive(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Saying = request.decode()?;
    reports::unarchive(ctx, &asked.task, &asked.message)?;
    Reply::data(&json!({"unarchived": 1}))
}

#[derive(Deserialize)]
struct Delete {
    task: String,
    #[serde(default)]
    force: bool,
}

/// `reports.delete`.
fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    reports::delete(ctx, &asked.task, asked.force)?;
    Reply::data(&json!({"deleted": 1}))
}
