//! How fast documents are listed, counted and made, and how that grows with their number.
//!
//! `cargo bench --bench documents [-- SIZES [DIRECTORY [ONLY]]]`
//!
//! SIZES are numbers of tasks with commas between them (default `1000,10000,100000`). For each, a database of 200
//! projects is made, in DIRECTORY if one is given, where it stays and is used again. With ONLY, reading
//! is measured where its description holds this text, and nothing is made. Reading is measured as server
//! time: the whole call in this process, from the request's bytes to those of the answer. `tasks.create` is measured
//! over HTTP from eight connections that stay open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "shared/connection.rs"]
mod connection;
#[path = "documents/fill.rs"]
mod fill;
#[path = "shared/place.rs"]
mod place;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use connection::Connection;
use fill::{Names, fill, names};
use roundhouse::{
    api::{Incoming, OutgoingBody, dispatch},
    domain::{App, client_config, identity::Presented},
    server::{self, Ports, Running},
};
use serde_json::{Value, json};

/// Rows of a page, the most that clients ask for.
const PAGE: usize = 500;
/// Calls per measurement, unless they take longer than [`LONGEST`].
const CALLS: usize = 31;
const LONGEST: Duration = Duration::from_secs(3);
const CLIENTS: usize = 8;
const CREATED: usize = 8_000;

/// One line of the table: what was measured and its median at each size.
struct Line {
    what: String,
    medians: Vec<f64>,
}

fn main() {
    // The harness passes flags of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    let sizes = arguments.first().map_or("1000,10000,100000", String::as_str);
    let sizes: Vec<usize> = sizes.split(',').map(|size| size.parse().expect("a number of tasks")).collect();
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let directory = arguments.get(1).map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let only = arguments.get(2).cloned().unwrap_or_default();
    let mut lines: Vec<Line> = Vec::new();
    for size in &sizes {
        let data = directory.join(size.to_string());
        build(&data, *size);
        let measured = actix_web::rt::System::new().block_on(served(data.clone(), *size, only.clone()));
        for (nth, (what, median)) in measured.into_iter().enumerate() {
            println!("{median:>9.2}  {what}");
            match lines.get_mut(nth) {
                Some(line) => line.medians.push(median),
                None => lines.push(Line { what, medians: vec![median] }),
            }
        }
    }
    table(&sizes, &lines);
}

/// The table of all sizes, with how much longer the last takes than the first.
fn table(sizes: &[usize], lines: &[Line]) {
    let heads: Vec<String> = sizes.iter().map(|size| format!("{size} tasks")).collect();
    println!("\n| median, ms | {} | growth |", heads.join(" | "));
    println!("|---|{}---|", "---|".repeat(sizes.len()));
    for Line { what, medians } in lines {
        let cells: Vec<String> = medians.iter().map(|median| format!("{median:.1}")).collect();
        let growth = medians.last().unwrap_or(&0.0) / medians.first().unwrap_or(&1.0);
        println!("| {what} | {} | x {growth:.1} |", cells.join(" | "));
    }
}

/// Makes the database unless it is there. A server makes it and opens it again, so that migrations and statistics are
/// those of a real one.
fn build(data: &Path, tasks: usize) {
    let done = data.join("filled");
    if done.exists() {
        return;
    }
    let began = Instant::now();
    actix_web::rt::System::new().block_on(async {
        server::run(place::on_loopback(data.to_owned())).await.expect("the server starts").stop().await;
    });
    fill(&data.join("roundhouse.db"), tasks);
    std::fs::write(done, "").expect("a mark");
    println!("{tasks} tasks made in {:.0} s", began.elapsed().as_secs_f64());
}

async fn served(data: PathBuf, tasks: usize, only: String) -> Vec<(String, f64)> {
    let running = server::run(place::on_loopback(data.clone())).await.expect("the server starts");
    let (key, secret) =
        client_config::credentials_of(&data.join(client_config::FILE)).expect("the first credentials");
    let (app, port) = (running.app.clone(), api_port(&running));
    let work = std::thread::spawn(move || {
        let caller = Presented::Basic { key: key.clone(), secret: secret.expose().to_owned() };
        let measured = read(&app, &caller, &names(tasks), &only);
        if only.is_empty() {
            let basic = STANDARD.encode(format!("{key}:{}", secret.expose()));
            create(&app, &caller, &format!("127.0.0.1:{port}"), &basic, &names(tasks).project);
        }
        measured
    });
    while !work.is_finished() {
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    let measured = work.join().expect("the measurements");
    running.stop().await;
    measured
}

fn api_port(running: &Running) -> u16 {
    match running.ports {
        Ports::Three { api, .. } => api,
        _ => panic!("three ports were asked for"),
    }
}

/// The table of tasks as the web application asks for it (spec/client_web.md 7.5), with a column of a metric and one of
/// a parameter.
fn task_table(names: &Names, project: bool, change: Value) -> Value {
    let (metric, variant) = &names.metric;
    let mut request = json!({
        "id": [], "size": PAGE, "scroll_id": null, "refresh_scroll": true, "order_by": ["-last_update"], "type": [], "user": [],
        "system_tags": ["__$not", "archived", "__$not", "pipeline", "__$not", "dataset", "__$not", "reports"],
        "include_subprojects": true, "search_hidden": false,
        "only_fields": ["name", "status", "system_tags", "project.name", "company", "last_change", "last_update", "started",
            "last_iteration", "tags", "user.name", "runtime.progress", "type", "parent.name", "parent.project.id",
            "parent.project.name", format!("last_metrics.{metric}.{variant}"), "hyperparams.Args.lr"],
    });
    if project {
        request["project"] = json!([names.project]);
    }
    for (key, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => request.as_object_mut().expect("an object").remove(key),
            value => request.as_object_mut().expect("an object").insert(key.clone(), value.clone()),
        };
    }
    request
}

/// The page with this number, counted from 0, by page and size.
fn page(number: usize) -> Value {
    json!({"scroll_id": null, "size": null, "refresh_scroll": null, "page": number, "page_size": PAGE})
}

fn read(app: &App, caller: &Presented, names: &Names, only: &str) -> Vec<(String, f64)> {
    let (metric, variant) = &names.metric;
    let by_metric = format!("-last_metrics.{metric}.{variant}.value");
    let text = ["id", "name", "comment", "system_tags", "models.output.model", "models.input.model"];
    let variants = [
        ("newest first", json!({})),
        ("by a metric", json!({"order_by": [by_metric]})),
        ("by a metric, ascending", json!({"order_by": [by_metric.trim_start_matches('-')]})),
        ("by a parameter", json!({"order_by": ["hyperparams.Args.lr.value"]})),
        ("by name", json!({"order_by": ["name"]})),
        ("with a common tag", json!({"filters": {"tags": {"any": {"include": ["baseline"]}}}})),
        ("with a rare tag", json!({"filters": {"tags": {"any": {"include": ["best"]}}}})),
        ("with a rare tag, by a metric", json!({"tags": ["best"], "order_by": [by_metric]})),
        ("completed", json!({"status": ["completed"]})),
        ("running", json!({"status": ["in_progress"]})),
        ("running, by a metric", json!({"status": ["in_progress"], "order_by": [by_metric]})),
        ("with a parameter's value", json!({"hyperparams.Args.lr.value": ["0.01"]})),
        ("common text in any field", json!({"_any_": {"pattern": "resnet", "fields": text}})),
        ("rare text in any field", json!({"_any_": {"pattern": "training 77", "fields": text}})),
        ("unknown text in any field", json!({"_any_": {"pattern": "no such text", "fields": text}})),
        ("words searched for", json!({"search_text": "resnet50 evaluation", "order_by": ["@text_score"]})),
    ];
    let mut measured = Vec::new();
    for (place, project, last) in [("a project and below", true, 8), ("all projects", false, 49)] {
        let mut time = |what: &str, request: &Value| {
            let what = format!("tasks of {place}: {what}");
            if what.contains(only) {
                let median = median(app, caller, "tasks.get_all_ex", request);
                measured.push((what, median));
            }
        };
        for (what, change) in &variants {
            time(what, &task_table(names, project, change.clone()));
        }
        time(&format!("page {}", last + 1), &task_table(names, project, page(last)));
        let mut by_metric = task_table(names, project, page(last));
        by_metric["order_by"] = variants[1].1["order_by"].clone();
        time(&format!("page {} by a metric", last + 1), &by_metric);
    }
    for (what, name, request) in others(names) {
        let what = format!("{name}: {what}");
        if what.contains(only) {
            measured.push((what, median(app, caller, name, &request)));
        }
    }
    measured
}

fn others(names: &Names) -> Vec<(&'static str, &'static str, Value)> {
    let project = &names.project;
    let listed = |change: Value| {
        let mut request = json!({
            "page": 0, "page_size": PAGE, "include_stats": true, "stats_for_state": "active", "check_own_contents": true,
            "order_by": ["featured", "-last_update"],
            "only_fields": ["name", "company", "user", "created", "default_output_destination", "basename", "system_tags"],
        });
        for (key, value) in change.as_object().expect("an object") {
            request[key] = value.clone();
        }
        request
    };
    let one = json!({"project": project, "include_subprojects": true, "page_size": 5_000});
    let all = json!({"project": null, "include_subprojects": true, "page_size": 5_000});
    vec![
        ("statistics of all", "projects.get_all_ex", listed(json!({}))),
        ("hidden ones too", "projects.get_all_ex", listed(json!({"search_hidden": true}))),
        ("of one person", "projects.get_all_ex", listed(json!({"active_users": [names.user]}))),
        ("top level", "projects.get_all_ex", listed(json!({"shallow_search": true}))),
        (
            "without pipelines",
            "projects.get_all_ex",
            listed(json!({"include_stats_filter": {"system_tags": ["-pipeline", "-dataset"]}})),
        ),
        ("a task", "tasks.get_by_id", json!({"task": names.task})),
        (
            "name pattern in a project",
            "tasks.get_all",
            json!({"project": [project], "name": "resnet.* 7", "only_fields": ["id", "name"]}),
        ),
        ("exact name", "tasks.get_all", json!({"name": "^resnet50\\ training\\ 77$", "only_fields": ["id"]})),
        ("a project and below", "projects.get_hyper_parameters", one.clone()),
        ("everywhere", "projects.get_hyper_parameters", all.clone()),
        (
            "a project and below",
            "projects.get_hyperparam_values",
            json!({"projects": [project], "section": "Args", "name": "lr", "include_subprojects": true}),
        ),
        ("everywhere", "projects.get_hyperparam_values", json!({"section": "Args", "name": "lr"})),
        ("a project and below", "projects.get_unique_metric_variants", one),
        ("everywhere", "projects.get_unique_metric_variants", all),
        ("a project and below", "projects.get_task_tags", json!({"projects": [project]})),
        ("everywhere", "projects.get_task_tags", json!({"include_system": true})),
        (
            "a project and below",
            "projects.get_task_parents",
            json!({"projects": [project], "tasks_state": "active"}),
        ),
        ("everywhere", "projects.get_task_parents", json!({"projects": [], "tasks_state": "active"})),
        (
            "newest first",
            "models.get_all_ex",
            json!({
                "page": 0, "page_size": PAGE, "order_by": ["-last_update"], "system_tags": ["__$not", "archived"],
                "only_fields": ["id", "name", "ready", "framework", "tags", "system_tags", "last_update", "created",
                    "user.name", "project.name", "task.name", "task.project.name", "company", "uri"],
            }),
        ),
    ]
}

/// Median server time in milliseconds.
fn median(app: &App, caller: &Presented, name: &str, request: &Value) -> f64 {
    let body = bytes::Bytes::from(request.to_string());
    let mut times = Vec::new();
    let began = Instant::now();
    call(app, caller, name, body.clone());
    while times.len() < CALLS && (times.len() < 3 || began.elapsed() < LONGEST) {
        let began = Instant::now();
        call(app, caller, name, body.clone());
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn call(app: &App, caller: &Presented, name: &str, body: bytes::Bytes) -> String {
    let incoming = Incoming {
        path: format!("/v2.34/{name}"),
        media_type: "application/json".to_owned(),
        body,
        presented: Some(caller.clone()),
        is_post: true,
        ip: "127.0.0.1".to_owned(),
        ..Incoming::default()
    };
    let answer = dispatch(app, incoming);
    match answer.body {
        OutgoingBody::Json(text) if answer.status == 200 => text,
        OutgoingBody::Json(text) => panic!("{name} answered {text}"),
        OutgoingBody::Download(_) => panic!("{name} answered a file"),
    }
}

/// What the SDK sends when a run starts, and the same with thirty parameters and a script.
fn create(app: &App, caller: &Presented, host: &str, basic: &str, project: &str) {
    let plain = json!({
        "name": "remote job", "type": "training", "project": project, "system_tags": ["development"],
        "comment": "Auto-generated at 2026-11-22 05:27:24 UTC by root@host",
    });
    let mut full = plain.clone();
    full["script"] = json!({
        "repository": "https://git.example.com/team/research.git", "branch": "main", "entry_point": "train.py",
        "working_dir": ".", "requirements": {"pip": "numpy==2.1.0\ntorch==2.5.1\n".repeat(10)},
    });
    let items: serde_json::Map<String, Value> = (0..30)
        .map(|nth| format!("option_{nth}"))
        .map(|name| (name.clone(), json!({"section": "Args", "name": name, "value": "1", "type": "int"})))
        .collect();
    full["hyperparams"] = json!({"Args": items});
    for (what, body) in [("as the SDK sends it", plain), ("with a script and 30 parameters", full)] {
        let body = body.to_string();
        let request = format!(
            "POST /v2.34/tasks.create HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {basic}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (turns, writes) = app.store.writer_counters();
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let mut connection = Connection::open(host);
                    for _ in 0..CREATED / CLIENTS {
                        let answer = connection.send(request.as_bytes());
                        assert!(answer.contains("\"result_code\":200"), "{answer}");
                    }
                });
            }
        });
        let seconds = began.elapsed().as_secs_f64();
        let (turns_now, writes_now) = app.store.writer_counters();
        println!(
            "tasks.create {what}: {:.0} a second from {CLIENTS} clients, {:.1} to a commit",
            CREATED as f64 / seconds,
            (writes_now - writes) as f64 / (turns_now - turns) as f64
        );
    }
    // What was made is removed again: the database may be kept.
    let made = json!({"name": "^remote\\ job$", "page_size": 5_000, "only_fields": ["id"]});
    loop {
        let answer: Value =
            serde_json::from_str(&call(app, caller, "tasks.get_all", made.to_string().into())).expect("JSON");
        let ids: Vec<&str> = answer["data"]["tasks"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|task| task["id"].as_str())
            .collect();
        if ids.is_empty() {
            return;
        }
        call(app, caller, "tasks.delete_many", json!({"ids": ids, "force": true}).to_string().into());
    }
}
