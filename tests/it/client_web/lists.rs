//! Task tables, project lists and what is done with several rows.

use serde_json::{Value, json};

use super::{column, page, project, task};
use crate::yard::{Client, Yard};

/// The table's query (spec/client_web.md 7.5).
fn table(more: Value) -> Value {
    let mut query = json!({
        "id": [], "scroll_id": null, "refresh_scroll": true, "size": 30, "order_by": ["-last_update"],
        "type": [], "user": [],
        "system_tags": ["__$not", "archived", "__$not", "pipeline", "__$not", "dataset", "__$not", "reports"],
        "include_subprojects": false, "search_hidden": false,
        "only_fields": ["name", "status", "system_tags", "project.name", "company", "last_change", "last_update",
            "started", "last_iteration", "tags", "user.name", "runtime.progress", "type", "parent.name",
            "parent.project.id", "parent.project.name"],
    });
    query.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    query
}

fn names(client: &Client, query: Value) -> Vec<String> {
    let mut query = query;
    query.as_object_mut().unwrap().entry("order_by").or_insert(json!(["name"]));
    column(&client.ok("tasks.get_all_ex", query)["tasks"], "name")
}

#[test]
fn case_18_19_20_21_22_scrolling_a_table() {
    let yard = Yard::start();
    let client = page(&yard);
    let home = project(&client, "home");
    for number in 0..70 {
        task(&client, &format!("task {number:02}"), json!({"project": home}));
    }
    let read = |scroll: Value, refresh: bool| {
        let more =
            json!({"project": [home], "scroll_id": scroll, "refresh_scroll": refresh, "order_by": ["name"]});
        let data = client.ok("tasks.get_all_ex", table(more));
        (column(&data["tasks"], "name"), data)
    };
    let (first, data) = read(Value::Null, true);
    assert_eq!((first.len(), first[0].as_str()), (30, "task 00"));
    let row = &data["tasks"][0];
    assert!(row["company"]["id"].is_string() && row["user"]["name"].is_string(), "{row}");
    assert_eq!(row["project"], json!({"id": home, "name": "home"}));
    let scroll = data["scroll_id"].clone();
    assert!(scroll.is_string());
    assert_eq!(read(scroll.clone(), false).0.first().unwrap(), "task 30");
    let (again, data) = read(scroll.clone(), true);
    assert_eq!((again.len(), again[0].as_str(), &data["scroll_id"]), (60, "task 00", &scroll));
    assert_eq!(read(scroll.clone(), false).0.len(), 10);
    let (beyond, data) = read(scroll.clone(), false);
    assert_eq!((beyond.len(), &data["scroll_id"]), (0, &scroll));
    let (fresh, data) = read(json!("unknown"), false);
    assert_eq!(fresh, first);
    assert!(data["scroll_id"].is_string() && data["scroll_id"] != scroll && data["scroll_id"] != "unknown");
}

#[test]
fn case_23_24_25_29_30_filters_as_the_table_sends_them() {
    let yard = Yard::start();
    let client = page(&yard);
    let home = project(&client, "home");
    let parent = task(&client, "parent", json!({"project": home, "type": "testing"}));
    task(&client, "red", json!({"project": home, "tags": ["x"], "parent": parent}));
    task(&client, "blue", json!({"project": home, "tags": ["x", "y"]}));
    task(&client, "plain", json!({"project": home}));
    let me = client.ok("users.get_current_user", json!({}))["user"]["id"].clone();
    let found = |more: Value| {
        let mut query = more;
        query["project"] = json!([home]);
        names(&client, query)
    };
    let plain = found(json!({"user": [me], "parent": [parent]}));
    assert_eq!(plain, ["red"]);
    let echoed = json!({"user": [me], "user.name": ["u1"], "parent": [parent], "parent.name": ["t9"], "project.name": ["z"]});
    assert_eq!(found(echoed), plain);
    let all = ["blue", "parent", "plain", "red"];
    assert_eq!(found(json!({"user": null, "type": [], "id": [], "status": ["-draft"]})), all);
    assert_eq!(found(json!({"type": ["__$not", "testing"]})), ["blue", "plain", "red"]);
    // The parts of `any` are joined by or (spec/protocol.md 5.4, which wins here); leaving out takes `all`.
    let tags = json!({"tags": {"any": {"include": ["x", null], "exclude": ["y"]}}});
    assert_eq!(found(json!({"filters": tags})), all);
    let tags = json!({"tags": {"any": {"include": ["x", null]}, "all": {"exclude": ["y"]}}});
    assert_eq!(found(json!({"filters": tags})), ["parent", "plain", "red"]);
    assert!(client.call("tasks.get_all_ex", json!({"name": [null]})).status < 500);
    let bad = client.call("tasks.get_all_ex", json!({"_any_": {"pattern": "[", "fields": ["name"]}}));
    assert_eq!(bad.status, 400);
    assert!(!bad.meta["result_msg"].as_str().unwrap().is_empty());
}

#[test]
fn case_26_27_28_ranges_and_orders_by_numbers() {
    let yard = Yard::start();
    let client = page(&yard);
    for (name, value) in
        [("small", Some(1.0)), ("large", Some(10.0)), ("negative", Some(-2.0)), ("silent", None)]
    {
        let id = task(&client, name, json!({}));
        if let Some(value) = value {
            client.ok("tasks.started", json!({"task": id}));
            let event = json!({
                "type": "training_stats_scalar", "task": id, "metric": "acc", "variant": "val", "iter": 7, "value": value,
            });
            client.ok("events.add", event);
        }
    }
    let numbers = names(&client, json!({"last_iteration": [1, 10]}));
    assert_eq!(numbers, ["large", "negative", "small"]);
    assert_eq!(names(&client, json!({"last_iteration": ["1", "10"]})), numbers);
    assert_eq!(names(&client, json!({"started": ["2000-01-01T00:00:00", null]})), numbers);
    let metrics =
        client.ok("projects.get_unique_metric_variants", json!({"project": null}))["metrics"].clone();
    let hash = |field: &str| metrics[0][field].as_str().unwrap().to_owned();
    let column = format!("last_metrics.{}.{}.value", hash("metric_hash"), hash("variant_hash"));
    let mut query = json!({"order_by": [format!("-{column}")]});
    query[&column] = json!([0, null]);
    assert_eq!(names(&client, query), ["large", "small"]);
}

#[test]
fn case_31_32_33_reading_one_task() {
    let yard = Yard::start();
    let client = page(&yard);
    let id = task(&client, "fresh", json!({}));
    let fields = json!(["runtime", "container", "hyperparams", "last_change"]);
    let read = |id: &str| {
        client.ok("tasks.get_by_id_ex", json!({"id": [id], "only_fields": fields}))["tasks"].clone()
    };
    let before = read(&id);
    assert_eq!((&before[0]["runtime"], &before[0]["hyperparams"]), (&json!({}), &json!({})));
    assert_eq!(read("nope"), json!([]));
    std::thread::sleep(std::time::Duration::from_millis(5));
    client.ok("tasks.update", json!({"task": id, "comment": "new"}));
    let moment = |rows: &Value| rows[0]["last_change"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(moment(&read(&id)) > moment(&before));
}

#[test]
fn case_34_35_36_37_38_what_bulk_actions_answer() {
    let yard = Yard::start();
    let client = page(&yard);
    let (a, b) = (task(&client, "first", json!({"tags": ["z"]})), task(&client, "second", json!({})));
    let tagged = client.ok("tasks.update_tags", json!({"ids": [a, b], "add_tags": ["z"]}));
    assert_eq!(tagged["updated"], 2, "also where one has it already");

    let queue = client.ok("queues.create", json!({"name": "gpu", "display_name": null}))["id"].clone();
    let enqueued = client.ok(
        "tasks.enqueue_many",
        json!({"ids": [b], "queue": queue, "validate_tasks": false, "verify_watched_queue": true}),
    );
    assert_eq!(enqueued["queue_watched"], false);
    let fields = &enqueued["succeeded"][0]["fields"];
    assert_eq!((&fields["status"], &fields["execution.queue"]), (&json!("queued"), &queue), "flat keys");
    assert!(fields["enqueue_status"].is_string() && fields["last_changed_by"].is_string(), "{fields}");

    let archived =
        client.ok("tasks.archive_many", json!({"ids": [a, "unknown"], "include_pipeline_steps": true}));
    assert_eq!(column(&archived["succeeded"], "id"), [a.as_str()]);
    assert_eq!(column(&archived["failed"], "id"), ["unknown"]);
    assert!(!archived["failed"][0]["error"]["msg"].as_str().unwrap().is_empty());
    let restored = client.ok("tasks.unarchive_many", json!({"ids": [a]}));
    assert_eq!(restored["failed"], json!([]), "both lists are always there");
    client.ok("tasks.archive_many", json!({"ids": [a]}));

    let copied = client
        .ok("tasks.clone", json!({"task": a, "new_task_name": "copy", "new_project_name": "elsewhere"}));
    let made = client
        .ok("tasks.get_by_id_ex", json!({"id": [copied["id"]], "only_fields": ["name", "project.name"]}));
    assert_eq!(made["tasks"][0]["project"], json!({"id": copied["new_project"]["id"], "name": "elsewhere"}));

    let how = json!({
        "ids": [a], "delete_external_artifacts": true, "delete_output_models": true, "return_file_urls": true,
        "force": true,
    });
    let deleted = client.ok("tasks.delete_many", how);
    let urls = &deleted["succeeded"][0]["urls"];
    for kind in ["model_urls", "event_urls", "artifact_urls"] {
        assert!(urls[kind].is_array(), "{kind}: {urls}");
    }
    client.call("tasks.get_by_id", json!({"task": a})).is(400, 101);
}

#[test]
fn case_39_40_41_project_lists() {
    let yard = Yard::start();
    let client = page(&yard);
    let deep = project(&client, "aaa/bbb");
    for number in 0..6 {
        project(&client, &format!("other {number}"));
    }
    let id = task(&client, "runs", json!({"project": deep}));
    client.ok("tasks.started", json!({"task": id}));
    let pipelines = client.ok(
        "projects.create",
        json!({"name": "aaa/.pipelines/ppp", "system_tags": ["hidden", "pipeline"], "default_output_destination": null}),
    )["id"]
        .clone();
    task(&client, "run", json!({"project": pipelines, "type": "controller", "system_tags": ["pipeline"]}));

    let dashboard = client.ok(
        "projects.get_all_ex",
        json!({"stats_for_state": "active", "include_stats": true, "check_own_contents": true, "page": 0, "page_size": 6,
               "order_by": ["featured", "-last_update"], "include_stats_filter": {"system_tags": ["-pipeline", "-dataset"]},
               "only_fields": ["name", "company", "user", "created", "default_output_destination", "basename"]}),
    );
    let rows = dashboard["projects"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        assert!(row["stats"]["active"]["status_count"]["in_progress"].is_number(), "{row}");
        assert!(row["basename"].is_string());
    }
    let top = client.ok(
        "projects.get_all_ex",
        json!({"shallow_search": true, "permission_roots_only": true, "size": 16, "scroll_id": null}),
    );
    let mut names = column(&top["projects"], "name");
    names.sort();
    assert_eq!(names, ["aaa", "other 0", "other 1", "other 2", "other 3", "other 4", "other 5"]);
    assert!(top["scroll_id"].is_string());
    let found = client.ok(
        "projects.get_all_ex",
        json!({"name": "/\\.pipelines/", "search_hidden": true, "shallow_search": false, "system_tags": ["pipeline"],
               "include_stats": true, "include_stats_filter": {"system_tags": ["pipeline"], "type": ["controller"]},
               "stats_for_state": "active"}),
    );
    assert_eq!(column(&found["projects"], "name"), ["aaa/.pipelines/ppp"]);
    let active = &found["projects"][0]["stats"]["active"];
    assert_eq!(active["total_tasks"], 1);
    for status in ["in_progress", "queued", "completed", "failed"] {
        assert!(active["status_count"][status].is_number(), "{status}: {active}");
    }
}

#[test]
fn case_42_43_44_facets_of_a_project() {
    let yard = Yard::start();
    let client = page(&yard);
    let home = project(&client, "home");
    let id = task(&client, "one", json!({"project": home}));
    client.ok("tasks.started", json!({"task": id}));
    let event = json!({"type": "training_stats_scalar", "task": id, "metric": "m", "variant": "v", "iter": 1, "value": 1});
    client.ok("events.add", event);
    client.ok("models.create", json!({"name": "net", "uri": "file:///net.pt", "project": home}));
    let counts = client.ok("projects.validate_delete", json!({"project": home}));
    for kind in ["tasks", "models", "datasets", "reports", "pipelines"] {
        assert!(counts[kind].is_number(), "{kind}: {counts}");
    }
    for kind in ["non_archived_tasks", "non_archived_models", "non_archived_reports"] {
        assert!(counts[kind].is_number(), "{kind}: {counts}");
    }
    assert_eq!((&counts["tasks"], &counts["models"]), (&json!(1), &json!(1)));
    let people = client.ok(
        "projects.get_user_names",
        json!({"projects": [home], "include_subprojects": true, "entity": "model"}),
    );
    assert_eq!(column(&people["users"], "name"), ["Administrator"]);
    assert!(people["users"][0]["id"].is_string());
    let metrics =
        client.ok("projects.get_unique_metric_variants", json!({"project": null}))["metrics"].clone();
    for field in ["metric", "metric_hash", "variant", "variant_hash"] {
        assert!(metrics[0][field].is_string(), "{field}: {metrics}");
    }
}
