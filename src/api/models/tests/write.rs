//! Creating and changing.

use super::*;
use crate::domain::Role;

#[test]
fn case_01_defaults_of_a_new_model() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let model = read(&ann, &id);
    assert_eq!((&model["ready"], &model["tags"], &model["labels"]), (&json!(true), &json!([]), &json!({})));
    assert_eq!((&model["metadata"], model.get("ui_cache")), (&json!({}), None));
    assert_eq!((&model["last_metrics"], &model["last_iteration"]), (&json!({}), &json!(0)));
    assert_eq!(model["user"], "ann");
}

#[test]
fn case_02_03_what_a_new_model_may_not_be() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("public", json!({}));
    publish_task(&front, "public");
    let with = |key: &str, value: Value| {
        let mut request = json!({"name": "net", "uri": "file:///a"});
        request[key] = value;
        ann.call("models.create", request).map(|_| ()).unwrap_err()
    };
    assert_eq!(ann.err("models.create", json!({"name": "net"})), (400, 12));
    assert_eq!(with("name", json!("ab")), (400, 800));
    assert_eq!(with("labels", json!({"a": 1, "b": 1})), (400, 800));
    create(&ann, json!({"labels": {"a": 0, "b": 0}}));
    assert_eq!(with("labels", json!({"a": "x"})), (400, 800));
    assert_eq!(with("labels", json!({"a": null})), (400, 12));
    assert_eq!(with("labels", json!({"a": 1.5})), (400, 12));
    assert_eq!(with("project", json!("nope")), (400, 12));
    assert_eq!(with("task", json!("nope")), (400, 101));
    assert_eq!(with("task", json!("public")), (403, 21));
    assert_eq!(with("tags", json!(["__$all"])), (400, 16));
    assert_eq!(with("system_tags", json!(["__$all"])), (400, 16));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM model", []), Some(1));
}

#[test]
fn case_04_public_models_are_made_by_few_and_changed_by_nobody() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let request = json!({"name": "net", "uri": "file:///a", "public": true});
    assert_eq!(ann.err("models.create", request.clone()), (403, 21));
    let id = ann.clone().role(Role::Root).ok("models.create", request)["id"].clone();
    let listed = ann.ok("models.get_all_ex", json!({"id": [id]}));
    assert_eq!(listed["models"][0]["company"], json!({}));
    assert_eq!(ann.err("models.edit", json!({"model": id, "name": "other"})), (400, 201));
}

#[test]
fn case_05_06_an_edit_says_what_it_stored() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let done = ann.ok("models.edit", json!({"model": id, "ready": false, "framework": "PyTorch"}));
    assert_eq!(done["updated"], 1);
    let fields = &done["fields"];
    assert_eq!((&fields["ready"], &fields["framework"]), (&json!(false), &json!("PyTorch")));
    assert!(fields["last_update"].is_string());
    let model = read(&ann, &id);
    assert_eq!((&model["ready"], &model["framework"]), (&json!(false), &json!("PyTorch")));
    long_ago(&front);
    let done = ann.ok("models.edit", json!({"model": id, "name": "renamed"}));
    assert!(done["fields"].get("last_update").is_none());
    assert_eq!(times(&front, &id), (false, true));
    ann.ok("models.update", json!({"model": id, "ui_cache": {"x": 1}}));
    let done = ann.ok("models.edit", json!({"model": id, "uri": " file:///b "}));
    assert_eq!(done["fields"]["ui_cache"], json!({}));
    assert_eq!(times(&front, &id), (true, true));
    assert_eq!(
        front.value::<String>("SELECT ui_cache || uri FROM model", []).as_deref(),
        Some("{}file:///b")
    );
}

#[test]
fn case_07_08_references_must_exist_and_nulls_do_nothing() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({"comment": "c"}));
    for field in ["project", "parent", "task"] {
        assert_eq!(ann.err("models.edit", json!({"model": id, field: "nope"})), (400, 16), "{field}");
    }
    let nothing = json!({"updated": 0, "fields": {}});
    assert_eq!(ann.ok("models.edit", json!({"model": id, "task": "__DELETED__x"})), nothing);
    assert_eq!(ann.ok("models.edit", json!({"model": id})), nothing);
    assert_eq!(ann.ok("models.edit", json!({"model": id, "comment": null, "labels": null})), nothing);
    let model = read(&ann, &id);
    assert_eq!((&model["comment"], model.get("task")), (&json!("c"), None));
}

#[test]
fn case_09_update_takes_few_fields() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({"labels": {"bar": 2}}));
    ann.ok("models.update", json!({"model": id, "labels": {"foo": 1}, "name": "new name"}));
    let model = read(&ann, &id);
    assert_eq!((&model["name"], &model["labels"]), (&json!("new name"), &json!({"bar": 2})));
    assert_eq!(ann.err("models.update", json!({"model": id, "labels": {"a": "x"}})), (400, 12));
}

#[test]
fn case_10_45_iterations_of_the_task_only_grow() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t", json!({}));
    let id = create(&ann, json!({"task": "t"}));
    let last = || front.value::<i64>("SELECT last_iteration FROM task", []);
    ann.ok("models.update", json!({"model": id, "task": "t", "iteration": 1000}));
    assert_eq!(last(), Some(1000));
    ann.ok("models.update", json!({"model": id, "task": "t", "iteration": 500}));
    assert_eq!(last(), Some(1000));
    let done = ann.ok("models.edit", json!({"model": id, "iteration": 1055}));
    assert_eq!(done, json!({"updated": 0, "fields": {}}));
    assert_eq!((last(), read(&ann, &id)["last_iteration"].clone()), (Some(1055), json!(0)));
}

#[test]
fn case_11_49_models_through_their_task() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let old = ann.clone().at(2, 9);
    let execution = json!({"framework": "Caffe", "model_labels": {"cat": 1}});
    front.task("t", json!({"name": "the task", "execution": execution}));
    let first = json!({"task": "t", "uri": "file:///one", "iteration": 7});
    assert_eq!(ann.clone().at(2, 14).err("models.update_for_task", first.clone()), (301, 1));
    let made = old.ok("models.update_for_task", first);
    assert_eq!(made["created"], true);
    let id = made["id"].as_str().unwrap();
    let outputs = front.value::<String>("SELECT models_output FROM task", []).unwrap();
    let outputs: Value = serde_json::from_str(&outputs).unwrap();
    assert_eq!((&outputs[0]["name"], &outputs[0]["model"]), (&json!("Output Model"), &json!(id)));
    let model = read(&ann, id);
    assert_eq!(
        (&model["ready"], &model["task"], &model["name"]),
        (&json!(false), &json!("t"), &json!("the task"))
    );
    assert_eq!((&model["framework"], &model["labels"]), (&json!("Caffe"), &json!({"cat": 1})));
    assert_eq!(front.value::<i64>("SELECT last_iteration FROM task", []), Some(7));
    let again = old.ok("models.update_for_task", json!({"task": "t", "uri": "file:///two"}));
    assert_eq!((&again["created"], &again["id"], &again["updated"]), (&json!(false), &json!(id), &json!(1)));
    assert_eq!(read(&ann, id)["uri"], "file:///two");
    let both = json!({"task": "t", "uri": "file:///x", "override_model_id": id});
    assert_eq!(old.err("models.update_for_task", both), (400, 11));
    assert_eq!(old.err("models.update_for_task", json!({"task": "t"})), (400, 11));
    let other = create(&ann, json!({}));
    let set = old.ok("models.update_for_task", json!({"task": "t", "override_model_id": other}));
    assert_eq!(set, json!({"id": other, "created": true}));
    let by_task = old.ok("models.get_by_task_id", json!({"task": "t"}));
    assert_eq!(by_task["model"]["id"], json!(other));
    front.sql("UPDATE task SET status = 'stopped'", []);
    assert_eq!(old.err("models.update_for_task", json!({"task": "t", "uri": "file:///x"})), (400, 110));
}

#[test]
fn case_12_by_task_for_old_clients_only() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t", json!({}));
    assert_eq!(ann.clone().at(2, 9).err("models.get_by_task_id", json!({"task": "t"})), (400, 122));
    assert_eq!(ann.clone().at(2, 9).err("models.get_by_task_id", json!({"task": "nope"})), (400, 101));
    assert_eq!(ann.clone().at(2, 15).err("models.get_by_task_id", json!({"task": "t"})), (301, 1));
}

#[test]
fn case_23_24_54_metadata_keys_hold_anything() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let item = |key: &str| json!({"key": key, "type": "str", "value": "1"});
    let add =
        |items: Value, replace: bool| json!({"model": id, "metadata": items, "replace_metadata": replace});
    assert_eq!(
        ann.ok("models.add_or_update_metadata", add(json!([item("a.b")]), false)),
        json!({"updated": 1})
    );
    assert_eq!(read(&ann, &id)["metadata"], json!({"a.b": item("a.b")}));
    let projected = ann.ok("models.get_all_ex", json!({"only_fields": ["metadata.a%2Eb.value"]}));
    assert_eq!(projected["models"][0]["metadata"]["a.b"]["value"], "1");
    let filtered = |value: &str| {
        let found = ann.ok("models.get_all", json!({"metadata.a%2Eb.value": value}));
        found["models"].as_array().unwrap().len()
    };
    assert_eq!((filtered("1"), filtered("2")), (1, 0));
    ann.ok("models.add_or_update_metadata", add(json!([item(" sp ")]), true));
    assert_eq!(read(&ann, &id)["metadata"], json!({"sp": item(" sp ")}));
    ann.ok("models.edit", json!({"model": id, "metadata": {"k.1": item("k.1")}}));
    assert_eq!(read(&ann, &id)["metadata"], json!({"k.1": item("k.1")}));
    assert_eq!(ann.ok("models.delete_metadata", json!({"model": id, "keys": ["zz"]})), json!({"updated": 1}));
    ann.ok("models.update", json!({"model": id, "metadata": {"x$__": item("x$__")}}));
    assert_eq!(read(&ann, &id)["metadata"], json!({"x$__": item("x$__")}));
    let bad = [
        json!([]),
        json!([item(" ")]),
        json!([{"key": "a", "value": "1"}]),
        json!([{"key": "a", "type": "t", "value": 1}]),
    ];
    for items in bad {
        assert_eq!(ann.err("models.add_or_update_metadata", add(items.clone(), false)), (400, 12), "{items}");
    }
    assert_eq!(ann.err("models.delete_metadata", json!({"model": id, "keys": []})), (400, 12));
    assert_eq!(ann.err("models.delete_metadata", json!({"model": "nope", "keys": ["a"]})), (400, 201));
    let number = json!({"name": "net", "uri": "u", "metadata": {"a": {"key": "a", "type": "t", "value": 1}}});
    assert_eq!(ann.err("models.create", number), (400, 12));
    ann.ok("models.delete_metadata", json!({"model": id, "keys": ["x$__"]}));
    assert_eq!(read(&ann, &id)["metadata"], json!({}));
}

#[test]
fn case_44_edits_replace() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(
        &ann,
        json!({"labels": {"x": 1}, "tags": ["t"], "metadata": {"a": {"key": "a", "type": "t", "value": "v"}}}),
    );
    let edit = |fields: Value| {
        let mut request = json!({"model": id});
        request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        ann.call("models.edit", request).map(|_| ())
    };
    assert_eq!(edit(json!({"labels": {"a": null}})), Err((400, 12)));
    assert_eq!(edit(json!({"name": "ab"})), Err((400, 800)));
    assert_eq!(edit(json!({"metadata": {"a": {"key": "a", "type": 1, "value": "v"}}})), Err((400, 12)));
    edit(json!({"labels": {"a": 1, "b": 1}})).unwrap();
    edit(json!({"labels": {"y": 2}, "tags": [], "metadata": {}})).unwrap();
    let model = read(&ann, &id);
    assert_eq!(
        (&model["labels"], &model["tags"], &model["metadata"]),
        (&json!({"y": 2}), &json!([]), &json!({}))
    );
}

#[test]
fn case_53_update_writes_nulls_and_checks_little() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({"project": project(&ann, "Pro")}));
    let update = |fields: Value| {
        let mut request = json!({"model": id});
        request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        ann.call("models.update", request)
    };
    assert_eq!(update(json!({"ready": false})), Ok(json!({"updated": 0, "fields": {}})));
    assert_eq!(read(&ann, &id)["ready"], true);
    assert_eq!(update(json!({"project": null})).unwrap()["fields"]["project"], Value::Null);
    assert!(read(&ann, &id).get("project").is_none());
    update(json!({"project": "nope"})).unwrap();
    update(json!({"created": "2020-01-01T00:00:00"})).unwrap();
    assert_eq!(read(&ann, &id)["created"], "2020-01-01T00:00:00+00:00");
    assert_eq!(update(json!({"created": "whenever"})), Err((400, 12)));
    assert_eq!(update(json!({"task": "nope"})), Err((400, 101)));
}
