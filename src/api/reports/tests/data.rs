//! What the charts in reports show.

use super::*;

/// Two tasks `a` and `b` with a little of everything.
fn reporting(front: &FrontDoor) {
    for task in ["a", "b"] {
        front.task(task, json!({"status": "in_progress", "started": 1_700_000_000_000_i64}));
        let mut lines = String::new();
        for iter in 0..3 {
            let common = json!({"task": task, "metric": "loss", "variant": "train", "iter": iter, "timestamp": 1_700_000_000_000_i64 + iter});
            for more in [
                json!({"type": "training_stats_scalar", "value": iter}),
                json!({"type": "plot", "plot_str": format!("{{\"data\": [], \"n\": {iter}}}")}),
                json!({"type": "training_debug_image", "key": "k", "url": format!("s3://b/{task}{iter}.png")}),
            ] {
                let mut event = common.clone();
                event.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
                lines.push_str(&format!("{event}\n"));
            }
        }
        let single = json!({"type": "training_stats_scalar", "task": task, "metric": "Summary", "variant": "best",
            "iter": -(1_i64 << 31), "value": 7.5, "timestamp": 1_700_000_000_000_i64});
        lines.push_str(&single.to_string());
        let added = front.ann().lines("events.add_batch", &lines, None).unwrap();
        assert_eq!(added["errors"], 0, "{added}");
    }
}

#[test]
fn case_53_the_answer_holds_what_was_asked_for() {
    let front = FrontDoor::open();
    let ann = front.ann();
    reporting(&front);
    let query = json!({"id": ["a"], "only_fields": ["name"]});
    let plain = ann.ok("reports.get_task_data", query.clone());
    assert_eq!(plain, json!({"tasks": [{"id": "a", "name": "task a"}]}));
    for key in ["single_value_metrics", "plots", "debug_images", "scalar_metrics_iter_histogram"] {
        let mut request = query.clone();
        request[key] = json!({});
        let answer = ann.ok("reports.get_task_data", request.clone());
        assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
        assert!(
            answer[key].as_array().map(Vec::len).or(answer[key].as_object().map(|map| map.len())) > Some(0)
        );
        // Null asks for nothing, and nothing found is an empty answer.
        request[key] = json!(null);
        assert_eq!(ann.ok("reports.get_task_data", request.clone()), plain);
        request[key] = json!({});
        request["id"] = json!(["nope"]);
        let nothing = ann.ok("reports.get_task_data", request);
        assert_eq!(nothing["tasks"], json!([]));
        assert!(nothing[key] == json!([]) || nothing[key] == json!({}), "{nothing}");
    }
}

#[test]
fn every_form_equals_that_of_the_events_service() {
    let front = FrontDoor::open();
    let ann = front.ann();
    reporting(&front);
    let metrics = json!([{"metric": "loss", "variants": ["train"]}]);
    let answer = ann.ok(
        "reports.get_task_data",
        json!({
            "id": ["a", "b"], "order_by": ["name"], "only_fields": ["name"],
            "plots": {"iters": 2, "metrics": metrics},
            "debug_images": {"iters": 2, "metrics": metrics},
            "scalar_metrics_iter_histogram": {"samples": 100, "key": "iso_time", "metrics": metrics},
            "single_value_metrics": {},
        }),
    );
    let tasks = json!(["a", "b"]);
    let plots =
        ann.ok("events.get_multi_task_plots", json!({"tasks": tasks, "iters": 2, "metrics": metrics}));
    assert_eq!(answer["plots"], plots["plots"]);
    assert_eq!(answer["plots"]["loss"]["train"]["a"].as_object().unwrap().len(), 2);
    assert_eq!(answer["plots"]["loss"]["train"]["b"]["2"]["name"], "task b");
    let entry = |task: &str| json!({"task": task, "metric": "loss", "variants": ["train"]});
    let images = ann.ok("events.debug_images", json!({"metrics": [entry("a"), entry("b")], "iters": 2}));
    assert_eq!(answer["debug_images"], images["metrics"]);
    assert_eq!(answer["debug_images"][0]["iterations"][0]["iter"], 2);
    let charts = ann.ok(
        "events.multi_task_scalar_metrics_iter_histogram",
        json!({"tasks": tasks, "samples": 100, "key": "iso_time", "metrics": metrics}),
    );
    assert_eq!(answer["scalar_metrics_iter_histogram"], charts["metrics"]);
    assert_eq!(answer["scalar_metrics_iter_histogram"]["loss"]["train"]["a"]["y"], json!([0.0, 1.0, 2.0]));
    let values = ann.ok("events.get_task_single_value_metrics", json!({"tasks": tasks}));
    assert_eq!(answer["single_value_metrics"], values["tasks"]);
    assert_eq!(answer["single_value_metrics"][1]["values"][0]["value"], 7.5);
}

#[test]
fn the_query_is_that_of_tasks() {
    let front = FrontDoor::open();
    let ann = front.ann();
    reporting(&front);
    let p = project(&ann, "Paper");
    let sub = project(&ann, "Paper/Sub");
    front.task("in sub", json!({"project": sub}));
    front.task("secret", json!({"system_tags": ["hidden"]}));
    let ids = |request: Value| {
        let answer = ann.ok("reports.get_task_data", request);
        let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = answer["tasks"].as_array().unwrap().iter().map(id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(json!({})), ["a", "b", "in sub"]);
    assert_eq!(ids(json!({"search_hidden": true})), ["a", "b", "in sub", "secret"]);
    assert_eq!(ids(json!({"id": ["secret"]})), ["secret"]);
    assert!(ids(json!({"project": [p]})).is_empty());
    assert_eq!(ids(json!({"project": [p], "include_subprojects": true})), ["in sub"]);
    assert_eq!(ids(json!({"status": ["in_progress"], "name": "b$"})), ["b"]);
}

#[test]
fn models_are_found_and_read_too() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let model =
        ann.ok("models.create", json!({"name": "net", "uri": "file:///a", "ready": false}))["id"].clone();
    let event = json!({"type": "training_stats_scalar", "task": model, "model_event": true, "metric": "m", "variant": "v",
        "iter": 1, "value": 3, "timestamp": 1_700_000_000_000_i64});
    assert_eq!(ann.lines("events.add_batch", &event.to_string(), None).unwrap()["errors"], 0);
    let request = json!({"id": [model], "model_events": true, "only_fields": ["name"], "scalar_metrics_iter_histogram": {}});
    let answer = ann.ok("reports.get_task_data", request);
    assert_eq!(answer["tasks"], json!([{"id": model, "name": "net"}]));
    let line = &answer["scalar_metrics_iter_histogram"]["m"]["v"][model.as_str().unwrap()];
    assert_eq!((&line["name"], &line["y"]), (&json!("net"), &json!([3.0])));
}

#[test]
fn options_out_of_range_are_refused() {
    let front = FrontDoor::open();
    let ann = front.ann();
    reporting(&front);
    for bad in [
        json!({"debug_images": {"iters": 0}}),
        json!({"plots": {"iters": 0}}),
        json!({"plots": []}),
        json!({"scalar_metrics_iter_histogram": {"samples": 0}}),
        json!({"scalar_metrics_iter_histogram": {"samples": 6001}}),
        json!({"scalar_metrics_iter_histogram": {"key": "hour"}}),
        json!({"debug_images": {"metrics": [{"variants": []}]}}),
    ] {
        let mut request = json!({"id": ["a"]});
        request.as_object_mut().unwrap().extend(bad.as_object().cloned().unwrap());
        assert_eq!(ann.err("reports.get_task_data", request), (400, 12), "{bad}");
    }
    let per_task = json!({"id": ["a"], "plots": {"iters": 1, "last_iters_per_task_metric": false}});
    assert_eq!(
        ann.ok("reports.get_task_data", per_task)["plots"]["loss"]["train"]["a"].as_object().unwrap().len(),
        1
    );
}
