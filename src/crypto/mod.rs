//! Secrets, hashing, sealing, tokens, certificates.

pub mod keyed;
pub mod password;
pub mod random;
mod secret;
pub mod token;

pub use secret::Secret;
