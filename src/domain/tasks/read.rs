//! Reading tasks (protocol: spec/tasks.md 6.10, 10).

use serde_json::{Value, json};

use crate::{
    domain::Ctx,
    store::{
        documents::{Access, FindOptions, Found, Public, QueryOptions},
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
    let query = QueryOptions { version: ctx.call.version, ..QueryOptions::default() };
    find(ctx, request, query, false)
}

/// `tasks.get_all_ex`: references as objects, joined where asked for.
///
/// Errors: 400 as the query language names them.
pub fn all_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    let query = QueryOptions { version: ctx.call.version, public: Public::ByRequest, ..QueryOptions::default() };
    find(ctx, request, query, true)
}

/// `tasks.get_by_id_ex`: as [`all_expanded`], hidden ones too.
///
/// Errors: 400 as the query language names them.
pub fn by_id_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Vec<Json>> {
    let mut request = request.clone();
    for not_here in ["include_subprojects", "allow_public", "scroll_id", "refresh_scroll"] {
        request.remove(not_here);
    }
    let query = QueryOptions { version: ctx.call.version, show_hidden: true, ..QueryOptions::default() };
    find(ctx, &request, query, true).map(|found| found.documents)
}

fn find(ctx: &Ctx<'_>, request: &Json, query: QueryOptions, expanded: bool) -> Result<Found> {
    let scrolls = Some((&ctx.app.scrolls, ctx.caller.user.as_str()));
    ctx.read(|snapshot| snapshot.find(&TASK, request, &FindOptions { query, expanded, projection: None, scrolls }))
}

/// `tasks.get_types`: types in use, sorted; in these projects and below them, or anywhere.
pub fn types(ctx: &Ctx<'_>, projects: &[String]) -> Result<Vec<Value>> {
    let request = match projects {
        [] => Json::new(),
        projects => {
            let request = json!({"project": projects, "include_subprojects": true});
            request.as_object().cloned().unwrap_or_default()
        }
    };
    let query = QueryOptions { show_hidden: true, ..QueryOptions::default() };
    ctx.read(|snapshot| snapshot.distinct(&TASK, "type", &request, &query))
}
