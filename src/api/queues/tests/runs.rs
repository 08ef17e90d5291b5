//! What queues, workers and tasks do together while agents run tasks.

use super::*;

/// A draft made through the API.
fn draft(ann: &Visitor<'_>) -> String {
    ann.ok("tasks.create", json!({"name": "demo", "type": "training"}))["id"].as_str().unwrap().to_owned()
}

fn enqueue(ann: &Visitor<'_>, task: &str, queue: &str) -> Value {
    ann.ok("tasks.enqueue", json!({"task": task, "queue": queue}))
}

/// What a worker on the task reports.
fn reports(ann: &Visitor<'_>, task: &str) {
    let now = crate::types::Millis::now().0;
    ann.ok("workers.status_report", json!({"worker": "box:0", "timestamp": now, "task": task}));
}

fn get(ann: &Visitor<'_>, task: &str) -> Value {
    ann.ok("tasks.get_by_id", json!({"task": task}))["task"].clone()
}

#[test]
fn case_20_a_queued_task_moves_to_the_queue_named_last() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (one, two) = (create(&ann, json!({})), create(&ann, json!({"name": "cpu"})));
    let task = draft(&ann);
    enqueue(&ann, &task, &one);
    enqueue(&ann, &task, &two);
    assert_eq!((order(&ann, &one), order(&ann, &two)), (vec![], vec![task]));
}

#[test]
fn case_46_a_worker_is_asked_to_stop_a_silent_one_is_not() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let task = draft(&ann);
    ann.ok("tasks.started", json!({"task": task}));
    reports(&ann, &task);
    ann.ok("tasks.stop", json!({"task": task}));
    let shown = get(&ann, &task);
    assert_eq!((&shown["status"], &shown["status_message"]), (&json!("in_progress"), &json!("stopping")));
    front.sql("UPDATE task SET last_update = last_update - 601000 WHERE id = ?1", [&task]);
    ann.ok("tasks.stop", json!({"task": task}));
    assert_eq!(get(&ann, &task)["status"], "stopped");
}

#[test]
fn case_47_from_the_queue_to_running() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let queue = create(&ann, json!({}));
    let task = draft(&ann);
    enqueue(&ann, &task, &queue);
    let pulled = ann.ok("queues.get_next_task", json!({"queue": queue, "get_task_info": true}));
    assert_eq!(pulled["entry"]["task"], task.as_str());
    ann.ok("tasks.started", json!({"task": task, "force": true}));
    assert_eq!(get(&ann, &task)["status"], "in_progress");
    let again = ann.ok("tasks.dequeue", json!({"task": task, "new_status": "in_progress"}));
    assert_eq!(again["updated"], 1);
    assert_eq!(get(&ann, &task)["status"], "in_progress");
}

#[test]
fn case_48_queues_by_name_or_by_id() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let task = draft(&ann);
    let both = json!({"task": task, "queue": "q", "queue_name": "new one"});
    assert_eq!(ann.err("tasks.enqueue", both), (400, 12));
    let gone = create(&ann, json!({}));
    ann.ok("queues.delete", json!({"queue": gone}));
    assert_eq!(ann.err("tasks.enqueue", json!({"task": task, "queue": gone})), (400, 701));
    assert_eq!(get(&ann, &task)["status"], "created");
    let made = ann.ok("tasks.enqueue", json!({"task": task, "queue_name": "new one"}));
    let queue = made["fields"]["execution.queue"].as_str().unwrap();
    assert_eq!(ann.ok("queues.get_by_id", json!({"queue": queue}))["queue"]["name"], "new one");
    assert_eq!(order(&ann, queue), [task]);
}

#[test]
fn case_49_somebody_listens_to_a_queue() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let queue = create(&ann, json!({}));
    ann.ok("workers.register", json!({"worker": "box:0", "queues": [queue], "timeout": 30}));
    let watched = || {
        let request = json!({"task": draft(&ann), "queue": queue, "verify_watched_queue": true});
        ann.ok("tasks.enqueue", request)["queue_watched"].clone()
    };
    assert_eq!(watched(), true);
    front.sql("UPDATE worker SET expires = expires - 31000", []);
    assert_eq!(watched(), false);
}

#[test]
fn case_58_59_what_enqueue_says() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (one, two) = (create(&ann, json!({})), create(&ann, json!({"name": "cpu"})));
    let task = draft(&ann);
    let said = enqueue(&ann, &task, &one);
    assert_eq!((&said["queued"], &said["updated"]), (&json!(1), &json!(1)));
    let fields = &said["fields"];
    assert_eq!((&fields["status"], &fields["enqueue_status"]), (&json!("queued"), &json!("created")));
    assert_eq!(fields["execution.queue"], one.as_str());
    assert_eq!(ann.err("tasks.enqueue", json!({"task": task, "queue": one})), (400, 706));
    assert_eq!(
        (get(&ann, &task)["status"].as_str(), order(&ann, &one)),
        (Some("queued"), vec![task.clone()])
    );

    let hop = |task: &str| json!({"task": task, "queue": two, "update_execution_queue": false});
    assert_eq!(ann.err("tasks.enqueue", hop(&draft(&ann))), (400, 12));
    ann.ok("tasks.enqueue", hop(&task));
    assert_eq!((order(&ann, &one), order(&ann, &two)), (vec![], vec![task.clone()]));
    assert_eq!(get(&ann, &task)["execution"]["queue"], one.as_str());
}

#[test]
fn case_60_61_what_waits_or_runs_locally_stops_at_once() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let queue = create(&ann, json!({}));
    let task = draft(&ann);
    enqueue(&ann, &task, &queue);
    ann.ok("queues.get_next_task", json!({"queue": queue}));
    reports(&ann, &task);
    assert_eq!(get(&ann, &task)["status"], "queued");
    ann.ok("tasks.stop", json!({"task": task, "force": true}));
    assert_eq!(get(&ann, &task)["status"], "stopped");
    enqueue(&ann, &task, &queue);
    assert_eq!(order(&ann, &queue), [task]);

    let local = ann
        .ok("tasks.create", json!({"name": "demo", "type": "training", "system_tags": ["development"]}))["id"]
        .clone();
    let local = local.as_str().unwrap();
    ann.ok("tasks.started", json!({"task": local}));
    reports(&ann, local);
    ann.ok("tasks.stop", json!({"task": local}));
    assert_eq!(get(&ann, local)["status"], "stopped");
}

#[test]
fn case_62_dequeue_starts_what_waits_and_cleans_up_what_is_gone() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let queue = create(&ann, json!({}));
    let task = draft(&ann);
    enqueue(&ann, &task, &queue);
    let said = ann.ok("tasks.dequeue", json!({"task": task, "new_status": "in_progress"}));
    assert_eq!((&said["dequeued"], &said["updated"]), (&json!(1), &json!(1)));
    assert_eq!((get(&ann, &task)["status"].as_str(), order(&ann, &queue)), (Some("in_progress"), vec![]));
    let nothing = json!({"dequeued": 1, "updated": 0, "fields": {}});
    assert_eq!(ann.ok("tasks.dequeue", json!({"task": draft(&ann)})), nothing);
    let gone = draft(&ann);
    enqueue(&ann, &gone, &queue);
    front.sql("DELETE FROM task WHERE id = ?1", [&gone]);
    assert_eq!(ann.ok("tasks.dequeue", json!({"task": gone})), nothing);
    assert_eq!(ann.ok("queues.get_num_entries", json!({"queue": queue})), json!({"num": 0}));
}

#[test]
fn case_63_starting_by_force_and_ending_twice() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for status in
        ["created", "queued", "in_progress", "stopped", "failed", "completed", "closed", "published"]
    {
        let task = draft(&ann);
        front.sql("UPDATE task SET status = ?2 WHERE id = ?1", [task.as_str(), status]);
        ann.ok("tasks.started", json!({"task": task, "force": true}));
        assert_eq!(get(&ann, &task)["status"], "in_progress", "from {status}");
    }
    for end in ["completed", "stopped", "failed"] {
        let task = draft(&ann);
        ann.ok("tasks.started", json!({"task": task}));
        for _ in 0..2 {
            ann.ok(&format!("tasks.{end}"), json!({"task": task}));
            assert_eq!(get(&ann, &task)["status"], end);
        }
    }
}
