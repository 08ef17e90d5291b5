//! Acceptance cases of spec/protocol.md 56, 72, 74 and spec/tasks.md 6, 60, 66, 67, 73, 75, 79.

use super::*;

fn yard() -> Connection {
    let conn = database();
    insert(&conn, "project", json!({"id": "p", "name": "top"}));
    insert(&conn, "project", json!({"id": "q", "name": "top/sub", "parent": "p", "path": ["p"]}));
    let task = json!({
        "id": "T", "name": "demo", "project": "q", "created": 1_714_979_289_123_i64, "execution_queue": "gone",
        "hyperparams": {"Args": {"lr": {"section": "Args", "name": "lr", "value": "0.1"}}},
        "script": {"repository": "r", "diff": "d"},
        "artifacts": [{"key": "z", "type": "t"}, {"key": "a", "type": "t", "mode": "input"}],
        "models_input": [{"name": "in", "model": "M", "updated": 0}],
    });
    insert(&conn, "task", task);
    insert(&conn, "model", json!({"id": "M", "name": "net", "uri": "http://m"}));
    insert(&conn, "task", json!({"id": "C", "parent": "__DELETED__x"}));
    insert(&conn, "task", json!({"id": "K", "parent": "T"}));
    conn
}

fn one(conn: &Connection, expanded: bool, id: &str, fields: Value) -> Value {
    let request = json!({"id": [id], "only_fields": fields});
    let found = search(conn, &TASK, expanded, request).unwrap().documents;
    Value::Object(found.into_iter().next().unwrap())
}

#[test]
fn a_fresh_task_has_all_its_defaults() {
    let conn = database();
    insert(&conn, "task", json!({"id": "T", "name": "demo", "last_changed_by": "ann"}));
    let stamp = "1970-01-01T00:00:00.001000+00:00";
    let expected = json!({
        "id": "T", "company": "c1", "user": "ann", "name": "demo", "type": "training", "status": "created",
        "report_assets": [], "created": stamp, "output": {},
        "execution": {"test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "artifacts": []},
        "tags": [], "system_tags": [],
        "script": {"binary": "python", "repository": "", "entry_point": "", "requirements": {}},
        "last_update": stamp, "last_change": stamp, "last_changed_by": "ann",
        "last_iteration": 0, "last_metrics": {}, "unique_metrics": [], "metric_stats": {},
        "hyperparams": {}, "configuration": {}, "runtime": {},
        "models": {"input": [], "output": []}, "container": {},
    });
    let read = by_id(&conn, &scope(), &TASK, "T", Access::Read, Version::CURRENT).unwrap().unwrap();
    assert_eq!(Value::Object(read), expected);
    let mut listed = expected;
    listed.as_object_mut().unwrap().remove("unique_metrics");
    assert_eq!(get_all(&conn, json!({})), [listed]);
}

#[test]
fn case_56_72_get_all_returns_exactly_what_is_listed() {
    let conn = yard();
    for (fields, expected) in [
        (json!(["name"]), json!({"name": "demo"})),
        (json!("name"), json!({"name": "demo"})),
        (json!(["runtime.nope", "status"]), json!({"runtime": {}, "status": "created"})),
        (json!(["script.branch"]), json!({"script": {}})),
        (json!(["script.diff"]), json!({"script": {"diff": "d"}})),
        (json!(["hyperparams.Args.nope.value"]), json!({"hyperparams": {"Args": {}}})),
        (json!(["hyperparams.Nope.nope.value"]), json!({"hyperparams": {}})),
        (json!(["project", "parent"]), json!({"project": "q"})),
        (json!(["execution.queue"]), json!({"execution": {"queue": "gone"}})),
        (
            json!(["execution.artifacts.key"]),
            json!({"execution": {"artifacts": [{"key": "a"}, {"key": "z"}]}}),
        ),
        (json!(["models.input.name"]), json!({"models": {"input": [{"name": "in"}]}})),
        (
            json!(["script", "script.diff"]),
            json!({"script": {"binary": "python", "repository": "r", "entry_point": "", "requirements": {}, "diff": "d"}}),
        ),
    ] {
        assert_eq!(one(&conn, false, "T", fields.clone()), expected, "{fields}");
    }
    for bad in ["nosuch", "execution.nosuch", "project.name", "status.x", ".*"] {
        assert_eq!(refused(&conn, json!({"only_fields": [bad]})), ErrorKind::InvalidFields, "{bad}");
    }
    let without = one(&conn, false, "T", json!(["-script", "-execution.artifacts"]));
    assert!(without.get("script").is_none() && without["execution"].get("artifacts").is_none());
    assert_eq!((&without["name"], &without["execution"]["test_split"]), (&json!("demo"), &json!(0)));
}

#[test]
fn a_whole_section_is_read_with_its_parts() {
    let conn = yard();
    let execution = json!({
        "test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "queue": "gone",
        "artifacts": [
            {"key": "a", "type": "t", "mode": "input", "display_data": []},
            {"key": "z", "type": "t", "mode": "output", "display_data": []},
        ],
    });
    assert_eq!(
        one(&conn, false, "T", json!(["execution", "execution.queue"])),
        json!({"execution": execution})
    );
    assert_eq!(
        one(&conn, false, "T", json!(["models"])),
        json!({"models": {"input": [{"name": "in", "model": "M", "updated": "1970-01-01T00:00:00+00:00"}], "output": []}})
    );
}

#[test]
fn case_56_72_get_all_ex_expands_references() {
    let conn = yard();
    for (id, fields, expected) in [
        (
            "T",
            json!(["name", "project.name", "user"]),
            json!({"id": "T", "name": "demo", "project": {"id": "q", "name": "top/sub"}, "user": {"id": "ann"}}),
        ),
        (
            "T",
            json!(["project", "project.name"]),
            json!({"id": "T", "project": {"id": "q", "name": "top/sub"}}),
        ),
        ("T", json!(["name", "status", "-status"]), json!({"id": "T", "name": "demo", "status": "created"})),
        ("T", json!(["parent.project.name"]), json!({"id": "T"})),
        (
            "K",
            json!(["parent.project.name"]),
            json!({"id": "K", "parent": {"id": "T", "project": {"id": "q", "name": "top/sub"}}}),
        ),
        ("C", json!(["parent.name"]), json!({"id": "C", "parent": {"id": "__DELETED__x"}})),
        ("T", json!(["execution.queue.name"]), json!({"id": "T", "execution": {"queue": {"id": "gone"}}})),
        (
            "T",
            json!(["models.input.model.uri"]),
            json!({"id": "T", "models": {"input": [{"model": {"id": "M", "uri": "http://m"}}]}}),
        ),
        (
            "T",
            json!(["company.name", "user.name"]),
            json!({"id": "T", "company": {"id": "c1", "name": "Acme"}, "user": {"id": "ann", "name": "Ann Lee"}}),
        ),
        ("T", json!(["unique_metrics"]), json!({"id": "T", "unique_metrics": []})),
        ("T", json!(["runtime.*"]), json!({"id": "T", "runtime": {}})),
    ] {
        assert_eq!(one(&conn, true, id, fields.clone()), expected, "{fields}");
    }
    let whole = one(&conn, true, "T", json!(["project.*"]));
    assert_eq!(whole["project"]["company"], json!({"id": "c1"}));
    assert_eq!((&whole["project"]["name"], &whole["project"]["path"]), (&json!("top/sub"), &json!(["p"])));
    assert_eq!(whole["project"]["parent"], json!({"id": "p"}));
    let all = &get_all_ex(&conn, json!({"id": ["T"]}))[0];
    assert_eq!((&all["project"], &all["execution"]["queue"]), (&json!({"id": "q"}), &json!({"id": "gone"})));
    assert_eq!(all["models"]["input"][0]["model"], json!({"id": "M"}));
    for bad in ["nosuch", "project.nosuch", ".*", "nosuch.*"] {
        let error = search(&conn, &TASK, true, json!({"id": ["T"], "only_fields": [bad]})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidFields, "{bad}");
    }
    assert!(search(&conn, &TASK, true, json!({"id": ["C"], "only_fields": ["project.nosuch"]})).is_ok());
}

#[test]
fn joins_stay_inside_the_scope() {
    let conn = yard();
    insert(&conn, "project", json!({"id": "foreign", "name": "secret", "company": "c2"}));
    insert(&conn, "task", json!({"id": "X", "project": "foreign", "user": "eve", "parent": "T"}));
    let fields = json!(["project.name", "user.name", "parent.name"]);
    assert_eq!(
        one(&conn, true, "X", fields),
        json!({"id": "X", "project": {"id": "foreign"}, "user": {"id": "eve"}, "parent": {"id": "T", "name": "demo"}})
    );
}

#[test]
fn case_74_a_public_task_has_an_empty_company() {
    let conn = yard();
    conn.execute("UPDATE task SET company = '' WHERE id = 'T'", []).unwrap();
    assert_eq!(
        one(&conn, true, "T", json!(["name", "company.name", "project.name"])),
        json!({"id": "T", "name": "demo", "company": {}, "project": {"id": "q", "name": "top/sub"}})
    );
    assert_eq!(one(&conn, false, "T", json!(["company"])), json!({"company": ""}));
}

#[test]
fn the_task_table_of_the_web_application() {
    let conn = yard();
    insert(&conn, "task", json!({"id": "N", "name": "new one", "project": "p"}));
    let request = json!({
        "project": ["p"], "scroll_id": null, "size": 2, "order_by": ["-last_update"],
        "only_fields": ["name", "company", "project.name", "user.name", "started", "parent.name", "runtime.progress",
            "models.input.model.name", "last_metrics.a.b.value"],
        "system_tags": ["__$not", "archived"],
    });
    let found = search(&conn, &TASK, true, request).unwrap();
    assert!(found.scroll_id.is_some());
    assert_eq!(
        found.documents,
        [object(json!({
            "id": "N", "name": "new one", "company": {"id": "c1"}, "project": {"id": "p", "name": "top"},
            "user": {"id": "ann", "name": "Ann Lee"}, "runtime": {}, "models": {"input": []}, "last_metrics": {},
        }))]
    );
}

#[test]
fn last_metrics_are_assembled_from_their_rows() {
    let conn = yard();
    metric(&conn, "T", "loss", "train", 0.5);
    metric(&conn, "T", "loss", "test", 0.7);
    let summary = json!({
        "metric": "loss", "variant": "train", "value": 0.5, "min_value": 0.5, "min_value_iteration": 1,
        "max_value": 0.5, "max_value_iteration": 1, "first_value": 0.5, "first_value_iteration": 1,
        "count": 2, "mean_value": 0.5,
    });
    assert_eq!(
        one(&conn, false, "T", json!(["last_metrics.loss.train"])),
        json!({"last_metrics": {"loss": {"train": summary}}})
    );
    assert_eq!(
        one(&conn, false, "T", json!(["last_metrics.loss.test.value", "last_metrics.nope.x.value"])),
        json!({"last_metrics": {"loss": {"test": {"value": 0.7}}}})
    );
    assert_eq!(
        one(&conn, false, "T", json!(["unique_metrics"])),
        json!({"unique_metrics": ["loss/test", "loss/train"]})
    );
}

#[test]
fn queues_show_their_entries_in_order() {
    let conn = yard();
    insert(&conn, "queue", json!({"id": "Q", "name": "gpu"}));
    for (position, task) in [(2, "T"), (1, "K"), (3, "unknown")] {
        conn.execute(
            "INSERT INTO queue_entry (queue, task, position, added, submitter, company) VALUES ('Q', ?1, ?2, 0, 'ann', 'c1')",
            params![task, position],
        )
        .unwrap();
    }
    let queue = &crate::store::query::QUEUE;
    let read = |request: Value| {
        let options = FindOptions {
            expanded: true,
            projection: Some(&["*", "entries.task.name"]),
            ..FindOptions::default()
        };
        find(&conn, &scope(), Millis(0), queue, &object(request), &options).unwrap().documents.pop().unwrap()
    };
    let added = "1970-01-01T00:00:00+00:00";
    assert_eq!(
        read(json!({}))["entries"],
        json!([
            {"task": {"id": "K", "name": "K"}, "added": added},
            {"task": {"id": "T", "name": "demo"}, "added": added},
            {"task": {"id": "unknown"}, "added": added},
        ])
    );
    assert_eq!(read(json!({"max_task_entries": 1}))["entries"].as_array().unwrap().len(), 1);
    assert_eq!(read(json!({"max_task_entries": -1}))["entries"][0]["task"]["id"], "unknown");
    assert_eq!(read(json!({}))["metadata"], json!({}));
}

#[test]
fn preferences_show_only_when_named() {
    let conn = database();
    let user = &crate::store::query::USER;
    let read = |request: Value| search(&conn, user, false, request).unwrap().documents;
    assert_eq!(read(json!({})).len(), 1);
    assert!(read(json!({}))[0].get("preferences").is_none());
    assert_eq!(read(json!({"only_fields": ["preferences"]}))[0]["preferences"], json!({}));
}
