//! Samples over time.

use super::*;
use crate::types::Millis;

fn now() -> i64 {
    Millis::now().0 / 1000
}

#[test]
fn case_24_samples_of_one_queue() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    enqueued(&front, &ann, &id, "t2");
    ann.ok("queues.get_next_task", json!({"queue": id}));
    ann.ok("queues.remove_task", json!({"queue": id, "task": "t2"}));
    let request = json!({"from_date": now() - 100, "to_date": now() + 100, "interval": 5, "queue_ids": [id]});
    let found = ann.ok("queues.get_queue_metrics", request)["queues"].clone();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["queue"]), (1, &json!(id)));
    let dates = found[0]["dates"].as_array().unwrap();
    assert!((1..=2).contains(&dates.len()), "{found}");
    assert!(dates.iter().all(|date| date.as_i64().unwrap() % 5000 == 0));
    for line in ["avg_waiting_times", "queue_lengths"] {
        assert_eq!(found[0][line].as_array().unwrap().len(), dates.len());
    }
}

#[test]
fn case_25_26_70_totals_and_refusals() {
    let front = FrontDoor::open();
    front.tenant("other");
    let ann = front.ann();
    let (q1, q2) = (create(&ann, json!({"name": "one"})), create(&ann, json!({"name": "two"})));
    let metrics = |visitor: &Visitor<'_>, extra: Value| {
        let mut request = json!({"from_date": 1000, "to_date": 2000, "interval": 100});
        request.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        visitor.call("queues.get_queue_metrics", request)
    };
    let sample = "INSERT INTO queue_metric VALUES ('acme', ?1, ?2, 1.5, ?3)";
    front.sql(sample, rusqlite::params![q1, 1_250_000, 2]);
    front.sql(sample, rusqlite::params![q2, 1_350_000, 3]);
    let total = json!([{
        "queue": "total", "dates": [1_200_000, 1_300_000], "avg_waiting_times": [1.5, 1.5], "queue_lengths": [2, 5],
    }]);
    assert_eq!(metrics(&ann, json!({})).unwrap()["queues"], total);
    assert_eq!(metrics(&ann, json!({"queue_ids": ["nope"]})).unwrap(), json!({"queues": []}));
    assert_eq!(metrics(&ann, json!({"to_date": 1000})), Err((400, 16)));
    assert_eq!(metrics(&ann, json!({"interval": 0})), Err((400, 12)));
    let hidden = create(&ann, json!({"name": "hidden", "system_tags": ["k8s-glue"]}));
    front.sql(sample, rusqlite::params![hidden, 1_250_000, 7]);
    assert_eq!(metrics(&ann, json!({})).unwrap()["queues"], total);
    assert_eq!(
        metrics(&ann, json!({"queue_ids": [hidden]})).unwrap()["queues"][0]["queue_lengths"],
        json!([7])
    );
    assert_eq!(metrics(&front.visitor("other", "zoe"), json!({})).unwrap(), json!({"queues": []}));
    let far = json!({"from_date": 0, "to_date": 1e18, "interval": 1, "queue_ids": [q1]});
    assert_eq!(metrics(&ann, far).unwrap()["queues"][0]["queue_lengths"], json!([2]));
}

#[test]
fn idle_queues_are_sampled_by_the_job() {
    let front = FrontDoor::open();
    create(&front.ann(), json!({}));
    assert_eq!(crate::domain::queues::sample_idle_queues(&front.app).unwrap(), 1);
    assert_eq!(crate::domain::queues::sample_idle_queues(&front.app).unwrap(), 0);
    assert_eq!(front.value::<i64>("SELECT count(*) FROM queue_metric", []), Some(1));
}

#[test]
fn tasks_that_come_and_go_by_their_own_calls_are_sampled_once_a_call() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    for task in ["t1", "t2", "t3"] {
        front.task(task, json!({}));
    }
    let lengths = || {
        let sql = "SELECT group_concat(queue_length) FROM (SELECT queue_length FROM queue_metric ORDER BY timestamp)";
        let lengths = front.value::<String>(sql, []).unwrap();
        // Not more than one sample a second.
        front.sql("UPDATE queue_metric SET timestamp = timestamp - 2000", []);
        lengths
    };
    ann.ok("tasks.enqueue_many", json!({"ids": ["t1", "t2"], "queue": id}));
    assert_eq!(lengths(), "2");
    ann.ok("tasks.enqueue", json!({"task": "t3", "queue": id}));
    assert_eq!(lengths(), "2,3");
    ann.ok("tasks.dequeue", json!({"task": "t3"}));
    assert_eq!(lengths(), "2,3,2");
    ann.ok("tasks.dequeue_many", json!({"ids": ["t1", "t2"]}));
    assert_eq!(lengths(), "2,3,2,0");
}
