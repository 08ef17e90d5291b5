//! Acceptance cases of spec/queues_workers.md 7 that the workers service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::{
    api::front_door::{FrontDoor, Visitor},
    config::Settings,
    types::Millis,
};

fn queue(ann: &Visitor<'_>, fields: Value) -> String {
    let mut request = json!({"name": "gpu"});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ann.ok("queues.create", request)["id"].as_str().unwrap().to_owned()
}

fn report(ann: &Visitor<'_>, fields: Value) -> Result<(), (u16, u16)> {
    let mut request = json!({"worker": "box:gpu0", "timestamp": Millis::now().0});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ann.call("workers.status_report", request).map(|data| assert_eq!(data, json!({})))
}

fn all(ann: &Visitor<'_>) -> Vec<Value> {
    ann.ok("workers.get_all", json!({}))["workers"].as_array().unwrap().clone()
}

fn one(ann: &Visitor<'_>) -> Value {
    let mut workers = all(ann);
    assert_eq!(workers.len(), 1);
    workers.remove(0)
}

/// Lets the clock of all workers run ahead.
fn wait(front: &FrontDoor, seconds: i64) {
    front.sql(
        "UPDATE worker SET expires = expires - ?1, last_activity_time = last_activity_time - ?1",
        [seconds * 1000],
    );
}

#[test]
fn case_27_registering_and_unregistering() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.ok("workers.register", json!({"worker": "box:0"})), json!({}));
    assert_eq!(one(&ann)["key"], "worker_acme_ann_box:0");
    ann.ok("workers.unregister", json!({"worker": "box:0", "queues": []}));
    assert!(all(&ann).is_empty());
    ann.ok("workers.unregister", json!({"worker": "box:0"}));
    let mut settings = Settings::default();
    settings.apiserver.workers.auto_unregister = false;
    settings.apiserver.workers.auto_register = false;
    let front = FrontDoor::with(settings);
    assert_eq!(front.ann().err("workers.unregister", json!({"worker": "box:0"})), (400, 1004));
    assert_eq!(report(&front.ann(), json!({})), Err((400, 1001)));
}

#[test]
fn case_28_37_silence_ends_a_registration() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = queue(&ann, json!({}));
    ann.ok("workers.register", json!({"worker": "box:0", "queues": [id], "timeout": 30}));
    let count = |request: Value| ann.ok("workers.get_count", request)["count"].clone();
    let listening =
        || ann.ok("queues.get_all_ex", json!({}))["queues"][0]["workers"].as_array().unwrap().len();
    wait(&front, 5);
    assert_eq!((count(json!({})), count(json!({"last_seen": 4})), all(&ann).len()), (json!(1), json!(0), 1));
    assert_eq!(ann.ok("workers.get_all", json!({"last_seen": 4}))["workers"], json!([]));
    assert_eq!(ann.ok("workers.get_all", json!({"last_seen": null}))["workers"].as_array().unwrap().len(), 1);
    assert_eq!(listening(), 1);
    wait(&front, 30);
    assert_eq!((count(json!({})), all(&ann).len(), listening()), (json!(0), 0, 0));
}

#[test]
fn case_29_68_what_a_registration_may_say() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = queue(&ann, json!({}));
    assert_eq!(ann.err("workers.register", json!({"worker": "w", "timeout": -1})), (400, 1002));
    assert_eq!(ann.err("workers.register", json!({"worker": "w", "queues": ["nope"]})), (400, 701));
    assert_eq!(ann.err("workers.register", json!({})), (400, 12));
    for timeout in [json!(0), Value::Null] {
        ann.ok("workers.register", json!({"worker": "w", "timeout": timeout, "queues": [id, id]}));
        assert_eq!(one(&ann)["register_timeout"], 600);
    }
    let resources = json!({"cpu_usage": 2, "gpu_usage": 0.5});
    ann.ok("workers.register", json!({"worker": "w", "queues": [id], "resources": resources}));
    let shown = ann.ok("queues.get_by_id", json!({"queue": id}))["queue"]["resources"].clone();
    assert_eq!(shown, json!({"cpu_usage": 2.0, "gpu_usage": 0.5}));
}

#[test]
fn case_30_31_a_report_registers_and_names_the_task() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t1", json!({"last_update": 5}));
    report(&ann, json!({"task": "t1"})).unwrap();
    assert_eq!(
        one(&ann)["task"],
        json!({"id": "t1", "name": "task t1", "running_time": 0, "last_iteration": 0})
    );
    let last = front
        .value::<String>("SELECT last_worker FROM task WHERE last_update > 5 AND last_worker_report > 5", []);
    assert_eq!(last.as_deref(), Some("box:gpu0"));
    report(&ann, json!({})).unwrap();
    assert!(one(&ann).get("task").is_none());
}

#[test]
fn case_32_a_refused_report_still_renews() {
    let front = FrontDoor::open();
    let ann = front.ann();
    ann.ok("workers.register", json!({"worker": "box:gpu0", "timeout": 30}));
    wait(&front, 20);
    assert_eq!(report(&ann, json!({"task": "nope"})), Err((400, 101)));
    wait(&front, 20);
    let worker = one(&ann);
    assert!(worker.get("last_report_time").is_none() && worker.get("task").is_none());
}

#[test]
fn case_33_34_35_66_what_a_report_replaces() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (q1, q2) = (queue(&ann, json!({"name": "one"})), queue(&ann, json!({"name": "two"})));
    let register =
        || ann.ok("workers.register", json!({"worker": "box:gpu0", "tags": ["x"], "queues": [q1]}));
    let ids = || -> Vec<Value> {
        one(&ann)["queues"].as_array().unwrap().iter().map(|queue| queue["id"].clone()).collect()
    };
    for tags in [json!({}), json!({"tags": null})] {
        register();
        assert_eq!(one(&ann)["tags"], json!(["x"]));
        report(&ann, tags).unwrap();
        assert_eq!(one(&ann)["tags"], json!([]));
    }
    let odd = json!({"machine_stats": null, "is_daemon": true, "queue": null});
    report(&ann, odd).unwrap();
    report(&ann, json!({"machine_stats": {"gpu_fraction": [0.5], "cpu_usage": null}})).unwrap();
    report(&ann, json!({"queues": []})).unwrap();
    assert_eq!(ids(), [json!(q1)]);
    report(&ann, json!({"queues": [q2]})).unwrap();
    assert_eq!(ids(), [json!(q2)]);
    report(&ann, json!({"queues": ["ghost"], "queue": "ghost2"})).unwrap();
    assert_eq!((one(&ann)["queues"].clone(), one(&ann).get("queue")), (json!([{"id": "ghost"}]), None));
    report(&ann, json!({"queue": "ghost"})).unwrap();
    assert_eq!(one(&ann)["queue"], json!({"id": "ghost"}));
}

#[test]
fn case_36_38_filters() {
    let front = FrontDoor::open();
    let ann = front.ann();
    ann.ok(
        "workers.register",
        json!({"worker": "box:gpu0", "tags": ["application"], "system_tags": ["sys"]}),
    );
    ann.ok("workers.register", json!({"worker": "other:cpu"}));
    let found = |request: Value| -> Vec<String> {
        let workers = ann.ok("workers.get_all", request.clone())["workers"].as_array().unwrap().clone();
        assert_eq!(ann.ok("workers.get_count", request)["count"], workers.len());
        workers.iter().map(|worker| worker["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(json!({"tags": ["application", "test"]})), ["box:gpu0"]);
    assert!(found(json!({"tags": ["test"]})).is_empty());
    assert_eq!(found(json!({"tags": ["-application"]})), ["other:cpu"]);
    assert!(found(json!({"tags": ["application"], "system_tags": ["-sys"]})).is_empty());
    assert_eq!(found(json!({"worker_pattern": "box:gpu*"})), ["box:gpu0"]);
}

#[test]
fn case_39_67_what_is_shown_of_a_worker() {
    let front = FrontDoor::open();
    let mut ann = front.ann();
    ann.ip = "9.9.9.9".to_owned();
    let id = queue(&ann, json!({"display_name": "GPU"}));
    let project = ann.ok("projects.create", json!({"name": "Pro"}))["id"].clone();
    for task in ["a", "b"] {
        front.task(task, json!({"project": project, "active_duration": 61, "last_iteration": 12}));
        ann.ok("queues.add_task", json!({"queue": id, "task": task}));
    }
    ann.ok("queues.get_next_task", json!({"queue": id}));
    report(&ann, json!({"queues": [id], "queue": id, "task": "a"})).unwrap();
    let worker = one(&ann);
    let shown = json!({
        "id": id, "name": "gpu", "display_name": "GPU", "num_tasks": 1, "next_task": {"id": "b", "name": "task b"},
    });
    assert_eq!(
        (&worker["ip"], &worker["queue"], &worker["queues"]),
        (&json!("9.9.9.9"), &shown, &json!([shown]))
    );
    assert_eq!(
        worker["task"],
        json!({"id": "a", "name": "task a", "running_time": 61000, "last_iteration": 12})
    );
    assert_eq!(worker["project"], json!({"id": project, "name": "Pro"}));
    assert_eq!(worker["user"], json!({"id": "ann", "name": "Ann"}));
    assert_eq!(worker["company"], json!({"id": "acme", "name": "acme"}));
    let listening = ann.ok("queues.get_all_ex", json!({}))["queues"][0]["workers"].clone();
    let expected = json!([{
        "name": "box:gpu0", "ip": "9.9.9.9", "key": "worker_acme_ann_box:gpu0", "task": {"id": "a", "name": "task a"},
    }]);
    assert_eq!(listening, expected);
    ann.ok("queues.remove_task", json!({"queue": id, "task": "b"}));
    assert_eq!(one(&ann)["queue"], json!({"id": id, "name": "gpu", "display_name": "GPU", "num_tasks": 0}));
    ann.ok("workers.register", json!({"worker": "box:gpu0"}));
    let worker = one(&ann);
    assert!(worker.get("task").is_none() && worker.get("project").is_none() && worker.get("queue").is_none());
}

#[test]
fn case_40_45_names_of_metrics() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.err("workers.get_metric_keys", json!({})), (400, 1005));
    report(&ann, json!({"machine_stats": {"cpu_usage": [5], "memory_used": 7.5, "memory_free": 0}})).unwrap();
    let keys = ann.ok("workers.get_metric_keys", json!({}));
    let expected = json!({"categories": [
        {"name": "cpu", "metric_keys": ["cpu_usage"]}, {"name": "memory", "metric_keys": ["memory_used"]},
    ]});
    assert_eq!(keys, expected);
    assert_eq!(ann.err("workers.get_metric_keys", json!({"worker_ids": ["nope"]})), (400, 1005));
    report(&ann, json!({"machine_stats": {"gpu_usage": [0, 0]}})).unwrap();
    let stored = front.value::<String>("SELECT stats FROM worker_report ORDER BY seq DESC LIMIT 1", []);
    assert_eq!(stored.as_deref(), Some(r#"{"gpu_usage":[0,0]}"#));
}

/// Reports at fixed times.
fn history(ann: &Visitor<'_>, base: i64) {
    for (seconds, gpu, task) in
        [(0, json!([60, 70]), None), (10, json!([80, 90]), Some("t1")), (80, json!([10, 20]), None)]
    {
        let stats = json!({"gpu_usage": gpu, "cpu_usage": [50]});
        report(ann, json!({"timestamp": (base + seconds) * 1000, "machine_stats": stats, "task": task}))
            .unwrap();
    }
}

#[test]
fn case_41_42_43_charts() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t1", json!({}));
    let base = (Millis::now().0 / 1000 - 1000) / 40 * 40;
    history(&ann, base);
    let stats = |items: Value, split: bool| {
        let request = json!({"from_date": base, "to_date": base + 400, "interval": 1, "items": items, "split_by_resource": split});
        ann.ok("workers.get_stats", request)["workers"].clone()
    };
    let found = stats(json!([{"key": "gpu_usage"}, {"key": "gpu_usage", "aggregation": "max"}]), true);
    assert_eq!(found[0]["worker"], "box:gpu0");
    let metrics = found[0]["metrics"].as_array().unwrap();
    assert_eq!((metrics.len(), &metrics[0]["metric"]), (1, &json!("gpu_usage")));
    let (avg, max) = (&metrics[0]["stats"][0], &metrics[0]["stats"][1]);
    assert_eq!((&avg["aggregation"], &max["aggregation"]), (&json!("avg"), &json!("max")));
    let dates = avg["dates"].as_array().unwrap();
    assert!((10..=11).contains(&dates.len()));
    assert_eq!((dates[0].as_i64(), dates[1].as_i64()), (Some(base * 1000), Some((base + 40) * 1000)));
    assert_eq!(avg["values"].as_array().unwrap()[..4], [json!(75.0), json!(0.0), json!(15.0), json!(0.0)]);
    assert_eq!(max["values"][0], json!(90.0));
    let devices = avg["resource_series"].as_array().unwrap();
    assert_eq!(
        (devices.len(), &devices[0]["name"], &devices[0]["values"][0]),
        (2, &json!("0"), &json!(70.0))
    );
    assert_eq!(
        stats(json!([{"key": "cpu_usage"}]), true)[0]["metrics"][0]["stats"][0]["resource_series"],
        json!([])
    );
    assert_eq!(
        stats(json!([{"key": "gpu_usage"}]), false)[0]["metrics"][0]["stats"][0]["resource_series"],
        json!([])
    );
    let unknown = json!({"from_date": base, "to_date": base + 400, "interval": 1, "items": [{"key": "gpu_usage"}], "worker_ids": ["nope"]});
    assert_eq!(ann.ok("workers.get_stats", unknown)["workers"], json!([]));
}

#[test]
fn case_44_activity() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t1", json!({}));
    let base = (Millis::now().0 / 1000 - 1000) / 40 * 40;
    history(&ann, base);
    let request = json!({"from_date": base, "to_date": base + 400, "interval": 2});
    let found = ann.ok("workers.get_activity_report", request);
    for line in ["total", "active"] {
        assert_eq!(found[line]["dates"].as_array().unwrap().len(), 10);
    }
    assert_eq!(found["total"]["counts"].as_array().unwrap()[..3], [json!(1), json!(0), json!(1)]);
    assert_eq!(found["active"]["counts"].as_array().unwrap()[..3], [json!(1), json!(0), json!(0)]);
}

#[test]
fn case_65_69_malformed_requests() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for stats in [
        json!({"cpu_usage": 1.0}),
        json!({"memory_used": [1.0]}),
        json!({"memory_used": "5"}),
        json!({"cpu_usage": [null]}),
    ] {
        assert_eq!(report(&ann, json!({"machine_stats": stats})), Err((400, 12)), "{stats}");
    }
    report(&ann, json!({"machine_stats": {"cpu_usage": null}})).unwrap();
    assert_eq!(ann.err("workers.status_report", json!({"worker": "w"})), (400, 12));
    report(&ann, json!({"timestamp": 1_700_000_000_000.5})).unwrap();
    report(&ann, json!({"timestamp": "1700000000000"})).unwrap();
    let stats = |key: &str, value: Value| {
        let mut request =
            json!({"from_date": 0, "to_date": 100, "interval": 1, "items": [{"key": "cpu_usage"}]});
        request[key] = value;
        ann.err("workers.get_stats", request)
    };
    assert_eq!(stats("items", json!([{"key": "nosuch"}])), (400, 12));
    assert_eq!(stats("items", json!([])), (400, 12));
    assert_eq!(stats("from_date", json!("0")), (400, 12));
    assert_eq!(stats("interval", json!(0)), (400, 12));
    assert_eq!(stats("interval", json!("5")), (400, 12));
    assert_eq!(stats("to_date", json!(0)), (400, 16));
    assert_eq!(stats("to_date", json!(1e18)), (400, 16), "a chart has a bounded number of steps");
    let endless = json!({"from_date": 0, "to_date": 1e18, "interval": 1});
    assert_eq!(ann.err("workers.get_activity_report", endless), (400, 16));
}

#[test]
fn case_55_70_workers_belong_to_their_user_and_tenant() {
    let front = FrontDoor::open();
    front.tenant("other");
    let (ann, bob, zoe) = (front.ann(), front.visitor("acme", "bob"), front.visitor("other", "zoe"));
    ann.ok("workers.register", json!({"worker": "box:0"}));
    bob.ok("workers.register", json!({"worker": "box:0"}));
    assert_eq!(all(&ann).len(), 2);
    ann.ok("workers.unregister", json!({"worker": "box:0"}));
    assert_eq!(one(&ann)["user"]["id"], "bob");
    report(&ann, json!({"machine_stats": {"cpu_usage": [1]}})).unwrap();
    assert!(all(&zoe).is_empty());
    assert_eq!(zoe.err("workers.get_metric_keys", json!({})), (400, 1005));
    let range = json!({"from_date": 0, "to_date": 100, "interval": 40, "items": [{"key": "cpu_usage"}]});
    assert_eq!(zoe.ok("workers.get_stats", range.clone())["workers"], json!([]));
    let empty = json!({"dates": [], "counts": []});
    assert_eq!(zoe.ok("workers.get_activity_report", range), json!({"total": empty, "active": empty}));
    front.task("t1", json!({}));
    let mine = json!({"worker": "w", "timestamp": 1, "task": "t1"});
    assert_eq!(zoe.err("workers.status_report", mine), (400, 101));
}

#[test]
fn case_50_runtime_properties_are_remembered_for_their_time() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let read = |visitor: &Visitor<'_>| {
        visitor.ok("workers.get_runtime_properties", json!({"worker": "w"}))["runtime_properties"].clone()
    };
    assert_eq!(read(&ann), json!([]));
    let set = |properties: Value| json!({"worker": "w", "runtime_properties": properties});
    ann.ok(
        "workers.set_runtime_properties",
        set(json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2", "expiry": 60}])),
    );
    ann.ok("workers.set_runtime_properties", set(json!([{"key": "a", "value": "3"}])));
    let found = read(&ann);
    assert_eq!(found[0], json!({"key": "a", "value": "3", "expiry": null}));
    assert_eq!((&found[1]["key"], &found[1]["value"]), (&json!("b"), &json!("2")));
    assert!((50..=60).contains(&found[1]["expiry"].as_i64().unwrap()));
    assert_eq!(read(&front.visitor("acme", "bob")), json!([]));
    front.sql("UPDATE worker_property SET expires = 1 WHERE expires IS NOT NULL", []);
    assert_eq!(read(&ann).as_array().unwrap().len(), 1);
    let many: Vec<Value> = (0..101).map(|n| json!({"key": n.to_string(), "value": "v"})).collect();
    assert_eq!(ann.err("workers.set_runtime_properties", set(json!(many))), (400, 12));
    assert_eq!(ann.err("workers.set_runtime_properties", set(json!([{"key": "a"}]))), (400, 12));
}

#[test]
fn clusters_are_heard() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.ok("workers.cluster_report", json!({"worker": "w", "max_gpus": 4})), json!({}));
    assert_eq!(ann.ok("workers.cluster_unregister", json!({"worker": "w"})), json!({}));
}
