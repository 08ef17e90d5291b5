//! From a request to the operation it asks for, and the headers that every reply carries (spec/files.md 2).

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web,
};

use super::{credentials, delete, download, reply, upload};
use crate::{
    config::settings::network::Network,
    domain::{
        App, Call, Caller,
        files::{FilePath, Files, open_caller},
        identity::{self, Presented},
        origin::{Allowance, OriginPolicy},
        peer::{peer_address, requested_host},
    },
    types::{ApiError, ErrorKind, Millis, Result, Version, new_id},
};

/// What the transport needs to know to serve files; one per process.
pub struct FilesState {
    /// The server.
    pub app: Arc<App>,
    /// The files.
    pub files: Arc<Files>,
    /// Which origins may call.
    pub origins: OriginPolicy,
    /// Name of the cookie that carries a session of the pages.
    pub page_cookie: String,
    /// Peers whose forwarding headers count.
    pub trusted_proxies: Vec<Network>,
}

/// What a path asks for.
enum Target {
    /// `/`: health, uploads.
    Root,
    /// `/delete_many`, which is a file's path for every other method than POST.
    DeleteMany,
    /// Anything else.
    File,
}

/// Serves files below `prefix`: `""` on a port of their own, `"/files"` on the web port.
pub fn configure(config: &mut web::ServiceConfig, state: web::Data<FilesState>, prefix: &'static str) {
    let serve = move |request: HttpRequest, payload: web::Payload| {
        let state = state.clone();
        async move { call(request, payload, &state, prefix).await }
    };
    if prefix.is_empty() {
        config.default_service(web::to(serve));
    } else {
        config.service(web::resource([prefix.to_owned(), format!("{prefix}/{{tail:.*}}")]).to(serve));
    }
}

/// Answers any request for files. `prefix` is what the web port puts before paths.
pub async fn call(
    request: HttpRequest,
    payload: web::Payload,
    state: &FilesState,
    prefix: &str,
) -> HttpResponse {
    let mut payload = Some(payload);
    let mut response = match answer(&request, &mut payload, state, prefix).await {
        Ok(response) => response,
        Err(error) => reply::failure(&error),
    };
    if let Some(unread) = payload {
        // A client that is still sending would otherwise see a broken connection in place of the answer.
        upload::discard(unread).await;
    }
    reply::finish(&mut response, &request, state);
    response
}

async fn answer(
    request: &HttpRequest,
    payload: &mut Option<web::Payload>,
    state: &FilesState,
    prefix: &str,
) -> Result<HttpResponse> {
    if request.headers().get(header::CONTENT_ENCODING).is_some_and(|value| !value.is_empty()) {
        let text = "Request bodies must not be compressed: leave out the Content-Encoding header.\n";
        return Ok(reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    // The path as sent: it is decoded once, here and nowhere else.
    let path = request.uri().path();
    let path = path.strip_prefix(prefix).unwrap_or(path);
    let target = match path {
        "" | "/" => Target::Root,
        "/delete_many" if state.app.settings.fileserver.delete.allow_batch => Target::DeleteMany,
        _ => Target::File,
    };
    match (request.method(), target) {
        (&Method::OPTIONS, _) => Ok(HttpResponse::Ok().finish()),
        (&Method::GET | &Method::HEAD, Target::Root) => {
            // A health check needs no credentials, but wrong ones are told (spec/files.md 2.1).
            if credentials::read(request, state)? != Presented::Nothing {
                authenticate(request, state).await?;
            }
            Ok(reply::text(StatusCode::OK, "OK"))
        }
        (&Method::POST, Target::Root) => {
            let (caller, call) = authenticate_change(request, state).await?;
            upload::serve(request, payload, state, caller, call).await
        }
        (&Method::POST, Target::DeleteMany) => {
            let (caller, call) = authenticate_change(request, state).await?;
            delete::many(payload, state, caller, call).await
        }
        (&Method::GET | &Method::HEAD, _) => {
            let (caller, call) = authenticate(request, state).await?;
            download::serve(request, state, caller, call, named(path)?).await
        }
        (&Method::DELETE, Target::File | Target::DeleteMany) => {
            let (caller, call) = authenticate_change(request, state).await?;
            delete::one(state, caller, call, named(path)?).await
        }
        (_, target) => Ok(reply::not_allowed(match target {
            Target::Root => "GET, HEAD, OPTIONS, POST",
            Target::DeleteMany => "DELETE, GET, HEAD, OPTIONS, POST",
            Target::File => "DELETE, GET, HEAD, OPTIONS",
        })),
    }
}

fn named(path: &str) -> Result<FilePath> {
    FilePath::from_url(path).ok_or_else(|| ErrorKind::FileNotFound.into())
}

/// Finds out who calls, at every request anew: a revoked token stops working at once.
async fn authenticate(request: &HttpRequest, state: &FilesState) -> Result<(Caller, Call)> {
    let presented = credentials::read(request, state)?;
    let call = describe(request, state);
    if presented == Presented::Nothing && !state.app.settings.fileserver.auth.enabled {
        return Ok((open_caller(&state.app), call));
    }
    let app = Arc::clone(&state.app);
    blocking(move || {
        let caller = identity::authenticate(&app, &presented, &call, "files")?;
        Ok((caller, call))
    })
    .await
}

/// As [`authenticate`], for requests that change something: a browser may send them only from our own pages
/// (spec/security_rules.md S20).
async fn authenticate_change(request: &HttpRequest, state: &FilesState) -> Result<(Caller, Call)> {
    let ours = origin(request)
        .map(|origin| state.origins.allow(&origin, &host(request, state)) == Allowance::WithCredentials);
    let refused = match credentials::read(request, state)? {
        Presented::Cookie(_) | Presented::Page(_) => ours != Some(true),
        // Where files are open to the network, they are not open to every page that somebody in it looks at.
        Presented::Nothing => ours == Some(false),
        _ => false,
    };
    if refused {
        return Err(ApiError::new(
            ErrorKind::OriginNotAllowed,
            "files are stored and deleted with the session cookie only from our own pages; programs send an Authorization \
             header",
        ));
    }
    authenticate(request, state).await
}

fn describe(request: &HttpRequest, state: &FilesState) -> Call {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let either = |first: &str, second: &str| text(first).or_else(|| text(second)).map(str::to_owned);
    let client = either("x-clearml-client", "x-trains-client");
    let browser = text("origin").is_some()
        || request.headers().keys().any(|name| name.as_str().starts_with("sec-fetch-"))
        || client.as_deref().is_some_and(|client| client.starts_with("Webapp-"));
    let id = new_id();
    Call {
        trx: id.clone(),
        id,
        version: Version::CURRENT,
        ip: peer_address(
            request.peer_addr().map(|address| address.ip()),
            text("x-forwarded-for"),
            text("x-real-ip"),
            &state.trusted_proxies,
        ),
        worker: either("x-clearml-worker", "x-trains-worker"),
        client,
        browser,
        received: Millis::now(),
    }
}

/// The host that the caller asked for, for comparing it with the origin.
pub(super) fn host(request: &HttpRequest, state: &FilesState) -> String {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(ToString::to_string);
    requested_host(
        request.peer_addr().map(|address| address.ip()),
        text("host").or(authority.as_deref()).unwrap_or_default(),
        text("x-forwarded-host"),
        &state.trusted_proxies,
    )
    .to_owned()
}

/// The page that makes the request, when a browser says so.
pub(super) fn origin(request: &HttpRequest) -> Option<String> {
    // An origin that is no text is one all the same, and none of ours.
    let value = request.headers().get(header::ORIGIN)?;
    Some(value.to_str().unwrap_or("null").to_owned())
}

/// Runs blocking work on a thread made for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    web::block(work).await.map_err(|_| ApiError::from(ErrorKind::GeneralError))?
}
