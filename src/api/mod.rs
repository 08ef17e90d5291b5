//! The wire: path and versions, envelope, errors, the endpoint table, and one module per ClearML service.
//!
//! [`http`] turns a request into a [`Request`] and a [`Reply`] into a response; everything common to all calls
//! (versions, authentication, roles, argument merging, validation, audit) happens in [`dispatch`]. A handler decodes,
//! calls one use-case, shapes the answer. What never lives here: SQL, rules.

mod accounts;
mod arguments;
mod audit;
mod auth;
mod body;
mod bulk;
#[cfg(test)]
mod coverage;
mod debug;
mod dispatch;
mod endpoint;
mod envelope;
mod events;
mod form;
#[cfg(test)]
mod front_door;
pub mod http;
#[cfg(test)]
mod isolation;
mod login;
mod models;
mod openapi;
mod organization;
mod path;
mod pipelines;
pub mod presented;
mod projects;
mod queues;
mod record;
mod reports;
#[cfg(test)]
mod restricted;
pub mod schema;
mod server;
mod serving;
mod storage;
mod system;
pub mod table;
mod tasks;
mod tenants;
mod typed;
mod users;
mod vaults;
mod workers;

pub use body::BodyBudget;
pub use dispatch::{Incoming, Outgoing, OutgoingBody, dispatch};
pub use endpoint::{CookieEffect, Download, Endpoint, Input, Reply, Request};
