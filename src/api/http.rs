//! Between actix and [`dispatch`](super::dispatch): headers in, headers out.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    web,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    arguments,
    body::{self, BodyBudget},
    dispatch::{Incoming, Outgoing, OutgoingBody, dispatch},
    endpoint::{CookieEffect, Download},
    envelope::{self, Meta},
    presented,
};
use crate::{
    config::settings::network::Network,
    domain::{
        App, audit,
        identity::Presented,
        origin::{Allowance, OriginPolicy},
        peer::{peer_address, requested_host},
        transfer::{accepts_gzip, chunks, gzip},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// What the transport needs to know to serve the API; one per process.
pub struct ApiState {
    /// The server.
    pub app: Arc<App>,
    /// Which origins may call.
    pub origins: OriginPolicy,
    /// Largest body in bytes.
    pub max_body: usize,
    /// Cookies are for TLS only.
    pub secure_cookies: bool,
    /// Peers whose forwarding headers count.
    pub trusted_proxies: Vec<Network>,
    /// How many calls may run or wait at once.
    pub slots: Arc<tokio::sync::Semaphore>,
    /// What request bodies may hold in memory.
    pub bodies: BodyBudget,
}

/// Without credentials a body may only be this long.
const MAX_ANONYMOUS_BODY: usize = 1024 * 1024;

/// Answers any API request: every path and every method comes here. `prefix` is what the web port puts before paths.
pub async fn call(
    request: HttpRequest,
    payload: web::Payload,
    state: &ApiState,
    prefix: &str,
) -> HttpResponse {
    let path = request.path().strip_prefix(prefix).unwrap_or(request.path()).to_owned();
    let origin = header_text(request.headers(), "origin");
    let mut response = match answer(&request, payload, state, path, origin.as_deref()).await {
        Ok(response) => response,
        Err(error) => failure(&error),
    };
    finish(&mut response, &request, state, origin.as_deref());
    response
}

async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    state: &ApiState,
    path: String,
    origin: Option<&str>,
) -> Result<HttpResponse> {
    let headers = request.headers();
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::Ok().finish());
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| !value.is_empty()) {
        return Ok(HttpResponse::UnsupportedMediaType()
            .content_type("text/plain; charset=utf-8")
            .body("Request bodies must not be compressed: leave out the Content-Encoding header.\n"));
    }
    let presented = presented::read(headers, &state.app.settings.apiserver.auth.session_auth_cookie_name);
    let known = presented != Presented::Nothing;
    let limit = if known { state.max_body } else { state.max_body.min(MAX_ANONYMOUS_BODY) };
    // The body comes first: a client that sends it slowly must not hold a slot meanwhile.
    let (body, budget) = body::read(headers, payload, limit, &state.bodies).await?;
    let slot =
        match tokio::time::timeout(std::time::Duration::from_secs(30), state.slots.clone().acquire_owned())
            .await
        {
            Ok(Ok(slot)) => slot,
            _ => return Err(ErrorKind::Overloaded.into()),
        };
    let media_type = media_type(headers);
    let form = match media_type.as_str() {
        "application/x-www-form-urlencoded" => {
            let mut fields = Json::new();
            arguments::merge_urlencoded(&mut fields, &String::from_utf8_lossy(&body))?;
            Some(fields)
        }
        "multipart/form-data" => Some(super::form::fields(headers, &body)?),
        _ => None,
    };
    let host = host(request, state);
    let allowance = origin.map(|origin| state.origins.allow(origin, &host));
    let client = either(headers, "x-clearml-client", "x-trains-client");
    let browser = origin.is_some()
        || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"))
        || client.as_deref().is_some_and(|client| client.starts_with("Webapp-"));
    let incoming = Incoming {
        headers: logged_headers(headers),
        path,
        query: request.query_string().to_owned(),
        media_type,
        body,
        form,
        presented: Some(presented),
        is_get: request.method() == Method::GET || request.method() == Method::HEAD,
        is_post: request.method() == Method::POST,
        origin_ok: allowance == Some(Allowance::WithCredentials),
        foreign_origin: allowance.is_some_and(|allowance| allowance != Allowance::WithCredentials),
        trx: either(headers, "x-clearml-trx", "x-trains-trx"),
        impersonate_as: either(headers, "x-clearml-impersonate-as", "x-trains-impersonate-as"),
        act_as: either(headers, "x-clearml-act-as", "x-trains-act-as"),
        tenant: either(headers, "x-clearml-tenant", "x-trains-tenant"),
        worker: either(headers, "x-clearml-worker", "x-trains-worker"),
        client,
        browser,
        ip: peer_address(
            request.peer_addr().map(|address| address.ip()),
            header_text(headers, "x-forwarded-for").as_deref(),
            header_text(headers, "x-real-ip").as_deref(),
            &state.trusted_proxies,
        ),
    };
    let app = Arc::clone(&state.app);
    let compresses = state.app.settings.server.compress_responses;
    let wants_gzip = compresses && accepts_gzip(header_text(headers, "accept-encoding").as_deref());
    let (outgoing, packed) = web::block(move || {
        let _held = (slot, budget);
        let outgoing = dispatch(&app, incoming);
        let packed = match &outgoing.body {
            OutgoingBody::Json(text) if wants_gzip && text.len() >= 500 => Some(gzip(text.as_bytes())),
            _ => None,
        };
        (outgoing, packed)
    })
    .await
    .map_err(|_| ApiError::from(ErrorKind::GeneralError))?;
    Ok(respond(outgoing, packed, state))
}

fn respond(outgoing: Outgoing, packed: Option<Vec<u8>>, state: &ApiState) -> HttpResponse {
    let status = StatusCode::from_u16(outgoing.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match outgoing.body {
        OutgoingBody::Json(text) => match packed {
            Some(bytes) => json(status, bytes, true),
            None => json(status, text.into_bytes(), false),
        },
        OutgoingBody::Download(download) => save(download),
    };
    if let Some(effect) = outgoing.cookie {
        let name = &state.app.settings.apiserver.auth.session_auth_cookie_name;
        let cookie = match &effect {
            CookieEffect::Set(token) => Cookie::build(name, token).max_age(Duration::seconds(
                state.app.settings.apiserver.auth.default_expiration_sec.signed(),
            )),
            CookieEffect::Delete => Cookie::build(name, "").max_age(Duration::ZERO),
        };
        let cookie =
            cookie.path("/").http_only(true).same_site(SameSite::Lax).secure(state.secure_cookies).finish();
        if let Err(error) = response.add_cookie(&cookie) {
            tracing::error!(error = %error, "the session cookie could not be set");
        }
    }
    response
}

fn json(status: StatusCode, body: Vec<u8>, packed: bool) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    if packed {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, "2"));
    }
    response.body(body)
}

fn failure(error: &ApiError) -> HttpResponse {
    let status = StatusCode::from_u16(error.kind().code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, envelope::failure(&Meta::unknown(None), error).into_bytes(), false)
}

/// Streams a download in chunks read on blocking threads.
fn save(download: Download) -> HttpResponse {
    let disposition = attachment(&download.filename);
    HttpResponse::Ok()
        .content_type(download.content_type)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CACHE_CONTROL, "no-store, max-age=0"))
        .streaming(chunks(download.content))
}

/// `attachment; filename=…`, in quotes where the name has more than letters, digits and a few signs, and with the RFC
/// 5987 form for names beyond ASCII.
pub fn attachment(filename: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let quotable = |c: char| plain(c) || " ()[]+,=@#~".contains(c);
    let folded: String = filename.chars().map(|c| if quotable(c) { c } else { '_' }).collect();
    let simple = match folded.chars().all(plain) {
        true => format!("attachment; filename={folded}"),
        false => format!("attachment; filename=\"{folded}\""),
    };
    if folded == filename {
        return simple;
    }
    let encoded = utf8_percent_encode(filename, NON_ALPHANUMERIC);
    format!("{simple}; filename*=UTF-8''{encoded}")
}

/// Headers that every reply carries.
fn finish(response: &mut HttpResponse, request: &HttpRequest, state: &ApiState, origin: Option<&str>) {
    let server = HeaderValue::from_str(&state.app.settings.apiserver.response.headers.server);
    // The SDK forks a reporter that inherits its open connections; two processes on one connection mix their calls.
    if either(request.headers(), "x-clearml-client", "x-trains-client")
        .is_some_and(|client| client.starts_with("clearml-"))
    {
        response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    let headers = response.headers_mut();
    if let Ok(server) = server {
        headers.insert(header::SERVER, server);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let Some(origin) = origin else { return };
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let host = host(request, state);
    let allowance = state.origins.allow(origin, &host);
    let Ok(value) = HeaderValue::from_str(origin) else { return };
    if allowance == Allowance::Refused {
        return;
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    if allowance == Allowance::WithCredentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if request.method() == Method::OPTIONS {
        let methods = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        if let Some(wanted) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
}

/// The host that the caller asked for, for comparing it with the origin.
fn host(request: &HttpRequest, state: &ApiState) -> String {
    let headers = request.headers();
    let named = header_text(headers, "host").or_else(|| request.uri().authority().map(ToString::to_string));
    requested_host(
        request.peer_addr().map(|address| address.ip()),
        named.as_deref().unwrap_or_default(),
        header_text(headers, "x-forwarded-host").as_deref(),
        &state.trusted_proxies,
    )
    .to_owned()
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn either(headers: &HeaderMap, first: &str, second: &str) -> Option<String> {
    let text =
        |name| header_text(headers, name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    text(first).or_else(|| text(second))
}

/// Headers that the log shows. Of credentials only their scheme and length (spec/governance.md 13).
fn logged_headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    const SHOWN: [&str; 10] = [
        "user-agent",
        "content-type",
        "origin",
        "x-clearml-client",
        "x-clearml-worker",
        "x-clearml-impersonate-as",
        "x-clearml-act-as",
        "x-clearml-tenant",
        "x-trains-client",
        "x-forwarded-for",
    ];
    const HIDDEN: [&str; 3] = ["authorization", "cookie", "x-jwt-payload"];
    let mut logged = Vec::new();
    for name in SHOWN {
        if let Some(text) = header_text(headers, name) {
            logged.push((name, audit::header_text(&text)));
        }
    }
    for name in HIDDEN {
        if let Some(value) = headers.get(name) {
            let scheme = match name {
                "authorization" => value
                    .to_str()
                    .ok()
                    .and_then(|text| text.split_once(' '))
                    .map(|(scheme, _)| scheme)
                    .filter(|scheme| ["basic", "bearer"].contains(&scheme.to_ascii_lowercase().as_str())),
                _ => None,
            };
            let scheme = scheme.map_or_else(String::new, |scheme| format!("{scheme} "));
            logged.push((name, format!("{scheme}<redacted>, {} bytes", value.len())));
        }
    }
    logged
}

fn media_type(headers: &HeaderMap) -> String {
    let value = header_text(headers, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_ascii_get_both_forms() {
        assert_eq!(attachment("task_1.log"), "attachment; filename=task_1.log");
        assert_eq!(
            attachment("clearml-Two words-tasks.csv"),
            "attachment; filename=\"clearml-Two words-tasks.csv\""
        );
        assert_eq!(
            attachment("für uns"),
            "attachment; filename=\"f_r uns\"; filename*=UTF-8''f%C3%BCr%20uns"
        );
        assert_eq!(
            attachment("a\"ü\n.csv"),
            "attachment; filename=a___.csv; filename*=UTF-8''a%22%C3%BC%0A%2Ecsv"
        );
    }
}
