//! What a request presents as credentials, read from its headers (spec/protocol.md 3.2, spec/governance.md 1.1).

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{domain::identity::Presented, types::ErrorKind};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Reads the Authorization header, else the token cookie called `cookie_name`.
pub fn read(headers: &HeaderMap, cookie_name: &str) -> Presented {
    if let Some(header) = headers.get(AUTHORIZATION) {
        // A header that is there but empty hides the cookie all the same.
        let Ok(text) = header.to_str() else { return Presented::Unusable(ErrorKind::BadCredentials) };
        if text.trim().is_empty() {
            return Presented::Nothing;
        }
        return match text.split_once(' ') {
            Some(("Bearer", token)) => Presented::Bearer(token.trim().to_owned()),
            Some(("Basic", pair)) => basic(pair).unwrap_or(Presented::Unusable(ErrorKind::BadCredentials)),
            _ => Presented::Unusable(ErrorKind::BadAuthType),
        };
    }
    match cookie(headers, cookie_name) {
        Some(token) if !token.is_empty() => Presented::Cookie(token),
        _ => Presented::Nothing,
    }
}

/// The value of a cookie; the first one of that name wins.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"').to_owned())
}

/// Characters outside the alphabet are skipped, bytes are Latin-1, the first colon splits.
fn basic(pair: &str) -> Option<Presented> {
    let clean: String =
        pair.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')).collect();
    let bytes = LENIENT.decode(clean).ok()?;
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    // Passwords typed in a browser arrive as UTF-8; keys are ASCII either way.
    let text = String::from_utf8(bytes).unwrap_or(text);
    let (key, secret) = text.split_once(':')?;
    Some(Presented::Basic { key: key.to_owned(), secret: secret.to_owned() })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn presented(authorization: Option<&str>, cookies: Option<&str>) -> Presented {
        let mut headers = HeaderMap::new();
        if let Some(text) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
        }
        if let Some(text) = cookies {
            headers.insert(COOKIE, HeaderValue::from_str(text).unwrap());
        }
        read(&headers, "clearml_token_basic")
    }

    #[test]
    fn the_header_wins_and_scheme_words_are_exact() {
        let cookies = Some("a=1; clearml_token_basic=tok; b=2");
        assert!(presented(None, cookies) == Presented::Cookie("tok".into()));
        assert!(presented(Some("Bearer x"), cookies) == Presented::Bearer("x".into()));
        assert!(presented(Some(""), cookies) == Presented::Nothing);
        assert!(presented(Some("bearer x"), None) == Presented::Unusable(ErrorKind::BadAuthType));
        assert!(presented(Some("Basic abc"), None) == Presented::Unusable(ErrorKind::BadCredentials));
        let pair = Presented::Basic { key: "a".into(), secret: "b:c".into() };
        assert!(presented(Some("Basic YTpiOmM="), None) == pair);
        assert!(presented(None, None) == Presented::Nothing);
    }
}
