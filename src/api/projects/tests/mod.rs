//! Acceptance cases of spec/projects.md 8 that the projects service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contents;
mod facets;
mod lists;
mod statistics;
mod tree;

use serde_json::{Value, json};

use crate::api::front_door::{FrontDoor, Visitor};

/// Creates a project and returns its id.
#[track_caller]
fn create(ann: &Visitor<'_>, name: &str) -> String {
    create_tagged(ann, name, &[])
}

#[track_caller]
fn create_tagged(ann: &Visitor<'_>, name: &str, system_tags: &[&str]) -> String {
    let data = ann.ok("projects.create", json!({"name": name, "system_tags": system_tags}));
    data["id"].as_str().unwrap().to_owned()
}

/// The id of the project of this name.
#[track_caller]
fn id_of(ann: &Visitor<'_>, name: &str) -> String {
    let pattern = format!("^{}$", name.replace('.', "\\."));
    let data = ann.ok("projects.get_all", json!({"name": pattern, "search_hidden": true}));
    assert_eq!(data["projects"].as_array().unwrap().len(), 1, "{name}: {data}");
    data["projects"][0]["id"].as_str().unwrap().to_owned()
}

/// Names in an answer, in its order.
#[track_caller]
fn names(data: &Value) -> Vec<&str> {
    data["projects"].as_array().unwrap().iter().map(|project| project["name"].as_str().unwrap()).collect()
}

/// A model of the tenant, registered through the API.
#[track_caller]
fn model(ann: &Visitor<'_>, fields: Value) -> String {
    let mut request = json!({"name": "a model", "uri": "file:///a"});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ann.ok("models.create", request)["id"].as_str().unwrap().to_owned()
}

/// A project that belongs to everybody, published by another tenant.
fn public_project(front: &FrontDoor, name: &str) -> String {
    front.sql(
        "INSERT INTO project (id, company, company_origin, user, name, basename, created, last_update)
         VALUES (?1, '', 'other', 'zoe', ?2, ?2, 1, 1)",
        [&format!("public-{name}"), name],
    );
    format!("public-{name}")
}
