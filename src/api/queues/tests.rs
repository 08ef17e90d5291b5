//! Acceptance cases of spec/queues_workers.md 7 that the queues service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod manage;
mod metrics;
mod order;
mod pull;
mod runs;

use serde_json::{Value, json};

use crate::api::front_door::{FrontDoor, Visitor};

/// Creates a queue and returns its id.
#[track_caller]
fn create(ann: &Visitor<'_>, fields: Value) -> String {
    let mut request = json!({"name": "gpu"});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ann.ok("queues.create", request)["id"].as_str().unwrap().to_owned()
}

/// A task that was submitted to a queue as `tasks.enqueue` does.
fn enqueued(front: &FrontDoor, ann: &Visitor<'_>, queue: &str, id: &str) -> String {
    front.task(id, json!({"status": "queued", "enqueue_status": "created"}));
    ann.ok("queues.add_task", json!({"queue": queue, "task": id}));
    id.to_owned()
}

/// What waits, head first.
fn order(ann: &Visitor<'_>, queue: &str) -> Vec<String> {
    let found = ann.ok("queues.get_by_id", json!({"queue": queue}))["queue"]["entries"].clone();
    found.as_array().unwrap().iter().map(|entry| entry["task"].as_str().unwrap().to_owned()).collect()
}

fn task(front: &FrontDoor, column: &str, id: &str) -> Option<String> {
    front.value::<Option<String>>(&format!("SELECT {column} FROM task WHERE id = ?1"), [id]).flatten()
}

fn status(front: &FrontDoor, id: &str) -> String {
    task(front, "status", id).unwrap()
}
