//! Navigation states and snapshot scrolls: kept in memory, bounded, bound to the caller, gone an hour after their last
//! use (protocol: spec/events.md 7.2, 8.1, 9.2; spec/security_rules.md S18).

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;

use super::{image_sample::ImageSample, pager::Pager, plot_sample::PlotSample, scroll::Scroll};
use crate::types::{Millis, new_id};

/// What a client goes on with.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Pager(Arc<Pager>),
    ImageSample(Arc<ImageSample>),
    PlotSample(Arc<PlotSample>),
    Scroll(Arc<Scroll>),
}

impl Held {
    /// Roughly its size in bytes.
    fn weight(&self) -> usize {
        256 + match self {
            Held::Pager(pager) => pager.weight(),
            Held::ImageSample(sample) => sample.weight(),
            Held::PlotSample(sample) => sample.weight(),
            Held::Scroll(scroll) => scroll.weight(),
        }
    }
}

/// States at once, and bytes they may take together; those unused for longest make room.
const MAX_STATES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// All open states of this process.
pub(super) struct States(Mutex<Open>);

struct Open {
    states: LruCache<String, State>,
    bytes: usize,
}

struct State {
    subject: String,
    held: Held,
    expires: Millis,
    weight: usize,
}

impl Default for States {
    fn default() -> Self {
        States(Mutex::new(Open { states: LruCache::new(MAX_STATES), bytes: 0 }))
    }
}

impl States {
    /// The state behind an id of this subject. Using it does not change it: see [`States::put`].
    pub(super) fn get(&self, id: &str, subject: &str, now: Millis) -> Option<Held> {
        let mut open = self.0.lock();
        let state = open.states.get(id)?;
        (state.subject == subject && state.expires > now).then(|| state.held.clone())
    }

    /// Keeps a state under its id, or a fresh one, and returns that.
    pub(super) fn put(&self, id: Option<&str>, subject: &str, held: Held, expires: Millis) -> String {
        let id = id.map_or_else(new_id, str::to_owned);
        let weight = held.weight();
        let state = State { subject: subject.to_owned(), held, expires, weight };
        let mut open = self.0.lock();
        open.bytes += weight;
        if let Some((_, former)) = open.states.push(id.clone(), state) {
            open.bytes = open.bytes.saturating_sub(former.weight);
        }
        while open.bytes > MAX_BYTES && open.states.len() > 1 {
            let Some((_, oldest)) = open.states.pop_lru() else { break };
            open.bytes = open.bytes.saturating_sub(oldest.weight);
        }
        id
    }

    /// Forgets a state of this subject.
    pub(super) fn release(&self, id: &str, subject: &str) {
        let mut open = self.0.lock();
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

    fn held(rows: usize) -> Held {
        Held::Scroll(Arc::new(Scroll::of_rows("t", vec![0; rows])))
    }

    #[test]
    fn a_state_belongs_to_its_subject_and_expires() {
        let states = States::default();
        let id = states.put(None, "ann", held(1), Millis(100));
        assert!(states.get(&id, "ann", Millis(99)).is_some());
        assert!(states.get(&id, "bob", Millis(99)).is_none());
        assert!(states.get(&id, "ann", Millis(100)).is_none());
        states.release(&id, "bob");
        assert!(states.get(&id, "ann", Millis(0)).is_some());
        states.release(&id, "ann");
        assert!(states.get(&id, "ann", Millis(0)).is_none());
        assert_eq!(states.0.lock().bytes, 0);
    }

    #[test]
    fn states_together_take_a_bounded_space() {
        let states = States::default();
        for _ in 0..40 {
            states.put(None, "ann", held(1_000_000), Millis(100));
        }
        let open = states.0.lock();
        assert!(open.bytes <= MAX_BYTES);
        assert!(open.states.len() < 10 && !open.states.is_empty());
    }
}
