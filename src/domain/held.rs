//! What a server remembers for a caller between two calls: in memory, bounded, bound to the caller, gone some time
//! after it was kept (spec/security_rules.md S18).

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::types::{Millis, new_id};

/// Something whose size can be told.
pub(in crate::domain) trait Weigh: Clone {
    /// Roughly its size in bytes.
    fn weight(&self) -> usize;
}

/// Kept states; those unused for longest make room.
pub(in crate::domain) struct States<T> {
    most_bytes: usize,
    open: Mutex<Open<T>>,
}

struct Open<T> {
    states: LruCache<String, State<T>>,
    bytes: usize,
}

struct State<T> {
    subject: String,
    held: T,
    expires: Millis,
    weight: usize,
}

impl<T: Weigh> States<T> {
    /// No states yet; room for `most` of them, and for so many bytes in all.
    pub(in crate::domain) fn new(most: NonZeroUsize, most_bytes: usize) -> Self {
        States { most_bytes, open: Mutex::new(Open { states: LruCache::new(most), bytes: 0 }) }
    }

    /// The state behind an id of this subject. Using it does not change it: see [`States::put`].
    pub(in crate::domain) fn get(&self, id: &str, subject: &str, now: Millis) -> Option<T> {
        let mut open = self.open.lock();
        let state = open.states.get(id)?;
        (state.subject == subject && state.expires > now).then(|| state.held.clone())
    }

    /// Keeps a state under its id, or a fresh one, and returns that.
    pub(in crate::domain) fn put(&self, id: Option<&str>, subject: &str, held: T, expires: Millis) -> String {
        let id = id.map_or_else(new_id, str::to_owned);
        let weight = held.weight();
        let state = State { subject: subject.to_owned(), held, expires, weight };
        let mut open = self.open.lock();
        open.bytes += weight;
        if let Some((_, former)) = open.states.push(id.clone(), state) {
            open.bytes = open.bytes.saturating_sub(former.weight);
        }
        while open.bytes > self.most_bytes && open.states.len() > 1 {
            let Some((_, oldest)) = open.states.pop_lru() else { break };
            open.bytes = open.bytes.saturating_sub(oldest.weight);
        }
        id
    }

    /// Forgets a state of this subject.
    pub(in crate::domain) fn release(&self, id: &str, subject: &str) {
        let mut open = self.open.lock();
        if open.states.peek(id).is_some_and(|state| state.subject == subject)
            && let Some(state) = open.states.pop(id)
        {
            open.bytes = open.bytes.saturating_sub(state.weight);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Bytes(usize);

    impl Weigh for Bytes {
        fn weight(&self) -> usize {
            self.0
        }
    }

    fn states() -> States<Bytes> {
        States::new(NonZeroUsize::new(20).unwrap(), 1_000)
    }

    #[test]
    fn a_state_belongs_to_its_subject_and_expires() {
        let states = states();
        let id = states.put(None, "ann", Bytes(1), Millis(100));
        assert!(states.get(&id, "ann", Millis(99)).is_some());
        assert!(states.get(&id, "bob", Millis(99)).is_none());
        assert!(states.get(&id, "ann", Millis(100)).is_none());
        states.release(&id, "bob");
        assert!(states.get(&id, "ann", Millis(0)).is_some());
        states.release(&id, "ann");
        assert!(states.get(&id, "ann", Millis(0)).is_none());
        assert_eq!(states.open.lock().bytes, 0);
    }

    #[test]
    fn states_together_take_a_bounded_space() {
        let states = states();
        for _ in 0..40 {
            states.put(None, "ann", Bytes(150), Millis(100));
        }
        {
            let open = states.open.lock();
            assert!(open.bytes <= 1_000);
            assert_eq!(open.states.len(), 6);
        }
        for _ in 0..40 {
            states.put(None, "ann", Bytes(1), Millis(100));
        }
        assert_eq!(states.open.lock().states.len(), 20);
        assert_eq!(states.open.lock().bytes, 20);
    }
}
