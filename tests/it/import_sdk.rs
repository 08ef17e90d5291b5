//! A whole move: the real SDK fills one server, the exporter writes its history into an archive, another server imports
//! it, and both answer alike; then the SDK reads everything back there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::import::import;
use crate::yard::python::{Workstation, run};
use crate::yard::{Client, Yard};

const LIMIT: Duration = Duration::from_secs(420);
/// When this server received events; when they were reported is `timestamp`.
const RECEIPT: [&str; 2] = ["@timestamp", "last_timestamp"];
const SCENARIOS: [&str; 6] = ["parameters", "scalars", "plots", "media", "artifacts", "models"];

/// One server as the comparison sees it: its own addresses and people are written as those of the other.
struct Side {
    client: Client,
    replaced: Vec<(String, String)>,
}

impl Side {
    fn ask(&self, endpoint: &str, body: Value) -> Value {
        let mut text = self.client.ok(endpoint, body).to_string();
        for (from, to) in &self.replaced {
            text = text.replace(from, to);
        }
        serde_json::from_str(&text).unwrap()
    }

    fn documents(&self, service: &str) -> Map<String, Value> {
        let found = self.ask(
            &format!("{service}.get_all_ex"),
            json!({"search_hidden": true, "page": 0, "page_size": 500}),
        );
        let documents = found[service].as_array().unwrap().iter();
        documents.map(|one| (one["id"].as_str().unwrap().to_owned(), one.clone())).collect()
    }

    fn events(&self, id: &str, model: bool, kind: &str) -> Value {
        let body = json!({"task": id, "event_type": kind, "batch_size": 10_000, "model_events": model});
        in_order(self.ask("events.get_task_events", body)["events"].take())
    }
}

/// The protocol leaves open which of two events of one iteration comes first.
fn in_order(mut events: Value) -> Value {
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    if let Some(events) = events.as_array_mut() {
        events.sort_by_key(|one| {
            (one["iter"].as_i64(), text(one, "metric"), text(one, "variant"), text(one, "url"))
        });
    }
    events
}

/// Equal, numbers up to the last digits of a mean.
fn same(path: &str, one: &Value, other: &Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = |map: &Map<String, Value>| {
                let mut keys: Vec<String> =
                    map.keys().filter(|key| !RECEIPT.contains(&key.as_str())).cloned().collect();
                keys.sort();
                keys
            };
            assert_eq!(keys(one), keys(other), "members of {path}");
            for key in keys(one) {
                same(&format!("{path}.{key}"), &one[&key], &other[&key]);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "length of {path}");
            one.iter().zip(other).enumerate().for_each(|(at, (a, b))| same(&format!("{path}[{at}]"), a, b));
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= 1e-12 * a.abs().max(b.abs()), "{path}: {a} and {b}");
        }
        _ => assert_eq!(one, other, "{path}"),
    }
}

fn compare(source: &Side, target: &Side) {
    let mut compared = 0;
    for service in ["projects", "tasks", "models"] {
        let (one, other) = (source.documents(service), target.documents(service));
        assert!(!one.is_empty());
        same(service, &Value::Object(one.clone()), &Value::Object(other));
        if service == "projects" {
            continue;
        }
        let model = service == "models";
        for id in one.keys() {
            for kind in ["training_stats_scalar", "training_stats_vector", "training_debug_image", "plot"] {
                let (a, b) = (source.events(id, model, kind), target.events(id, model, kind));
                compared += a.as_array().unwrap().len();
                same(&format!("{kind} of {id}"), &a, &b);
            }
            let mut calls =
                vec![("events.scalar_metrics_iter_histogram", json!({"task": id, "model_events": model}))];
            if !model {
                calls.push(("events.get_task_log", json!({"task": id, "batch_size": 10_000})));
                calls.push(("events.get_task_plots", json!({"task": id, "iters": 100})));
                calls.push(("events.get_task_latest_scalar_values", json!({"task": id})));
                calls.push(("events.get_task_single_value_metrics", json!({"tasks": [id]})));
                calls.push(("tasks.get_hyper_params", json!({"tasks": [id]})));
                calls.push(("tasks.get_configurations", json!({"tasks": [id]})));
            }
            for (endpoint, body) in calls {
                let (mut a, mut b) = (source.ask(endpoint, body.clone()), target.ask(endpoint, body));
                for answer in [&mut a, &mut b] {
                    answer.as_object_mut().unwrap().remove("scroll_id");
                    if endpoint == "events.get_task_plots" {
                        answer["plots"] = in_order(answer["plots"].take());
                    }
                }
                same(&format!("{endpoint} of {id}"), &a, &b);
            }
        }
    }
    assert!(compared > 200, "only {compared} events were compared");
}

#[test]
fn a_history_moves_from_one_server_to_another() {
    let mut source = Yard::start();
    let mut target = Yard::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sdk_run.py");
    let home = source.home().to_owned();
    let state = |name: &str| home.join(format!("{name}.json"));
    for name in SCENARIOS {
        let mut command = Workstation::new(&source, &format!("run-{name}")).python();
        command.arg(&script).args(["run", name]).arg(state(name));
        run(command, &format!("{name}-run"), LIMIT);
    }
    // Published, archived and hidden things move as well.
    let admin = source.admin();
    let tasks = admin.ok("tasks.get_all", json!({"only_fields": ["id", "name"]}));
    let by_name = |name: &str| {
        let found = tasks["tasks"].as_array().unwrap().iter().find(|task| task["name"] == name);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    admin.ok("tasks.publish", json!({"task": by_name("curves"), "publish_model": false}));
    admin.ok("tasks.archive", json!({"tasks": [by_name("samples")]}));
    let project = admin.ok(
        "projects.create",
        json!({"name": "yard/empty", "description": "ä", "tags": ["x"],
        "system_tags": ["hidden"]}),
    );

    let exporter = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/export/roundhouse_export.py");
    let archive = source.home().join("archive");
    let place = Workstation::new(&source, "export");
    // Interrupted once, it goes on where it was.
    let mut command = place.python();
    let mut child = command.arg(&exporter).arg(&archive).args(["--pause", "0.05"]).spawn().unwrap();
    let lines = archive.join("archive.jsonl");
    let begun = std::time::Instant::now();
    while !std::fs::read_to_string(&lines).is_ok_and(|text| text.contains("\"kind\":\"event\""))
        && child.try_wait().unwrap().is_none()
        && begun.elapsed() < Duration::from_secs(60)
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.try_wait().unwrap().is_none(), "the exporter ended before it could be interrupted");
    child.kill().unwrap();
    child.wait().unwrap();
    target.stop();
    let said = import(&target, &archive, &[]);
    assert!(said.code == Some(1) && said.text.contains("end record"), "{}", said.text);
    let mut command = place.python();
    command.arg(&exporter).arg(&archive);
    run(command, "export", LIMIT);

    let said = import(&target, &archive, &[]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    println!("{}", said.text);
    target.start_again();

    let user = |client: &Client| {
        let user = client.ok("users.get_current_user", json!({}))["user"].clone();
        user["id"].as_str().unwrap().to_owned()
    };
    let there = Side { client: target.admin(), replaced: Vec::new() };
    let here = Side {
        replaced: vec![(source.files(), target.files()), (user(&admin), user(&there.client))],
        client: admin,
    };
    compare(&here, &there);
    assert!(there.documents("projects").contains_key(project["id"].as_str().unwrap()));

    // The same again changes nothing.
    target.stop();
    let again = import(&target, &archive, &[]);
    assert_eq!(again.code, Some(0), "{}", again.text);
    assert!(again.text.contains("Nothing was changed"), "{}", again.text);
    target.start_again();
    let there = Side { client: target.admin(), replaced: Vec::new() };
    compare(&here, &there);

    // Without the source, the SDK reads back what it once reported.
    drop(here);
    source.stop();
    for name in SCENARIOS {
        let mut command = Workstation::new(&target, &format!("check-{name}")).python();
        command.arg(&script).args(["check", name]).arg(state(name));
        run(command, &format!("{name}-check"), LIMIT);
    }
}
