//! What can be chosen when filtering the content of projects (spec/projects.md 3.10 to 3.15).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::{Public, QueryOptions},
        projects::{Paged, Slice, Variant},
        query::{Collection, MODEL, PROJECT, TASK},
    },
    types::{Json, Result},
};

/// Whose content is meant.
#[derive(Clone, Debug)]
pub enum Owners {
    /// Everything.
    All,
    /// What lies in these projects; `None` stands for the root.
    In {
        /// The projects.
        projects: Vec<Option<String>>,
        /// Everything below them as well.
        below: bool,
    },
}

impl Owners {
    /// One project or none (spec/projects.md 3.11).
    pub fn of_project(project: Option<String>, below: bool) -> Self {
        match (project, below) {
            (None, true) => Owners::All,
            (project, below) => Owners::In { projects: vec![project], below },
        }
    }

    /// A list; an empty one means everything (spec/projects.md 3.12).
    pub fn of_projects(projects: Vec<Option<String>>, below: bool) -> Self {
        if projects.is_empty() { Owners::All } else { Owners::In { projects, below } }
    }

    fn request(&self) -> Json {
        let mut request = Json::new();
        if let Owners::In { projects, below } = self {
            request.insert("project".to_owned(), json!(projects));
            request.insert("include_subprojects".to_owned(), Value::Bool(*below));
        }
        request
    }
}

fn options(ctx: &Ctx<'_>, public: bool) -> QueryOptions {
    let mut options = ctx.query_options(if public { Public::Always } else { Public::Never });
    options.show_hidden = true;
    options
}

/// Request of the tag listings.
#[derive(Clone, Debug, Default)]
pub struct TagsRequest {
    /// Only content of these projects and their descendants; empty: the whole tenant.
    pub projects: Vec<String>,
    /// `{tags, system_tags}`: list conditions on the entities.
    pub filter: Json,
}

/// Tags and system tags, each sorted and distinct.
pub type Tags = (Vec<Value>, Vec<Value>);

/// Tags of the tenant's documents that match `request` and `filter`.
pub(in crate::domain) fn tags_of(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    collection: &'static Collection,
    mut request: Json,
    filter: &Json,
) -> Result<Tags> {
    for key in ["tags", "system_tags"] {
        if let Some(condition) = filter.get(key) {
            request.insert(key.to_owned(), condition.clone());
        }
    }
    let options = options(ctx, false);
    let values = |field| snapshot.distinct(collection, field, &request, &options);
    Ok((values("tags")?, values("system_tags")?))
}

fn entity_tags(ctx: &Ctx<'_>, collection: &'static Collection, asked: &TagsRequest) -> Result<Tags> {
    let projects = asked.projects.iter().cloned().map(Some).collect();
    let request = Owners::of_projects(projects, true).request();
    ctx.read(|snapshot| tags_of(ctx, snapshot, collection, request, &asked.filter))
}

/// Tags of the tenant's tasks; archived and hidden ones included, public ones not.
///
/// Errors: 400 as the query language names them for the filter.
pub fn task_tags(ctx: &Ctx<'_>, asked: &TagsRequest) -> Result<Tags> {
    entity_tags(ctx, &TASK, asked)
}

/// Tags of the tenant's models.
///
/// Errors: 400 as the query language names them for the filter.
pub fn model_tags(ctx: &Ctx<'_>, asked: &TagsRequest) -> Result<Tags> {
    entity_tags(ctx, &MODEL, asked)
}

/// Tags of the tenant's projects.
///
/// Errors: 400 as the query language names them for the filter.
pub fn project_tags(ctx: &Ctx<'_>, asked: &TagsRequest) -> Result<Tags> {
    ctx.read(|snapshot| {
        let mut request = Json::new();
        if !asked.projects.is_empty() {
            let below = snapshot.projects_below(&asked.projects, false)?;
            let ids: BTreeSet<&str> = asked
                .projects
                .iter()
                .map(String::as_str)
                .chain(below.iter().map(|p| p.id.as_str()))
                .collect();
            request.insert("id".to_owned(), json!(ids));
        }
        tags_of(ctx, snapshot, &PROJECT, request, &asked.filter)
    })
}

/// Names of the metrics that tasks, or models, have values of.
pub fn metric_variants(
    ctx: &Ctx<'_>,
    owners: &Owners,
    of_models: bool,
    ids: &[String],
) -> Result<Vec<Variant>> {
    let collection = if of_models { &MODEL } else { &TASK };
    let mut request = owners.request();
    if !ids.is_empty() {
        request.insert("id".to_owned(), json!(ids));
    }
    ctx.read(|snapshot| snapshot.metric_variants(collection, &request, &options(ctx, true)))
}

/// Sections and names of hyper-parameters.
pub fn hyperparam_names(ctx: &Ctx<'_>, owners: &Owners, slice: Slice) -> Result<Paged<(String, String)>> {
    ctx.read(|snapshot| snapshot.hyperparam_names(&owners.request(), &options(ctx, true), slice))
}

/// Values of one hyper-parameter.
///
/// Errors: 400/21 the pattern is no regular expression.
pub fn hyperparam_values(
    ctx: &Ctx<'_>,
    owners: &Owners,
    public: bool,
    section: &str,
    name: &str,
    pattern: Option<&str>,
    slice: Slice,
) -> Result<Paged<String>> {
    ctx.read(|snapshot| {
        let options = options(ctx, public);
        snapshot.hyperparam_values(&owners.request(), &options, section, name, pattern, slice)
    })
}

/// Keys of models' metadata.
pub fn metadata_keys(ctx: &Ctx<'_>, owners: &Owners, slice: Slice) -> Result<Paged<String>> {
    ctx.read(|snapshot| snapshot.metadata_keys(&owners.request(), &options(ctx, true), slice))
}

/// Values of one key of models' metadata.
pub fn metadata_values(
    ctx: &Ctx<'_>,
    owners: &Owners,
    public: bool,
    key: &str,
    slice: Slice,
) -> Result<Paged<String>> {
    ctx.read(|snapshot| snapshot.metadata_values(&owners.request(), &options(ctx, public), key, slice))
}

/// Parents of tasks, by name: `{id, name, project: {id, name}}`. `archived`: only of children that are, or are not,
/// archived. `name`: pattern on the parent's name.
///
/// Errors: 400/21 the pattern is no regular expression.
pub fn task_parents(
    ctx: &Ctx<'_>,
    owners: &Owners,
    archived: Option<bool>,
    name: Option<&str>,
) -> Result<Vec<Json>> {
    ctx.read(|snapshot| {
        let mut request = owners.request();
        if let Some(archived) = archived {
            let tag = if archived { "archived" } else { "-archived" };
            request.insert("system_tags".to_owned(), json!([tag]));
        }
        let mut options = options(ctx, true);
        let parents = snapshot.column_values(&TASK, "parent", &request, &options)?;
        options.only = Some(parents);
        let Value::Object(wanted) = json!({
            "name": name, "only_fields": ["id", "name", "project.name"], "order_by": ["name"],
        }) else {
            return Ok(Vec::new());
        };
        Ok(ctx.list_with(snapshot, &TASK, &wanted, true, options)?.documents)
    })
}

/// Ids and names of the people who made tasks or models, by name.
pub fn user_names(ctx: &Ctx<'_>, owners: &Owners, of_models: bool) -> Result<Vec<(String, String)>> {
    let collection = if of_models { &MODEL } else { &TASK };
    ctx.read(|snapshot| snapshot.creators(collection, &owners.request(), &options(ctx, true)))
}
