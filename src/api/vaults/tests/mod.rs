//! Acceptance cases C of spec/governance.md 16 and case 58; rules S9 to S11 and S18 of spec/security_rules.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod enforcement;
mod manage;
mod redaction;
mod serve;

use serde_json::{Value, json};

use crate::{
    api::front_door::{FrontDoor, Visitor},
    config::hocon::{Object, Options, parse},
    domain::{CallerKind, Role},
    store::identity::NewAccount,
    types::{CompanyId, UserId},
};

/// A tenant with the groups G1 (bob, the service account `agent`) and G2 (eve), and its administrator `ada`.
fn house() -> FrontDoor {
    with(crate::config::Settings::default())
}

fn with(settings: crate::config::Settings) -> FrontDoor {
    let front = FrontDoor::with(settings);
    for group in ["G1", "G2", crate::store::identity::USERS] {
        front.group(group);
    }
    for user in ["ada", "bob", "eve"] {
        front.person("acme", user, user);
    }
    front.member("G1", "bob");
    front.member("G2", "eve");
    front.member("G2", "ada");
    front.account(&NewAccount {
        id: UserId::from("agent"),
        company: CompanyId::from("acme"),
        name: "agent".to_owned(),
        email: None,
        role: "user".to_owned(),
        internal: false,
        autocreated: false,
        is_service: true,
        operator: false,
        created_by: None,
    });
    front.sql("INSERT INTO group_member VALUES ('G1', 'agent', 'acme', 'manual')", []);
    front
}

fn ada(front: &FrontDoor) -> Visitor<'_> {
    front.visitor("acme", "ada").role(Role::Admin)
}

fn bob(front: &FrontDoor) -> Visitor<'_> {
    front.visitor("acme", "bob")
}

fn eve(front: &FrontDoor) -> Visitor<'_> {
    front.visitor("acme", "eve")
}

fn agent(front: &FrontDoor) -> Visitor<'_> {
    front.visitor("acme", "agent").kind(CallerKind::Service(true))
}

/// Makes a vault; answers its id.
#[track_caller]
fn vault(who: &Visitor<'_>, fields: Value, group: Option<&str>) -> String {
    let mut request = json!({"vault": fields});
    if let Some(group) = group {
        request["vault"]["scope"] = json!("group");
        request["group"] = json!(group);
    }
    who.ok("users.add_or_update_vault", request)["vault"].as_str().unwrap().to_owned()
}

/// What a client loads, in order.
#[track_caller]
fn loaded(who: &Visitor<'_>) -> Vec<Value> {
    let vaults = who.ok("users.get_vaults", json!({"enabled": true, "types": ["config", "config"]}));
    vaults["vaults"].as_array().unwrap().clone()
}

/// What a client makes of it: the last one wins.
#[track_caller]
fn folded(who: &Visitor<'_>) -> Value {
    let mut all = Object::default();
    for vault in loaded(who) {
        let value = parse(vault["data"].as_str().unwrap(), &Options::default()).unwrap();
        all.merge(value.as_object().unwrap().clone());
    }
    Value::Object(all.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect())
}

/// A queue and a task of `who` in it.
fn queued(front: &FrontDoor, who: &Visitor<'_>, task: &str, container: Value) -> String {
    let queue = match front.value::<String>("SELECT id FROM queue WHERE name = 'gpu'", []) {
        Some(queue) => queue,
        None => who.ok("queues.create", json!({"name": "gpu"}))["id"].as_str().unwrap().to_owned(),
    };
    front.task(task, json!({"user": who.caller.user.as_str(), "container": container}));
    who.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
    queue
}

/// What the agent pulls to run it as its submitter.
fn pull(front: &FrontDoor, queue: &str) -> Option<String> {
    let found = agent(front).ok("queues.get_next_task", json!({"queue": queue, "get_task_info": true}));
    found.get("entry").map(|entry| entry["task"].as_str().unwrap().to_owned())
}

fn field(front: &FrontDoor, column: &str, task: &str) -> Value {
    let text = front.value::<String>(&format!("SELECT {column} FROM task WHERE id = ?1"), [task]).unwrap();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
