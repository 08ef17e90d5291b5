//! The path grammar: `/{v<version>/}{service}.{action}` (spec/protocol.md 1.1).

use crate::types::{ApiError, ErrorKind, Result, Version};

/// A request path that follows the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallPath {
    /// Version asked for, if any.
    pub version: Option<Version>,
    /// `service.action`.
    pub name: String,
}

/// Reads a path.
///
/// Errors: 400/0 the path does not follow the grammar; 400/2 a version component with a leading zero.
pub(super) fn parse(path: &str) -> Result<CallPath> {
    let malformed =
        || ApiError::new(ErrorKind::BadRequest, "the path must read /v<version>/<service>.<action>");
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let (version, name) = match path.split_once('/') {
        Some((version, name)) => (Some(version), name),
        None => (None, path),
    };
    let (service, action) = name.split_once('.').ok_or_else(malformed)?;
    if !is_word(service) || !is_word(action) {
        return Err(malformed());
    }
    let version = match version {
        None => None,
        Some(text) => Some(parse_version(text).ok_or_else(malformed)??),
    };
    Ok(CallPath { version, name: name.to_owned() })
}

fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && text.len() >= 2 && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `None`: no version by the grammar; `Some(Err)`: a leading zero.
fn parse_version(text: &str) -> Option<Result<Version>> {
    let text = text.strip_prefix('v')?;
    let (major, minor) = match text.split_once('.') {
        Some((major, minor)) => (major, Some(minor)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(major) || !minor.is_none_or(digits) || major.len() + minor.map_or(0, str::len) < 2 {
        return None;
    }
    let zero = |part: &str| part.len() > 1 && part.starts_with('0');
    if zero(major) || minor.is_some_and(zero) {
        return Some(Err(ErrorKind::RequestPathHasInvalidVersion.into()));
    }
    Some(text.parse().map_err(|()| ErrorKind::RequestPathHasInvalidVersion.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_the_protocol() {
        let ok = |path: &str| parse(path).unwrap();
        assert_eq!(ok("/debug.ping"), CallPath { version: None, name: "debug.ping".into() });
        assert_eq!(ok("/v2.1/debug.ping/").version, Some(Version::new(2, 1)));
        assert_eq!(ok("/v20/debug.ping").version, Some(Version { major: 20, minor: None }));
        assert_eq!(ok("/v999.0/server.info").version, Some(Version::new(999, 0)));
        for path in [
            "/",
            "/foo",
            "/v2/debug.ping",
            "/v2.1/a/b",
            "/V2.1/debug.ping",
            "/v2.1//debug.ping",
            "/v2.3.4/debug.ping",
            "/debug.p",
            "/v.1/debug.ping",
            "/v2.1/debug.ping/x",
            "/1a.bc",
            "",
        ] {
            assert_eq!(parse(path).unwrap_err().kind(), ErrorKind::BadRequest, "{path}");
        }
        for path in ["/v2.01/debug.ping", "/v02.1/debug.ping", "/v00/debug.ping"] {
            assert_eq!(parse(path).unwrap_err().kind(), ErrorKind::RequestPathHasInvalidVersion, "{path}");
        }
    }
}
