//! Finding reports (spec/projects.md 6.3, 6.9).

use serde_json::{Value, json};

use super::{KIND, container};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::{Found, Public},
        query::{TASK, truthy},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Reports that match a request, references as objects; hidden and archived ones too. `project` names what the reports
/// are about; null is the root.
///
/// Errors: 400 as the query language names them.
pub fn list(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    let mut request = request.clone();
    request.insert("type".to_owned(), json!([KIND]));
    let projects = request.remove("project");
    let below = truthy(request.remove("include_subprojects").as_ref());
    let mut options = ctx.query_options(Public::ByRequest);
    options.show_hidden = true;
    ctx.read(|snapshot| {
        if let Some(projects) = projects {
            let holding = holding(snapshot, &projects, below)?;
            if holding.is_empty() {
                return Ok(Found::default());
            }
            request.insert("project".to_owned(), holding.into());
        }
        ctx.list_with(snapshot, &TASK, &request, true, options)
    })
}

/// Most projects of one request (spec/security_rules.md S24).
const MOST: usize = 10_000;

/// Ids of the projects that hold the reports of these projects, or also of those below them.
fn holding(snapshot: &Snapshot<'_>, projects: &Value, below: bool) -> Result<Vec<String>> {
    let wrong = |text: &str| ApiError::new(ErrorKind::FieldsValueError, text).with("field", "project");
    let items = match projects {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    if items.len() > MOST {
        return Err(ApiError::new(ErrorKind::ValidationError, format!("at most {MOST} projects")));
    }
    let mut ids = Vec::new();
    let mut root = false;
    for item in items {
        match item {
            Value::Null => root = true,
            Value::String(id) if !id.is_empty() => ids.push(id.clone()),
            _ => return Err(wrong("projects are named by their ids; null is the top level")),
        }
    }
    if below {
        ids.extend(snapshot.projects_below(&ids, true)?.into_iter().map(|project| project.id));
    }
    let found = snapshot.projects_called(container::BASENAME, &ids, root)?;
    Ok(found.into_iter().map(|project| project.id).collect())
}

/// Tags of the tenant's reports, sorted.
pub fn tags(ctx: &Ctx<'_>) -> Result<Vec<Value>> {
    let reports = Json::from_iter([("type".to_owned(), json!([KIND]))]);
    let mut options = ctx.query_options(Public::Never);
    options.show_hidden = true;
    ctx.read(|snapshot| snapshot.distinct(&TASK, "tags", &reports, &options))
}
