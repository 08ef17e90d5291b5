//! Secrets, hashing, sealing, tokens, certificates.

mod secret;

pub use secret::Secret;
