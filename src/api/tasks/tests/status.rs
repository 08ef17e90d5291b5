use super::*;
use crate::domain::tasks;

#[test]
fn case_11_12_starting_twice_keeps_the_first_start() {
    let house = House::open();
    let project = house.project("p1", "acme");
    let task = house.task_with(json!({"project": project}));
    house.0.sql("UPDATE project SET last_update = 1", []);
    let first = house.ok("started", json!({"task": task, "status_message": "hello"}));
    assert_eq!((&first["updated"], &first["started"]), (&json!(1), &json!(1)));
    let fields = [
        "last_change",
        "last_changed_by",
        "last_update",
        "started",
        "status",
        "status_changed",
        "status_message",
        "status_reason",
    ];
    assert_eq!(keys(&first["fields"]), fields);
    assert!(house.touched(&project));
    let started = house.get(&task)["started"].clone();
    assert_eq!(started, first["fields"]["started"]);
    let second = house.ok("started", json!({"task": task}));
    assert_eq!((second["fields"].get("started"), &second["started"]), (None, &json!(1)));
    let shown = house.get(&task);
    assert_eq!((&shown["started"], &shown["status_message"]), (&started, &json!("")));
    assert_eq!(house.err("started", json!({"task": "nope"})), (400, 10));
    assert_eq!(house.err("stopped", json!({"task": "nope"})), (400, 101));
}

#[test]
fn case_13_14_15_the_machine_refuses_and_force_overrules() {
    let house = House::open();
    let draft = house.task();
    assert_eq!(house.err("completed", json!({"task": draft})), (400, 110));
    assert_eq!(house.err("stopped", json!({"task": draft})), (400, 110));
    house.ok("completed", json!({"task": draft, "force": true}));
    assert_eq!(house.status(&draft), "completed");

    let task = house.running();
    let failed = house.ok("failed", json!({"task": task, "status_reason": "R"}));
    assert_eq!(failed["fields"]["status_reason"], "R");
    assert!(house.get(&task)["completed"].is_string() && house.get(&task)["active_duration"].is_i64());
    assert_eq!(house.err("completed", json!({"task": task})), (400, 110));
    assert_eq!(house.err("started", json!({"task": task})), (400, 110));
    let queue = house.queue("q1");
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    assert_eq!(house.err("enqueue", json!({"task": draft, "queue": queue})), (400, 110));
    house.ok("enqueue", json!({"task": draft, "queue": queue, "force": true}));
}

#[test]
fn case_16_17_completed_and_published_in_one_breath() {
    let house = House::open();
    let task = house.running();
    let (first, last) = (house.model("m1", None, false), house.model("m2", None, false));
    for model in [&first, &last] {
        house.ok(
            "add_or_update_model",
            json!({"task": task, "name": model, "model": model, "type": "output"}),
        );
    }
    let done = house.ok("completed", json!({"task": task, "publish": true}));
    assert_eq!((&done["published"], &done["fields"]["status"]), (&json!(1), &json!("published")));
    assert_eq!((done["fields"].get("published"), done["fields"].get("output")), (None, None));
    let ready =
        |model: &str| house.0.value::<bool>("SELECT ready FROM model WHERE id = ?1", [model]).unwrap();
    assert!(!ready(&first) && ready(&last), "only the last output model is published");
    assert!(house.get(&task)["published"].is_string());
    assert_eq!(house.err("reset", json!({"task": task})), (400, 110));
    house.ok("reset", json!({"task": task, "force": true}));
    assert_eq!(house.status(&task), "created");

    let task = house.running();
    assert_eq!(house.ok("completed", json!({"task": task}))["published"], 0);
    house.ok("completed", json!({"task": task}));
    let published = house.ok("publish", json!({"task": task}));
    assert_eq!(
        (&published["fields"]["output"], published["fields"]["published"].is_string()),
        (&json!({}), true)
    );
    assert_eq!(house.err("publish", json!({"task": task})), (400, 110));
    house.ok("publish", json!({"task": task, "force": true}));
}

#[test]
fn case_18_only_stopped_tasks_are_closed() {
    let house = House::open();
    let task = house.running();
    assert_eq!(house.err("close", json!({"task": task})), (400, 110));
    house.ok("stopped", json!({"task": task}));
    house.ok("close", json!({"task": task}));
    house.ok("publish", json!({"task": task}));
    let batch = house.ok("publish_many", json!({"ids": [task, "nope"]}));
    assert_eq!(batch["succeeded"], json!([]));
    assert_eq!(batch["failed"][0]["error"]["codes"], json!([400, 110]));
    assert_eq!(batch["failed"][1]["error"]["codes"], json!([400, 101]));
}

#[test]
fn case_19_20_stopping_asks_the_worker_or_stops_at_once() {
    let house = House::open();
    assert_eq!(house.err("stop", json!({"task": house.task()})), (400, 110));
    let task = house.running();
    let stopped = house.ok("stop", json!({"task": task, "status_reason": "R", "status_message": "ignored"}));
    assert_eq!(stopped["fields"]["status_message"], "Stopped by ann");
    let shown = house.get(&task);
    assert_eq!(
        (&shown["status"], &shown["status_reason"], shown.get("completed")),
        (&json!("stopped"), &json!("R"), None)
    );

    let task = house.running();
    house.worker_reports(&task);
    let asked = house.ok("stop", json!({"task": task}));
    assert_eq!(
        (&asked["fields"]["status"], &asked["fields"]["status_message"]),
        (&json!("in_progress"), &json!("stopping"))
    );
    house.silent_for(&task, 11);
    house.ok("stop", json!({"task": task}));
    assert_eq!(house.status(&task), "stopped");

    let task = house.task_with(json!({"system_tags": ["development"]}));
    house.ok("started", json!({"task": task}));
    house.worker_reports(&task);
    house.ok("stop", json!({"task": task}));
    assert_eq!(house.status(&task), "stopped");
}

#[test]
fn stopping_a_pipeline_stops_its_running_steps_only() {
    let house = House::open();
    let controller = house.task_with(json!({"type": "controller"}));
    house.ok("started", json!({"task": controller}));
    let steps: Vec<String> = (0..3).map(|_| house.task_with(json!({"parent": controller}))).collect();
    let queue = house.queue("q1");
    house.ok("started", json!({"task": steps[0]}));
    house.ok("enqueue", json!({"task": steps[1], "queue": queue}));
    let stopped = house.ok("stop_many", json!({"ids": [controller], "include_pipeline_steps": true}));
    assert_eq!(stopped["succeeded"][0]["updated"], 1);
    let statuses: Vec<String> = steps.iter().map(|step| house.status(step)).collect();
    assert_eq!(statuses, ["stopped", "stopped", "created"]);
    assert!(house.waiting(&queue).is_empty());
    house.ok("started", json!({"task": steps[0]}));
    house.ok("edit", json!({"task": controller, "status": "completed", "force": true}));
    assert_eq!(house.err("stop", json!({"task": controller, "include_pipeline_steps": true})), (400, 110));
    assert_eq!(house.status(&steps[0]), "in_progress", "a refusal leaves the steps alone");
}

#[test]
fn case_57_pings_count_the_time() {
    let house = House::open();
    assert_eq!(house.ok("ping", json!({"task": "nope"})), json!({}));
    let task = house.running();
    house.0.sql("UPDATE task SET started = started - 2500 WHERE id = ?1", [&task]);
    assert_eq!(house.ok("ping", json!({"task": task})), json!({}));
    assert_eq!(house.get(&task)["active_duration"], 2);
    let draft = house.task();
    house.ok("ping", json!({"task": draft}));
    assert_eq!(house.get(&draft).get("active_duration"), None);
}

#[test]
fn case_65_silent_tasks_are_stopped() {
    let house = House::open();
    let project = house.project("p1", "acme");
    let silent = house.task_with(json!({"project": project}));
    house.ok("started", json!({"task": silent}));
    let (alive, waiting) = (house.running(), house.task_in("queued"));
    house.silent_for(&silent, 180);
    house.silent_for(&waiting, 180);
    house.0.sql("UPDATE project SET last_update = 1", []);
    assert_eq!(tasks::sweep(&house.0.app).unwrap(), 1);
    let shown = house.get(&silent);
    let text = json!("Forced stop (non-responsive)");
    assert_eq!(
        (&shown["status"], &shown["status_reason"], &shown["status_message"]),
        (&json!("stopped"), &text, &text)
    );
    assert_eq!((&shown["last_changed_by"], shown.get("completed")), (&json!("__apiserver__"), None));
    assert!(house.touched(&project));
    assert_eq!((house.status(&alive), house.status(&waiting)), ("in_progress".into(), "queued".into()));
    assert_eq!(tasks::sweep(&house.0.app).unwrap(), 0);
}

#[test]
fn case_68_the_worker_ends_what_it_was_asked_to_stop() {
    let house = House::open();
    let task = house.running();
    house.worker_reports(&task);
    house.ok("stop", json!({"task": task}));
    assert_eq!(house.get(&task)["status_message"], "stopping");
    house.ok("stopped", json!({"task": task, "status_reason": "R", "force": false}));
    let shown = house.get(&task);
    assert_eq!(
        (&shown["status"], &shown["status_reason"], &shown["status_message"]),
        (&json!("stopped"), &json!("R"), &json!(""))
    );
    assert!(shown["completed"].is_string());
}

#[test]
fn case_71_minimum_versions() {
    let house = House::open();
    let ann = house.ann();
    for (minor, name) in [
        (1, "completed"),
        (8, "make_public"),
        (8, "make_private"),
        (9, "add_or_update_artifacts"),
        (9, "delete_artifacts"),
        (12, "add_or_update_model"),
        (12, "delete_models"),
    ] {
        assert_eq!(ann.clone().at(2, minor).err(&format!("tasks.{name}"), json!({})), (404, 0), "{name}");
        assert_ne!(
            ann.clone().at(2, minor + 1).call(&format!("tasks.{name}"), json!({})),
            Err((404, 0)),
            "{name}"
        );
    }
    let task = house.task();
    assert_eq!(
        ann.at(1, 0).ok("tasks.edit_runtime", json!({"task": task, "add_or_update": {"a": 1}})),
        json!({"updated": 1})
    );
}
