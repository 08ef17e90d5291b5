//! Who looks at a page, and what guards its forms (spec/security_rules.md S20, ux/UX.md section 4).

use serde_json::Value;

use super::{
    PageRequest,
    pages::notice,
    render::time::{Clock, When},
    view::{
        kit::Person,
        shell::{Density, NavEntry, Shell, Theme},
    },
};
use crate::{
    crypto::{keyed, random},
    domain::{
        App, Caller, CallerKind, Ctx,
        identity::{self, Presented},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// The caller of a page request, when somebody is signed in.
pub(super) fn caller(app: &App, request: &PageRequest) -> Option<Caller> {
    let id = request.session.clone()?;
    identity::authenticate(app, &Presented::Page(id), &request.call, "pages").ok()
}

/// The CSRF token of a session or of a visitor's cookie.
pub(super) fn csrf_token(app: &App, bound_to: &str) -> String {
    let hash = keyed::keyed_hash(app.keys.session.expose().as_bytes(), &[b"csrf", bound_to.as_bytes()]);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A form must come from our own page: same origin where the browser says one, and the token of the session.
///
/// Errors: 403/40.
pub(super) fn check_form(app: &App, request: &PageRequest, bound_to: &str) -> Result<()> {
    let token = csrf_token(app, bound_to);
    if request.origin_ok && keyed::same(request.field("csrf").as_bytes(), token.as_bytes()) {
        return Ok(());
    }
    Err(ApiError::new(ErrorKind::OriginNotAllowed, "the form is too old or not ours; load the page again"))
}

/// Everything around a page for its reader.
pub(super) fn shell(ctx: &Ctx<'_>, request: &PageRequest, current: &'static str) -> Shell {
    let caller = &ctx.caller;
    let preferences = preferences(ctx);
    let text = |key: &str| preferences.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let session = caller.session.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
    Shell {
        theme: Theme::from_key(&text("theme")),
        density: Density::from_key(&text("density")),
        clock: clock(ctx, request),
        person: caller.is_known().then(|| Person {
            name: caller.name.clone(),
            is_service: matches!(caller.kind, CallerKind::Service(_)),
        }),
        administers: caller.is_known() && caller.role.administers(),
        operates: caller.is_known() && caller.operates(),
        tenant: if caller.tenants.len() > 1 { tenant_name(ctx) } else { String::new() },
        nav: if caller.is_known() { NAV.to_vec() } else { Vec::new() },
        current,
        csrf: csrf_token(ctx.app, &session),
        once: once_key(),
        notices: notice::told(request).into_iter().collect(),
        single_keys: preferences.get("keys") != Some(&Value::Bool(false)),
    }
}

/// Pages that exist.
const NAV: [NavEntry; 2] = [
    NavEntry { label: "Projects", href: "/projects" },
    NavEntry { label: "Queues & workers", href: "/queues" },
];

fn once_key() -> String {
    random::random_bytes::<9>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Now and here: the zone is the preference, else the browser's, else the server's.
pub(super) fn clock(ctx: &Ctx<'_>, request: &PageRequest) -> Clock {
    let now = When(ctx.call.received.0);
    let zone = request.zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
    match zone {
        Some(zone) => Clock { now, zone },
        None => Clock { now, zone: jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC) },
    }
}

/// What the pages keep among a person's preferences.
pub(super) fn preferences(ctx: &Ctx<'_>) -> Json {
    let stored = identity::preferences(ctx).unwrap_or_default();
    stored.get(PREFERENCES).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Their key.
pub(super) const PREFERENCES: &str = "roundhouse";

fn tenant_name(ctx: &Ctx<'_>) -> String {
    let found = ctx.read(|snapshot| snapshot.company(ctx.caller.tenant.as_str()));
    found.ok().flatten().map(|company| company.name).unwrap_or_default()
}
