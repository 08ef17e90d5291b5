//! Entries of the call log on their way out: one thread for each adapter, so that one that is slow or gone holds up no
//! other (spec/governance.md 13).

mod file;
mod forward;
mod raw;

use std::{
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    config::settings::access_log::{Adapter, Apilog},
    domain::{
        App,
        audit::{Entry, Sink},
    },
};

/// First and longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// A failing adapter is told of in the server's log once in this time.
const TELL: Duration = Duration::from_secs(60);

/// Writes entries somewhere.
pub(super) trait Deliver: Send {
    /// Writes a batch, all of it or nothing as far as that is possible.
    ///
    /// Errors: a sentence for the server's log; the batch is tried again.
    fn deliver(&mut self, batch: &[Arc<Entry>]) -> Result<(), String>;
}

/// Starts the writers.
pub(super) fn start(app: &Arc<App>, data: &Path) -> Vec<JoinHandle<()>> {
    let Some(log) = app.calls.get() else { return Vec::new() };
    let settings = &app.settings.apiserver.apilog;
    let mut threads = Vec::new();
    for sink in &log.sinks {
        let target: Box<dyn Deliver> = match sink.adapter {
            Adapter::Store => Box::new(Stored(Arc::clone(app))),
            Adapter::RawLog => Box::new(raw::Raw),
            Adapter::File => Box::new(file::Rotated::new(&path(settings, data), settings.rotation.time)),
            Adapter::Logging => Box::new(forward::Forward::new(settings)),
            // Refused at start.
            Adapter::Elastic => continue,
        };
        let sink = Arc::clone(sink);
        let started = std::thread::Builder::new()
            .name(format!("log {}", sink.adapter.as_str()))
            .spawn(move || run(&sink, target));
        match started {
            Ok(thread) => threads.push(thread),
            Err(error) => tracing::error!(%error, "an adapter of the call log could not be started"),
        }
    }
    threads
}

fn path(settings: &Apilog, data: &Path) -> std::path::PathBuf {
    match &settings.adapters.file.path {
        Some(path) => path.into(),
        None => data.join(NAME),
    }
}

/// What tags and file names begin with.
const NAME: &str = "clearml.apiserver.api-logs";

fn run(sink: &Sink, mut target: Box<dyn Deliver>) {
    let mut pause = PAUSES.0;
    let mut told: Option<Instant> = None;
    while let Some(batch) = sink.take() {
        match target.deliver(&batch) {
            Ok(()) => {
                sink.wrote(batch.len());
                pause = PAUSES.0;
            }
            Err(error) => {
                if told.is_none_or(|at| at.elapsed() > TELL) {
                    told = Some(Instant::now());
                    tracing::warn!(
                        adapter = sink.adapter.as_str(),
                        error,
                        "entries of the call log could not be written; they are tried again"
                    );
                }
                if !sink.give_back(batch, &error, pause) {
                    return;
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// The built-in store.
struct Stored(Arc<App>);

impl Deliver for Stored {
    fn deliver(&mut self, batch: &[Arc<Entry>]) -> Result<(), String> {
        let Some(log) = self.0.calls.get() else { return Ok(()) };
        let texts: Vec<String> = batch.iter().map(|entry| entry.json.to_string()).collect();
        let rows = batch
            .iter()
            .zip(&texts)
            .filter_map(|(entry, text)| entry.row.as_ref().map(|row| (row, text.as_str())));
        log.store.append(&self.0.keys.audit, rows).map_err(|error| error.to_string())
    }
}
