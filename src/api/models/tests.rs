//! Acceptance cases of spec/models.md 7 that the models service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod life;
mod read;
mod write;

use serde_json::{Value, json};

use crate::api::front_door::{FrontDoor, Visitor};

/// Registers a model and returns its id.
#[track_caller]
fn create(ann: &Visitor<'_>, fields: Value) -> String {
    let mut request = json!({"name": "net", "uri": "file:///a"});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    let data = ann.ok("models.create", request);
    assert_eq!(data["created"], true);
    data["id"].as_str().unwrap().to_owned()
}

/// The whole model.
#[track_caller]
fn read(ann: &Visitor<'_>, id: &str) -> Value {
    ann.ok("models.get_by_id", json!({"model": id}))["model"].clone()
}

/// A project, and its id.
#[track_caller]
fn project(ann: &Visitor<'_>, name: &str) -> String {
    ann.ok("projects.create", json!({"name": name}))["id"].as_str().unwrap().to_owned()
}

/// Marks a task as belonging to everybody.
fn publish_task(front: &FrontDoor, id: &str) {
    front.sql("UPDATE task SET company = '', company_origin = 'other' WHERE id = ?1", [id]);
}

/// Makes time visible: everything was changed long ago.
fn long_ago(front: &FrontDoor) {
    front.sql("UPDATE model SET last_update = 5, last_change = 5", []);
}

fn times(front: &FrontDoor, id: &str) -> (bool, bool) {
    let moved = |column: &str| {
        front.value::<i64>(&format!("SELECT {column} FROM model WHERE id = ?1"), [id]).unwrap() > 5
    };
    (moved("last_update"), moved("last_change"))
}
