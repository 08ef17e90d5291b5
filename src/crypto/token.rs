//! Signed tokens: HS256 and nothing else (spec/governance.md 1.3).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Secret;
use crate::types::Millis;

/// What a token says. Clients read these without verifying, so the names and types are the protocol's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Seconds since the epoch.
    pub iat: i64,
    /// Seconds since the epoch; absent for system identities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// Always `default`.
    #[serde(default)]
    pub env: String,
    /// The session, unit of revocation.
    #[serde(default)]
    pub session_id: String,
    /// Always `Bearer`.
    #[serde(default)]
    pub auth_type: String,
    /// Never restricted.
    #[serde(default)]
    pub entities: Value,
    /// Whom the token stands for.
    pub identity: IdentityClaims,
    /// Effective tenant.
    #[serde(default)]
    pub tenant: String,
    /// Tenants that may be selected.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// API version the clients derive their own from.
    #[serde(default)]
    pub api_version: String,
    /// Dotted integers only.
    #[serde(default)]
    pub server_version: String,
    /// Build text.
    #[serde(default)]
    pub server_build: String,
    /// `advanced` unless the tenant's setting says `basic`.
    #[serde(default)]
    pub feature_set: String,
    /// What identity providers said about the user.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub providers_info: Value,
    /// Who really acts, when somebody does so for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonator: Option<String>,
    /// The first session of a chain of refreshes.
    #[serde(default)]
    pub root_session: String,
}

/// The `identity` claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdentityClaims {
    /// User id.
    pub user: String,
    /// Home company.
    pub company: String,
    /// Effective role.
    pub role: String,
    /// Display name, with the acting identity where there is one.
    pub user_name: String,
    /// Name of the home company.
    pub company_name: String,
    /// 0 person, 1 service account, 2 service account that may run as the task's owner.
    pub service_account_type: u8,
}

/// A token that does not verify: wrong key, wrong algorithm, expired, not yet valid, or no token at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(&'static str);

/// Signs `claims`.
///
/// Errors: only if the claims can't be serialised.
pub fn sign(secret: &Secret<String>, claims: &Claims) -> Result<String, TokenError> {
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
        .map_err(|_| TokenError("the token could not be signed"))
}

/// Verifies signature, algorithm, `exp`, `iat` and `nbf` without leeway.
pub fn verify(secret: &Secret<String>, token: &str, now: Millis) -> Result<Claims, TokenError> {
    #[derive(Deserialize)]
    struct Read {
        #[serde(flatten)]
        claims: Claims,
        #[serde(default)]
        nbf: Option<i64>,
    }
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false; // checked below against the caller's clock, without leeway
    rules.validate_aud = false;
    let key = DecodingKey::from_secret(secret.expose().as_bytes());
    let read = jsonwebtoken::decode::<Read>(token, &key, &rules)
        .map_err(|_| TokenError("the token's signature or content is not valid"))?
        .claims;
    let seconds = now.seconds();
    if read.claims.exp.is_some_and(|exp| exp <= seconds) {
        return Err(TokenError("the token has expired"));
    }
    if read.claims.iat > seconds || read.nbf.is_some_and(|nbf| nbf > seconds) {
        return Err(TokenError("the token is not valid yet"));
    }
    Ok(read.claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(iat: i64, exp: Option<i64>) -> Claims {
        Claims {
            iat,
            exp,
            env: "default".into(),
            session_id: "s".into(),
            auth_type: "Bearer".into(),
            entities: serde_json::json!({}),
            identity: IdentityClaims {
                user: "u".into(),
                company: "c".into(),
                role: "user".into(),
                user_name: "Bob".into(),
                company_name: "Acme".into(),
                service_account_type: 0,
            },
            tenant: "c".into(),
            tenants: vec!["c".into()],
            api_version: "2.34".into(),
            server_version: "2.4.0".into(),
            server_build: "1".into(),
            feature_set: "advanced".into(),
            providers_info: Value::Null,
            impersonator: None,
            root_session: "s".into(),
        }
    }

    #[test]
    fn only_our_own_unexpired_hs256_tokens_verify() {
        let secret = Secret::new("k".repeat(60));
        let now = Millis(1_000_000_000);
        let token = sign(&secret, &claims(now.seconds(), Some(now.seconds() + 60))).unwrap();
        assert_eq!(verify(&secret, &token, now).unwrap().identity.user, "u");
        assert!(verify(&secret, &token, now.plus_seconds(60)).is_err(), "expired to the second");
        assert!(verify(&Secret::new("x".repeat(60)), &token, now).is_err(), "another key");
        let early = sign(&secret, &claims(now.seconds() + 5, None)).unwrap();
        assert!(verify(&secret, &early, now).is_err(), "issued in the future");
        let hs512 = jsonwebtoken::encode(
            &Header::new(Algorithm::HS512),
            &claims(now.seconds(), None),
            &EncodingKey::from_secret(secret.expose().as_bytes()),
        )
        .unwrap();
        assert!(verify(&secret, &hs512, now).is_err(), "another algorithm");
        let body = token.split('.').nth(1).unwrap();
        assert!(verify(&secret, &format!("eyJhbGciOiJub25lIn0.{body}."), now).is_err(), "no signature");
    }
}
