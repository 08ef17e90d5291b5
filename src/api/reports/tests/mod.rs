//! Acceptance cases of spec/projects.md 8 that the reports service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod data;
mod isolation;
mod life;
mod lists;

use serde_json::{Value, json};

use crate::api::front_door::{FrontDoor, Visitor};

fn project(ann: &Visitor<'_>, name: &str) -> String {
    ann.ok("projects.create", json!({"name": name}))["id"].as_str().unwrap().to_owned()
}

/// A report on a project, or on the root.
#[track_caller]
fn report(ann: &Visitor<'_>, name: &str, project: Option<&str>) -> String {
    let made = ann.ok("reports.create", json!({"name": name, "project": project}));
    made["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn get(ann: &Visitor<'_>, task: &str) -> Value {
    ann.ok("tasks.get_by_id", json!({"task": task}))["task"].clone()
}

/// Names of the reports that a request finds, in its order.
#[track_caller]
fn found(ann: &Visitor<'_>, request: Value) -> Vec<String> {
    let answer = ann.ok("reports.get_all_ex", request);
    let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = answer["tasks"].as_array().unwrap().iter().map(name).collect();
    names.sort();
    names
}

/// The projects of this name, hidden ones included.
fn projects_named(ann: &Visitor<'_>, name: &str) -> Vec<Value> {
    let pattern = format!("^{}$", name.replace('.', "\\."));
    let answer = ann.ok("projects.get_all_ex", json!({"name": pattern, "search_hidden": true}));
    answer["projects"].as_array().unwrap().clone()
}
