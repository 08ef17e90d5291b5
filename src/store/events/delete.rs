//! Removing an entity's events, and finding the files that they name.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{EventKind, is_damage, rows::Iterations};
use crate::{
    store::{Snapshot, Tx},
    types::Result,
};

impl Tx<'_> {
    /// Removes all events of a task or model of the tenant; returns how many there were. The document stays as it is
    /// (spec/events.md 10). The caller has checked that it may.
    pub fn delete_events(&self, entity: &str) -> Result<u64> {
        let owner = self.one(
            "SELECT seq FROM event_owner WHERE entity = ?1 AND company = ?2",
            params![entity, self.scope.company.as_str()],
            |row| row.get::<_, i64>(0),
        )?;
        let Some(owner) = owner else { return Ok(0) };
        let mut deleted = self.run("DELETE FROM log WHERE owner = ?1", [owner])?;
        deleted += usize::try_from(self.count_in_blocks(owner)?).unwrap_or_default();
        self.run("DELETE FROM log_block WHERE owner = ?1", [owner])?;
        deleted += self.delete_scalars(owner)?;
        for (kind, table) in
            [(EventKind::Vector, "vector"), (EventKind::Image, "image"), (EventKind::Plot, "plot")]
        {
            let sql = format!(
                "DELETE FROM {table} WHERE series IN (SELECT id FROM series WHERE owner = ?1 AND kind = ?2)"
            );
            deleted += self.run(&sql, params![owner, kind.code()])?;
        }
        self.run("DELETE FROM series WHERE owner = ?1", [owner])?;
        self.run("DELETE FROM event_batch WHERE owner = ?1", [owner])?;
        self.run("DELETE FROM event_owner WHERE seq = ?1", [owner])?;
        Ok(deleted as u64)
    }

    /// Removes the scalars of an owner from tail and chunks; a point that is in both counts once.
    fn delete_scalars(&self, owner: i64) -> Result<usize> {
        let series: Vec<i64> = self.all(
            "SELECT id FROM series WHERE owner = ?1 AND kind = ?2",
            params![owner, EventKind::Scalar.code()],
            |row| row.get(0),
        )?;
        let mut deleted = 0;
        for series in series {
            deleted += match self.tally(series, Iterations::ALL) {
                Ok(tally) => tally.count,
                // Damaged points must be possible to get rid of; how many of them were rewritten is lost.
                Err(error) if is_damage(&error) => self.count_rows(series)?,
                Err(error) => return Err(error),
            };
            for table in ["scalar_values", "scalar_marks"] {
                let sql = format!(
                    "DELETE FROM {table} WHERE id IN (SELECT id FROM scalar_chunk WHERE series = ?1)"
                );
                self.run(&sql, [series])?;
            }
            self.run("DELETE FROM scalar_chunk WHERE series = ?1", [series])?;
            self.run("DELETE FROM scalar WHERE series = ?1", [series])?;
        }
        Ok(usize::try_from(deleted).unwrap_or(0))
    }

    /// Removes up to `most` chunks of scalars of an owner; returns how many.
    pub(in crate::store) fn delete_some_chunks(&self, owner: i64, most: i64) -> Result<usize> {
        let chunks: Vec<(i64, i64, i64)> = self.all(
            "SELECT c.series, c.first, c.id FROM series s JOIN scalar_chunk c ON c.series = s.id
             WHERE s.owner = ?1 AND s.kind = ?2 LIMIT ?3",
            params![owner, EventKind::Scalar.code(), most],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        for (series, first, id) in &chunks {
            self.run("DELETE FROM scalar_values WHERE id = ?1", [id])?;
            self.run("DELETE FROM scalar_marks WHERE id = ?1", [id])?;
            self.run("DELETE FROM scalar_chunk WHERE series = ?1 AND first = ?2", [series, first])?;
        }
        Ok(chunks.len())
    }

    fn count_rows(&self, series: i64) -> Result<i64> {
        let count = self.one(
            "SELECT (SELECT coalesce(sum(points), 0) FROM scalar_chunk WHERE series = ?1)
                 + (SELECT count(*) FROM scalar WHERE series = ?1)",
            [series],
            |row| row.get(0),
        )?;
        Ok(count.unwrap_or_default())
    }
}

impl Snapshot<'_> {
    /// Addresses of files that the events of a task or model of the tenant name: images, and images within plots. Each
    /// once, ascending.
    pub fn event_urls(&self, entity: &str) -> Result<Vec<String>> {
        let owner = params![entity, self.scope.company.as_str()];
        let mut urls: BTreeSet<String> = self
            .all(
                "SELECT DISTINCT i.url FROM event_owner o JOIN series s ON s.owner = o.seq AND s.kind = 2
                     JOIN image i ON i.series = s.id
                 WHERE o.entity = ?1 AND o.company = ?2 AND i.url <> ''",
                owner,
                |row| row.get(0),
            )?
            .into_iter()
            .collect();
        urls.extend(self.all(
            "SELECT DISTINCT u.value FROM event_owner o JOIN series s ON s.owner = o.seq AND s.kind = 3
                 JOIN plot p ON p.series = s.id, json_each(p.source_urls) u
             WHERE o.entity = ?1 AND o.company = ?2 AND p.source_urls IS NOT NULL",
            owner,
            |row| row.get::<_, String>(0),
        )?);
        Ok(urls.into_iter().collect())
    }
}
