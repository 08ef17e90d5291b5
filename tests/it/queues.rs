//! Queues under many agents: nothing is lost, nothing is pulled twice, order is kept (spec/queues_workers.md 2.19).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::yard::{Client, Yard};

const AGENTS: usize = 64;
const QUEUES: usize = 4;
const TASKS: usize = 10_000;
const PER_QUEUE: usize = TASKS / QUEUES;
/// Clients that make the tasks of one queue.
const MAKERS: usize = 5;
/// Tasks of one `tasks.enqueue_many`.
const BATCH: usize = 250;

/// What one agent pulled: queue and task, in its order.
type Pulled = Vec<(usize, String)>;

/// Agents pull while the queues are being filled. The last queue has one agent only, the others share the rest.
#[test]
fn ten_thousand_tasks_are_pulled_once_each_and_in_order() {
    let yard = Yard::start();
    let admin = yard.admin();
    let queues: Vec<String> = (0..QUEUES).map(|number| queue(&admin, &format!("queue {number}"))).collect();
    let (shared, alone) = queues.split_at(QUEUES - 1);
    let filled = AtomicBool::new(false);
    let (enqueued, pulled) = thread::scope(|scope| {
        let agent = |number: usize| {
            let (yard, filled) = (&yard, &filled);
            // Each agent has another order of priority.
            let mut listens: Vec<(usize, &str)> = shared.iter().map(String::as_str).enumerate().collect();
            listens.rotate_left(number % shared.len());
            if number == 0 {
                listens = vec![(QUEUES - 1, alone[0].as_str())];
            }
            scope.spawn(move || pull_all(&yard.admin(), &listens, filled))
        };
        let agents: Vec<_> = (0..AGENTS).map(agent).collect();
        let fill = |queue| {
            let yard = &yard;
            scope.spawn(move || fill(yard, queue))
        };
        let filling: Vec<_> = queues.iter().map(|queue| fill(queue)).collect();
        let enqueued: Vec<Vec<String>> = filling.into_iter().map(|filling| filling.join().unwrap()).collect();
        filled.store(true, Ordering::SeqCst);
        let pulled: Vec<Pulled> = agents.into_iter().map(|agent| agent.join().unwrap()).collect();
        (enqueued, pulled)
    });

    let all: Vec<&String> = pulled.iter().flatten().map(|(_, task)| task).collect();
    assert_eq!(all.len(), TASKS, "nothing is lost, nothing is pulled twice");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), TASKS);
    for (queue, tasks) in enqueued.iter().enumerate() {
        let place: BTreeMap<&String, usize> =
            tasks.iter().enumerate().map(|(place, task)| (task, place)).collect();
        for agent in &pulled {
            let places: Vec<usize> =
                agent.iter().filter(|(from, _)| *from == queue).map(|(_, task)| place[task]).collect();
            assert!(places.is_sorted(), "an agent pulled from queue {queue} out of order: {places:?}");
        }
    }
    let single: Vec<&String> = pulled[0].iter().map(|(_, task)| task).collect();
    assert_eq!(
        single,
        enqueued[QUEUES - 1].iter().collect::<Vec<_>>(),
        "one agent alone pulls first in, first out"
    );
    let busy = pulled.iter().filter(|pulled| !pulled.is_empty()).count();
    assert!(busy > AGENTS / 2, "only {busy} agents got anything");
    for queue in &queues {
        assert_eq!(admin.ok("queues.get_by_id", json!({"queue": queue}))["queue"]["entries"], json!([]));
        assert_eq!(admin.ok("queues.get_next_task", json!({"queue": queue})), json!({}));
    }
}

fn queue(client: &Client, name: &str) -> String {
    client.ok("queues.create", json!({"name": name}))["id"].as_str().unwrap().to_owned()
}

/// Makes tasks and enqueues them; answers their ids in the order of the queue.
fn fill(yard: &Yard, queue: &str) -> Vec<String> {
    let clients: Vec<Client> = (0..MAKERS).map(|_| yard.admin()).collect();
    let make = |client: &Client| {
        let one = |_| {
            let made = client.ok("tasks.create", json!({"name": "small", "type": "training"}));
            made["id"].as_str().unwrap().to_owned()
        };
        (0..BATCH / MAKERS).map(one).collect::<Vec<_>>()
    };
    let mut tasks = Vec::new();
    while tasks.len() < PER_QUEUE {
        let batch: Vec<String> = thread::scope(|scope| {
            let makers: Vec<_> = clients.iter().map(|client| scope.spawn(|| make(client))).collect();
            makers.into_iter().flat_map(|maker| maker.join().unwrap()).collect()
        });
        let done = clients[0].ok("tasks.enqueue_many", json!({"ids": batch, "queue": queue}));
        assert_eq!((&done["failed"], done["succeeded"].as_array().unwrap().len()), (&json!([]), batch.len()));
        tasks.extend(batch);
    }
    tasks
}

/// Pulls as an agent does, always from the first queue that has something, until all are empty for good.
fn pull_all(client: &Client, queues: &[(usize, &str)], filled: &AtomicBool) -> Pulled {
    let mut pulled = Vec::new();
    loop {
        let is_last = filled.load(Ordering::SeqCst);
        let next = queues.iter().find_map(|(number, queue)| {
            let answer = client.ok("queues.get_next_task", json!({"queue": queue}));
            Some((*number, answer["entry"]["task"].as_str()?.to_owned()))
        });
        match next {
            Some(next) => pulled.push(next),
            None if is_last => return pulled,
            None => thread::sleep(Duration::from_millis(200)),
        }
    }
}

/// Agents send a body with GET, and leave out the version.
#[test]
fn case_54_a_get_with_a_body_and_without_a_version_works_like_a_post() {
    let yard = Yard::start();
    let admin = yard.admin();
    let queue = queue(&admin, "gets");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let report = |worker: &str| {
        json!({"worker": worker, "timestamp": now, "queues": [queue], "tags": null, "is_daemon": true,
               "machine_stats": {"cpu_usage": [12.5]}})
    };
    admin.path("/workers.status_report").json(&report("by get")).answer().ok();
    admin.ok("workers.status_report", report("by post"));
    let workers = admin.ok("workers.get_all", json!({}))["workers"].clone();
    let seen = |id: &str| {
        let mut worker =
            workers.as_array().unwrap().iter().find(|worker| worker["id"] == id).unwrap().clone();
        assert_eq!(worker["queues"][0]["id"], queue);
        let fields = worker.as_object_mut().unwrap();
        for own in ["id", "key", "register_time", "last_activity_time", "last_report_time"] {
            assert!(fields.remove(own).is_some(), "{own}");
        }
        worker
    };
    assert_eq!(seen("by get"), seen("by post"));
    let answer = admin.path("/queues.get_next_task").json(&json!({"queue": queue})).answer();
    assert_eq!(answer.ok(), &json!({}));
}
