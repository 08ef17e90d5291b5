//! Passwords: argon2id for local accounts, bcrypt as configuration's fixed users bring it.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use parking_lot::{Condvar, Mutex};

use super::Secret;

/// Hashing failed; only a broken parameter or salt can cause it.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane.
fn argon() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with argon2id and a random salt, in PHC text form.
pub fn hash(password: &Secret<String>) -> Result<String, HashError> {
    let bytes: [u8; 16] = rand::random();
    let salt = SaltString::encode_b64(&bytes).map_err(|_| HashError)?;
    let _turn = TURNS.take();
    let hash = argon().hash_password(password.expose().as_bytes(), &salt).map_err(|_| HashError)?;
    Ok(hash.to_string())
}

/// Compares a password with a PHC text made by [`hash`].
pub fn verify(password: &str, phc: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(phc) else { return false };
    let _turn = TURNS.take();
    argon().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// Compares a password with a fixed user's stored form: base64 of a bcrypt hash (spec/governance.md 12).
pub fn verify_bcrypt(password: &str, stored: &str) -> bool {
    use base64::Engine as _;
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(stored.trim()) else { return false };
    let Ok(hash) = String::from_utf8(bytes) else { return false };
    let _turn = TURNS.take();
    bcrypt::verify(password, &hash).unwrap_or(false)
}

/// Burns the time of one verification, so that an unknown name answers as slowly as a wrong password.
pub fn verify_nothing(password: &str) {
    static DUMMY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let dummy =
        DUMMY.get_or_init(|| hash(&Secret::new("nobody has this password".to_owned())).unwrap_or_default());
    let _ = verify(password, dummy);
}

/// At most two hashes run at once (S24): a flood of sign-ins must not take the machine.
static TURNS: Turns = Turns { running: Mutex::new(0), freed: Condvar::new() };

struct Turns {
    running: Mutex<u8>,
    freed: Condvar,
}

struct Turn;

impl Turns {
    fn take(&self) -> Turn {
        let mut running = self.running.lock();
        while *running >= 2 {
            self.freed.wait(&mut running);
        }
        *running += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.running.lock() -= 1;
        TURNS.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let phc = hash(&Secret::new("correct horse".to_owned())).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse", &phc));
        assert!(!verify("Correct horse", &phc));
        assert!(!verify("correct horse", "no hash"));
    }

    #[test]
    fn fixed_users_bring_base64_of_bcrypt() {
        use base64::Engine as _;
        let stored = base64::engine::general_purpose::STANDARD.encode(bcrypt::hash("pw", 4).unwrap());
        assert!(verify_bcrypt("pw", &stored));
        assert!(!verify_bcrypt("PW", &stored));
        assert!(!verify_bcrypt("pw", "%%%"));
    }
}
