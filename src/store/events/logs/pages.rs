//! A whole log, page by page.

use super::{LogLine, LogPlace, Merge, Order, Reading, merge::Step};
use crate::{
    store::{Readers, Scope, Snapshot, Store, events::EventOwner, events::rows::Direction, sql},
    types::{Millis, Result},
};

/// A whole log, page by page in order of time, with a reader of its own for each page: a slow download holds
/// neither a connection nor a snapshot.
pub struct LogPages {
    readers: Readers,
    owner: i64,
    newest: i64,
    after: Option<LogPlace>,
}

/// Lines on one page at most.
const PAGE: usize = 4_000;
/// A page ends when its texts reach this many bytes: one line may have a megabyte.
const PAGE_TEXT: usize = 1024 * 1024;

impl Store {
    /// The log of an entity that the caller may read, as it is now.
    pub fn log_pages(&self, owner: &EventOwner) -> LogPages {
        LogPages { readers: self.readers.clone(), owner: owner.seq, newest: owner.lines, after: None }
    }
}

impl LogPages {
    /// The next lines, with a snapshot on which their batches can be read; empty at the end.
    pub fn next<T>(
        &mut self,
        scope: &Scope,
        work: impl FnOnce(&Snapshot<'_>, Vec<LogLine>) -> Result<T>,
    ) -> Result<T> {
        let conn = self.readers.get().map_err(sql::pool_failed)?;
        let reading = Reading {
            after: self.after,
            newest: self.newest,
            ..Reading::of(self.owner, Order::Time, Direction::Ascending)
        };
        let mut merge = Merge::new(&conn, reading);
        let (mut lines, mut size) = (Vec::new(), 0);
        while lines.len() < PAGE
            && size < PAGE_TEXT
            && let Step::Line(line) = merge.next(None)?
        {
            size += line.msg.as_ref().map_or(0, String::len);
            self.after = Some(LogPlace { timestamp: line.timestamp, line: line.line });
            lines.push(line);
        }
        work(&Snapshot { conn: &conn, scope, now: Millis::now() }, lines)
    }
}
