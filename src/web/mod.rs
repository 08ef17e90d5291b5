//! Server-rendered pages, one module per area. No SQL, no rules.
//!
//! [`http`] turns a request into a [`PageRequest`] and a [`PageReply`] into a response; `pages` routes and fills view
//! models; `view` holds one plain struct per page and its template; `render` turns values into text and markup; `assets`
//! serves the embedded static files.

pub mod assets;
pub mod http;
mod pages;
pub mod render;
mod reply;
mod request;
mod session;
pub mod view;

pub use reply::PageReply;
pub use request::PageRequest;
