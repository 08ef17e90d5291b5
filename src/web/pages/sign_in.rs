//! Signing in and out.

use crate::{
    crypto::random,
    domain::{
        App, Ctx, audit,
        identity::{self, Presented},
    },
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest, session,
        view::{address::encode, login::Login, shell::Theme},
    },
};

use super::{SESSION, moved, perform};

/// The cookie that a sign-in form is bound to before there is a session.
const VISITOR: &str = "roundhouse-visitor";

/// Everything for somebody who has not signed in: the form, or the way to it.
pub(super) fn visitor(ctx: &Ctx<'_>, request: &PageRequest, fingerprint: &str) -> Result<PageReply> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.is_get, segments.as_slice()) {
        (true, ["login"]) => form(ctx, request, fingerprint, Shown { status: 200, ..Shown::default() }),
        (false, ["login"]) => attempt(ctx, request, fingerprint),
        (false, ["logout"]) => Ok(PageReply::see_other("/login")),
        (true, other) if moved::names_a_file(other) => Err(ErrorKind::NotFound.into()),
        (true, other) => {
            let target = moved::redirect(other).unwrap_or_else(|| match request.query.is_empty() {
                true => request.path.clone(),
                false => format!("{}?{}", request.path, request.query),
            });
            let next = if target == "/" { String::new() } else { format!("?next={}", encode(&target)) };
            Ok(PageReply::see_other(format!("/login{next}")))
        }
        _ => Err(ErrorKind::NoCredentials.into()),
    }
}

#[derive(Default)]
struct Shown {
    status: u16,
    error: String,
    retry_after: u32,
}

fn form(ctx: &Ctx<'_>, request: &PageRequest, fingerprint: &str, shown: Shown) -> Result<PageReply> {
    let app = ctx.app;
    let visitor = match &request.visitor {
        Some(known) if known.len() >= 20 => known.clone(),
        _ => random::new_secret().expose().clone(),
    };
    let next = match request.is_get {
        true => request.arg("next").unwrap_or_default(),
        false => request.field("next").to_owned(),
    };
    let page = Login {
        theme: request.theme.as_deref().map_or(Theme::Auto, Theme::from_key),
        organisation: String::new(),
        username: request.field("username").chars().take(100).collect(),
        error: shown.error,
        retry_after: shown.retry_after,
        with_password: identity::modes(app).0,
        providers: Vec::new(),
        notice: String::new(),
        version: app.info.build.clone(),
        fingerprint: fingerprint.to_owned(),
        csrf: session::csrf_token(app, &visitor),
        next: own_path(&next).to_owned(),
    };
    Ok(PageReply::with_status(shown.status, &page)?.cookie(VISITOR, visitor, false))
}

/// A path on this host, never an address elsewhere.
pub(super) fn own_path(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    if own && !next.chars().any(char::is_control) { next } else { "" }
}

fn attempt(ctx: &Ctx<'_>, request: &PageRequest, fingerprint: &str) -> Result<PageReply> {
    let bound = request.visitor.clone().unwrap_or_default();
    if bound.is_empty() || session::check_form(ctx.app, request, &bound).is_err() {
        let error = "The form had become too old. Sign in again.".to_owned();
        return form(ctx, request, fingerprint, Shown { status: 403, error, retry_after: 0 });
    }
    let (name, password) = (request.field("username"), request.field("password"));
    let anonymous = Ctx::new(ctx.app, crate::domain::Caller::anonymous(), ctx.call.clone());
    match identity::sign_in(&anonymous, name, password) {
        Ok(signed_in) => {
            let next = own_path(request.field("next"));
            let next = if next.is_empty() { "/" } else { next };
            let theme = theme_of(ctx.app, &signed_in);
            Ok(PageReply::see_other(next)
                .cookie(SESSION, signed_in.cookie.expose().clone(), true)
                .cookie("theme", theme, true)
                .cookie(VISITOR, "", false))
        }
        Err(error) if error.kind().code() == 401 => {
            // The failure is a security event of its own.
            audit::note_presented(
                &anonymous,
                &Presented::Basic { key: name.to_owned(), secret: String::new() },
            );
            let refused = perform(&anonymous, "pages.sign_in", |_| Err::<(), _>(error));
            debug_assert!(refused.is_err());
            let wait = ctx.app.throttle.wait(name, &ctx.call.ip, ctx.call.received);
            let retry_after = wait.map_or(0, |wait| u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX));
            let error = match retry_after {
                0 => "Wrong user name or password.",
                _ => "Too many failed attempts.",
            };
            form(ctx, request, fingerprint, Shown { status: 401, error: error.to_owned(), retry_after })
        }
        Err(error) => Err(error),
    }
}

fn theme_of(app: &App, signed_in: &identity::PageSession) -> String {
    let ctx = Ctx::new(app, signed_in.caller.clone(), crate::domain::Call::internal());
    let preferences = session::preferences(&ctx);
    preferences.get("theme").and_then(|theme| theme.as_str()).unwrap_or("auto").to_owned()
}

/// Ends the session.
pub(super) fn sign_out(ctx: &Ctx<'_>) -> Result<PageReply> {
    perform(ctx, "pages.sign_out", identity::sign_out)?;
    Ok(PageReply::see_other("/login").cookie(SESSION, "", false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_followed() {
        assert_eq!(own_path("/tasks/1?x=2"), "/tasks/1?x=2");
        for elsewhere in
            ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "", "/a\nb"]
        {
            assert_eq!(own_path(elsewhere), "", "{elsewhere:?}");
        }
    }
}
