//! The one integration-test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hocon;
mod install;
mod tls;
