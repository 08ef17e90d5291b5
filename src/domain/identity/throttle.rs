//! Slows down guessing, per account and address (spec/governance.md 12, spec/security_rules.md S24).
//!
//! After ten failures within five minutes, further attempts are refused unseen until a growing delay has passed.
//! Nobody is locked out: the delay ends by itself, and it counts only for the address that failed. No attempt holds
//! a thread while it waits, and the memory is bounded.

use std::{num::NonZeroUsize, time::Duration};

use lru::LruCache;
use parking_lot::Mutex;

use crate::types::Millis;

const FREE_FAILURES: u32 = 10;
const WINDOW: i64 = 5 * 60 * 1000;
const LONGEST: Duration = Duration::from_secs(60);
const REMEMBERED: usize = 20_000;

/// Failed sign-ins of the last minutes.
pub struct LoginThrottle(Mutex<LruCache<(String, String), Failures>>);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Millis,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        LoginThrottle(Mutex::new(LruCache::new(NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl LoginThrottle {
    /// How long this account and address must still wait; `None` when an attempt may be made now.
    pub fn wait(&self, account: &str, address: &str, now: Millis) -> Option<Duration> {
        let mut failures = self.0.lock();
        let entry = failures.get(&key(account, address))?;
        if entry.count < FREE_FAILURES || now.0 - entry.last.0 > WINDOW {
            return None;
        }
        let doublings = (entry.count - FREE_FAILURES).min(6);
        let delay = Duration::from_secs(1 << doublings).min(LONGEST);
        let ends = entry.last.0 + i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let left = u64::try_from(ends - now.0).ok().filter(|left| *left > 0)?;
        Some(Duration::from_millis(left))
    }

    /// Counts a failure.
    pub fn failed(&self, account: &str, address: &str, now: Millis) {
        let mut failures = self.0.lock();
        let entry = failures.get_or_insert_mut(key(account, address), || Failures { count: 0, last: now });
        if now.0 - entry.last.0 > WINDOW {
            entry.count = 0;
        }
        entry.count = entry.count.saturating_add(1);
        entry.last = now;
    }

    /// Forgets the failures of an account and address after it signed in.
    pub fn succeeded(&self, account: &str, address: &str) {
        self.0.lock().pop(&key(account, address));
    }
}

fn key(account: &str, address: &str) -> (String, String) {
    // Names longer than any real one would only serve to fill the memory.
    (account.chars().take(128).collect(), address.chars().take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_failure_waits_and_the_delay_grows_and_ends() {
        let throttle = LoginThrottle::default();
        let t0 = Millis(1_000_000);
        for _ in 0..10 {
            assert!(throttle.wait("ann", "10.0.0.1", t0).is_none());
            throttle.failed("ann", "10.0.0.1", t0);
        }
        assert_eq!(throttle.wait("ann", "10.0.0.1", t0), Some(Duration::from_secs(1)));
        assert!(throttle.wait("ann", "10.0.0.2", t0).is_none(), "another address is not affected");
        assert!(throttle.wait("bob", "10.0.0.1", t0).is_none(), "another account is not affected");
        assert!(throttle.wait("ann", "10.0.0.1", t0.plus_seconds(1)).is_none(), "the delay ends by itself");
        for _ in 0..20 {
            throttle.failed("ann", "10.0.0.1", t0);
        }
        assert_eq!(throttle.wait("ann", "10.0.0.1", t0), Some(LONGEST));
        assert!(throttle.wait("ann", "10.0.0.1", t0.plus_seconds(301)).is_none(), "failures are forgotten");
        throttle.succeeded("ann", "10.0.0.1");
        assert!(throttle.wait("ann", "10.0.0.1", t0).is_none());
    }
}
