//! Reading tasks (protocol: spec/tasks.md 6.10, 10).

use serde_json::Value;

use crate::{
    domain::Ctx,
    store::{
        documents::{Access, Found, Public, QueryOptions},
        query::TASK,
    },
    types::{Json, Result},
};

use super::access::unknown_task;

/// `tasks.get_by_id`: own or public, hidden ones too.
///
/// Errors: 400/101.
pub fn by_id(ctx: &Ctx<'_>, id: &str) -> Result<Json> {
    ctx.read(|snapshot| {
        snapshot.by_id(&TASK, id, Access::Read, ctx.call.version)?.ok_or_else(|| unknown_task(snapshot, id))
    })
}

/// `tasks.get_all`: plain references.
///
/// Errors: 400 as the query language names them.
pub fn all(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| ctx.list(snapshot, &TASK, request, false))
}

/// `tasks.get_all_ex`: references as objects, joined where asked for.
///
/// Errors: 400 as the query language names them.
pub fn all_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| ctx.list(snapshot, &TASK, request, true))
}

/// `tasks.get_by_id_ex`: as [`all_expanded`], hidden ones too.
///
/// Errors: 400 as the query language names them.
pub fn by_id_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Vec<Json>> {
    let mut request = request.clone();
    for not_here in ["include_subprojects", "allow_public", "scroll_id", "refresh_scroll"] {
        request.remove(not_here);
    }
    let query = QueryOptions { show_hidden: true, ..ctx.query_options(Public::Always) };
    ctx.read(|snapshot| Ok(ctx.list_with(snapshot, &TASK, &request, true, query)?.documents))
}

/// `tasks.get_types`: types in use, sorted; in these projects and below them, or anywhere.
pub fn types(ctx: &Ctx<'_>, projects: &[String]) -> Result<Vec<Value>> {
    let request = match projects {
        [] => Json::new(),
        projects => Json::from_iter([
            ("project".to_owned(), projects.into()),
            ("include_subprojects".to_owned(), true.into()),
        ]),
    };
    let query = QueryOptions { show_hidden: true, ..ctx.query_options(Public::Always) };
    ctx.read(|snapshot| snapshot.distinct(&TASK, "type", &request, &query))
}
