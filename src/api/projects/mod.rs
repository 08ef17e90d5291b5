//! `projects.*` (spec/projects.md 3).

mod facets;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    typed::{keeping_nulls, yes},
};
use crate::{
    domain::{
        Ctx,
        projects::{self, DeleteRequest, NewProject},
    },
    store::{documents::Found, query},
    types::{ApiError, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("projects.create", Input::Typed, create).requires(&["name"]),
    Endpoint::new("projects.delete", Input::Typed, delete),
    Endpoint::new("projects.get_all", Input::Raw, get_all),
    Endpoint::new("projects.get_all_ex", Input::Raw, get_all_ex),
    Endpoint::new("projects.get_by_id", Input::Typed, get_by_id),
    Endpoint::new("projects.get_hyper_parameters", Input::Raw, facets::get_hyper_parameters).since(2, 9),
    Endpoint::new("projects.get_hyperparam_values", Input::Raw, facets::get_hyperparam_values).since(2, 13),
    Endpoint::new("projects.get_model_metadata_keys", Input::Raw, facets::get_model_metadata_keys)
        .since(2, 17),
    Endpoint::new("projects.get_model_metadata_values", Input::Raw, facets::get_model_metadata_values)
        .since(2, 17),
    Endpoint::new("projects.get_model_tags", Input::Typed, facets::get_model_tags).since(2, 8),
    Endpoint::new("projects.get_project_tags", Input::Typed, facets::get_project_tags).since(2, 17),
    Endpoint::new("projects.get_task_parents", Input::Raw, facets::get_task_parents).since(2, 12),
    Endpoint::new("projects.get_task_tags", Input::Typed, facets::get_task_tags).since(2, 8),
    Endpoint::new("projects.get_unique_metric_variants", Input::Typed, facets::get_unique_metric_variants),
    Endpoint::new("projects.get_user_names", Input::Raw, facets::get_user_names).since(2, 26),
    Endpoint::new("projects.make_private", Input::Typed, make_private).since(2, 9),
    Endpoint::new("projects.make_public", Input::Typed, make_public).since(2, 9),
    Endpoint::new("projects.merge", Input::Typed, merge).since(2, 13),
    Endpoint::new("projects.move", Input::Raw, move_to).since(2, 13),
    Endpoint::new("projects.update", Input::Raw, update),
    Endpoint::new("projects.validate_delete", Input::Typed, validate_delete).since(2, 14),
];

/// `{<name>: documents, scroll_id}`.
pub(super) fn listed(name: &str, found: Found) -> Result<Reply> {
    let mut data = Map::new();
    data.insert(name.to_owned(), found.documents.into_iter().map(Value::Object).collect());
    if let Some(id) = found.scroll_id {
        data.insert("scroll_id".to_owned(), id.into());
    }
    Reply::data(&data)
}

#[derive(Deserialize)]
struct ProjectOnly {
    project: String,
}

/// `projects.get_by_id`.
fn get_by_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ProjectOnly = request.decode()?;
    Reply::data(&json!({"project": projects::by_id(ctx, &asked.project)?}))
}

/// `projects.get_all`.
fn get_all(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("projects", projects::list(ctx, &request.body)?)
}

/// `projects.get_all_ex`.
fn get_all_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    listed("projects", projects::list_expanded(ctx, &request.body)?)
}

#[derive(Deserialize)]
struct Create {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    system_tags: Vec<String>,
    default_output_destination: Option<String>,
}

/// `projects.create`.
fn create(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    request.body = query::split_old_tags(&query::PROJECT, &request.body, ctx.call.version).into_owned();
    let new: Create = request.decode()?;
    let id = projects::create(
        ctx,
        &NewProject {
            name: new.name,
            description: new.description,
            tags: new.tags,
            system_tags: new.system_tags,
            default_output_destination: new.default_output_destination,
        },
    )?;
    Reply::data(&json!({"id": id}))
}

/// `projects.update`: null clears a field.
fn update(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let body = query::split_old_tags(&query::PROJECT, &request.body, ctx.call.version).into_owned();
    let body = keeping_nulls("projects.update", body)?;
    let id = body.get("project").and_then(Value::as_str).unwrap_or_default().to_owned();
    let fields = projects::update(ctx, &id, &body)?;
    Reply::data(&json!({"updated": 1, "fields": fields}))
}

#[derive(Deserialize)]
struct MoveTo {
    project: String,
    new_location: Option<String>,
}

/// `projects.move`: an empty location is the root, a missing one is an error.
fn move_to(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    request.body = keeping_nulls("projects.move", request.body)?;
    let asked: MoveTo = request.decode()?;
    let location = asked.new_location.ok_or_else(|| {
        ApiError::new(ErrorKind::ValidationError, "new_location is required; \"/\" is the top level")
            .with("field", "new_location")
    })?;
    Reply::data(&json!({"moved": projects::move_to(ctx, &asked.project, &location)?}))
}

#[derive(Deserialize)]
struct Merge {
    project: String,
    destination_project: Option<String>,
}

/// `projects.merge`.
fn merge(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Merge = request.decode()?;
    let destination = asked.destination_project.as_deref().filter(|id| !id.is_empty());
    let merged = projects::merge(ctx, &asked.project, destination)?;
    Reply::data(&json!({"moved_entities": merged.moved_entities, "moved_projects": merged.moved_projects}))
}

/// `projects.validate_delete`.
fn validate_delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ProjectOnly = request.decode()?;
    let found = projects::validate_delete(ctx, &asked.project)?;
    Reply::data(&json!({
        "pipelines": found.pipelines,
        "datasets": found.datasets,
        "tasks": found.contents.tasks,
        "non_archived_tasks": found.contents.non_archived_tasks,
        "models": found.contents.models,
        "non_archived_models": found.contents.non_archived_models,
        "reports": found.contents.reports,
        "non_archived_reports": found.contents.non_archived_reports,
    }))
}

#[derive(Deserialize)]
struct Delete {
    project: String,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    delete_contents: bool,
    #[serde(default = "yes")]
    delete_external_artifacts: bool,
}

/// `projects.delete`.
fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    let done = projects::delete(
        ctx,
        &DeleteRequest {
            project: &asked.project,
            force: asked.force,
            delete_contents: asked.delete_contents,
            delete_external_artifacts: asked.delete_external_artifacts,
        },
    )?;
    let urls = done.urls.map(
        |urls| json!({"model_urls": urls.model_urls, "artifact_urls": urls.artifact_urls, "event_urls": []}),
    );
    Reply::data(&json!({
        "deleted": done.deleted,
        "disassociated_tasks": done.disassociated_tasks,
        "deleted_models": done.deleted_models,
        "deleted_tasks": done.deleted_tasks,
        "urls": urls,
    }))
}

#[derive(Deserialize)]
struct Ids {
    #[serde(default)]
    ids: Vec<String>,
}

/// `projects.make_public`.
fn make_public(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    Reply::data(&json!({"updated": projects::make_public(ctx, &asked.ids)?}))
}

/// `projects.make_private`.
fn make_private(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Ids = request.decode()?;
    Reply::data(&json!({"updated": projects::make_private(ctx, &asked.ids)?}))
}
