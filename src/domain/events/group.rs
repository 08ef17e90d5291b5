//! The events of one task or model, checked, normalised and grouped by series before the writer is taken
//! (protocol: spec/events.md 3.3 to 3.8).

use std::{borrow::Cow, collections::HashMap};

use super::{
    batch::{Defaults, Refusals},
    fields::{
        BAD_ITERATION, BAD_TEXT, BAD_TIMESTAMP, BAD_VALUE, BAD_VECTOR, Extra, ITERATION_OUT_OF_RANGE,
        Refused, keep, keep_foreign, object, optional_text, plot, vector,
    },
    raw::RawEvent,
    text::{Token, Whole},
};
use crate::domain::redaction::Masked;
use crate::store::events::{
    EventKind, OwnerKind, Progress, Report, ReportedImage, ReportedLine, ReportedRows, ReportedScalar,
    ReportedSeries, ReportedVector, Sender, Summary,
};

/// The events of a batch for one task or model.
pub(super) struct Grouped<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) kind: OwnerKind,
    pub(super) allow_locked: bool,
    /// Events that will be stored.
    pub(super) accepted: u64,
    /// Events that are refused if the owner may be written; else they count as its own kind of refusal.
    pub(super) refused: Refusals,
    pub(super) report: Report<'a>,
    /// What was masked in its lines.
    pub(super) masked: Masked,
    series: HashMap<SeriesKey<'a>, usize>,
    /// Where the last event went, and for each series where the next one went: reporters repeat their order.
    last: usize,
    follow: Vec<usize>,
    newest: Vec<i64>,
    newest_lines: HashMap<Cow<'a, str>, i64>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct SeriesKey<'a> {
    kind: EventKind,
    metric: Cow<'a, str>,
    variant: Cow<'a, str>,
    key: Cow<'a, str>,
    numbered: bool,
}

/// What all kinds of events have.
pub(super) struct Common {
    pub(super) iteration: Option<i64>,
    pub(super) timestamp: i64,
    pub(super) sender: u32,
}

impl<'a> Grouped<'a> {
    pub(super) fn new(id: Cow<'a, str>, kind: OwnerKind, allow_locked: bool) -> Self {
        Grouped {
            id,
            kind,
            allow_locked,
            accepted: 0,
            refused: Refusals::default(),
            report: Report::default(),
            masked: Masked::default(),
            series: HashMap::new(),
            last: 0,
            follow: Vec::new(),
            newest: Vec::new(),
            newest_lines: HashMap::new(),
        }
    }

    pub(super) fn take(
        &mut self,
        kind: EventKind,
        mut event: RawEvent<'a>,
        is_model: bool,
        defaults: &Defaults<'a>,
    ) -> Result<(), Refused> {
        let iteration = match event.iter.take() {
            None => None,
            Some(token) if token.is_null() => {
                // Kept as sent, and no iteration otherwise.
                event.extras.push((Cow::Borrowed("iter"), token.json()));
                None
            }
            Some(token) => match token.whole() {
                Whole::Number(number) => Some(number),
                Whole::OutOfRange => return Err(ITERATION_OUT_OF_RANGE),
                Whole::NotANumber => return Err(BAD_ITERATION),
            },
        };
        let sent =
            [event.timestamp.take(), event.ts.take()].into_iter().flatten().find(|token| !token.is_null());
        let timestamp = match sent.map(|token| token.whole()) {
            None => defaults.now.0,
            Some(Whole::Number(number)) => number,
            Some(_) => return Err(BAD_TIMESTAMP),
        };
        let metric = optional_text(event.metric.take())?.unwrap_or_default();
        let variant = optional_text(event.variant.take())?.unwrap_or_default();
        let worker = optional_text(event.worker.take())?.unwrap_or(Cow::Borrowed(defaults.worker));
        let key = optional_text(event.key.take())?.unwrap_or_default();
        keep_foreign(kind, &mut event, defaults.validate_plots);
        let common = |grouped: &mut Self, extras: &[Extra<'a>]| -> Result<Common, Refused> {
            let sender = grouped.sender(worker, is_model, extras)?;
            Ok(Common { iteration, timestamp, sender })
        };
        match kind {
            EventKind::Scalar => {
                let value = match event.value.take().filter(|token| !token.is_null()) {
                    _ if event.values.is_some() => return Err(BAD_VALUE),
                    None => None,
                    Some(token) => Some(token.finite().ok_or(BAD_VALUE)?),
                };
                let label = optional_text(event.x_axis_label.take())?;
                let common = common(self, &event.extras)?;
                let series = self.series(kind, metric, variant, key, &common);
                push_scalar(series, value, label, &common);
            }
            EventKind::Vector => {
                let value = match (event.values, event.value.take()) {
                    (Some(values), _) => vector(values.get())?,
                    (None, Some(token)) => vector(&token.json())?,
                    (None, None) => return Err(BAD_VECTOR),
                };
                let common = common(self, &event.extras)?;
                let series = self.series(kind, metric, variant, key, &common);
                if let ReportedRows::Vectors(rows) = &mut series.rows {
                    let Common { iteration, timestamp, sender } = common;
                    rows.push(ReportedVector { iteration: iteration.unwrap_or(0), value, timestamp, sender });
                }
            }
            EventKind::Image => {
                let url = optional_text(event.url.take())?;
                let common = common(self, &event.extras)?;
                let series = self.series(kind, metric, variant, Cow::Borrowed(""), &common);
                if let ReportedRows::Images(rows) = &mut series.rows {
                    let Common { iteration, timestamp, sender } = common;
                    let iteration = iteration.unwrap_or(0);
                    rows.push(ReportedImage { iteration, key, url, timestamp, sender });
                }
            }
            EventKind::Plot => {
                let skip = event.skip_validation.as_ref().is_some_and(Token::truthy);
                let figure = optional_text(event.plot_str.take())?;
                let common = common(self, &event.extras)?;
                let plot = plot(figure, skip, &common, defaults);
                let series = self.series(kind, metric, variant, key, &common);
                if let ReportedRows::Plots(rows) = &mut series.rows {
                    rows.push(plot);
                }
            }
            EventKind::Log => {
                let level = optional_text(event.level.take())?;
                let msg = optional_text(event.msg.take())?;
                keep(
                    &mut event.extras,
                    "key",
                    Some(Token::Text(key)).filter(|key| *key != Token::Text("".into())),
                );
                let common = common(self, &event.extras)?;
                self.take_line(metric, variant, level, msg, &common, defaults);
            }
        }
        Ok(())
    }

    /// Position of what the event has in common with others.
    fn sender(
        &mut self,
        worker: Cow<'a, str>,
        model_event: bool,
        extras: &[Extra<'a>],
    ) -> Result<u32, Refused> {
        let extras = match extras {
            [] => None,
            extras => Some(object(extras)?),
        };
        let senders = &mut self.report.senders;
        let same = |sender: &Sender<'_>| {
            sender.worker == worker && sender.model_event == model_event && sender.extras == extras
        };
        // Nearly always the last one or one of a few. Looking further back would only save space.
        let recent = senders.len().saturating_sub(64);
        let known = senders.iter().skip(recent).rposition(same).map(|at| recent + at);
        let at = known.unwrap_or_else(|| {
            senders.push(Sender { worker, model_event, extras });
            senders.len() - 1
        });
        u32::try_from(at).map_err(|_| BAD_TEXT)
    }

    fn series(
        &mut self,
        kind: EventKind,
        metric: Cow<'a, str>,
        variant: Cow<'a, str>,
        key: Cow<'a, str>,
        common: &Common,
    ) -> &mut ReportedSeries<'a> {
        let numbered = common.iteration.is_some();
        let guess = self.follow.get(self.last).copied().unwrap_or_default();
        let fits = |series: &ReportedSeries<'_>| {
            series.metric == metric
                && series.variant == variant
                && series.key == key
                && series.numbered == numbered
                && series.rows.kind() == kind
        };
        let at = match self.report.series.get(guess) {
            Some(series) if fits(series) => guess,
            _ => {
                let key = SeriesKey { kind, metric, variant, key, numbered };
                match self.series.get(&key) {
                    Some(at) => *at,
                    None => {
                        let at = self.report.series.len();
                        self.report.series.push(empty_series(&key));
                        self.series.insert(key, at);
                        self.follow.push(at);
                        self.newest.push(i64::MIN);
                        at
                    }
                }
            }
        };
        if let Some(follow) = self.follow.get_mut(self.last) {
            *follow = at;
        }
        self.last = at;
        if let Some(newest) = self.newest.get_mut(at) {
            *newest = (*newest).max(common.timestamp);
        }
        // `at` was found or pushed just now.
        #[allow(clippy::indexing_slicing)]
        &mut self.report.series[at]
    }

    fn take_line(
        &mut self,
        metric: Cow<'a, str>,
        variant: Cow<'a, str>,
        level: Option<Cow<'a, str>>,
        msg: Option<Cow<'a, str>>,
        common: &Common,
        defaults: &Defaults<'_>,
    ) {
        let newest = match self.newest_lines.get_mut(&metric) {
            Some(newest) => newest,
            None => self.newest_lines.entry(metric.clone()).or_insert(i64::MIN),
        };
        *newest = (*newest).max(common.timestamp);
        if let Some(iteration) = common.iteration {
            self.reach(&metric, iteration, defaults);
        }
        let names = (!metric.is_empty() || !variant.is_empty()).then_some((metric, variant));
        self.report.lines.push(ReportedLine {
            position: self.report.lines.len() as i64,
            iteration: common.iteration,
            names,
            level,
            msg,
            timestamp: common.timestamp,
            sender: common.sender,
        });
    }

    /// Notes that an iteration was reached.
    fn reach(&mut self, metric: &str, iteration: i64, defaults: &Defaults<'_>) {
        if !defaults.ignored_metrics.iter().any(|ignored| ignored == metric) {
            let reached = self.report.progress.last_iteration.get_or_insert(0);
            *reached = (*reached).max(iteration);
        }
    }

    /// Sums up what the report says about its owner.
    pub(super) fn finish(&mut self, defaults: &Defaults<'_>) {
        let mut newest: HashMap<(Cow<'a, str>, EventKind), i64> = HashMap::new();
        let mut reached = Vec::new();
        for (series, timestamp) in self.report.series.iter().zip(&self.newest) {
            let known = newest.entry((series.metric.clone(), series.rows.kind())).or_insert(*timestamp);
            *known = (*known).max(*timestamp);
            if series.numbered
                && let Some(iteration) = series.rows.greatest_iteration()
            {
                reached.push((series.metric.clone(), iteration));
            }
        }
        for (metric, iteration) in reached {
            self.reach(&metric, iteration, defaults);
        }
        let lines = self.newest_lines.drain().map(|(metric, timestamp)| (metric, EventKind::Log, timestamp));
        let mut all: Vec<_> = newest
            .into_iter()
            .map(|((metric, kind), timestamp)| (metric, kind, timestamp))
            .chain(lines)
            .collect();
        all.sort();
        let last_iteration = self.report.progress.last_iteration;
        self.report.progress = Progress { last_iteration, newest: all };
    }
}

fn empty_series<'a>(key: &SeriesKey<'a>) -> ReportedSeries<'a> {
    ReportedSeries {
        metric: key.metric.clone(),
        variant: key.variant.clone(),
        key: key.key.clone(),
        numbered: key.numbered,
        rows: match key.kind {
            EventKind::Vector => ReportedRows::Vectors(Vec::new()),
            EventKind::Image => ReportedRows::Images(Vec::new()),
            EventKind::Plot => ReportedRows::Plots(Vec::new()),
            EventKind::Scalar | EventKind::Log => ReportedRows::Scalars(Vec::new()),
        },
        summary: None,
    }
}

fn push_scalar<'a>(
    series: &mut ReportedSeries<'a>,
    value: Option<f64>,
    label: Option<Cow<'a, str>>,
    common: &Common,
) {
    let Common { timestamp, sender, .. } = *common;
    let iteration = common.iteration.unwrap_or(0);
    if let ReportedRows::Scalars(rows) = &mut series.rows {
        rows.push(ReportedScalar { iteration, value, timestamp, sender });
    }
    let Some(value) = value else { return };
    match &mut series.summary {
        None => {
            series.summary = Some(Summary {
                value,
                iteration,
                timestamp,
                min: (value, iteration),
                max: (value, iteration),
                first: (value, iteration),
                count: 1,
                total: value,
                x_axis_label: label,
            });
        }
        Some(known) => {
            known.count += 1;
            known.total = (known.total + value).clamp(f64::MIN, f64::MAX);
            if (iteration, timestamp) >= (known.iteration, known.timestamp) {
                (known.value, known.iteration, known.timestamp) = (value, iteration, timestamp);
                if label.is_some() {
                    known.x_axis_label = label;
                }
            }
            if value < known.min.0 {
                known.min = (value, iteration);
            }
            if value > known.max.0 {
                known.max = (value, iteration);
            }
            if iteration < known.first.1 {
                known.first = (value, iteration);
            }
        }
    }
}
