//! Tags, names of metrics and parameters, parents, people.

use super::*;

#[test]
fn case_33_tags_of_tasks_and_projects() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let sub = create(&ann, "Pro/Sub");
    let id = id_of(&ann, "Pro");
    front.task("t1", json!({"project": id, "tags": ["b"]}));
    front.task("t2", json!({"project": sub, "tags": ["a", "b"], "system_tags": ["x"]}));
    front.task("t3", json!({"tags": ["elsewhere"]}));
    let tags = |request: Value| ann.ok("projects.get_task_tags", request);
    assert_eq!(tags(json!({"projects": [id]})), json!({"tags": ["a", "b"]}));
    let filtered = json!({"projects": [id], "filter": {"system_tags": ["__$not", "x"]}});
    assert_eq!(tags(filtered), json!({"tags": ["b"]}));
    let all = tags(json!({"include_system": true}));
    assert_eq!(all, json!({"tags": ["a", "b", "elsewhere"], "system_tags": ["x"]}));
    ann.ok("projects.update", json!({"project": sub, "tags": ["p"], "system_tags": ["s"]}));
    let projects = |request: Value| ann.ok("projects.get_project_tags", request);
    assert_eq!(projects(json!({"projects": [id]})), json!({"tags": ["p"], "system_tags": []}));
    let system = projects(json!({"projects": [id], "include_system": true}));
    assert_eq!(system, json!({"tags": ["p"], "system_tags": ["s"]}));
    model(&ann, json!({"project": sub, "tags": ["m"]}));
    assert_eq!(ann.ok("projects.get_model_tags", json!({"projects": [id]})), json!({"tags": ["m"]}));
}

#[test]
fn case_34_tags_follow_a_moved_task_at_once() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (from, to) = (create(&ann, "From"), create(&ann, "Into"));
    front.task("t1", json!({"project": from, "tags": ["a"]}));
    let tags = |id: &str| ann.ok("projects.get_task_tags", json!({"projects": [id]}))["tags"].clone();
    assert_eq!(tags(&from), json!(["a"]));
    front.sql("UPDATE task SET project = ?1", [&to]);
    assert_eq!((tags(&from), tags(&to)), (json!([]), json!(["a"])));
}

/// Gives a task or model a last value.
fn metric(front: &FrontDoor, side: &str, owner: &str, metric: &str, variant: &str) {
    let hash = |text: &str| {
        use md5::Digest as _;
        md5::Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    front.sql(
        "INSERT INTO metric_variant (metric, variant, metric_hash, variant_hash) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        [metric, variant, &hash(metric), &hash(variant)],
    );
    let sql = format!(
        "INSERT INTO {side}_metric ({side}, metric_variant, value, value_iteration, value_timestamp, min_value, min_value_iteration,
             max_value, max_value_iteration, first_value, first_value_iteration, count, total, company, project)
         SELECT o.seq, n.id, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, o.company, o.project
         FROM {side} o, metric_variant n WHERE o.id = ?1 AND n.metric = ?2 AND n.variant = ?3"
    );
    assert_eq!(front.sql(&sql, [owner, metric, variant]), 1);
}

#[test]
fn case_35_names_of_metrics() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Pro");
    front.task("t1", json!({"project": id}));
    front.task("t2", json!({"project": id}));
    front.task("t3", json!({}));
    let m = model(&ann, json!({}));
    metric(&front, "task", "t1", "loss", "train");
    metric(&front, "task", "t2", "loss", "train");
    metric(&front, "task", "t3", "acc", "top1");
    metric(&front, "model", &m, "size", "mb");
    let found = |request: Value| ann.ok("projects.get_unique_metric_variants", request)["metrics"].clone();
    let loss = json!({
        "metric": "loss", "metric_hash": "81513effdf5790b79549208838404407",
        "variant": "train", "variant_hash": "61b3a8faa9c1091806675c230a9abe64",
    });
    assert_eq!(found(json!({"project": id})), json!([loss]));
    assert_eq!(found(json!({}))[1], loss);
    assert_eq!(found(json!({}))[0]["metric"], "acc");
    let root = found(json!({"project": null, "include_subprojects": false}));
    assert_eq!((root.as_array().unwrap().len(), &root[0]["metric"]), (1, &json!("acc")));
    assert_eq!(found(json!({"model_metrics": true}))[0]["metric"], "size");
    assert_eq!(found(json!({"project": "nope"})), json!([]));
    assert_eq!(found(json!({"ids": ["t3"]})).as_array().unwrap().len(), 1);
}

fn lr(value: &str) -> Value {
    json!({"Args": {"lr": {"section": "Args", "name": "lr", "value": value}}, "General": {"a.b": {"name": "a.b", "value": "1"}}})
}

#[test]
fn case_36_names_of_parameters() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Pro");
    front.task("t1", json!({"project": id, "hyperparams": lr("1")}));
    let expected = json!({
        "parameters": [{"section": "Args", "name": "lr"}, {"section": "General", "name": "a.b"}], "total": 2, "remaining": 0,
    });
    assert_eq!(ann.ok("projects.get_hyper_parameters", json!({"project": null})), expected);
    assert_eq!(ann.ok("projects.get_hyper_parameters", json!({"project": id, "page_size": 5000})), expected);
    let page = ann.ok("projects.get_hyper_parameters", json!({"project": id, "page": 0, "page_size": 1}));
    assert_eq!((&page["total"], &page["remaining"]), (&json!(2), &json!(1)));
}

#[test]
fn case_37_values_of_parameters_sort_as_numbers() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Pro");
    for (n, value) in ["10", "2", "0.1", "2"].into_iter().enumerate() {
        front.task(&format!("t{n}"), json!({"project": id, "hyperparams": lr(value)}));
    }
    front.task("root", json!({"hyperparams": lr("77")}));
    let found = |request: Value| ann.ok("projects.get_hyperparam_values", request);
    let of = |projects: Value| json!({"section": "Args", "name": "lr", "projects": projects});
    assert_eq!(found(of(json!([id]))), json!({"total": 3, "values": ["0.1", "2", "10"]}));
    assert_eq!(found(of(json!([])))["total"], 4);
    assert_eq!(found(of(json!([null]))), json!({"total": 1, "values": ["77"]}));
    let mut request = of(json!([id]));
    request["pattern"] = json!("^1");
    assert_eq!(found(request.clone()), json!({"total": 1, "values": ["10"]}));
    request["pattern"] = json!("(");
    assert_eq!(ann.err("projects.get_hyperparam_values", request.clone()), (400, 21));
    request["projects"] = json!(["nope"]);
    assert_eq!(ann.err("projects.get_hyperparam_values", request), (400, 21));
    assert_eq!(ann.err("projects.get_hyperparam_values", json!({"section": "Args"})), (400, 12));
}

#[test]
fn case_38_parents_of_tasks() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Pro");
    front.task("b", json!({"name": "Bbb", "project": id}));
    front.task("a", json!({"name": "Aaa"}));
    front.task("c1", json!({"parent": "a", "project": id, "system_tags": ["archived"]}));
    front.task("c2", json!({"parent": "b", "project": id, "system_tags": ["archived"]}));
    front.task("c3", json!({"parent": "gone", "project": id}));
    let found = |request: Value| ann.ok("projects.get_task_parents", request)["parents"].clone();
    assert_eq!(found(json!({"projects": [id], "tasks_state": "active"})), json!([]));
    let both =
        json!([{"id": "a", "name": "Aaa"}, {"id": "b", "name": "Bbb", "project": {"id": id, "name": "Pro"}}]);
    assert_eq!(found(json!({"projects": [id], "tasks_state": "archived"})), both);
    assert_eq!(found(json!({})), both);
    assert_eq!(found(json!({"task_name": "^A"})), json!([{"id": "a", "name": "Aaa"}]));
}

#[test]
fn case_39_names_of_people() {
    let front = FrontDoor::open();
    front.person("acme", "bob", "Bob");
    let ann = front.ann();
    let id = create(&ann, "Pro");
    front.task("t1", json!({"project": id, "user": "bob"}));
    model(&ann, json!({"project": id}));
    let found = |entity: &str| {
        ann.ok("projects.get_user_names", json!({"projects": [id], "entity": entity}))["users"].clone()
    };
    assert_eq!(found("model"), json!([{"id": "ann", "name": "Ann"}]));
    assert_eq!(found("task"), json!([{"id": "bob", "name": "Bob"}]));
}

#[test]
fn case_70_metadata_of_models() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let sub = create(&ann, "Pro/Sub");
    let id = id_of(&ann, "Pro");
    let item = |key: &str, value: &str| json!({key: {"key": key, "type": "str", "value": value}});
    model(&ann, json!({"project": id, "metadata": item("k.1", "10")}));
    model(&ann, json!({"project": sub, "metadata": item("k.1", "9")}));
    model(&ann, json!({"project": sub, "metadata": item("aa", "x")}));
    let keys = ann.ok("projects.get_model_metadata_keys", json!({"project": id}));
    assert_eq!(keys, json!({"keys": ["aa", "k.1"], "total": 2, "remaining": 0}));
    let found =
        |key: &str| ann.ok("projects.get_model_metadata_values", json!({"projects": [id], "key": key}));
    assert_eq!(found("k.1"), json!({"total": 2, "values": ["9", "10"]}));
    assert_eq!(found("zz"), json!({"total": 0, "values": []}));
    assert_eq!(ann.err("projects.get_model_metadata_values", json!({})), (400, 12));
}
