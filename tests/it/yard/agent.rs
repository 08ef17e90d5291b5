//! The real `clearml-agent` as a process of a test, and what it needs around it.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};

use super::python::{Workstation, interpreter, run};
use super::{Client, Yard, output_dir, test_name};

/// How long anything may take that an agent does: a busy machine, a Python that imports numerical libraries.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// By default the SDK reports from a forked process that shares its parent's connections; now and then two answers get
/// mixed up, and a run that has done its work ends minutes later. No server can help that.
const IN_ONE_PROCESS: &str = "\nsdk { development { report_use_subprocess: false } }\n";

/// Waits until `look` finds something, at most [`PATIENCE`]; `what` says what is missing when it does not.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A daemon. It and everything that it started ends with this value, however the test ends.
pub(crate) struct Agent {
    pub(crate) machine: Workstation,
    /// What it calls itself.
    pub(crate) worker: String,
    child: Child,
}

impl Agent {
    /// Starts `clearml-agent daemon` with these arguments on a machine of its own. `settings` are further variables of
    /// its environment. Queues are polled and tasks are supervised every second, not every five.
    pub(crate) fn start(yard: &Yard, name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::on(Workstation::new(yard, name), name, arguments, settings)
    }

    fn on(machine: Workstation, name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let log = output_dir().join(format!("{}-agent-{name}.log", test_name()));
        let file = File::create(&log).unwrap();
        let child = agent(&machine, &[&["daemon", "--foreground", "--cpu-only"], arguments].concat())
            .env("CLEARML_WORKER_NAME", name)
            .env("CLEARML_AGENT_QUEUE_POLL_FREQ_SEC", "1")
            .env("CLEARML_AGENT_STATUS_REPORT_FREQ_SEC", "2")
            .envs(settings.iter().copied())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { machine, worker: format!("{name}:cpu:0"), child }
    }

    /// As [`Agent::start`], but tasks run in the tests' own environment, which stays as it is, not in a fresh one.
    pub(crate) fn start_quickly(yard: &Yard, name: &str, arguments: &[&str]) -> Self {
        Self::start_with(yard, name, "", arguments, &[])
    }

    /// As [`Agent::start_quickly`], with an account of its own: `configuration` is added to its `clearml.conf`.
    pub(crate) fn start_quickly_as(yard: &Yard, name: &str, configuration: &str, arguments: &[&str]) -> Self {
        Self::start_with(yard, name, configuration, arguments, &[])
    }

    /// As [`Agent::start_quickly`], with further variables of its environment.
    pub(crate) fn start_quickly_with(
        yard: &Yard,
        name: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Self {
        Self::start_with(yard, name, "", arguments, more)
    }

    fn start_with(
        yard: &Yard,
        name: &str,
        configuration: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Self {
        let mut path = interpreter().parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let machine = Workstation::new(yard, name);
        machine.configure(IN_ONE_PROCESS);
        machine.configure(configuration);
        let settings = [("PATH", path.to_str().unwrap()), ("CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL", "1")];
        Self::on(machine, name, arguments, &[&settings, more].concat())
    }

    /// Command lines of the processes that run on this agent's machine with `mark` in their environment.
    pub(crate) fn processes(&self, mark: &str) -> Vec<String> {
        let command = |pid: &Pid| {
            let text = fs::read(format!("/proc/{pid}/cmdline", pid = pid.as_raw_nonzero())).ok()?;
            Some(String::from_utf8_lossy(&text).replace('\0', " "))
        };
        self.pids(mark).iter().filter_map(command).collect()
    }

    fn pids(&self, mark: &str) -> Vec<Pid> {
        let home = format!("HOME={}", self.machine.home().display());
        let has = |environment: &[u8], text: &str| {
            environment.split(|byte| *byte == 0).any(|variable| variable == text.as_bytes())
        };
        let pid_of = |entry: std::io::Result<fs::DirEntry>| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
            (has(&environment, &home) && (mark.is_empty() || has(&environment, mark))).then_some(pid)
        };
        let found = fs::read_dir("/proc").unwrap().filter_map(pid_of);
        found.filter_map(Pid::from_raw).collect()
    }

    /// Waits for a daemon that gives up by itself; answers whether it says that all is well, and what it said.
    pub(crate) fn gives_up(&mut self) -> (bool, String) {
        let status = eventually("the daemon gives up", || self.child.try_wait().unwrap());
        let name = self.worker.split(':').next().unwrap_or_default();
        let log = output_dir().join(format!("{}-agent-{name}.log", test_name()));
        (status.success(), fs::read_to_string(log).unwrap())
    }

    /// Stops the daemon as its operator does, with `clearml-agent daemon --stop`, and waits for its end.
    pub(crate) fn stop(&mut self) {
        run(agent(&self.machine, &["daemon", "--stop", &self.worker]), "agent-stop", PATIENCE);
        eventually("the stopped daemon ends", || self.child.try_wait().unwrap());
    }

    /// Ends the daemon and everything that it started, as a machine does that loses its power.
    pub(crate) fn kill(&mut self) {
        // Its number is the group's too, and nobody else's until the daemon has been waited for.
        if let (Ok(None), Ok(group)) = (self.child.try_wait(), i32::try_from(self.child.id())) {
            let _ = Pid::from_raw(group).map(|group| kill_process_group(group, Signal::KILL));
            let _ = self.child.wait();
        }
        // Whoever left the group still has this machine's home directory in its environment.
        for _ in 0..20 {
            let left = self.pids("");
            if left.is_empty() {
                return;
            }
            for pid in left {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `clearml-agent` with these arguments, in a process group of its own.
pub(crate) fn agent(machine: &Workstation, arguments: &[&str]) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = machine.python();
    command.args(["-u", "-m", "clearml_agent"]).args(arguments).process_group(0).stdin(Stdio::null());
    // Where packages come from is a matter of the machine that the tests run on.
    command.envs(std::env::vars().filter(|(name, _)| name.starts_with("PIP_")));
    command
}

/// A task as `tasks.get_by_id` shows it.
#[track_caller]
pub(crate) fn task(client: &Client, id: &str) -> Value {
    client.ok("tasks.get_by_id", json!({"task": id}))["task"].clone()
}

/// Waits until a task has this status; answers the task.
#[track_caller]
pub(crate) fn task_becomes(client: &Client, id: &str, status: &str) -> Value {
    eventually(&format!("task {id} becomes {status}"), || {
        let task = task(client, id);
        (task["status"] == status).then_some(task)
    })
}

/// Everything that a task's log says.
#[track_caller]
pub(crate) fn console(client: &Client, id: &str) -> String {
    let log = client.ok("events.get_task_log", json!({"task": id, "order": "asc", "batch_size": 5000}));
    let lines = log["events"].as_array().unwrap().iter();
    lines.map(|line| line["msg"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Waits until a task's log holds a text; answers the log.
#[track_caller]
pub(crate) fn console_shows(client: &Client, id: &str, text: &str) -> String {
    eventually(&format!("the log of {id} shows {text:?}"), || {
        Some(console(client, id)).filter(|log| log.contains(text))
    })
}

/// A task whose whole code is `script`.
#[track_caller]
pub(crate) fn task_of_script(client: &Client, name: &str, script: &str) -> String {
    let script = json!({
        "diff": script, "entry_point": "run.py", "working_dir": ".", "repository": "", "binary": "python3",
        "requirements": {"pip": "clearml\n"},
    });
    let body = json!({"name": name, "type": "training", "script": script});
    client.ok("tasks.create", body)["id"].as_str().unwrap().to_owned()
}

/// Sends a task to a queue.
#[track_caller]
pub(crate) fn enqueue(client: &Client, task: &str, queue: &str) {
    assert_eq!(client.ok("tasks.enqueue", json!({"task": task, "queue_name": queue}))["queued"], 1);
}

/// The id of a queue, when there is one of this name.
#[track_caller]
pub(crate) fn queue_id(client: &Client, name: &str) -> Option<String> {
    let found = client.ok("queues.get_all", json!({"name": format!("^{name}$"), "only_fields": ["id"]}));
    found["queues"][0]["id"].as_str().map(str::to_owned)
}

/// The worker of this id, when it is registered.
#[track_caller]
pub(crate) fn worker(client: &Client, id: &str) -> Option<Value> {
    let workers = client.ok("workers.get_all", json!({}))["workers"].clone();
    workers.as_array().unwrap().iter().find(|worker| worker["id"] == id).cloned()
}
