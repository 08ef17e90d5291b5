//! A page request, free of the transport.

use super::view::address::pairs;
use crate::domain::Call;

/// What a handler of pages sees of a request.
pub struct PageRequest {
    /// GET or HEAD, else POST.
    pub is_get: bool,
    /// Path, percent-decoded segment by segment.
    pub segments: Vec<String>,
    /// Path as sent.
    pub path: String,
    /// Query without `?`.
    pub query: String,
    /// Fields of a form, in order.
    pub form: Vec<(String, String)>,
    /// The pages' session cookie.
    pub session: Option<String>,
    /// The cookie that a sign-in form is bound to.
    pub visitor: Option<String>,
    /// The browser's time zone, as its cookie says.
    pub zone: Option<String>,
    /// Theme of the last visit, for the sign-in page.
    pub theme: Option<String>,
    /// What the last action left to be told, as its cookie says.
    pub notice: Option<String>,
    /// Only the `<main>` element is wanted.
    pub main_only: bool,
    /// The tag of what the browser has.
    pub if_none_match: Option<String>,
    /// The request's origin, if it names one, is ours.
    pub origin_ok: bool,
    /// Facts about the call.
    pub call: Call,
}

impl PageRequest {
    /// First value of a query key.
    pub fn arg(&self, key: &str) -> Option<String> {
        pairs(&self.query).find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// First value of a form field; empty when absent.
    pub fn field(&self, name: &str) -> &str {
        self.form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}
