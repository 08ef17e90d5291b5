//! Creating, changing, listing, deleting.

use super::*;
use crate::{
    config::Settings,
    domain::{Role, queues},
    store::identity::{Group, QUEUE_ADMINS},
};

#[test]
fn case_01_a_fresh_tenant_has_its_default_queue() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.err("queues.get_default", json!({})), (400, 707));
    queues::ensure_default(&front.app, "acme").unwrap();
    queues::ensure_default(&front.app, "acme").unwrap();
    let found = ann.ok("queues.get_default", json!({}));
    assert_eq!(found["name"], "default");
    assert_eq!(found.as_object().unwrap().len(), 2);
    let listed = ann.ok("queues.get_all_ex", json!({}));
    assert_eq!(listed["queues"].as_array().unwrap().len(), 1);
    assert_eq!(listed["queues"][0]["system_tags"], json!(["default"]));
}

#[test]
fn case_02_03_names_and_tags() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.err("queues.create", json!({"name": "ab"})), (400, 800));
    let id = create(&ann, json!({"name": " abc "}));
    assert_eq!(ann.ok("queues.get_by_id", json!({"queue": id}))["queue"]["name"], "abc");
    assert_eq!(ann.err("queues.create", json!({"name": "abc"})), (400, 801));
    assert_eq!(ann.err("queues.create", json!({"name": "other", "tags": ["__$x"]})), (400, 16));
    front.tenant("other");
    create(&front.visitor("other", "zoe"), json!({"name": "abc"}));
}

#[test]
fn case_04_several_default_queues() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, json!({"name": "one", "system_tags": ["default"]}));
    create(&ann, json!({"name": "two", "system_tags": ["default"]}));
    assert_eq!(ann.err("queues.get_default", json!({})), (400, 708));
}

#[test]
fn case_05_57_updates() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    create(&ann, json!({"name": "taken"}));
    let update = |fields: Value| {
        let mut request = json!({"queue": id});
        request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        ann.call("queues.update", request)
    };
    let read = |field: &str| ann.ok("queues.get_by_id", json!({"queue": id}))["queue"][field].clone();
    assert_eq!(
        update(json!({"tags": ["b", "a"]})),
        Ok(json!({"updated": 1, "fields": {"tags": ["a", "b"]}}))
    );
    assert_eq!(read("tags"), json!(["a", "b"]));
    let nothing = Ok(json!({"updated": 0, "fields": {}}));
    assert_eq!(update(json!({})), nothing);
    assert_eq!(update(json!({"name": null, "display_name": null})), nothing);
    assert_eq!(update(json!({"name": "x"})), Err((400, 800)));
    assert_eq!(update(json!({"name": "taken"})), Err((400, 801)));
    assert_eq!(update(json!({"name": "  pad "})), Ok(json!({"updated": 1, "fields": {"name": "  pad "}})));
    assert_eq!(read("name"), "pad");
    assert_eq!(update(json!({"tags": null})), Ok(json!({"updated": 1, "fields": {"tags": []}})));
    assert_eq!(update(json!({"metadata": null})), Ok(json!({"updated": 1, "fields": {"metadata": {}}})));
    assert_eq!(update(json!({"display_name": "GPU"})).unwrap()["updated"], 1);
    assert_eq!(read("display_name"), "GPU");
}

#[test]
fn case_06_unknown_queues() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t", json!({}));
    for call in
        ["get_by_id", "update", "delete", "get_next_task", "peek_task", "get_num_entries", "clear_queue"]
    {
        assert_eq!(ann.err(&format!("queues.{call}"), json!({"queue": "nope"})), (400, 701), "{call}");
    }
    assert_eq!(ann.err("queues.add_task", json!({"queue": "nope", "task": "t"})), (400, 701));
    assert_eq!(ann.err("queues.get_by_id", json!({"queue": "-nope"})), (400, 701));
}

#[test]
fn case_19_deleting() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    assert_eq!(ann.err("queues.delete", json!({"queue": id})), (400, 702));
    assert_eq!(ann.ok("queues.delete", json!({"queue": id, "force": true})), json!({"deleted": 1}));
    assert_eq!(status(&front, "t1"), "created");
    assert!(task(&front, "status_reason", "t1").unwrap().contains("gpu"));
    assert_eq!((task(&front, "execution_queue", "t1"), task(&front, "run_as", "t1")), (None, None));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM queue_entry", []), Some(0));
    assert_eq!(ann.err("queues.delete", json!({"queue": id})), (400, 701));
}

#[test]
fn case_21_22_hidden_queues_and_projections() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({"name": "pending", "system_tags": ["k8s-glue"]}));
    for call in ["queues.get_all", "queues.get_all_ex"] {
        let count = |request: Value| ann.ok(call, request)["queues"].as_array().unwrap().len();
        assert_eq!(count(json!({})), 0);
        assert_eq!(count(json!({"search_hidden": true})), 1);
        assert_eq!(count(json!({"id": [id]})), 1);
        assert_eq!(count(json!({"name": "^pending$"})), 1);
    }
    let request = json!({"search_hidden": true, "only_fields": ["id", "tags"]});
    let found = ann.at(2, 5).ok("queues.get_all", request);
    assert_eq!(found["queues"], json!([{"id": id, "tags": []}]));
}

#[test]
fn case_23_metadata() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let item = |value: &str| json!({"key": "a.b", "type": "str", "value": value});
    let id = create(&ann, json!({"metadata": {"a.b": item("1")}}));
    let read = |visitor: &Visitor<'_>| {
        visitor.ok("queues.get_by_id", json!({"queue": id}))["queue"]["metadata"].clone()
    };
    assert_eq!(read(&ann.clone().at(2, 20)), json!({"a.b": item("1")}));
    let old = ann.clone().at(2, 16);
    assert_eq!(read(&old), json!([]));
    assert_eq!(old.ok("queues.get_all", json!({}))["queues"][0]["metadata"], json!([]));
    let other = json!({"key": "z", "type": "str", "value": "2"});
    ann.ok("queues.add_or_update_metadata", json!({"queue": id, "metadata": [item("3"), other]}));
    assert_eq!(read(&ann), json!({"a.b": item("3"), "z": other}));
    let gone = ann.ok("queues.delete_metadata", json!({"queue": id, "keys": ["zz", "z"]}));
    assert_eq!(gone, json!({"updated": 1}));
    assert_eq!(read(&ann), json!({"a.b": item("3")}));
    ann.ok(
        "queues.add_or_update_metadata",
        json!({"queue": id, "metadata": [other], "replace_metadata": true}),
    );
    assert_eq!(read(&ann), json!({"z": other}));
    assert_eq!(ann.err("queues.add_or_update_metadata", json!({"queue": id, "metadata": []})), (400, 12));
    assert_eq!(ann.err("queues.delete_metadata", json!({"queue": id, "keys": []})), (400, 12));
    let blank = json!({"name": "other", "metadata": {" ": item("1")}});
    assert_eq!(ann.err("queues.create", blank), (400, 12));
}

#[test]
fn case_70_another_tenant_reaches_nothing() {
    let front = FrontDoor::open();
    front.tenant("other");
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    let zoe = front.visitor("other", "zoe");
    for call in
        ["get_by_id", "get_next_task", "peek_task", "get_num_entries", "clear_queue", "update", "delete"]
    {
        assert_eq!(
            zoe.err(&format!("queues.{call}"), json!({"queue": id, "force": true})),
            (400, 701),
            "{call}"
        );
    }
    for call in ["remove_task", "move_task_to_back"] {
        assert_eq!(
            zoe.err(&format!("queues.{call}"), json!({"queue": id, "task": "t1"})),
            (400, 703),
            "{call}"
        );
    }
    let own = create(&zoe, json!({}));
    assert_eq!(zoe.err("queues.add_task", json!({"queue": own, "task": "t1"})), (400, 101));
    assert_eq!(zoe.err("queues.get_by_task_id", json!({"task": "t1"})), (400, 703));
    assert_eq!(
        zoe.ok("queues.get_all", json!({"search_hidden": true}))["queues"].as_array().unwrap().len(),
        1
    );
    assert_eq!(order(&ann, &id), ["t1"]);
}

#[test]
fn queues_are_managed_by_whom_governance_names() {
    let front = FrontDoor::open();
    let mut plain = front.ann();
    plain.caller.features.remove("queue_management");
    assert_eq!(plain.err("queues.create", json!({"name": "gpu"})), (403, 20));
    let mut settings = Settings::default();
    settings.services.queues.require_queue_admin = true;
    let front = FrontDoor::with(settings);
    let admin = front.ann().role(Role::Admin);
    assert_eq!(admin.err("queues.create", json!({"name": "gpu"})), (403, 20));
    let mut queue_admin = front.ann();
    queue_admin.caller.groups =
        vec![Group { id: QUEUE_ADMINS.to_owned(), name: "queue_admins".to_owned(), features: None }];
    let id = create(&queue_admin, json!({}));
    for (call, request) in [
        ("queues.update", json!({"queue": id, "name": "other"})),
        ("queues.delete", json!({"queue": id})),
        ("queues.delete_metadata", json!({"queue": id, "keys": ["a"]})),
    ] {
        assert_eq!(admin.err(call, request), (403, 20), "{call}");
    }
}
