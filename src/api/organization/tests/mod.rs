//! Acceptance cases of spec/projects.md 8 that the organization service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod counts;
mod download;
mod isolation;
mod tags;
mod usages;

use serde_json::{Value, json};

use crate::api::front_door::{FrontDoor, Visitor};

/// Creates a project and returns its id.
#[track_caller]
fn project(visitor: &Visitor<'_>, name: &str, system_tags: &[&str]) -> String {
    let data = visitor.ok("projects.create", json!({"name": name, "system_tags": system_tags}));
    data["id"].as_str().unwrap().to_owned()
}

/// The id of the project of this name.
#[track_caller]
fn id_of(visitor: &Visitor<'_>, name: &str) -> String {
    let pattern = format!("^{}$", name.replace('.', "\\."));
    let data = visitor.ok("projects.get_all", json!({"name": pattern, "search_hidden": true}));
    data["projects"][0]["id"].as_str().unwrap().to_owned()
}

/// A model, registered through the API.
#[track_caller]
fn model(visitor: &Visitor<'_>, fields: Value) -> String {
    let request = merged(json!({"name": "a model", "uri": "file:///a"}), &fields);
    visitor.ok("models.create", request)["id"].as_str().unwrap().to_owned()
}

/// An object with more members.
fn merged(mut object: Value, more: &Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    object
}

/// A second tenant with one person, Eve.
fn with_eve(front: &FrontDoor) -> Visitor<'_> {
    front.tenant("other");
    front.person("other", "eve", "Eve");
    front.visitor("other", "eve")
}
