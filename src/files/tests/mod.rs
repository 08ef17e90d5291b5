//! The acceptance cases of spec/files.md 8, over real sockets.
#![allow(clippy::unwrap_used)]

mod access;
mod delete;
mod download;
mod large;
mod upload;
mod yard;
