//! The wire: path and versions, envelope, errors, the endpoint table, and one module per ClearML service.
//!
//! [`http`] turns a request into a [`Request`] and a [`Reply`] into a response; everything common to all calls
//! (versions, authentication, roles, argument merging, validation, audit) happens in [`dispatch`]. A handler decodes,
//! calls one use-case, shapes the answer. What never lives here: SQL, rules.

mod arguments;
mod auth;
mod debug;
mod dispatch;
mod endpoint;
mod envelope;
mod events;
mod form;
pub mod http;
mod login;
mod openapi;
mod path;
pub mod presented;
pub mod schema;
mod server;
pub mod table;
mod users;

pub use dispatch::{Incoming, Outgoing, dispatch};
pub use endpoint::{CookieEffect, Download, Endpoint, Input, Reply, Request};
