//! What containers report over time.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{Millis, Result},
};

/// One report in numbers; nothing where it said nothing. Memory in megabytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Sample {
    pub requests_num: Option<f64>,
    pub requests_min: Option<f64>,
    pub uptime_sec: Option<f64>,
    pub latency_ms: Option<f64>,
    pub cpu_usage: Option<f64>,
    pub cpu_num: Option<f64>,
    pub gpu_usage: Option<f64>,
    pub gpu_num: Option<f64>,
    pub memory_free: Option<f64>,
    pub memory_used: Option<f64>,
    pub memory_total: Option<f64>,
    pub gpu_memory_free: Option<f64>,
    pub gpu_memory_used: Option<f64>,
    pub gpu_memory_total: Option<f64>,
    pub disk_free_home: Option<f64>,
    pub network_rx: Option<f64>,
    pub network_tx: Option<f64>,
}

/// What can be charted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    Requests,
    RequestsMin,
    Latency,
    CpuCount,
    CpuUsage,
    GpuCount,
    GpuUsage,
    RamTotal,
    RamUsed,
    RamFree,
    GpuRamTotal,
    GpuRamUsed,
    GpuRamFree,
    NetworkRx,
    NetworkTx,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Requests => "requests_num",
            Column::RequestsMin => "requests_min",
            Column::Latency => "latency_ms",
            Column::CpuCount => "cpu_num",
            Column::CpuUsage => "cpu_usage",
            Column::GpuCount => "gpu_num",
            Column::GpuUsage => "gpu_usage",
            Column::RamTotal => "memory_total",
            Column::RamUsed => "memory_used",
            Column::RamFree => "memory_free",
            Column::GpuRamTotal => "gpu_memory_total",
            Column::GpuRamUsed => "gpu_memory_used",
            Column::GpuRamFree => "gpu_memory_free",
            Column::NetworkRx => "network_rx",
            Column::NetworkTx => "network_tx",
        }
    }
}

/// One container within one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The container.
    pub container: String,
    /// Start of the step, seconds since the epoch.
    pub start: i64,
    /// Mean of its values.
    pub mean: f64,
    /// The greatest of them.
    pub max: f64,
}

/// Samples older than this are removed, a few with each new one.
const KEPT_SECONDS: i64 = 30 * 86_400;

impl Tx<'_> {
    /// Stores a sample of now, and removes samples that are too old.
    pub fn store_serving_sample(&self, container: &str, endpoint_url: &str, sample: &Sample) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO serving_sample (company, endpoint_url, container, timestamp, requests_num,
                 requests_min, uptime_sec, latency_ms, cpu_usage, cpu_num, gpu_usage, gpu_num, memory_free, memory_used,
                 memory_total, gpu_memory_free, gpu_memory_used, gpu_memory_total, disk_free_home, network_rx, network_tx)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
            params![
                self.scope.company.as_str(),
                endpoint_url,
                container,
                self.now.0,
                sample.requests_num,
                sample.requests_min,
                sample.uptime_sec,
                sample.latency_ms,
                sample.cpu_usage,
                sample.cpu_num,
                sample.gpu_usage,
                sample.gpu_num,
                sample.memory_free,
                sample.memory_used,
                sample.memory_total,
                sample.gpu_memory_free,
                sample.gpu_memory_used,
                sample.gpu_memory_total,
                sample.disk_free_home,
                sample.network_rx,
                sample.network_tx,
            ],
        )?;
        let old = "DELETE FROM serving_sample WHERE (company, endpoint_url, timestamp, container) IN
                       (SELECT company, endpoint_url, timestamp, container FROM serving_sample WHERE timestamp < ?1 LIMIT 100)";
        self.run(old, [self.now.plus_seconds(-KEPT_SECONDS).0]).map(drop)
    }
}

impl Snapshot<'_> {
    /// Values of an address within a time (both ends included) in steps of `interval` seconds, by container and step.
    pub fn serving_steps(
        &self,
        endpoint_url: &str,
        column: Column,
        from: Millis,
        to: Millis,
        interval: i64,
    ) -> Result<Vec<Step>> {
        let value = column.name();
        let sql = format!(
            "SELECT container, timestamp / 1000 / ?5 * ?5 AS start, avg({value}), max({value}) FROM serving_sample
             WHERE company = ?1 AND endpoint_url = ?2 AND timestamp BETWEEN ?3 AND ?4 AND {value} IS NOT NULL
             GROUP BY container, start ORDER BY container, start"
        );
        let company = self.scope.company.as_str();
        self.all(&sql, params![company, endpoint_url, from.0, to.0, interval.max(1)], |row| {
            Ok(Step { container: row.get(0)?, start: row.get(1)?, mean: row.get(2)?, max: row.get(3)? })
        })
    }
}
