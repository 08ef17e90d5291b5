//! Sockets, TLS, the actix application, middleware, graceful stop. No endpoint logic.

pub mod tls;
