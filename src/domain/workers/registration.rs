//! Registering and reporting (spec/queues_workers.md 3.1 to 3.4).

use serde_json::{Value, json};

use crate::{
    domain::{Ctx, queues},
    store::{
        Tx,
        documents::Access,
        query::TASK,
        queues::QueueChange,
        workers::{NewReport, Worker},
    },
    types::{ApiError, ErrorKind, Json, Millis, Result},
};

/// What `workers.register` takes.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Registration {
    pub worker: String,
    /// Seconds; absent and 0 are the default.
    pub timeout: Option<i64>,
    pub queues: Vec<String>,
    pub tags: Vec<String>,
    pub system_tags: Vec<String>,
    /// `{cpu_usage, gpu_usage}` of a task from these queues.
    pub resources: Option<Json>,
}

/// What `workers.status_report` takes.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Report {
    pub worker: String,
    /// Milliseconds since the epoch, by the worker's clock.
    pub timestamp: i64,
    pub task: Option<String>,
    pub queue: Option<String>,
    pub queues: Vec<String>,
    pub tags: Vec<String>,
    pub system_tags: Vec<String>,
    pub machine_stats: Option<Json>,
}

/// Metrics that are kept. Those that come as lists have one value per device.
const METRICS: [&str; 14] = [
    "cpu_usage",
    "cpu_temperature",
    "memory_used",
    "memory_free",
    "gpu_usage",
    "gpu_temperature",
    "gpu_memory_free",
    "gpu_memory_used",
    "network_tx",
    "network_rx",
    "disk_free_home",
    "disk_free_temp",
    "disk_read",
    "disk_write",
];

/// How far ahead of ours a worker's clock may be, in milliseconds.
const CLOCK_SKEW: i64 = 86_400_000;

/// Longest name that a worker may have, in bytes.
const LONGEST: usize = 512;

fn fresh(ctx: &Ctx<'_>, id: &str, timeout: i64, now: Millis) -> Worker {
    Worker {
        user: ctx.caller.user.to_string(),
        id: id.to_owned(),
        ip: None,
        task: None,
        queue: None,
        queues: Vec::new(),
        tags: Vec::new(),
        system_tags: Vec::new(),
        register_time: now,
        register_timeout: timeout,
        last_activity_time: now,
        last_report_time: None,
        privileged: false,
    }
}

fn check_name(worker: &str) -> Result<()> {
    match worker.len() > LONGEST {
        true => Err(ApiError::new(ErrorKind::ValidationError, "a worker's name may have at most 512 bytes")
            .with("field", "worker")),
        false => Ok(()),
    }
}

/// Registers a worker of the caller; what was known of an earlier one of the same name is forgotten.
///
/// Errors: 400/1002 a negative timeout; 400/701 unknown queues; 403/21 resources for a queue that the caller may not
/// change.
pub fn register(ctx: &Ctx<'_>, new: Registration) -> Result<()> {
    check_name(&new.worker)?;
    let default = ctx.app.settings.services.workers.default_worker_timeout_sec.signed();
    let timeout = match new.timeout.unwrap_or_default() {
        0 => default,
        timeout if timeout < 0 => {
            return Err(ApiError::new(ErrorKind::WorkerRegistrationFailed, "the timeout must be positive")
                .with("timeout", timeout));
        }
        timeout => timeout,
    };
    let mut queues = new.queues;
    let mut seen = std::collections::HashSet::new();
    queues.retain(|queue| seen.insert(queue.clone()));
    ctx.write(|tx| {
        let missing = tx.missing_queues(&queues)?;
        if !missing.is_empty() {
            return Err(ApiError::from(ErrorKind::InvalidQueueId).with("queues", missing));
        }
        if let Some(resources) = &new.resources {
            for queue in &queues {
                queues::writable(ctx, tx, queue)?;
                let number = |key: &str| resources.get(key).and_then(Value::as_f64);
                let kept = [("cpu_usage", number("cpu_usage")), ("gpu_usage", number("gpu_usage"))];
                let kept = kept.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
                tx.change_queue(queue, vec![QueueChange::Resources(kept.collect())])?;
            }
        }
        tx.store_worker(&Worker {
            ip: Some(ctx.call.ip.clone()),
            queues,
            tags: new.tags,
            system_tags: new.system_tags,
            ..fresh(ctx, &new.worker, timeout, tx.now)
        })
    })
}

/// Ends the registration of a worker of the caller.
///
/// Errors: 400/1004 it is not registered, where configuration asks for that error.
pub fn unregister(ctx: &Ctx<'_>, worker: &str) -> Result<()> {
    ctx.write(|tx| {
        let known = tx.delete_worker(ctx.caller.user.as_str(), worker)?;
        if !known && !ctx.app.settings.apiserver.workers.auto_unregister {
            return Err(ApiError::from(ErrorKind::WorkerNotRegistered).with("worker", worker));
        }
        Ok(())
    })
}

/// Takes a report of a worker of the caller. The registration is renewed even when the report is refused.
///
/// Errors: 400/1001 unknown, where configuration does not register it by itself; 400/101 unknown task.
pub fn report(ctx: &Ctx<'_>, report: &Report) -> Result<()> {
    check_name(&report.worker)?;
    let user = ctx.caller.user.as_str();
    ctx.write(|tx| {
        let known = tx.worker(user, &report.worker)?;
        let worker = match known {
            Some(worker) => worker,
            None if ctx.app.settings.apiserver.workers.auto_register => {
                let timeout = ctx.app.settings.services.workers.default_worker_timeout_sec.signed();
                fresh(ctx, &report.worker, timeout, tx.now)
            }
            None => {
                return Err(ApiError::from(ErrorKind::InvalidWorkerId).with("worker", report.worker.as_str()));
            }
        };
        let mut worker = Worker {
            ip: Some(ctx.call.ip.clone()),
            tags: report.tags.clone(),
            system_tags: report.system_tags.clone(),
            queue: report.queue.clone().filter(|queue| !queue.is_empty()),
            task: None,
            last_activity_time: tx.now,
            ..worker
        };
        if !report.queues.is_empty() {
            worker.queues.clone_from(&report.queues);
        }
        let outcome = take(ctx, tx, report, &mut worker);
        if outcome.is_ok() {
            worker.last_report_time = Some(tx.now);
        }
        tx.store_worker(&worker)?;
        match outcome {
            Err(error) if error.kind().code() >= 500 => Err(error),
            outcome => Ok(outcome),
        }
    })?
}

fn take(ctx: &Ctx<'_>, tx: &Tx<'_>, report: &Report, worker: &mut Worker) -> Result<()> {
    let task = report.task.as_deref().filter(|task| !task.is_empty());
    if let Some(stats) = &report.machine_stats {
        let stats = kept(stats);
        if !stats.is_empty() {
            tx.store_worker_report(&NewReport {
                worker: &worker.id,
                timestamp: Millis(report.timestamp.clamp(0, tx.now.0.saturating_add(CLOCK_SKEW))),
                task,
                stats: &stats,
            })?;
        }
    }
    if let Some(task) = task {
        may_work_on(ctx, tx, task)?;
        tx.note_worker_on_task(task, &worker.id, ctx.caller.user.as_str())?;
        worker.task = Some(task.to_owned());
    }
    Ok(())
}

/// Whoever pulled a task may say so, also without rights on it otherwise (spec/governance.md 7.3).
fn may_work_on(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str) -> Result<()> {
    let executes = || -> Result<bool> {
        let found = tx.waiting_task(task)?;
        Ok(found.and_then(|task| task.executor).as_deref() == Some(ctx.caller.user.as_str()))
    };
    if tx.fields(&TASK, task, Access::Write, &["id"])?.is_some() || executes()? {
        return Ok(());
    }
    Err(ApiError::from(ErrorKind::InvalidTaskId).with("id", task))
}

/// The numbers worth keeping: a lone zero says nothing.
fn kept(stats: &Json) -> Json {
    let mut kept = Json::new();
    for metric in METRICS {
        let values = match stats.get(metric) {
            Some(Value::Array(values)) if !values.is_empty() => Value::Array(values.clone()),
            Some(Value::Number(number)) if number.as_f64() != Some(0.0) => json!([number]),
            _ => continue,
        };
        kept.insert(metric.to_owned(), values);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_zeros_unknown_metrics_and_empty_lists_are_dropped() {
        let Value::Object(stats) = json!({
            "gpu_usage": [0, 0], "cpu_usage": [], "memory_used": 0, "memory_free": 5.5, "gpu_fraction": 1,
        }) else {
            panic!()
        };
        assert_eq!(Value::Object(kept(&stats)), json!({"memory_free": [5.5], "gpu_usage": [0, 0]}));
    }
}
