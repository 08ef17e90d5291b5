//! Which series have points in the tail that may be worth moving into chunks. Kept in memory: a hint that costs a report
//! next to nothing; after a start the tail itself says it once.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::chunk::FULL;
use crate::{store::Store, types::Result};

/// A series that nobody has reported to for so long gets its last points moved, too.
const QUIET: Duration = Duration::from_secs(600);

/// Points that wait in the tail, by series.
#[derive(Debug, Default)]
pub struct Backlog {
    waiting: Mutex<HashMap<i64, Waiting>>,
    /// Series with a damaged chunk: what waits for them stays in the tail.
    aside: Mutex<HashSet<i64>>,
    reported: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    points: usize,
    last: Instant,
}

/// A series with points to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its number.
    pub(super) series: i64,
    /// Nothing was reported for a while: incomplete runs are moved, too.
    pub(super) quiet: bool,
    /// Points of a full run.
    pub(super) run: usize,
}

impl Due {
    /// The same with shorter runs, so that a test needs few points for many chunks.
    #[cfg(test)]
    pub(crate) fn in_runs_of(self, run: usize) -> Due {
        Due { run, ..self }
    }
}

impl Backlog {
    /// Notes points that were stored.
    pub(super) fn add(&self, stored: &[(i64, usize)]) {
        if stored.is_empty() {
            return;
        }
        let last = Instant::now();
        let aside = self.aside.lock();
        let mut waiting = self.waiting.lock();
        for (series, points) in stored.iter().filter(|(series, _)| !aside.contains(series)) {
            let known = waiting.entry(*series).or_insert(Waiting { points: 0, last });
            known.points += points;
            known.last = last;
            self.reported.fetch_add(*points as u64, Ordering::Relaxed);
        }
    }

    /// Number of points reported since the start.
    pub fn reported(&self) -> u64 {
        self.reported.load(Ordering::Relaxed)
    }

    /// Takes the series out that have a full run, or that nobody has reported to for a while at `now`.
    pub fn take_due(&self, now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        self.waiting.lock().retain(|series, waiting| {
            let quiet = now.saturating_duration_since(waiting.last) >= QUIET;
            if quiet {
                due.push(Due { series: *series, quiet, run: FULL });
            } else if waiting.points >= FULL {
                // What is left of it is noted anew while it is being moved; then it may become quiet.
                due.push(Due { series: *series, quiet, run: FULL });
                waiting.points = 0;
            }
            !quiet
        });
        due
    }

    /// Takes all series out, as if they had been quiet for long.
    pub fn take_all(&self) -> Vec<Due> {
        self.waiting.lock().drain().map(|(series, _)| Due { series, quiet: true, run: FULL }).collect()
    }

    /// Notes again what could not be moved.
    pub fn give_back(&self, due: impl IntoIterator<Item = Due>) {
        let back: Vec<_> = due.into_iter().map(|due| (due.series, FULL)).collect();
        self.add(&back);
    }

    /// Leaves a series alone until the next start.
    pub fn set_aside(&self, due: Due) {
        self.aside.lock().insert(due.series);
        self.waiting.lock().remove(&due.series);
    }
}

impl Store {
    /// Notes all series that the tail holds points of, as after a start. Reads the whole tail, block by block.
    pub fn find_backlog(&self) -> Result<()> {
        let scope = crate::store::Scope::server();
        let mut after = i64::MIN;
        loop {
            let found: Vec<(i64, i64)> = self.read(&scope, |snapshot| {
                snapshot.all(
                    "SELECT series, count(*) FROM scalar WHERE series > ?1 GROUP BY series ORDER BY series LIMIT 1000",
                    [after],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
            })?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            after = *last;
            let found: Vec<_> = found.into_iter().map(|(series, points)| (series, points as usize)).collect();
            self.backlog.add(&found);
        }
    }
}
