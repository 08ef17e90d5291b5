//! From lines of a batch to reports: checked, normalised and grouped by series before the writer is taken
//! (protocol: spec/events.md 3.2 to 3.8).

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::{
    LogFilter, figure,
    raw::RawEvent,
    text::{self, Token, Whole},
};
use crate::{
    store::events::{
        EventKind, OwnerKind, Progress, Report, ReportedImage, ReportedLine, ReportedPlot, ReportedRows,
        ReportedScalar, ReportedSeries, ReportedVector, Sender, Summary, pack_plot,
    },
    types::{ApiError, ErrorKind, Millis, Result},
};

/// Entities that one batch may name (spec/security_rules.md S24).
const MAX_ENTITIES: usize = 10_000;
/// Different messages in one answer.
const MAX_MESSAGES: usize = 1_000;

/// What the request and the settings say for all events.
pub(super) struct Defaults<'a> {
    /// Worker of events that name none.
    pub(super) worker: &'a str,
    /// Time of events that have none.
    pub(super) now: Millis,
    /// Metrics that do not advance the last iteration.
    pub(super) ignored_metrics: &'a [String],
    /// Plots of at least so many characters are stored compressed, 0: none.
    pub(super) compress_from: u64,
    /// Whether plots are checked for being JSON.
    pub(super) validate_plots: bool,
    /// What console lines pass.
    pub(super) log_filter: &'a dyn LogFilter,
}

/// Refusals by message, with how often each occurred.
#[derive(Debug, Default)]
pub(super) struct Refusals(pub(super) BTreeMap<String, u64>);

impl Refusals {
    pub(super) fn add(&mut self, message: impl Into<String>, count: u64) {
        let message = message.into();
        if count == 0 {
            return;
        }
        if self.0.len() >= MAX_MESSAGES && !self.0.contains_key(&message) {
            *self.0.entry("further events were refused".to_owned()).or_default() += count;
            return;
        }
        *self.0.entry(message).or_default() += count;
    }

    pub(super) fn merge(&mut self, other: Refusals) {
        for (message, count) in other.0 {
            self.add(message, count);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }
}

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

/// A batch, ready for the writer.
pub(super) struct Batch<'a> {
    pub(super) entities: Vec<Grouped<'a>>,
    pub(super) refused: Refusals,
    by_id: HashMap<Cow<'a, str>, usize>,
    last: usize,
}

impl<'a> Batch<'a> {
    /// Reads all lines.
    ///
    /// Errors: 400/0 a line is no JSON object; 400/12 the same id with and without `allow_locked`, or both as a task
    /// and as a model, or more than 10,000 ids.
    pub(super) fn read(lines: &'a [Cow<'a, str>], defaults: &Defaults<'a>) -> Result<Batch<'a>> {
        let mut batch =
            Batch { entities: Vec::new(), refused: Refusals::default(), by_id: HashMap::new(), last: 0 };
        for (number, line) in lines.iter().enumerate() {
            let event = RawEvent::read(line).ok_or_else(|| {
                ApiError::new(
                    ErrorKind::BadRequest,
                    "a line of the batch is not a JSON object; nothing was stored",
                )
                .with("line", number)
            })?;
            batch.take(event, defaults)?;
        }
        for entity in &mut batch.entities {
            entity.finish(defaults);
        }
        Ok(batch)
    }

    fn take(&mut self, mut event: RawEvent<'a>, defaults: &Defaults<'a>) -> Result<()> {
        let is_model = event.model_event.as_ref().is_some_and(Token::truthy);
        let model = event.model.take().filter(|model| !model.is_null());
        match model {
            Some(model) if is_model => event.task = Some(model),
            Some(model) => event.extras.push((Cow::Borrowed("model"), model.json())),
            None => {}
        }
        let allow_locked = event.allow_locked.as_ref().is_some_and(Token::truthy);
        let owner = if is_model { OwnerKind::Model } else { OwnerKind::Task };
        let entity = match event.task.take().and_then(Token::text) {
            Some(id) => Some(self.entity(id, owner, allow_locked)?),
            None => None,
        };
        let Some(kind) = event.kind.take().filter(|kind| !kind.is_null()) else {
            self.refused.add("the event has no type", 1);
            return Ok(());
        };
        let Some(kind) = event_kind(&kind) else {
            let name: String = kind.json().trim_matches('"').chars().take(64).collect();
            self.refused.add(format!("unknown event type: {name}"), 1);
            return Ok(());
        };
        if is_model && kind == EventKind::Log {
            self.refused.add("models have no console: send log events of tasks", 1);
            return Ok(());
        }
        let Some(entity) = entity.and_then(|at| self.entities.get_mut(at)) else {
            self.refused.add("the event names no task", 1);
            return Ok(());
        };
        match entity.take(kind, event, is_model, defaults) {
            Ok(()) => entity.accepted += 1,
            Err(message) => entity.refused.add(message, 1),
        }
        Ok(())
    }

    fn entity(&mut self, id: Cow<'a, str>, kind: OwnerKind, allow_locked: bool) -> Result<usize> {
        let at = match self.entities.get(self.last) {
            Some(last) if last.id == id => self.last,
            _ => match self.by_id.get(&id) {
                Some(at) => *at,
                None => {
                    if self.entities.len() >= MAX_ENTITIES {
                        let text =
                            format!("one batch may report for at most {MAX_ENTITIES} tasks and models");
                        return Err(ApiError::new(ErrorKind::ValidationError, text));
                    }
                    self.by_id.insert(id.clone(), self.entities.len());
                    self.entities.push(Grouped::new(id, kind, allow_locked));
                    self.entities.len() - 1
                }
            },
        };
        self.last = at;
        match self.entities.get(at) {
            Some(known) if known.kind != kind => {
                let text = "the batch names the same id both as a task and as a model";
                Err(ApiError::new(ErrorKind::ValidationError, text).with("id", known.id.as_ref()))
            }
            Some(known) if known.allow_locked != allow_locked => {
                let text = "the batch names the same id both with and without allow_locked";
                Err(ApiError::new(ErrorKind::ValidationError, text).with("id", known.id.as_ref()))
            }
            _ => Ok(at),
        }
    }
}

/// What a type names; blanks stand for underscores.
fn event_kind(token: &Token<'_>) -> Option<EventKind> {
    let Token::Text(name) = token else { return None };
    EventKind::from_wire(name)
        .or_else(|| name.contains(' ').then(|| EventKind::from_wire(&name.replace(' ', "_"))).flatten())
}

/// Why an event is refused, as people read it in `errors_info`.
type Refused = &'static str;

const BAD_ITERATION: Refused = "iter is not a whole number";
const ITERATION_OUT_OF_RANGE: Refused = "iter does not fit into 64 bits";
const BAD_TIMESTAMP: Refused = "timestamp is not a number of milliseconds";
const BAD_VALUE: Refused = "value is not a finite number";
const BAD_VECTOR: Refused = "values is not a list of finite numbers";
const BAD_TEXT: Refused = "a field that must be text is something else";
const TOO_DEEP: Refused = "a field is nested deeper than 64 levels";

/// What all kinds of events have.
struct Common {
    iteration: Option<i64>,
    timestamp: i64,
    sender: u32,
}

impl<'a> Grouped<'a> {
    fn new(id: Cow<'a, str>, kind: OwnerKind, allow_locked: bool) -> Self {
        Grouped {
            id,
            kind,
            allow_locked,
            accepted: 0,
            refused: Refusals::default(),
            report: Report::default(),
            series: HashMap::new(),
            last: 0,
            follow: Vec::new(),
            newest: Vec::new(),
            newest_lines: HashMap::new(),
        }
    }

    fn take(
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
                let msg = msg.map(|msg| defaults.log_filter.filter(&self.id, msg));
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
    fn finish(&mut self, defaults: &Defaults<'_>) {
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

/// An unknown field and its JSON.
type Extra<'a> = (Cow<'a, str>, Cow<'a, str>);

fn optional_text(token: Option<Token<'_>>) -> Result<Option<Cow<'_, str>>, Refused> {
    match token {
        None | Some(Token::Null) => Ok(None),
        Some(token) => token.text().map(Some).ok_or(BAD_TEXT),
    }
}

fn keep<'a>(extras: &mut Vec<Extra<'a>>, name: &'static str, value: Option<Token<'a>>) {
    if let Some(value) = value {
        extras.push((Cow::Borrowed(name), value.json()));
    }
}

/// Known fields of other kinds are unknown fields of this one: kept as sent.
fn keep_foreign(kind: EventKind, event: &mut RawEvent<'_>, validate_plots: bool) {
    if !matches!(kind, EventKind::Scalar | EventKind::Vector) {
        match event.values {
            Some(values) => event.extras.push((Cow::Borrowed("value"), Cow::Borrowed(values.get()))),
            None => keep(&mut event.extras, "value", event.value.take()),
        }
    }
    if kind != EventKind::Image {
        keep(&mut event.extras, "url", event.url.take());
    }
    if kind != EventKind::Plot {
        keep(&mut event.extras, "plot_str", event.plot_str.take());
    }
    if kind != EventKind::Plot || !validate_plots {
        keep(&mut event.extras, "skip_validation", event.skip_validation.take());
    }
    if kind != EventKind::Log {
        keep(&mut event.extras, "msg", event.msg.take());
        keep(&mut event.extras, "level", event.level.take());
    }
}

/// Fields as the text of a JSON object.
fn object(fields: &[Extra<'_>]) -> Result<String, Refused> {
    let mut out = String::from("{");
    for (at, (name, value)) in fields.iter().enumerate() {
        if !text::is_shallow(value) {
            return Err(TOO_DEEP);
        }
        if at > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::Value::from(name.as_ref()).to_string());
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    Ok(out)
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

/// A list of finite numbers, or one number, as JSON text.
fn vector(json: &str) -> Result<String, Refused> {
    // Numbers beyond f64 are errors of the parser itself.
    let is_one = serde_json::from_str::<f64>(json).is_ok();
    if !is_one && serde_json::from_str::<Vec<f64>>(json).is_err() {
        return Err(BAD_VECTOR);
    }
    Ok(json.to_owned())
}

fn plot<'a>(
    figure: Option<Cow<'a, str>>,
    skip_validation: bool,
    common: &Common,
    defaults: &Defaults<'_>,
) -> ReportedPlot<'a> {
    let length = figure.as_ref().map_or(0, |figure| figure.chars().count());
    let text = figure.as_deref().unwrap_or_default();
    let valid = match defaults.validate_plots {
        false => None,
        true if text.is_empty() => Some(false),
        true if skip_validation => None,
        true => Some(figure::is_json(text)),
    };
    let source_urls = figure::source_urls(text);
    let large = defaults.compress_from != 0 && length as u64 >= defaults.compress_from;
    // A figure that can't be compressed is stored as it is.
    let packed = if large { pack_plot(text).ok() } else { None };
    ReportedPlot {
        iteration: common.iteration.unwrap_or(0),
        plot_str: if packed.is_some() { None } else { figure },
        packed,
        plot_len: length as i64,
        valid,
        source_urls,
        timestamp: common.timestamp,
        sender: common.sender,
    }
}
