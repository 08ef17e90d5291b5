//! How small scalars become in chunks, how fast they are stored, and how fast a chart is drawn from them, against plain
//! rows of SQLite.
//!
//! `cargo bench --bench charts [-- POINTS]`, POINTS of the long curve: 10,000,000 by default; `-- 100000000` takes some
//! fifteen minutes and 8 GB of disk.
//!
//! A server is started here. Curves are reported by `events.add_batch`, in process, by two threads, 8,000 points a request;
//! the background job moves them into chunks meanwhile, as it does in production. Then, for a curve of a million points
//! (64-bit values, then 32-bit ones), for a hundred curves of 100,000, and for the long curve:
//!
//! 1. points stored a second while the job is at work; bodies are made beforehand, and their making is not counted;
//! 2. how long somebody waits who writes a preference while points are moved;
//! 3. bytes a point of the database file, everything included that came with the points (tables, names, batches), after the
//!    tails have been moved and the log was checkpointed: pages in use, and the file as it is;
//! 4. the time of a chart request (6,000 samples), everything from the request's JSON to the answer's;
//! 5. the time in which `rusqlite` averages the same rows of a plain `(series, iteration)` table into the same buckets,
//!    without JSON: once by SQL's own `avg` and `GROUP BY`, once row by row. The faster of the two is compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "shared/place.rs"]
mod place;

use std::{
    fmt::Write as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use roundhouse::{
    api::{Incoming, OutgoingBody, dispatch},
    domain::{App, client_config, identity::Presented},
    server,
};
use rusqlite::{Connection, params};

const SAMPLES: i64 = 6_000;
/// Points of a request.
const REQUEST: i64 = 8_000;
/// Threads that report.
const SENDERS: i64 = 2;
/// Requests of each thread that are made beforehand.
const PORTION: i64 = 10;

fn main() {
    // The harness passes flags of its own.
    let long = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000_i64);
    let directory = tempfile::tempdir().expect("a temporary directory");
    actix_web::rt::System::new().block_on(async {
        let data = directory.path().join("data");
        let running = server::run(place::on_loopback(data.clone())).await.expect("the server starts");
        let app = running.app.clone();
        let (key, secret) =
            client_config::credentials_of(&data.join(client_config::FILE)).expect("credentials");
        let caller = Presented::Basic { key, secret: secret.expose().to_owned() };
        let work = std::thread::spawn(move || measure(&app, &caller, &data.join("roundhouse.db"), long));
        while !work.is_finished() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        work.join().expect("the measurements");
        running.stop().await;
    });
}

fn measure(app: &App, caller: &Presented, database: &Path, long: i64) {
    let bench = Bench { app, caller, database };
    let million = Curves { series: 1, points: 1_000_000, narrow: false };
    let one = bench.draw(million);
    bench.draw(Curves { narrow: true, ..million });
    bench.draw(Curves { series: 100, points: 100_000, narrow: false });
    let longest = bench.draw(Curves { points: long, ..million });
    println!(
        "a chart of {long} points takes {:.2} times as long as one of a million",
        longest.as_secs_f64() / one.as_secs_f64()
    );
}

#[derive(Clone, Copy)]
struct Curves {
    series: i64,
    points: i64,
    narrow: bool,
}

impl Curves {
    /// Values of a noisy curve, and times that jitter by some milliseconds.
    fn point(self, series: i64, iteration: i64) -> (f64, i64) {
        let noise = (iteration + series).cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        let noise = noise as f64 / (1_u64 << 53) as f64;
        let value = 10.0 / (1.0 + iteration as f64 / 1_000.0) + noise;
        let value = if self.narrow { f64::from(value as f32) } else { value };
        (value, 1_700_000_000_000 + iteration * 100 + (noise * 7.0) as i64)
    }

    /// Points of one request, by number: all curves of an iteration, then the next iteration, as training reports them.
    fn body(self, task: &str, request: i64) -> String {
        let mut body = String::with_capacity(REQUEST as usize * 160);
        for at in request * REQUEST..((request + 1) * REQUEST).min(self.series * self.points) {
            let (series, iteration) = (at % self.series, at / self.series);
            let (value, timestamp) = self.point(series, iteration);
            writeln!(
                body,
                "{{\"type\":\"training_stats_scalar\",\"task\":\"{task}\",\"metric\":\"m\",\"variant\":\"{series}\",\
                 \"iter\":{iteration},\"value\":{value},\"timestamp\":{timestamp}}}"
            )
            .expect("a string takes everything");
        }
        body
    }

    /// The same rows in a plain table, averaged into the same buckets. Returns how long SQL takes, and row by row.
    fn scan(self, directory: &Path) -> (Duration, Duration) {
        let path = directory.join("raw.db");
        let mut conn = Connection::open(&path).expect("a database");
        conn.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096;
             PRAGMA mmap_size = 2147418112;
             CREATE TABLE scalar (series INTEGER NOT NULL, iteration INTEGER NOT NULL, value REAL, timestamp INTEGER NOT NULL,
                 batch INTEGER NOT NULL, PRIMARY KEY (series, iteration)) STRICT, WITHOUT ROWID;",
        )
        .expect("a table");
        let tx = conn.transaction().expect("a transaction");
        let mut insert = tx.prepare(INSERT).expect("a statement");
        for series in 0..self.series {
            for iteration in 0..self.points {
                let (value, timestamp) = self.point(series, iteration);
                insert.execute(params![series, iteration, value, timestamp, 1]).expect("a row");
            }
        }
        drop(insert);
        tx.commit().expect("a commit");
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
        println!(
            "  plain rows: {:.2} bytes a point",
            size(&path) as f64 / (self.series * self.points) as f64
        );
        let interval = (self.points + SAMPLES - 1) / SAMPLES;
        let by_sql = best(self.repeats(), || {
            let mut select = conn
                .prepare_cached(
                    "SELECT iteration / ?2 * ?2, avg(value) FROM scalar WHERE series = ?1 GROUP BY 1 ORDER BY 1",
                )
                .expect("a statement");
            for series in 0..self.series {
                let rows =
                    select.query_map([series, interval], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
                let buckets: Vec<(i64, f64)> = rows.map(|row| row.expect("a row")).collect();
                assert!(buckets.len() > 5_000, "{}", buckets.len());
            }
        });
        let by_row = best(self.repeats(), || {
            let mut select = conn
                .prepare_cached("SELECT iteration, value FROM scalar WHERE series = ?1 ORDER BY iteration")
                .expect("a statement");
            for series in 0..self.series {
                let mut rows = select.query([series]).expect("rows");
                let mut buckets: Vec<(i64, f64, u32)> = Vec::new();
                while let Some(row) = rows.next().expect("a row") {
                    let (iteration, value): (i64, f64) = (row.get(0).expect("x"), row.get(1).expect("y"));
                    let start = iteration.div_euclid(interval) * interval;
                    match buckets.last_mut() {
                        Some((x, sum, count)) if *x == start => {
                            *sum += value;
                            *count += 1;
                        }
                        _ => buckets.push((start, value, 1)),
                    }
                }
                assert!(buckets.len() > 5_000, "{}", buckets.len());
            }
        });
        drop(conn);
        std::fs::remove_file(path).expect("the file goes");
        (by_sql, by_row)
    }

    fn repeats(self) -> usize {
        if self.series * self.points > 20_000_000 { 3 } else { 7 }
    }
}

struct Bench<'a> {
    app: &'a App,
    caller: &'a Presented,
    database: &'a Path,
}

impl Bench<'_> {
    /// Measures everything of some curves; returns how long their chart takes.
    fn draw(&self, curves: Curves) -> Duration {
        let bits = if curves.narrow { 32 } else { 64 };
        println!("{} x {} points, {bits}-bit values", curves.series, curves.points);
        let (used, length) = self.sizes();
        let created = self.call("tasks.create", r#"{"name":"chart","type":"training"}"#);
        let created: serde_json::Value = serde_json::from_str(&created).expect("JSON");
        let task = created["data"]["id"].as_str().expect("an id").to_owned();
        self.report(curves, &task);
        self.wait_for_chunks();
        self.app.store.checkpoint(false).expect("a checkpoint");
        let (used_now, length_now) = self.sizes();
        let total = (curves.series * curves.points) as f64;
        println!(
            "  in chunks: {:.2} bytes a point; the file grew by {:.2} a point, {:.0} MB of it are free for what comes next",
            (used_now - used) as f64 / total,
            (length_now - length) as f64 / total,
            (length_now - used_now) as f64 / 1e6
        );
        let body = format!("{{\"task\":\"{task}\",\"samples\":{SAMPLES}}}");
        let chart = best(7, || {
            let answer = self.call("events.scalar_metrics_iter_histogram", &body);
            assert!(answer.len() > 50_000, "a chart");
        });
        println!("  chart of {SAMPLES} samples: {:.1} ms", millis(chart));
        let (by_sql, by_row) = curves.scan(self.database.parent().expect("a directory"));
        println!(
            "  plain rows: {:.1} ms by SQL, {:.1} ms row by row: the faster one takes {:.1} times as long as the chart",
            millis(by_sql),
            millis(by_row),
            by_sql.min(by_row).as_secs_f64() / chart.as_secs_f64()
        );
        chart
    }

    fn report(&self, curves: Curves, task: &str) {
        let requests = (curves.series * curves.points + REQUEST - 1) / REQUEST;
        let (mut took, mut next_mark) = (Duration::ZERO, 1_000_000);
        for portion in (0..requests).step_by((SENDERS * PORTION) as usize) {
            let end = (portion + SENDERS * PORTION).min(requests);
            let bodies: Vec<Vec<String>> = (0..SENDERS)
                .map(|sender| {
                    let own = (portion..end).filter(|request| request % SENDERS == sender);
                    own.map(|request| curves.body(task, request)).collect()
                })
                .collect();
            let began = Instant::now();
            std::thread::scope(|scope| {
                for bodies in bodies {
                    scope.spawn(|| {
                        for body in bodies {
                            let answer = self.send("events.add_batch", "application/json-lines", body);
                            assert!(answer.contains("\"errors\":0"), "{answer}");
                        }
                    });
                }
            });
            took += began.elapsed();
            let sent = (end * REQUEST).min(curves.series * curves.points);
            if sent >= next_mark || end == requests {
                let rate = sent as f64 / took.as_secs_f64();
                println!("  reported {sent} points, {rate:.0} a second");
                next_mark *= 10;
            }
        }
    }

    /// Until the job has moved what it moves at once; then what it would move after ten minutes of quiet.
    fn wait_for_chunks(&self) {
        let began = Instant::now();
        let moved = AtomicBool::new(false);
        let mut waits: Vec<Duration> = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut waits = Vec::new();
                while !moved.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    self.call("users.set_preferences", r#"{"preferences":{"a":1}}"#);
                    waits.push(began.elapsed());
                    std::thread::sleep(Duration::from_millis(2));
                }
                waits
            });
            let conn = Connection::open(self.database).expect("the database");
            let longest = "SELECT coalesce(max(points), 0) FROM (SELECT count(*) AS points FROM scalar GROUP BY series)";
            while conn.query_row(longest, [], |row| row.get::<_, i64>(0)).expect("a number") >= 4_096 {
                std::thread::sleep(Duration::from_millis(100));
            }
            let behind = began.elapsed();
            for due in self.app.store.backlog.take_all() {
                while self.app.store.compact(due).expect("a step").points > 0 {}
            }
            moved.store(true, Ordering::Relaxed);
            println!("  the last full runs were moved {:.1} s after the last report", behind.as_secs_f64());
            writer.join().expect("the writer")
        });
        waits.sort();
        if let (Some(median), Some(longest)) = (waits.get(waits.len() / 2), waits.last()) {
            println!(
                "  writing a preference meanwhile, {} times: {:.1} ms median, {:.1} ms at most",
                waits.len(),
                millis(*median),
                millis(*longest)
            );
        }
    }

    /// Bytes of pages in use, and of the file.
    fn sizes(&self) -> (i64, i64) {
        self.app.store.checkpoint(false).expect("a checkpoint");
        let conn = Connection::open(self.database).expect("the database");
        let number =
            |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("a number");
        let used = (number("page_count") - number("freelist_count")) * number("page_size");
        (used, size(self.database))
    }

    fn call(&self, name: &str, body: &str) -> String {
        self.send(name, "application/json", body.to_owned())
    }

    fn send(&self, name: &str, media_type: &str, body: String) -> String {
        let incoming = Incoming {
            path: format!("/v2.34/{name}"),
            media_type: media_type.to_owned(),
            body: body.into(),
            presented: Some(self.caller.clone()),
            is_post: true,
            ip: "127.0.0.1".to_owned(),
            ..Incoming::default()
        };
        match dispatch(self.app, incoming).body {
            OutgoingBody::Json(text) => text,
            OutgoingBody::Download(_) => panic!("{name} answered a file"),
        }
    }
}

const INSERT: &str =
    "INSERT OR REPLACE INTO scalar (series, iteration, value, timestamp, batch) VALUES (?1, ?2, ?3, ?4, ?5)";

fn best(repeats: usize, mut work: impl FnMut()) -> Duration {
    let timed = (0..repeats).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    timed.min().unwrap_or_default()
}

fn size(path: &Path) -> i64 {
    std::fs::metadata(path).map_or(0, |facts| facts.len().cast_signed())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
