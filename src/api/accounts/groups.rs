//! `permissions.*`: groups and their members (spec/governance.md 4.2).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        identity::{self, GroupChange},
    },
    store::identity::Account,
    types::Result,
};

fn person(account: &Account) -> Value {
    json!({"id": account.id, "name": account.name, "email": account.email})
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    include_permissions: bool,
}

/// `permissions.get_user_groups`.
pub(super) fn list(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: List = request.decode()?;
    let groups: Vec<Value> = identity::user_groups(ctx, &asked.groups)?
        .iter()
        .map(|found| {
            let group = &found.group;
            let mut shown = json!({
                "id": group.id,
                "name": group.name,
                "description": group.description,
                "assignable": group.assignable,
                "system": group.system,
                "users": found.members.iter().map(person).collect::<Vec<_>>(),
            });
            if let (true, Value::Object(map)) = (asked.include_permissions, &mut shown) {
                map.insert("permissions".to_owned(), json!([]));
            }
            shown
        })
        .collect();
    Reply::data(&json!({"groups": groups}))
}

#[derive(Deserialize)]
struct Write {
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    users: Option<Vec<String>>,
}

/// `permissions.add_or_update_user_group`.
pub(super) fn write(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let Write { id, name, description, users } = request.decode()?;
    let group = identity::write_group(ctx, &GroupChange { id, name, description, users })?;
    Reply::data(&json!({
        "id": group.id, "name": group.name, "assignable": group.assignable, "system": group.system,
    }))
}

#[derive(Deserialize)]
struct Delete {
    groups: Vec<String>,
}

/// `permissions.delete_user_groups`.
pub(super) fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Delete = request.decode()?;
    Reply::data(&json!({"deleted": identity::delete_groups(ctx, &asked.groups)?}))
}

/// `permissions.get_company_users`.
pub(super) fn company_users(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let users: Vec<Value> = identity::company_users(ctx)?
        .iter()
        .map(|(account, role)| {
            json!({"id": account.id, "name": account.name, "email": account.email, "role": role})
        })
        .collect();
    Reply::data(&json!({"users": users}))
}
