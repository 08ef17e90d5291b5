//! The unmodified agent from PyPI against the built server: it registers, pulls, runs, reports and is stopped
//! (spec/queues_workers.md 6, spec/tasks.md 12.3).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use serde_json::{Value, json};

use crate::yard::Yard;
use crate::yard::agent::{
    Agent, PATIENCE, agent, console, console_shows, enqueue, eventually, queue_id, task, task_becomes,
    task_of_script, worker,
};
use crate::yard::python::{Workstation, run};

/// A script of `tests/e2e/remote`, copied to where no version control finds it: its whole text goes into the task.
fn copied(machine: &Workstation, name: &str) -> std::path::PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/remote").join(name);
    let to = machine.home().join(name);
    std::fs::copy(from, &to).unwrap();
    to
}

/// The ids of the queues that a worker listens to, in its order.
fn queues_of(worker: &Value) -> Vec<&str> {
    worker["queues"].as_array().unwrap().iter().map(|queue| queue["id"].as_str().unwrap()).collect()
}

fn seconds(task: &Value, field: &str) -> f64 {
    let text = task[field].as_str().unwrap_or_else(|| panic!("{field} is not set: {task}"));
    let time: jiff::Timestamp = text.parse().unwrap();
    time.as_millisecond() as f64 / 1000.0
}

/// The whole way of a person's task: sent from a desk, changed on the server while it waits, run in an environment that
/// the agent makes for it.
#[test]
fn a_task_is_sent_to_a_queue_and_run_in_an_environment_of_its_own() {
    let yard = Yard::start();
    let admin = yard.admin();
    let low = admin.ok("queues.create", json!({"name": "low"}))["id"].as_str().unwrap().to_owned();
    let desk = Workstation::new(&yard, "desk");
    let mut training = desk.python();
    training.arg(copied(&desk, "training.py"));
    run(training, "desk", PATIENCE);

    let waiting = admin.ok("queues.get_by_id", json!({"queue": low}))["queue"]["entries"].clone();
    let id = waiting[0]["task"].as_str().unwrap().to_owned();
    let sent = task(&admin, &id);
    assert_eq!((&sent["status"], &sent["execution"]["queue"]), (&json!("queued"), &json!(low)));
    assert_eq!(sent["hyperparams"]["General"]["epochs"]["value"], "2");
    let script = std::fs::read_to_string(desk.home().join("training.py")).unwrap();
    assert_eq!(sent["script"]["diff"], script, "the text of the script comes back byte for byte");
    // While it waits somebody changes what it shall do.
    let epochs = json!([{"section": "General", "name": "epochs", "value": "3"}]);
    admin.ok("tasks.edit_hyper_params", json!({"task": id, "hyperparams": epochs, "force": true}));
    let net = json!([{"name": "net", "value": "layers = [16, 4]"}]);
    admin.ok("tasks.edit_configuration", json!({"task": id, "configuration": net, "force": true}));

    let mut daemon = Agent::start(&yard, "maker", &["--queue", "low"], &[]);
    let registered = eventually("the worker registers", || worker(&admin, "maker:cpu:0"));
    assert_eq!(queues_of(&registered), [&low]);
    let log = console_shows(&admin, &id, "begins with");
    assert!(log.contains("begins with epochs=3 rate=0.5 layers=[16, 4]"), "{log}");
    let prefix = log.lines().find_map(|line| line.trim().strip_prefix("python ")).unwrap();
    assert!(
        prefix.starts_with(daemon.machine.home().to_str().unwrap()),
        "not an environment of its own: {prefix}"
    );

    // It runs now, and everybody can see where.
    let running = task(&admin, &id);
    assert_eq!(running["status"], "in_progress");
    assert_eq!(running["last_worker"], "maker:cpu:0");
    assert_eq!(running["execution"]["queue"], low, "a running task still says where it came from");
    let at_work = eventually("the worker says what it runs", || {
        worker(&admin, "maker:cpu:0").filter(|worker| worker["task"]["id"] == id)
    });
    assert_eq!((&at_work["queue"]["id"], &at_work["queue"]["num_tasks"]), (&json!(low), &json!(0)));
    let queues = admin.ok("queues.get_all_ex", json!({"id": [low]}))["queues"].clone();
    let seen = &queues[0]["workers"][0];
    assert_eq!((&seen["name"], &seen["task"]["id"]), (&json!("maker:cpu:0"), &json!(id)), "{queues}");
    assert!(!log.contains("epoch 0 done"));

    std::fs::write(daemon.machine.home().join("go-on"), "").unwrap();
    let done = task_becomes(&admin, &id, "completed");
    let log = console(&admin, &id);
    let places: Vec<_> =
        ["epoch 0 done", "epoch 1 done", "epoch 2 done", "all done"].map(|line| log.find(line)).into();
    assert!(places.is_sorted() && places[0].is_some(), "{log}");
    assert_eq!(done["execution"]["queue"], low);
    assert_eq!(done["last_worker"], "maker:cpu:0");
    assert_eq!(done["status_reason"], "worker execution done");
    assert_eq!(done["started"], running["started"], "set once, by the first of several calls");
    let took = seconds(&done, "completed") - seconds(&done, "started");
    let active = done["active_duration"].as_f64().unwrap();
    assert!((active - took).abs() <= 2.0, "active for {active} s of {took} s");
    assert_eq!(done["last_iteration"], 2);
    let chart = admin.ok("events.scalar_metrics_iter_histogram", json!({"task": id, "key": "iter"}));
    assert_eq!(chart["loss"]["train"]["y"].as_array().unwrap().len(), 3);
    let artifacts = done["execution"]["artifacts"].as_array().unwrap();
    assert_eq!(artifacts[0]["key"], "summary");
    let idle = eventually("the worker is idle again", || {
        worker(&admin, "maker:cpu:0").filter(|one| one["task"].is_null())
    });
    assert!(idle["queue"].is_null(), "{idle}");
    daemon.stop();
    assert!(worker(&admin, "maker:cpu:0").is_none(), "a stopped daemon takes its leave");
}

/// What an agent runs until somebody stops it; it says that it began.
const ENDLESS: &str = "import time\nprint('endless begins', flush=True)\nwhile True:\n    time.sleep(0.1)\n";

/// The same, with a function that is called before the end.
const WITH_CALLBACK: &str = "\
import time
from clearml import Task

def tidy():
    print('tidied up', flush=True)

task = Task.init(auto_resource_monitoring=False)
task.register_abort_callback(tidy, callback_execution_timeout=20.0)
print('callback registered', flush=True)
while True:
    time.sleep(0.1)
";

/// What a daemon of two queues does with tasks that are stopped, fail, wait for each other, come from the command line.
#[test]
fn an_agent_serves_two_queues_in_order_and_its_tasks_can_be_stopped() {
    let yard = Yard::start();
    let admin = yard.admin();
    assert_eq!((queue_id(&admin, "high"), queue_id(&admin, "low")), (None, None));
    let mut daemon = Agent::start_quickly(&yard, "server", &["--queue", "high", "low", "--create-queue"]);
    let name = daemon.worker.clone();
    let registered = eventually("the worker registers", || worker(&admin, &name));
    let [high, low] = ["high", "low"].map(|name| queue_id(&admin, name).expect("the agent makes its queues"));
    let mut listens = queues_of(&registered);
    listens.sort_unstable();
    let mut both = [high.as_str(), low.as_str()];
    both.sort_unstable();
    assert_eq!(listens, both);

    // Something runs; meanwhile a task enters the low queue, and after it one the high queue.
    let endless = task_of_script(&admin, "endless", ENDLESS);
    enqueue(&admin, &endless, "low");
    console_shows(&admin, &endless, "endless begins");
    let mark = format!("CLEARML_TASK_ID={endless}");
    assert!(!daemon.processes(&mark).is_empty(), "its process is found by what the agent tells it");
    let patient = by_command_line(&yard, "patient", "low");
    let failing =
        task_of_script(&admin, "failing", "print('so far so good')\nraise ValueError('out of luck')\n");
    enqueue(&admin, &failing, "high");
    list_shows(&daemon, &endless);

    let stop = json!({"task": endless, "status_reason": "seen enough"});
    admin.ok("tasks.stop", stop);
    let asked = task(&admin, &endless);
    if asked["status"] == "in_progress" {
        assert_eq!(asked["status_message"], "stopping", "whoever runs it is asked to stop it");
    }
    task_becomes(&admin, &endless, "stopped");
    console_shows(&admin, &endless, "User aborted");
    eventually("its process ends", || daemon.processes(&mark).is_empty().then_some(()));

    let failed = task_becomes(&admin, &failing, "failed");
    let log = console(&admin, &failing);
    for line in ["so far so good", "Traceback (most recent call last)", "ValueError: out of luck"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    assert_eq!(failed["status_reason"], "worker execution exit code 1");
    let patient = task_becomes(&admin, &patient, "completed");
    assert!(console(&admin, patient["id"].as_str().unwrap()).contains("patience is 7"));
    assert!(
        seconds(&failed, "started") < seconds(&patient, "started"),
        "the later one of the queue with priority runs first"
    );

    let tidy = task_of_script(&admin, "tidy", WITH_CALLBACK);
    enqueue(&admin, &tidy, "high");
    console_shows(&admin, &tidy, "callback registered");
    eventually("the callback is announced", || {
        let runtime = task(&admin, &tidy)["runtime"].clone();
        runtime.get("_abort_callback_timeout").cloned()
    });
    admin.ok("tasks.stop", json!({"task": tidy}));
    let stopped = task_becomes(&admin, &tidy, "stopped");
    assert!(!stopped["runtime"]["_abort_callback_completed"].is_null(), "{}", stopped["runtime"]);
    console_shows(&admin, &tidy, "tidied up");

    daemon.stop();
    assert!(worker(&admin, &name).is_none(), "a stopped daemon takes its leave");
}

/// Sends a script with an argument to a queue by `clearml-task`; answers the task's id.
fn by_command_line(yard: &Yard, name: &str, queue: &str) -> String {
    let desk = Workstation::new(yard, name);
    let script = "import argparse\n\
                  from clearml import Task\n\
                  Task.init(auto_resource_monitoring=False)\n\
                  parser = argparse.ArgumentParser()\n\
                  parser.add_argument('--patience', type=int, default=1)\n\
                  print(f'patience is {parser.parse_args().patience}', flush=True)\n";
    std::fs::write(desk.home().join("patient.py"), script).unwrap();
    let mut command = desk.python();
    command
        .args([
            "-m",
            "clearml.cli.task",
            "--project",
            "yard/remote",
            "--name",
            name,
            "--script",
            "patient.py",
        ])
        .args(["--args", "patience=7", "--queue", queue, "--packages", "clearml", "--skip-repo-detection"]);
    run(command, "clearml-task", PATIENCE);
    let found = yard
        .admin()
        .ok("tasks.get_all", json!({"name": format!("^{name}$"), "only_fields": ["id", "hyperparams"]}));
    let [task] = &found["tasks"].as_array().unwrap()[..] else { panic!("not one task: {found}") };
    assert_eq!(task["hyperparams"]["Args"]["patience"]["value"], "7");
    task["id"].as_str().unwrap().to_owned()
}

/// `clearml-agent list` on the daemon's machine shows it with this task.
fn list_shows(daemon: &Agent, task: &str) {
    let listed = agent(&daemon.machine, &["list"]).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.status.success(), "{text}\n{}", String::from_utf8_lossy(&listed.stderr));
    for wanted in [daemon.worker.as_str(), task] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
}

/// A script that runs until the file `go-on` lies in its machine's home directory.
const WAITING: &str = "\
import os, time
print('waiting begins', flush=True)
while not os.path.exists(os.path.join(os.environ['HOME'], 'go-on')):
    time.sleep(0.1)
print('waiting ends', flush=True)
";

#[test]
fn services_run_side_by_side_up_to_their_number() {
    let yard = Yard::start();
    let admin = yard.admin();
    // Without containers the agent counts the processes of agents on its machine, itself among them.
    let arguments = ["--services-mode", "3", "--queue", "services", "--create-queue"];
    let mut daemon = Agent::start_quickly(&yard, "host", &arguments);
    eventually("the agent makes its queue", || queue_id(&admin, "services"));
    let tasks = ["first", "second", "third"].map(|name| task_of_script(&admin, name, WAITING));
    for task in &tasks {
        enqueue(&admin, task, "services");
    }
    let [first, second, third] = &tasks;
    for id in [first, second] {
        console_shows(&admin, id, "waiting begins");
        assert_eq!(task(&admin, id)["status"], "in_progress");
    }
    assert_eq!(task(&admin, third)["status"], "queued", "two at once, not three");
    std::fs::write(daemon.machine.home().join("go-on"), "").unwrap();
    for id in &tasks {
        task_becomes(&admin, id, "completed");
        assert!(console(&admin, id).contains("waiting ends"));
    }
    daemon.kill();
}

/// The controller waits in one queue, its steps run from another.
#[test]
fn a_pipeline_is_run_by_agents() {
    let yard = Yard::start();
    let admin = yard.admin();
    let _host =
        Agent::start_quickly(&yard, "host", &["--services-mode", "--queue", "services", "--create-queue"]);
    let _worker = Agent::start_quickly(&yard, "worker", &["--queue", "steps", "--create-queue"]);
    for name in ["services", "steps"] {
        eventually("the agents make their queues", || queue_id(&admin, name));
    }
    let desk = Workstation::new(&yard, "desk");
    let mut command = desk.python();
    command.arg(copied(&desk, "pipeline.py"));
    run(command, "pipeline", PATIENCE);
    let found = admin
        .ok("tasks.get_all", json!({"type": ["controller"], "search_hidden": true, "only_fields": ["id"]}));
    let [controller] = &found["tasks"].as_array().unwrap()[..] else { panic!("not one controller: {found}") };
    let controller = controller["id"].as_str().unwrap();
    let done = task_becomes(&admin, controller, "completed");
    assert_eq!(done["last_worker"], format!("host:cpu:0:service:{controller}"));
    let query = json!({"parent": controller, "search_hidden": true, "order_by": ["name"], "only_fields": ["id", "name", "status"]});
    let steps = admin.ok("tasks.get_all", query)["tasks"].clone();
    let [double, sum_up] = &steps.as_array().unwrap()[..] else { panic!("not two steps: {steps}") };
    assert_eq!((&double["name"], &sum_up["name"]), (&json!("double"), &json!("sum up")));
    assert_eq!((&double["status"], &sum_up["status"]), (&json!("completed"), &json!("completed")));
    let [double, sum_up] = [double, sum_up].map(|step| task(&admin, step["id"].as_str().unwrap()));
    assert_eq!(
        (&double["last_worker"], &sum_up["last_worker"]),
        (&json!("worker:cpu:0"), &json!("worker:cpu:0"))
    );
    assert!(seconds(&double, "completed") <= seconds(&sum_up, "started"), "a step waits for its parent");
    let log = console(&admin, sum_up["id"].as_str().unwrap());
    assert!(log.contains("the total is 12"), "what one step made reaches the next: {log}");
}

/// A machine that loses its power says nothing any more: its worker is forgotten, its task is stopped.
#[test]
fn a_killed_agent_is_forgotten_and_its_task_stopped() {
    let watchdog = "CLEARML__services__tasks__non_responsive_tasks_watchdog";
    let yard = Yard::secure()
        .env("CLEARML__services__workers__default_worker_timeout_sec", "15")
        .env(&format!("{watchdog}__threshold_sec"), "12")
        .env(&format!("{watchdog}__watch_interval_sec"), "1")
        .start();
    let admin = yard.admin();
    let mut daemon = Agent::start_quickly(&yard, "mortal", &["--queue", "low", "--create-queue"]);
    let name = daemon.worker.clone();
    eventually("the agent makes its queue", || queue_id(&admin, "low"));
    let endless = task_of_script(&admin, "endless", ENDLESS);
    enqueue(&admin, &endless, "low");
    console_shows(&admin, &endless, "endless begins");
    eventually("the worker says what it runs", || {
        worker(&admin, &name).filter(|one| one["task"]["id"] == endless)
    });
    daemon.kill();
    assert_eq!(daemon.processes(""), Vec::<String>::new());
    assert_eq!(task(&admin, &endless)["status"], "in_progress", "nobody has missed it yet");
    assert!(worker(&admin, &name).is_some());
    let stopped = task_becomes(&admin, &endless, "stopped");
    assert_eq!(stopped["status_reason"], "Forced stop (non-responsive)");
    eventually("the worker is forgotten", || worker(&admin, &name).is_none().then_some(()));
    let shown = admin.ok("queues.get_all_ex", json!({"name": "^low$"}))["queues"].clone();
    assert_eq!(shown[0]["workers"], json!([]));
}

/// Says whom it runs as, keeps its token where the test finds it, and waits for the file `go-on`.
const WHO_AM_I: &str = "\
import os, time
from clearml import Task
task = Task.init(auto_resource_monitoring=False)
session = Task._get_default_session()
me = session.send_request('users', 'get_current_user', json={}).json()['data']['user']
with open(os.path.join(os.environ['HOME'], 'token'), 'w') as file:
    file.write(session.token)
print('i am', me['name'], 'as', me['role'], flush=True)
while not os.path.exists(os.path.join(os.environ['HOME'], 'go-on')):
    time.sleep(0.1)
print('the end', flush=True)
";

/// A service account made through the API; answers its id and the configuration of its agent.
fn service_account(yard: &Yard, name: &str, runs_as_owner: bool) -> (String, String) {
    let body = json!({"name": name, "allow_running_as_owner": runs_as_owner});
    let made = yard.admin().ok("auth.create_service_user", body);
    (made["id"].as_str().unwrap().to_owned(), made["config"].as_str().unwrap().to_owned())
}

/// spec/governance.md 6.1, acceptance cases 36, 38, 41; spec/security_rules.md S6.
#[test]
fn cases_36_38_41_an_agent_runs_tasks_as_their_owners() {
    let yard = Yard::start();
    let admin = yard.admin();
    let (bob, by_bob) = yard.person("bob", "admin");
    let arguments = ["--queue", "low", "--create-queue", "--use-owner-token"];

    let (_, plain) = service_account(&yard, "plain", false);
    let mut refused = Agent::start_quickly_as(&yard, "plain", &plain, &arguments);
    let (well, said) = refused.gives_up();
    assert!(!well && said.contains("not suitable for --use-owner-token"), "{said}");

    let (account, configuration) = service_account(&yard, "ci", true);
    let daemon = Agent::start_quickly_as(&yard, "ci", &configuration, &arguments);
    eventually("the agent makes its queue", || queue_id(&admin, "low"));
    let id = task_of_script(&by_bob, "whoami", WHO_AM_I);
    enqueue(&by_bob, &id, "low");
    let log = console_shows(&admin, &id, "i am");
    assert!(log.contains("i am bob as user"), "an administrator's task has no administrator's rights: {log}");
    let token = std::fs::read_to_string(daemon.machine.home().join("token")).unwrap();
    let stolen = yard.nobody().bearer(&token);
    assert_eq!(stolen.ok("users.get_current_user", json!({}))["user"]["id"], bob);
    stolen.call("auth.create_credentials", json!({})).is(403, 20);
    std::fs::write(daemon.machine.home().join("go-on"), "").unwrap();
    let done = task_becomes(&admin, &id, "completed");
    assert_eq!(done["user"], bob);

    // The account goes: its own keys and every token that it obtained for others are dead on the next call.
    stolen.ok("users.get_current_user", json!({}));
    admin.ok("auth.delete_user", json!({"user": account}));
    stolen.call("users.get_current_user", json!({})).is(401, 30);
    by_bob.ok("users.get_current_user", json!({}));
    assert_eq!(task(&admin, &id)["status"], "completed", "what it ran stays");
}
