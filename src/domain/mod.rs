//! What the product means: use-cases and rules, one module per subject.
//!
//! The faces call [`perform`] with a row of [`operations`] and a use-case; it checks that the caller may, and audits.
//! What never lives here: HTTP types, SQL, HTML.

mod app;
mod caller;
mod ctx;
pub mod events;
pub mod features;
pub mod identity;
mod listing;
pub mod operations;
pub mod origin;

pub use app::{App, Keys, PublicUrls, SERVER_VERSION, ServerInfo};
pub use caller::{Actor, Caller, CallerKind, Role};
pub use ctx::{AuditNote, Call, Ctx};
pub use operations::{Operation, perform};
