//! Between actix and the pages: headers and cookies in, headers and cookies out.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
    web,
};
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;

use super::{PageReply, PageRequest, assets, pages, view};
use crate::{
    config::settings::network::Network,
    domain::{
        App, Call,
        origin::{OriginPolicy, allowed_origin},
        peer::{peer_address, requested_host},
        transfer::{accepts_gzip, chunks, gzip},
    },
};

/// What the transport needs to know to serve pages; one per process.
pub struct WebState {
    /// The server.
    pub app: Arc<App>,
    /// Which origins are ours.
    pub origins: OriginPolicy,
    /// Cookies are for TLS only.
    pub secure_cookies: bool,
    /// Peers whose forwarding headers count.
    pub trusted_proxies: Vec<Network>,
    /// SHA-256 of the local authority, shown before sign-in.
    pub fingerprint: String,
    /// `ca.pem`, for people to fetch.
    pub ca: Option<String>,
}

impl WebState {
    /// Name of the session cookie: bound to the host under TLS.
    pub fn session_cookie(&self) -> &'static str {
        if self.secure_cookies { "__Host-roundhouse" } else { "roundhouse" }
    }
}

/// Forms of pages are small.
const MAX_FORM: usize = 1024 * 1024;

/// Answers any request for a page or a static file.
pub async fn call(request: HttpRequest, payload: web::Payload, state: web::Data<WebState>) -> HttpResponse {
    if let Some(response) = static_file(&request) {
        return response;
    }
    if request.path() == "/ca.pem"
        && let Some(ca) = &state.ca
    {
        return HttpResponse::Ok().content_type("application/x-pem-file").body(ca.clone());
    }
    let form = match read_form(&request, payload).await {
        Some(form) => form,
        None => return HttpResponse::PayloadTooLarge().body("The form is too large.\n"),
    };
    let page_request = page_request(&request, &state, form);
    let fingerprint = state.fingerprint.clone();
    let app = Arc::clone(&state.app);
    let wants_gzip = accepts_gzip(text(request.headers(), "accept-encoding").as_deref());
    let done = web::block(move || {
        let reply = pages::answer(&app, &page_request, &fingerprint);
        let compressed = (wants_gzip && reply.body.len() > 500).then(|| gzip(reply.body.as_bytes()));
        (reply, compressed)
    })
    .await;
    match done {
        Ok((reply, compressed)) => respond(reply, compressed, &state),
        Err(_) => HttpResponse::InternalServerError().body("The server could not answer. Try again.\n"),
    }
}

fn static_file(request: &HttpRequest) -> Option<HttpResponse> {
    let path = request.path();
    if !path.starts_with("/static/") {
        return None;
    }
    let Ok(asset) = assets::find(path) else { return Some(HttpResponse::NotFound().body("No such file.\n")) };
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, assets::CACHE_CONTROL))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Sandboxed figures have no origin of their own and still need our scripts; nothing here is secret.
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::VARY, "Accept-Encoding"));
    Some(match asset.gzip.filter(|_| accepts_gzip(text(request.headers(), "accept-encoding").as_deref())) {
        Some(gzip) => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip),
        None => response.body(asset.bytes),
    })
}

async fn read_form(request: &HttpRequest, mut payload: web::Payload) -> Option<Vec<(String, String)>> {
    if request.method() != Method::POST {
        return Some(Vec::new());
    }
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.ok()?;
        if body.len() + chunk.len() > MAX_FORM {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(view::address::pairs(&String::from_utf8_lossy(&body)).collect())
}

fn page_request(request: &HttpRequest, state: &WebState, form: Vec<(String, String)>) -> PageRequest {
    let headers = request.headers();
    let cookie = |name: &str| request.cookie(name).map(|cookie| cookie.value().to_owned());
    let origin = text(headers, "origin");
    let named = text(headers, "host").or_else(|| request.uri().authority().map(ToString::to_string));
    let forwarded = text(headers, "x-forwarded-host");
    let host = requested_host(
        request.peer_addr().map(|address| address.ip()),
        named.as_deref().unwrap_or_default(),
        forwarded.as_deref(),
        &state.trusted_proxies,
    );
    let mut call = Call::internal();
    call.ip = peer_address(
        request.peer_addr().map(|address| address.ip()),
        text(headers, "x-forwarded-for").as_deref(),
        text(headers, "x-real-ip").as_deref(),
        &state.trusted_proxies,
    );
    call.client = Some("Pages".to_owned());
    call.browser = true;
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    PageRequest {
        is_get: matches!(*request.method(), Method::GET | Method::HEAD),
        segments: request.path().split('/').filter(|part| !part.is_empty()).map(decode).collect(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        form,
        session: cookie(state.session_cookie()),
        visitor: cookie("roundhouse-visitor"),
        zone: cookie("zone").map(|zone| decode(&zone)),
        theme: cookie("theme"),
        notice: cookie(pages::notice::COOKIE).map(|notice| decode(&notice)),
        main_only: text(headers, "hx-target").as_deref() == Some("main"),
        if_none_match: text(headers, "if-none-match"),
        origin_ok: origin.is_none() || allowed_origin(&state.origins, origin.as_deref(), host),
        call,
    }
}

fn respond(reply: PageReply, compressed: Option<Vec<u8>>, state: &WebState) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response
        .content_type(reply.content_type)
        .insert_header(("Content-Security-Policy", view::policy::PAGE))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .append_header((header::VARY, "Accept-Encoding, Cookie"));
    if state.secure_cookies {
        response.insert_header((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    for (name, value) in reply.headers {
        if name == "Vary" {
            response.append_header((name, value));
        } else {
            response.insert_header((name, value));
        }
    }
    for (name, value, lasting) in reply.cookies {
        let name = if name == pages::SESSION { state.session_cookie() } else { name };
        let mut cookie = Cookie::build(name, value.clone())
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(state.secure_cookies);
        if value.is_empty() {
            cookie = cookie.max_age(Duration::ZERO);
        } else if lasting {
            cookie = cookie.max_age(Duration::days(365));
        }
        response.cookie(cookie.finish());
    }
    if let Some(stream) = reply.stream {
        return response.streaming(chunks(stream));
    }
    match compressed {
        Some(body) => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(body),
        None => response.body(reply.body),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
