//! Everything that is drawn from the operating system's randomness: keys, secrets, passwords.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::{Rng as _, RngCore as _};
use zeroize::Zeroizing;

use super::secret::Secret;

/// Characters of an access key (protocol: spec/protocol.md 3.5, `auth.create_credentials`).
const ACCESS_KEY_ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ACCESS_KEY_LENGTH: usize = 30;

/// Random bytes behind an API secret: 67 characters of base64.
const SECRET_BYTES: usize = 50;

/// Lower-case letters and digits without the ones that people mix up when they type them from a screen (0/o, 1/l/i).
const PASSWORD_ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS: usize = 4;
const PASSWORD_GROUP_LENGTH: usize = 6;

/// `count` characters, each drawn from the whole alphabet with the same probability.
fn characters(alphabet: &[u8], count: usize) -> impl Iterator<Item = char> {
    let mut rng = rand::rng();
    // `random_range` rejects instead of reducing modulo, so no character is more likely than another.
    (0..count).filter_map(move |_| alphabet.get(rng.random_range(0..alphabet.len())).map(|b| char::from(*b)))
}

/// `N` random bytes.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A new key of 32 bytes, as HMAC-SHA-256 and the sealing cipher want them.
pub fn new_key() -> Secret<[u8; 32]> {
    Secret::new(random_bytes())
}

/// A new access key: 30 characters of `A-Z0-9` (protocol: spec/protocol.md 3.5).
pub fn new_access_key() -> String {
    characters(ACCESS_KEY_ALPHABET, ACCESS_KEY_LENGTH).collect()
}

/// A new API secret: 50 random bytes as 67 characters of URL-safe base64, of which the first is never `-` or `_`, so
/// that no command line takes it for an option (protocol: spec/protocol.md 3.5).
pub fn new_secret() -> Secret<String> {
    loop {
        let secret = url_safe_token::<SECRET_BYTES>();
        if !secret.expose().starts_with(['-', '_']) {
            return secret;
        }
    }
}

/// `N` random bytes as URL-safe base64 without padding.
pub(crate) fn url_safe_token<const N: usize>() -> Secret<String> {
    let bytes = Zeroizing::new(random_bytes::<N>());
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

/// A password that a person can read from a screen and type: four groups of six characters joined by `-`, 118 bits.
pub fn new_password() -> Secret<String> {
    let mut password = String::with_capacity(PASSWORD_GROUPS * (PASSWORD_GROUP_LENGTH + 1));
    for group in 0..PASSWORD_GROUPS {
        if group > 0 {
            password.push('-');
        }
        password.extend(characters(PASSWORD_ALPHABET, PASSWORD_GROUP_LENGTH));
    }
    Secret::new(password)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn access_keys_have_the_wire_shape_and_never_repeat() {
        let keys: BTreeSet<String> = (0..500).map(|_| new_access_key()).collect();
        assert_eq!(keys.len(), 500);
        for key in &keys {
            assert_eq!(key.len(), 30);
            assert!(key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{key}");
        }
    }

    /// A modulo bias (256 % 36 = 4) would make four characters 14 % more frequent; 72,000 draws tell that apart.
    #[test]
    fn access_key_characters_are_equally_frequent() {
        let mut counts: BTreeMap<char, u32> = BTreeMap::new();
        for _ in 0..2_400 {
            for c in new_access_key().chars() {
                *counts.entry(c).or_default() += 1;
            }
        }
        assert_eq!(counts.len(), 36);
        let expected = 72_000.0 / 36.0;
        let chi_squared: f64 = counts.values().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
        // 35 degrees of freedom: above 100 about once in 30 million runs; the bias above gives about 175.
        assert!(chi_squared < 100.0, "{chi_squared}");
    }

    #[test]
    fn secrets_decode_to_fifty_bytes_and_never_look_like_an_option() {
        for _ in 0..500 {
            let secret = new_secret();
            assert_eq!(secret.expose().len(), 67);
            assert!(!secret.expose().starts_with(['-', '_']));
            assert_eq!(URL_SAFE_NO_PAD.decode(secret.expose()).unwrap().len(), 50);
        }
    }

    #[test]
    fn passwords_are_long_readable_and_strong() {
        let bits = 24.0 * 31_f64.log2();
        assert!(bits >= 100.0, "{bits}");
        for _ in 0..200 {
            let password = new_password();
            let groups: Vec<&str> = password.expose().split('-').collect();
            assert_eq!(groups.iter().map(|g| g.len()).collect::<Vec<_>>(), [6, 6, 6, 6]);
            assert!(!password.expose().contains(['0', 'o', '1', 'l', 'i', 'O', 'I']));
        }
    }
}
