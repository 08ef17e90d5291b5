//! Password checks of the last minute, so that a client that sends its password with every call does not cost a
//! password hash each time (spec/security_rules.md S24). Kept by keyed hash and epoch: a changed password, role or
//! revocation makes the entry worthless at once.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::{
    crypto::keyed::keyed_hash,
    types::{Millis, UserId},
};

const LIFE: i64 = 60;
const REMEMBERED: usize = 10_000;

/// Verified pairs of name and password.
pub struct VerifiedPairs {
    key: [u8; 32],
    pairs: Mutex<LruCache<[u8; 32], (UserId, Millis)>>,
}

impl Default for VerifiedPairs {
    fn default() -> Self {
        VerifiedPairs {
            key: rand::random(),
            pairs: Mutex::new(LruCache::new(NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN))),
        }
    }
}

impl VerifiedPairs {
    /// `stored` is what the password was checked against (hash or configured text), `epoch` the user's.
    fn hash(&self, name: &str, password: &str, stored: &str, epoch: i64) -> [u8; 32] {
        keyed_hash(
            &self.key,
            &[name.as_bytes(), password.as_bytes(), stored.as_bytes(), &epoch.to_le_bytes()],
        )
    }

    /// Whether this very pair was verified within the last minute for the user.
    pub fn contains(
        &self,
        name: &str,
        password: &str,
        stored: &str,
        epoch: i64,
        user: &UserId,
        now: Millis,
    ) -> bool {
        let hash = self.hash(name, password, stored, epoch);
        self.pairs.lock().get(&hash).is_some_and(|(who, until)| who == user && now < *until)
    }

    /// Remembers a verified pair.
    pub fn insert(&self, name: &str, password: &str, stored: &str, epoch: i64, user: &UserId, now: Millis) {
        let hash = self.hash(name, password, stored, epoch);
        self.pairs.lock().put(hash, (user.clone(), now.plus_seconds(LIFE)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_lives_a_minute_and_dies_with_the_epoch() {
        let pairs = VerifiedPairs::default();
        let (user, now) = (UserId::from("u"), Millis(0));
        pairs.insert("ann", "pw", "hash", 1, &user, now);
        assert!(pairs.contains("ann", "pw", "hash", 1, &user, now.plus_seconds(59)));
        assert!(!pairs.contains("ann", "pw", "hash", 1, &user, now.plus_seconds(60)));
        assert!(!pairs.contains("ann", "pw", "hash", 2, &user, now));
        assert!(!pairs.contains("ann", "pw", "other", 1, &user, now));
        assert!(!pairs.contains("ann", "PW", "hash", 1, &user, now));
    }
}
