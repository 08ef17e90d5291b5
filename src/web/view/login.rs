//! Signing in.

use askama::Template;

use super::kit;
use super::shell::Theme;

/// A sign-in provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Name on the button.
    pub label: String,
    /// Where it starts.
    pub href: String,
}

/// `/login`. Answers to a wrong name and to a wrong password are the same.
#[derive(Debug, Clone, Template)]
#[template(path = "login.html")]
pub struct Login {
    /// From the cookie of the last visit.
    pub theme: Theme,
    /// Name of the organisation, below the product's.
    pub organisation: String,
    /// What was typed as user name, kept after an error.
    pub username: String,
    /// One sentence; empty at first.
    pub error: String,
    /// Seconds until another attempt is accepted; 0 when at once.
    pub retry_after: u32,
    /// Whether name and password are asked for.
    pub with_password: bool,
    /// Other ways.
    pub providers: Vec<Provider>,
    /// Text that the configuration wants below the form.
    pub notice: String,
    /// Version of the server.
    pub version: String,
    /// SHA-256 of the certificate in pairs with colons; empty under plain HTTP.
    pub fingerprint: String,
    /// CSRF token of the form (bound to a cookie of its own before sign-in).
    pub csrf: String,
    /// Where to go afterwards: a path on this host.
    pub next: String,
}

impl Login {
    /// `9C:41:7E:…:B2:08`.
    fn short_fingerprint(&self) -> String {
        let pairs: Vec<&str> = self.fingerprint.split(':').collect();
        match pairs.as_slice() {
            [a, b, c, .., y, z] if pairs.len() > 6 => format!("{a}:{b}:{c}:…:{y}:{z}"),
            _ => self.fingerprint.clone(),
        }
    }
}
