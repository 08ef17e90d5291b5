//! What waits, in which order.

use super::*;

#[test]
fn case_07_15_what_is_not_there_or_there_already() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    for call in
        ["remove_task", "move_task_forward", "move_task_backward", "move_task_to_front", "move_task_to_back"]
    {
        let call = format!("queues.{call}");
        assert_eq!(ann.err(&call, json!({"queue": id, "task": "t2"})), (400, 703), "{call}");
        assert_eq!(ann.err(&call, json!({"queue": "nope", "task": "t1"})), (400, 703), "{call}");
    }
    assert_eq!(ann.err("queues.add_task", json!({"queue": id, "task": "t1"})), (400, 706));
    assert_eq!(ann.err("queues.add_task", json!({"queue": id, "task": "nope"})), (400, 101));
    assert_eq!(order(&ann, &id), ["t1"]);
}

#[test]
fn case_08_64_entries_and_their_limits() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    for task in ["t1", "t2", "t3"] {
        enqueued(&front, &ann, &id, task);
    }
    assert_eq!(ann.ok("queues.get_num_entries", json!({"queue": id})), json!({"num": 3}));
    assert_eq!(ann.ok("queues.peek_task", json!({"queue": id})), json!({"task": "t1"}));
    let two = ann.ok("queues.get_all", json!({"max_task_entries": 2}))["queues"][0]["entries"].clone();
    assert_eq!(
        (&two[0]["task"], &two[1]["task"], two.as_array().unwrap().len()),
        (&json!("t1"), &json!("t2"), 2)
    );
    let by_id = |limit: i64| {
        let found = ann.ok("queues.get_by_id", json!({"queue": id, "max_task_entries": limit}));
        let entries = found["queue"]["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["task"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(by_id(0), ["t1", "t2", "t3"]);
    assert_eq!(by_id(-1), ["t3"]);
    let request = json!({"max_task_entries": 1, "count_task_entries": true, "only_fields": ["id"]});
    let expanded = ann.ok("queues.get_all_ex", request)["queues"][0].clone();
    assert_eq!(expanded["entries"][0]["task"], json!({"id": "t1", "name": "task t1"}));
    // Case 56: the whole length, whatever is shown.
    assert_eq!((&expanded["entries_count"], expanded["entries"].as_array().unwrap().len()), (&json!(3), 1));
    assert_eq!((&expanded["workers"], &expanded["company"]), (&json!([]), &json!({"id": "acme"})));
    assert_eq!(expanded["name"], "gpu", "only_fields has no effect");
}

#[test]
fn case_14_64_moving_within_a_queue() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    for task in ["1", "2", "3", "4"] {
        enqueued(&front, &ann, &id, task);
    }
    let step = |call: &str, count: i64| {
        let request = json!({"queue": id, "task": "1", "count": count});
        ann.ok(&format!("queues.move_task_{call}"), request)["position"].as_i64().unwrap()
    };
    assert_eq!((step("backward", 2), order(&ann, &id).concat()), (2, "2314".to_owned()));
    assert_eq!((step("backward", 100), order(&ann, &id).concat()), (3, "2341".to_owned()));
    assert_eq!((step("forward", 2), order(&ann, &id).concat()), (1, "2134".to_owned()));
    assert_eq!((step("forward", 100), order(&ann, &id).concat()), (0, "1234".to_owned()));
    assert_eq!((step("to_back", 1), order(&ann, &id).concat()), (3, "2341".to_owned()));
    assert_eq!((step("to_front", 1), step("to_front", 1)), (0, 0));
    assert_eq!(order(&ann, &id).concat(), "1234");
    step("backward", 1);
    assert_eq!(step("forward", 0), 1);
    assert_eq!((step("forward", -1), order(&ann, &id).concat()), (2, "2314".to_owned()));
    assert_eq!(ann.ok("queues.move_task_forward", json!({"queue": id, "task": "4"})), json!({"position": 2}));
}

#[test]
fn any_sequence_of_moves_keeps_the_order_of_the_others() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let mut expected: Vec<String> = (0..6).map(|n| n.to_string()).collect();
    for task in &expected {
        enqueued(&front, &ann, &id, task);
    }
    let mut seed = 7_u64;
    for _ in 0..60 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (from, count) = ((seed >> 33) as usize % 6, (seed >> 40) as i64 % 9 - 4);
        let task = expected.remove(from);
        let to = (from as i64 - count).clamp(0, 5) as usize;
        expected.insert(to, task.clone());
        let moved = ann.ok("queues.move_task_forward", json!({"queue": id, "task": task, "count": count}));
        assert_eq!(moved["position"], json!(to));
        assert_eq!(order(&ann, &id), expected);
    }
}

#[test]
fn case_16_adding_changes_the_execution_queue_only() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    front.task("kept", json!({"execution_queue": "elsewhere"}));
    front.task("set", json!({}));
    front.sql("UPDATE queue SET last_update = 5", []);
    let add = |task: &str, update: bool| json!({"queue": id, "task": task, "update_execution_queue": update});
    assert_eq!(ann.ok("queues.add_task", add("kept", false)), json!({"added": 1}));
    ann.ok("queues.add_task", json!({"queue": id, "task": "set"}));
    assert_eq!(task(&front, "execution_queue", "kept").as_deref(), Some("elsewhere"));
    assert_eq!(task(&front, "execution_queue", "set"), Some(id));
    assert_eq!((status(&front, "kept"), status(&front, "set")), ("created".into(), "created".into()));
    assert!(front.value::<i64>("SELECT last_update FROM queue", []).unwrap() > 5);
}

#[test]
fn case_17_18_removing_and_clearing() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    assert_eq!(ann.ok("queues.remove_task", json!({"queue": id, "task": "t1"})), json!({"removed": 1}));
    assert_eq!(status(&front, "t1"), "queued");
    assert_eq!(task(&front, "execution_queue", "t1"), Some(id.clone()));
    enqueued(&front, &ann, &id, "t2");
    front.sql("UPDATE task SET enqueue_status = 'stopped' WHERE id = 't2'", []);
    ann.ok("queues.remove_task", json!({"queue": id, "task": "t2", "update_task_status": true}));
    assert_eq!((status(&front, "t2"), task(&front, "execution_queue", "t2")), ("stopped".into(), None));
    assert_eq!(task(&front, "last_changed_by", "t2").as_deref(), Some("ann"));
    assert_eq!(ann.ok("queues.clear_queue", json!({"queue": id})), json!({"removed_tasks": []}));
    enqueued(&front, &ann, &id, "t3");
    front.task("t4", json!({}));
    ann.ok("queues.add_task", json!({"queue": id, "task": "t4", "update_execution_queue": false}));
    assert_eq!(ann.ok("queues.clear_queue", json!({"queue": id})), json!({"removed_tasks": ["t3"]}));
    assert_eq!(status(&front, "t3"), "created");
    assert!(order(&ann, &id).is_empty());
}

#[test]
fn case_56_moving_to_another_queue() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (from, to) = (
        create(&ann, json!({"name": "from"})),
        create(&ann, json!({"name": "into", "display_name": "Into"})),
    );
    enqueued(&front, &ann, &from, "t1");
    let request = json!({"queue": from, "task": "t1", "target_queue": to});
    let bob = front.visitor("acme", "bob");
    assert_eq!(bob.ok("queues.move_task_to_queue", request.clone()), json!({"moved": 1}));
    assert_eq!((order(&ann, &from), order(&ann, &to)), (vec![], vec!["t1".to_owned()]));
    assert_eq!(task(&front, "execution_queue", "t1"), Some(to.clone()));
    let submitter = front.value::<String>("SELECT submitter FROM queue_entry", []);
    assert_eq!(submitter.as_deref(), Some("ann"), "whoever moves it does not become whom it runs as (S1)");
    let place = ann.ok("queues.get_by_task_id", json!({"task": "t1"}));
    assert_eq!(place, json!({"id": to, "name": "into", "display_name": "Into"}));
    assert_eq!(ann.err("queues.move_task_to_queue", request), (400, 703));
    let unknown = json!({"queue": to, "task": "t1", "target_queue": "nope"});
    assert_eq!(ann.err("queues.move_task_to_queue", unknown), (400, 701));
    assert_eq!(
        ann.err("queues.move_task_to_queue", json!({"queue": to, "task": "t1", "target_queue": to})),
        (400, 706)
    );
}
