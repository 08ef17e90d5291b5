//! When clients send faster than the disk takes: memory stays bounded, clients are slowed down or asked to come again,
//! and what was acknowledged is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::yard::{
    Client, Setup, Yard,
    python::{Workstation, run},
};

/// Bytes of a body; the server has room for two.
const BODY: usize = 2 << 20;
const LINES: usize = 512;

fn narrow() -> Setup {
    Yard::secure()
        .env("CLEARML__apiserver__request__max_body_bytes", &(BODY + 512 * 1024).to_string())
        .env("CLEARML__apiserver__request__max_in_flight_bytes", "1")
}

/// A disk that stands still most of the time: somebody else holds the database, again and again.
fn slow_disk(database: &Path, ended: &AtomicBool) {
    let database = rusqlite::Connection::open(database).unwrap();
    while !ended.load(Ordering::Relaxed) {
        if database.execute_batch("BEGIN IMMEDIATE").is_ok() {
            std::thread::sleep(Duration::from_millis(4_500));
            database.execute_batch("ROLLBACK").unwrap();
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn body(task: &str, client: usize) -> String {
    let text = "0123456789abcdef".repeat(BODY / LINES / 16 - 16);
    let line = |n: usize| {
        json!({"type": "log", "task": task, "worker": "w", "timestamp": n, "level": "info",
            "msg": format!("{client} {n} {text}")})
        .to_string()
            + "\n"
    };
    (0..LINES).map(line).collect()
}

/// Sends a body until it is taken; returns how often the server asked to come again.
fn send(client: &Client, body: &str, pause: Duration) -> usize {
    let mut refused = 0;
    loop {
        let answer = client
            .request("events.add_batch")
            .header("content-type", "application/json-lines")
            .bytes(body)
            .answer();
        if answer.status != 503 {
            assert_eq!(answer.ok()["added"], LINES);
            return refused;
        }
        answer.is(503, 0);
        assert_eq!(answer.header("retry-after"), "2");
        refused += 1;
        std::thread::sleep(pause);
    }
}

fn new_task(client: &Client) -> String {
    let answer = client.ok("tasks.create", json!({"name": "pressure", "type": "training"}));
    answer["id"].as_str().unwrap().to_owned()
}

#[test]
fn sixty_four_clients_and_a_slow_disk_fit_into_little_memory() {
    let yard = narrow().start();
    let client = yard.admin();
    let task = new_task(&client);
    // What a few bodies take when nothing is in their way.
    send(&client, &body(&task, 0), Duration::ZERO);
    let before = yard.peak_memory();
    let (ended, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let database = yard.data().join("roundhouse.db");
    std::thread::scope(|threads| {
        threads.spawn(|| slow_disk(&database, &ended));
        let senders: Vec<_> = (1..=64)
            .map(|nth| {
                let (client, task, refused) = (client.clone(), &task, &refused);
                threads.spawn(move || {
                    let again = send(&client, &body(task, nth), Duration::from_millis(500));
                    refused.fetch_add(again, Ordering::Relaxed);
                })
            })
            .collect();
        // The disk is slow for long enough; then the rest goes through.
        std::thread::sleep(Duration::from_secs(12));
        ended.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.join().unwrap();
        }
    });
    assert!(refused.into_inner() > 0, "some clients were asked to come again");
    let page = client.ok("events.get_task_log", json!({"task": task, "batch_size": 0}));
    assert_eq!(page["total"], 65 * LINES, "every acknowledged line, once");
    for nth in [1, 33, 64] {
        let search = json!({"task": task, "search": format!("^{nth} 511 0123"), "search_regex": true});
        let found: Value = client.ok("events.get_task_log", search);
        assert_eq!(found["returned"], 1);
    }
    let grown = yard.peak_memory().saturating_sub(before);
    assert!(grown < 64 << 20, "64 bodies of 2 MiB took {} MiB", grown >> 20);
}

#[test]
fn the_sdk_comes_again_when_it_is_asked_to() {
    let yard = Yard::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sdk_run.py");
    let state = yard.home().join("pressure.json");
    let step = |name: &str| {
        let mut command = Workstation::new(&yard, name).python();
        command.arg(&script).args([name, "pressure"]).arg(&state);
        run(command, &format!("pressure-{name}"), Duration::from_secs(240));
    };
    let (database, marker) = (yard.data().join("roundhouse.db"), yard.home().join("pressure-started"));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            // The training has begun, and reports every few tenths of a second.
            for _ in 0..600 {
                if marker.exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            // Longer than the server waits for somebody who holds its database.
            let database = rusqlite::Connection::open(database).unwrap();
            database.execute_batch("BEGIN IMMEDIATE").unwrap();
            std::thread::sleep(Duration::from_secs(10));
            database.execute_batch("ROLLBACK").unwrap();
        });
        step("run");
    });
    step("check");
}
