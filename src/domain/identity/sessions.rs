//! Sessions of the pages: signing in and out with a browser.

use super::{Presented, authenticate};
use crate::{
    crypto::{Secret, keyed::keyed_hash, password, random},
    domain::{App, Caller, CallerKind, Ctx, operations, perform},
    store::sessions::{Session, SessionKind},
    types::{ApiError, ErrorKind, Result, SessionId},
};

/// A signed-in browser.
pub struct PageSession {
    /// Value of the cookie; only its keyed hash is stored.
    pub cookie: Secret<String>,
    /// Who signed in.
    pub caller: Caller,
}

/// The id under which a page's session is stored: a copy of the database opens no session.
pub(super) fn stored_id(app: &App, cookie: &str) -> SessionId {
    let hash = keyed_hash(app.keys.session.expose().as_bytes(), &[b"page", cookie.as_bytes()]);
    SessionId::from(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Pages stay signed in this long.
const LIFE: i64 = 14 * 86_400;

/// Signs a person in with name and password. One sentence serves a wrong name and a wrong password.
///
/// Errors: 401/22 wrong pair, too many attempts, or an identity without browser sign-in.
pub fn sign_in(ctx: &Ctx<'_>, name: &str, password: &str) -> Result<PageSession> {
    let presented = Presented::Basic { key: name.to_owned(), secret: password.to_owned() };
    // Only the sign-in form comes here, so an API key does not work as a password, except for identities of the platform,
    // who have no other.
    let caller = authenticate(ctx.app, &presented, &ctx.call, "auth.login")?;
    let by_key = caller.access_key.is_some();
    let allowed = match caller.kind {
        CallerKind::Person => !by_key,
        CallerKind::System => by_key && super::browser::may_sign_in(ctx.app, &caller),
        _ => false,
    };
    if !allowed {
        return Err(ApiError::new(ErrorKind::InvalidCredentials, "this identity has no browser sign-in"));
    }
    let cookie = random::new_secret();
    let id = stored_id(ctx.app, cookie.expose());
    let now = ctx.call.received;
    let session = Session {
        id: id.clone(),
        kind: SessionKind::Page,
        user: caller.user.clone(),
        tenant: caller.tenant.clone(),
        actor: None,
        access_key: caller.access_key.clone(),
        root: id.clone(),
        task: None,
        token_epoch: caller.token_epoch,
        issued: now,
        exp: Some(now.plus_seconds(LIFE)),
        revoked_at: None,
        proved_at: Some(now),
        client: ctx.call.client.clone(),
        ip: Some(ctx.call.ip.clone()),
    };
    // The audit names the person, not the anonymous request.
    let signed_in = Ctx::new(ctx.app, caller.clone(), ctx.call.clone());
    let operation = operations::find("pages.sign_in").ok_or(ErrorKind::InternalError)?;
    perform(operation, &signed_in, |ctx| {
        ctx.write(|tx| {
            tx.insert_session(&session)?;
            tx.note_login(&caller.user, "password", false)
        })
    })?;
    Ok(PageSession { cookie, caller })
}

/// Ends the page's session.
pub fn sign_out(ctx: &Ctx<'_>) -> Result<()> {
    super::logout(ctx)
}

/// Checks the person's password again and notes that they proved who they are.
///
/// Errors: 401/22.
pub fn prove(ctx: &Ctx<'_>, name: &str, password: &str) -> Result<()> {
    let presented = Presented::Basic { key: name.to_owned(), secret: password.to_owned() };
    let again = authenticate(ctx.app, &presented, &ctx.call, "auth.login")?;
    let session = ctx.caller.session.as_ref().filter(|_| again.user == ctx.caller.user);
    let session = session.ok_or(ErrorKind::InvalidCredentials)?;
    ctx.write(|tx| tx.prove_session(session))
}

/// The caller's open sessions, newest first.
pub fn open_sessions(ctx: &Ctx<'_>) -> Result<Vec<Session>> {
    ctx.read(|snapshot| snapshot.open_sessions(&ctx.caller.user))
}

/// Changes the caller's own password after checking the present one. Every session of the account ends, this one
/// included; API credentials keep working.
///
/// Errors: 401/22 the present password is wrong; 400/12 the new one is too short; 400/16 the account has no local
/// password.
pub fn change_password(ctx: &Ctx<'_>, present: &str, new: &Secret<String>) -> Result<()> {
    if new.expose().chars().count() < 12 {
        return Err(ApiError::new(
            ErrorKind::ValidationError,
            "the new password needs at least 12 characters",
        ));
    }
    let caller = &ctx.caller;
    let login = ctx.read(|snapshot| Ok(snapshot.logins(&caller.user)?.into_iter().next()))?;
    let login = login.ok_or_else(|| {
        ApiError::new(
            ErrorKind::FieldsValueError,
            "this account's password is set where it comes from, not here",
        )
    })?;
    let presented = Presented::Basic { key: login.clone(), secret: present.to_owned() };
    let again = authenticate(ctx.app, &presented, &ctx.call, "auth.login")?;
    if again.user != caller.user {
        return Err(ErrorKind::InvalidCredentials.into());
    }
    let hash =
        password::hash(new).map_err(|error| ApiError::new(ErrorKind::GeneralError, error.to_string()))?;
    ctx.touched("user", caller.user.as_str());
    ctx.write(|tx| tx.set_local_password(&caller.user, &caller.home, &login, &hash))
}
