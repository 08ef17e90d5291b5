//! Registering and reporting.

use crate::{
    domain::Ctx,
    store::serving::{About, Container, Sample, Usage},
    types::{ApiError, ErrorKind, Result},
};

/// What a container says of itself.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// As it calls itself.
    pub container: String,
    /// Where it serves; nothing while it is loading.
    pub endpoint_url: Option<String>,
    /// What describes it.
    pub about: About,
    /// Seconds of silence after which it is gone; the configured default when absent.
    pub timeout: Option<i64>,
}

/// What a container reports.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Who reports.
    pub registration: Registration,
    /// Seconds.
    pub uptime_sec: Option<i64>,
    /// Since its start.
    pub requests_num: Option<i64>,
    /// Per minute.
    pub requests_min: Option<f64>,
    /// Milliseconds.
    pub latency_ms: Option<i64>,
    /// The machine it runs on.
    pub machine: Option<MachineStats>,
}

/// One number, or one per device.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// One.
    One(f64),
    /// One per device.
    Many(Vec<f64>),
}

impl Numbers {
    fn mean(&self) -> Option<f64> {
        match self {
            Numbers::One(value) => Some(*value),
            Numbers::Many(values) if values.is_empty() => None,
            Numbers::Many(values) => Some(values.iter().sum::<f64>() / values.len() as f64),
        }
    }

    fn count(&self) -> usize {
        match self {
            Numbers::One(_) => 1,
            Numbers::Many(values) => values.len(),
        }
    }
}

/// The machine of a container. Memory in megabytes.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct MachineStats {
    pub cpu_usage: Option<Numbers>,
    pub gpu_usage: Option<Numbers>,
    pub memory_free: Option<Numbers>,
    pub memory_used: Option<Numbers>,
    pub gpu_memory_free: Option<Numbers>,
    pub gpu_memory_used: Option<Numbers>,
    pub disk_free_home: Option<f64>,
    pub network_rx: Option<f64>,
    pub network_tx: Option<f64>,
}

fn required(field: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(ApiError::new(ErrorKind::ValidationError, format!("{field} must not be empty"))
            .with("field", field));
    }
    Ok(())
}

/// Registers a container, replacing an earlier registration of the same id.
///
/// Errors: 400/12 a timeout below one second, or no id.
pub fn register(ctx: &Ctx<'_>, new: Registration) -> Result<()> {
    required("container_id", &new.container)?;
    let timeout = new
        .timeout
        .unwrap_or_else(|| ctx.app.settings.services.serving.default_container_timeout_sec.signed());
    if timeout < 1 {
        let text = "the timeout must be at least one second";
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("field", "timeout"));
    }
    ctx.write(|tx| {
        tx.store_container(&Container {
            id: new.container,
            endpoint_url: new.endpoint_url.filter(|url| !url.is_empty()),
            ip: ctx.call.ip.clone(),
            about: new.about,
            usage: Usage::default(),
            register_time: tx.now,
            register_timeout: timeout,
            last_activity_time: tx.now,
        })
    })
}

/// Ends a registration.
///
/// Errors: 400/1051 unknown, where configuration asks for that error.
pub fn unregister(ctx: &Ctx<'_>, container: &str) -> Result<()> {
    ctx.write(|tx| {
        let known = tx.delete_container(container)?;
        if !known && !ctx.app.settings.services.serving.container_auto_unregister {
            return Err(unknown(container));
        }
        Ok(())
    })
}

/// Takes a report: it renews the registration, replaces what describes the container, and adds a sample.
///
/// Errors: 400/12 no address; 400/1051 unknown, where configuration does not register it by itself.
pub fn report(ctx: &Ctx<'_>, report: Report) -> Result<()> {
    let Registration { container, endpoint_url, about, .. } = report.registration;
    let endpoint_url = endpoint_url.unwrap_or_default();
    required("container_id", &container)?;
    required("endpoint_url", &endpoint_url)?;
    let settings = &ctx.app.settings.services.serving;
    let machine = report.machine.unwrap_or_default();
    let sample = sample(&machine);
    let sample = Sample {
        requests_num: report.requests_num.map(|number| number as f64),
        requests_min: report.requests_min,
        uptime_sec: report.uptime_sec.map(|seconds| seconds as f64),
        latency_ms: report.latency_ms.map(|milliseconds| milliseconds as f64),
        ..sample
    };
    let devices = |numbers: &Option<Numbers>| {
        numbers.as_ref().map_or(0, |numbers| i64::try_from(numbers.count()).unwrap_or(i64::MAX))
    };
    ctx.write(|tx| {
        let known = tx.container(&container)?;
        if known.is_none() && !settings.container_auto_register {
            return Err(unknown(&container));
        }
        let default = (tx.now, settings.default_container_timeout_sec.signed());
        let (register_time, register_timeout) =
            known.map_or(default, |known| (known.register_time, known.register_timeout));
        tx.store_serving_sample(&container, &endpoint_url, &sample)?;
        tx.store_container(&Container {
            id: container,
            endpoint_url: Some(endpoint_url),
            ip: ctx.call.ip.clone(),
            about,
            usage: Usage {
                uptime_sec: report.uptime_sec,
                requests_num: report.requests_num,
                requests_min: report.requests_min,
                latency_ms: report.latency_ms,
                cpu_count: devices(&machine.cpu_usage),
                gpu_count: devices(&machine.gpu_usage),
            },
            register_time,
            register_timeout,
            last_activity_time: tx.now,
        })
    })
}

fn unknown(container: &str) -> ApiError {
    ApiError::from(ErrorKind::ContainerNotRegistered).with("container_id", container)
}

fn sample(machine: &MachineStats) -> Sample {
    let mean = |numbers: &Option<Numbers>| numbers.as_ref().and_then(Numbers::mean);
    let count = |numbers: &Option<Numbers>| numbers.as_ref().map(|numbers| numbers.count() as f64);
    let total = |free: Option<f64>, used: Option<f64>| Some(((free? + used?) * 1000.0).round() / 1000.0);
    let (memory_free, memory_used) = (mean(&machine.memory_free), mean(&machine.memory_used));
    let (gpu_memory_free, gpu_memory_used) = (mean(&machine.gpu_memory_free), mean(&machine.gpu_memory_used));
    Sample {
        cpu_usage: mean(&machine.cpu_usage),
        cpu_num: count(&machine.cpu_usage),
        gpu_usage: mean(&machine.gpu_usage),
        gpu_num: count(&machine.gpu_usage),
        memory_free,
        memory_used,
        memory_total: total(memory_free, memory_used),
        gpu_memory_free,
        gpu_memory_used,
        gpu_memory_total: total(gpu_memory_free, gpu_memory_used),
        disk_free_home: machine.disk_free_home,
        network_rx: machine.network_rx,
        network_tx: machine.network_tx,
        ..Sample::default()
    }
}
