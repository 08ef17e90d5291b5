//! How queues stand over time (spec/queues_workers.md 1.2, 2.17).

use std::collections::BTreeMap;

use crate::{
    domain::{App, Ctx},
    store::{
        Lane, Scope, Snapshot, Tx,
        documents::Public,
        query::QUEUE,
        queues::{QueueState, Sample},
    },
    types::{ApiError, ErrorKind, Json, Millis, Result},
};

/// A sample with nothing new in it is stored at most this often, in seconds.
const IDLE_SECONDS: i64 = 60;
/// A queue is sampled at most this often, in seconds: no chart has finer steps, and to look at a long queue at each
/// change of it takes longer than the change.
const BUSY_SECONDS: i64 = 1;

/// How the queue stands, when a sample of it would say something new.
fn news(snapshot: &Snapshot<'_>, queue: &str) -> Result<Option<QueueState>> {
    let last = snapshot.last_sample(queue)?;
    let is_older_than =
        |seconds: i64| last.as_ref().is_none_or(|last| snapshot.now.0 - last.timestamp.0 >= seconds * 1000);
    if !is_older_than(BUSY_SECONDS) {
        return Ok(None);
    }
    let state = snapshot.queue_state(queue)?;
    let changed = last.as_ref().is_none_or(|last| last.state.length != state.length);
    Ok((changed || is_older_than(IDLE_SECONDS)).then_some(state))
}

/// Whether a sample of the queue would say something new.
pub(super) fn is_due(snapshot: &Snapshot<'_>, queue: &str) -> Result<bool> {
    news(snapshot, queue).map(|news| news.is_some())
}

/// Stores how a queue stands now, when that says something new.
pub(in crate::domain) fn sample(tx: &Tx<'_>, queue: &str) -> Result<()> {
    match news(tx, queue)? {
        Some(state) => tx.store_sample(queue, state),
        None => Ok(()),
    }
}

/// Samples every queue of every tenant that has not been sampled for a while. Called by a background job.
pub fn sample_idle_queues(app: &App) -> Result<usize> {
    let interval = app.settings.services.queues.metrics_refresh_interval_sec.signed();
    if interval == 0 {
        return Ok(0);
    }
    let before = Millis::now().plus_seconds(-interval);
    let idle = app.store.read(&Scope::server(), |snapshot| snapshot.queues_without_sample_since(before))?;
    for (company, queue) in &idle {
        app.store.write(&Scope::tenant(company.as_str()), Lane::Documents, |tx| {
            let state = tx.queue_state(queue)?;
            tx.store_sample(queue, state)
        })?;
    }
    Ok(idle.len())
}

/// What `queues.get_queue_metrics` takes.
#[derive(Clone, Debug)]
pub struct MetricsRequest {
    /// From, seconds since the epoch.
    pub from: f64,
    /// To, seconds since the epoch.
    pub to: f64,
    /// Width of a step, seconds.
    pub interval: i64,
    /// The queues; empty: all, summed up.
    pub queues: Vec<String>,
    /// Sample them first.
    pub refresh: bool,
}

/// How one queue, or all of them, stood over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The queue, or `total`.
    pub queue: String,
    /// Starts of the steps.
    pub dates: Vec<i64>,
    /// Seconds.
    pub avg_waiting_times: Vec<f64>,
    /// How much waited.
    pub queue_lengths: Vec<i64>,
}

impl Series {
    fn push(&mut self, date: i64, state: QueueState) {
        self.dates.push(date);
        self.avg_waiting_times.push(state.average_waiting);
        self.queue_lengths.push(state.length);
    }
}

/// Samples in steps: of each queue that is named, else of all of them together.
///
/// Errors: 400/16 the range is empty.
pub fn metrics(ctx: &Ctx<'_>, asked: &MetricsRequest) -> Result<Vec<Series>> {
    let queues = selected(ctx, asked)?;
    if queues.is_empty() {
        return Ok(Vec::new());
    }
    if asked.from >= asked.to {
        return Err(ApiError::new(ErrorKind::FieldsValueError, "from_date must lie before to_date")
            .with("from_date", asked.from)
            .with("to_date", asked.to));
    }
    if asked.refresh {
        ctx.write(|tx| queues.iter().try_for_each(|queue| tx.store_sample(queue, tx.queue_state(queue)?)))?;
    }
    let before = ctx.app.settings.services.queues.metrics_before_from_date.signed();
    let from = whole_seconds(asked.from);
    let to = whole_seconds(asked.to);
    let start = Millis(from.saturating_sub(before).saturating_mul(1000));
    let end = Millis(to.saturating_mul(1000).saturating_add(999));
    let samples = ctx.read(|snapshot| snapshot.samples(&queues, start, end))?;
    let steps = in_steps(&samples, asked.interval.max(1));
    let first = from.saturating_sub(asked.interval).saturating_mul(1000);
    Ok(match asked.queues.is_empty() {
        true => vec![total(&steps, first)],
        false => by_queue(&steps, first),
    })
}

fn whole_seconds(seconds: f64) -> i64 {
    // The cast saturates; a request may send any number.
    seconds.floor() as i64
}

/// Readable queues; hidden ones only when they are named.
fn selected(ctx: &Ctx<'_>, asked: &MetricsRequest) -> Result<Vec<String>> {
    let mut options = ctx.query_options(Public::Never);
    if !asked.queues.is_empty() {
        options.only = Some(asked.queues.clone());
        options.show_hidden = true;
    }
    let mut request = Json::new();
    request.insert("page".to_owned(), serde_json::Value::Null);
    request.insert("page_size".to_owned(), serde_json::Value::Null);
    ctx.read(|snapshot| snapshot.ids(&QUEUE, &request, &options))
}

/// By step and queue: the sample with the longest wait, then the longest queue.
fn in_steps(samples: &[Sample], interval: i64) -> BTreeMap<i64, BTreeMap<&str, QueueState>> {
    let mut steps: BTreeMap<i64, BTreeMap<&str, QueueState>> = BTreeMap::new();
    for sample in samples {
        let step = sample.timestamp.seconds().div_euclid(interval).saturating_mul(interval * 1000);
        let slot = steps.entry(step).or_default().entry(sample.queue.as_str()).or_insert(sample.state);
        let key = |state: &QueueState| (state.average_waiting, state.length);
        if key(&sample.state) > key(slot) {
            *slot = sample.state;
        }
    }
    steps
}

fn by_queue(steps: &BTreeMap<i64, BTreeMap<&str, QueueState>>, first: i64) -> Vec<Series> {
    let mut series: BTreeMap<&str, Series> = BTreeMap::new();
    for (date, queues) in steps.range(first..) {
        for (queue, state) in queues {
            let line = series
                .entry(queue)
                .or_insert_with(|| Series { queue: (*queue).to_owned(), ..Series::default() });
            line.push(*date, *state);
        }
    }
    series.into_values().collect()
}

/// All queues together; one without a sample in a step stands as it last did.
fn total(steps: &BTreeMap<i64, BTreeMap<&str, QueueState>>, first: i64) -> Series {
    let mut series = Series { queue: "total".to_owned(), ..Series::default() };
    let mut known: BTreeMap<&str, QueueState> = BTreeMap::new();
    for (date, queues) in steps {
        known.extend(queues);
        if *date < first {
            continue;
        }
        let length: i64 = known.values().map(|state| state.length).sum();
        let waited: f64 = known.values().map(|state| state.average_waiting * state.length as f64).sum();
        let average_waiting = if length == 0 { 0.0 } else { waited / length as f64 };
        series.push(*date, QueueState { length, average_waiting });
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(queue: &str, seconds: i64, length: i64, average_waiting: f64) -> Sample {
        Sample {
            queue: queue.to_owned(),
            timestamp: Millis(seconds * 1000),
            state: QueueState { length, average_waiting },
        }
    }

    #[test]
    fn a_queue_without_a_sample_stands_as_it_last_did() {
        let samples = [sample("q1", 10, 2, 6.0), sample("q2", 20, 3, 1.0)];
        let steps = in_steps(&samples, 10);
        let all = total(&steps, 0);
        assert_eq!((all.dates, all.queue_lengths), (vec![10_000, 20_000], vec![2, 5]));
        assert_eq!(all.avg_waiting_times, [6.0, 3.0]);
        assert_eq!(total(&steps, 20_000).queue_lengths, [5], "what lies before the range counts, unshown");
    }

    #[test]
    fn the_longest_wait_of_a_step_stands_for_it() {
        let samples = [sample("q", 11, 9, 1.0), sample("q", 12, 2, 6.0), sample("q", 19, 3, 6.0)];
        let lines = by_queue(&in_steps(&samples, 10), 0);
        assert_eq!((lines.len(), &lines[0].queue_lengths[..]), (1, &[3][..]));
    }
}
