//! Acceptance cases of spec/protocol.md 45-55, 57, 69, 71, 73, 74 and spec/tasks.md 58-63, 72, 74.

use super::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 1_704_067_200_000; // 2024-01-01

fn tagged() -> Connection {
    let conn = database();
    insert(&conn, "task", json!({"id": "T1", "tags": ["a"]}));
    insert(&conn, "task", json!({"id": "T2", "tags": ["b", "a"]}));
    insert(&conn, "task", json!({"id": "T3"}));
    conn
}

#[test]
fn case_45_46_list_grammar_selects_by_tags() {
    let conn = tagged();
    for (tags, expected) in [
        (json!(["a"]), &["T1", "T2"][..]),
        (json!("b"), &["T2"]),
        (json!(["__$all", "a", "b"]), &["T2"]),
        (json!(["a", "-b"]), &["T1"]),
        (json!([null]), &["T3"]),
        (json!(["b", null]), &["T2", "T3"]),
        (json!(["__$or", "b", "__$not", "a"]), &["T2", "T3"]),
        (json!(["__$not", "b"]), &["T1", "T3"]),
        (json!(["__$not", null, "b"]), &["T2", "T3"]),
        (json!([]), &["T1", "T2", "T3"]),
        (Value::Null, &["T1", "T2", "T3"]),
    ] {
        assert_eq!(tasks(&conn, json!({"tags": tags})), expected, "{tags}");
    }
    for bad in [json!(["__$foo"]), json!(["__$not"]), json!([5])] {
        assert_eq!(refused(&conn, json!({"tags": bad})), ErrorKind::FieldsValueError);
    }
}

#[test]
fn lists_work_on_plain_fields_too() {
    let conn = tagged();
    insert(&conn, "task", json!({"id": "T4", "status": "queued", "execution_queue": "q1", "parent": "T1"}));
    assert_eq!(tasks(&conn, json!({"status": ["-created"]})), ["T4"]);
    assert_eq!(tasks(&conn, json!({"status": ["__$all", "queued"]})), ["T4"]);
    assert_eq!(tasks(&conn, json!({"status": ["__$all", "queued", "created"]})), [""; 0]);
    assert_eq!(tasks(&conn, json!({"execution.queue": "q1"})), ["T4"]);
    assert_eq!(tasks(&conn, json!({"parent": ["-T1"]})), ["T1", "T2", "T3"]);
    assert_eq!(tasks(&conn, json!({"parent": [null], "id": ["T3", "T4"]})), ["T3"]);
    let many: Vec<String> = (0..5000).map(|n| format!("x{n}")).chain(["T2".to_owned()]).collect();
    assert_eq!(tasks(&conn, json!({"id": many})), ["T2"]);
}

#[test]
fn case_47_filters_object_joins_its_parts() {
    let conn = tagged();
    for (filter, expected) in [
        (json!({"any": {"exclude": ["a", "b"]}}), &["T1", "T3"][..]),
        (json!({"all": {"exclude": ["a"]}}), &["T3"]),
        (json!({"any": {"include": ["a", "b"]}}), &["T1", "T2"]),
        (json!({"all": {"include": ["a", "b"]}}), &["T2"]),
        (json!({"any": {"include": ["b", null]}}), &["T2", "T3"]),
        (json!({"all": {"exclude": ["b", null]}}), &["T1"]),
        (json!({"any": {"include": ["b"]}, "all": {"exclude": ["a"]}, "op": "or"}), &["T2", "T3"]),
        (json!({}), &["T1", "T2", "T3"]),
    ] {
        let request = json!({"filters": {"tags": filter, "nosuch": 5}, "tags": ["ignored"]});
        assert_eq!(tasks(&conn, request), expected, "{filter}");
    }
    assert_eq!(refused(&conn, json!({"filters": {"tags": {"x": 1}}})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"filters": ["a"]})), ErrorKind::FieldsValueError);
}

#[test]
fn case_48_49_patterns_mind_case_and_multi_field_patterns_do_not() {
    let conn = database();
    for (id, name) in [("T1", "abcdef"), ("T2", "ABCDEF"), ("T3", "my project/sub-one")] {
        insert(
            &conn,
            "task",
            json!({"id": id, "name": name, "tags": [name], "models_input": [{"name": "m", "model": name}]}),
        );
    }
    assert_eq!(tasks(&conn, json!({"name": "^abc"})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"name": "(?i)^abc"})), ["T1", "T2"]);
    assert_eq!(tasks(&conn, json!({"_any_": {"fields": ["name"], "pattern": "^abc"}})), ["T1", "T2"]);
    assert_eq!(tasks(&conn, json!({"_or_": {"fields": ["comment", "tags"], "pattern": "PROJECT"}})), ["T3"]);
    assert_eq!(tasks(&conn, json!({"_all_": {"fields": ["name", "comment"], "pattern": "abc"}})), [""; 0]);
    assert_eq!(tasks(&conn, json!({"_any_": {"fields": ["models.input.model"], "pattern": "sub"}})), ["T3"]);
    assert_eq!(tasks(&conn, json!({"models.input.model": ["abcdef"]})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"name": r"^my\ project/sub\-one$"})), ["T3"]);
    assert_eq!(tasks(&conn, json!({"name": "^(?!abc)"})), ["T2", "T3"]);
    assert_eq!(tasks(&conn, json!({"name": ""})).len(), 3);
    assert_eq!(tasks(&conn, json!({"_any_": {"fields": [], "pattern": "x"}})).len(), 3);
    assert_eq!(refused(&conn, json!({"name": "("})), ErrorKind::InvalidRegexError);
    assert_eq!(
        refused(&conn, json!({"_any_": {"fields": ["name"], "pattern": "("}})),
        ErrorKind::InvalidRegexError
    );
    for bad in [
        json!({"pattern": "x"}),
        json!({"fields": ["name"], "pattern": "x", "datetime": "2024-01-01"}),
        json!(5),
    ] {
        assert_eq!(refused(&conn, json!({"_any_": bad})), ErrorKind::FieldsValueError);
    }
    assert_eq!(
        refused(&conn, json!({"_any_": {"fields": ["nosuch"], "pattern": "x"}})),
        ErrorKind::InvalidFields
    );
}

#[test]
fn a_runaway_pattern_fails_the_request_and_not_the_server() {
    let conn = database();
    insert(&conn, "task", json!({"id": "T1", "name": "a".repeat(80)}));
    assert_eq!(refused(&conn, json!({"name": r"^(a|a)*\1?(?!b)c$"})), ErrorKind::InvalidRegexError);
}

#[test]
fn case_50_51_71_dates_compare_and_range() {
    let conn = database();
    insert(&conn, "task", json!({"id": "T1", "last_update": DAY, "started": DAY}));
    insert(&conn, "task", json!({"id": "T2", "last_update": DAY + 12 * HOUR}));
    insert(&conn, "task", json!({"id": "T3", "last_update": DAY + 24 * HOUR}));
    let by = |value: Value| tasks(&conn, json!({"last_update": value}));
    assert_eq!(by(json!([">=2024-01-01", "<2024-01-02"])), ["T1", "T2"]);
    assert_eq!(by(json!(["2024-01-01", "2024-01-02"])), ["T1", "T2", "T3"]);
    assert_eq!(by(json!(["garbage"])).len(), 3);
    assert_eq!(by(json!([null, "2024-01-01T12:00:00"])), ["T1", "T2"]);
    assert_eq!(by(json!(["2024-01-01T12:00:00", null])), ["T2", "T3"]);
    assert_eq!(by(json!(["x", "y"])), [""; 0]);
    assert_eq!(by(json!(["2024-01-01"])), ["T1"]);
    assert_eq!(by(json!("2024-01-01")), ["T1"]);
    assert_eq!(tasks(&conn, json!({"started": ["x", "y"]})), ["T2", "T3"]);
    assert_eq!(tasks(&conn, json!({"started": [null, "2030-01-01"]})).len(), 3);
    assert_eq!(tasks(&conn, json!({"started": ["2020-01-01", null]})), ["T1"]);
    let any =
        json!({"_any_": {"fields": ["status_changed", "last_update", "name"], "datetime": ">2024-01-01"}});
    assert_eq!(tasks(&conn, any), ["T2", "T3"]);
    assert_eq!(refused(&conn, json!({"created": ["2024-01-01"]})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"last_update": [null, null]})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"last_update": [null]})), ErrorKind::FieldsValueError);
}

#[test]
fn number_ranges_include_missing_only_without_a_lower_end() {
    let conn = database();
    for (id, duration) in [("T1", json!(3)), ("T2", json!(7)), ("T3", Value::Null)] {
        insert(&conn, "task", json!({"id": id, "active_duration": duration}));
    }
    metric(&conn, "T1", "loss", "train", 0.5);
    assert_eq!(tasks(&conn, json!({"active_duration": [0, 5]})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"active_duration": [null, "5"]})), ["T1", "T3"]);
    assert_eq!(tasks(&conn, json!({"last_metrics.loss.train.value": ["0.1", 0.5]})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"last_metrics.loss.train.mean_value": [0.5, null]})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"last_metrics.loss.train.value": [null, 0.1]})), ["T2", "T3"]);
    assert_eq!(refused(&conn, json!({"active_duration": ["x", 5]})), ErrorKind::ValidationError);
}

#[test]
fn runtime_is_compared_with_its_type() {
    let conn = database();
    let runtime = json!({"progress": 50, "f": 1.5, "b": true, "l": [1], "o": {"a": null}, "_p": "x", "a.b": 1, "q\"\\'": "odd"});
    insert(&conn, "task", json!({"id": "T1", "runtime": runtime}));
    insert(&conn, "task", json!({"id": "T2", "runtime": {"progress": "50", "b": 1}}));
    for (key, value, expected) in [
        ("runtime.progress", json!(50), &["T1"][..]),
        ("runtime.progress", json!("50"), &["T2"]),
        ("runtime.f", json!(1.5), &["T1"]),
        ("runtime.b", json!(true), &["T1"]),
        ("runtime.b", json!(1), &["T2"]),
        ("runtime.l", json!([1]), &["T1"]),
        ("runtime._p", json!("x"), &["T1"]),
        ("runtime.q\"\\'", json!("odd"), &["T1"]),
        ("runtime.nope", json!("x"), &[]),
    ] {
        assert_eq!(tasks(&conn, json!({key: value})), expected, "{key} {value}");
    }
    assert_eq!(get_all(&conn, json!({"id": ["T1"], "only_fields": ["runtime"]}))[0]["runtime"], runtime);
}

#[test]
fn case_52_pages_have_limits() {
    let conn = database();
    for n in 0..510 {
        insert(&conn, "task", json!({"id": format!("{n:04}")}));
    }
    assert_eq!(tasks(&conn, json!({})).len(), 500);
    assert_eq!(tasks(&conn, json!({"page_size": 1000})).len(), 500);
    assert_eq!(tasks(&conn, json!({"page": 1, "page_size": "500"})).len(), 10);
    assert_eq!(tasks(&conn, json!({"page": 9})).len(), 0);
    assert_eq!(tasks(&conn, json!({"page": null, "page_size": null})).len(), 510);
    assert_eq!(
        tasks(&conn, json!({"start": 5, "size": 505})),
        tasks(&conn, json!({"page": null, "page_size": null}))[5..]
    );
    assert_eq!(refused(&conn, json!({"page": -1})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"page_size": 0})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"page": "x"})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"page": 0, "page_size": null})), ErrorKind::MissingRequiredFields);
    assert_eq!(refused(&conn, json!({"start": 0})), ErrorKind::ValidationError);
    assert_eq!(tasks(&conn, json!({"page": i64::MAX, "page_size": 1})).len(), 0);
}

#[test]
fn case_53_73_missing_values_come_last_in_both_directions() {
    let conn = database();
    for n in 0..20 {
        let started = if n % 4 == 0 { json!(DAY - n) } else { Value::Null };
        insert(&conn, "task", json!({"id": format!("{n:02}"), "started": started}));
    }
    let pages = |order: &str| -> Vec<String> {
        (0..8)
            .flat_map(|page| tasks(&conn, json!({"order_by": [order], "page": page, "page_size": 3})))
            .collect()
    };
    let unstarted: Vec<String> = (0..20).filter(|n| n % 4 != 0).map(|n| format!("{n:02}")).collect();
    let ascending = ["16", "12", "08", "04", "00"].map(str::to_owned);
    assert_eq!(pages("started"), [&ascending[..], &unstarted].concat());
    let mut descending = ascending;
    descending.reverse();
    assert_eq!(pages("-started"), [&descending[..], &unstarted].concat());
}

#[test]
fn case_54_parameters_order_as_numbers() {
    let conn = database();
    for (id, value) in
        [("T1", Some("1")), ("T2", Some("11")), ("T3", None), ("T4", Some("2")), ("T5", Some(""))]
    {
        let params = value
            .map_or(json!({}), |value| json!({"S": {"p": {"section": "S", "name": "p", "value": value}}}));
        insert(&conn, "task", json!({"id": id, "hyperparams": params}));
    }
    for key in ["hyperparams.S.p", "hyperparams.S.p.value"] {
        assert_eq!(tasks(&conn, json!({"order_by": [key]})), ["T1", "T4", "T2", "T3", "T5"], "{key}");
        assert_eq!(
            tasks(&conn, json!({"order_by": [format!("-{key}")]})),
            ["T2", "T4", "T1", "T5", "T3"],
            "{key}"
        );
    }
    assert_eq!(tasks(&conn, json!({"order_by": "hyperparams.S.p"}))[0], "T1");
    assert_eq!(refused(&conn, json!({"order_by": ["nosuch"]})), ErrorKind::InvalidFields);
    assert_eq!(tasks(&conn, json!({"order_by": ["-nosuch"]})), ["T1", "T2", "T3", "T4", "T5"]);
    assert_eq!(refused(&conn, json!({"order_by": ["@text_score"]})), ErrorKind::FieldsValueError);
}

#[test]
fn order_by_metric_tags_and_anything_in_runtime() {
    let conn = database();
    for (id, tags, runtime) in [
        ("T1", json!(["c", "a"]), json!({"v": "x"})),
        ("T2", json!(["b"]), json!({"v": 7})),
        ("T3", json!([]), json!({"v": [1]})),
        ("T4", json!(["d"]), json!({})),
    ] {
        insert(&conn, "task", json!({"id": id, "tags": tags, "runtime": runtime}));
    }
    for (task, value) in [("T1", 3.0), ("T3", -1.0), ("T4", 10.0)] {
        metric(&conn, task, "loss", "train", value);
    }
    let by = |key: &str| tasks(&conn, json!({"order_by": [key]}));
    assert_eq!(by("last_metrics.loss.train.value"), ["T3", "T1", "T4", "T2"]);
    assert_eq!(by("-last_metrics.loss.train.max_value"), ["T4", "T1", "T3", "T2"]);
    assert_eq!(by("tags"), ["T1", "T2", "T4", "T3"]);
    assert_eq!(by("-tags"), ["T4", "T1", "T2", "T3"]);
    assert_eq!(by("runtime.v"), ["T2", "T1", "T3", "T4"]);
    assert_eq!(by("-id"), ["T4", "T3", "T2", "T1"]);
}

#[test]
fn case_55_scrolls_go_on_where_they_stood() {
    let conn = database();
    for n in 0..18 {
        insert(&conn, "task", json!({"id": format!("{n:02}")}));
    }
    let scrolls = Scrolls::default();
    let call = |subject: &str, request: Value| {
        let options = FindOptions { scrolls: Some((&scrolls, subject)), ..FindOptions::default() };
        let found = find(&conn, &scope(), Millis(0), &TASK, &object(request), &options).unwrap();
        (found.documents.len(), found.scroll_id.unwrap())
    };
    let (count, id) = call("ann", json!({"scroll_id": null, "size": 10}));
    assert_eq!(count, 10);
    assert_eq!(call("ann", json!({"scroll_id": id, "size": 10})), (8, id.clone()));
    assert_eq!(call("ann", json!({"scroll_id": id, "size": 10})), (0, id.clone()));
    assert_eq!(call("ann", json!({"scroll_id": id, "size": 1, "refresh_scroll": true})), (18, id.clone()));
    let (count, other) = call("bob", json!({"scroll_id": id, "size": 10}));
    assert_eq!(count, 10, "another subject starts anew");
    assert_ne!(other, id);
    let (count, fresh) = call("ann", json!({"scroll_id": "unknown", "size": 10}));
    assert_eq!(count, 10);
    assert_ne!(fresh, "unknown");
    assert_eq!(refused(&conn, json!({"scroll_id": null})), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"scroll_id": null, "size": "3"})), ErrorKind::ValidationError);
}

#[test]
fn case_57_hidden_documents_show_on_request() {
    let conn = tagged();
    insert(&conn, "task", json!({"id": "H", "system_tags": ["hidden"]}));
    assert!(!tasks(&conn, json!({})).contains(&"H".to_owned()));
    assert!(tasks(&conn, json!({"search_hidden": true})).contains(&"H".to_owned()));
    assert!(!tasks(&conn, json!({"search_hidden": "false"})).contains(&"H".to_owned()));
    assert_eq!(tasks(&conn, json!({"id": ["H"]})), ["H"]);
    assert!(!tasks(&conn, json!({"id": []})).contains(&"H".to_owned()));
    insert(&conn, "queue", json!({"id": "Q", "name": "gpu", "system_tags": ["k8s-glue"]}));
    let queues = |request: Value| found(&conn, &crate::store::query::QUEUE, request);
    assert_eq!(queues(json!({})), [""; 0]);
    assert_eq!(queues(json!({"name": "gpu"})), ["Q"]);
    assert_eq!(queues(json!({"search_hidden": 1})), ["Q"]);
}

#[test]
fn nobody_sees_another_tenant_and_public_follows_the_request() {
    let conn = tagged();
    insert(&conn, "task", json!({"id": "F", "company": "c2"}));
    insert(&conn, "task", json!({"id": "P", "company": ""}));
    assert_eq!(tasks(&conn, json!({})), ["T1", "T2", "T3", "P"]);
    assert_eq!(tasks(&conn, json!({"allow_public": false})), ["T1", "T2", "T3"]);
    assert_eq!(tasks(&conn, json!({"id": ["F"]})), [""; 0]);
    assert_eq!(tasks(&conn, json!({"_any_": {"fields": ["id"], "pattern": "^F"}})), [""; 0]);
    let by_id = |id: &str, access| by_id(&conn, &scope(), &TASK, id, access, Version::CURRENT).unwrap();
    assert!(by_id("T1", Access::Read).is_some() && by_id("T1", Access::Write).is_some());
    assert!(by_id("P", Access::Read).is_some() && by_id("P", Access::Write).is_none());
    assert!(by_id("F", Access::Read).is_none() && by_id("F", Access::Write).is_none());
}

#[test]
fn compiled_access_rules_narrow_every_reading() {
    use crate::store::{Readable, Sets, Writable};
    let conn = tagged();
    insert(&conn, "task", json!({"id": "T4", "project": "p1"}));
    insert(&conn, "task", json!({"id": "P", "company": ""}));
    let sets = Sets { projects: ["p1".to_owned()].into(), ids: ["T2".to_owned()].into() };
    let narrow = Scope {
        readable: Readable::Sets(std::sync::Arc::new(sets)),
        writable: Writable::Sets(std::sync::Arc::default()),
        ..scope()
    };
    let options = QueryOptions::default();
    assert_eq!(ids(&conn, &narrow, &TASK, &Json::new(), &options).unwrap(), ["T2", "T4", "P"]);
    assert_eq!(count(&conn, &narrow, &TASK, &Json::new(), &options).unwrap(), 3);
    assert_eq!(distinct(&conn, &narrow, &TASK, "tags", &Json::new(), &options).unwrap(), ["a", "b"]);
    let read =
        |id: &str, access| by_id(&conn, &narrow, &TASK, id, access, Version::CURRENT).unwrap().is_some();
    assert!(read("T2", Access::Read) && !read("T2", Access::Write) && !read("T1", Access::Read));
}

#[test]
fn subprojects_are_included_on_request() {
    let conn = database();
    insert(&conn, "project", json!({"id": "p", "name": "top"}));
    insert(&conn, "project", json!({"id": "q", "name": "top/sub", "parent": "p", "path": ["p"]}));
    insert(
        &conn,
        "project",
        json!({"id": "r", "name": "top/sub/low", "parent": "q", "path": ["p", "q"], "system_tags": ["hidden"]}),
    );
    for (id, project) in [("T1", "p"), ("T2", "q"), ("T3", "r"), ("T4", "x")] {
        insert(&conn, "task", json!({"id": id, "project": project}));
    }
    assert_eq!(tasks(&conn, json!({"project": ["p"]})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"project": ["p"], "include_subprojects": true})), ["T1", "T2", "T3"]);
    assert_eq!(tasks(&conn, json!({"project": ["p", "-q"], "include_subprojects": true})), ["T1", "T3"]);
    assert_eq!(tasks(&conn, json!({"project": ["x"], "include_subprojects": true})), ["T4"]);
    let projects = |request: Value| found(&conn, &PROJECT, request);
    assert_eq!(projects(json!({})), ["p", "q"]);
    assert_eq!(projects(json!({"parent": ["p"], "search_hidden": true})), ["q", "r"]);
    assert_eq!(projects(json!({"parent": ["p"], "search_hidden": true, "shallow_search": true})), ["q"]);
    assert_eq!(projects(json!({"shallow_search": true})), ["p"]);
    assert_eq!(projects(json!({"shallow_search": true, "parent": []})), ["p", "q"]);
    assert_eq!(projects(json!({"parent": [null]})), ["p"]);
    assert_eq!(projects(json!({"path": ["q"]})), ["p", "q"]);
}

#[test]
fn case_69_old_clients_filter_system_tags_by_tags() {
    let conn = database();
    insert(&conn, "task", json!({"id": "T1", "tags": ["x"], "system_tags": ["annotated1", "archived"]}));
    let run = |tags: Value| {
        let query = QueryOptions { version: Version::new(2, 2), ..QueryOptions::default() };
        let options = FindOptions { query, ..FindOptions::default() };
        find(&conn, &scope(), Millis(0), &TASK, &object(json!({"tags": tags})), &options).unwrap().documents
    };
    assert_eq!(run(json!(["archived"]))[0]["tags"], json!(["annotated1", "archived", "x"]));
    assert!(run(json!(["-archived"])).is_empty());
    assert_eq!(get_all(&conn, json!({}))[0]["tags"], json!(["x"]));
}

#[test]
fn keys_with_dots_are_addressed_escaped() {
    let conn = database();
    let item = json!({"section": "a.b", "name": "c.d", "value": "7"});
    insert(&conn, "task", json!({"id": "T1", "hyperparams": {"a.b": {"c.d": item, "e": {"value": "8"}}}}));
    insert(&conn, "task", json!({"id": "T2"}));
    let read = get_all(&conn, json!({"id": ["T1"], "only_fields": ["hyperparams.a%2Eb.c%2Ed.value"]}));
    assert_eq!(read, [json!({"hyperparams": {"a.b": {"c.d": {"value": "7"}}}})]);
    assert_eq!(tasks(&conn, json!({"hyperparams.a%2Eb.c%2Ed.value": ["7"]})), ["T1"]);
    assert_eq!(tasks(&conn, json!({"hyperparams.a%2Eb.c%2Ed": ["7"]})), [""; 0]);
    assert_eq!(tasks(&conn, json!({"hyperparams.a%2Eb.c%2Ed.value": [null]})), ["T2"]);
    assert_eq!(tasks(&conn, json!({"hyperparams.a%2Eb.c%2Ed.value": ["-7"]})), ["T2"]);
    assert_eq!(refused(&conn, json!({"hyperparams.a.b.c.d": ["7"]})), ErrorKind::ValidationError);
}

#[test]
fn metadata_ready_and_the_rest_of_models() {
    let conn = database();
    let metadata = json!({"acc.top1": {"key": "acc.top1", "type": "float", "value": "0.91"}});
    insert(&conn, "model", json!({"id": "M1", "metadata": metadata, "ready": false, "framework": "PyTorch"}));
    insert(&conn, "model", json!({"id": "M2"}));
    let models = |request: Value| found(&conn, &crate::store::query::MODEL, request);
    assert_eq!(models(json!({"metadata.acc%2Etop1.value": "0.91"})), ["M1"]);
    assert_eq!(models(json!({"metadata.acc%2Etop1.type": ["__$not", "float"]})), ["M2"]);
    assert_eq!(models(json!({"ready": false})), ["M1"]);
    assert_eq!(models(json!({"ready": true})), ["M2"]);
    assert_eq!(models(json!({"framework": [null]})), ["M2"]);
    assert_eq!(models(json!({"order_by": ["metadata.acc%2Etop1"]})), ["M1", "M2"]);
}

#[test]
fn text_search_ranks_by_weight() {
    let conn = database();
    insert(
        &conn,
        "task",
        json!({"id": "T1", "script": {"repository": "git/Résnet", "entry_point": "train.py"}}),
    );
    insert(&conn, "task", json!({"id": "T2", "name": "resnet training", "comment": "the red fox"}));
    insert(
        &conn,
        "task",
        json!({"id": "T3", "name": "other", "models_output": [{"name": "o", "model": "resnet"}]}),
    );
    let text = |text: &str| tasks(&conn, json!({"search_text": text, "order_by": ["@text_score"]}));
    assert_eq!(text("RESNET"), ["T2", "T3", "T1"]);
    assert_eq!(text("trains"), ["T2", "T1"], "words are stemmed");
    assert_eq!(text("\"red fox\""), ["T2"]);
    assert_eq!(text("resnet -fox"), ["T3", "T1"]);
    assert_eq!(text("\"fox red\""), [""; 0]);
    assert_eq!(text("name:* ) OR ("), [""; 0]);
    assert_eq!(tasks(&conn, json!({"search_text": "resnet"})), ["T1", "T2", "T3"]);
    conn.execute("UPDATE task SET name = 'changed' WHERE id = 'T2'", []).unwrap();
    assert_eq!(text("resnet"), ["T3", "T1"]);
    conn.execute("DELETE FROM task WHERE id = 'T3'", []).unwrap();
    assert_eq!(text("resnet"), ["T1"]);
}

#[test]
fn distinct_values_and_counts_follow_the_query() {
    let conn = tagged();
    insert(&conn, "task", json!({"id": "F", "company": "c2", "tags": ["secret"], "type": "service"}));
    let all = QueryOptions::default();
    let values = |field: &str, request: Value| {
        distinct(&conn, &scope(), &TASK, field, &object(request), &all).unwrap()
    };
    assert_eq!(values("tags", json!({})), ["a", "b"]);
    assert_eq!(values("tags", json!({"id": ["T1"]})), ["a"]);
    assert_eq!(values("type", json!({})), ["training"]);
    assert_eq!(values("started", json!({})), [Value::Null; 0]);
    assert_eq!(
        count(&conn, &scope(), &TASK, &object(json!({"tags": ["a"], "page_size": 1})), &all).unwrap(),
        2
    );
    assert!(distinct(&conn, &scope(), &TASK, "nosuch", &Json::new(), &all).is_err());
    let only = |ids: &[&str]| {
        let only = Some(ids.iter().map(|id| (*id).to_owned()).collect());
        count(&conn, &scope(), &TASK, &Json::new(), &QueryOptions { only, ..QueryOptions::default() })
            .unwrap()
    };
    assert_eq!((only(&["T1", "F"]), only(&[])), (1, 0));
}

#[test]
fn oversized_queries_are_refused_and_large_ones_work() {
    let conn = tagged();
    let many: Vec<String> = (0..10_000).map(|n| format!("x{n}")).collect();
    let keys: Json = (0..400).map(|n| (format!("hyperparams.S.{n}.value"), json!("x"))).collect();
    assert_eq!(refused(&conn, Value::Object(keys)), ErrorKind::ValidationError);
    assert_eq!(refused(&conn, json!({"order_by": vec!["name"; 51]})), ErrorKind::ValidationError);
    let fields = vec!["name"; 301];
    assert_eq!(
        refused(&conn, json!({"_any_": {"fields": fields, "pattern": "x"}})),
        ErrorKind::ValidationError
    );
    assert_eq!(refused(&conn, json!({"only_fields": vec!["name"; 10_001]})), ErrorKind::ValidationError);
    for operator in ["__$all", "__$or", "__$nop"] {
        let list: Vec<&str> =
            std::iter::once(operator).chain(many.iter().skip(1).map(String::as_str)).collect();
        assert_eq!(tasks(&conn, json!({"tags": list, "status": list})), [""; 0], "{operator}");
    }
    let filters = json!({"any": {"exclude": many}, "all": {"exclude": many}});
    assert_eq!(tasks(&conn, json!({"filters": {"tags": filters, "status": filters}})).len(), 3);
    let keys: Json = (0..290).map(|n| (format!("hyperparams.S.{n}.value"), json!([null]))).collect();
    assert_eq!(tasks(&conn, Value::Object(keys)).len(), 3);
    let order: Vec<String> = (0..50).map(|n| format!("-hyperparams.S.{n}")).collect();
    assert_eq!(tasks(&conn, json!({"order_by": order})).len(), 3);
    assert_eq!(tasks(&conn, json!({"_any_": {"fields": vec!["tags"; 300], "pattern": "a"}})), ["T1", "T2"]);
}

#[test]
fn any_key_of_runtime_can_be_addressed() {
    use proptest::prelude::*;
    let conn = database();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result = runner.run(
        &any::<String>().prop_filter("a part", |key| !key.contains('.') && !key.is_empty()),
        |key| {
            conn.execute("DELETE FROM task", []).unwrap();
            insert(&conn, "task", json!({"id": "T", "runtime": {key.as_str(): "x"}}));
            prop_assert_eq!(tasks(&conn, json!({format!("runtime.{key}"): "x"})), ["T"]);
            Ok(())
        },
    );
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_store_serves_queries_to_readers_and_the_writer() {
    use crate::store::{Lane, Store};
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("roundhouse.db")).unwrap();
    let request =
        object(json!({"name": "^(?!x)one$", "search_text": "one", "order_by": ["hyperparams.S.p"]}));
    let ids = |snapshot: &Snapshot<'_>| snapshot.ids(&TASK, &request, &QueryOptions::default());
    let inside = store.write(&scope(), Lane::Documents, |tx| {
        insert(tx.conn, "task", json!({"id": "T1", "name": "one"}));
        ids(tx)
    });
    assert_eq!(inside.unwrap(), ["T1"]);
    assert_eq!(store.read(&scope(), ids).unwrap(), ["T1"]);
    assert_eq!(store.read(&Scope::tenant("c2"), ids).unwrap(), [""; 0]);
    let fields =
        store.read(&scope(), |snapshot| snapshot.fields(&TASK, "T1", Access::Write, &["name", "status"]));
    assert_eq!(Value::Object(fields.unwrap().unwrap()), json!({"name": "one", "status": "created"}));
}
