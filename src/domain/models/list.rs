//! Reading models (spec/models.md 2).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::access::unknown;
use crate::{
    domain::Ctx,
    store::{
        documents::{Access, Found, Public},
        query::{MODEL, truthy},
    },
    types::{Json, Result},
};

/// One model with plain references.
///
/// Errors: 400/201.
pub fn by_id(ctx: &Ctx<'_>, id: &str) -> Result<Json> {
    ctx.read(|snapshot| snapshot.by_id(&MODEL, id, Access::Read, ctx.call.version))?
        .ok_or_else(|| unknown(ctx, id))
}

/// Models with plain references, the tenant's own and public ones.
///
/// Errors: 400 as the query language names them.
pub fn list(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| ctx.list(snapshot, &MODEL, request, false))
}

/// Models with references as objects; with `include_stats` in the request, the number of labels of each.
///
/// Errors: 400 as the query language names them.
pub fn list_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| {
        let mut found = ctx.list(snapshot, &MODEL, request, true)?;
        if truthy(request.get("include_stats")) {
            let ids: Vec<&str> =
                found.documents.iter().filter_map(|model| model.get("id")?.as_str()).collect();
            let counts: HashMap<String, i64> = snapshot.label_counts(&ids)?.into_iter().collect();
            for model in &mut found.documents {
                let id = model.get("id").and_then(Value::as_str).unwrap_or_default();
                let count = counts.get(id).copied().unwrap_or_default();
                model.insert("stats".to_owned(), json!({"labels_count": count}));
            }
        }
        Ok(found)
    })
}

/// Frameworks of the tenant's and public models, sorted; of projects and what is below them, if given.
pub fn frameworks(ctx: &Ctx<'_>, projects: &[String]) -> Result<Vec<Value>> {
    let mut request = Json::new();
    if !projects.is_empty() {
        request.insert("project".to_owned(), json!(projects));
        request.insert("include_subprojects".to_owned(), true.into());
    }
    let options = ctx.query_options(Public::Always);
    let mut found = ctx.read(|snapshot| snapshot.distinct(&MODEL, "framework", &request, &options))?;
    found.retain(|framework| framework.as_str().is_some_and(|framework| !framework.is_empty()));
    Ok(found)
}
