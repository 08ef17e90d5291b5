//! What can be chosen when filtering the content of projects (spec/projects.md 3.10 to 3.15).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{
    endpoint::{Reply, Request},
    typed::{checked, with_nulls_in, yes},
};
use crate::{
    domain::{
        Ctx,
        projects::{self, Owners, Tags, TagsRequest},
    },
    store::projects::{Paged, Slice},
    types::{ApiError, ErrorKind, Json, Result},
};

#[derive(Deserialize)]
struct TagsAsked {
    #[serde(default)]
    include_system: bool,
    #[serde(default)]
    projects: Vec<String>,
    #[serde(default)]
    filter: Json,
}

fn tags(
    ctx: &Ctx<'_>,
    request: Request,
    always: bool,
    find: fn(&Ctx<'_>, &TagsRequest) -> Result<Tags>,
) -> Result<Reply> {
    let asked: TagsAsked = request.decode()?;
    let (tags, system_tags) = find(ctx, &TagsRequest { projects: asked.projects, filter: asked.filter })?;
    let mut data = Map::new();
    data.insert("tags".to_owned(), tags.into());
    if asked.include_system {
        data.insert("system_tags".to_owned(), system_tags.into());
    } else if always {
        data.insert("system_tags".to_owned(), json!([]));
    }
    Reply::data(&data)
}

/// `projects.get_project_tags`.
pub(super) fn get_project_tags(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    tags(ctx, request, true, projects::project_tags)
}

/// `projects.get_task_tags`.
pub(super) fn get_task_tags(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    tags(ctx, request, false, projects::task_tags)
}

/// `projects.get_model_tags`.
pub(super) fn get_model_tags(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    tags(ctx, request, false, projects::model_tags)
}

#[derive(Deserialize)]
struct MetricVariants {
    project: Option<String>,
    #[serde(default = "yes")]
    include_subprojects: bool,
    #[serde(default)]
    model_metrics: bool,
    #[serde(default)]
    ids: Vec<String>,
}

/// `projects.get_unique_metric_variants`.
pub(super) fn get_unique_metric_variants(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MetricVariants = request.decode()?;
    let owners = Owners::of_project(asked.project, asked.include_subprojects);
    let metrics: Vec<Value> = projects::metric_variants(ctx, &owners, asked.model_metrics, &asked.ids)?
        .into_iter()
        .map(|name| {
            json!({
                "metric": name.metric,
                "metric_hash": name.metric_hash,
                "variant": name.variant,
                "variant_hash": name.variant_hash,
            })
        })
        .collect();
    Reply::data(&json!({"metrics": metrics}))
}

/// Largest list of names that is built at once.
const LONGEST: i64 = 100_000;

fn slice(page: i64, size: i64) -> Slice {
    let size = size.clamp(1, LONGEST);
    Slice { start: page.max(0).saturating_mul(size), size }
}

fn default_page_size() -> i64 {
    500
}

#[derive(Deserialize)]
struct OfProject {
    project: Option<String>,
    #[serde(default = "yes")]
    include_subprojects: bool,
    #[serde(default)]
    page: i64,
    #[serde(default = "default_page_size")]
    page_size: i64,
}

impl OfProject {
    /// The schema calls the project required; clients leave it out to ask for all.
    fn read(endpoint: &str, mut body: Json) -> Result<(Owners, Slice)> {
        let known = body.get("project").is_some_and(|project| !project.is_null());
        if !known {
            body.insert("project".to_owned(), "".into());
        }
        let asked: OfProject = decode(checked(endpoint, body)?)?;
        let owners = Owners::of_project(asked.project.filter(|_| known), asked.include_subprojects);
        Ok((owners, slice(asked.page, asked.page_size)))
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: Json) -> Result<T> {
    serde_json::from_value(Value::Object(body))
        .map_err(|error| ApiError::new(ErrorKind::ValidationError, error.to_string()))
}

fn remaining<T>(found: &Paged<T>, slice: Slice) -> i64 {
    let shown = i64::try_from(found.items.len()).unwrap_or(i64::MAX);
    (found.total - slice.start - shown).max(0)
}

/// `projects.get_hyper_parameters`.
pub(super) fn get_hyper_parameters(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let (owners, slice) = OfProject::read("projects.get_hyper_parameters", request.body)?;
    let found = projects::hyperparam_names(ctx, &owners, slice)?;
    let remaining = remaining(&found, slice);
    let names: Vec<Value> =
        found.items.into_iter().map(|(section, name)| json!({"section": section, "name": name})).collect();
    Reply::data(&json!({"parameters": names, "total": found.total, "remaining": remaining}))
}

/// `projects.get_model_metadata_keys`.
pub(super) fn get_model_metadata_keys(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let (owners, slice) = OfProject::read("projects.get_model_metadata_keys", request.body)?;
    let found = projects::metadata_keys(ctx, &owners, slice)?;
    let remaining = remaining(&found, slice);
    Reply::data(&json!({"keys": found.items, "total": found.total, "remaining": remaining}))
}

#[derive(Deserialize)]
struct Values {
    section: Option<String>,
    name: Option<String>,
    key: Option<String>,
    pattern: Option<String>,
    #[serde(default = "yes")]
    allow_public: bool,
    #[serde(default = "yes")]
    include_subprojects: bool,
    #[serde(default)]
    page: i64,
    #[serde(default = "default_page_size")]
    page_size: i64,
}

/// `projects.get_hyperparam_values`.
pub(super) fn get_hyperparam_values(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let (body, owners) = with_nulls_in("projects.get_hyperparam_values", "projects", request.body)?;
    let asked: Values = decode(body)?;
    let owners = Owners::of_projects(owners, asked.include_subprojects);
    let found = projects::hyperparam_values(
        ctx,
        &owners,
        asked.allow_public,
        asked.section.as_deref().unwrap_or_default(),
        asked.name.as_deref().unwrap_or_default(),
        asked.pattern.as_deref().filter(|pattern| !pattern.is_empty()),
        slice(asked.page, asked.page_size),
    )?;
    Reply::data(&json!({"total": found.total, "values": found.items}))
}

/// `projects.get_model_metadata_values`.
pub(super) fn get_model_metadata_values(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let (body, owners) = with_nulls_in("projects.get_model_metadata_values", "projects", request.body)?;
    let asked: Values = decode(body)?;
    let owners = Owners::of_projects(owners, asked.include_subprojects);
    let key = asked.key.as_deref().unwrap_or_default();
    let slice = slice(asked.page, asked.page_size);
    let found = projects::metadata_values(ctx, &owners, asked.allow_public, key, slice)?;
    Reply::data(&json!({"total": found.total, "values": found.items}))
}

#[derive(Deserialize)]
struct TaskParents {
    tasks_state: Option<String>,
    #[serde(default = "yes")]
    include_subprojects: bool,
    task_name: Option<String>,
}

/// `projects.get_task_parents`.
pub(super) fn get_task_parents(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let (body, owners) = with_nulls_in("projects.get_task_parents", "projects", request.body)?;
    let asked: TaskParents = decode(body)?;
    let owners = Owners::of_projects(owners, asked.include_subprojects);
    let archived = asked.tasks_state.map(|state| state == "archived");
    let parents = projects::task_parents(ctx, &owners, archived, asked.task_name.as_deref())?;
    Reply::data(&json!({"parents": parents}))
}

#[derive(Deserialize)]
struct UserNames {
    #[serde(default = "yes")]
    include_subprojects: bool,
    entity: Option<String>,
}

/// `projects.get_user_names`.
pub(super) fn get_user_names(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let (body, owners) = with_nulls_in("projects.get_user_names", "projects", request.body)?;
    let asked: UserNames = decode(body)?;
    let owners = Owners::of_projects(owners, asked.include_subprojects);
    let of_models = asked.entity.as_deref() == Some("model");
    let users: Vec<Value> = projects::user_names(ctx, &owners, of_models)?
        .into_iter()
        .map(|(id, name)| json!({"id": id, "name": name}))
        .collect();
    Reply::data(&json!({"users": users}))
}
