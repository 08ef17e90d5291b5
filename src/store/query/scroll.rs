//! Where scrolls stand (protocol: spec/protocol.md 5.13; spec/security_rules.md S18).
//!
//! The state is a position, nothing of the result: it lives in memory, and a scroll that a restart forgot starts
//! anew as an expired one does. Each call evaluates filters and access rules again.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::types::{Millis, new_id};

/// Scrolls that may be open at once; the one unused for longest makes room.
const OPEN: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Positions of open scrolls, each bound to the subject that opened it.
#[derive(Debug)]
pub struct Scrolls {
    lifetime_seconds: i64,
    positions: Mutex<LruCache<String, State>>,
}

#[derive(Clone, Debug)]
struct State {
    subject: String,
    collection: &'static str,
    position: u64,
    expires: Millis,
}

impl Default for Scrolls {
    fn default() -> Self {
        Scrolls::new(600)
    }
}

impl Scrolls {
    /// No scrolls yet. `lifetime_seconds` counts from the last use.
    pub fn new(lifetime_seconds: i64) -> Self {
        Scrolls { lifetime_seconds, positions: Mutex::new(LruCache::new(OPEN)) }
    }

    /// Position of a scroll of this subject; a fresh id and 0 when the id is unknown, expired, another
    /// subject's, or absent.
    pub(crate) fn resume(
        &self,
        id: Option<&str>,
        subject: &str,
        collection: &'static str,
        now: Millis,
    ) -> (String, u64) {
        let known = id.and_then(|id| {
            let mut positions = self.positions.lock();
            let state = positions.get(id)?;
            (state.subject == subject && state.collection == collection && state.expires > now)
                .then(|| (id.to_owned(), state.position))
        });
        known.unwrap_or_else(|| (new_id(), 0))
    }

    /// Remembers where a scroll stands now.
    pub(crate) fn save(&self, id: &str, subject: &str, collection: &'static str, position: u64, now: Millis) {
        let expires = now.plus_seconds(self.lifetime_seconds);
        let state = State { subject: subject.to_owned(), collection, position, expires };
        self.positions.lock().put(id.to_owned(), state);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_scroll_belongs_to_its_subject_and_expires() {
        let scrolls = Scrolls::new(600);
        let (id, start) = scrolls.resume(None, "ann", "task", Millis(0));
        assert_eq!(start, 0);
        scrolls.save(&id, "ann", "task", 10, Millis(0));
        assert_eq!(scrolls.resume(Some(&id), "ann", "task", Millis(599_000)), (id.clone(), 10));
        assert_ne!(scrolls.resume(Some(&id), "bob", "task", Millis(0)).0, id);
        assert_ne!(scrolls.resume(Some(&id), "ann", "model", Millis(0)).0, id);
        assert_ne!(scrolls.resume(Some(&id), "ann", "task", Millis(600_000)).0, id);
    }
}
