//! One way to write: a single connection, taken in turns, with group commit.
//!
//! Callers run their work on their own thread while they hold the connection; the work sits in a savepoint, so its
//! failure undoes only itself. Whoever finds nobody waiting, or finds the turn older than [`TURN`], commits
//! (`synchronous=FULL`) for everybody whose work the turn holds, and only then are they all answered: durability at
//! group-commit price. While one caller syncs, others queue up and form the next turn.
//!
//! This is the writer of the design with the thread taken out: work may borrow from its request, nothing is copied
//! into a queue, and a waiting caller costs the thread it already has.
//!
//! Invariants
//! - `conn` is `None` exactly while some caller holds the connection.
//! - A savepoint is open only while its work runs; the outer transaction only within a turn.
//! - Documents go before events: a flood of metrics delays a login by one turn at most.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::sql::{failed, run};
use crate::types::{ApiError, ErrorKind, Result};

/// A turn takes in no more work after this long.
const TURN: Duration = Duration::from_millis(10);

/// Which queue a caller waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Everything that a person or an agent waits for.
    Documents,
    /// Bulk reports of running tasks.
    Events,
}

pub(super) struct Writer {
    state: Mutex<State>,
    documents: Condvar,
    events: Condvar,
    /// Stamp of the log when it was last moved into the database.
    checkpointed: Mutex<Option<(u64, SystemTime)>>,
}

struct State {
    conn: Option<Connection>,
    documents_waiting: usize,
    events_waiting: usize,
    /// The turn whose transaction is open, if any.
    turn: Option<Turn>,
    turns: u64,
    transactions: u64,
}

struct Turn {
    began: Instant,
    outcome: Arc<Outcome>,
}

/// How a turn ended; everybody whose work it holds waits here.
#[derive(Default)]
struct Outcome {
    ended: Mutex<Option<Result<()>>>,
    told: Condvar,
}

impl Outcome {
    fn tell(&self, result: Result<()>) {
        *self.ended.lock() = Some(result);
        self.told.notify_all();
    }

    fn wait(&self) -> Result<()> {
        let mut ended = self.ended.lock();
        loop {
            if let Some(result) = ended.as_ref() {
                return result.clone();
            }
            self.told.wait(&mut ended);
        }
    }
}

impl Writer {
    pub(super) fn new(conn: Connection) -> Self {
        Writer {
            state: Mutex::new(State {
                conn: Some(conn),
                documents_waiting: 0,
                events_waiting: 0,
                turn: None,
                turns: 0,
                transactions: 0,
            }),
            documents: Condvar::new(),
            events: Condvar::new(),
            checkpointed: Mutex::default(),
        }
    }

    /// Runs `work` and returns once its effect is on disk, or undone.
    pub(super) fn run<T>(&self, lane: Lane, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let (conn, turn) = self.take(lane);
        let outcome = match turn {
            Some(outcome) => outcome,
            None => match self.begin(&conn) {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.give_back(conn, None);
                    return Err(error);
                }
            },
        };
        let done = catch_unwind(AssertUnwindSafe(|| in_savepoint(&conn, work)));
        self.finish(conn, &outcome);
        match done {
            Ok(Ok(value)) => outcome.wait().map(|()| value),
            Ok(Err(error)) => Err(error),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Waits for the connection. Returns it with the open turn, if there is one.
    fn take(&self, lane: Lane) -> (Connection, Option<Arc<Outcome>>) {
        let mut state = self.state.lock();
        loop {
            let yields = lane == Lane::Events && state.documents_waiting > 0;
            if !yields && let Some(conn) = state.conn.take() {
                state.transactions += 1;
                return (conn, state.turn.as_ref().map(|turn| Arc::clone(&turn.outcome)));
            }
            match lane {
                Lane::Documents => {
                    state.documents_waiting += 1;
                    self.documents.wait(&mut state);
                    state.documents_waiting -= 1;
                }
                Lane::Events => {
                    state.events_waiting += 1;
                    self.events.wait(&mut state);
                    state.events_waiting -= 1;
                }
            }
        }
    }

    fn begin(&self, conn: &Connection) -> Result<Arc<Outcome>> {
        run(conn, "BEGIN IMMEDIATE").map_err(failed)?;
        let outcome = Arc::new(Outcome::default());
        let mut state = self.state.lock();
        state.turn = Some(Turn { began: Instant::now(), outcome: Arc::clone(&outcome) });
        state.turns += 1;
        Ok(outcome)
    }

    /// Ends one caller's part: hands the open turn to the next waiting caller, or commits it.
    fn finish(&self, conn: Connection, outcome: &Arc<Outcome>) {
        // SQLite rolls the whole transaction back by itself on some failures (a full disk): then nobody's work stands.
        if conn.is_autocommit() {
            outcome
                .tell(Err(ApiError::new(ErrorKind::TransactionError, "nothing was stored; send it again")));
            self.give_back(conn, None);
            return;
        }
        {
            let mut state = self.state.lock();
            let waiting = state.documents_waiting + state.events_waiting > 0;
            let young = state.turn.as_ref().is_some_and(|turn| turn.began.elapsed() < TURN);
            if waiting && young {
                state.conn = Some(conn);
                self.wake(&state);
                return;
            }
        }
        let result = run(&conn, "COMMIT").map_err(failed);
        if result.is_err() && !conn.is_autocommit() {
            // The turn's callers are told that nothing was stored, so nothing may be.
            if let Err(error) = conn.execute_batch("ROLLBACK") {
                tracing::error!(error = %error, "a failed commit could not be rolled back");
            }
        }
        self.give_back(conn, Some((outcome, result)));
    }

    fn give_back(&self, conn: Connection, ended: Option<(&Arc<Outcome>, Result<()>)>) {
        {
            let mut state = self.state.lock();
            state.turn = None;
            state.conn = Some(conn);
            self.wake(&state);
        }
        if let Some((outcome, result)) = ended {
            outcome.tell(result);
        }
    }

    fn wake(&self, state: &State) {
        if state.documents_waiting > 0 {
            self.documents.notify_one();
        } else if state.events_waiting > 0 {
            self.events.notify_one();
        }
    }

    /// Moves the log into the database. Passive from a connection of its own while serving, so that it blocks
    /// nobody; complete, on the writer's connection, when stopping.
    pub(super) fn checkpoint(&self, path: &Path, stopping: bool) -> Result<()> {
        if stopping {
            let (conn, _) = self.take(Lane::Documents);
            let result = conn
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .and_then(|()| conn.execute_batch("PRAGMA optimize"))
                .map_err(failed);
            self.give_back(conn, None);
            return result;
        }
        // An idle server does nothing: the log is looked at only when it was written since.
        let written = wal_stamp(path);
        if written.is_none() || written == *self.checkpointed.lock() {
            return Ok(());
        }
        let conn = Connection::open(path).map_err(failed)?;
        conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;").map_err(failed)?;
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(failed)?;
        *self.checkpointed.lock() = written;
        Ok(())
    }

    pub(super) fn counters(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.turns, state.transactions)
    }
}

/// When the write-ahead log was last written, if it holds enough to be worth moving.
fn wal_stamp(path: &Path) -> Option<(u64, SystemTime)> {
    const WORTH: u64 = 512 * 1024;
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let facts = std::fs::metadata(name).ok().filter(|facts| facts.len() >= WORTH)?;
    Some((facts.len(), facts.modified().ok()?))
}

fn in_savepoint<T>(conn: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    run(conn, "SAVEPOINT work").map_err(failed)?;
    let undo = UndoOnUnwind(conn);
    let result = work(conn);
    std::mem::forget(undo);
    if conn.is_autocommit() {
        // The failure took the whole transaction with it; there is no savepoint left.
        return result.and(Err(ErrorKind::TransactionError.into()));
    }
    match result {
        Ok(value) => run(conn, "RELEASE work").map_err(failed).map(|()| value),
        Err(error) => {
            undo_savepoint(conn);
            Err(error)
        }
    }
}

struct UndoOnUnwind<'a>(&'a Connection);

impl Drop for UndoOnUnwind<'_> {
    fn drop(&mut self) {
        undo_savepoint(self.0);
    }
}

fn undo_savepoint(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK TO work; RELEASE work")
    {
        // The turn can't be trusted any more: end it, so that `finish` tells everybody that nothing was stored.
        tracing::error!(error = %error, "a savepoint could not be undone");
        let _ = conn.execute_batch("ROLLBACK");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (x INTEGER PRIMARY KEY)").unwrap();
        Writer::new(conn)
    }

    fn insert(conn: &Connection, x: i64) -> Result<()> {
        conn.execute("INSERT INTO t VALUES (?1)", [x]).map(drop).map_err(failed)
    }

    fn all(writer: &Writer) -> Vec<i64> {
        writer
            .run(Lane::Documents, |conn| {
                let mut rows = conn.prepare("SELECT x FROM t ORDER BY x").map_err(failed)?;
                let rows = rows.query_map([], |row| row.get(0)).map_err(failed)?;
                rows.collect::<rusqlite::Result<_>>().map_err(failed)
            })
            .unwrap()
    }

    #[test]
    fn a_failure_undoes_only_its_own_work() {
        let writer = writer();
        std::thread::scope(|threads| {
            for x in 0..64 {
                let writer = &writer;
                threads.spawn(move || {
                    let result =
                        writer.run(if x % 2 == 0 { Lane::Documents } else { Lane::Events }, |conn| {
                            insert(conn, x)?;
                            if x % 3 == 0 { Err(ErrorKind::BadRequest.into()) } else { Ok(()) }
                        });
                    assert_eq!(result.is_err(), x % 3 == 0);
                });
            }
        });
        assert_eq!(all(&writer), (0..64).filter(|x| x % 3 != 0).collect::<Vec<_>>());
        let (turns, transactions) = writer.counters();
        assert!(turns <= transactions);
    }

    #[test]
    fn a_panic_undoes_its_work_and_the_writer_goes_on() {
        let writer = writer();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            writer.run(Lane::Documents, |conn| -> Result<()> {
                insert(conn, 1)?;
                panic!("on purpose")
            })
        }));
        assert!(panic.is_err());
        writer.run(Lane::Events, |conn| insert(conn, 2)).unwrap();
        assert_eq!(all(&writer), [2]);
    }

    #[test]
    fn a_transaction_lost_by_sqlite_is_an_error_for_everybody_in_it() {
        let writer = writer();
        let result = writer.run(Lane::Documents, |conn| {
            insert(conn, 1)?;
            conn.execute_batch("ROLLBACK").map_err(failed)
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TransactionError);
        assert!(all(&writer).is_empty());
    }
}
