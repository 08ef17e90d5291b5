//! View models: one plain struct per page, with the template that draws it. No HTTP, no SQL, no rules: a handler fills
//! the struct and calls `render()`.
//!
//! Every page extends `templates/base.html` and can draw two things: the whole document (`page.render()`) and, for a
//! request that carries `HX-Target: main`, only its `<main>` element (`page.as_main().render()`). Both have the same
//! address, so such answers carry `Vary: HX-Request, HX-Target`. Live pages ask for their `<main>` with
//! `If-None-Match`; [`etag`] makes the tag.

pub mod address;
pub mod confirm;
pub mod error;
pub mod kit;
pub mod login;
pub mod me;
pub mod policy;
pub mod projects;
pub mod shell;
pub mod status;
pub mod task;
pub mod tasks;

pub use kit::{Crumb, Person, Place, Tab};
pub use shell::Shell;
pub use status::Status;

/// Entity tag of a rendered page or fragment, with its quotes.
pub fn etag(html: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(html.as_bytes());
    let short = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("\"{short}\"")
}
