//! Cases 19 to 27: what events change in the task's document.

use super::*;

#[test]
fn case_19_last_metrics_add_up() {
    let house = House::open();
    for part in [0..50, 50..100] {
        house.add(&part.map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    }
    let last = house.last("m", "v");
    let expected = json!({"value": 99.0, "max_value": 99.0, "max_value_iteration": 99, "min_value": 0.0,
        "min_value_iteration": 0, "first_value": 0.0, "first_value_iteration": 0, "count": 100, "mean_value": 49.5,
        "metric": "m", "variant": "v"});
    assert_eq!(last, expected);
    assert_eq!(house.of_task::<i64>("t", "last_iteration"), 99);
}

#[test]
fn case_20_going_back_to_an_earlier_iteration_is_news_but_a_late_batch_is_not() {
    let house = House::open();
    house.add(&(0..100).map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    // Older in iteration and in time: it was held up on its way.
    house.add(&[scalar("m", "v", 10, 3.0)]);
    assert_eq!(house.last("m", "v")["value"], 99.0);
    // Older in iteration, newer in time: training went back.
    let mut again = scalar("m", "v", 10, 7.0);
    again.as_object_mut().unwrap().remove("timestamp");
    house.add(&[again]);
    let last = house.last("m", "v");
    assert_eq!(
        (&last["value"], &last["first_value"], &last["count"]),
        (&json!(7.0), &json!(0.0), &json!(102))
    );
    assert_eq!(house.of_task::<i64>("t", "last_iteration"), 99);
}

#[test]
fn case_21_within_a_batch_the_iteration_decides() {
    let house = House::open();
    house.add(&[scalar("m", "v", 2, 5.0), scalar("m", "v", 1, 9.0)]);
    let last = house.last("m", "v");
    assert_eq!(
        (&last["value"], &last["first_value"], &last["first_value_iteration"]),
        (&json!(5.0), &json!(9.0), &json!(1))
    );
}

#[test]
fn case_22_monitoring_does_not_advance_the_iteration() {
    let house = House::open();
    house.add(&[scalar(":monitor:gpu", "x", 5000, 1.0)]);
    assert_eq!(house.of_task::<i64>("t", "last_iteration"), 0);
    assert_eq!(house.last(":monitor:gpu", "x")["value"], 1.0);
}

#[test]
fn case_23_a_single_value_counts_as_iteration_zero() {
    let house = House::open();
    house.add(&[scalar("Summary", "acc", -2_147_483_648, 0.9)]);
    assert_eq!(house.of_task::<i64>("t", "last_iteration"), 0);
    assert_eq!(house.last("Summary", "acc")["value"], 0.9);
}

#[test]
fn case_25_a_console_line_moves_the_times_only() {
    let house = House::open();
    house.add(&[log(1, "x")]);
    let now = crate::types::Millis::now().0;
    assert!(now - house.of_task::<i64>("t", "last_update") < 5_000);
    assert!(now - house.of_task::<i64>("t", "last_change") < 5_000);
    assert_eq!(house.of_task::<String>("t", "last_changed_by"), "ann");
    assert_eq!(house.of_task::<Option<String>>("t", "last_worker"), None);
    assert_eq!(house.ann().ok("tasks.get_by_id", json!({"task": "t"}))["task"]["last_metrics"], json!({}));
    let mut with_iter = log(2, "y");
    with_iter["iter"] = json!(17);
    house.add(&[with_iter]);
    assert_eq!(house.of_task::<i64>("t", "last_iteration"), 17);
}

#[test]
fn case_26_the_label_of_the_axis_goes_to_the_chart() {
    let house = House::open();
    let mut event = scalar("m", "v", 0, 1.0);
    event["x_axis_label"] = json!("step");
    house.add(&[event]);
    house.add(&[scalar("m", "v", 1, 1.0)]);
    let chart = house.ok("scalar_metrics_iter_histogram", json!({"task": "t"}));
    assert_eq!(chart["m"]["v"]["x_axis_label"], "step");
    assert!(house.events("t", "*")[0].get("x_axis_label").is_none());
}

#[test]
fn case_27_last_metrics_are_capped_and_charts_are_not() {
    let mut settings = crate::config::Settings::default();
    settings.services.tasks.max_last_metrics = 2;
    let house = House::with(settings);
    for variant in ["a", "b", "c"] {
        house.add(&[scalar("m", variant, 0, 1.0)]);
    }
    assert_eq!(house.last("m", "b")["count"], 1);
    assert_eq!(house.last("m", "c"), Value::Null);
    house.add(&[scalar("m", "b", 1, 1.0), scalar("m", "c", 1, 1.0)]);
    assert_eq!(house.last("m", "b")["count"], 2);
    assert_eq!(house.last("m", "c"), Value::Null);
    let chart = house.ok("scalar_metrics_iter_histogram", json!({"task": "t"}));
    assert_eq!(chart["m"].as_object().unwrap().len(), 3);
}

#[test]
fn case_27_the_default_cap_is_two_thousand() {
    let house = House::open();
    house.add(&(0..1999).map(|n| scalar("m", &format!("v{n:04}"), 0, 1.0)).collect::<Vec<_>>());
    house.add(&[scalar("m", "x", 0, 1.0)]);
    house.add(&[scalar("m", "y", 0, 1.0)]);
    assert_eq!(house.last("m", "x")["count"], 1);
    assert_eq!(house.last("m", "y"), Value::Null);
    house.add(&[scalar("m", "v0000", 1, 1.0)]);
    assert_eq!(house.last("m", "v0000")["count"], 2);
}

#[test]
fn statistics_per_metric_are_merged() {
    let house = House::open();
    house.add(&[image("m", "v", 3, "http://u")]);
    house.add(&[log(5, "x")]);
    let task = house.ann().ok("tasks.get_by_id", json!({"task": "t"}));
    let stats = task["task"]["metric_stats"].as_object().unwrap();
    let metrics: Vec<&str> = stats.values().map(|one| one["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics, ["m", ""]);
}

#[test]
fn nothing_is_half_stored() {
    let house = House::open();
    // The last values can't be stored: the constraint fails after the points were written.
    house
        .0
        .sql("CREATE TRIGGER refuse BEFORE INSERT ON task_metric BEGIN SELECT raise(ABORT, 'no'); END", []);
    assert!(house.batch(&[log(1, "x"), scalar("m", "v", 0, 1.0)]).is_err());
    assert!(house.events("t", "*").is_empty());
    assert_eq!(house.of_task::<Option<String>>("t", "last_changed_by"), None);
    house.0.sql("DROP TRIGGER refuse", []);
    // Names that the failed batch made are not remembered.
    house.add(&[log(1, "x"), scalar("m", "v", 0, 1.0)]);
    assert_eq!(house.events("t", "*").len(), 2);
}

#[test]
fn case_75_tasks_are_ordered_and_filtered_by_last_values() {
    let house = House::open();
    let ids = ["three", "one", "two", "none"];
    for id in ids {
        house.task(id, json!({}));
    }
    for (id, value) in [("three", 3.0), ("one", 1.0), ("two", 2.0)] {
        let mut event = scalar("loss", "train", 0, value);
        event["task"] = json!(id);
        house.add(&[event]);
    }
    let path = "last_metrics.81513effdf5790b79549208838404407.61b3a8faa9c1091806675c230a9abe64.value";
    let ask = |more: Value| {
        let mut request = json!({"id": ids});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        house.ann().ok("tasks.get_all", request)["tasks"].clone()
    };
    let ordered = |order: String| field(&ask(json!({"order_by": [order]})), "id");
    assert_eq!(ordered(path.to_owned()), json!(["one", "two", "three", "none"]));
    assert_eq!(ordered(format!("-{path}")), json!(["three", "two", "one", "none"]));
    let within = |range: Value| {
        let found = ask(json!({path: range, "order_by": [path]}));
        field(&found, "id")
    };
    assert_eq!(within(json!([1.5, null])), json!(["two", "three"]));
    assert_eq!(within(json!([null, 2])), json!(["one", "two", "none"]));
    assert_eq!(within(json!(["2", "3"])), json!(["two", "three"]));
    let projected = ask(json!({"only_fields": [path], "order_by": [format!("-{path}")]}));
    let last = |value: f64| json!({"81513effdf5790b79549208838404407": {"61b3a8faa9c1091806675c230a9abe64": {"value": value}}});
    assert_eq!(field(&projected, "last_metrics"), json!([last(3.0), last(2.0), last(1.0), {}]));
}
