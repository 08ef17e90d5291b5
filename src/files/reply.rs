//! Replies: plain texts, failures, and the headers that each of them carries.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
};

use super::{FilesState, http};
use crate::{
    domain::origin::Allowance,
    types::{ApiError, ErrorKind},
};

/// A text.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text.into())
}

/// Bare JSON.
pub(super) fn json(value: &impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}

/// An error as a sentence. No challenge: browsers must not ask for a password here.
pub(super) fn failure(error: &ApiError) -> HttpResponse {
    let code = match error.kind() {
        // The protocol's code for a full disk is for the API (DESIGN.md, "full disk").
        ErrorKind::LowDiskSpace => ErrorKind::StorageFull.code(),
        kind => kind.code(),
    };
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = text(status, format!("{error}\n"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// The method makes no sense there.
pub(super) fn not_allowed(allow: &'static str) -> HttpResponse {
    let mut response = text(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("This address takes {allow}. Files are uploaded with POST /.\n"),
    );
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// Headers of every reply: who we are, no guessing of content, and which other origins may read it (spec/files.md 2.6).
pub(super) fn finish(response: &mut HttpResponse, request: &HttpRequest, state: &FilesState) {
    let headers = response.headers_mut();
    if let Ok(server) = HeaderValue::from_str(&state.app.settings.apiserver.response.headers.server) {
        headers.insert(header::SERVER, server);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let Some(origin) = http::origin(request) else {
        if state.origins.any {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        return;
    };
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let allowance = state.origins.allow(&origin, &http::host(request, state));
    let (Ok(value), true) = (HeaderValue::from_str(&origin), allowance != Allowance::Refused) else { return };
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
