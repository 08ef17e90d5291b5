//! What a request presents as credentials (spec/files.md 3).

use actix_web::{HttpRequest, http::header};

use super::FilesState;
use crate::{
    domain::identity::Presented,
    types::{ApiError, ErrorKind, Result},
};

/// Reads the Authorization header, which must carry a token, else the first configured cookie with a value, else the
/// cookie of the pages. A token in the address is never looked at: addresses end up in logs.
///
/// Errors: 401/0 another scheme.
pub(super) fn read(request: &HttpRequest, state: &FilesState) -> Result<Presented> {
    if let Some(header) = request.headers().get(header::AUTHORIZATION) {
        return match header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")) {
            Some(token) => Ok(Presented::Bearer(token.trim().to_owned())),
            None => Err(ApiError::new(
                ErrorKind::Unauthorized,
                "files take only a token: get one from auth.login and send it as Authorization: Bearer",
            )),
        };
    }
    let cookie = |name: &str| {
        let cookie = request.cookie(name)?;
        Some(cookie.value().to_owned()).filter(|value| !value.is_empty())
    };
    let names = &state.app.settings.fileserver.auth.cookie_names;
    if let Some(token) = names.iter().find_map(|name| cookie(name)) {
        return Ok(Presented::Cookie(token));
    }
    Ok(cookie(&state.page_cookie).map_or(Presented::Nothing, Presented::Page))
}
