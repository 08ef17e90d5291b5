//! What the official web application needs: the acceptance cases of spec/client_web.md 12, called as it calls, with the
//! session cookie from a page of this server at version 999.0. Cases 64 and 65 are about its own bundle, which this
//! server does not carry; its pages have tests of their own (tests/pages). Where security_rules.md supersedes a case, the
//! test says so.

mod entry;
mod events;
mod lists;
mod places;

use serde_json::{Value, json};

use crate::yard::{Client, Yard};

/// A page that is signed in and has nothing but its cookie.
fn page(yard: &Yard) -> Client {
    with_cookie(yard, &yard.admin().token())
}

fn with_cookie(yard: &Yard, token: &str) -> Client {
    let cookie = format!("clearml_token_basic={token}");
    yard.nobody().at("999.0").with("cookie", &cookie).with("origin", &yard.web())
}

/// Makes a task; answers its id.
fn task(client: &Client, name: &str, more: Value) -> String {
    let mut request = json!({"name": name, "type": "training"});
    request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    client.ok("tasks.create", request)["id"].as_str().unwrap().to_owned()
}

/// Makes a project; answers its id.
fn project(client: &Client, name: &str) -> String {
    client.ok("projects.create", json!({"name": name}))["id"].as_str().unwrap().to_owned()
}

/// One field of each row.
fn column(rows: &Value, field: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("no list: {rows}"));
    rows.iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
}
