//! Background work: checkpoints, expiry, deletion of files, samples that lose detail, moving scalars into chunks. Calls
//! `domain` and the store's chores.

mod audit;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::{
    domain::{App, deletion, tenants},
    store::{Lane, Scope, objects::Network},
    types::{Millis, Result},
};

/// How often the queue of files to delete is looked at.
const DELETION_INTERVAL: Duration = Duration::from_secs(2);

/// How often deleted tenants are looked for.
const PURGE_INTERVAL: Duration = Duration::from_secs(2);

/// A chore that runs again and again.
pub struct Job {
    /// Name of its thread.
    pub name: &'static str,
    /// Time between two runs.
    pub interval: Duration,
    /// One run.
    pub work: Box<dyn FnMut() -> Result<()> + Send>,
}

/// The background threads; dropping them without [`Jobs::stop`] leaves them to the process's end.
pub struct Jobs {
    stopping: Arc<(Mutex<bool>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
    app: Arc<App>,
    /// Writers of the call log: they end last, when everything is written.
    writers: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts all jobs; `data` is the data directory, `also` are the jobs of the floor above.
    pub fn start(app: Arc<App>, data: &Path, also: Vec<Job>) -> Jobs {
        let mut jobs = Jobs {
            stopping: Arc::default(),
            threads: Vec::new(),
            app: Arc::clone(&app),
            writers: Vec::new(),
        };
        jobs.writers = audit::start(&app, data);
        jobs.audit(&app);
        {
            let app = Arc::clone(&app);
            jobs.every("checkpoint", Duration::from_millis(500), move || app.store.checkpoint(false));
        }
        {
            let (app, stopping) = (Arc::clone(&app), Arc::clone(&jobs.stopping));
            let (mut known, mut not_before) = (false, Instant::now());
            jobs.every("compaction", Duration::from_millis(250), move || {
                if Instant::now() < not_before {
                    return Ok(());
                }
                if !known {
                    app.store.find_backlog()?;
                    known = true;
                }
                // A full disk does not get emptier by trying often, and nothing is lost by waiting.
                crate::domain::events::compact(&app, &|| *stopping.0.lock())
                    .inspect_err(|_| not_before = Instant::now() + Duration::from_secs(10))
            });
        }
        let expiring = Arc::clone(&app);
        jobs.every("expiry", Duration::from_secs(3600), move || {
            expiring.store.write(&Scope::server(), Lane::Documents, |tx| {
                tx.purge_credentials()?;
                tx.purge_sessions().map(drop)
            })
        });
        let forgetting = Arc::clone(&app);
        jobs.every("redaction", Duration::from_secs(3600), move || {
            crate::domain::redaction::forget_old(&forgetting)
        });
        let watchdog = &app.settings.services.tasks.non_responsive_tasks_watchdog;
        if watchdog.enabled {
            let (app, interval) = (Arc::clone(&app), watchdog.watch_interval_sec.duration());
            jobs.every("watchdog", interval, move || crate::domain::tasks::sweep(&app).map(drop));
        }
        let sampled = Arc::clone(&app);
        jobs.every("queue samples", Duration::from_secs(60), move || {
            crate::domain::queues::sample_idle_queues(&sampled).map(drop)
        });
        let aged = Arc::clone(&app);
        let (mut thinned_to, mut runs) = (Millis(0), 0_u32);
        jobs.every("aging", Duration::from_secs(600), move || {
            // Once a day from the beginning, since workers date their reports themselves.
            if runs.is_multiple_of(144) {
                thinned_to = Millis(0);
            }
            runs = runs.wrapping_add(1);
            (_, thinned_to) = crate::domain::aging::thin_out(&aged, thinned_to)?;
            Ok(())
        });
        let sealed = Arc::clone(&app);
        jobs.every("log blocks", Duration::from_secs(5), move || sealed.store.seal_logs().map(drop));
        let measured = Arc::clone(&app);
        jobs.every("load", Duration::from_secs(60), move || {
            crate::domain::usage::sample(&measured);
            Ok(())
        });
        jobs.delete_files(&app);
        jobs.purge_tenants(&app);
        for Job { name, interval, work } in also {
            jobs.every(name, interval, work);
        }
        jobs
    }

    /// The audit's own chores: heads told to the outside, retention, verifying the chains once a day.
    fn audit(&mut self, app: &Arc<App>) {
        let (telling, mut told) = (Arc::clone(app), BTreeMap::new());
        self.every("audit heads", Duration::from_secs(60), move || {
            crate::domain::audit::emit_heads(&telling, &mut told)
        });
        let retiring = Arc::clone(app);
        self.every("audit retention", Duration::from_secs(3600), move || {
            crate::domain::audit::retire(&retiring).map(drop)
        });
        let verifying = Arc::clone(app);
        self.every("audit verification", Duration::from_secs(3600), move || {
            let due = verifying.calls.get().is_some_and(|log| {
                let day = 86_400_000;
                log.verified.lock().as_ref().is_none_or(|last| Millis::now().0 - last.at.0 >= day)
            });
            if due {
                crate::domain::audit::verify(&verifying)?;
            }
            Ok(())
        });
    }

    /// Deletes the files of deleted documents. Each kind has a thread: a storage that does not answer holds up nobody.
    fn delete_files(&mut self, app: &Arc<App>) {
        let stop = Arc::clone(&self.stopping);
        let stopping = move || *stop.0.lock();
        let (own, also_stopping) = (Arc::clone(app), stopping.clone());
        self.every("file deletion", DELETION_INTERVAL, move || {
            while deletion::delete_own(&own, &also_stopping)? {}
            Ok(())
        });
        let network = match Network::start("objects", 1) {
            Ok(network) => network,
            Err(error) => return tracing::error!(%error, "objects of other storages are not deleted"),
        };
        let remote = Arc::clone(app);
        self.every("object deletion", DELETION_INTERVAL, move || {
            while deletion::delete_remote(&remote, &network, &stopping)? {}
            Ok(())
        });
    }

    /// Removes what deleted tenants left, one after the other.
    fn purge_tenants(&mut self, app: &Arc<App>) {
        let stop = Arc::clone(&self.stopping);
        let app = Arc::clone(app);
        self.every("tenant purge", PURGE_INTERVAL, move || tenants::purge_all(&app, &|| *stop.0.lock()));
    }

    /// Runs `work` every `interval` on a thread of its own until the stop.
    fn every(
        &mut self,
        name: &'static str,
        interval: Duration,
        mut work: impl FnMut() -> Result<()> + Send + 'static,
    ) {
        let stopping = Arc::clone(&self.stopping);
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let (stop, changed) = &*stopping;
            loop {
                let due = Instant::now() + interval;
                {
                    let mut stop = stop.lock();
                    while !*stop && Instant::now() < due {
                        changed.wait_until(&mut stop, due);
                    }
                    if *stop {
                        return;
                    }
                }
                if let Err(error) = work() {
                    tracing::error!(job = name, %error, "a background job failed; it runs again later");
                }
            }
        });
        match started {
            Ok(thread) => self.threads.push(thread),
            Err(error) => tracing::error!(job = name, %error, "a background job could not be started"),
        }
    }

    /// Asks all jobs to end and waits for them.
    pub fn stop(self) {
        *self.stopping.0.lock() = true;
        self.stopping.1.notify_all();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a background job ended in a panic");
            }
        }
        let Some(log) = self.app.calls.get() else { return };
        // What was written until now is told once more, so that a log collector knows how far the chains went.
        if let Err(error) = crate::domain::audit::emit_heads(&self.app, &mut BTreeMap::new()) {
            tracing::error!(%error, "the heads of the audit's chains could not be told");
        }
        log.sinks.iter().for_each(|sink| sink.stop());
        for writer in self.writers {
            if writer.join().is_err() {
                tracing::error!("an adapter of the call log ended in a panic");
            }
        }
        if let Err(error) = log.store.checkpoint() {
            tracing::warn!(%error, "the last checkpoint of the call log failed; the next start repeats it");
        }
    }
}
