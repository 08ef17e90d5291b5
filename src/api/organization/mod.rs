//! `organization.*` (spec/projects.md 4).

mod download;
#[cfg(test)]
mod tests;
mod usages;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    typed::yes,
};
use crate::{
    domain::{
        Ctx,
        organization::{self, CountRequest, KINDS},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("organization.download_for_get_all", Input::Typed, download::fetch).download(),
    Endpoint::new("organization.get_entities_count", Input::Typed, get_entities_count),
    Endpoint::new("organization.get_project_usages", Input::Typed, usages::get_project_usages),
    Endpoint::new("organization.get_tags", Input::Typed, get_tags),
    Endpoint::new("organization.get_user_companies", Input::Typed, get_user_companies),
    Endpoint::new("organization.prepare_download_for_get_all", Input::Typed, download::prepare),
];

#[derive(Deserialize)]
struct TagsAsked {
    #[serde(default)]
    include_system: bool,
    #[serde(default)]
    filter: Json,
}

/// `organization.get_tags`: tags of tasks and models.
fn get_tags(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TagsAsked = request.decode()?;
    let (tags, system_tags) = organization::tags(ctx, &asked.filter)?;
    Reply::data(&match asked.include_system {
        true => json!({"tags": tags, "system_tags": system_tags}),
        false => json!({"tags": tags}),
    })
}

/// `organization.get_user_companies`: the caller's tenant and its people.
fn get_user_companies(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let company = organization::companies(ctx)?;
    let owners: Vec<Value> = company
        .owners
        .iter()
        .map(|owner| json!({"id": owner.id, "name": owner.name, "avatar": owner.avatar}))
        .collect();
    Reply::data(&json!({"companies": [
        {"id": company.id, "name": company.name, "allocated": owners.len(), "owners": owners},
    ]}))
}

#[derive(Deserialize)]
struct CountAsked {
    #[serde(default)]
    search_hidden: bool,
    #[serde(default = "yes")]
    allow_public: bool,
    #[serde(default)]
    active_users: Vec<String>,
    limit: Option<i64>,
    #[serde(flatten)]
    others: Json,
}

/// `organization.get_entities_count`: only the kinds that the request names are counted and answered. A limit of 0 is
/// none.
fn get_entities_count(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let mut asked: CountAsked = request.decode()?;
    let limit = u64::try_from(asked.limit.unwrap_or_default()).map_err(|_| {
        ApiError::new(ErrorKind::ValidationError, "limit must not be negative").with("field", "limit")
    })?;
    let queries = KINDS.iter().filter_map(|kind| match asked.others.remove(kind.key) {
        Some(Value::Object(query)) => Some((kind, query)),
        _ => None,
    });
    let counts = organization::count(
        ctx,
        &CountRequest {
            queries: queries.collect(),
            search_hidden: asked.search_hidden,
            allow_public: asked.allow_public,
            active_users: asked.active_users,
            limit: (limit > 0).then_some(limit),
        },
    )?;
    let (mut data, mut errors) = (Map::new(), Map::new());
    for (key, counted) in counts {
        match counted {
            Ok(number) => data.insert(key.to_owned(), number.into()),
            Err(error) => errors.insert(key.to_owned(), error.to_string().into()),
        };
    }
    if !errors.is_empty() {
        data.insert("errors".to_owned(), Value::Object(errors));
    }
    Reply::data(&data)
}
