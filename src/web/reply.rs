//! What a page answers, free of the transport.

use askama::Template;

use super::{PageRequest, view};
use crate::types::{ApiError, ErrorKind, Result};

/// An answer of the pages.
pub struct PageReply {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Content.
    pub body: String,
    /// Content that comes bit by bit, instead of `body`.
    pub stream: Option<Box<dyn std::io::Read + Send>>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Cookies to set: name, value (empty deletes), and whether it lives longer than the browser.
    pub cookies: Vec<(&'static str, String, bool)>,
}

impl PageReply {
    /// A page: the whole document, or its main element when only that is wanted; 304 when the browser has it already.
    pub fn page(request: &PageRequest, whole: &impl Template, main: &impl Template) -> Result<PageReply> {
        let html = if request.main_only { render(main)? } else { render(whole)? };
        let tag = view::etag(&html);
        let fresh = request.if_none_match.as_deref().is_some_and(|known| known.contains(&tag));
        Ok(PageReply {
            status: if fresh { 304 } else { 200 },
            content_type: HTML,
            body: if fresh { String::new() } else { html },
            stream: None,
            headers: vec![("ETag", tag), ("Vary", "HX-Request, HX-Target".to_owned())],
            cookies: Vec::new(),
        })
    }

    /// A page with another status, never from a cache.
    pub fn with_status(status: u16, page: &impl Template) -> Result<PageReply> {
        Ok(PageReply {
            status,
            content_type: HTML,
            body: render(page)?,
            stream: None,
            headers: vec![("Cache-Control", "no-store".to_owned())],
            cookies: Vec::new(),
        })
    }

    /// JSON for a script of ours; 304 when the browser has it.
    pub fn json(request: &PageRequest, value: &impl serde::Serialize) -> Result<PageReply> {
        let text = serde_json::to_string(value).map_err(|_| ApiError::from(ErrorKind::GeneralError))?;
        let tag = view::etag(&text);
        let fresh = request.if_none_match.as_deref().is_some_and(|known| known.contains(&tag));
        Ok(PageReply {
            status: if fresh { 304 } else { 200 },
            content_type: "application/json",
            body: if fresh { String::new() } else { text },
            stream: None,
            headers: vec![("ETag", tag)],
            cookies: Vec::new(),
        })
    }

    /// Sends the browser elsewhere with GET.
    pub fn see_other(to: impl Into<String>) -> PageReply {
        PageReply::redirect(303, to)
    }

    /// An address that moved.
    pub fn found(to: impl Into<String>) -> PageReply {
        PageReply::redirect(302, to)
    }

    fn redirect(status: u16, to: impl Into<String>) -> PageReply {
        PageReply {
            status,
            content_type: "text/plain; charset=utf-8",
            body: String::new(),
            stream: None,
            headers: vec![("Location", to.into()), ("Cache-Control", "no-store".to_owned())],
            cookies: Vec::new(),
        }
    }

    /// Adds a header, replacing one of the same name.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> PageReply {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a cookie; an empty value deletes it.
    #[must_use]
    pub fn cookie(mut self, name: &'static str, value: impl Into<String>, lasting: bool) -> PageReply {
        self.cookies.push((name, value.into(), lasting));
        self
    }
}

const HTML: &str = "text/html; charset=utf-8";

fn render(page: &impl Template) -> Result<String> {
    page.render().map_err(|error| {
        tracing::error!(%error, "a page can't be rendered");
        ErrorKind::GeneralError.into()
    })
}
