//! The person's own pages: profile, API keys, preferences.

use serde_json::{Value, json};

use super::{SESSION, page, perform, shell};
use crate::{
    crypto::Secret,
    domain::{Ctx, client_config::ClientConfig, identity},
    store::identity::Credential,
    types::{ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        render::{text::cut_middle, time::When},
        session::PREFERENCES,
        view::{
            confirm::{Confirm, Field},
            me::{KeyCreated, KeyRow, Keys, Preferences, Profile},
            shell::{Density, Notice, Theme, Tone},
        },
    },
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => profile(ctx, request, String::new(), 200),
        (false, []) => rename(ctx, request),
        (false, ["password"]) => change_password(ctx, request),
        (true, ["keys"]) => keys(ctx, request, String::new(), 200),
        (false, ["keys"]) => create_key(ctx, request),
        (true, ["keys", key, "revoke"]) => ask_to_revoke(ctx, request, key),
        (false, ["keys", key, "revoke"]) => revoke(ctx, request, key),
        (true, ["preferences"]) => page!(request, Preferences { shell: shell(ctx, request, "") }),
        (false, ["preferences"]) => save_preferences(ctx, request),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn profile(ctx: &Ctx<'_>, request: &PageRequest, error: String, status: u16) -> Result<PageReply> {
    let person = perform(ctx, "users.get_current_user", identity::current_user)?;
    let logins = ctx.read(|snapshot| snapshot.logins(&ctx.caller.user))?;
    let page = Profile {
        shell: shell(ctx, request, ""),
        name: person.profile.name,
        login: logins.first().cloned().unwrap_or_else(|| ctx.caller.user.to_string()),
        email: person.account.and_then(|account| account.email).unwrap_or_default(),
        role: ctx.caller.role.as_str().to_owned(),
        groups: person.groups.into_iter().map(|group| group.name).collect(),
        sign_in: match logins.is_empty() {
            true => "Set in the server's configuration".to_owned(),
            false => "Name and password of this server".to_owned(),
        },
        created: Some(When(person.profile.created.0)),
        may_rename: true,
        may_change_password: !logins.is_empty(),
        error,
    };
    match status {
        200 => page!(request, page),
        _ => PageReply::with_status(status, &page),
    }
}

/// A form sent twice acts once; the second answer is where the first one led.
fn repeated(error: &crate::types::ApiError) -> bool {
    error.kind() == ErrorKind::FormRepeated
}

fn rename(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let name = request.field("name").trim();
    let user = ctx.caller.user.as_str();
    match perform(ctx, "users.update", |ctx| identity::rename(ctx, user, Some(name), None, None)) {
        Err(error) if !repeated(&error) && error.kind().code() < 500 => {
            profile(ctx, request, error.detail().to_owned(), 422)
        }
        Err(error) if !repeated(&error) => Err(error),
        _ => Ok(PageReply::see_other("/me")),
    }
}

fn change_password(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let new = Secret::new(request.field("new").to_owned());
    let old = request.field("old");
    match perform(ctx, "pages.change_password", |ctx| identity::change_password(ctx, old, &new)) {
        Ok(()) => Ok(PageReply::see_other("/login").cookie(SESSION, "", false)),
        Err(error) if error.kind() == ErrorKind::InvalidCredentials => {
            profile(ctx, request, "The present password is wrong.".to_owned(), 422)
        }
        Err(error) if error.kind().code() == 400 => profile(ctx, request, error.detail().to_owned(), 422),
        Err(error) => Err(error),
    }
}

fn keys(ctx: &Ctx<'_>, request: &PageRequest, error: String, status: u16) -> Result<PageReply> {
    let stored = perform(ctx, "auth.get_credentials", identity::credentials)?;
    let mut shell = shell(ctx, request, "");
    if request.arg("revoked").is_some() && status == 200 {
        shell.notices.push(Notice {
            tone: Tone::Ok,
            title: "Key revoked.".to_owned(),
            text: "Whatever used it can't sign in any more, and its open sessions have ended.".to_owned(),
        });
    }
    let page = Keys {
        shell,
        keys: stored.into_iter().rev().map(key_row).collect(),
        api_address: ctx.app.urls.api.clone(),
        error,
    };
    match status {
        200 => page!(request, page),
        _ => PageReply::with_status(status, &page),
    }
}

pub(super) fn key_row(credential: Credential) -> KeyRow {
    KeyRow {
        access_key: credential.access_key,
        label: credential.label.unwrap_or_default(),
        created: Some(When(credential.created.0)),
        used: credential.last_used.map(|at| When(at.0)),
        used_from: credential.last_used_from.unwrap_or_default(),
    }
}

/// The answer to the form is the page with the secret: it exists once, and nothing keeps it.
fn create_key(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let label: String = request.field("label").trim().chars().take(100).collect();
    match perform(ctx, "auth.create_credentials", |ctx| identity::create_credential(ctx, Some(&label), None))
    {
        Ok(issued) => {
            let conf = ClientConfig {
                urls: &ctx.app.urls,
                access_key: &issued.access_key,
                secret_key: &issued.secret_key,
                ca_bundle: ctx.app.ca_bundle.as_deref(),
            }
            .to_string();
            let page = KeyCreated {
                shell: shell(ctx, request, ""),
                label,
                access_key: issued.access_key,
                secret_key: issued.secret_key.expose().clone(),
                conf,
            };
            PageReply::with_status(200, &page)
        }
        Err(error) if repeated(&error) => {
            let text = "The key was made and its secret was shown already. If it is lost, revoke the key and make another.";
            keys(ctx, request, text.to_owned(), 409)
        }
        Err(error) if error.kind().code() == 400 => keys(ctx, request, error.to_string(), 422),
        Err(error) => Err(error),
    }
}

fn own_key(ctx: &Ctx<'_>, key: &str) -> Result<Credential> {
    let stored = perform(ctx, "auth.get_credentials", identity::credentials)?;
    stored
        .into_iter()
        .find(|credential| credential.access_key == key)
        .ok_or_else(|| ErrorKind::NotFound.into())
}

fn ask_to_revoke(ctx: &Ctx<'_>, request: &PageRequest, key: &str) -> Result<PageReply> {
    let credential = own_key(ctx, key)?;
    let shown = cut_middle(&credential.access_key, 20);
    let label = credential.label.unwrap_or_else(|| shown.clone());
    let used = match (&credential.last_used, &credential.last_used_from) {
        (Some(_), Some(from)) => format!("It was last used from {from}."),
        (Some(_), None) => "It has been used.".to_owned(),
        (None, _) => "It has never been used.".to_owned(),
    };
    page!(
        request,
        Confirm {
            shell: shell(ctx, request, ""),
            title: format!("Revoke the key {label}?"),
            text:
                "Whatever uses it can't sign in any more, and every session obtained with it ends at once. \
                   This can't be undone; make a new key instead."
                    .to_owned(),
            points: vec![format!("Access key {shown}"), used],
            fields: Vec::<Field>::new(),
            typed: String::new(),
            action: format!("/me/keys/{key}/revoke"),
            submit: "Revoke the key".to_owned(),
            danger: true,
            back: "/me/keys".to_owned(),
            error: String::new(),
        }
    )
}

fn revoke(ctx: &Ctx<'_>, request: &PageRequest, key: &str) -> Result<PageReply> {
    match perform(ctx, "auth.revoke_credentials", |ctx| identity::revoke_credential(ctx, key)) {
        Err(error) if !repeated(&error) && error.kind() != ErrorKind::InvalidUser => Err(error),
        _ => {
            debug_assert!(!request.is_get);
            Ok(PageReply::see_other("/me/keys?revoked=1"))
        }
    }
}

fn save_preferences(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let theme = Theme::from_key(request.field("theme")).key();
    let density = Density::from_key(request.field("density")).key();
    let keys = !request.field("keys").is_empty();
    let mut changes = Json::new();
    for (key, value) in [("theme", json!(theme)), ("density", json!(density)), ("keys", Value::Bool(keys))] {
        changes.insert(format!("{PREFERENCES}.{key}"), value);
    }
    match perform(ctx, "users.set_preferences", |ctx| identity::set_preferences(ctx, &changes)) {
        Err(error) if !repeated(&error) => Err(error),
        _ => Ok(PageReply::see_other("/me/preferences").cookie("theme", theme, true)),
    }
}
