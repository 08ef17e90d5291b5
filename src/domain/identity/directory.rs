//! Lists of people (spec/protocol.md 4, spec/governance.md 2.1).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::roles::is_configured;
use crate::{
    domain::{CallerKind, Ctx},
    store::{
        Snapshot,
        documents::Public,
        identity::Account,
        query::{MODEL, TASK, USER},
    },
    types::{ApiError, ErrorKind, Json, Result, UserId},
};

/// What administrators see of somebody beyond the profile.
#[derive(Clone, Debug)]
pub struct ManagedPerson {
    /// The account.
    pub account: Account,
    /// Role in the tenant.
    pub role: String,
    /// Groups in the tenant, as (id, name).
    pub groups: Vec<(String, String)>,
    /// Changed by configuration or the platform only.
    pub read_only: bool,
}

/// Whether `include_auth` counts: silently not for those who may not manage people (spec/governance.md 2.1).
fn sees_accounts(ctx: &Ctx<'_>) -> bool {
    let caller = &ctx.caller;
    caller.role.is_system() || (caller.role.administers() && caller.features.contains("user_management"))
}

/// People of the tenant that match a request. `expanded`: references are objects, and `active_in_projects` narrows
/// the list to who made a project, task or model there or below; an empty list means anywhere. Service accounts, and
/// identities made by the platform's operator, are found by id only. With `include_auth`, administrators see accounts;
/// who has none any more is left out then.
///
/// Errors: 400 as the query language names them; 400/12 `active_in_projects` is no list of ids.
pub fn people(ctx: &Ctx<'_>, request: &Json, expanded: bool) -> Result<Vec<Json>> {
    let mut request = request.clone();
    let mut flag = |key: &str| request.remove(key).is_some_and(|value| is_true(&value));
    let (auth, activity) = (flag("include_auth"), flag("include_activity"));
    let auth = auth && sees_accounts(ctx);
    let wanted = request.remove("active_in_projects").filter(|wanted| expanded && !wanted.is_null());
    let by_id = request.get("id").is_some_and(|ids| !ids.is_null() && *ids != json!([]));
    ctx.read(|snapshot| {
        let mut options = ctx.query_options(Public::Never);
        if let Some(wanted) = &wanted {
            options.only = Some(active_in(ctx, snapshot, wanted)?);
        }
        let members = snapshot.members(&ctx.caller.tenant)?;
        if !by_id {
            let unlisted: BTreeSet<&UserId> = members
                .iter()
                .filter(|(account, _)| !is_listed(ctx, account))
                .map(|(account, _)| &account.id)
                .collect();
            if !unlisted.is_empty() || auth {
                let known = match options.only.take() {
                    Some(only) => only,
                    None => snapshot.profile_ids(&ctx.caller.tenant)?,
                };
                let listed = |id: &String| {
                    let id = UserId::from(id.as_str());
                    !unlisted.contains(&id) && (!auth || members.iter().any(|(account, _)| account.id == id))
                };
                options.only = Some(known.into_iter().filter(listed).collect());
            }
        }
        let mut found = ctx.list_with(snapshot, &USER, &request, expanded, options)?.documents;
        if auth {
            let managed: BTreeMap<String, ManagedPerson> = managed(ctx, snapshot, members)?
                .into_iter()
                .map(|person| (person.account.id.to_string(), person))
                .collect();
            for document in &mut found {
                let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
                if let Some(person) = managed.get(id) {
                    document.extend(account_fields(person, activity));
                }
            }
        }
        Ok(found)
    })
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Service accounts are in a list of their own; who the platform's operator made is shown to such identities only.
fn is_listed(ctx: &Ctx<'_>, account: &Account) -> bool {
    let made_by_platform = account.internal && !account.autocreated;
    !account.is_service
        && (!made_by_platform || ctx.caller.kind == CallerKind::System || account.id == ctx.caller.user)
}

fn managed(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    members: Vec<(Account, String)>,
) -> Result<Vec<ManagedPerson>> {
    members
        .into_iter()
        .map(|(account, role)| {
            let groups = snapshot.groups_of(&account.id, &ctx.caller.tenant)?;
            let read_only = account.autocreated
                || (account.internal && !ctx.caller.role.is_system())
                || is_configured(&ctx.app.settings, &account);
            let groups = groups.into_iter().map(|group| (group.id, group.name)).collect();
            Ok(ManagedPerson { account, role, groups, read_only })
        })
        .collect()
}

/// The people of the tenant with their accounts, by age.
pub fn managed_people(ctx: &Ctx<'_>) -> Result<Vec<ManagedPerson>> {
    ctx.read(|snapshot| {
        let mut members = snapshot.members(&ctx.caller.tenant)?;
        members.retain(|(account, _)| is_listed(ctx, account) && !is_configured(&ctx.app.settings, account));
        managed(ctx, snapshot, members)
    })
}

/// One of [`managed_people`].
///
/// Errors: 400/301.
pub fn managed_person(ctx: &Ctx<'_>, user: &str) -> Result<ManagedPerson> {
    let mut people = managed_people(ctx)?.into_iter();
    people
        .find(|person| person.account.id.as_str() == user)
        .ok_or_else(|| ApiError::new(ErrorKind::InvalidUserId, "").with("user", user))
}

fn account_fields(person: &ManagedPerson, activity: bool) -> Json {
    let ManagedPerson { account, role, groups, read_only } = person;
    let groups: Vec<Value> = groups.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
    let mut fields = Json::new();
    let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    put("email", account.email.clone().into());
    put("created", account.created.to_wire().into());
    put("role", role.as_str().into());
    put("providers", account.external_ids.keys().cloned().collect::<Vec<_>>().into());
    put("sec_groups", groups.into());
    put("read_only", (*read_only).into());
    put("disabled", account.disabled.into());
    if activity {
        let used = &account.activity;
        put(
            "activity",
            json!({
                "last_credentials_login": used.credentials_login.map(|at| at.to_wire()),
                "last_provider": used.provider,
                "last_provider_name": used.provider,
                "last_provider_login": used.provider_login.map(|at| at.to_wire()),
                "last_ui_access": used.ui_access.map(|at| at.to_wire()),
            }),
        );
    }
    fields
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
