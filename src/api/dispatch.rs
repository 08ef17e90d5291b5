//! Everything common to all calls, in the protocol's order (spec/protocol.md 1.10, spec/governance.md 1.2).

use bytes::Bytes;

use super::{
    arguments,
    endpoint::{CookieEffect, Download, Endpoint, Input, Reply, ReplyBody, Request},
    envelope::{self, Meta},
    path,
    record::Recorder,
    schema, table,
};
use crate::{
    domain::{
        App, Call, Caller, Ctx, audit,
        identity::{self, Impersonation, Presented},
        operations::{self, Access},
    },
    types::{ApiError, CompanyId, ErrorKind, Json, Millis, Result, UserId, Version},
};

/// A request, read from the transport.
#[derive(Default)]
pub struct Incoming {
    /// Path below the API's root.
    pub path: String,
    /// Query string without `?`.
    pub query: String,
    /// Media type without parameters, lower case.
    pub media_type: String,
    /// Raw body.
    pub body: Bytes,
    /// Fields of a form body, if it was one.
    pub form: Option<Json>,
    /// Credentials.
    pub presented: Option<Presented>,
    /// The method is GET or HEAD.
    pub is_get: bool,
    /// The method is POST.
    pub is_post: bool,
    /// The request's origin may use the cookie.
    pub origin_ok: bool,
    /// The request carries an origin that is not allowed.
    pub foreign_origin: bool,
    /// Transaction id header.
    pub trx: Option<String>,
    /// Impersonate-As header.
    pub impersonate_as: Option<String>,
    /// Act-As header.
    pub act_as: Option<String>,
    /// Tenant header.
    pub tenant: Option<String>,
    /// Worker header.
    pub worker: Option<String>,
    /// Client header.
    pub client: Option<String>,
    /// A browser made the request.
    pub browser: bool,
    /// Address of the peer.
    pub ip: String,
    /// Selected headers for the log: without secrets or controls, cut.
    pub headers: Vec<(&'static str, String)>,
}

/// What goes back to the transport.
pub struct Outgoing {
    /// HTTP status.
    pub status: u16,
    /// Envelope or download.
    pub body: OutgoingBody,
    /// What happens to the session cookie.
    pub cookie: Option<CookieEffect>,
}

/// Content of an [`Outgoing`].
pub enum OutgoingBody {
    /// JSON text.
    Json(String),
    /// Streamed.
    Download(Download),
}

/// Runs one call from path to envelope. Blocking.
pub fn dispatch(app: &App, mut incoming: Incoming) -> Outgoing {
    let mut recorder = Recorder::start(app, &mut incoming);
    let trx = incoming.trx.as_deref().filter(|trx| is_trx(trx));
    let mut meta = Meta::unknown(trx);
    let (outgoing, error) = match run(app, incoming, &mut meta, &mut recorder) {
        Ok(Reply { body: ReplyBody::Data(data), cookie }) => (
            Outgoing { status: 200, body: OutgoingBody::Json(envelope::success(&meta, &data)), cookie },
            None,
        ),
        Ok(Reply { body: ReplyBody::Download(download), cookie }) => {
            (Outgoing { status: 200, body: OutgoingBody::Download(download), cookie }, None)
        }
        Err(error) => {
            let body = OutgoingBody::Json(envelope::failure(&meta, &error));
            (Outgoing { status: error.kind().code(), body, cookie: None }, Some(error))
        }
    };
    recorder.answered(&meta, &outgoing, error.as_ref());
    outgoing
}

/// Transaction ids are echoed and audited, so they are kept harmless (S26).
fn is_trx(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn run(app: &App, incoming: Incoming, meta: &mut Meta, recorder: &mut Recorder<'_>) -> Result<Reply> {
    let call_path = path::parse(&incoming.path)?;
    let rules = &app.settings.apiserver.version;
    let requested = match call_path.version {
        Some(version) => version,
        None if rules.required => {
            return Err(ApiError::new(ErrorKind::BadRequest, "the path must name a version, as in /v2.34/"));
        }
        None => Version::CURRENT,
    };
    meta.name = call_path.name;
    meta.requested = requested;
    if rules.check_max_version && requested > Version::CURRENT {
        let text = format!("this server speaks versions up to {}", Version::CURRENT);
        return Err(
            ApiError::new(ErrorKind::BadRequest, text).with("requested_version", requested.to_string())
        );
    }
    let excluded =
        meta.name.split('.').next().is_some_and(|service| {
            app.settings.apiserver.services.excluded.iter().any(|name| name == service)
        });
    let endpoint = table::resolve(&meta.name, requested).filter(|_| !excluded).ok_or_else(|| {
        ApiError::new(ErrorKind::NotFound, "unable to find endpoint").with("call", meta.name.as_str())
    })?;
    meta.actual = Some(endpoint.min);
    let call = Call {
        id: meta.id.clone(),
        trx: meta.trx.clone(),
        version: requested,
        ip: incoming.ip.clone(),
        worker: incoming.worker.clone(),
        client: incoming.client.clone(),
        browser: incoming.browser,
        received: Millis::now(),
    };
    let operation = endpoint.operation()?;
    let mut presented = incoming.presented.clone().unwrap_or(Presented::Nothing);
    recorder.found(endpoint, operation, &call, &presented);
    // A call that another site may have caused neither uses nor changes the session (S20).
    let mut keep_cookie = incoming.foreign_origin;
    if matches!(operation.access, Access::Optional)
        && check_cookie_use(endpoint, &incoming, &presented).is_err()
    {
        presented = Presented::Nothing;
        keep_cookie = true;
    }
    let authenticated = match operation.access {
        Access::Open => Ok(Caller::anonymous()),
        Access::Optional => Ok(identity::authenticate(app, &presented, &call, endpoint.name)
            .unwrap_or_else(|_| Caller::anonymous())),
        _ => check_cookie_use(endpoint, &incoming, &presented)
            .and_then(|()| identity::authenticate(app, &presented, &call, endpoint.name)),
    };
    let ctx = match authenticated {
        Ok(caller) => Ctx::new(app, caller, call),
        // Failed sign-ins are security events (S26), whatever call the password or secret came with.
        Err(error) if operation.name == "auth.login" || error.kind() == ErrorKind::InvalidCredentials => {
            let sign_in = operations::find("auth.login").unwrap_or(operation);
            let ctx = Ctx::new(app, Caller::anonymous(), call);
            audit::note_presented(&ctx, &presented);
            let refused: Result<()> = operations::perform(sign_in, &ctx, |_| Err(error.clone()));
            recorder.ended(&ctx);
            return refused.and(Err(error.clone())).map_err(|_| error);
        }
        Err(error) => return Err(error),
    };
    // A refused impersonation was tried by somebody.
    recorder.ended(&ctx);
    let ctx = impersonated(app, ctx, operation, &incoming)?;
    let ctx = in_tenant(app, ctx, incoming.tenant.as_deref())?;
    let result = operations::perform(operation, &ctx, |ctx| {
        let request = read_request(endpoint, incoming, presented)?;
        recorder.read(&request.body);
        let reply = (endpoint.run)(ctx, request)?;
        Ok(if keep_cookie { reply.with_cookie(None) } else { reply })
    });
    recorder.ended(&ctx);
    result
}

/// A cookie alone makes a call only when it can't come from another site (S20).
fn check_cookie_use(endpoint: &Endpoint, incoming: &Incoming, presented: &Presented) -> Result<()> {
    let download = endpoint.download && incoming.is_get;
    let own_page = incoming.is_post && incoming.media_type == "application/json" && incoming.origin_ok;
    match presented {
        Presented::Cookie(_) | Presented::Page(_) if !download && !own_page => Err(ApiError::new(
            ErrorKind::OriginNotAllowed,
            "calls with the session cookie must be POST with Content-Type application/json from one of our own pages; \
             programs send an Authorization header",
        )),
        _ => Ok(()),
    }
}

fn impersonated<'a>(
    app: &'a App,
    ctx: Ctx<'a>,
    operation: &'static operations::Operation,
    incoming: &Incoming,
) -> Result<Ctx<'a>> {
    let wanted = match (&incoming.impersonate_as, &incoming.act_as) {
        (None, None) => return Ok(ctx),
        _ if !ctx.caller.is_known() => return Ok(ctx),
        (Some(_), Some(_)) => {
            return Err(ApiError::new(
                ErrorKind::InvalidHeaders,
                "send either Impersonate-As or Act-As, not both",
            ));
        }
        (Some(user), None) => Impersonation::As(UserId::from(user.as_str())),
        (None, Some(user)) => Impersonation::ActAs(UserId::from(user.as_str())),
    };
    operations::allowed(operation, &ctx)?;
    let login = operation.name == "auth.login";
    match identity::impersonate(app, ctx.caller.clone(), &wanted, login) {
        Ok(caller) => Ok(Ctx::new(app, caller, ctx.call.clone())),
        // Whoever tries to become somebody else leaves a trace (S26).
        Err(error) => {
            let (Impersonation::As(target) | Impersonation::ActAs(target)) = &wanted;
            let sign_in = operations::find("auth.login").unwrap_or(operation);
            operations::perform(sign_in, &ctx, |ctx| {
                ctx.touched("user", target.as_str());
                Err(error)
            })
        }
    }
}

/// The tenant that the caller selects (spec/governance.md 8.4).
fn in_tenant<'a>(app: &'a App, ctx: Ctx<'a>, wanted: Option<&str>) -> Result<Ctx<'a>> {
    match wanted {
        Some(wanted) if ctx.caller.is_known() && wanted != ctx.caller.tenant.as_str() => {
            let call = ctx.call.clone();
            Ok(Ctx::new(app, identity::select_tenant(app, ctx.caller, &CompanyId::from(wanted))?, call))
        }
        _ => Ok(ctx),
    }
}

pub(super) fn read_request(endpoint: &Endpoint, incoming: Incoming, presented: Presented) -> Result<Request> {
    let is_lines = incoming.media_type == "application/json-lines";
    if endpoint.input == Input::Lines {
        return Ok(Request { body: Json::new(), lines: incoming.body, is_lines, presented });
    }
    if is_lines {
        return Err(ApiError::new(
            ErrorKind::ValidationError,
            "this call takes one JSON object, not JSON lines",
        ));
    }
    let mut body = match incoming.form {
        Some(_) => Json::new(),
        None => arguments::parse_body(&incoming.body)?,
    };
    arguments::merge_urlencoded(&mut body, &incoming.query)?;
    if let Some(form) = incoming.form {
        body.extend(form);
    }
    let missing: Vec<&str> =
        endpoint.required.iter().copied().filter(|key| !body.contains_key(*key)).collect();
    if !missing.is_empty() {
        return Err(ApiError::from(ErrorKind::MissingRequiredFields).with("fields", missing));
    }
    if endpoint.input == Input::Typed
        && let Some(known) = schema::request(endpoint.name)
    {
        body = schema::check(&known, body)?;
    }
    Ok(Request { body, lines: Bytes::new(), is_lines: false, presented })
}
