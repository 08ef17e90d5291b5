//! Tokens: issuing, checking, ending (spec/protocol.md 3.4, 3.5; spec/governance.md 1.3).

use serde_json::{Value, json};

use super::{
    Presented,
    minting::{self, Grant, Wish},
    principal,
};
use crate::{
    crypto::token::{Claims, IdentityClaims, sign, verify},
    domain::{App, Caller, CallerKind, Ctx, Role, redaction, trail},
    store::{
        identity::Account,
        sessions::{Session, SessionKind},
    },
    types::{ApiError, CompanyId, ErrorKind, Result, SessionId, Version},
};

/// How long a token should live.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenRequest {
    /// Seconds asked for; absent or 0 means the default.
    pub expiration_sec: Option<i64>,
}

/// A fresh token.
pub struct IssuedToken {
    /// The signed text.
    pub token: String,
    /// Whether a browser may keep it as a cookie.
    pub cookie: bool,
}

/// `auth.login`: a token for the caller, with the role stored for the user.
///
/// Errors: 400/12 an expiry that is negative or beyond the maximum; 400/301 the user is gone; 401/22 a service account in
/// a browser; 401/30 the task of a token made for one is over (S6).
pub fn login(ctx: &Ctx<'_>, request: TokenRequest) -> Result<IssuedToken> {
    let seconds = lifetime(ctx.app, ctx.caller.role, request)?;
    let app = ctx.app;
    let caller = &ctx.caller;
    if ctx.call.browser && matches!(caller.kind, CallerKind::Service(_)) {
        let text = "service accounts have no sign-in with a browser; sign in as a person";
        return Err(ApiError::new(ErrorKind::InvalidCredentials, text));
    }
    if let Some(task) = &caller.task {
        ctx.touched("task", task.as_str());
    }
    let refreshed = caller.session.is_some();
    let id = SessionId::fresh();
    let token = ctx.write(|tx| {
        let account = tx.account(caller.user.as_str())?.ok_or(ErrorKind::InvalidUserId)?;
        let subject = principal::load(tx, &app.settings, &account, Some(&caller.tenant)).map_err(
            |error| match error.kind() {
                ErrorKind::InvalidCredentials => ErrorKind::InvalidUserId.into(),
                _ => error,
            },
        )?;
        // Asked again here: the task may have changed hands since the caller was looked at.
        let latest = minting::latest_end(tx, caller)?;
        let fresh = fresh_session(ctx, id.clone(), &account, &caller.tenant, seconds);
        let session = Session {
            exp: match (fresh.exp, latest) {
                (Some(exp), Some(latest)) => Some(exp.min(latest)),
                (exp, latest) => exp.or(latest),
            },
            task: caller.task.clone(),
            actor: caller.actor.as_ref().map(|actor| actor.user.clone()),
            access_key: caller.access_key.clone(),
            root: caller.root_session.clone().unwrap_or_else(|| id.clone()),
            ..fresh
        };
        tx.insert_session(&session)?;
        let role = if caller.minted { subject.capped().role } else { subject.role };
        trail::impersonated(ctx, tx, &session.id)?;
        if !refreshed && caller.actor.is_none() {
            tx.note_login(&caller.user, "credentials", caller.access_key.is_some())?;
        }
        let defaults =
            tx.company(caller.tenant.as_str())?.map(|company| company.defaults).unwrap_or_default();
        let token = sign_for(app, &account, caller, role, &session, defaults.get("feature_set"))?;
        if let Some(task) = &session.task {
            redaction::token_made(ctx, tx, task, &token)?;
        }
        Ok(token)
    })?;
    Ok(IssuedToken { token, cookie: may_have_cookie(ctx) })
}

/// Browser sign-in is for people only, and never for a session that acts for somebody (S6, spec/governance.md 5.2).
fn may_have_cookie(ctx: &Ctx<'_>) -> bool {
    let caller = &ctx.caller;
    !caller.minted
        && super::browser::may_sign_in(ctx.app, caller)
        && caller.actor.as_ref().is_none_or(|actor| actor.role.is_system())
}

/// `auth.get_token_for_user`: a token for another user, for identities of the platform. When the caller runs a task of
/// that user, the token is one for the task (S4).
///
/// Errors: 400/301 unknown user or a company it does not belong to.
pub fn token_for_user(
    ctx: &Ctx<'_>,
    user: &str,
    company: Option<&str>,
    request: TokenRequest,
) -> Result<String> {
    let app = ctx.app;
    let id = SessionId::fresh();
    ctx.touched("user", user);
    ctx.write(|tx| {
        let unknown = || ApiError::new(ErrorKind::InvalidUserId, "").with("user", user);
        let account = tx.account(user)?.ok_or_else(unknown)?;
        if company.is_some_and(|company| company != account.company.as_str()) {
            return Err(unknown());
        }
        let mut subject = principal::load(tx, &app.settings, &account, None).map_err(|_| unknown())?;
        let seconds = lifetime(app, subject.role, request)?;
        let mut session = fresh_session(ctx, id.clone(), &account, &account.company, seconds);
        if let Some(actor) = tx.account(ctx.caller.user.as_str())? {
            let wish =
                Wish { actor: &actor, role: ctx.caller.role, subject: &account, tenant: &account.company };
            if let Grant::Capped(Some(task)) = minting::grant(tx, &app.settings, &wish)? {
                ctx.touched("task", task.as_str());
                session.task = Some(task);
                session.actor = Some(actor.id);
                session.access_key.clone_from(&ctx.caller.access_key);
                session.root = ctx.caller.root_session.clone().unwrap_or(session.root);
                subject = subject.capped();
            }
        }
        tx.insert_session(&session)?;
        sign_for(app, &account, &subject, subject.role, &session, None)
    })
}

/// A session of a user who acts as themselves, obtained with nothing that could be revoked.
fn fresh_session(
    ctx: &Ctx<'_>,
    id: SessionId,
    account: &Account,
    tenant: &CompanyId,
    seconds: Option<i64>,
) -> Session {
    let now = ctx.call.received;
    Session {
        root: id.clone(),
        id,
        kind: SessionKind::Token,
        user: account.id.clone(),
        tenant: tenant.clone(),
        actor: None,
        access_key: None,
        task: None,
        token_epoch: account.token_epoch,
        issued: now,
        exp: seconds.map(|seconds| now.plus_seconds(seconds)),
        revoked_at: None,
        proved_at: None,
        client: ctx.call.client.clone(),
        ip: Some(ctx.call.ip.clone()),
    }
}

/// Seconds of life; `None` lives for ever (system identities that asked for nothing).
fn lifetime(app: &App, role: Role, request: TokenRequest) -> Result<Option<i64>> {
    let auth = &app.settings.apiserver.auth;
    let most = auth.max_expiration_sec.signed();
    match request.expiration_sec {
        Some(seconds) if seconds < 0 || seconds > most => {
            let text = format!("expiration_sec must be between 1 and {most} seconds");
            Err(ApiError::new(ErrorKind::ValidationError, text).with("expiration_sec", seconds))
        }
        Some(seconds) if seconds > 0 => Ok(Some(seconds)),
        _ if role == Role::System => Ok(None),
        _ => Ok(Some(auth.default_expiration_sec.signed())),
    }
}

fn sign_for(
    app: &App,
    account: &Account,
    caller: &Caller,
    role: Role,
    session: &Session,
    feature_set: Option<&Value>,
) -> Result<String> {
    let default_set = app.settings.services.organization.feature_set.as_str();
    let claims = Claims {
        iat: session.issued.seconds(),
        exp: session.exp.map(|exp| exp.seconds()),
        env: "default".to_owned(),
        session_id: session.id.to_string(),
        auth_type: "Bearer".to_owned(),
        entities: json!({}),
        identity: IdentityClaims {
            user: account.id.to_string(),
            company: account.company.to_string(),
            role: role.as_str().to_owned(),
            user_name: caller.name.clone(),
            company_name: caller.home_name.clone(),
            service_account_type: caller.service_account_type(),
        },
        tenant: session.tenant.to_string(),
        tenants: caller.tenants.iter().map(ToString::to_string).collect(),
        api_version: Version::CURRENT.to_string(),
        server_version: app.info.version.clone(),
        server_build: app.info.build.clone(),
        feature_set: feature_set.and_then(Value::as_str).unwrap_or(default_set).to_owned(),
        providers_info: match account.providers_info.is_empty() {
            true => Value::Null,
            false => Value::Object(account.providers_info.clone()),
        },
        impersonator: session.actor.as_ref().map(ToString::to_string),
        root_session: session.root.to_string(),
    };
    sign(&app.keys.token, &claims).map_err(|error| ApiError::new(ErrorKind::GeneralError, error.to_string()))
}

/// `auth.logout`: ends the session that was presented.
pub fn logout(ctx: &Ctx<'_>) -> Result<()> {
    match &ctx.caller.session {
        Some(session) => ctx.write(|tx| tx.revoke_session(session).map(drop)),
        None => Ok(()),
    }
}

/// `login.logout`: ends the presented session if there is one; never fails for anybody else.
pub fn revoke_presented(ctx: &Ctx<'_>, presented: &Presented) -> Result<()> {
    let (Presented::Bearer(text) | Presented::Cookie(text)) = presented else { return Ok(()) };
    let Ok(claims) = verify(&ctx.app.keys.token, text, ctx.call.received) else { return Ok(()) };
    ctx.write(|tx| tx.revoke_session(&SessionId::from(claims.session_id)).map(drop))
}

/// Answer of [`check_token`].
pub struct Checked {
    /// Whether the token works now.
    pub valid: bool,
    /// Claims, when the signature holds.
    pub claims: Option<Claims>,
    /// Effective role, when valid.
    pub role: Option<Role>,
    /// Why not.
    pub msg: Option<String>,
}

/// `auth.validate_token`: whether a token works, for gateways.
pub fn check_token(app: &App, ctx: &Ctx<'_>, text: &str) -> Result<Checked> {
    let claims = match verify(&app.keys.token, text, ctx.call.received) {
        Ok(claims) => claims,
        Err(error) => {
            return Ok(Checked { valid: false, claims: None, role: None, msg: Some(error.to_string()) });
        }
    };
    match super::authenticate(app, &Presented::Bearer(text.to_owned()), &ctx.call, "auth.validate_token") {
        Ok(caller) => Ok(Checked { valid: true, role: Some(caller.role), claims: Some(claims), msg: None }),
        Err(error) if error.kind().code() == 401 => {
            Ok(Checked { valid: false, claims: Some(claims), role: None, msg: Some(error.to_string()) })
        }
        Err(error) => Err(error),
    }
}

/// How people sign in: `login.supported_modes` and `auth.fixed_users_mode`.
pub fn modes(app: &App) -> (bool, Value) {
    let enabled = app.settings.apiserver.auth.fixed_users.enabled;
    let guest = &app.settings.services.auth.fixed_users.guest;
    let guest = if enabled && guest.enabled {
        let password = guest.password.as_ref().map(|password| password.expose().as_str());
        json!({"enabled": true, "name": guest.name, "username": guest.username, "password": password})
    } else {
        json!({"enabled": false})
    };
    (enabled, guest)
}
