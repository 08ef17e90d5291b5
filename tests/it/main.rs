//! The one integration-test binary.

mod tls;
