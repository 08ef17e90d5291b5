//! Publishing, archiving, moving, deleting.

use super::*;
use crate::domain::Role;

fn status(front: &FrontDoor, task: &str) -> String {
    front.value("SELECT status FROM task WHERE id = ?1", [task]).unwrap()
}

#[test]
fn case_13_14_50_publishing_takes_the_task_along() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t", json!({"status": "in_progress"}));
    let id = create(&ann, json!({"ready": false, "task": "t"}));
    assert_eq!(ann.err("models.set_ready", json!({"model": id})), (400, 110));
    front.sql("UPDATE task SET status = 'created'", []);
    assert_eq!(ann.err("models.set_ready", json!({"model": id})), (400, 110));
    assert_eq!((read(&ann, &id)["ready"].clone(), status(&front, "t")), (json!(false), "created".to_owned()));
    let alone = ann.ok("models.set_ready", json!({"model": id, "publish_task": false}));
    assert_eq!(alone, json!({"updated": 1, "fields": {}}));
    assert_eq!(status(&front, "t"), "created");
    let forced = create(&ann, json!({"ready": false, "task": "t"}));
    ann.ok("models.set_ready", json!({"model": forced, "force_publish_task": true}));
    assert_eq!(status(&front, "t"), "published");
    let after = create(&ann, json!({"ready": false, "task": "t"}));
    assert!(ann.ok("models.set_ready", json!({"model": after})).get("published_task").is_none());
    front.task("stopped", json!({"status": "stopped"}));
    let id = create(&ann, json!({"ready": false, "task": "stopped"}));
    let done = ann.ok("models.set_ready", json!({"model": id}));
    assert_eq!(done["published_task"]["id"], "stopped");
    assert_eq!(done["published_task"]["data"]["updated"], 1);
    assert_eq!(done["published_task"]["data"]["fields"]["status"], "published");
    assert_eq!(ann.err("models.set_ready", json!({"model": id})), (400, 203));
    let many = ann.ok("models.publish_many", json!({"ids": [id]}));
    assert_eq!(many["failed"][0]["error"]["codes"], json!([400, 203]));
}

#[test]
fn case_15_publishing_many() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let good = create(&ann, json!({"ready": false}));
    let done = ann.ok("models.publish_many", json!({"ids": [good, "nope"]}));
    assert_eq!(done["succeeded"], json!([{"id": good, "updated": true}]));
    assert_eq!(
        (&done["failed"][0]["id"], &done["failed"][0]["error"]["codes"]),
        (&json!("nope"), &json!([400, 201]))
    );
    assert_eq!(ann.err("models.publish_many", json!({"ids": []})), (400, 12));
    assert_eq!(read(&ann, &good)["ready"], true);
}

#[test]
fn case_16_17_18_52_deleting_settles_references() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("maker", json!({}));
    let id = create(&ann, json!({"task": "maker", "ready": false}));
    let link = |field: &str| {
        json!([{"name": field, "model": id, "updated": 1}, {"name": "other", "model": "m2"}]).to_string()
    };
    front.sql("UPDATE task SET models_output = ?1 WHERE id = 'maker'", [link("out")]);
    front.task("user", json!({"models_input": serde_json::from_str::<Value>(&link("in")).unwrap()}));
    assert_eq!(ann.err("models.delete", json!({"model": id})), (400, 205));
    front.sql("UPDATE task SET status = 'published' WHERE id = 'maker'", []);
    front.sql("UPDATE task SET models_input = '[]' WHERE id = 'user'", []);
    assert_eq!(ann.err("models.delete", json!({"model": id})), (400, 206));
    front.sql("UPDATE task SET models_input = ?1 WHERE id = 'user'", [link("in")]);
    let child = create(&ann, json!({"parent": id}));
    let done = ann.ok("models.delete", json!({"model": id, "force": true}));
    assert_eq!(done, json!({"deleted": true, "url": "file:///a"}));
    let mark = format!("__DELETED__{id}");
    let inputs = "SELECT (models_input ->> '$[0].model') || (models_input ->> '$[1].model') FROM task WHERE id = 'user'";
    assert_eq!(front.value::<String>(inputs, []), Some(format!("{mark}m2")));
    let outputs = "SELECT models_output ->> '$[0].model' FROM task WHERE id = 'maker'";
    assert_eq!(front.value::<String>(outputs, []), Some(mark));
    let error =
        front.value::<String>("SELECT output ->> '$.error' FROM task WHERE id = 'maker'", []).unwrap();
    assert!(error.starts_with("model deleted on 2"), "{error}");
    assert_eq!(ann.err("models.get_by_id", json!({"model": id})), (400, 201));
    assert_eq!(read(&ann, &child)["parent"], json!(id));
    front.task("draft", json!({}));
    let id = create(&ann, json!({"task": "draft"}));
    front.sql(
        "UPDATE task SET models_output = json_array(json_object('model', ?1)) WHERE id = 'draft'",
        [&id],
    );
    ann.ok("models.delete", json!({"model": id}));
    let left = front.value::<String>("SELECT models_output FROM task WHERE id = 'draft'", []);
    assert_eq!(left.as_deref(), Some("[]"));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM url_to_delete", []), Some(0), "file: is not ours");
}

#[test]
fn case_19_41_42_56_files_of_deleted_models() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let own = "http://files.test/pro/run.t/models/m.pt";
    let a = create(&ann, json!({"uri": own}));
    let b = create(&ann, json!({"uri": own}));
    let c = create(&ann, json!({"uri": "s3://bucket/m.pt"}));
    let done = ann.ok("models.delete_many", json!({"ids": [a, "nope"]}));
    assert_eq!(done["succeeded"], json!([{"id": a, "deleted": true, "url": own}]));
    assert_eq!(done["failed"][0]["error"]["codes"], json!([400, 201]));
    assert_eq!(ann.err("models.delete_many", json!({"ids": []})), (400, 12));
    let row = |column: &str| {
        front.value::<String>(&format!("SELECT {column} FROM url_to_delete WHERE url = ?1"), [own])
    };
    assert_eq!(
        (row("type").unwrap(), row("storage_type").unwrap(), row("task")),
        ("file".into(), "fileserver".into(), Some(a))
    );
    front.sql("UPDATE url_to_delete SET status = 'failed', retry_count = 3", []);
    ann.ok("models.delete", json!({"model": b}));
    assert_eq!((row("status").as_deref(), row("task")), (Some("created"), Some(b)));
    assert_eq!(front.value::<i64>("SELECT retry_count FROM url_to_delete", []), Some(0));
    let kept = ann.ok("models.delete", json!({"model": c, "delete_external_artifacts": false}));
    assert_eq!(kept["url"], "s3://bucket/m.pt");
    assert_eq!(front.value::<i64>("SELECT count(*) FROM url_to_delete", []), Some(1));
}

#[test]
fn case_20_55_archiving() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    long_ago(&front);
    let archived = json!([{"id": id, "archived": true}]);
    assert_eq!(ann.ok("models.archive_many", json!({"ids": [id]}))["succeeded"], archived);
    assert_eq!(times(&front, &id), (false, true));
    assert_eq!(read(&ann, &id)["system_tags"], json!(["archived"]));
    let count = |request: Value| ann.ok("models.get_all", request)["models"].as_array().unwrap().len();
    assert_eq!((count(json!({})), count(json!({"system_tags": ["-archived"]}))), (1, 0));
    assert_eq!(ann.ok("models.archive_many", json!({"ids": [id]}))["succeeded"], archived);
    let restored = ann.ok("models.unarchive_many", json!({"ids": [id, "nope"]}));
    assert_eq!(restored["succeeded"], json!([{"id": id, "unarchived": true}]));
    assert_eq!(restored["failed"][0]["error"]["codes"], json!([400, 201]));
    assert_eq!(read(&ann, &id)["system_tags"], json!([]));
    assert_eq!(times(&front, &id), (false, true));
    assert_eq!(ann.err("models.archive_many", json!({"ids": []})), (400, 12));
}

#[test]
fn case_21_58_moving() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let to = ann.ok("models.move", json!({"ids": [id, "nope"], "project_name": "Fresh/Sub"}))["project_id"]
        .clone();
    let found = ann.ok("projects.get_all", json!({"order_by": ["name"]}));
    assert_eq!(found["projects"][1]["id"], to);
    assert_eq!(read(&ann, &id)["project"], to);
    let other = project(&ann, "Other");
    let both = json!({"ids": [id], "project": other, "project_name": "Ignored"});
    assert_eq!(ann.ok("models.move", both)["project_id"], json!(other));
    assert_eq!(ann.ok("models.move", json!({"ids": [id], "project": null})), json!({"project_id": null}));
    assert!(read(&ann, &id).get("project").is_none());
    assert_eq!(ann.err("models.move", json!({"ids": [id]})), (400, 11));
    assert_eq!(ann.err("models.move", json!({"ids": [id], "project": "nope"})), (400, 401));
    assert_eq!(ann.err("models.move", json!({"ids": [], "project": null})), (400, 12));
}

#[test]
fn case_22_58_tags() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (a, b) = (create(&ann, json!({"tags": ["y"]})), create(&ann, json!({})));
    let request = json!({"ids": [a, b, "nope"], "add_tags": ["x"], "remove_tags": ["y"]});
    assert_eq!(ann.ok("models.update_tags", request), json!({"updated": 4}));
    assert_eq!((&read(&ann, &a)["tags"], &read(&ann, &b)["tags"]), (&json!(["x"]), &json!(["x"])));
    let same = json!({"ids": [a], "add_tags": ["x"], "remove_tags": ["x"]});
    assert_eq!(ann.ok("models.update_tags", same), json!({"updated": 2}));
    assert_eq!(read(&ann, &a)["tags"], json!([]));
    assert_eq!(
        ann.ok("models.update_tags", json!({"ids": ["nope"], "add_tags": ["x"]})),
        json!({"updated": 0})
    );
    assert_eq!(ann.err("models.update_tags", json!({"ids": [a]})), (400, 12));
    assert_eq!(ann.err("models.update_tags", json!({"add_tags": ["x"]})), (400, 12));
}

#[test]
fn case_35_publishing_across_tenants() {
    let front = FrontDoor::open();
    front.tenant("other");
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let ids = json!({"ids": [id]});
    assert_eq!(ann.err("models.make_public", ids.clone()), (403, 20));
    let admin = ann.clone().role(Role::Admin);
    assert_eq!(admin.err("models.make_public", ids.clone()), (403, 20), "off by default (S17)");
    let root = ann.clone().role(Role::Root);
    assert_eq!(root.err("models.make_private", ids.clone()), (400, 201));
    root.ok("models.make_public", ids.clone());
    let zoe = front.visitor("other", "zoe");
    assert_eq!(zoe.ok("models.get_all", json!({}))["models"].as_array().unwrap().len(), 1);
    assert_eq!(ann.err("models.update", json!({"model": id, "name": "other"})), (400, 201));
    root.ok("models.make_private", ids);
    ann.ok("models.update", json!({"model": id, "name": "other"}));
    assert_eq!(zoe.ok("models.get_all", json!({}))["models"], json!([]));
}

#[test]
fn case_43_events_of_a_model_stay_with_it() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let task = front.task("t", json!({"last_update": 5, "last_change": 5}));
    let id = create(&ann, json!({"task": task, "ready": false}));
    let event = json!({"type": "training_stats_scalar", "task": id, "model_event": true, "metric": "loss",
        "variant": "train", "iter": 7, "value": 3});
    ann.lines("events.add_batch", &event.to_string(), None).unwrap();
    let model = read(&ann, &id);
    assert_eq!(model["last_iteration"], 7);
    // MD5 of "loss" and of "train".
    let last = &model["last_metrics"]["81513effdf5790b79549208838404407"]["61b3a8faa9c1091806675c230a9abe64"];
    assert_eq!((&last["value"], &last["metric"]), (&json!(3.0), &json!("loss")), "{model}");
    let untouched = "SELECT last_update + last_change FROM task WHERE id = 't' AND last_iteration = 0";
    assert_eq!(front.value::<i64>(untouched, []), Some(10));
}

#[test]
fn case_51_a_deleted_task_leaves_what_is_ready() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let task = ann.ok("tasks.create", json!({"name": "demo", "type": "training"}))["id"].clone();
    let (ready, draft) =
        (create(&ann, json!({"task": task})), create(&ann, json!({"task": task, "ready": false})));
    for (name, model) in [("a", &ready), ("b", &draft)] {
        let request = json!({"task": task, "type": "output", "name": name, "model": model});
        ann.ok("tasks.add_or_update_model", request);
    }
    let answer = ann.ok("tasks.delete", json!({"task": task, "force": true}));
    assert_eq!((&answer["deleted_models"], &answer["updated_models"]), (&json!(1), &json!(1)));
    assert_eq!(read(&ann, &ready)["task"], format!("__DELETED__{}", task.as_str().unwrap()));
    assert_eq!(ann.err("models.get_by_id", json!({"model": draft})), (400, 201));

    let task = ann.ok("tasks.create", json!({"name": "demo", "type": "training"}))["id"].clone();
    let draft = create(&ann, json!({"task": task, "ready": false}));
    ann.ok("tasks.add_or_update_model", json!({"task": task, "type": "output", "name": "a", "model": draft}));
    ann.ok("tasks.started", json!({"task": task}));
    ann.ok("tasks.stopped", json!({"task": task}));
    ann.ok("tasks.publish", json!({"task": task}));
    assert_eq!(read(&ann, &draft)["ready"], true);
}
