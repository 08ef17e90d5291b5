//! The one integration-test binary.

mod install;
mod tls;
