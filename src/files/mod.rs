//! The file server: uploads, downloads, deletes over plain HTTP (spec/files.md).
//!
//! [`http`] routes and authenticates; async code only moves bytes between sockets and `domain::files`, whose blocking
//! work runs on blocking threads. Bodies are plain text or bare JSON, never the API's envelope. What never lives here:
//! SQL, rules, the disk.

mod conditions;
mod credentials;
mod delete;
mod download;
pub mod http;
mod media;
mod multipart;
mod reply;
mod upload;

#[cfg(test)]
mod tests;

pub use http::{FilesState, call, configure};
