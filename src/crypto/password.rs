//! Passwords: argon2id for local accounts, bcrypt as configuration's fixed users bring it.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use parking_lot::{Condvar, Mutex};

use super::Secret;

/// Why a password was not hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting already; nothing was checked.
    #[error("too many sign-ins at once; try again in a moment")]
    Busy,
    /// Only a broken parameter or salt can cause it.
    #[error("the password could not be hashed")]
    Failed,
}

/// OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane.
fn argon() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with argon2id and a random salt, in PHC text form.
pub fn hash(password: &Secret<String>) -> Result<String, HashError> {
    let bytes: [u8; 16] = rand::random();
    let salt = SaltString::encode_b64(&bytes).map_err(|_| HashError::Failed)?;
    let _turn = TURNS.take()?;
    let hash = argon().hash_password(password.expose().as_bytes(), &salt).map_err(|_| HashError::Failed)?;
    Ok(hash.to_string())
}

/// Compares a password with a PHC text made by [`hash`].
///
/// Errors: [`HashError::Busy`].
pub fn verify(password: &str, phc: &str) -> Result<bool, HashError> {
    let Ok(parsed) = PasswordHash::new(phc) else { return Ok(false) };
    let _turn = TURNS.take()?;
    Ok(argon().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Compares a password with a fixed user's stored form: base64 of a bcrypt hash (spec/governance.md 12).
///
/// Errors: [`HashError::Busy`].
pub fn verify_bcrypt(password: &str, stored: &str) -> Result<bool, HashError> {
    use base64::Engine as _;
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(stored.trim()) else { return Ok(false) };
    let Ok(hash) = String::from_utf8(bytes) else { return Ok(false) };
    let _turn = TURNS.take()?;
    Ok(bcrypt::verify(password, &hash).unwrap_or(false))
}

/// Burns the time of one verification, so that an unknown name answers as slowly as a wrong password.
///
/// Errors: [`HashError::Busy`].
pub fn verify_nothing(password: &str) -> Result<(), HashError> {
    static DUMMY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let dummy =
        DUMMY.get_or_init(|| hash(&Secret::new("nobody has this password".to_owned())).unwrap_or_default());
    verify(password, dummy).map(drop)
}

/// At most two hashes run at once (S24): a flood of sign-ins must not take the machine. Each takes some 30 ms, so a
/// full queue is a wait of half a second.
static TURNS: Turns = Turns { state: Mutex::new((0, 0)), freed: Condvar::new() };

const RUNNING: u8 = 2;
const WAITING: u8 = 32;

struct Turns {
    /// How many run, how many wait.
    state: Mutex<(u8, u8)>,
    freed: Condvar,
}

struct Turn;

impl Turns {
    fn take(&self) -> Result<Turn, HashError> {
        let mut state = self.state.lock();
        if state.0 >= RUNNING {
            if state.1 >= WAITING {
                return Err(HashError::Busy);
            }
            state.1 += 1;
            while state.0 >= RUNNING {
                self.freed.wait(&mut state);
            }
            state.1 -= 1;
        }
        state.0 += 1;
        Ok(Turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURNS.state.lock().0 -= 1;
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
        assert_eq!(verify("correct horse", &phc), Ok(true));
        assert_eq!(verify("Correct horse", &phc), Ok(false));
        assert_eq!(verify("correct horse", "no hash"), Ok(false));
    }

    #[test]
    fn fixed_users_bring_base64_of_bcrypt() {
        use base64::Engine as _;
        let stored = base64::engine::general_purpose::STANDARD.encode(bcrypt::hash("pw", 4).unwrap());
        assert_eq!(verify_bcrypt("pw", &stored), Ok(true));
        assert_eq!(verify_bcrypt("PW", &stored), Ok(false));
        assert_eq!(verify_bcrypt("pw", "%%%"), Ok(false));
    }
}
