//! Secrets, hashing, sealing, tokens, certificates.

pub mod ca;
pub mod certificate;
pub mod files;
pub mod names;
pub mod random;
pub mod secret;
pub mod secrets_file;
