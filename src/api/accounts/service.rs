//! Service accounts and whose a key is (spec/governance.md 5).

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::{
    api::{
        auth::ShownCredential,
        endpoint::{Reply, Request},
        typed,
    },
    domain::{
        Ctx,
        client_config::ClientConfig,
        identity::{self, ServiceAccount, ServiceChange, ServiceRules},
    },
    types::{Millis, Result},
};

#[derive(Deserialize)]
struct Create {
    name: String,
    #[serde(default)]
    allow_running_as_owner: bool,
    credentials_expiration_sec: Option<i64>,
    label: Option<String>,
    accept_tasks_from: Option<Vec<String>>,
    impersonate_groups: Option<Vec<String>>,
}

/// `auth.create_service_user`: the only time that the secret is shown, alone and in a block ready to copy.
pub(super) fn create(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Create = request.decode()?;
    let rules = ServiceRules {
        allow_running_as_owner: asked.allow_running_as_owner,
        accept_tasks_from: asked.accept_tasks_from,
        impersonate_groups: asked.impersonate_groups,
    };
    let made = identity::create_service_account(
        ctx,
        &asked.name,
        &rules,
        asked.label.as_deref(),
        asked.credentials_expiration_sec,
    )?;
    let config = ClientConfig {
        urls: &ctx.app.urls,
        access_key: &made.credential.access_key,
        secret_key: &made.credential.secret_key,
        ca_bundle: ctx.app.ca_bundle.as_deref(),
    };
    Reply::data(&json!({
        "id": made.user,
        "credentials": ShownCredential::issued(&made.credential),
        "config": config.to_string(),
        "recommendations": rules.recommendation().into_iter().collect::<Vec<_>>(),
    }))
}

/// `users.get_service_users`.
pub(super) fn list(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let accounts = identity::service_accounts(ctx)?;
    let (allow_admins, most) = identity::service_limits(ctx)?;
    let policy = &ctx.app.settings.apiserver.auth.credentials;
    let rotate_after = policy.rotate_after_sec.signed();
    let users: Vec<Value> =
        accounts.iter().map(|account| shown(account, ctx.call.received, rotate_after)).collect();
    Reply::data(&json!({
        "users": users,
        "allow_admins": allow_admins,
        "allowed_service_users": most,
        "default_expiration_sec": policy.default_expiration_sec.get(),
        "max_expiration_sec": policy.default_expiration_sec.get(),
    }))
}

fn shown(found: &ServiceAccount, now: Millis, rotate_after: i64) -> Value {
    let account = &found.account;
    let details: Vec<Value> = found
        .credentials
        .iter()
        .map(|credential| {
            let flags = identity::credential_flags(credential, now, rotate_after);
            let mut shown = json!(ShownCredential::stored(credential));
            shown["flags"] =
                flags.into_iter().map(identity::CredentialFlag::as_str).collect::<Vec<_>>().into();
            shown
        })
        .collect();
    json!({
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "created": account.created.to_wire(),
        "disabled": account.disabled,
        "allow_running_as_owner": account.allow_running_as_owner,
        "accept_tasks_from": account.accept_tasks_from,
        "impersonate_groups": account.impersonate_groups,
        "credentials": found.credentials.len(),
        "credential_details": details,
        "last_active_time": found.last_active.map(|at| at.to_wire()),
    })
}

/// Tells a null, which lifts a limit, from an absent field.
fn nullable<'de, D: Deserializer<'de>>(
    value: D,
) -> std::result::Result<Option<Option<Vec<String>>>, D::Error> {
    Option::<Vec<String>>::deserialize(value).map(Some)
}

#[derive(Deserialize)]
struct Update {
    user: String,
    name: Option<String>,
    allow_running_as_owner: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    accept_tasks_from: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "nullable")]
    impersonate_groups: Option<Option<Vec<String>>>,
}

/// `users.update_service_user`.
pub(super) fn update(ctx: &Ctx<'_>, mut request: Request) -> Result<Reply> {
    request.body = typed::keeping_nulls("users.update_service_user", request.body)?;
    let asked: Update = request.decode()?;
    let change = ServiceChange {
        name: asked.name,
        allow_running_as_owner: asked.allow_running_as_owner,
        accept_tasks_from: asked.accept_tasks_from,
        impersonate_groups: asked.impersonate_groups,
    };
    let changed = identity::update_service_account(ctx, &asked.user, &change)?;
    Reply::data(&json!({"updated": i32::from(changed)}))
}

#[derive(Deserialize)]
struct Locate {
    access_key: String,
}

/// `auth.locate_credentials`: whose key of the tenant this is.
pub(super) fn locate_credentials(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Locate = request.decode()?;
    let found = identity::locate_credential(ctx, &asked.access_key)?;
    let credential = &found.credential;
    Reply::data(&json!({
        "user": credential.user,
        "name": found.name,
        "label": credential.label,
        "last_used": credential.last_used.map(|at| at.to_wire()),
        "last_used_from": credential.last_used_from,
        "expire": credential.expire.map(|at| at.to_wire()),
    }))
}
