use super::*;
use crate::domain::CallerKind;

#[test]
fn case_21_stopping_takes_out_of_the_queue() {
    let house = House::open();
    let (task, queue) = (house.task(), house.queue("q1"));
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    assert_eq!(house.waiting(&queue), std::slice::from_ref(&task));
    house.ok("stop", json!({"task": task}));
    assert_eq!((house.status(&task), house.waiting(&queue)), ("stopped".into(), vec![]));
}

#[test]
fn case_22_which_queue() {
    let house = House::open();
    let task = house.task();
    assert_eq!(house.err("enqueue", json!({"task": task})), (400, 707));
    assert_eq!(house.err("enqueue", json!({"task": task, "queue": "nope"})), (400, 701));
    let queue = house.queue_tagged("q1", r#"["default"]"#);
    let answer = house.ok("enqueue", json!({"task": task, "queue": "", "queue_name": ""}));
    assert_eq!(answer["fields"]["execution.queue"], *queue);
    house.ok("dequeue", json!({"task": task}));
    house.queue_tagged("q2", r#"["default"]"#);
    assert_eq!(house.err("enqueue", json!({"task": task})), (400, 708));
    assert_eq!(house.err("enqueue", json!({"task": task, "queue": queue, "queue_name": "other"})), (400, 12));
    assert_eq!(house.err("enqueue", json!({"task": task, "queue_name": "ab"})), (400, 800));
    assert_eq!(house.status(&task), "created");
}

#[test]
fn case_23_a_named_queue_is_made() {
    let house = House::open();
    let task = house.task_with(json!({"system_tags": ["development", "x"]}));
    let answer =
        house.ok("enqueue", json!({"task": task, "queue_name": " newq ", "verify_watched_queue": true}));
    let queue = house.0.value::<String>("SELECT id FROM queue WHERE name = 'newq'", []).unwrap();
    assert_eq!(answer["fields"]["execution.queue"], *queue);
    assert_eq!(
        (&answer["queued"], &answer["updated"], &answer["queue_watched"]),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(answer["fields"]["enqueue_status"], "created");
    let shown = house.get(&task);
    assert_eq!((&shown["system_tags"], &shown["execution"]["queue"]), (&json!(["x"]), &json!(queue)));
    house.0.sql(
        "INSERT INTO worker (company, user, id, queues, register_time, register_timeout, last_activity_time, expires)
         VALUES ('acme', 'ann', 'w', json_array(?1), 1, 600, 1, 9000000000000000)",
        [&queue],
    );
    let other = house.task();
    let answer =
        house.ok("enqueue_many", json!({"ids": [other], "queue": queue, "verify_watched_queue": true}));
    assert_eq!(answer["queue_watched"], true);
}

#[test]
fn case_24_a_task_waits_in_one_queue() {
    let house = House::open();
    let (task, one, two) = (house.task(), house.queue("q1"), house.queue("q2"));
    house.ok("enqueue", json!({"task": task, "queue": one}));
    assert_eq!(house.err("enqueue", json!({"task": task, "queue": one})), (400, 706));
    assert_eq!((house.status(&task), house.waiting(&one)), ("queued".into(), vec![task.clone()]));
    let moved = house.ok("enqueue", json!({"task": task, "queue": two}));
    assert_eq!(moved["fields"]["enqueue_status"], "created", "the status before is kept across the move");
    assert_eq!((house.waiting(&one), house.waiting(&two)), (vec![], vec![task]));
}

#[test]
fn case_25_26_27_dequeue_gives_back_the_status_before() {
    let house = House::open();
    let queue = house.queue("q1");
    let stopped = house.task_in("stopped");
    for (task, before) in [(stopped, "stopped"), (house.task(), "created")] {
        house.ok("enqueue", json!({"task": task, "queue": queue}));
        let answer = house.ok("dequeue", json!({"task": task}));
        assert_eq!((&answer["dequeued"], &answer["updated"]), (&json!(1), &json!(1)));
        assert_eq!(answer["fields"]["enqueue_status"], Value::Null);
        assert!(answer["fields"].as_object().unwrap().contains_key("enqueue_status"));
        assert_eq!((house.status(&task), house.waiting(&queue)), (before.into(), vec![]));
        let nothing = json!({"dequeued": 1, "updated": 0, "fields": {}});
        assert_eq!(house.ok("dequeue", json!({"task": task})), nothing);
    }
    house.0.sql("INSERT INTO queue_entry VALUES ('q1', 'gone', 1, 1, 'ann', NULL, 'acme', NULL)", []);
    assert_eq!(
        house.ok("dequeue", json!({"task": "gone"})),
        json!({"dequeued": 1, "updated": 0, "fields": {}})
    );
    assert!(house.waiting(&queue).is_empty());

    let task = house.task();
    assert_eq!(house.err("dequeue", json!({"task": task, "new_status": "zz"})), (400, 12));
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    let answer = house.ok("dequeue", json!({"task": task, "new_status": "in_progress"}));
    assert_eq!((&answer["updated"], &answer["fields"]["status"]), (&json!(1), &json!("in_progress")));
    assert_eq!(house.get(&task)["execution"]["queue"], *queue, "it says where it came from");
    assert_eq!(house.ok("dequeue", json!({"task": task}))["updated"], 0, "a running task stays as it is");
    assert_eq!(house.status(&task), "in_progress");
}

#[test]
fn case_28_a_hop_leaves_the_execution_queue() {
    let house = House::open();
    let (task, one, two) = (house.task(), house.queue("q1"), house.queue("q2"));
    let hop = |queue: &str| json!({"task": task, "queue": queue, "update_execution_queue": false});
    assert_eq!(house.err("enqueue", hop(&two)), (400, 12));
    let mut both = hop(&two);
    both["verify_watched_queue"] = true.into();
    assert_eq!(house.err("enqueue", both), (400, 12));
    house.ok("enqueue", json!({"task": task, "queue": one}));
    let answer = house.ok("enqueue", hop(&two));
    assert_eq!(answer["fields"].get("execution.queue"), None);
    assert_eq!((house.waiting(&one), house.waiting(&two)), (vec![], vec![task.clone()]));
    assert_eq!(house.get(&task)["execution"]["queue"], *one);
    house.ok("dequeue", json!({"task": task, "remove_from_all_queues": true}));
    assert!(house.waiting(&two).is_empty());
}

#[test]
fn case_29_30_many_are_done_one_by_one() {
    let house = House::open();
    let (task, queue) = (house.task(), house.queue("q1"));
    let batch = house.ok("enqueue_many", json!({"ids": [task, "nope"], "queue": queue}));
    assert_eq!(
        (&batch["succeeded"][0]["id"], &batch["succeeded"][0]["queued"]),
        (&json!(task), &json!(true))
    );
    let failed = &batch["failed"][0];
    assert_eq!((&failed["id"], &failed["error"]["codes"]), (&json!("nope"), &json!([400, 101])));
    assert_eq!(failed["error"]["data"], json!({"id": "nope", "company": "acme"}));
    assert!(failed["error"]["msg"].is_string());
    let batch = house.ok("dequeue_many", json!({"ids": [task, task]}));
    let updated: Vec<&Value> =
        batch["succeeded"].as_array().unwrap().iter().map(|item| &item["updated"]).collect();
    assert_eq!(updated, [1, 0]);
    assert_eq!(batch["succeeded"][0]["dequeued"], true);
    for name in [
        "stop_many",
        "publish_many",
        "enqueue_many",
        "dequeue_many",
        "reset_many",
        "archive_many",
        "unarchive_many",
        "delete_many",
    ] {
        assert_eq!(house.err(name, json!({"ids": []})), (400, 12), "{name}");
        assert_eq!(house.err(name, json!({})), (400, 12), "{name}");
    }
}

#[test]
fn enqueue_many_validates_references_when_asked() {
    let house = House::open();
    let queue = house.queue("q1");
    let task = house.task_with(json!({"models": {"input": []}}));
    house.ok("add_or_update_model", json!({"task": task, "name": "i", "model": "missing", "type": "input"}));
    let batch = house.ok("enqueue_many", json!({"ids": [task], "queue": queue, "validate_tasks": true}));
    assert_eq!(batch["failed"][0]["error"]["codes"], json!([400, 201]));
    let batch = house.ok("enqueue_many", json!({"ids": [task], "queue": queue}));
    assert_eq!(batch["succeeded"][0]["queued"], true);
}

#[test]
fn case_69_70_local_code_goes_to_a_queue() {
    let house = House::open();
    let queue = house.queue("q1");
    let task = house.task_with(json!({"system_tags": ["development"]}));
    house.ok("started", json!({"task": task}));
    house.ok("stopped", json!({"task": task, "force": true}));
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    let shown = house.get(&task);
    assert_eq!((&shown["status"], &shown["system_tags"]), (&json!("queued"), &json!([])));
    assert!(shown["started"].is_string() && shown["completed"].is_string());
    house.ok("dequeue", json!({"task": task}));
    assert_eq!(house.status(&task), "stopped");

    house.ok("enqueue", json!({"task": task, "queue": queue}));
    house.ok("started", json!({"task": task}));
    assert_eq!(house.waiting(&queue), std::slice::from_ref(&task));
    assert_eq!(house.get(&task)["execution"]["queue"], *queue);
    house.ok("completed", json!({"task": task}));
    house.ok("started", json!({"task": task}));
    let shown = house.get(&task);
    assert_eq!((shown.get("completed"), shown.get("active_duration")), (None, None));
}

/// Code never runs as somebody who did not submit it (spec/security_rules.md S1).
#[test]
fn s1_only_the_submitter_and_the_executor_change_what_runs() {
    let house = House::open();
    house.0.person("acme", "bob", "Bob");
    let bob = house.0.visitor("acme", "bob").role(crate::domain::Role::Admin);
    let agent = house.0.visitor("acme", "agent").kind(CallerKind::Service(true));
    let queue = house.queue("q1");
    let task = house.task();
    let attacks = [
        ("edit", json!({"task": task, "force": true, "script": {"diff": "evil"}})),
        ("edit", json!({"task": task, "force": true, "container": {"image": "evil"}})),
        ("edit", json!({"task": task, "force": true, "execution": {"artifacts": []}})),
        ("edit", json!({"task": task, "force": true, "models": {"input": []}})),
        ("set_requirements", json!({"task": task, "requirements": {"pip": "evil"}})),
        (
            "edit_hyper_params",
            json!({"task": task, "force": true, "hyperparams": [{"section": "A", "name": "x", "value": "1"}]}),
        ),
        ("delete_hyper_params", json!({"task": task, "force": true, "hyperparams": [{"section": "A"}]})),
        (
            "edit_configuration",
            json!({"task": task, "force": true, "configuration": [{"name": "x", "value": "1"}]}),
        ),
        ("delete_configuration", json!({"task": task, "force": true, "configuration": ["x"]})),
        (
            "add_or_update_artifacts",
            json!({"task": task, "artifacts": [{"key": "k", "type": "t", "mode": "input"}]}),
        ),
        ("delete_artifacts", json!({"task": task, "artifacts": [{"key": "k"}]})),
        ("add_or_update_model", json!({"task": task, "name": "i", "model": "m", "type": "input"})),
    ];
    for (name, request) in &attacks {
        bob.ok(&format!("tasks.{name}"), request.clone());
    }
    house.ok("edit", json!({"task": task, "models": {"input": []}}));
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    let run_as =
        || house.0.value::<Option<String>>("SELECT run_as FROM task WHERE id = ?1", [&task]).unwrap();
    assert_eq!(run_as().as_deref(), Some("ann"));
    let submitted = house
        .0
        .value::<String>("SELECT submitter || ':' || content_hash FROM queue_entry WHERE task = ?1", [&task]);
    let hash = house.0.value::<String>("SELECT enqueued_hash FROM task WHERE id = ?1", [&task]).unwrap();
    assert_eq!((submitted.unwrap(), hash.len()), (format!("ann:{hash}"), 64));
    for (name, request) in &attacks {
        assert_eq!(bob.err(&format!("tasks.{name}"), request.clone()), (403, 21), "{name} {request}");
        assert!(house.call(name, request.clone()).is_ok(), "{name} {request} by the submitter");
    }
    house.ok("edit", json!({"task": task, "force": true, "models": {"input": []}}));
    bob.ok(
        "tasks.edit",
        json!({"task": task, "force": true, "name": "renamed", "tags": ["x"], "comment": "c"}),
    );
    bob.ok(
        "tasks.edit_hyper_params",
        json!({"task": task, "hyperparams": [{"section": "properties", "name": "x", "value": "1"}]}),
    );

    // Another status is no way around it while an entry waits.
    bob.ok("tasks.edit", json!({"task": task, "force": true, "status": "created"}));
    assert_eq!(bob.err("tasks.edit", attacks[0].1.clone()), (403, 21));
    bob.ok("tasks.edit", json!({"task": task, "force": true, "status": "queued"}));

    // The agent takes it: now the agent may, Bob still may not.
    agent.ok("tasks.dequeue", json!({"task": task, "new_status": "in_progress"}));
    assert_eq!(run_as().as_deref(), Some("ann"));
    agent.ok("tasks.edit", attacks[1].1.clone());
    assert_eq!(bob.err("tasks.edit", attacks[1].1.clone()), (403, 21));
    // It moves it on to a queue of its own: that submits nothing.
    agent.ok("tasks.enqueue", json!({"task": task, "queue": queue, "force": true}));
    assert_eq!(run_as().as_deref(), Some("ann"));

    // Bob stops it and changes it: it will not run as Ann again.
    bob.ok("tasks.stop", json!({"task": task, "force": true}));
    assert_eq!(run_as().as_deref(), Some("ann"), "its token lives on for a while");
    bob.ok("tasks.edit", attacks[0].1.clone());
    assert_eq!(run_as(), None);
    bob.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
    assert_eq!(run_as().as_deref(), Some("bob"));
}

#[test]
fn s1_a_person_who_takes_a_task_runs_it_as_themselves() {
    let house = House::open();
    house.0.person("acme", "bob", "Bob");
    let bob = house.0.visitor("acme", "bob");
    let (task, queue) = (house.task(), house.queue("q1"));
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    bob.ok("tasks.dequeue", json!({"task": task, "new_status": "in_progress"}));
    let run_as =
        || house.0.value::<Option<String>>("SELECT run_as FROM task WHERE id = ?1", [&task]).unwrap();
    assert_eq!(run_as().as_deref(), Some("bob"));
    bob.ok("tasks.edit", json!({"task": task, "force": true, "script": {"diff": "d"}}));
    bob.ok("tasks.enqueue", json!({"task": task, "queue": queue, "force": true}));
    assert_eq!(run_as().as_deref(), Some("bob"), "never as Ann again");
    house.ok("reset", json!({"task": task, "force": true}));
    assert_eq!(run_as(), None);
}
