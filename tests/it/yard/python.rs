//! The Python that drives real clients.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Yard, output_dir, test_name};

/// Python of the tests' virtual environment: `ROUNDHOUSE_TEST_PYTHON`, else the one that `tests/run.sh` makes.
pub(crate) fn interpreter() -> PathBuf {
    let path = std::env::var_os("ROUNDHOUSE_TEST_PYTHON")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/python"), PathBuf::from);
    assert!(
        path.exists(),
        "{} does not exist: run tests/run.sh once, which makes it, or name a Python that has the packages of \
         tests/requirements.txt in ROUNDHOUSE_TEST_PYTHON",
        path.display()
    );
    path
}

/// What is added to the server's `clearml.conf`. By default the SDK looks for a repository in a thread that starts git,
/// while its main thread forks a reporter; when both happen at once, the fork inherits git's pipe and the two wait for
/// each other for ever: every third run on a machine with two cores. No server can help that.
const SDK_SETTINGS: &str = "\nsdk { development { vcs_repo_detect_async: false } }\n";

/// Reports are sent by a thread instead of a forked process. A short process, above all one that runs as a job (a
/// pipeline's step, a search's trial), would otherwise wait up to 15 seconds at its end for its own idle reporter,
/// whichever server it talks to.
const THREADED_REPORTS: &str = "\nsdk { development { report_use_subprocess: false } }\n";

/// A machine of a person who works with the server: a home directory, the server's `clearml.conf`, nothing else.
pub(crate) struct Workstation {
    home: PathBuf,
}

impl Workstation {
    /// `name` tells workstations of one yard apart: they share neither caches nor files.
    pub(crate) fn new(yard: &Yard, name: &str) -> Self {
        let home = yard.home().join(format!("workstation-{name}"));
        std::fs::create_dir_all(&home).unwrap();
        let configuration = std::fs::read_to_string(yard.data().join("clearml.conf")).unwrap_or_default();
        std::fs::write(home.join("clearml.conf"), configuration + SDK_SETTINGS).unwrap();
        Self { home }
    }

    /// The same machine, for programs of many short processes.
    pub(crate) fn with_threaded_reports(self) -> Self {
        self.configure(THREADED_REPORTS);
        self
    }

    /// Adds settings to its `clearml.conf`.
    pub(crate) fn configure(&self, settings: &str) {
        let path = self.home.join("clearml.conf");
        let configuration = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, configuration + settings).unwrap();
    }

    /// Its home directory, where its programs start.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// A command with this workstation's environment only. Nothing there overrides what `clearml.conf` says, which the
    /// SDK finds where it looks for it by default.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(interpreter());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("TMPDIR", &self.home)
            .env("LANG", "C.UTF-8")
            .env("MPLBACKEND", "Agg")
            .current_dir(&self.home)
            .stdin(Stdio::null());
        // Settings of the machine that numerical libraries need, not of ClearML.
        for name in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// Runs a command to its end, output to `test-output/`; panics with the end of it on failure or after `limit`.
pub(crate) fn run(mut command: Command, step: &str, limit: Duration) {
    let path = output_dir().join(format!("{}-{step}.log", test_name()));
    let file = std::fs::File::create(&path).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begun.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if status.is_some_and(|status| status.success()) {
        return;
    }
    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(60)..].join("\n");
    let what = status.map_or_else(|| format!("took longer than {limit:?}"), |status| status.to_string());
    panic!("{step} failed ({what}); all of its output is in {}\n{end}", path.display());
}
