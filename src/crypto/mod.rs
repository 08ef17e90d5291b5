//! Secrets, hashing, sealing, tokens, certificates.
