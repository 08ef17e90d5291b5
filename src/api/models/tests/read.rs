//! Lists.

use super::*;

fn ids(data: &Value) -> Vec<&str> {
    data["models"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect()
}

#[test]
fn case_25_26_27_metadata_in_orders_projections_and_old_versions() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let acc = |value: &str| json!({"metadata": {"acc": {"key": "acc", "type": "float", "value": value}}});
    let none = create(&ann, json!({}));
    let ten = create(&ann, acc("10"));
    let two = create(&ann, acc("2"));
    let found = ann.ok("models.get_all", json!({"order_by": ["metadata.acc.value"], "only_fields": ["id"]}));
    assert_eq!(ids(&found), [two.as_str(), &ten, &none]);
    assert_eq!(ann.err("models.get_all", json!({"only_fields": ["metadata.a.b.c"]})), (400, 12));
    let old = ann.clone().at(2, 16).ok("models.get_by_id", json!({"model": ten}));
    assert_eq!(old["model"]["metadata"], json!([]));
}

#[test]
fn case_28_32_projects_with_what_is_below() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let sub = project(&ann, "Pro/Sub");
    let parent = ann.ok("projects.get_all", json!({"name": "^Pro$"}))["projects"][0]["id"].clone();
    create(&ann, json!({"framework": "B", "project": sub}));
    create(&ann, json!({"framework": "A", "project": parent}));
    create(&ann, json!({}));
    let frameworks = |request: Value| ann.ok("models.get_frameworks", request)["frameworks"].clone();
    assert_eq!(frameworks(json!({})), json!(["A", "B"]));
    assert_eq!(frameworks(json!({"projects": [parent]})), json!(["A", "B"]));
    assert_eq!(frameworks(json!({"projects": [sub]})), json!(["B"]));
    let count = |below: bool| {
        let request = json!({"project": [parent], "include_subprojects": below});
        ids(&ann.ok("models.get_all", request)).len()
    };
    assert_eq!((count(false), count(true)), (1, 2));
}

#[test]
fn case_29_30_46_what_rows_hold() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let pro = project(&ann, "Pro");
    let two = create(&ann, json!({"labels": {"a": 1, "b": 2}, "project": pro}));
    let found = ann.ok("models.get_all_ex", json!({"include_stats": true, "only_fields": ["name"]}));
    assert_eq!(found["models"], json!([{"id": two, "name": "net", "stats": {"labels_count": 2}}]));
    let found = ann.ok("models.get_all_ex", json!({"only_fields": ["name", "project.name"]}));
    assert_eq!(found["models"], json!([{"id": two, "name": "net", "project": {"id": pro, "name": "Pro"}}]));
    assert_eq!(
        ann.ok("models.get_all", json!({"only_fields": ["name"]}))["models"],
        json!([{"name": "net"}])
    );
    assert_eq!(ann.ok("models.get_all", json!({}))["models"][0]["project"], json!(pro));
    assert_eq!(ann.err("models.get_all", json!({"only_fields": ["nosuch"]})), (400, 14));
    let whole = ann.ok("models.get_by_id", json!({"model": two, "only_fields": ["name"]}));
    assert_eq!(whole["model"]["uri"], "file:///a");
}

#[test]
fn case_31_47_by_ids() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    assert_eq!(ann.err("models.get_by_id_ex", json!({})), (400, 11));
    assert_eq!(ann.ok("models.get_by_id_ex", json!({"id": ["nope"]}))["models"], json!([]));
    assert_eq!(ids(&ann.ok("models.get_by_id_ex", json!({"id": id}))), [&id]);
    assert_eq!(ids(&ann.ok("models.get_by_id_ex", json!({"id": []}))), [&id]);
}

#[test]
fn case_33_34_36_conditions() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({"uri": "s3://b/m.pt"}));
    create(&ann, json!({"uri": "s3://b/m.pt.other"}));
    assert_eq!(ids(&ann.ok("models.get_all", json!({"uri": ["s3://b/m.pt"]}))), [&id]);
    let count = |request: Value| ids(&ann.ok("models.get_all", request)).len();
    assert_eq!(count(json!({"last_update": [">2020-01-01T00:00:00"]})), 2);
    let recent =
        json!({"_or_": {"fields": ["last_update", "last_change"], "datetime": [">2020-01-01T00:00:00"]}});
    assert_eq!(count(recent), 2);
    front.sql("INSERT INTO metric_variant VALUES (1, 'm', 'v', 'aa', 'bb')", []);
    let value = "INSERT INTO model_metric (model, metric_variant, value, value_iteration, value_timestamp, min_value,
        min_value_iteration, max_value, max_value_iteration, first_value, first_value_iteration, count, total, company)
        SELECT seq, 1, 0.7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, company FROM model WHERE id = ?1";
    front.sql(value, [&id]);
    assert_eq!(count(json!({"last_metrics.aa.bb.value": ["0.5", null]})), 1);
    assert_eq!(count(json!({"last_metrics.aa.bb.value": ["0.8", null]})), 0);
    assert_eq!(count(json!({"ready": false})), 0);
    assert_eq!(count(json!({"ready": true})), 2);
}

#[test]
fn case_48_references_to_what_is_gone() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let fields = json!({"id": [id], "only_fields": ["task.name", "project.name"]});
    assert!(ann.ok("models.get_all_ex", fields.clone())["models"][0].get("task").is_none());
    front.sql("UPDATE model SET task = '__DELETED__x', project = 'gone'", []);
    let model = ann.ok("models.get_all_ex", fields)["models"][0].clone();
    assert_eq!((&model["task"], &model["project"]), (&json!({"id": "__DELETED__x"}), &json!({"id": "gone"})));
}

#[test]
fn another_tenant_reaches_nothing() {
    let front = FrontDoor::open();
    front.tenant("other");
    let id = create(&front.ann(), json!({}));
    let zoe = front.visitor("other", "zoe");
    for (call, request) in [
        ("models.get_by_id", json!({"model": id})),
        ("models.edit", json!({"model": id, "name": "mine"})),
        ("models.update", json!({"model": id, "name": "mine"})),
        ("models.set_ready", json!({"model": id})),
        ("models.delete", json!({"model": id, "force": true})),
        (
            "models.add_or_update_metadata",
            json!({"model": id, "metadata": [{"key": "a", "type": "t", "value": "v"}]}),
        ),
    ] {
        assert_eq!(zoe.err(call, request), (400, 201), "{call}");
    }
    assert_eq!(zoe.ok("models.get_all", json!({"id": [id]}))["models"], json!([]));
    assert_eq!(zoe.ok("models.update_tags", json!({"ids": [id], "add_tags": ["x"]})), json!({"updated": 0}));
    zoe.ok("models.move", json!({"ids": [id], "project": null}));
    assert_eq!(front.value::<String>("SELECT tags FROM model", []).as_deref(), Some("[]"));
}
