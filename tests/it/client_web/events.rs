//! The tabs of a task.

use reqwest::Method;
use serde_json::{Value, json};

use super::{page, task};
use crate::yard::{Client, Yard};

fn add(client: &Client, events: &[Value]) {
    let added = client.request("events.add_batch").lines(events).answer();
    assert_eq!(added.ok()["added"], events.len());
}

#[test]
fn case_46_47_the_console_pages_backwards_and_downloads() {
    let yard = Yard::start();
    let client = page(&yard);
    let id = task(&client, "talks", json!({}));
    let lines: Vec<Value> = (0..5)
        .map(|n| json!({"type": "log", "task": id, "msg": format!("line {n}"), "level": "INFO", "timestamp": 1_000 + n}))
        .collect();
    // Lines come from workers, not from pages.
    add(&yard.admin(), &lines);
    let read = |more: Value| {
        let mut query = json!({"task": id, "batch_size": 2, "navigate_earlier": true});
        query.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        client.ok("events.get_task_log", query)
    };
    let newest = read(json!({}));
    assert_eq!(newest["total"], 5);
    assert_eq!(super::column(&newest["events"], "msg"), ["line 4", "line 3"]);
    let oldest = newest["events"][1]["timestamp"].clone();
    let older = read(json!({"from_timestamp": oldest}));
    assert_eq!(super::column(&older["events"], "msg"), ["line 2", "line 1"]);
    let rest = read(json!({"from_timestamp": older["events"][1]["timestamp"]}));
    assert_eq!(super::column(&rest["events"], "msg"), ["line 0"]);
    assert_eq!(read(json!({"from_timestamp": rest["events"][0]["timestamp"]}))["events"], json!([]));

    let link = client.path(&format!("/v999.0/events.download_task_log?line_type=text&task={id}"));
    let response = link.method(Method::GET).without("origin").send().unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/plain"), "{}", header("content-type"));
    assert!(header("content-disposition").starts_with("attachment"), "{}", header("content-disposition"));
    let text = response.text().unwrap();
    assert!((0..5).all(|n| text.contains(&format!("line {n}"))), "{text}");
}

#[test]
fn case_48_49_scalars_and_single_values() {
    let yard = Yard::start();
    let client = page(&yard);
    let id = task(&client, "learns", json!({}));
    let point = |iter: i64| json!({"type": "training_stats_scalar", "task": id, "metric": "loss", "variant": "train", "iter": iter, "value": 1.5});
    let values = client.ok("events.get_task_single_value_metrics", json!({"tasks": [id]}));
    let found = values["tasks"].as_array().unwrap();
    assert!(found.iter().all(|each| each["task"] == json!(id) && each["values"] == json!([])), "{values}");
    add(&yard.admin(), &[point(1), point(2), point(3)]);
    let chart = client.ok("events.scalar_metrics_iter_histogram", json!({"task": id, "key": "iter"}));
    assert_eq!(chart["loss"]["train"]["x"], json!([1, 2, 3]));
    assert_eq!(chart["loss"]["train"]["y"].as_array().unwrap().len(), 3);
    assert!(chart["loss"]["train"]["name"].is_string());
}

/// Plots of one task come all at once, without a scroll id (spec/events.md 6.1), which also keeps the page from asking on.
#[test]
fn case_50_51_plots_come_to_an_end() {
    let yard = Yard::start();
    let client = page(&yard);
    let id = task(&client, "plots", json!({}));
    let plot = |variant: &str, iter: i64| {
        json!({"type": "plot", "task": id, "metric": "pr", "variant": variant, "iter": iter,
               "plot_str": "{\"data\": [], \"layout\": {\"title\": \"t\"}}"})
    };
    add(&yard.admin(), &[plot("a", 0), plot("b", 0), plot("a", 1), plot("b", 1)]);
    let first = client.ok("events.get_task_plots", json!({"task": id, "iters": 1}));
    let delivered = first["plots"].as_array().unwrap();
    assert_eq!(first["total"], delivered.len());
    assert_eq!(delivered.len(), 2, "the latest of each");
    assert!(delivered.iter().all(|plot| plot["iter"] == 1 && plot["plot_str"].is_string()), "{first}");
    assert_eq!(first["scroll_id"], Value::Null, "nothing to go on with");

    let mut scroll = Value::Null;
    for _ in 0..4 {
        let mut query = json!({"tasks": [id], "iters": 1});
        if scroll.is_string() {
            query["scroll_id"] = scroll.clone();
        }
        let found = client.ok("events.get_multi_task_plots", query);
        if found["returned"] == 0 {
            assert!(scroll.is_string(), "the first page has them");
            return;
        }
        scroll = found["scroll_id"].clone();
        assert!(scroll.is_string(), "{found}");
    }
    panic!("plots never end");
}

#[test]
fn case_52_53_samples_come_to_an_end() {
    let yard = Yard::start();
    let client = page(&yard);
    let id = task(&client, "sees", json!({}));
    let ask = json!({"metrics": [{"task": id, "metric": null}], "iters": 3});
    let none = client.ok("events.debug_images", ask.clone());
    assert_eq!(none["metrics"].as_array().unwrap().len(), 1);
    assert_eq!((&none["metrics"][0]["task"], &none["metrics"][0]["iterations"]), (&json!(id), &json!([])));
    let image = json!({"type": "training_debug_image", "task": id, "metric": "m", "variant": "v", "iter": 1,
        "url": "http://files.example/1.png"});
    add(&yard.admin(), &[image]);
    let some = client.ok("events.debug_images", ask);
    assert_eq!(some["metrics"][0]["iterations"][0]["events"][0]["url"], "http://files.example/1.png");
    let sample = client.ok(
        "events.get_debug_image_sample",
        json!({"task": id, "metric": "m", "variant": "v", "iteration": 1}),
    );
    assert_eq!(sample["event"]["iter"], 1);
    let next = json!({"task": id, "scroll_id": sample["scroll_id"], "navigate_earlier": false});
    let end = client.ok("events.next_debug_image_sample", next);
    assert!(end.get("event").is_none_or(Value::is_null), "{end}");
}
