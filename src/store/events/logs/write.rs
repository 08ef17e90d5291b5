//! Storing console lines.

use rusqlite::params;

use super::{
    LogLine, PackedLines, Severity,
    block::{self, Entry},
};
use crate::{
    store::{
        Tx,
        events::{
            EventKind, Owner, Report, ReportedLine,
            names::{Learned, SeriesKey, SeriesNames},
        },
        failed,
    },
    types::Result,
};

/// From so many lines on, those of one report go into blocks at once.
const DIRECT: usize = 256;

const INSERT: &str =
    "INSERT INTO log (owner, line, timestamp, batch, severity, iteration, series, level, msg)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

impl Report<'_> {
    /// Packs lines that come by the hundred, before the writer is taken. The newest of each sender stays as it is.
    ///
    /// Errors: 500/1 they can't be compressed.
    pub fn pack_lines(&mut self) -> Result<()> {
        if self.lines.len() < DIRECT {
            return Ok(());
        }
        let mut newest = vec![-1; self.senders.len()];
        for line in &self.lines {
            if let Some(newest) = newest.get_mut(line.sender as usize) {
                *newest = line.position;
            }
        }
        let packable = |line: &ReportedLine<'_>| {
            let is_newest = newest.get(line.sender as usize) == Some(&line.position);
            line.names.is_none() && line.iteration.is_none() && !is_newest
        };
        let (packed, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.lines).into_iter().partition(packable);
        self.lines = kept;
        if packed.len() < block::FEWEST_LINES {
            self.lines.extend(packed);
            self.lines.sort_by_key(|line| line.position);
            return Ok(());
        }
        // Evenly, so that no small rest remains.
        let most = packed.len().div_ceil(packed.len().div_ceil(block::MOST_LINES));
        let mut entries: Vec<Entry<'_>> = Vec::with_capacity(most);
        let mut size = 0;
        for line in &packed {
            let entry = Entry::reported(line);
            if entries.len() >= most || !entries.is_empty() && size + entry.text_len() > block::MOST_TEXT {
                self.blocks.extend(block::pack(&entries)?);
                entries.clear();
                size = 0;
            }
            size += entry.text_len();
            entries.push(entry);
        }
        self.blocks.extend(block::pack(&entries)?);
        Ok(())
    }

    /// Number of console lines.
    pub(in crate::store::events) fn line_count(&self) -> i64 {
        self.lines.len() as i64 + self.blocks.iter().map(|block| block.count).sum::<i64>()
    }
}

impl Tx<'_> {
    /// Stores a report's lines after line `newest`. `batches`: by sender.
    #[allow(clippy::too_many_arguments)]
    pub(in crate::store::events) fn add_lines(
        &self,
        owner: &Owner,
        events: i64,
        newest: i64,
        report: &Report<'_>,
        batches: &[i64],
        names: &SeriesNames,
        learned: &mut Learned,
    ) -> Result<()> {
        let batch = |sender: i64| {
            usize::try_from(sender).ok().and_then(|at| batches.get(at)).copied().unwrap_or_default()
        };
        for block in &report.blocks {
            let of_lines: Vec<i64> = block.batches.iter().map(|sender| batch(*sender)).collect();
            self.put_block(events, newest + 1, &of_lines, block)?;
        }
        let mut series = Vec::with_capacity(report.lines.len());
        for line in &report.lines {
            series.push(match &line.names {
                None => None,
                Some((metric, variant)) => {
                    let key = SeriesKey { kind: EventKind::Log, metric, variant, key: "", numbered: true };
                    Some(self.intern(owner, events, key, names, learned)?.series)
                }
            });
        }
        let mut insert = self.conn.prepare_cached(INSERT).map_err(failed)?;
        for (line, series) in report.lines.iter().zip(series) {
            let values = params![
                events,
                newest + 1 + line.position,
                line.timestamp,
                batch(line.sender.into()),
                Severity::of(line.level.as_deref()).code(),
                line.iteration,
                series,
                line.level,
                line.msg,
            ];
            insert.execute(values).map_err(failed)?;
        }
        Ok(())
    }

    /// Stores a block whose first line counts from line `base`.
    pub(super) fn put_block(
        &self,
        owner: i64,
        base: i64,
        batches: &[i64],
        block: &PackedLines,
    ) -> Result<()> {
        self.run(
            "INSERT INTO log_block (owner, first_line, last_line, earliest, latest, serious, count, batches, facts, texts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                owner,
                base + block.first,
                base + block.last,
                block.earliest,
                block.latest,
                block.serious.code(),
                block.count,
                serde_json::json!(batches).to_string(),
                block.facts,
                block.texts,
            ],
        )
        .map(drop)
    }

    /// Stores lines as rows.
    pub(super) fn put_lines(&self, owner: i64, lines: Vec<LogLine>) -> Result<()> {
        let mut insert = self.conn.prepare_cached(INSERT).map_err(failed)?;
        for line in lines {
            let values = params![
                owner,
                line.line,
                line.timestamp,
                line.batch,
                line.severity.code(),
                line.iteration,
                line.series,
                line.level,
                line.msg,
            ];
            insert.execute(values).map_err(failed)?;
        }
        Ok(())
    }
}
