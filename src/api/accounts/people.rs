//! Roles, passwords, and people who leave.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{
        endpoint::{Reply, Request},
        typed::yes,
    },
    domain::{Ctx, identity},
    types::Result,
};

#[derive(Deserialize)]
struct AddUser {
    name: String,
    email: String,
    company: Option<String>,
    secret_key: Option<String>,
}

/// `auth.add_user`: a person with a password; the only time that it is shown.
pub(super) fn add_user(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: AddUser = request.decode()?;
    let secret = asked.secret_key.as_deref();
    let made = identity::add_user(ctx, &asked.name, &asked.email, asked.company.as_deref(), secret)?;
    Reply::data(&json!({"id": made.user, "secret": made.secret.expose()}))
}

#[derive(Deserialize)]
struct SetCredentials {
    user: String,
    secret_key: Option<String>,
}

/// `auth.set_credentials`: another password for a person of the tenant.
pub(super) fn set_credentials(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SetCredentials = request.decode()?;
    let set = identity::set_password_of(ctx, &asked.user, asked.secret_key.as_deref())?;
    Reply::data(&json!({"id": set.user, "secret": set.secret.expose()}))
}

#[derive(Deserialize)]
struct UserOnly {
    user: String,
}

/// `auth.delete_user`: somebody leaves.
pub(super) fn delete_user(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: UserOnly = request.decode()?;
    identity::delete_user(ctx, &asked.user)?;
    Reply::data(&json!({"deleted": true}))
}

/// `users.readmit`: lets somebody who was removed sign in again.
pub(super) fn readmit(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: UserOnly = request.decode()?;
    identity::readmit(ctx, &asked.user)?;
    Reply::data(&json!({"updated": 1}))
}

fn updated(changed: bool) -> Result<Reply> {
    Reply::data(&json!({"updated": i32::from(changed)}))
}

#[derive(Deserialize)]
struct SetDisabled {
    user: String,
    disabled: bool,
}

/// `users.set_disabled`: shuts somebody out, or lets them in again.
pub(super) fn set_disabled(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SetDisabled = request.decode()?;
    updated(identity::set_disabled(ctx, &asked.user, asked.disabled)?)
}

#[derive(Deserialize)]
struct SetRole {
    user: String,
    role: String,
}

/// `users.set_role`: a role among those of `users.get_role_options`.
pub(super) fn set_role(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SetRole = request.decode()?;
    updated(identity::set_role(ctx, &asked.user, &asked.role)?)
}

#[derive(Deserialize)]
struct SetAdmin {
    user: String,
    #[serde(default = "yes")]
    admin: bool,
}

/// `users.set_admin`: administrator or plain user; of clients from before `users.set_role`.
pub(super) fn set_admin(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SetAdmin = request.decode()?;
    updated(identity::set_admin(ctx, &asked.user, asked.admin)?)
}

/// `users.get_role_options`: roles that people can have.
pub(super) fn role_options(_: &Ctx<'_>, _: Request) -> Result<Reply> {
    let roles: Vec<Value> = identity::ROLE_OPTIONS
        .iter()
        .map(|(role, name)| json!({"role": role.as_str(), "display_name": name}))
        .collect();
    Reply::data(&json!({"roles": roles}))
}
