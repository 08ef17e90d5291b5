//! The audit end to end: what a security officer asks, and what somebody with a shell on the server can't hide.

use std::{
    fs,
    process::{Command, Output},
    time::{Duration, Instant},
};

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::yard::{Client, Yard};

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

/// Signs in as the first administrator, as a browser without scripts would; answers the session's cookie.
fn page_session(yard: &Yard) -> String {
    let password = fs::read_to_string(yard.data().join("initial-password")).unwrap().trim().to_owned();
    let nobody = yard.nobody();
    let client = nobody.http();
    let login = format!("{}/login", yard.web());
    let form = client.get(&login).send().unwrap();
    let visitor = form.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let form = form.text().unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = format!("csrf={csrf}&username=admin&password={password}&next=");
    let answer = client
        .post(&login)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", visitor)
        .body(fields)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 303);
    let cookies = answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let session = cookies.into_iter().find(|cookie| cookie.starts_with("roundhouse=")).unwrap();
    session.split(';').next().unwrap().to_owned()
}

fn page(yard: &Yard, session: &str, path: &str) -> String {
    let nobody = yard.nobody();
    let answer = nobody
        .http()
        .request(Method::GET, format!("{}{path}", yard.web()))
        .header("cookie", session)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().unwrap()
}

/// What the log's writer has stored by now; it may take a second.
fn entries_once(client: &Client, request: &Value, wanted: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let list = client.ok("audit.get_log", request.clone())["entries"].as_array().unwrap().clone();
        if list.len() >= wanted || begun.elapsed() > Duration::from_secs(10) {
            return list;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn verify(yard: &Yard, more: &[&str]) -> Output {
    let mut command: Command = yard.command(&["audit", "verify", "--data"]);
    command.arg(yard.data()).args(more).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The *audit request*: which image ran the model that went to production, and under whose identity?
#[test]
fn an_audit_request_is_answered_by_one_call_and_by_one_page() {
    let yard = Yard::start();
    let (mira_id, mira) = yard.person("mira", "user");
    let admin = yard.admin();
    let queue = id(&admin.ok("queues.create", json!({"name": "a100"})));
    let container =
        json!({"image": "registry.yard.lan/torch:2.5", "arguments": "-e HF_TOKEN=hf_s3cret --ipc=host"});
    let task = id(&mira.ok(
        "tasks.create",
        json!({"name": "detector training", "type": "training", "container": container}),
    ));
    mira.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
    // The agent runs it as whoever submitted it.
    let agent = admin.with("x-clearml-worker", "yard-03:gpu0");
    let pulled = agent.ok("queues.get_next_task", json!({"queue": queue, "get_task_info": true}));
    assert_eq!(pulled["task_info"]["user"], mira_id.as_str());
    let token = agent.impersonating(&mira_id).token();
    let run = yard.nobody().bearer(&token).with("x-clearml-worker", "yard-03:gpu0");
    run.ok("tasks.started", json!({"task": task}));
    let model =
        json!({"name": "detector", "uri": "https://files.example/detector.pt", "task": task, "ready": false});
    let model = id(&run.ok("models.create", model));
    run.ok("tasks.completed", json!({"task": task}));
    mira.ok("models.set_ready", json!({"model": model, "publish_task": true}));

    // One call.
    let found = admin.ok("audit.find_tasks", json!({"model": model}));
    assert_eq!(found["total"], 1);
    let answer = &found["tasks"][0];
    assert_eq!(answer["task"], task.as_str());
    assert_eq!(answer["container"]["image"], "registry.yard.lan/torch:2.5");
    assert_eq!((&answer["submitter"]["id"], &answer["run_as"]["id"]), (&json!(mira_id), &json!(mira_id)));
    assert_eq!(
        (&answer["agent"]["worker"], answer["session_id"].is_string()),
        (&json!("yard-03:gpu0"), true)
    );
    mira.call("audit.find_tasks", json!({"model": model})).is(403, 20);
    // One page.
    let session = page_session(&yard);
    let trail = page(&yard, &session, &format!("/tasks/{task}/trail"));
    for part in
        ["registry.yard.lan/torch:2.5", "mira", "yard-03:gpu0", "Left the queue", "Ran as owner", "Published"]
    {
        assert!(trail.contains(part), "{part} is not on the page");
    }
    assert!(!trail.contains("hf_s3cret") && !found.to_string().contains("hf_s3cret"));
    // The audit log tells of the same, and of its readers.
    let log = entries_once(&admin, &json!({"task": task, "endpoints": ["tasks.*", "queues.*"]}), 4);
    let calls: Vec<&str> = log.iter().map(|entry| entry["endpoint"].as_str().unwrap()).collect();
    for call in ["tasks.create", "tasks.enqueue", "queues.get_next_task", "tasks.started", "tasks.completed"]
    {
        assert!(calls.contains(&call), "{call} is not in {calls:?}");
    }
    let started = log.iter().find(|entry| entry["endpoint"] == "tasks.started").unwrap();
    assert_eq!(started["auth"]["identity"]["user"], mira_id.as_str());
    assert!(started["auth"]["actor"]["user"].is_string(), "who really acted");
    let audit = page(&yard, &session, "/admin/audit?call=tasks.*");
    assert!(audit.contains("tasks.enqueue") && audit.contains("Reading this page is recorded"));
    let exported = page(&yard, &session, "/admin/audit.jsonl?call=tasks.enqueue");
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "exactly what is filtered: {exported}");
}

#[test]
fn case_56_raw_log_prints_one_line_a_call_and_heads_of_the_chains() {
    let mut yard = Yard::secure()
        .env("CLEARML__apiserver__apilog__adapter", "[raw_log, file]")
        .env("CLEARML__apiserver__apilog__rotation__time", "quarterly")
        .env("CLEARML__apiserver__endpoints__workers__status_report__log_call", "true")
        .env("CLEARML__apiserver__endpoints__workers__status_report__log_data", "[\"queue\"]")
        .start();
    let admin = yard.admin();
    admin.ok("tasks.create", json!({"name": "demo", "type": "training"}));
    admin.ok(
        "workers.status_report",
        json!({"worker": "w1", "timestamp": 1, "queue": "q1", "queues": ["q1"]}),
    );
    yard.nobody().basic("admin", "wr0ng-password").call("tasks.get_all", json!({})).is(401, 22);
    assert!(yard.stop().success());
    let log = yard.log();
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let of = |name: &str| -> Vec<&Value> { lines.iter().filter(|line| line["endpoint"] == name).collect() };
    assert_eq!(of("tasks.create").len(), 1);
    for field in [
        "@timestamp",
        "call_id",
        "trx",
        "ip",
        "version",
        "duration",
        "request_size",
        "response_size",
        "auth",
        "result",
        "headers",
        "stats",
    ] {
        assert!(!of("tasks.create")[0][field].is_null(), "{field}");
    }
    assert_eq!(of("workers.status_report")[0]["data"], json!({"queue": "q1"}));
    let authorization = of("tasks.create")[0]["headers"]["claimed"]["authorization"].as_str().unwrap();
    assert!(authorization.starts_with("Bearer <redacted>, "), "{authorization}");
    assert_eq!(of("tasks.get_all")[0]["result"]["code"], 401);
    assert!(
        !log.contains("wr0ng-password") && !log.contains("YWRtaW46d3Iw"),
        "neither in the clear nor encoded"
    );
    let heads: Vec<&Value> = lines.iter().filter(|line| line["type"] == "audit_head").collect();
    assert!(heads.iter().any(|head| head["chain"] == "security"), "{heads:?}");
    // The same, in a file of the quarter.
    let names: Vec<String> = fs::read_dir(yard.data())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("clearml.apiserver.api-logs."))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let suffix = names[0].rsplit('.').next().unwrap();
    assert!(suffix.len() == 6 && suffix[4..].starts_with('Q'), "{suffix}");
    let file = fs::read_to_string(yard.data().join(&names[0])).unwrap();
    assert!(file.contains("\"tasks.create\""));
}

#[test]
fn case_56_an_unknown_adapter_refuses_the_start() {
    for (adapter, word) in
        [("carrier_pigeon", "one of store, file"), ("elastic", "logging"), ("logging", "host")]
    {
        let mut yard = Yard::secure().env("CLEARML__apiserver__apilog__adapter", adapter).lay_out();
        let refusal = yard.try_start().unwrap_err();
        assert!(refusal.log.contains("apilog") && refusal.log.contains(word), "{adapter}: {}", refusal.log);
    }
}

/// S26: whoever can write the files, but has not the key, is found out; the broken row is named.
#[test]
fn s26_the_command_line_names_the_first_broken_row() {
    let mut yard = Yard::start();
    let admin = yard.admin();
    for nth in 0..3 {
        admin.ok("auth.create_credentials", json!({"label": format!("key {nth}")}));
        admin.ok("tasks.create", json!({"name": format!("task {nth}"), "type": "training"}));
    }
    let beside = verify(&yard, &[]);
    assert_eq!(beside.status.code(), Some(0), "beside the running server: {}", said(&beside));
    assert!(yard.stop().success());
    let offline = verify(&yard, &[]);
    assert_eq!(offline.status.code(), Some(0), "{}", said(&offline));
    for chain in ["security", "trail", "calls"] {
        let text = said(&offline);
        assert!(text.lines().any(|line| line.starts_with(chain) && line.contains("sound")), "{text}");
    }
    let attack = |file: &str, sql: &str| {
        Connection::open(yard.data().join(file)).unwrap().execute_batch(sql).unwrap();
    };
    attack("roundhouse.db", "UPDATE security_event SET user = 'somebody else' WHERE seq = 2");
    let found = verify(&yard, &[]);
    assert_eq!(found.status.code(), Some(4));
    assert!(said(&found).contains("security  BROKEN  row 2 ("), "{}", said(&found));
    attack("calls.db", "DELETE FROM call WHERE seq = (SELECT max(seq) FROM call)");
    let found = verify(&yard, &[]);
    assert!(
        said(&found).lines().any(|line| line.starts_with("calls") && line.contains("missing")),
        "{}",
        said(&found)
    );
}
