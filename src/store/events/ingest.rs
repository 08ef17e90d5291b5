//! Writing a report: events of one request and one entity, parsed and grouped before the writer is taken.

use std::borrow::Cow;

use rusqlite::params;

use super::{
    EventKind, Owner, PackedLines,
    last_values::{Progress, Summary},
    names::{Learned, SeriesKey, SeriesNames},
};
use crate::{
    store::{Tx, failed},
    types::Result,
};

/// Everything that one request reports about one entity, in the order of arrival within each list.
#[derive(Debug, Default)]
pub struct Report<'a> {
    /// What groups of the events have in common; the events refer to it by position.
    pub senders: Vec<Sender<'a>>,
    /// Events by series.
    pub series: Vec<ReportedSeries<'a>>,
    /// Console lines.
    pub lines: Vec<ReportedLine<'a>>,
    /// Console lines that were packed.
    pub blocks: Vec<PackedLines>,
    /// What the owner's document learns from it.
    pub progress: Progress<'a>,
}

/// What several events have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender<'a> {
    /// Who reports.
    pub worker: Cow<'a, str>,
    /// The event is a model's.
    pub model_event: bool,
    /// Unknown fields, as text of a JSON object.
    pub extras: Option<String>,
}

/// Events of one kind, metric and variant.
#[derive(Debug)]
pub struct ReportedSeries<'a> {
    /// Metric.
    pub metric: Cow<'a, str>,
    /// Variant.
    pub variant: Cow<'a, str>,
    /// `key` of scalars, vectors and plots that carry one.
    pub key: Cow<'a, str>,
    /// The events have an iteration.
    pub numbered: bool,
    /// The events.
    pub rows: ReportedRows<'a>,
    /// What `last_metrics` learns, for scalars with a value.
    pub summary: Option<Summary<'a>>,
}

/// Events of a series by kind. A later one of the same identity replaces an earlier one.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum ReportedRows<'a> {
    Scalars(Vec<ReportedScalar>),
    Vectors(Vec<ReportedVector>),
    Images(Vec<ReportedImage<'a>>),
    Plots(Vec<ReportedPlot<'a>>),
}

/// A scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportedScalar {
    /// Iteration, 0 where there is none.
    pub iteration: i64,
    /// Finite.
    pub value: Option<f64>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Position in [`Report::senders`].
    pub sender: u32,
}

/// A vector.
#[derive(Clone, Debug)]
pub struct ReportedVector {
    /// Iteration, 0 where there is none.
    pub iteration: i64,
    /// JSON: an array of numbers.
    pub value: String,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Position in [`Report::senders`].
    pub sender: u32,
}

/// An image.
#[derive(Clone, Debug)]
pub struct ReportedImage<'a> {
    /// Iteration, 0 where there is none.
    pub iteration: i64,
    /// Storage-relative name, empty where there is none.
    pub key: Cow<'a, str>,
    /// Address.
    pub url: Option<Cow<'a, str>>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Position in [`Report::senders`].
    pub sender: u32,
}

/// A plot.
#[derive(Clone, Debug)]
pub struct ReportedPlot<'a> {
    /// Iteration, 0 where there is none.
    pub iteration: i64,
    /// The figure; `None` where there is none or `packed` holds it.
    pub plot_str: Option<Cow<'a, str>>,
    /// The figure compressed with zstd.
    pub packed: Option<Vec<u8>>,
    /// Characters of the figure.
    pub plot_len: i64,
    /// Whether the figure is JSON, where that is checked.
    pub valid: Option<bool>,
    /// Addresses of files in the figure.
    pub source_urls: Vec<String>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Position in [`Report::senders`].
    pub sender: u32,
}

/// A console line.
#[derive(Clone, Debug)]
pub struct ReportedLine<'a> {
    /// How many lines of the report stand before it.
    pub position: i64,
    /// Iteration, if it has one.
    pub iteration: Option<i64>,
    /// Metric and variant, when not both empty.
    pub names: Option<(Cow<'a, str>, Cow<'a, str>)>,
    /// Level as sent.
    pub level: Option<Cow<'a, str>>,
    /// Text, perhaps of several lines.
    pub msg: Option<Cow<'a, str>>,
    /// Reporter's clock, milliseconds.
    pub timestamp: i64,
    /// Position in [`Report::senders`].
    pub sender: u32,
}

impl Tx<'_> {
    /// Stores a report and moves the owner's last values with it. The caller has checked that the owner may be
    /// written. `max_pairs`: how many pairs of metric and variant `last_metrics` holds, 0: any number.
    pub fn store_report(
        &self,
        owner: &Owner,
        report: &Report<'_>,
        by: &str,
        max_pairs: u64,
        names: &SeriesNames,
        learned: &mut Learned,
    ) -> Result<()> {
        let interned = self.store_past_report(owner, report, names, learned)?;
        let mut pairs = None;
        for (series, name) in report.series.iter().zip(interned) {
            if let Some(summary) = &series.summary {
                self.merge_last_value(owner, name, summary, max_pairs, &mut pairs)?;
            }
        }
        self.advance_owner(owner, by, &report.progress, max_pairs)
    }

    /// Stores a report of something that happened long ago: the owner's document, which knows what came after it, stays
    /// as it is. Returns the number of each series' name.
    pub fn store_past_report(
        &self,
        owner: &Owner,
        report: &Report<'_>,
        names: &SeriesNames,
        learned: &mut Learned,
    ) -> Result<Vec<i64>> {
        let (events, lines, revision) = self.event_owner_or_new(owner)?;
        let batches = self.add_batches(events, &report.senders)?;
        let mut changed = [false; EventKind::ALL.len()];
        let mut numbers = Vec::with_capacity(report.series.len());
        for series in &report.series {
            let kind = series.rows.kind();
            let key = SeriesKey {
                kind,
                metric: &series.metric,
                variant: &series.variant,
                key: &series.key,
                numbered: series.numbered,
            };
            let interned = self.intern(owner, events, key, names, learned)?;
            match &series.rows {
                ReportedRows::Scalars(rows) => {
                    self.add_scalars(interned.series, rows, &batches)?;
                    learned.points.push((interned.series, rows.len()));
                }
                ReportedRows::Vectors(rows) => self.add_vectors(owner, interned.series, rows, &batches)?,
                ReportedRows::Images(rows) => self.add_images(owner, interned.series, rows, &batches)?,
                ReportedRows::Plots(rows) => self.add_plots(owner, interned.series, rows, &batches)?,
            }
            numbers.push(interned.name);
            if let Some(flag) = changed.get_mut(kind as usize) {
                *flag = true;
            }
        }
        let line_count = report.line_count();
        if line_count > 0 {
            self.add_lines(owner, events, lines, report, &batches, names, learned)?;
            if let Some(flag) = changed.get_mut(EventKind::Log as usize) {
                *flag = true;
            }
        }
        self.mark_changed(events, revision + 1, changed, line_count)?;
        Ok(numbers)
    }

    fn add_batches(&self, events: i64, senders: &[Sender<'_>]) -> Result<Vec<i64>> {
        let mut statement = self
            .conn
            .prepare_cached(
                "INSERT INTO event_batch (owner, received, model_event, worker, extras) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .map_err(failed)?;
        let mut ids = Vec::with_capacity(senders.len());
        for sender in senders {
            let row = params![events, self.now.0, sender.model_event, sender.worker, sender.extras];
            ids.push(statement.insert(row).map_err(failed)?);
        }
        Ok(ids)
    }

    fn add_scalars(&self, series: i64, rows: &[ReportedScalar], batches: &[i64]) -> Result<()> {
        let mut statement = self
            .conn
            .prepare_cached(
                "INSERT OR REPLACE INTO scalar (series, iteration, value, timestamp, batch)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .map_err(failed)?;
        for row in rows {
            statement
                .execute(params![series, row.iteration, row.value, row.timestamp, batch(batches, row.sender)])
                .map_err(failed)?;
        }
        Ok(())
    }

    fn add_vectors(
        &self,
        owner: &Owner,
        series: i64,
        rows: &[ReportedVector],
        batches: &[i64],
    ) -> Result<()> {
        for row in rows {
            self.run(
                "INSERT INTO vector (series, iteration, timestamp, batch, company, project, value)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (series, iteration) DO UPDATE SET timestamp = excluded.timestamp,
                     batch = excluded.batch, value = excluded.value",
                params![
                    series,
                    row.iteration,
                    row.timestamp,
                    batch(batches, row.sender),
                    owner.company.as_str(),
                    owner.project,
                    row.value,
                ],
            )?;
        }
        Ok(())
    }

    fn add_images(
        &self,
        owner: &Owner,
        series: i64,
        rows: &[ReportedImage<'_>],
        batches: &[i64],
    ) -> Result<()> {
        for row in rows {
            self.run(
                "INSERT INTO image (series, iteration, key, timestamp, batch, company, project, url)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (series, iteration, key) DO UPDATE SET timestamp = excluded.timestamp,
                     batch = excluded.batch, url = excluded.url",
                params![
                    series,
                    row.iteration,
                    row.key,
                    row.timestamp,
                    batch(batches, row.sender),
                    owner.company.as_str(),
                    owner.project,
                    row.url,
                ],
            )?;
        }
        Ok(())
    }

    fn add_plots(
        &self,
        owner: &Owner,
        series: i64,
        rows: &[ReportedPlot<'_>],
        batches: &[i64],
    ) -> Result<()> {
        for row in rows {
            let urls = (!row.source_urls.is_empty()).then(|| serde_json::json!(row.source_urls).to_string());
            self.run(
                "INSERT INTO plot (series, iteration, timestamp, batch, company, project, plot_len, valid, source_urls,
                     plot_str, packed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (series, iteration) DO UPDATE SET timestamp = excluded.timestamp,
                     batch = excluded.batch, plot_len = excluded.plot_len, valid = excluded.valid,
                     source_urls = excluded.source_urls, plot_str = excluded.plot_str, packed = excluded.packed",
                params![
                    series,
                    row.iteration,
                    row.timestamp,
                    batch(batches, row.sender),
                    owner.company.as_str(),
                    owner.project,
                    row.plot_len,
                    row.valid,
                    urls,
                    row.plot_str,
                    row.packed,
                ],
            )?;
        }
        Ok(())
    }

    fn mark_changed(&self, events: i64, revision: i64, changed: [bool; 5], lines: i64) -> Result<()> {
        let [scalars, vectors, images, plots, logs] = changed;
        self.run(
            "UPDATE event_owner SET revision = ?2, lines = lines + ?3, log_count = log_count + ?3,
                 scalars_changed = iif(?4, ?2, scalars_changed), vectors_changed = iif(?5, ?2, vectors_changed),
                 images_changed = iif(?6, ?2, images_changed), plots_changed = iif(?7, ?2, plots_changed),
                 logs_changed = iif(?8, ?2, logs_changed)
             WHERE seq = ?1",
            params![events, revision, lines, scalars, vectors, images, plots, logs],
        )
        .map(drop)
    }
}

impl ReportedRows<'_> {
    /// The greatest iteration among them.
    pub fn greatest_iteration(&self) -> Option<i64> {
        match self {
            ReportedRows::Scalars(rows) => rows.iter().map(|row| row.iteration).max(),
            ReportedRows::Vectors(rows) => rows.iter().map(|row| row.iteration).max(),
            ReportedRows::Images(rows) => rows.iter().map(|row| row.iteration).max(),
            ReportedRows::Plots(rows) => rows.iter().map(|row| row.iteration).max(),
        }
    }

    /// Which kind of events these are.
    pub fn kind(&self) -> EventKind {
        match self {
            ReportedRows::Scalars(_) => EventKind::Scalar,
            ReportedRows::Vectors(_) => EventKind::Vector,
            ReportedRows::Images(_) => EventKind::Image,
            ReportedRows::Plots(_) => EventKind::Plot,
        }
    }
}

/// Number of the batch of a sender.
fn batch(batches: &[i64], sender: u32) -> i64 {
    batches.get(sender as usize).copied().unwrap_or_default()
}
