//! `users.*_vault*`: configuration vaults and their log (spec/governance.md 3).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    typed,
};
use crate::{
    domain::{
        Ctx,
        identity::Presented,
        vaults::{self, Change, Format, Kind, LogAsked, LogWanted, Shown, Wanted},
    },
    store::vaults::VaultScope,
    types::{ApiError, ErrorKind, Millis, Result},
};

#[cfg(test)]
mod tests;

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("users.add_or_update_vault", Input::Typed, add_or_update_vault).requires(&["vault"]),
    Endpoint::new("users.delete_vaults", Input::Typed, delete_vaults).requires(&["vaults"]),
    Endpoint::new("users.get_organization_vaults", Input::Typed, get_organization_vaults),
    Endpoint::new("users.get_vault_operations_log", Input::Raw, get_vault_operations_log),
    Endpoint::new("users.get_vault_operations_log_filters", Input::Typed, get_vault_operations_log_filters),
    Endpoint::new("users.get_vaults", Input::Typed, get_vaults),
];

/// One value or a list: clients double a query parameter to make it a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn list(self) -> Vec<String> {
        match self {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

#[derive(Deserialize)]
struct GetVaults {
    #[serde(default)]
    enabled: bool,
    types: Option<OneOrMany>,
    #[serde(default)]
    preview_data: bool,
}

fn wanted(ctx: &Ctx<'_>, request: Request) -> Result<Wanted> {
    let cookie = matches!(request.presented, Presented::Cookie(_) | Presented::Page(_));
    let claimed = ctx.call.client.as_deref().is_some_and(|client| client.starts_with("Webapp-"));
    let asked: GetVaults = request.decode()?;
    Ok(Wanted {
        load: asked.enabled,
        kinds: asked.types.map(OneOrMany::list),
        preview: asked.preview_data,
        browser: cookie || claimed || ctx.call.browser,
    })
}

fn shown(shown: &Shown) -> Value {
    let vault = &shown.vault;
    let mut document = json!({
        "id": vault.id, "scope": vault.scope.as_str(), "type": vault.kind, "format": shown.format.as_str(),
        "description": vault.description, "enabled": vault.enabled, "data": shown.data,
        "last_update": vault.last_update.to_wire(), "editable": shown.editable,
    });
    if let Some(document) = document.as_object_mut() {
        let optional = [
            ("user", vault.user.as_ref().map(|user| user.as_str())),
            ("group", vault.group.as_deref()),
            ("group_name", vault.group_name.as_deref()),
        ];
        document
            .extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))));
    }
    document
}

fn all(vaults: &[Shown]) -> Result<Reply> {
    Reply::data(&json!({"vaults": vaults.iter().map(shown).collect::<Vec<_>>()}))
}

/// `users.get_vaults`: what clients load, or what the caller may manage.
fn get_vaults(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    all(&vaults::for_caller(ctx, &wanted(ctx, request)?)?)
}

/// `users.get_organization_vaults`: all of administrators.
fn get_organization_vaults(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    all(&vaults::of_organization(ctx, &wanted(ctx, request)?)?)
}

#[derive(Deserialize)]
struct AddOrUpdate {
    vault: SentVault,
    group: Option<String>,
    user: Option<String>,
}

#[derive(Deserialize)]
struct SentVault {
    id: Option<String>,
    scope: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    format: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    data: Option<String>,
}

fn one_of<T>(
    field: &str,
    value: Option<&str>,
    named: fn(&str) -> Option<T>,
    names: &str,
) -> Result<Option<T>> {
    value
        .map(|text| {
            named(text).ok_or_else(|| {
                ApiError::new(ErrorKind::ValidationError, format!("vault.{field} must be one of {names}"))
            })
        })
        .transpose()
}

/// `users.add_or_update_vault`.
fn add_or_update_vault(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let AddOrUpdate { vault, group, user } = request.decode()?;
    let kinds = Kind::ALL.map(Kind::as_str).join(", ");
    let change = Change {
        id: vault.id.filter(|id| !id.is_empty()),
        scope: one_of("scope", vault.scope.as_deref(), VaultScope::named, "user, group, organization")?,
        kind: one_of("type", vault.kind.as_deref(), Kind::named, &kinds)?,
        format: one_of("format", vault.format.as_deref(), Format::named, "hocon, json, yaml")?,
        description: vault.description,
        enabled: vault.enabled,
        data: vault.data,
        group: group.filter(|group| !group.is_empty()),
        user: user.filter(|user| !user.is_empty()),
        based_on: None,
    };
    Reply::data(&json!({"vault": vaults::add_or_update(ctx, &change)?}))
}

#[derive(Deserialize)]
struct Delete {
    vaults: Vec<String>,
}

/// `users.delete_vaults`.
fn delete_vaults(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    Reply::data(&json!({"deleted": vaults::delete(ctx, &asked.vaults)?}))
}

#[derive(Deserialize)]
struct GetLog {
    #[serde(default)]
    vaults: Vec<String>,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    operations: Vec<String>,
    #[serde(default)]
    scope: Vec<String>,
    from_timestamp: Option<String>,
    to_timestamp: Option<String>,
    order: Option<String>,
    #[serde(default)]
    page: usize,
    #[serde(default)]
    page_size: usize,
    group: Option<Collapse>,
}

#[derive(Deserialize)]
struct Collapse {
    #[serde(default)]
    index: i64,
    order: Option<String>,
}

fn moment(field: &str, text: Option<&str>) -> Result<Option<Millis>> {
    let unreadable = || {
        let text = format!("{field} must be a time such as 2026-11-25T10:00:00Z");
        ApiError::new(ErrorKind::ValidationError, text)
    };
    text.map(|text| Millis::parse_lenient(text).ok_or_else(unreadable)).transpose()
}

/// `users.get_vault_operations_log`. A null `group` switches collapsing off, which is not the same as none sent.
fn get_vault_operations_log(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    let as_is = request.body.get("group").is_some_and(Value::is_null);
    request.body = typed::checked("users.get_vault_operations_log", request.body)?;
    let asked: GetLog = request.decode()?;
    let collapse_to_last = asked.group.map_or(Some(false), |group| {
        // The first of a run in descending order is its last.
        let descending = group.order.as_deref() == Some("desc");
        Some((group.index < 0) != descending)
    });
    let entries = vaults::log(
        ctx,
        &LogAsked {
            wanted: LogWanted {
                vaults: asked.vaults,
                users: asked.users,
                operations: asked.operations,
                scopes: asked.scope,
                from: moment("from_timestamp", asked.from_timestamp.as_deref())?,
                to: moment("to_timestamp", asked.to_timestamp.as_deref())?,
            },
            ascending: asked.order.as_deref() == Some("asc"),
            page: asked.page,
            page_size: asked.page_size,
            collapse_to_last: collapse_to_last.filter(|_| !as_is),
        },
    )?;
    let operations: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "operation": entry.operation, "created": entry.created.to_wire(), "scope": entry.scope,
                "user": {"id": entry.user, "name": entry.user_name}, "vault_description": entry.description,
                "ip": entry.ip, "originator": entry.originator, "originator_version": entry.originator_version,
                "reason": entry.reason,
            })
        })
        .collect();
    Reply::data(&json!({"operations": operations}))
}

/// `users.get_vault_operations_log_filters`.
fn get_vault_operations_log_filters(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let filters = vaults::log_filters(ctx)?;
    let named = |list: &[(String, String)], name: &str| -> Vec<Value> {
        list.iter().map(|(id, text)| json!({"id": id, name: text})).collect()
    };
    Reply::data(&json!({
        "operations": filters.operations,
        "users": named(&filters.users, "name"),
        "vaults": named(&filters.vaults, "description"),
    }))
}
