//! How fast events are stored, against SQLite itself, and how fast a chart is read.
//!
//! `cargo bench --bench ingest [-- [POINTS] [URL ACCESS_KEY SECRET_KEY TASK]]`
//!
//! 1. the raw baseline: one prepared `INSERT OR REPLACE` into the table that scalars land in, 8,000 rows a transaction,
//!    `synchronous=FULL`, on a database of its own in the same directory;
//! 2. the same points through `events.add_batch` in this process, JSON parsing and last values included;
//! 3. the same over HTTP, against a server started here, or the one named (plain HTTP, a task that exists there);
//! 4. the chart of 10 series of 10,000 points;
//! 5. what auditing costs: the same requests to servers without it, with it as shipped, and with an entry for each
//!    request, in turns.
//!
//! POINTS is the number of points per measurement (default 800,000). The generator's own CPU time is reported, since on
//! a small machine it takes its share from the server.
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
    api::{Incoming, OutgoingBody, dispatch},
    domain::{App, client_config, identity::Presented},
    server::{self, Options, Ports},
};
use rusqlite::params;

const SERIES: usize = 10;
const ROWS: usize = 8_000;

fn main() {
    // The harness passes flags of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    let points: usize = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(800_000);
    let directory = tempfile::tempdir().expect("a temporary directory");
    println!("{points} points, {SERIES} series, {ROWS} points a request or transaction");

    let bodies = (points / ROWS).max(1);
    let baseline = raw_baseline(directory.path(), bodies);
    report("raw baseline", points, baseline, baseline, None);

    if let [_, url, key, secret, task] = arguments.as_slice() {
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        over_http(host, &basic(key, secret), task, bodies, points, baseline);
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let running =
            server::run(place::on_loopback(directory.path().join("data"))).await.expect("the server starts");
        let app = running.app.clone();
        let Ports::Three { api, .. } = running.ports else { panic!("three ports were asked for") };
        let conf = directory.path().join("data").join(client_config::FILE);
        let (key, secret) = client_config::credentials_of(&conf).expect("the first credentials");
        let work =
            std::thread::spawn(move || measure(&app, api, &key, secret.expose(), bodies, points, baseline));
        while !work.is_finished() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        work.join().expect("the measurements");
        running.stop().await;
        audit_cost(directory.path(), bodies).await;
    });
}

/// Requests of a turn: small enough that all servers see the same weather.
const TURN: usize = 4;

/// The same requests, in process, to three servers in turns.
async fn audit_cost(directory: &Path, bodies: usize) {
    let variants = [
        ("without", "apiserver.log_calls: false"),
        ("as shipped", "apiserver.log_calls: true"),
        ("an entry for each request", "apiserver.endpoints.events.add_batch.log_call: true"),
    ];
    let mut servers = Vec::new();
    for (nth, (name, setting)) in variants.iter().enumerate() {
        let data = format!("audit {nth}");
        let config = directory.join(format!("audit {nth}.conf"));
        std::fs::write(&config, setting).expect("a configuration");
        let running =
            server::run(Options { config: Some(config), ..place::on_loopback(directory.join(&data)) })
                .await
                .expect("the server starts");
        let conf = directory.join(&data).join(client_config::FILE);
        let (key, secret) = client_config::credentials_of(&conf).expect("the first credentials");
        let caller = Presented::Basic { key, secret: secret.expose().clone() };
        let task = new_task(&running.app, &caller);
        servers.push((*name, running, caller, task));
    }
    let apps: Vec<_> = servers
        .iter()
        .map(|(_, running, caller, task)| (running.app.clone(), caller.clone(), task.clone()))
        .collect();
    let work = std::thread::spawn(move || {
        let mut took = [Duration::ZERO; 3];
        for turn in 0..bodies.div_ceil(TURN) {
            for step in 0..apps.len() {
                // Each variant comes first as often as the others.
                let at = (turn + step) % apps.len();
                let (app, caller, task) = &apps[at];
                let requests: Vec<bytes::Bytes> =
                    (0..TURN).map(|nth| lines(task, turn * TURN + nth).into()).collect();
                let began = Instant::now();
                for body in requests {
                    let answer = call(app, caller, "events.add_batch", "application/json-lines", body);
                    assert!(answer.contains("\"errors\":0"), "{answer}");
                }
                took[at] += began.elapsed();
            }
        }
        took
    });
    while !work.is_finished() {
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    let took = work.join().expect("the measurements");
    for ((name, running, ..), time) in servers.into_iter().zip(took) {
        println!(
            "auditing, {name}: {:.1} % of the time without",
            time.as_secs_f64() / took[0].as_secs_f64() * 100.0
        );
        running.stop().await;
    }
}

fn measure(app: &App, port: u16, key: &str, secret: &str, bodies: usize, points: usize, baseline: Duration) {
    let caller = Presented::Basic { key: key.to_owned(), secret: secret.to_owned() };
    let task = new_task(app, &caller);
    let requests: Vec<bytes::Bytes> = (0..bodies).map(|nth| lines(&task, nth).into()).collect();
    let began = Instant::now();
    for body in requests {
        let answer = call(app, &caller, "events.add_batch", "application/json-lines", body);
        assert!(answer.contains("\"errors\":0"), "{answer}");
    }
    report("add_batch in process", points, began.elapsed(), baseline, None);

    let task = new_task(app, &caller);
    over_http(&format!("127.0.0.1:{port}"), &basic(key, secret), &task, bodies, points, baseline);
    small_batches(&format!("127.0.0.1:{port}"), &basic(key, secret), &new_task(app, &caller));

    let task = new_task(app, &caller);
    for nth in 0..13 {
        call(app, &caller, "events.add_batch", "application/json-lines", lines(&task, nth).into());
    }
    let request = format!("{{\"task\":\"{task}\"}}");
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        let name = "events.scalar_metrics_iter_histogram";
        let answer = call(app, &caller, name, "application/json", request.clone().into());
        assert!(answer.len() > 100_000, "a chart of ten series");
        best = best.min(began.elapsed());
    }
    println!("chart of {SERIES} series x {} points: {:.1} ms", 13 * ROWS / SERIES, best.as_secs_f64() * 1e3);
}

/// Points as the SDK sends them: series in turn, one iteration after the other.
fn lines(task: &str, nth: usize) -> String {
    let mut text = String::with_capacity(ROWS * 220);
    for row in 0..ROWS {
        let at = nth * ROWS + row;
        let (series, iteration) = (at % SERIES, at / SERIES);
        writeln!(
            text,
            "{{\"timestamp\": {}, \"type\": \"training_stats_scalar\", \"task\": \"{task}\", \"iter\": {iteration}, \
             \"metric\": \"metric {series}\", \"variant\": \"train\", \"value\": {}, \"allow_locked\": false, \
             \"model_event\": false}}",
            1_700_000_000_000_usize + iteration * 100,
            1.0 / (1.0 + at as f64),
        )
        .expect("a string takes everything");
    }
    text
}

fn raw_baseline(directory: &Path, bodies: usize) -> Duration {
    let conn = rusqlite::Connection::open(directory.join("raw.db")).expect("a database");
    conn.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -16384;
         CREATE TABLE scalar (series INTEGER NOT NULL, iteration INTEGER NOT NULL, value REAL, timestamp INTEGER NOT NULL,
             batch INTEGER NOT NULL, PRIMARY KEY (series, iteration)) STRICT, WITHOUT ROWID;",
    )
    .expect("a table");
    let began = Instant::now();
    let mut insert = conn
        .prepare("INSERT OR REPLACE INTO scalar (series, iteration, value, timestamp, batch) VALUES (?1, ?2, ?3, ?4, ?5)")
        .expect("a statement");
    for nth in 0..bodies {
        conn.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
        for row in 0..ROWS {
            let at = nth * ROWS + row;
            let (series, iteration) = ((at % SERIES) as i64, (at / SERIES) as i64);
            let timestamp = 1_700_000_000_000 + iteration * 100;
            insert
                .execute(params![series, iteration, 1.0 / (1.0 + at as f64), timestamp, nth as i64])
                .expect("a row");
        }
        conn.execute_batch("COMMIT").expect("a commit");
    }
    began.elapsed()
}

/// Two connections at once, as two tasks would report; bodies are made beforehand.
fn over_http(host: &str, authorization: &str, task: &str, bodies: usize, points: usize, baseline: Duration) {
    let requests: Vec<Vec<u8>> =
        (0..bodies).map(|nth| post(host, authorization, &lines(task, nth))).collect();
    let began = Instant::now();
    let cpu: Duration = std::thread::scope(|scope| {
        let halves: Vec<_> = requests
            .chunks(bodies.div_ceil(2))
            .map(|half| {
                scope.spawn(move || {
                    let mut connection = Connection::open(host);
                    for request in half {
                        let answer = connection.send(request);
                        assert!(answer.contains("\"errors\":0"), "{answer}");
                    }
                    thread_cpu()
                })
            })
            .collect();
        halves.into_iter().map(|half| half.join().expect("a connection")).sum()
    });
    report("add_batch over HTTP", points, began.elapsed(), baseline, Some(cpu));
}

/// What a running task sends: a hundred events at once, from eight tasks' connections.
fn small_batches(host: &str, authorization: &str, task: &str) {
    let all = lines(task, 0);
    let all: Vec<&str> = all.lines().collect();
    let request = post(host, authorization, &all[..100].join("\n"));
    let count = 100;
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut connection = Connection::open(host);
                for _ in 0..count {
                    connection.send(&request);
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    println!("batches of 100 on 8 connections: {:.0} requests a second", f64::from(8 * count) / seconds);
}

fn report(what: &str, points: usize, took: Duration, baseline: Duration, generator: Option<Duration>) {
    let rate = points as f64 / took.as_secs_f64();
    let share = baseline.as_secs_f64() / took.as_secs_f64() * 100.0;
    let generator =
        generator.map_or(String::new(), |cpu| format!(", generator's CPU {:.2} s", cpu.as_secs_f64()));
    println!(
        "{what}: {rate:.0} points a second, {share:.0} % of the baseline ({:.2} s{generator})",
        took.as_secs_f64()
    );
}

fn new_task(app: &App, caller: &Presented) -> String {
    let body = "{\"name\":\"ingest\",\"type\":\"training\"}".as_bytes().to_vec();
    let answer = call(app, caller, "tasks.create", "application/json", body.into());
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    answer["data"]["id"].as_str().expect("an id").to_owned()
}

fn call(app: &App, caller: &Presented, name: &str, media_type: &str, body: bytes::Bytes) -> String {
    let incoming = Incoming {
        path: format!("/v2.34/{name}"),
        media_type: media_type.to_owned(),
        body,
        presented: Some(caller.clone()),
        is_post: true,
        ip: "127.0.0.1".to_owned(),
        ..Incoming::default()
    };
    match dispatch(app, incoming).body {
        OutgoingBody::Json(text) => text,
        OutgoingBody::Download(_) => panic!("{name} answered a file"),
    }
}

fn basic(key: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")))
}

fn post(host: &str, authorization: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /v2.34/events.add_batch HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/json-lines\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// CPU time of this thread so far.
fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    // The command's name may hold blanks; it ends with the last parenthesis. User and system time follow as the twelfth
    // and thirteenth field after it, in hundredths of a second.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
