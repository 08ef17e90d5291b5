//! Secrets, hashing, sealing, tokens, certificates.

pub mod files;
pub mod random;
pub mod secret;
pub mod secrets_file;
