//! The audit through the front door.

mod log;
mod trail;

use serde_json::{Value, json};

use crate::{
    api::{
        dispatch::{Incoming, OutgoingBody, dispatch},
        front_door::{FrontDoor, Visitor},
    },
    domain::{
        Role,
        identity::{self, Presented},
    },
};

/// The first administrator's API credentials, of the default tenant.
fn first_admin(front: &FrontDoor) -> Presented {
    let admin = identity::ensure_identities(&front.app).unwrap().expect("a first start");
    Presented::Basic { key: admin.access_key, secret: admin.secret_key.expose().clone() }
}

/// A call as the transport hands it over.
fn send(front: &FrontDoor, presented: &Presented, name: &str, body: &Value) -> (u16, Value) {
    let incoming = Incoming {
        path: format!("/v2.34/{name}"),
        media_type: "application/json".to_owned(),
        body: body.to_string().into(),
        presented: Some(presented.clone()),
        is_post: true,
        ip: "10.0.0.7".to_owned(),
        headers: vec![("user-agent", "curl".to_owned())],
        ..Incoming::default()
    };
    let outgoing = dispatch(&front.app, incoming);
    match outgoing.body {
        OutgoingBody::Json(text) => (outgoing.status, serde_json::from_str(&text).unwrap()),
        OutgoingBody::Download(mut file) => {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut file.content, &mut text).unwrap();
            (outgoing.status, Value::String(text))
        }
    }
}

/// The administrator of the tenant `acme`.
fn boss(front: &FrontDoor) -> Visitor<'_> {
    front.visitor("acme", "boss").role(Role::Admin)
}

fn entries(visitor: &Visitor<'_>, request: Value) -> Vec<Value> {
    visitor.ok("audit.get_log", request)["entries"].as_array().unwrap().clone()
}

fn endpoints(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["endpoint"].as_str().unwrap()).collect()
}

#[test]
fn only_administrators_read_the_audit() {
    let front = FrontDoor::open();
    for name in ["audit.get_log", "audit.get_filters", "audit.export", "audit.get_status", "audit.find_tasks"]
    {
        // The same call is answered to an administrator.
        match name {
            "audit.export" => drop(boss(&front).download(name, json!({})).unwrap()),
            _ => drop(boss(&front).ok(name, json!({}))),
        }
        assert_eq!(front.ann().err(name, json!({})), (403, 20), "{name}");
        let mut minted = boss(&front);
        minted.caller.minted = true;
        assert_eq!(minted.err(name, json!({})), (403, 20), "{name} with a task's token");
    }
}
