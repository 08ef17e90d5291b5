//! From what a request presents to a known caller (spec/protocol.md 3.2–3.4, spec/governance.md 1.2).

use super::principal;
use crate::{
    config::settings::people::FixedUser,
    crypto::{
        keyed,
        password::{self, HashError},
        token,
    },
    domain::{App, Call, Caller, Role},
    store::{
        Lane, Scope, Snapshot,
        identity::{Account, Credential},
        sessions::{Session, SessionKind},
    },
    types::{ApiError, ErrorKind, Millis, Result},
};

/// What a request presents. The faces read it from headers and cookies.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// An Authorization header that can't be used, with the error it deserves.
    Unusable(ErrorKind),
    /// An access key and secret, or a user name and password.
    Basic {
        /// Key or name.
        key: String,
        /// Secret or password.
        secret: String,
    },
    /// A token in the Authorization header.
    Bearer(String),
    /// A token in the session cookie.
    Cookie(String),
    /// A session of the pages.
    Page(String),
}

/// Finds out who calls.
///
/// Errors: 401/20 nothing presented, 401/10 wrong scheme, 401/21 undecodable, 401/22 wrong pair, 401/30 token bad,
/// expired or revoked.
pub fn authenticate(app: &App, presented: &Presented, call: &Call, endpoint: &str) -> Result<Caller> {
    match presented {
        Presented::Nothing => Err(ErrorKind::NoCredentials.into()),
        Presented::Unusable(kind) => Err((*kind).into()),
        Presented::Basic { key, secret } => basic(app, key, secret, call, endpoint),
        Presented::Bearer(token) => bearer(app, token, call),
        Presented::Cookie(token) => {
            let caller = bearer(app, token, call)?;
            match super::browser::may_sign_in(app, &caller) {
                true => Ok(caller),
                false => Err(ErrorKind::InvalidToken.into()),
            }
        }
        Presented::Page(id) => page(app, id, call),
    }
}

fn basic(app: &App, key: &str, secret: &str, call: &Call, endpoint: &str) -> Result<Caller> {
    if let Some(wait) = app.throttle.wait(key, &call.ip, call.received) {
        let seconds = wait.as_secs().saturating_add(1);
        let text = format!("too many failed attempts; try again in {seconds} s");
        return Err(ApiError::new(ErrorKind::InvalidCredentials, text));
    }
    let result = pair(app, key, secret, call, endpoint);
    match &result {
        Ok(_) => app.throttle.succeeded(key, &call.ip),
        Err(error) if error.kind() == ErrorKind::InvalidCredentials => {
            app.throttle.failed(key, &call.ip, call.received);
        }
        Err(_) => {}
    }
    result
}

/// Tries, in this order, a fixed user of the configuration, a local account, an API credential.
fn pair(app: &App, key: &str, secret: &str, call: &Call, endpoint: &str) -> Result<Caller> {
    let wrong = || ApiError::from(ErrorKind::InvalidCredentials);
    let fixed_users = &app.settings.apiserver.auth.fixed_users;
    if fixed_users.enabled {
        if let Some(user) =
            super::start::fixed_users(&app.settings).into_iter().find(|user| user.username == key)
        {
            return fixed(app, &user, secret, call, endpoint);
        }
        let local = app.store.read(&Scope::server(), |snapshot| {
            let Some(local) = snapshot.local_password(key)? else { return Ok(None) };
            Ok(snapshot.account(local.user.as_str())?.map(|account| (local, account)))
        })?;
        if let Some((local, account)) = local {
            let check = || password::verify(secret, &local.hash);
            if !verify(app, key, secret, &local.hash, &account, call.received, check)? {
                return Err(wrong());
            }
            app.forget_initial_password();
            return app
                .store
                .read(&Scope::server(), |snapshot| principal::load(snapshot, &app.settings, &account, None));
        }
    }
    let found = app.store.read(&Scope::server(), |snapshot| {
        let Some(credential) = snapshot.credential(key)? else { return Ok(None) };
        let Some(account) = snapshot.account(credential.user.as_str())? else { return Ok(None) };
        Ok(Some((credential, account)))
    })?;
    let Some((credential, account)) = found else {
        // A name that nobody has must not answer faster than a wrong password. What looks like one of our access keys
        // is no name that anybody guesses.
        if fixed_users.enabled && !looks_like_access_key(key) {
            password::verify_nothing(secret).map_err(busy)?;
        }
        return Err(wrong());
    };
    if !secret_matches(app, &credential, secret) || credential.expire.is_some_and(|at| at <= call.received) {
        return Err(wrong());
    }
    let mut caller = app.store.read(&Scope::server(), |snapshot| {
        let tenant = (credential.company != account.company).then_some(&credential.company);
        principal::load(snapshot, &app.settings, &account, tenant)
    })?;
    if call.browser && !super::browser::may_sign_in(app, &caller) {
        return Err(ApiError::new(ErrorKind::InvalidCredentials, "this identity has no browser sign-in"));
    }
    note_use(app, &credential, call)?;
    caller.access_key = Some(credential.access_key);
    Ok(caller)
}

fn fixed(app: &App, user: &FixedUser, secret: &str, call: &Call, endpoint: &str) -> Result<Caller> {
    let wrong = || ApiError::from(ErrorKind::InvalidCredentials);
    let id = super::start::fixed_user_id(&app.settings, user);
    let account =
        app.store.read(&Scope::server(), |snapshot| snapshot.account(id.as_str()))?.ok_or_else(wrong)?;
    let stored = user.password.expose();
    let right = verify(app, &user.username, secret, stored, &account, call.received, || {
        if app.settings.apiserver.auth.fixed_users.pass_hashed {
            password::verify_bcrypt(secret, stored)
        } else {
            let same = keyed::same(secret.as_bytes(), stored.as_bytes());
            if !same {
                // A name that exists must not answer faster than one that does not.
                password::verify_nothing(secret)?;
            }
            Ok(same)
        }
    })?;
    if !right {
        return Err(wrong());
    }
    let guest = &app.settings.services.auth.fixed_users.guest;
    if user.is_guest && !guest.allow_endpoints.iter().any(|name| name == endpoint) {
        return Err(ApiError::new(ErrorKind::InvalidCredentials, "guests sign in with auth.login first"));
    }
    app.store.read(&Scope::server(), |snapshot| principal::load(snapshot, &app.settings, &account, None))
}

/// Checks a password unless this very pair passed within the last minute.
fn verify(
    app: &App,
    name: &str,
    secret: &str,
    stored: &str,
    account: &Account,
    now: Millis,
    check: impl FnOnce() -> Result<bool, HashError>,
) -> Result<bool> {
    if secret.is_empty() {
        return Ok(false);
    }
    let (user, epoch) = (&account.id, account.token_epoch);
    if app.verified.contains(name, secret, stored, epoch, user, now) {
        return Ok(true);
    }
    let right = check().map_err(busy)?;
    if right {
        app.verified.insert(name, secret, stored, epoch, user, now);
    }
    Ok(right)
}

/// Nothing was checked, so it is no wrong password: the client repeats the call by itself.
fn busy(error: HashError) -> ApiError {
    ApiError::new(ErrorKind::Overloaded, error.to_string())
}

fn looks_like_access_key(key: &str) -> bool {
    key.len() >= 20 && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn secret_matches(app: &App, credential: &Credential, secret: &str) -> bool {
    let Some(key) = app.keys.api_secret.1.get(&credential.key_id) else {
        tracing::error!(
            key_id = credential.key_id,
            "a stored API secret needs a key that secrets.json lacks"
        );
        return false;
    };
    let hash = super::credentials::hash_secret(key, &credential.access_key, secret);
    keyed::same(&hash, &credential.secret_hash)
}

/// `last_used` is written at most every ten seconds, or when the place changes.
fn note_use(app: &App, credential: &Credential, call: &Call) -> Result<()> {
    let from = call.worker.as_deref().unwrap_or(&call.ip);
    let recent = credential.last_used.is_some_and(|at| call.received.0 - at.0 < 10_000);
    if recent && credential.last_used_from.as_deref() == Some(from) {
        return Ok(());
    }
    app.store
        .write(&Scope::server(), Lane::Documents, |tx| tx.note_credential_use(&credential.access_key, from))
}

fn bearer(app: &App, text: &str, call: &Call) -> Result<Caller> {
    let claims = token::verify(&app.keys.token, text, call.received)
        .map_err(|error| ApiError::new(ErrorKind::InvalidToken, error.to_string()))?;
    app.store.read(&Scope::server(), |snapshot| {
        let session = snapshot.session(&claims.session_id)?.ok_or(ErrorKind::InvalidToken)?;
        if session.kind != SessionKind::Token || session.user.as_str() != claims.identity.user {
            return Err(ErrorKind::InvalidToken.into());
        }
        of_session(app, snapshot, session, call)
    })
}

fn page(app: &App, id: &str, call: &Call) -> Result<Caller> {
    app.store.read(&Scope::server(), |snapshot| {
        let id = super::sessions::stored_id(app, id);
        let session = snapshot.session(id.as_str())?.filter(|session| session.kind == SessionKind::Page);
        of_session(app, snapshot, session.ok_or(ErrorKind::InvalidToken)?, call)
    })
}

/// The session must be alive, the user too, and nothing may have bumped its epoch since.
fn of_session(app: &App, snapshot: &Snapshot<'_>, session: Session, call: &Call) -> Result<Caller> {
    let dead = || ApiError::new(ErrorKind::InvalidToken, "the session has ended; sign in again");
    if session.revoked_at.is_some() || session.exp.is_some_and(|exp| exp <= call.received) {
        return Err(dead());
    }
    let account = snapshot.account(session.user.as_str())?.ok_or_else(dead)?;
    if account.disabled || account.token_epoch > session.token_epoch {
        return Err(dead());
    }
    let tenant = (session.tenant != account.company).then_some(&session.tenant);
    let mut caller =
        principal::load(snapshot, &app.settings, &account, tenant).map_err(|error| match error.kind() {
            ErrorKind::InvalidCredentials => dead(),
            _ => error,
        })?;
    if let Some(actor) = &session.actor {
        let actor = snapshot.account(actor.as_str())?.ok_or_else(dead)?;
        if !super::minting::may_still_act(snapshot, &app.settings, &actor, &session.tenant)? {
            return Err(dead());
        }
        let role: Role = actor.role.parse().unwrap_or(Role::Guest);
        // S4: only the platform hands out tokens without a limit, and only for those whose task it does not run.
        if session.task.is_some() || !role.is_system() {
            caller = caller.capped();
        }
        if !role.is_system() {
            caller.tenants = vec![session.tenant.clone()];
        }
        super::impersonate::describe(&mut caller, &actor, role);
        caller.task = session.task;
    }
    caller.session = Some(session.id);
    caller.root_session = Some(session.root);
    caller.access_key = session.access_key;
    Ok(caller)
}
