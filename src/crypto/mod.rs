//! Secrets, hashing, sealing, tokens, certificates.

pub mod ca;
pub mod certificate;
pub mod files;
pub mod keyed;
pub mod names;
pub mod password;
pub mod random;
pub mod seal;
pub mod secret;
pub mod secrets_file;
pub mod token;

pub use secret::Secret;
