//! Moving old console lines into blocks, in the background.

use rusqlite::params;

use super::{
    COLUMNS, PackedLines,
    block::{self, Entry},
    read,
};
use crate::{
    store::{Lane, Scope, Store, failed},
    types::Result,
};

/// The newest lines of a log that stay rows: they are read most, and may still change.
const KEPT: i64 = 1_024;
/// Lines of one log that are looked at in one go.
const PIECE: i64 = 8_192;
/// Bytes of text that are looked at in one go.
const PIECE_TEXT: usize = 8 * 1024 * 1024;
/// A block does not reach over more missing numbers than this: those lines sit in other blocks.
const WIDEST_GAP: i64 = 512;

/// A log that has lines to seal.
pub(super) struct Unsealed {
    pub(super) owner: i64,
    pub(super) lines: i64,
    pub(super) sealed: i64,
}

impl Store {
    /// Moves old lines of the logs that have many into blocks; whether there may be more to do. What readers see does not
    /// change. Uses `event_owner_unsealed`.
    pub fn seal_logs(&self) -> Result<bool> {
        let scope = Scope::server();
        let logs = self.read(&scope, |snapshot| {
            snapshot.all(
                "SELECT seq, lines, sealed FROM event_owner INDEXED BY event_owner_unsealed
                 WHERE lines - sealed >= 4096 LIMIT 16",
                [],
                |row| Ok(Unsealed { owner: row.get(0)?, lines: row.get(1)?, sealed: row.get(2)? }),
            )
        })?;
        for log in &logs {
            self.seal_log(&scope, log, KEPT)?;
        }
        Ok(!logs.is_empty())
    }

    pub(super) fn seal_log(&self, scope: &Scope, log: &Unsealed, kept: i64) -> Result<()> {
        let to = log.lines - kept;
        let (blocks, looked_at) = self.read(scope, |snapshot| {
            let mut statement = snapshot
                .conn
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM log WHERE owner = ?1 AND line > ?2 AND line <= ?3 ORDER BY line LIMIT ?4"
                ))
                .map_err(failed)?;
            let mut rows = statement.query(params![log.owner, log.sealed, to, PIECE]).map_err(failed)?;
            let (mut blocks, mut entries, mut size, mut read_text) = (Vec::new(), Vec::new(), 0, 0);
            let (mut looked_at, mut count) = (log.sealed, 0);
            while read_text < PIECE_TEXT {
                let Some(row) = rows.next().map_err(failed)? else { break };
                let line = read(row).map_err(failed)?;
                (looked_at, count) = (line.line, count + 1);
                if line.series.is_some() || line.iteration.is_some() {
                    continue;
                }
                let entry = Entry::stored(line);
                let far = entries.last().is_some_and(|last: &Entry<'_>| entry.line - last.line > WIDEST_GAP);
                if far || entries.len() >= block::MOST_LINES || size + entry.text_len() > block::MOST_TEXT {
                    close(&mut entries, &mut blocks)?;
                    size = 0;
                }
                size += entry.text_len();
                read_text += entry.text_len();
                entries.push(entry);
            }
            // What is left of a full piece goes with the next one.
            let rest = entries.first().map(|entry| entry.line);
            if count < PIECE && read_text < PIECE_TEXT {
                close(&mut entries, &mut blocks)?;
                return Ok((blocks, to));
            }
            Ok((blocks, rest.filter(|rest| *rest > log.sealed + 1).map_or(looked_at, |rest| rest - 1)))
        })?;
        for packed in blocks {
            self.write(scope, Lane::Events, |tx| {
                let of_block =
                    "owner = ?1 AND line BETWEEN ?2 AND ?3 AND series IS NULL AND iteration IS NULL";
                let range = params![log.owner, packed.first, packed.last];
                let count: Option<i64> =
                    tx.one(&format!("SELECT count(*) FROM log WHERE {of_block}"), range, |row| row.get(0))?;
                // Lines never change, but they may have been removed meanwhile.
                if count != Some(packed.count) {
                    return Ok(());
                }
                tx.run(&format!("DELETE FROM log WHERE {of_block}"), range)?;
                tx.put_block(log.owner, 0, &packed.batches, &packed)
            })?;
        }
        self.write(scope, Lane::Events, |tx| {
            tx.run(
                "UPDATE event_owner SET sealed = max(sealed, ?2) WHERE seq = ?1",
                params![log.owner, looked_at],
            )
            .map(drop)
        })
    }
}

fn close(entries: &mut Vec<Entry<'static>>, blocks: &mut Vec<PackedLines>) -> Result<()> {
    let text: usize = entries.iter().map(Entry::text_len).sum();
    if entries.len() >= block::FEWEST_LINES || text >= block::WORTH_TEXT {
        blocks.extend(block::pack(entries)?);
    }
    entries.clear();
    Ok(())
}
