//! Reads that outlive a request: all pages of a download come from one snapshot.
//!
//! A snapshot holds a connection and keeps the write-ahead log from being emptied. So there are only [`MOST`] at once,
//! [`MOST_EACH`] of them for one person; and one that its client neglects for [`IDLE`], or that takes longer than
//! [`LONGEST`], is ended: its next page fails.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use r2d2_sqlite::SqliteConnectionManager;

use super::{READ_DEADLINE, Scope, Snapshot, Store, failed, sql};
use crate::types::{ApiError, ErrorKind, Millis, Result};

/// Snapshots at once; the pool has more than twice as many readers.
const MOST: usize = 6;
/// Snapshots at once for the same person.
const MOST_EACH: usize = 2;
/// Between two pages.
const IDLE: Duration = Duration::from_secs(30);
/// From the first page to the last.
const LONGEST: Duration = Duration::from_secs(600);

/// The long reads of this process, with whom each is for.
#[derive(Default)]
pub(super) struct LongReads(Mutex<Vec<Entry>>);

type Entry = (String, Weak<Mutex<State>>);

/// A snapshot that lives from page to page.
pub struct LongRead(Arc<Mutex<State>>);

enum State {
    /// Counted, but still without a connection.
    Reserved,
    Open(Box<Open>),
    Ended,
}

struct Open {
    conn: r2d2::PooledConnection<SqliteConnectionManager>,
    now: Millis,
    began: Instant,
    used: Instant,
}

impl Drop for Open {
    fn drop(&mut self) {
        // The connection goes back to the pool, where the next reader begins a transaction of its own.
        if let Err(error) = self.conn.execute_batch("ROLLBACK") {
            tracing::error!(%error, "a long read could not be ended");
        }
    }
}

impl Store {
    /// Begins a read whose pages all see the data as they are at the first one. `subject`: whom it is for.
    ///
    /// Errors: 503 when there are too many at once.
    pub fn long_read(&self, subject: &str) -> Result<LongRead> {
        let read = LongRead(Arc::new(Mutex::new(State::Reserved)));
        {
            let mut reads = self.long_reads.0.lock();
            end_overdue(&mut reads, false);
            let own = reads.iter().filter(|(holder, _)| holder == subject).count();
            if reads.len() >= MOST || own >= MOST_EACH {
                return Err(ApiError::new(
                    ErrorKind::Overloaded,
                    "several downloads are running; start this one when they are done",
                ));
            }
            reads.push((subject.to_owned(), Arc::downgrade(&read.0)));
        }
        let conn = self.readers.get().map_err(sql::pool_failed)?;
        conn.execute_batch("BEGIN DEFERRED").map_err(failed)?;
        let began = Instant::now();
        *read.0.lock() = State::Open(Box::new(Open { conn, now: Millis::now(), began, used: began }));
        Ok(read)
    }
}

impl LongRead {
    /// Reads one page.
    ///
    /// Errors: 500/100 when the read was ended meanwhile; whatever `work` answers.
    pub fn page<T>(&self, scope: &Scope, work: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        let mut state = self.0.lock();
        let State::Open(open) = &mut *state else {
            return Err(ApiError::new(ErrorKind::DataError, "the download was too slow; start it again"));
        };
        let deadline = sql::Deadline::start(&open.conn, READ_DEADLINE);
        let result = work(&Snapshot { conn: &open.conn, scope, now: open.now });
        drop(deadline);
        open.used = Instant::now();
        result
    }
}

impl LongReads {
    /// Ends reads that nobody goes on with; all that are not reading at the moment when the server is `stopping`.
    pub(super) fn end_overdue(&self, stopping: bool) {
        end_overdue(&mut self.0.lock(), stopping);
    }
}

fn end_overdue(reads: &mut Vec<Entry>, stopping: bool) {
    reads.retain(|(_, read)| {
        let Some(read) = read.upgrade() else { return false };
        // One that is locked is reading a page right now.
        let Some(mut state) = read.try_lock() else { return true };
        match &*state {
            State::Reserved => true,
            State::Ended => false,
            State::Open(open) if stopping || open.used.elapsed() > IDLE || open.began.elapsed() > LONGEST => {
                *state = State::Ended;
                false
            }
            State::Open(_) => true,
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::Lane;

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("roundhouse.db")).unwrap();
        (directory, store)
    }

    fn companies(read: &LongRead) -> Result<i64> {
        read.page(&Scope::server(), |snapshot| {
            Ok(snapshot.one("SELECT count(*) FROM company", [], |row| row.get(0))?.unwrap_or_default())
        })
    }

    fn add_company(store: &Store, id: &str) {
        let add = |tx: &crate::store::Tx<'_>| tx.insert_company(&id.into(), id, Millis(0));
        store.write(&Scope::server(), Lane::Documents, add).unwrap();
    }

    #[test]
    fn all_pages_see_the_data_of_the_first() {
        let (_directory, store) = store();
        let read = store.long_read("ann").unwrap();
        assert_eq!(companies(&read).unwrap(), 0);
        add_company(&store, "a");
        assert_eq!(companies(&read).unwrap(), 0);
        assert_eq!(companies(&store.long_read("ann").unwrap()).unwrap(), 1);
    }

    #[test]
    fn there_are_only_a_few_of_everybody_and_of_each() {
        let (_directory, store) = store();
        let begin = |subject: &str| store.long_read(subject);
        let refused = |subject: &str| begin(subject).err().unwrap().kind() == ErrorKind::Overloaded;
        let mut reads: Vec<LongRead> = (0..MOST_EACH).map(|_| begin("ann").unwrap()).collect();
        assert!(refused("ann"));
        reads.extend((MOST_EACH..MOST).map(|n| begin(&n.to_string()).unwrap()));
        assert!(refused("bob"));
        reads.pop();
        assert!(begin("bob").is_ok());
    }

    #[test]
    fn neglected_ones_end() {
        let (_directory, store) = store();
        let (neglected, used) = (store.long_read("ann").unwrap(), store.long_read("ann").unwrap());
        if let State::Open(open) = &mut *neglected.0.lock() {
            open.used = Instant::now().checked_sub(IDLE * 2).unwrap();
        }
        store.checkpoint(false).unwrap();
        assert_eq!(companies(&neglected).unwrap_err().kind(), ErrorKind::DataError);
        assert_eq!(companies(&used).unwrap(), 0);
        let busy = || store.readers.state().connections - store.readers.state().idle_connections;
        assert_eq!(busy(), 1);
        assert!(store.long_read("ann").is_ok(), "there is room again");
        store.checkpoint(true).unwrap();
        assert_eq!(busy(), 0, "a server that stops waits for nobody");
    }
}
