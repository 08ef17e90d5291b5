//! What a tenant and this machine were used for (spec/protocol.md 2.5). Nobody but the caller ever gets it: the server
//! reports nothing anywhere.

use std::{collections::BTreeMap, time::Instant};

use parking_lot::Mutex;

use super::{App, Ctx};
pub use crate::store::usage::{Machine, Runs, Spread};
use crate::types::Result;

/// How this machine was loaded since the report was last read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Seconds that it stands for.
    pub seconds: u64,
    /// Percent, over all processors.
    pub cpu_usage: Spread,
    /// Gigabytes.
    pub memory_used: Spread,
    /// Gigabytes.
    pub memory_free: Spread,
}

/// A worker: its machine in the last day, its tasks in the last thirty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    /// What it reported of its machine.
    pub machine: Option<Machine>,
    /// What it ran.
    pub runs: Option<Runs>,
}

/// The report.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Id of this installation.
    pub server: String,
    /// How many queues.
    pub queues: i64,
    /// How many people.
    pub people: i64,
    /// How this machine was loaded; nothing where the system does not tell.
    pub load: Option<Load>,
    /// The tenant's tasks that ran.
    pub runs: Runs,
    /// Workers by id.
    pub agents: BTreeMap<String, Agent>,
}

/// The usage of the caller's tenant. Reading it begins a new measurement of this machine.
pub fn report(ctx: &Ctx<'_>) -> Result<Usage> {
    let usage = ctx.read(|snapshot| {
        let (queues, people) = snapshot.queues_and_people()?;
        let mut agents: BTreeMap<String, Agent> = BTreeMap::new();
        for machine in snapshot.machines(snapshot.now.plus_seconds(-86_400))? {
            let worker = machine.worker.clone();
            agents.entry(worker).or_default().machine = Some(machine);
        }
        for (worker, runs) in snapshot.runs_by_worker(snapshot.now.plus_seconds(-30 * 86_400))? {
            agents.entry(worker).or_default().runs = Some(runs);
        }
        let server = snapshot.setting("server.uuid")?.unwrap_or_default();
        Ok(Usage { server, queues, people, load: None, runs: snapshot.runs()?, agents })
    })?;
    ctx.app.load.sample();
    Ok(Usage { load: ctx.app.load.take(), ..usage })
}

/// Measures this machine once. Called by a background job.
pub fn sample(app: &App) {
    app.load.sample();
}

/// Measurements of this machine since the last report.
#[derive(Debug, Default)]
pub struct LoadMeter(Mutex<Measured>);

#[derive(Debug, Default)]
struct Measured {
    since: Option<Instant>,
    ticks: Option<Ticks>,
    cpu_usage: Sum,
    memory_used: Sum,
    memory_free: Sum,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn spread(&self) -> Spread {
        Spread { min: self.min, max: self.max, avg: self.sum / f64::from(self.count.max(1)) }
    }
}

/// Processor time since the machine started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    busy: f64,
    all: f64,
}

impl LoadMeter {
    /// Measures once; does nothing where the system does not tell.
    fn sample(&self) {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let ticks = read("/proc/stat").as_deref().and_then(ticks);
        let memory = read("/proc/meminfo").as_deref().and_then(memory);
        let mut measured = self.0.lock();
        measured.since.get_or_insert_with(Instant::now);
        if let (Some(before), Some(now)) = (measured.ticks, ticks)
            && now.all > before.all
        {
            measured.cpu_usage.add(100.0 * (now.busy - before.busy) / (now.all - before.all));
        }
        measured.ticks = ticks;
        if let Some((used, free)) = memory {
            measured.memory_used.add(used);
            measured.memory_free.add(free);
        }
    }

    /// What was measured; begins anew.
    fn take(&self) -> Option<Load> {
        let mut measured = self.0.lock();
        let ticks = measured.ticks;
        let old = std::mem::replace(&mut *measured, Measured { ticks, ..Measured::default() });
        (old.memory_used.count > 0).then(|| Load {
            seconds: old.since.map_or(0, |since| since.elapsed().as_secs()),
            cpu_usage: old.cpu_usage.spread(),
            memory_used: old.memory_used.spread(),
            memory_free: old.memory_free.spread(),
        })
    }
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, … in ticks.
fn ticks(text: &str) -> Option<Ticks> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    // Guests' time, the last two, is already part of the users'.
    let all: f64 = numbers.iter().take(8).sum();
    let idle = numbers.get(3)? + numbers.get(4)?;
    Some(Ticks { busy: all - idle, all })
}

/// Used and available memory, in gigabytes.
fn memory(text: &str) -> Option<(f64, f64)> {
    let kilobytes = |key: &str| -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    let (total, available) = (kilobytes("MemTotal")?, kilobytes("MemAvailable")?);
    Some(((total - available) / 1_048_576.0, available / 1_048_576.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_understood() {
        let stat = "cpu  100 0 50 800 50 0 0 0 10 0\ncpu0 1 2 3\n";
        assert_eq!(ticks(stat), Some(Ticks { busy: 150.0, all: 1000.0 }));
        let text = "MemTotal:        4194304 kB\nMemFree:  1 kB\nMemAvailable:    1048576 kB\n";
        assert_eq!(memory(text), Some((3.0, 1.0)));
        assert_eq!((ticks("intr 5"), memory("")), (None, None));
    }

    #[test]
    fn reading_begins_a_new_measurement() {
        let mut sum = Sum::default();
        for value in [4.0, 1.0, 7.0] {
            sum.add(value);
        }
        assert_eq!(sum.spread(), Spread { min: 1.0, max: 7.0, avg: 4.0 });
        let meter = LoadMeter::default();
        assert_eq!(meter.take(), None);
        meter.0.lock().memory_used.add(2.0);
        assert_eq!(meter.take().unwrap().memory_used.max, 2.0);
        assert_eq!(meter.take(), None);
    }
}
