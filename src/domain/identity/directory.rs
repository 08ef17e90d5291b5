//! Lists of people (spec/protocol.md 4).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::Public,
        query::{MODEL, TASK, USER},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// People of the tenant that match a request. `expanded`: references are objects, and `active_in_projects` narrows
/// the list to who made a project, task or model there or below; an empty list means anywhere.
///
/// Errors: 400 as the query language names them; 400/12 `active_in_projects` is no list of ids.
pub fn people(ctx: &Ctx<'_>, request: &Json, expanded: bool) -> Result<Vec<Json>> {
    let mut request = request.clone();
    let wanted = request.remove("active_in_projects").filter(|wanted| expanded && !wanted.is_null());
    ctx.read(|snapshot| {
        let mut options = ctx.query_options(Public::Never);
        if let Some(wanted) = &wanted {
            options.only = Some(active_in(ctx, snapshot, wanted)?);
        }
        Ok(ctx.list_with(snapshot, &USER, &request, expanded, options)?.documents)
    })
}

fn active_in(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, wanted: &Value) -> Result<Vec<String>> {
    let refused = || {
        ApiError::new(ErrorKind::ValidationError, "active_in_projects must be a list of project ids")
            .with("field", "active_in_projects")
    };
    let items = wanted.as_array().ok_or_else(refused)?;
    let projects: Vec<String> =
        items.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(refused)).collect::<Result<_>>()?;
    let mut options = ctx.query_options(Public::Never);
    options.show_hidden = true;
    let mut users = BTreeSet::new();
    let mut condition = Json::new();
    if projects.is_empty() {
        users.extend(snapshot.project_makers(None)?);
    } else {
        let below = snapshot.projects_below(&projects, false)?;
        let all: BTreeSet<String> =
            projects.into_iter().chain(below.into_iter().map(|project| project.id)).collect();
        let all: Vec<String> = all.into_iter().collect();
        users.extend(snapshot.project_makers(Some(&all))?);
        condition.insert("project".to_owned(), json!(all));
    }
    for collection in [&TASK, &MODEL] {
        users.extend(snapshot.column_values(collection, "user", &condition, &options)?);
    }
    Ok(users.into_iter().collect())
}
