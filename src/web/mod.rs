//! Server-rendered pages, one module per area. No SQL, no rules.
//!
//! `view` holds one plain struct per page and its template; `render` turns values into text and markup; `assets` serves
//! the embedded static files.

pub mod assets;
pub mod render;
pub mod view;
