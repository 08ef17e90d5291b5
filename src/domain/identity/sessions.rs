//! Sessions of the pages: signing in and out with a browser.

use super::{Presented, authenticate};
use crate::{
    crypto::random,
    domain::{Caller, CallerKind, Ctx, operations, perform},
    store::sessions::{Session, SessionKind},
    types::{ApiError, ErrorKind, Result, SessionId},
};

/// A signed-in browser.
pub struct PageSession {
    /// Value of the cookie.
    pub id: SessionId,
    /// Who signed in.
    pub caller: Caller,
}

/// Pages stay signed in this long.
const LIFE: i64 = 14 * 86_400;

/// Signs a person in with name and password. One sentence serves a wrong name and a wrong password.
///
/// Errors: 401/22 wrong pair, too many attempts, or an identity without browser sign-in.
pub fn sign_in(ctx: &Ctx<'_>, name: &str, password: &str) -> Result<PageSession> {
    let presented = Presented::Basic { key: name.to_owned(), secret: password.to_owned() };
    // Only the sign-in form comes here, so an API key does not work as a password.
    let caller = authenticate(ctx.app, &presented, &ctx.call, "auth.login")?;
    if caller.kind != CallerKind::Person || caller.access_key.is_some() {
        return Err(ApiError::new(ErrorKind::InvalidCredentials, "this identity has no browser sign-in"));
    }
    let id = SessionId::from(random::new_secret().expose().clone());
    let now = ctx.call.received;
    let session = Session {
        id: id.clone(),
        kind: SessionKind::Page,
        user: caller.user.clone(),
        tenant: caller.tenant.clone(),
        actor: None,
        access_key: None,
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
    Ok(PageSession { id, caller })
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

/// Marks a form's one-time key as used; false when the form was sent before.
pub fn use_once(ctx: &Ctx<'_>, once: &str) -> Result<bool> {
    match &ctx.caller.session {
        Some(session) => ctx.write(|tx| tx.use_once(session, once)),
        None => Ok(true),
    }
}
