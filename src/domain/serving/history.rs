//! Charts of what containers report.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoints::two_decimals;
use crate::{
    domain::{Ctx, steps::Range},
    store::serving::{Column, Step},
    types::Result,
};

/// How the values of one container's reports within a step become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Mean,
    Max,
}

/// How the values of several containers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Across {
    Mean,
    Sum,
}

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name in requests.
    pub name: &'static str,
    /// What people read above it.
    pub title: &'static str,
    column: Column,
    within: Within,
    across: Across,
    factor: f64,
}

const fn metric(
    name: &'static str,
    title: &'static str,
    column: Column,
    across: Across,
    factor: f64,
) -> Metric {
    Metric { name, title, column, within: Within::Mean, across, factor }
}

const GB: f64 = 1.0 / 1024.0;

static METRICS: [Metric; 15] = [
    Metric {
        name: "requests",
        title: "Number of Requests",
        column: Column::Requests,
        within: Within::Max,
        across: Across::Sum,
        factor: 1.0,
    },
    metric("requests_min", "Requests per Minute", Column::RequestsMin, Across::Sum, 1.0),
    metric("latency_ms", "Average Latency (ms)", Column::Latency, Across::Mean, 1.0),
    metric("cpu_count", "CPU Count", Column::CpuCount, Across::Sum, 1.0),
    metric("gpu_count", "GPU Count", Column::GpuCount, Across::Sum, 1.0),
    metric("cpu_util", "Average CPU Load (%)", Column::CpuUsage, Across::Mean, 1.0),
    metric("gpu_util", "Average GPU Utilization (%)", Column::GpuUsage, Across::Mean, 1.0),
    metric("ram_total", "RAM Total (GB)", Column::RamTotal, Across::Sum, GB),
    metric("ram_used", "RAM Used (GB)", Column::RamUsed, Across::Sum, GB),
    metric("ram_free", "RAM Free (GB)", Column::RamFree, Across::Sum, GB),
    metric("gpu_ram_total", "GPU RAM Total (GB)", Column::GpuRamTotal, Across::Sum, GB),
    metric("gpu_ram_used", "GPU RAM Used (GB)", Column::GpuRamUsed, Across::Sum, GB),
    metric("gpu_ram_free", "GPU RAM Free (GB)", Column::GpuRamFree, Across::Sum, GB),
    metric("network_rx", "Network Throughput RX (MBps)", Column::NetworkRx, Across::Sum, 1.0),
    metric("network_tx", "Network Throughput TX (MBps)", Column::NetworkTx, Across::Sum, 1.0),
];

impl Metric {
    /// The metric called `name`.
    pub fn find(name: &str) -> Option<&'static Metric> {
        METRICS.iter().find(|metric| metric.name == name)
    }

    fn of_step(&self, step: &Step) -> f64 {
        match self.within {
            Within::Max => step.max,
            Within::Mean => step.mean,
        }
    }

    fn shown(&self, value: f64) -> f64 {
        two_decimals(value * self.factor)
    }

    /// One value of the containers that have one in a step; 0 of none.
    fn total(&self, values: &[f64]) -> f64 {
        let sum: f64 = values.iter().sum();
        match self.across {
            Across::Mean if !values.is_empty() => sum / values.len() as f64,
            Across::Mean | Across::Sum => sum,
        }
    }
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What people read beside it.
    pub title: String,
    /// Starts of the steps, milliseconds.
    pub dates: Vec<i64>,
    /// One value per step; 0 where nothing was reported.
    pub values: Vec<f64>,
}

/// The answer to a request for charts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Width of a step, seconds.
    pub interval: i64,
    /// All containers together.
    pub total: Chart,
    /// Each of them, by id.
    pub instances: BTreeMap<String, Chart>,
}

/// Charts of what the containers of one address reported. `instances`: also a line for each of them.
///
/// Errors: 400/16 as the range says.
pub fn history(ctx: &Ctx<'_>, url: &str, metric: &Metric, range: Range, instances: bool) -> Result<History> {
    let steps = range.checked(ctx.app.settings.services.serving.min_chart_interval_sec.signed())?;
    let found = ctx.read(|snapshot| {
        snapshot.serving_steps(url, metric.column, steps.start(), steps.stop(), steps.interval)
    })?;
    let mut history = History { interval: steps.interval, ..History::default() };
    metric.title.clone_into(&mut history.total.title);
    if found.is_empty() {
        return Ok(history);
    }
    let mut by_container: BTreeMap<&str, BTreeMap<i64, f64>> = BTreeMap::new();
    for step in &found {
        by_container.entry(&step.container).or_default().insert(step.start, metric.of_step(step));
    }
    // A number of requests only grows: where nothing is known, a zero would be a lie.
    let starts: Vec<i64> = if metric.column == Column::Requests {
        let known: BTreeSet<i64> = found.iter().map(|step| step.start).collect();
        known.into_iter().filter(|start| steps.is_finished(*start)).collect()
    } else {
        steps.finished()
    };
    let dates: Vec<i64> = starts.iter().map(|start| start.saturating_mul(1000)).collect();
    for start in &starts {
        let values: Vec<f64> = by_container.values().filter_map(|steps| steps.get(start).copied()).collect();
        history.total.values.push(metric.shown(metric.total(&values)));
    }
    if instances {
        history.instances = by_container
            .iter()
            .map(|(container, steps)| {
                let value = |start| metric.shown(steps.get(start).copied().unwrap_or_default());
                let values = starts.iter().map(value).collect();
                let title = (*container).to_owned();
                (title.clone(), Chart { title, dates: dates.clone(), values })
            })
            .collect();
    }
    history.total.dates = dates;
    Ok(history)
}
