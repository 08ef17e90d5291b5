//! Case 60: deleting, and what documents that go take along.

use super::*;

fn one_of_each(house: &House) {
    let vector = json!({"type": "training_stats_vector", "task": "t", "iter": 1, "metric": "m", "variant": "v",
        "values": [1]});
    let mut figure = plot("m", "v", 1);
    figure["plot_str"] = json!(r#"{"images": [{"source": "http://f/p.png"}]}"#);
    house.add(&[scalar("m", "v", 1, 1.0), vector, image("m", "v", 1, "http://f/i.png"), figure, log(1, "x")]);
}

/// Rows of all tables of events.
fn rows(house: &House) -> i64 {
    [
        "event_owner",
        "event_batch",
        "series",
        "scalar",
        "scalar_chunk",
        "scalar_values",
        "scalar_marks",
        "vector",
        "image",
        "plot",
        "log",
        "log_block",
    ]
    .iter()
    .map(|table| house.0.value::<i64>(&format!("SELECT count(*) FROM {table}"), []).unwrap())
    .sum()
}

#[test]
fn case_60_deleting_the_events_of_a_task() {
    let house = House::open();
    one_of_each(&house);
    assert_eq!(house.ok("delete_for_task", json!({"task": "t"})), json!({"deleted": 5}));
    assert_eq!(rows(&house), 0);
    assert_eq!(house.last("m", "v")["count"], 1, "the document stays as it is");
    assert_eq!(house.ok("delete_for_task", json!({"task": "t"})), json!({"deleted": 0}));
    house.task("published", json!({"status": "published"}));
    assert_eq!(house.err("delete_for_task", json!({"task": "published"})), (400, 101));
    assert_eq!(
        house.ok("delete_for_task", json!({"task": "published", "allow_locked": true})),
        json!({"deleted": 0})
    );
    house.task("public", json!({"company": ""}));
    for call in ["delete_for_task", "clear_task_log"] {
        assert_eq!(house.err(call, json!({"task": "public"})), (403, 21));
        assert_eq!(house.err(call, json!({"task": "unknown"})), (400, 101));
    }
    house.model("m", false);
    house.model("ready", true);
    let mut event = scalar("a", "b", 0, 1.0);
    event["task"] = json!("m");
    event["model_event"] = json!(true);
    house.add(&[event]);
    assert_eq!(house.ok("delete_for_model", json!({"model": "m"})), json!({"deleted": 1}));
    assert_eq!(house.err("delete_for_model", json!({"model": "ready"})), (400, 201));
    assert_eq!(house.err("delete_for_model", json!({"model": "unknown"})), (400, 201));
}

#[test]
fn events_after_a_deletion_start_anew() {
    let house = House::open();
    one_of_each(&house);
    house.ok("delete_for_task", json!({"task": "t"}));
    one_of_each(&house);
    assert_eq!(house.events("t", "*").len(), 5);
    assert_eq!(house.ok("get_task_log", json!({"task": "t"}))["total"], 1);
}

#[test]
fn a_reset_and_a_deletion_of_the_task_take_the_events_along() {
    let house = House::open();
    house.0.sql("UPDATE task SET status = 'stopped' WHERE id = 't'", []);
    one_of_each(&house);
    house.ann().ok("tasks.reset", json!({"task": "t", "force": true}));
    assert_eq!(rows(&house), 0);
    assert_eq!(house.last("m", "v"), Value::Null);
    one_of_each(&house);
    house.ann().ok("tasks.delete", json!({"task": "t", "force": true, "delete_external_artifacts": true}));
    assert_eq!(rows(&house), 0);
}

#[test]
fn files_that_events_name_are_found() {
    use crate::store::Scope;
    let house = House::open();
    one_of_each(&house);
    house.add(&[image("m", "v", 2, "http://f/i.png"), image("m", "w", 2, "http://f/j.png")]);
    let urls = |company: &str| {
        house.0.app.store.read(&Scope::tenant(company), |snapshot| snapshot.event_urls("t")).unwrap()
    };
    assert_eq!(urls("acme"), ["http://f/i.png", "http://f/j.png", "http://f/p.png"]);
    assert!(urls("other").is_empty());
}

#[test]
fn events_follow_their_task_to_another_project() {
    let house = House::open();
    one_of_each(&house);
    house.0.sql("UPDATE task SET project = 'p2' WHERE id = 't'", []);
    for table in ["event_owner", "series", "vector", "image", "plot"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE project IS NOT 'p2'");
        assert_eq!(house.0.value::<i64>(&sql, []), Some(0), "{table}");
    }
    assert_eq!(house.events("t", "*").len(), 5);
}
