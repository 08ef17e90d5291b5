//! Sockets, TLS, the actix application, graceful stop. No endpoint logic.

pub mod blobs;
pub mod options;
mod run;
mod sockets;
pub mod start;
pub mod tls;
pub mod urls;

pub use options::{Options, Ports};
pub use run::{Running, open_files, run};
pub use start::{House, StartError};
