//! Values that the database holds but that nobody may read from a copy of it: XChaCha20-Poly1305 under a key of
//! `secrets.json` (rules: spec/security_rules.md S25).
//!
//! A sealed value names its key, so that rotation can re-seal one value after the other. Tenant and purpose are
//! authenticated with it: a value that is moved to another tenant, or used for another purpose, does not open.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{random::random_bytes, secrets_file::KeyRing};

const NONCE_BYTES: usize = 24;

/// A value that only the holder of the key can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The key it was sealed with.
    pub key_id: String,
    /// Nonce, then ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// Why a value could not be sealed or opened. Says nothing about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key was retired, or never belonged to this installation.
    #[error("the key that this value was sealed with is not in secrets.json")]
    UnknownKey,
    /// Changed, cut short, or sealed for another tenant or purpose.
    #[error("the sealed value was changed, or belongs elsewhere")]
    Damaged,
}

/// What is authenticated but not hidden. Lengths stand before the texts, so that no two pairs read the same.
fn associated(tenant: &str, purpose: &str) -> Vec<u8> {
    let mut data = Vec::with_capacity(tenant.len() + purpose.len() + 16);
    for text in [tenant, purpose] {
        data.extend_from_slice(&(text.len() as u64).to_be_bytes());
        data.extend_from_slice(text.as_bytes());
    }
    data
}

/// Seals a value under the current key.
///
/// # Errors
/// [`SealError::Damaged`] for a value that is too large for the cipher (256 GiB).
pub fn seal(keys: &KeyRing, tenant: &str, purpose: &str, plain: &[u8]) -> Result<Sealed, SealError> {
    let (key_id, key) = keys.current();
    let nonce = random_bytes::<NONCE_BYTES>();
    let aad = associated(tenant, purpose);
    let ciphertext = XChaCha20Poly1305::new(key.expose().into())
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &aad })
        .map_err(|_| SealError::Damaged)?;
    let bytes = [nonce.as_slice(), &ciphertext].concat();
    Ok(Sealed { key_id: key_id.to_owned(), bytes })
}

/// Opens a sealed value.
///
/// # Errors
/// [`SealError`].
pub fn open(
    keys: &KeyRing,
    tenant: &str,
    purpose: &str,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let key = keys.get(&sealed.key_id).ok_or(SealError::UnknownKey)?;
    let (nonce, ciphertext) = sealed.bytes.split_at_checked(NONCE_BYTES).ok_or(SealError::Damaged)?;
    let aad = associated(tenant, purpose);
    XChaCha20Poly1305::new(key.expose().into())
        .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::Damaged)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_tenant_and_purpose_open_it() {
        let keys = KeyRing::generate();
        let sealed = seal(&keys, "acme", "storage.aws", b"secret").unwrap();
        assert_eq!(open(&keys, "acme", "storage.aws", &sealed).unwrap().as_slice(), b"secret");
        for (tenant, purpose) in
            [("other", "storage.aws"), ("acme", "storage.azure"), ("acmes", "torage.aws")]
        {
            assert_eq!(open(&keys, tenant, purpose, &sealed), Err(SealError::Damaged), "{tenant} {purpose}");
        }
        assert!(!sealed.bytes.windows(6).any(|window| window == b"secret"));
        assert_ne!(seal(&keys, "acme", "storage.aws", b"secret").unwrap().bytes, sealed.bytes);
    }

    #[test]
    fn a_changed_value_does_not_open() {
        let keys = KeyRing::generate();
        let sealed = seal(&keys, "t", "p", b"x").unwrap();
        for at in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[at] ^= 1;
            assert_eq!(open(&keys, "t", "p", &changed), Err(SealError::Damaged));
        }
        for length in 0..sealed.bytes.len() {
            let cut = Sealed { bytes: sealed.bytes[..length].to_vec(), ..sealed.clone() };
            assert_eq!(open(&keys, "t", "p", &cut), Err(SealError::Damaged));
        }
    }

    #[test]
    fn older_keys_open_until_they_are_retired() {
        let mut keys = KeyRing::generate();
        let sealed = seal(&keys, "t", "p", b"x").unwrap();
        keys.add();
        assert_ne!(seal(&keys, "t", "p", b"x").unwrap().key_id, sealed.key_id);
        assert_eq!(open(&keys, "t", "p", &sealed).unwrap().as_slice(), b"x");
        keys.retire(&sealed.key_id).unwrap();
        assert_eq!(open(&keys, "t", "p", &sealed), Err(SealError::UnknownKey));
    }
}
