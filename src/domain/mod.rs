//! What the product means: use-cases and rules, one module per subject.
//!
//! The faces call [`perform`] with a row of [`operations`] and a use-case; it checks that the caller may, and audits.
//! What never lives here: HTTP types, SQL, HTML.

pub mod aging;
mod app;
pub mod audit;
pub mod browse;
mod caller;
pub mod client_config;
mod ctx;
pub mod deletion;
pub mod events;
pub mod features;
pub mod files;
mod held;
pub mod identity;
pub mod import;
mod listing;
pub mod models;
pub mod operations;
pub mod organization;
pub mod origin;
pub mod peer;
pub mod pipelines;
pub mod projects;
pub mod public;
pub mod queues;
pub mod redaction;
pub mod reports;
pub mod serving;
mod steps;
pub mod storage;
pub mod tags;
pub mod tasks;
pub mod tenants;
pub mod trail;
pub mod transfer;
pub mod usage;
pub mod vaults;
pub mod workers;

pub use app::{App, Keys, PublicUrls, SERVER_VERSION, ServerInfo};
pub use caller::{Actor, Caller, CallerKind, Role};
pub use ctx::{AuditNote, Call, Ctx};
pub use operations::{Operation, perform};
