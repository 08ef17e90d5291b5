//! What waits in queues, in order (spec/queues_workers.md 1.1, 2.19).

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx},
    types::{Millis, Result},
};

/// A task that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The task.
    pub task: String,
    /// Since when.
    pub added: Millis,
    /// Whom its code runs as.
    pub submitter: String,
    /// What was submitted.
    pub content_hash: Option<String>,
    position: i64,
}

/// What waits in a queue, summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The queue.
    pub queue: String,
    /// How much; never nothing.
    pub count: u64,
    /// Since when the task waits that waits longest.
    pub longest: Millis,
    /// Since when the one in the middle waits.
    pub median: Millis,
}

const COLUMNS: &str = "task, added, submitter, content_hash, position";

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        task: row.get(0)?,
        added: Millis(row.get(1)?),
        submitter: row.get(2)?,
        content_hash: row.get(3)?,
        position: row.get(4)?,
    })
}

impl Snapshot<'_> {
    /// Everything that waits in a queue, head first. Uses the key `(queue, position)`.
    pub fn waiting(&self, queue: &str) -> Result<Vec<Entry>> {
        let sql =
            format!("SELECT {COLUMNS} FROM queue_entry WHERE queue = ?1 AND company = ?2 ORDER BY position");
        self.all(&sql, [queue, self.scope.company.as_str()], read)
    }

    /// What waits in each of the tenant's queues; empty ones are left out.
    pub fn waits(&self) -> Result<Vec<Waits>> {
        let sql = "WITH entry AS (
                       SELECT queue, added, row_number() OVER (PARTITION BY queue ORDER BY added) AS place,
                              count(*) OVER (PARTITION BY queue) AS count
                       FROM queue_entry WHERE company = ?1)
                   SELECT queue, max(count), min(added), max(iif(place = count / 2 + 1, added, NULL))
                   FROM entry GROUP BY queue";
        self.all(sql, [self.scope.company.as_str()], |row| {
            Ok(Waits {
                queue: row.get(0)?,
                count: row.get::<_, i64>(1)?.unsigned_abs(),
                longest: Millis(row.get(2)?),
                median: Millis(row.get(3)?),
            })
        })
    }

    /// What waits next behind an entry, or the head. Uses the key `(queue, position)`.
    pub fn waiting_behind(&self, queue: &str, entry: Option<&Entry>) -> Result<Option<Entry>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM queue_entry WHERE queue = ?1 AND company = ?2 AND position > ?3
             ORDER BY position LIMIT 1"
        );
        let position = entry.map_or(i64::MIN, |entry| entry.position);
        self.one(&sql, params![queue, self.scope.company.as_str(), position], read)
    }

    /// Whether anything waits.
    pub fn is_anything_waiting(&self, queue: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM queue_entry WHERE queue = ?1 AND company = ?2 LIMIT 1";
        Ok(self.one(sql, [queue, self.scope.company.as_str()], |_| Ok(()))?.is_some())
    }

    /// How much waits.
    pub fn waiting_count(&self, queue: &str) -> Result<i64> {
        let sql = "SELECT count(*) FROM queue_entry WHERE queue = ?1 AND company = ?2";
        let count = self.one(sql, [queue, self.scope.company.as_str()], |row| row.get(0))?;
        Ok(count.unwrap_or_default())
    }

    /// The entry of a task in a queue.
    pub fn entry(&self, queue: &str, task: &str) -> Result<Option<Entry>> {
        let sql =
            format!("SELECT {COLUMNS} FROM queue_entry WHERE queue = ?1 AND task = ?2 AND company = ?3");
        self.one(&sql, [queue, task, self.scope.company.as_str()], read)
    }

    /// Queues that a task waits in. Uses `queue_entry_by_task`.
    pub fn queues_of_task(&self, task: &str) -> Result<Vec<String>> {
        let sql = "SELECT queue FROM queue_entry WHERE task = ?1 AND company = ?2 ORDER BY added";
        self.all(sql, [task, self.scope.company.as_str()], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Puts a task at the end of a queue. Returns whether it was not there yet.
    pub fn enter_queue(
        &self,
        queue: &str,
        task: &str,
        project: Option<&str>,
        submitter: &str,
        content_hash: Option<&str>,
    ) -> Result<bool> {
        let added = self.run(
            "INSERT INTO queue_entry (queue, task, position, added, submitter, content_hash, company, project)
             SELECT ?1, ?2, coalesce(max(position), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM queue_entry WHERE queue = ?1
             ON CONFLICT (queue, task) DO NOTHING",
            params![
                queue,
                task,
                self.now.0,
                submitter,
                content_hash,
                self.scope.company.as_str(),
                project,
            ],
        )?;
        Ok(added == 1)
    }

    /// Takes a task out of a queue. Returns whether it was there.
    pub fn leave_queue(&self, queue: &str, task: &str) -> Result<bool> {
        let sql = "DELETE FROM queue_entry WHERE queue = ?1 AND task = ?2 AND company = ?3";
        Ok(self.run(sql, [queue, task, self.scope.company.as_str()])? == 1)
    }

    /// Takes everything out of a queue.
    pub fn empty_queue(&self, queue: &str) -> Result<usize> {
        let sql = "DELETE FROM queue_entry WHERE queue = ?1 AND company = ?2";
        self.run(sql, [queue, self.scope.company.as_str()])
    }

    /// Exchanges places: the entry at index `from` comes to stand at index `to`, those between make room.
    /// `entries` is what waits, head first.
    pub fn reorder(&self, queue: &str, entries: &[Entry], from: usize, to: usize) -> Result<()> {
        let place = |entry: &Entry, position: i64| {
            let sql = "UPDATE queue_entry SET position = ?3 WHERE queue = ?1 AND task = ?2";
            self.run(sql, params![queue, entry.task, position])
        };
        let (Some(moved), Some(target), Some(last)) = (entries.get(from), entries.get(to), entries.last())
        else {
            return Ok(());
        };
        if to == 0 {
            return place(moved, target.position - 1).map(drop);
        }
        if to + 1 == entries.len() {
            return place(moved, last.position + 1).map(drop);
        }
        // No two entries may share a position at any moment: step aside, let the others close up, step in.
        place(moved, last.position + 1)?;
        let mut free = moved.position;
        let between: Vec<&Entry> = match from < to {
            true => entries.get(from + 1..=to).unwrap_or_default().iter().collect(),
            false => entries.get(to..from).unwrap_or_default().iter().rev().collect(),
        };
        for entry in between {
            place(entry, free)?;
            free = entry.position;
        }
        place(moved, free).map(drop)
    }
}
