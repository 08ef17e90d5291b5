//! Where entries wait for those who write them out: one bounded queue for each adapter. A call never waits for any of
//! them; what does not fit is counted.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use crate::{
    config::{
        Settings,
        settings::access_log::{Adapter, Apilog},
    },
    store::{
        self,
        calls::{CallRow, CallStore},
    },
    types::Millis,
};

/// Entries that may wait for one adapter.
pub(super) const MOST_WAITING: usize = 10_000;
/// Entries are written together that come within this time.
const BATCH: Duration = Duration::from_millis(500);
/// So many entries are worth writing at once.
const BATCH_SIZE: usize = 1_000;

/// An entry on its way out.
#[derive(Debug)]
pub struct Entry {
    /// When it happened.
    pub at: Millis,
    /// What the built-in store keeps it by; none for heads of chains.
    pub row: Option<CallRow>,
    /// The entry.
    pub json: Value,
}

/// The queue of one adapter.
pub struct Sink {
    /// Which one.
    pub adapter: Adapter,
    waiting: Mutex<Waiting>,
    changed: Condvar,
    dropped: AtomicU64,
    written: AtomicU64,
    last_error: Mutex<Option<(Millis, String)>>,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Arc<Entry>>,
    stopping: bool,
}

impl Sink {
    pub(crate) fn new(adapter: Adapter) -> Self {
        Sink {
            adapter,
            waiting: Mutex::default(),
            changed: Condvar::new(),
            dropped: AtomicU64::new(0),
            written: AtomicU64::new(0),
            last_error: Mutex::default(),
        }
    }

    /// Adds an entry, unless too many wait.
    pub fn push(&self, entry: Arc<Entry>) {
        let mut waiting = self.waiting.lock();
        if waiting.entries.len() >= MOST_WAITING {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.entries.push_back(entry);
        let length = waiting.entries.len();
        drop(waiting);
        // The writer is woken by the first entry and by a full batch, not by each.
        if length == 1 || length == BATCH_SIZE {
            self.changed.notify_one();
        }
    }

    /// Waits for entries and takes those of a batch; `None` when the server stops and all are out.
    pub fn take(&self) -> Option<Vec<Arc<Entry>>> {
        let mut waiting = self.waiting.lock();
        while waiting.entries.is_empty() {
            if waiting.stopping {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
        let due = Instant::now() + BATCH;
        while waiting.entries.len() < BATCH_SIZE && !waiting.stopping {
            if self.changed.wait_until(&mut waiting, due).timed_out() {
                break;
            }
        }
        let count = waiting.entries.len().min(BATCH_SIZE);
        Some(waiting.entries.drain(..count).collect())
    }

    /// Puts back what could not be written, as far as there is room, and waits a while; returns whether to go on.
    pub fn give_back(&self, batch: Vec<Arc<Entry>>, error: &str, pause: Duration) -> bool {
        *self.last_error.lock() = Some((Millis::now(), error.to_owned()));
        let mut waiting = self.waiting.lock();
        for entry in batch.into_iter().rev() {
            if waiting.entries.len() < MOST_WAITING {
                waiting.entries.push_front(entry);
            } else {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        let due = Instant::now() + pause;
        while !waiting.stopping && !self.changed.wait_until(&mut waiting, due).timed_out() {}
        if waiting.stopping {
            let lost = waiting.entries.len() as u64;
            waiting.entries.clear();
            self.dropped.fetch_add(lost, Ordering::Relaxed);
        }
        !waiting.stopping
    }

    /// Counts entries as written.
    pub fn wrote(&self, count: usize) {
        self.written.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Lets the writer end once everything is out.
    pub fn stop(&self) {
        self.waiting.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Waiting, written and dropped entries, and the last error with its time.
    pub fn counters(&self) -> (usize, u64, u64, Option<(Millis, String)>) {
        (
            self.waiting.lock().entries.len(),
            self.written.load(Ordering::Relaxed),
            self.dropped.load(Ordering::Relaxed),
            self.last_error.lock().clone(),
        )
    }
}

/// Why the log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting.
    #[error("{0}")]
    Config(String),
    /// The built-in store.
    #[error("{0}")]
    Store(#[from] store::OpenError),
}

/// The log of API calls.
pub struct CallLog {
    /// Whether calls are logged at all.
    pub enabled: bool,
    /// One queue for each adapter.
    pub sinks: Vec<Arc<Sink>>,
    /// The built-in store; always there, since it also keeps heads of the other chains.
    pub store: CallStore,
    /// What the last verification found.
    pub verified: Mutex<Option<super::Verification>>,
}

impl CallLog {
    /// Opens the log beside the main database.
    ///
    /// Errors: settings that an adapter can't work with; the store can't be opened.
    pub fn open(settings: &Settings, directory: &Path, main: &Path) -> Result<CallLog, OpenError> {
        let apiserver = &settings.apiserver;
        let mut adapters: Vec<Adapter> = Vec::new();
        for adapter in &apiserver.apilog.adapter {
            if !adapters.contains(adapter) {
                check(*adapter, &apiserver.apilog)?;
                adapters.push(*adapter);
            }
        }
        Ok(CallLog {
            enabled: apiserver.log_calls,
            sinks: adapters.into_iter().map(|adapter| Arc::new(Sink::new(adapter))).collect(),
            store: CallStore::open(&directory.join(store::calls::FILE), main)?,
            verified: Mutex::default(),
        })
    }

    /// Hands an entry to every adapter.
    pub fn push(&self, entry: Entry) {
        let entry = Arc::new(entry);
        for sink in &self.sinks {
            // The store keeps heads by itself.
            if entry.row.is_some() || sink.adapter != Adapter::Store {
                sink.push(Arc::clone(&entry));
            }
        }
    }
}

fn check(adapter: Adapter, settings: &Apilog) -> Result<(), OpenError> {
    match adapter {
        Adapter::Logging if settings.adapters.logging.handler.kwargs.host.is_none() => {
            Err(OpenError::Config(
                "apiserver.apilog.adapter is logging, but apiserver.apilog.adapters.logging.handler.kwargs.host is not set: \
                 name the Fluentd server"
                    .to_owned(),
            ))
        }
        Adapter::Elastic => Err(OpenError::Config(
            "apiserver.apilog.adapter elastic is not available: send the log to Fluentd or Fluent Bit with the adapter \
             logging, which can write to Elasticsearch"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Arc<Entry> {
        Arc::new(Entry { at: Millis(0), row: Some(CallRow::default()), json: Value::Null })
    }

    #[test]
    fn what_does_not_fit_is_counted_and_nobody_waits() {
        let sink = Sink::new(Adapter::RawLog);
        let begun = Instant::now();
        for _ in 0..MOST_WAITING + 7 {
            sink.push(entry());
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(sink.counters().0, MOST_WAITING);
        assert_eq!(sink.counters().2, 7);
        let batch = sink.take().unwrap();
        assert_eq!(batch.len(), BATCH_SIZE);
        // What comes meanwhile has the same claim to the room.
        for _ in 0..BATCH_SIZE - 5 {
            sink.push(entry());
        }
        assert!(sink.give_back(batch, "no", Duration::ZERO));
        assert_eq!((sink.counters().0, sink.counters().2), (MOST_WAITING, 7 + 995));
        sink.stop();
        let mut left = 0;
        while let Some(batch) = sink.take() {
            left += batch.len();
        }
        assert_eq!(left, MOST_WAITING);
    }
}
