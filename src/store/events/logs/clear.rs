//! Removing console lines (protocol: spec/events.md 4.4).

use rusqlite::params;

use super::merge::read_block;
use crate::{
    store::{Tx, events::EventOwner},
    types::{Millis, Result},
};

/// Which lines to remove; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct ClearLog {
    /// Older than this.
    pub before: Option<Millis>,
    /// Of these metrics; empty: of all.
    pub include_metrics: Vec<String>,
    /// Not of these metrics.
    pub exclude_metrics: Vec<String>,
}

impl ClearLog {
    /// Whether lines without a metric are meant.
    fn unnamed(&self) -> bool {
        let has_empty = |names: &[String]| names.iter().any(String::is_empty);
        (self.include_metrics.is_empty() || has_empty(&self.include_metrics))
            && !has_empty(&self.exclude_metrics)
    }
}

impl Tx<'_> {
    /// Removes lines; returns how many. Numbers of the others stay.
    pub fn clear_log(&self, owner: &EventOwner, what: &ClearLog) -> Result<u64> {
        let mut deleted = if what.unnamed() { self.clear_blocks(owner.seq, what.before)? } else { 0 };
        let list = |names: &[String]| serde_json::json!(names).to_string();
        let metric = "coalesce((SELECT n.metric FROM series s JOIN metric_variant n ON n.id = s.name WHERE s.id = log.series), '')";
        let rows = self.run(
            &format!(
                "DELETE FROM log WHERE owner = ?1 AND (?2 IS NULL OR timestamp < ?2)
                     AND (?3 = '[]' OR {metric} IN (SELECT value FROM json_each(?3)))
                     AND (?4 = '[]' OR {metric} NOT IN (SELECT value FROM json_each(?4)))"
            ),
            params![
                owner.seq,
                what.before.map(|moment| moment.0),
                list(&what.include_metrics),
                list(&what.exclude_metrics),
            ],
        )?;
        deleted += rows as i64;
        if deleted > 0 {
            self.run(
                "UPDATE event_owner SET log_count = log_count - ?2, revision = revision + 1,
                     logs_changed = revision + 1 WHERE seq = ?1",
                params![owner.seq, deleted],
            )?;
        }
        Ok(deleted.unsigned_abs())
    }

    /// Removes the blocks that lie before a moment, and turns those that it cuts into rows. Returns how many lines went.
    fn clear_blocks(&self, owner: i64, before: Option<Millis>) -> Result<i64> {
        let before = before.map(|moment| moment.0);
        let whole = "owner = ?1 AND (?2 IS NULL OR latest < ?2)";
        let deleted = self
            .one(
                &format!("SELECT coalesce(sum(count), 0) FROM log_block WHERE {whole}"),
                params![owner, before],
                |row| row.get(0),
            )?
            .unwrap_or_default();
        self.run(&format!("DELETE FROM log_block WHERE {whole}"), params![owner, before])?;
        let cut = "SELECT id FROM log_block WHERE owner = ?1 AND earliest < ?2";
        for id in self.all(cut, params![owner, before], |row| row.get(0))? {
            self.unseal(owner, id)?;
        }
        Ok(deleted)
    }

    /// Turns a block into rows.
    fn unseal(&self, owner: i64, id: i64) -> Result<()> {
        let Some(block) = read_block(self.conn, id)? else { return Ok(()) };
        self.run("DELETE FROM log_block WHERE id = ?1", [id])?;
        self.put_lines(owner, block.lines(|_, _| true))
    }
}
