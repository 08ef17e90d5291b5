//! Which other origins may call, and with the cookie (spec/protocol.md 1.9, spec/security_rules.md S20).

use super::PublicUrls;
use crate::config::{Settings, settings::apiserver::CorsOrigins};

/// Which origins may read replies and which may use the session cookie.
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy {
    /// Origins named by the configuration, and the public web addresses.
    pub named: Vec<String>,
    /// Any origin may read replies; never with credentials.
    pub any: bool,
    /// Our own web and API ports: the same host there is the same product.
    pub ports: Vec<u16>,
}

/// What an origin gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Nothing.
    Refused,
    /// It may read replies, but not use the cookie.
    WithoutCredentials,
    /// It is ours.
    WithCredentials,
}

impl OriginPolicy {
    /// From the configuration's `apiserver.cors.origins` and the public addresses.
    pub fn new(settings: &Settings, urls: &PublicUrls, ports: Vec<u16>) -> Self {
        let mut named: Vec<String> = urls.origins.clone();
        let any = settings.apiserver.cors.origins == CorsOrigins::Any;
        if let CorsOrigins::Listed(origins) = &settings.apiserver.cors.origins {
            named.extend(origins.iter().cloned());
        }
        OriginPolicy { named, any, ports }
    }

    /// What `origin` gets for a request to `host` (the Host header, port included).
    pub fn allow(&self, origin: &str, host: &str) -> Allowance {
        if self.named.iter().any(|named| named.eq_ignore_ascii_case(origin)) || self.same_host(origin, host) {
            Allowance::WithCredentials
        } else if self.any && origin != "null" {
            Allowance::WithoutCredentials
        } else {
            Allowance::Refused
        }
    }

    fn same_host(&self, origin: &str, host: &str) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else { return false };
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let (origin_name, origin_port) = split_port(rest);
        let (host_name, host_port) = split_port(host);
        let port = origin_port.unwrap_or(default);
        origin_name.eq_ignore_ascii_case(host_name)
            && (self.ports.contains(&port) || host_port.unwrap_or(default) == port)
    }
}

fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (host, None),
        },
        _ => (host, None),
    }
}

/// Whether a request from `origin` to `host` may use the session cookie.
pub fn allowed_origin(policy: &OriginPolicy, origin: Option<&str>, host: &str) -> bool {
    origin.is_some_and(|origin| policy.allow(origin, host) == Allowance::WithCredentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origins_get_credentials() {
        let policy =
            OriginPolicy { named: vec!["https://ui.example".into()], any: true, ports: vec![8080, 8008] };
        let allow = |origin: &str| policy.allow(origin, "box:8008");
        assert_eq!(allow("http://box:8080"), Allowance::WithCredentials);
        assert_eq!(allow("https://ui.example"), Allowance::WithCredentials);
        assert_eq!(allow("http://box:9999"), Allowance::WithoutCredentials);
        assert_eq!(allow("http://evil.example"), Allowance::WithoutCredentials);
        assert_eq!(allow("null"), Allowance::Refused);
        let strict = OriginPolicy { any: false, ..policy };
        assert_eq!(strict.allow("http://evil.example", "box:8008"), Allowance::Refused);
        assert_eq!(strict.allow("http://[::1]:8080", "[::1]:8008"), Allowance::WithCredentials);
    }
}
