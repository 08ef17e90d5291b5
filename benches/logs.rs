//! How fast console lines are stored and read.
//!
//! `cargo bench --bench logs [-- LINES]`, LINES 1,000,000 by default; `-- 10000000` is the full size.
//!
//! A server of its own is started. Eight connections, four of them for one task and one task each for the others, send
//! `events.add_batch` with 1,000 to 5,000 lines a request. Then the task of the four, which has half of all lines, is
//! read: the last page, a page in the middle by time, the pages beside it, a common word, a word that is nowhere, and the
//! download. Bodies are made beforehand, in portions, and their making is not counted. At last lines of tasks whose log is
//! masked (24 values of a vault) and of tasks whose log is not are stored in turns, and compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "shared/connection.rs"]
mod connection;
#[path = "shared/place.rs"]
mod place;

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use connection::Connection;
use roundhouse::{
    domain::client_config,
    server::{self, Ports},
};
use serde_json::{Value, json};

const CLIENTS: usize = 8;
/// Lines in a request, in turn.
const BATCHES: [usize; 4] = [1_000, 5_000, 2_000, 4_000];
/// Bodies that are made beforehand for each connection: some 60 MB in all.
const PORTION: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    let lines: usize = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let directory = tempfile::tempdir().expect("a temporary directory");
    actix_web::rt::System::new().block_on(async {
        let running =
            server::run(place::on_loopback(directory.path().join("data"))).await.expect("the server starts");
        let Ports::Three { api, .. } = running.ports else { panic!("three ports were asked for") };
        let data = directory.path().join("data");
        let (key, secret) =
            client_config::credentials_of(&data.join(client_config::FILE)).expect("the first credentials");
        let authorization = format!("Basic {}", STANDARD.encode(format!("{key}:{}", secret.expose())));
        let target = Target { host: format!("127.0.0.1:{api}"), authorization };
        let work = std::thread::spawn(move || measure(&target, &data, lines));
        while !work.is_finished() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        work.join().expect("the measurements");
        running.stop().await;
    });
}

#[derive(Clone)]
struct Target {
    host: String,
    authorization: String,
}

fn measure(target: &Target, data: &Path, lines: usize) {
    let tasks: Vec<String> = (0..=CLIENTS).map(|_| target.new_task()).collect();
    let task_of = |client: usize| if client < CLIENTS / 2 { &tasks[0] } else { &tasks[client] };
    let before = stored(data);
    let (mut sent, mut round, mut took) = (0, 0, Duration::ZERO);
    while sent < lines {
        let bodies: Vec<Vec<(usize, Vec<u8>)>> = (0..CLIENTS)
            .map(|client| {
                (0..PORTION)
                    .map(|nth| {
                        let count = BATCHES[(client + nth) % BATCHES.len()];
                        let seed = (round * CLIENTS + client) * PORTION + nth;
                        (count, target.post("events.add_batch", &batch(task_of(client), seed, count)))
                    })
                    .collect()
            })
            .collect();
        let began = Instant::now();
        std::thread::scope(|scope| {
            for bodies in &bodies {
                scope.spawn(move || {
                    let mut connection = Connection::open(&target.host);
                    for (_, body) in bodies {
                        let answer = connection.send(body);
                        assert!(answer.contains("\"errors\":0"), "{answer}");
                    }
                });
            }
        });
        took += began.elapsed();
        sent += bodies.iter().flatten().map(|(count, _)| count).sum::<usize>();
        round += 1;
    }
    println!(
        "{sent} lines over {CLIENTS} connections, 1,000 to 5,000 a request: {:.0} lines a second ({:.2} s)",
        sent as f64 / took.as_secs_f64(),
        took.as_secs_f64(),
    );
    println!(
        "on disk: {:.1} bytes a line of {} characters",
        (stored(data) - before) as f64 / sent as f64,
        sample().len()
    );
    read_back(target, &tasks[0]);
    // As the SDK sends them: these come as rows, and are packed in the background.
    let task = &tasks[CLIENTS - 1];
    let small: Vec<Vec<u8>> =
        (0..500).map(|nth| target.post("events.add_batch", &batch(task, 1_000_000 + nth, 100))).collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for part in small.chunks(small.len().div_ceil(CLIENTS)) {
            scope.spawn(move || {
                let mut connection = Connection::open(&target.host);
                for body in part {
                    connection.send(body);
                }
            });
        }
    });
    println!("batches of 100: {:.0} lines a second", 50_000.0 / began.elapsed().as_secs_f64());
    masking(target);
    println!("most memory in use, bodies of the generator included: {} MiB", peak_memory() >> 20);
}

/// Rounds of the comparison with and without masking.
const ROUNDS: usize = 9;

/// What masking costs: the same lines for tasks with values of a vault, and for tasks without, in turns.
fn masking(target: &Target) {
    let mut connection = Connection::open(&target.host);
    let mut call = |name: &str, request: Value| -> Value {
        let answer = connection.send(&target.post(name, &request.to_string()));
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["meta"]["result_code"], 200, "{answer}");
        answer["data"].clone()
    };
    let values: Vec<String> = (0..24).map(|n| format!("V{n} = \"a-value-of-a-vault-{n:04}\"")).collect();
    let vault = json!({"data": format!("environment {{ {} }}", values.join(", "))});
    call("users.add_or_update_vault", json!({"vault": vault}));
    let queue = call("queues.create", json!({"name": "masked"}))["id"].clone();
    let tasks: [Vec<String>; 2] = std::array::from_fn(|_| (0..CLIENTS).map(|_| target.new_task()).collect());
    for task in &tasks[1] {
        call("tasks.enqueue", json!({"task": task, "queue": queue}));
        assert_eq!(call("queues.get_next_task", json!({"queue": queue}))["entry"]["task"], task.as_str());
    }
    let mut took: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for (masked, tasks) in tasks.iter().enumerate() {
            let bodies: Vec<Vec<u8>> = tasks
                .iter()
                .enumerate()
                .map(|(client, task)| {
                    let lines = batch(task, 2_000_000 + round * CLIENTS + client, 4_000);
                    target.post("events.add_batch", &lines)
                })
                .collect();
            let began = Instant::now();
            std::thread::scope(|scope| {
                for body in &bodies {
                    scope.spawn(|| {
                        let answer = Connection::open(&target.host).send(body);
                        assert!(answer.contains("\"errors\":0"), "{answer}");
                    });
                }
            });
            took[masked].push(began.elapsed().as_secs_f64());
        }
    }
    let [without, with] = took.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    println!(
        "masking 24 values: {:.0} lines a second without, {:.0} with, {:+.1} %",
        (CLIENTS * 4_000) as f64 / without,
        (CLIENTS * 4_000) as f64 / with,
        (with / without - 1.0) * 100.0
    );
}

/// Reads a long log as clients do; the best of five.
fn read_back(target: &Target, task: &str) {
    let mut connection = Connection::open(&target.host);
    let mut ask = |what: &str, request: Value| -> Value {
        let request = target.post("events.get_task_log", &request.to_string());
        let (mut best, mut answer) = (Duration::MAX, String::new());
        for _ in 0..5 {
            let began = Instant::now();
            answer = connection.send(&request);
            best = best.min(began.elapsed());
        }
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let data = answer["data"].clone();
        println!("{what}: {:.1} ms, {} lines", best.as_secs_f64() * 1e3, data["returned"]);
        data
    };
    let newest = ask("last page of 1,000", json!({"task": task, "batch_size": 1_000}));
    println!("this log has {} lines", newest["total"]);
    ask("last page of 100", json!({"task": task, "batch_size": 100}));
    let end = newest["events"][0]["timestamp"].as_i64().expect("a time");
    let middle = i64::midpoint(START, end);
    let page = ask(
        "page in the middle, by time",
        json!({"task": task, "batch_size": 1_000, "from_timestamp": middle}),
    );
    let first = &page["events"][0]["timestamp"];
    let last = &page["events"][page["returned"].as_u64().expect("a number") as usize - 1]["timestamp"];
    ask("the page before it", json!({"task": task, "batch_size": 1_000, "from_timestamp": last}));
    ask(
        "the page after it",
        json!({"task": task, "batch_size": 1_000, "from_timestamp": first, "navigate_earlier": false}),
    );
    ask("a common word, newest 100", json!({"task": task, "batch_size": 100, "search": "loss"}));
    let mut pieces = 0;
    let mut next = Value::Null;
    let began = Instant::now();
    loop {
        let request = json!({"task": task, "search": "needle in a haystack", "search_from": next});
        let answer = connection.send(&target.post("events.get_task_log", &request.to_string()));
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        pieces += 1;
        next = answer["data"]["next"].clone();
        if next.is_null() {
            break;
        }
    }
    println!(
        "a word that is nowhere, whole log: {:.0} ms in {pieces} pieces",
        began.elapsed().as_secs_f64() * 1e3
    );
    let began = Instant::now();
    let path = format!("events.download_task_log?line_type=text&task={task}");
    let size = connection.download(&target.get(&path));
    let seconds = began.elapsed().as_secs_f64();
    println!("download as text: {:.2} s, {:.0} MB a second", seconds, size as f64 / 1e6 / seconds);
}

const START: i64 = 1_700_000_000_000;

fn sample() -> String {
    message(123_456)
}

/// A line as trainings print them.
fn message(at: usize) -> String {
    let noise = |salt: usize| (at.wrapping_mul(2_654_435_761).wrapping_add(salt * 40_503) >> 7) % 1_000_000;
    format!(
        "2026-11-25 08:{:02}:{:02},{:03} INFO trainer.loop step={at} loss=0.{:06} lr={:.3e} grad_norm={:.4} tokens/s={}",
        at / 6_000 % 60,
        at / 100 % 60,
        at % 1_000,
        noise(1),
        1e-4 * noise(2) as f64 / 1e6,
        noise(3) as f64 / 2e5,
        10_000 + noise(4) % 10_000
    )
}

fn batch(task: &str, seed: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 300);
    for line in 0..count {
        let at = seed * 5_000 + line;
        writeln!(
            text,
            "{{\"type\": \"log\", \"task\": \"{task}\", \"timestamp\": {}, \"worker\": \"box:gpu0\", \"level\": \"info\", \
             \"msg\": \"{}\", \"allow_locked\": false, \"model_event\": false}}",
            START + at as i64,
            message(at)
        )
        .expect("a string takes everything");
    }
    text
}

/// Bytes of the database, once the background has moved the write-ahead log into it.
fn stored(data: &Path) -> u64 {
    let size = || std::fs::metadata(data.join("roundhouse.db")).map_or(0, |facts| facts.len());
    let mut last = size();
    for _ in 0..10 {
        std::thread::sleep(Duration::from_secs(2));
        let now = size();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or_default() * 1024
}

impl Target {
    fn new_task(&self) -> String {
        let body = "{\"name\":\"logs\",\"type\":\"training\"}";
        let answer = Connection::open(&self.host).send(&self.request(
            "POST",
            "tasks.create",
            "application/json",
            body,
        ));
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        answer["data"]["id"].as_str().expect("an id").to_owned()
    }

    fn post(&self, name: &str, body: &str) -> Vec<u8> {
        let media_type =
            if name == "events.add_batch" { "application/json-lines" } else { "application/json" };
        self.request("POST", name, media_type, body)
    }

    fn get(&self, path: &str) -> Vec<u8> {
        self.request("GET", path, "application/json", "")
    }

    fn request(&self, method: &str, path: &str, media_type: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} /v2.34/{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: {media_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            self.authorization,
            body.len()
        )
        .into_bytes()
    }
}
