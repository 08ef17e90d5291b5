//! Narrowing a list of projects to those that hold something of certain people or of a certain kind
//! (spec/projects.md 3.7.1).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::list::Asked;
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::{Public, QueryOptions},
        query::{MODEL, PROJECT, TASK},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// The kind of content that a project is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Children {
    /// Pipeline projects.
    Pipeline,
    /// Reports.
    Report,
    /// Dataset projects.
    Dataset,
}

impl Children {
    pub(super) fn read(value: Option<&Value>) -> Result<Option<Self>> {
        match value {
            None => Ok(None),
            Some(Value::String(text)) if text == "pipeline" => Ok(Some(Children::Pipeline)),
            Some(Value::String(text)) if text == "report" => Ok(Some(Children::Report)),
            Some(Value::String(text)) if text == "dataset" => Ok(Some(Children::Dataset)),
            Some(_) => Err(ApiError::new(
                ErrorKind::ValidationError,
                "children_type must be pipeline, report or dataset",
            )
            .with("field", "children_type")),
        }
    }
}

/// What the list may show.
pub(super) enum Selected {
    /// Everything.
    All,
    /// Projects that hold what was asked for, and their ancestors.
    Only(BTreeSet<String>),
}

impl Selected {
    pub(super) fn allows(&self, id: &str) -> bool {
        match self {
            Selected::All => true,
            Selected::Only(ids) => ids.contains(id),
        }
    }
}

/// The condition on the children's tags; the filter form wins.
pub(super) fn children_tags(asked: &Asked<'_>) -> Json {
    let given = |key: &str| asked.request.get(key).filter(|value| !value.is_null());
    let mut condition = Json::new();
    if let Some(filter) = given("children_tags_filter") {
        condition.insert("filters".to_owned(), json!({"tags": filter}));
    } else if let Some(tags) = given("children_tags") {
        condition.insert("tags".to_owned(), tags.clone());
    }
    condition
}

/// Finds the projects that hold content of the active users, or of the kind asked for.
pub(super) fn selected(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    request: &Json,
    asked: &Asked<'_>,
) -> Result<Selected> {
    if asked.children.is_none() && asked.active_users.is_empty() {
        return Ok(Selected::All);
    }
    let mut options = ctx.query_options(if asked.public { Public::Always } else { Public::Never });
    options.show_hidden = true;
    let mut condition = if asked.children.is_some() { children_tags(asked) } else { Json::new() };
    if !asked.active_users.is_empty() {
        condition.insert("user".to_owned(), json!(asked.active_users));
    }
    let requested = requested(snapshot, request)?;
    let within = |id: &str| requested.as_ref().is_none_or(|ids| ids.contains(id));
    let mut seeds = BTreeSet::new();
    match asked.children {
        None => {
            let made = snapshot.projects_of_users(&asked.active_users, asked.public)?;
            let tasks = snapshot.column_values(&TASK, "project", &condition, &options)?;
            let models = snapshot.column_values(&MODEL, "project", &condition, &options)?;
            seeds.extend(made.into_iter().chain(tasks).chain(models).filter(|id| within(id)));
        }
        Some(Children::Report) => {
            condition.insert("system_tags".to_owned(), json!(["reports"]));
            let holding = snapshot.column_values(&TASK, "project", &condition, &options)?;
            seeds.extend(holding.into_iter().filter(|id| within(id)));
        }
        Some(kind) => {
            let (tag, container) = match kind {
                Children::Pipeline => ("pipeline", ".pipelines"),
                _ => ("dataset", ".datasets"),
            };
            condition.insert("system_tags".to_owned(), json!([tag]));
            condition.remove("user");
            let children = project_ids(snapshot, &condition, &options)?;
            for project in snapshot.projects(&children, asked.public)? {
                let of_users = asked.active_users.is_empty() || asked.active_users.contains(&project.user);
                let parent_within = match (&requested, &project.parent) {
                    (None, _) => true,
                    (Some(ids), Some(parent)) => ids.contains(parent),
                    (Some(_), None) => false,
                };
                if project.basename != container && of_users && parent_within {
                    seeds.insert(project.id);
                }
            }
        }
    }
    Ok(Selected::Only(with_ancestors(snapshot, seeds)?))
}

/// Ids of the projects in which these people made something, and of their ancestors; `id` in the request limits them.
/// `None`: nobody is named, so every project.
///
/// Errors: 400 as the query language names them.
pub(in crate::domain) fn touched_by(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    request: &Json,
    users: &[String],
    public: bool,
) -> Result<Option<Vec<String>>> {
    let asked = Asked {
        request,
        public,
        search_hidden: false,
        children: None,
        active_users: users.to_vec(),
        filter: None,
    };
    Ok(match selected(ctx, snapshot, request, &asked)? {
        Selected::All => None,
        Selected::Only(ids) => Some(ids.into_iter().collect()),
    })
}

fn project_ids(snapshot: &Snapshot<'_>, condition: &Json, options: &QueryOptions) -> Result<Vec<String>> {
    snapshot.column_values(&PROJECT, "id", condition, options)
}

/// The projects asked for by id and everything below them; `None` when none were.
fn requested(snapshot: &Snapshot<'_>, request: &Json) -> Result<Option<BTreeSet<String>>> {
    let ids = match request.get("id") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(id)) => vec![id.clone()],
        Some(Value::Array(items)) if items.is_empty() => return Ok(None),
        Some(Value::Array(items)) => items.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
        // The list itself refuses it.
        Some(_) => return Ok(None),
    };
    let below = snapshot.projects_below(&ids, true)?;
    Ok(Some(ids.into_iter().chain(below.into_iter().map(|project| project.id)).collect()))
}

fn with_ancestors(snapshot: &Snapshot<'_>, seeds: BTreeSet<String>) -> Result<BTreeSet<String>> {
    let list: Vec<&String> = seeds.iter().collect();
    let mut all = BTreeSet::new();
    for project in snapshot.projects(&list, true)? {
        all.extend(project.path);
        all.insert(project.id);
    }
    Ok(all)
}
