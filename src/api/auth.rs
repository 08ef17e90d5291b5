//! `auth.*`: tokens, credentials, accounts (spec/protocol.md 3.5, spec/governance.md 2 and 5.3).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::endpoint::{CookieEffect, Endpoint, Input, Reply, Request};
use crate::{
    domain::{
        Ctx,
        identity::{self, CreateUser, IssuedCredential, TokenRequest},
    },
    store::identity::Credential,
    types::{ApiError, CompanyId, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("auth.login", Input::Typed, login),
    Endpoint::new("auth.logout", Input::Typed, logout).since(2, 2),
    Endpoint::new("auth.get_token_for_user", Input::Typed, get_token_for_user),
    Endpoint::new("auth.validate_token", Input::Typed, validate_token),
    Endpoint::new("auth.create_user", Input::Typed, create_user),
    Endpoint::new("auth.edit_user", Input::Typed, edit_user),
    Endpoint::new("auth.create_credentials", Input::Typed, create_credentials),
    Endpoint::new("auth.get_credentials", Input::Typed, get_credentials),
    Endpoint::new("auth.edit_credentials", Input::Typed, edit_credentials),
    Endpoint::new("auth.revoke_credentials", Input::Typed, revoke_credentials),
    Endpoint::new("auth.fixed_users_mode", Input::Typed, fixed_users_mode),
];

#[derive(Deserialize)]
struct Login {
    expiration_sec: Option<i64>,
    set_cookie: Option<bool>,
}

/// `auth.login`: a token for whoever presents credentials or a living token.
fn login(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Login = request.decode()?;
    let issued = identity::login(ctx, TokenRequest { expiration_sec: asked.expiration_sec })?;
    let cookie = issued.cookie && asked.set_cookie != Some(false);
    let effect = cookie.then(|| CookieEffect::Set(issued.token.clone()));
    Ok(Reply::data(&json!({"token": issued.token}))?.with_cookie(effect))
}

/// `auth.logout`: ends the token's session.
fn logout(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    identity::logout(ctx)?;
    Ok(Reply::empty().with_cookie(Some(CookieEffect::Delete)))
}

#[derive(Deserialize)]
struct TokenForUser {
    user: String,
    company: Option<String>,
    expiration_sec: Option<i64>,
}

/// `auth.get_token_for_user`: for identities of the platform.
fn get_token_for_user(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TokenForUser = request.decode()?;
    let wanted = TokenRequest { expiration_sec: asked.expiration_sec };
    let token = identity::token_for_user(ctx, &asked.user, asked.company.as_deref(), wanted)?;
    Reply::data(&json!({"token": token}))
}

#[derive(Deserialize)]
struct ValidateToken {
    token: String,
}

/// `auth.validate_token`: whether a token works; a bad one is a valid question.
fn validate_token(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ValidateToken = request.decode()?;
    let checked = identity::check_token(ctx.app, ctx, &asked.token)?;
    let mut data = Map::new();
    data.insert("valid".into(), checked.valid.into());
    if let Some(claims) = checked.claims {
        data.insert("user".into(), claims.identity.user.into());
        data.insert("company".into(), claims.identity.company.into());
        data.insert("tenant".into(), claims.tenant.into());
        data.insert("tenants".into(), claims.tenants.into());
    }
    if let Some(role) = checked.role {
        data.insert("role".into(), role.as_str().into());
    }
    if let Some(msg) = checked.msg {
        data.insert("msg".into(), msg.into());
    }
    Reply::data(&Value::Object(data))
}

#[derive(Deserialize)]
struct NewUser {
    name: String,
    company: String,
    email: String,
    role: Option<String>,
    #[serde(default)]
    internal: bool,
    given_name: Option<String>,
    family_name: Option<String>,
    avatar: Option<String>,
}

/// `auth.create_user`: account and profile.
fn create_user(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let new: NewUser = request.decode()?;
    let id = identity::create_user(
        ctx,
        &CreateUser {
            name: new.name,
            company: CompanyId::from(new.company),
            email: new.email,
            role: new.role,
            internal: new.internal,
            given_name: new.given_name,
            family_name: new.family_name,
            avatar: new.avatar,
        },
    )?;
    Reply::data(&json!({"id": id.as_str()}))
}

#[derive(Deserialize)]
struct EditUser {
    user: String,
    role: Option<String>,
}

/// `auth.edit_user`: changes a role; `updated` counts real changes.
fn edit_user(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: EditUser = request.decode()?;
    let role = asked
        .role
        .ok_or_else(|| ApiError::from(ErrorKind::MissingRequiredFields).with("fields", vec!["role"]))?;
    let changed = identity::edit_role(ctx, &asked.user, &role)?;
    let fields = if changed { json!({"role": role}) } else { json!({}) };
    Reply::data(&json!({"updated": i32::from(changed), "fields": fields}))
}

#[derive(Deserialize)]
struct CreateCredentials {
    label: Option<String>,
    expiration_sec: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct ShownCredential<'a> {
    access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire: Option<String>,
}

impl<'a> ShownCredential<'a> {
    /// A fresh pair, with its secret.
    pub(super) fn issued(issued: &'a IssuedCredential) -> Self {
        ShownCredential {
            access_key: &issued.access_key,
            secret_key: Some(issued.secret_key.expose()),
            label: issued.label.as_deref(),
            created: None,
            last_used: None,
            last_used_from: None,
            expire: issued.expire.map(|at| at.to_wire()),
        }
    }

    /// A stored pair; its secret is nowhere.
    pub(super) fn stored(credential: &'a Credential) -> Self {
        ShownCredential {
            access_key: &credential.access_key,
            secret_key: None,
            label: credential.label.as_deref(),
            created: Some(credential.created.to_wire()),
            last_used: credential.last_used.map(|at| at.to_wire()),
            last_used_from: credential.last_used_from.as_deref(),
            expire: credential.expire.map(|at| at.to_wire()),
        }
    }
}

/// `auth.create_credentials`: the only time the secret is shown.
fn create_credentials(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: CreateCredentials = request.decode()?;
    let issued = identity::create_credential(ctx, asked.label.as_deref(), asked.expiration_sec)?;
    let shown = ShownCredential::issued(&issued);
    Reply::data(&json!({"credentials": shown}))
}

/// `auth.get_credentials`: the caller's pairs, never secrets.
fn get_credentials(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let stored = identity::credentials(ctx)?;
    let elsewhere = identity::credentials_elsewhere(ctx)?;
    let shown: Vec<ShownCredential<'_>> = stored.iter().map(ShownCredential::stored).collect();
    let additional: Map<String, Value> = elsewhere
        .iter()
        .map(|(company, stored)| {
            let shown: Vec<ShownCredential<'_>> = stored.iter().map(ShownCredential::stored).collect();
            (company.to_string(), json!(shown))
        })
        .collect();
    let policy = &ctx.app.settings.apiserver.auth.credentials;
    Reply::data(&json!({
        "credentials": shown,
        "additional_credentials": additional,
        "default_expiration_sec": policy.default_expiration_sec.get(),
        "max_expiration_sec": policy.default_expiration_sec.get(),
        "max_credentials": policy.max_credentials,
    }))
}

#[derive(Deserialize)]
struct EditCredentials {
    access_key: String,
    label: Option<String>,
}

/// `auth.edit_credentials`: sets or clears the label.
fn edit_credentials(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: EditCredentials = request.decode()?;
    identity::label_credential(ctx, &asked.access_key, asked.label.as_deref())?;
    Reply::data(&json!({"updated": 1}))
}

#[derive(Deserialize)]
struct RevokeCredentials {
    access_key: String,
}

/// `auth.revoke_credentials`: the pair and everything obtained with it stop working at once.
fn revoke_credentials(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: RevokeCredentials = request.decode()?;
    identity::revoke_credential(ctx, &asked.access_key)?;
    Reply::data(&json!({"revoked": 1}))
}

/// `auth.fixed_users_mode`: whether names and passwords sign in.
fn fixed_users_mode(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let (enabled, guest) = identity::modes(ctx.app);
    Reply::data(&json!({"enabled": enabled, "guest": guest, "server_errors": {}}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        api::front_door::FrontDoor,
        domain::Role,
        store::identity::{ADMINS, USERS},
    };

    #[test]
    fn roles_are_changed_by_administrators_and_for_others_only() {
        let front = FrontDoor::open();
        for group in [USERS, ADMINS] {
            front.group(group);
        }
        front.member(USERS, "ann");
        front.member(USERS, "bob");
        let ann = front.ann();
        let change = |role: &str| json!({"user": "bob", "role": role});
        assert_eq!(ann.err("auth.edit_user", change("admin")), (403, 20));
        let admin = front.ann().role(Role::Admin);
        let role = || front.value::<String>("SELECT role FROM user_auth WHERE id = 'bob'", []).unwrap();
        assert_eq!(
            admin.ok("auth.edit_user", change("admin")),
            json!({"updated": 1, "fields": {"role": "admin"}})
        );
        assert_eq!(role(), "admin");
        assert_eq!(admin.ok("auth.edit_user", change("admin")), json!({"updated": 0, "fields": {}}));
        for role in ["root", "system", "king"] {
            assert!(admin.call("auth.edit_user", change(role)).is_err(), "{role}");
        }
        assert_eq!(role(), "admin");
        assert_eq!(admin.err("auth.edit_user", json!({"user": "ann", "role": "admin"})), (400, 16));
        assert_eq!(admin.err("auth.edit_user", json!({"user": "bob"})), (400, 11));
        let zoe = front.visitor("other", "zoe").role(Role::Admin);
        assert_eq!(
            zoe.err("auth.edit_user", change("user")),
            admin.err("auth.edit_user", json!({"user": "nobody", "role": "user"}))
        );
    }
}
