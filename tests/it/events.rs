//! Events over HTTP: what needs sockets of the acceptance cases of spec/events.md 14.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::yard::{Client, Yard};

fn new_task(client: &Client) -> String {
    let answer = client.ok("tasks.create", json!({"name": "events", "type": "training"}));
    answer["id"].as_str().unwrap().to_owned()
}

fn scalar(task: &str, iter: i64) -> Value {
    json!({"type": "training_stats_scalar", "task": task, "metric": "m", "variant": "v", "iter": iter, "value": 1.5})
}

#[test]
fn case_61_batches_arrive_by_any_method_at_any_version() {
    let yard = Yard::start();
    let client = yard.admin();
    let task = new_task(&client);
    let mut iter = 0;
    for path in ["/events.add_batch", "/v2.23/events.add_batch", "/v999.0/events.add_batch"] {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let answer = client.path(path).method(method.clone()).lines(&[scalar(&task, iter)]).answer();
            assert_eq!(answer.ok()["added"], 1, "{method} {path}");
            iter += 1;
        }
    }
    let line = scalar(&task, iter).to_string();
    let send = |media_type: &str, body: &str| {
        client
            .path("/events.add_batch")
            .method(Method::POST)
            .header("content-type", media_type)
            .bytes(body)
            .answer()
    };
    assert_eq!(send("application/json-lines; charset=utf-8", &line).ok()["added"], 1);
    assert_eq!(send("application/json", &line).ok()["added"], 1);
    send("application/json", "{}").is(400, 17);
    send("application/json-lines", "{}").is(400, 131);
    send("application/json-lines", "").is(400, 17);
    let refused = client
        .path("/events.add_batch")
        .method(Method::POST)
        .header("content-encoding", "gzip")
        .lines(&[scalar(&task, 0)])
        .send()
        .unwrap();
    assert_eq!(refused.status().as_u16(), 415);
    assert_eq!(client.ok("events.get_task_events", json!({"task": task}))["total"], iter + 1);
}

#[test]
fn case_45_a_log_is_downloaded_as_it_streams() {
    let yard = Yard::start();
    let client = yard.admin();
    let task = new_task(&client);
    let lines: Vec<Value> = (0..5_000)
        .map(|n| json!({"type": "log", "task": task, "level": "info", "worker": "w", "timestamp": n, "msg": "x".repeat(100)}))
        .collect();
    client.request("events.add_batch").lines(&lines).answer().ok();
    let path = format!("/events.download_task_log?line_type=text&task={task}");
    let mut response = client.path(&path).method(Method::GET).send().unwrap();
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(header("content-disposition"), format!("attachment; filename=task_{task}.log"));
    assert_eq!(header("cache-control"), "no-store, max-age=0");
    let mut text = String::new();
    response.read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count(), 5_000);
    assert!(text.starts_with(&format!("0 w info {}\n", "x".repeat(100))));
    client.path("/events.download_task_log?task=unknown").method(Method::GET).answer().is(400, 101);
}
