//! Twenty times SIGKILL in the middle of acknowledged writes. Whatever was acknowledged is there afterwards; whatever
//! was not is there whole or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::Rng as _;
use serde_json::{Value, json};

use crate::yard::{Client, Yard};

const KILLS: usize = 20;
const WRITERS: usize = 4;
/// Events of one batch: they are stored together or not at all.
const BATCH: i64 = 7;

/// One client with its own task and its own person.
struct Writer {
    number: usize,
    client: Client,
    task: String,
    /// Ids and names of tasks whose creation was acknowledged.
    created: BTreeMap<String, String>,
    /// Batches (as iterations) that were acknowledged.
    batches: BTreeSet<i64>,
    /// Keys of preferences that were acknowledged.
    preferences: BTreeSet<String>,
    /// The next batch, never used twice.
    next: i64,
}

impl Writer {
    fn new(yard: &Yard, number: usize) -> Self {
        let client = yard.user(&format!("writer{number}"));
        let task = client.ok("tasks.create", json!({"name": format!("events {number}"), "type": "training"}));
        let task = task["id"].as_str().unwrap().to_owned();
        client.ok("tasks.started", json!({"task": task}));
        Writer {
            number,
            client,
            task,
            created: BTreeMap::new(),
            batches: BTreeSet::new(),
            preferences: BTreeSet::new(),
            next: 0,
        }
    }

    /// Writes until the server is gone. A request without an answer may have been stored or not. Every acknowledged
    /// batch is counted in `acknowledged`.
    fn write(&mut self, enough: &AtomicBool, acknowledged: &AtomicUsize) {
        while !enough.load(Ordering::Relaxed) {
            let n = self.next;
            self.next += 1;
            let name = format!("{}-{n}", self.number);
            let body = json!({"name": format!("task {name}"), "type": "training"});
            let Some(data) = attempt(self.client.request("tasks.create").json(&body)) else { return };
            self.created.insert(data["id"].as_str().unwrap().to_owned(), format!("task {name}"));

            let lines: Vec<Value> = (0..BATCH).map(|variant| self.event(n, variant)).collect();
            let Some(data) = attempt(self.client.request("events.add_batch").lines(&lines)) else { return };
            assert_eq!(data["added"], BATCH, "{data}");
            self.batches.insert(n);
            acknowledged.fetch_add(1, Ordering::Relaxed);

            let body = json!({"preferences": {format!("n{name}"): n}, "return_updated": false});
            let Some(data) = attempt(self.client.request("users.set_preferences").json(&body)) else {
                return;
            };
            assert_eq!(data["updated"], 1, "{data}");
            self.preferences.insert(format!("n{name}"));
        }
    }

    fn event(&self, batch: i64, variant: i64) -> Value {
        json!({"type": "training_stats_scalar", "task": self.task, "iter": batch, "metric": "m",
            "variant": format!("v{variant}"), "value": batch * 10 + variant, "timestamp": 1_700_000_000_000_i64 + batch})
    }

    /// Everything acknowledged is there, and nothing is there in part.
    fn check(&self) {
        let ids: Vec<&String> = self.created.keys().collect();
        for ids in ids.chunks(400) {
            let body = json!({"id": ids, "only_fields": ["id", "name"], "page": 0, "page_size": 500});
            let found = self.client.ok("tasks.get_all", body);
            let found: BTreeMap<&str, &str> = found["tasks"]
                .as_array()
                .unwrap()
                .iter()
                .map(|task| (task["id"].as_str().unwrap(), task["name"].as_str().unwrap()))
                .collect();
            for id in ids {
                assert_eq!(
                    found.get(id.as_str()),
                    Some(&self.created[*id].as_str()),
                    "acknowledged task {id}"
                );
            }
        }

        let kept = self.client.ok("users.get_preferences", json!({}))["preferences"].clone();
        for key in &self.preferences {
            assert!(kept.get(key).is_some(), "acknowledged preference {key} is lost");
        }

        let stored = self.stored_batches();
        for batch in &self.batches {
            assert!(stored.contains_key(batch), "acknowledged batch {batch} is lost");
        }
        for (batch, values) in &stored {
            let whole: BTreeSet<i64> = (0..BATCH).map(|variant| batch * 10 + variant).collect();
            assert_eq!(*values, whole, "batch {batch} is there in part");
        }
        // The task's own summary moved in the same transaction as the events.
        if let Some(last) = stored.keys().max() {
            let body = json!({"id": [self.task], "only_fields": ["last_iteration"]});
            let task = self.client.ok("tasks.get_all", body);
            assert_eq!(task["tasks"][0]["last_iteration"], *last, "the summary and the events differ");
        }
    }

    /// Values by iteration, as the raw reader gives them.
    fn stored_batches(&self) -> BTreeMap<i64, BTreeSet<i64>> {
        let mut stored: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        let mut scroll = Value::Null;
        loop {
            let body = json!({"task": self.task, "event_type": "training_stats_scalar", "order": "asc",
                "batch_size": 5000, "scroll_id": scroll});
            let page = self.client.ok("events.get_task_events", body);
            let events = page["events"].as_array().unwrap();
            if events.is_empty() {
                return stored;
            }
            for event in events {
                let (iteration, value) = (event["iter"].as_i64().unwrap(), event["value"].as_f64().unwrap());
                #[allow(clippy::cast_possible_truncation)]
                stored.entry(iteration).or_default().insert(value as i64);
            }
            scroll = page["scroll_id"].clone();
        }
    }
}

/// The data of an acknowledged call, or nothing when the server went away meanwhile.
fn attempt(call: crate::yard::Call) -> Option<Value> {
    let response = call.send().ok()?;
    let status = response.status();
    let envelope: Value = serde_json::from_str(&response.text().ok()?).ok()?;
    assert!(status.is_success(), "{envelope}");
    Some(envelope["data"].clone())
}

#[test]
fn acknowledged_writes_survive_twenty_kills() {
    let mut yard = Yard::start();
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(&yard, number)).collect();
    for round in 0..KILLS {
        let enough = AtomicBool::new(false);
        let acknowledged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for writer in &mut writers {
                scope.spawn(|| writer.write(&enough, &acknowledged));
            }
            // However slow the machine is, the kill meets a server that is at work.
            let begun = Instant::now();
            while acknowledged.load(Ordering::Relaxed) == 0 && begun.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..700)));
            yard.kill();
            // Nobody answers any more; whoever is between two calls shall not wait for a refused connection.
            enough.store(true, Ordering::Relaxed);
        });
        assert!(acknowledged.load(Ordering::Relaxed) > 0, "round {round} wrote nothing");
        yard.start_again();
        writers.iter().for_each(Writer::check);
    }
    let tasks: usize = writers.iter().map(|writer| writer.created.len()).sum();
    let batches: usize = writers.iter().map(|writer| writer.batches.len()).sum();
    println!(
        "{KILLS} kills: {tasks} tasks and {batches} batches were acknowledged, and all of them are there"
    );
    // What recovery left is a sound database.
    yard.stop();
    let doctor = yard.command(&["doctor", "--data"]).arg(yard.data()).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// Scalars move into chunks behind the back of whoever reports them. Kills while they move, with late points among them
/// and somebody else reporting meanwhile, lose and double nothing.
#[test]
fn points_on_their_way_into_chunks_survive_kills() {
    const POINTS: i64 = 20_000;
    const LATE: i64 = 300;
    const ROUNDS: i64 = 12;
    /// A full run: fewer points may stay in the tail.
    const FULL: i64 = 4_096;
    let mut yard = Yard::start();
    let reporter = Writer::new(&yard, 0);
    let mut other = Writer::new(&yard, 1);
    let mut curve: BTreeMap<i64, f64> = BTreeMap::new();
    let mut interrupted = 0;
    for round in 0..ROUNDS {
        let (enough, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| other.write(&enough, &acknowledged));
            // New points, and some that lie in chunks by now. Not all of the values fit into 32 bits.
            let new = (round * POINTS..(round + 1) * POINTS).map(|at| (at, at as f64 + 1.0 / 1024.0));
            let late = (0..LATE.min(round * LATE))
                .map(|_| (rand::rng().random_range(0..round * POINTS), -(round as f64)));
            let points: Vec<(i64, f64)> = new.chain(late).collect();
            // In one request: reported piece by piece, half of them would have moved before the last piece came.
            reporter.add(&points);
            curve.extend(points);
            let (begun, mut most) = (Instant::now(), 0);
            while begun.elapsed() < Duration::from_secs(60) {
                let now = tail(&yard);
                most = most.max(now);
                if now + FULL / 2 < most {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..20)));
            yard.kill();
            enough.store(true, Ordering::Relaxed);
        });
        interrupted += i64::from(tail(&yard) >= FULL);
        yard.start_again();
        assert_eq!(reporter.curve(), curve, "round {round}");
        other.check();
    }
    assert!(
        interrupted >= ROUNDS / 4,
        "only {interrupted} of {ROUNDS} kills met points that were being moved"
    );
    println!("{interrupted} of {ROUNDS} kills met points that were being moved");
    // What is left is moved without anybody's help; less than a full run of each curve stays in the tail.
    let begun = Instant::now();
    while tail(&yard) >= FULL {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} points still wait", tail(&yard));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(reporter.curve(), curve);
    yard.stop();
    let doctor = yard.command(&["doctor", "--data"]).arg(yard.data()).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// Number of points in the tail, of the curve that has most.
fn tail(yard: &Yard) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(yard.data().join("roundhouse.db"), flags).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "SELECT coalesce(max(points), 0) FROM (SELECT count(*) AS points FROM scalar GROUP BY series)";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

impl Writer {
    /// Adds points to the curve `c`, and insists on an answer.
    fn add(&self, points: &[(i64, f64)]) {
        let event = |(iteration, value): &(i64, f64)| {
            json!({"type": "training_stats_scalar", "task": self.task, "iter": iteration, "metric": "curve",
                "variant": "c", "value": value, "timestamp": 1_700_000_000_000_i64 + iteration})
        };
        let lines: Vec<Value> = points.iter().map(event).collect();
        let added = attempt(self.client.request("events.add_batch").lines(&lines)).unwrap();
        assert_eq!(added["added"], points.len());
    }

    /// Every point of the curve `c`, page by page; none comes twice.
    fn curve(&self) -> BTreeMap<i64, f64> {
        let (mut curve, mut scroll) = (BTreeMap::new(), Value::Null);
        loop {
            let body = json!({"task": self.task, "metric": {"metric": "curve"}, "batch_size": 200_000,
                "scroll_id": scroll, "count_total": true});
            let page = self.client.ok("events.scalar_metrics_iter_raw", body);
            if page["returned"] == 0 {
                assert_eq!(page["total"], curve.len());
                return curve;
            }
            let column = |name: &str| page["variants"]["c"][name].as_array().unwrap().clone();
            for (iteration, value) in column("iter").iter().zip(column("y")) {
                let twice = curve.insert(iteration.as_i64().unwrap(), value.as_f64().unwrap());
                assert_eq!(twice, None, "iteration {iteration} comes twice");
            }
            scroll = page["scroll_id"].clone();
        }
    }
}
