//! The one integration-test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agent;
mod attacks;
mod audit;
mod cli;
mod client_web;
mod deeds;
mod errors;
mod events;
mod fsync;
mod hocon;
mod identity;
mod import;
mod import_sdk;
mod install;
mod kill;
mod organization;
mod pages;
mod pressure;
mod protocol;
mod queues;
mod sdk;
mod start;
mod storage;
mod tenants;
mod tls;
mod vaults;
mod yard;
