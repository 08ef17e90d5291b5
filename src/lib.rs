//! Roundhouse: a whole ClearML-compatible server in one binary.
//!
//! The house has floors; each may use the floors below it and never one above:
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 6 | [`cli`] | the command line |
//! | 5 | [`server`] | sockets, TLS, middleware, graceful stop |
//! | 4 | [`api`], [`files`], [`web`] | the three faces |
//! | 3 | [`domain`] | what the product means: use-cases and rules |
//! | 2 | [`store`] | the only SQL |
//! | 1 | [`config`], [`crypto`], [`types`] | settings, secrets, ids, time, errors |
//!
//! `ARCHITECTURE.md` explains why.

pub mod api;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod files;
pub mod jobs;
pub mod server;
pub mod store;
pub mod types;
pub mod web;
