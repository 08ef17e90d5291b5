//! How small scalars become in chunks, and how fast a chart is drawn from them, against scanning plain rows.
//!
//! `cargo bench --bench charts [-- large]`
//!
//! A server's data directory is filled with curves; the background job moves them into chunks, as it does in production.
//! Then, for one curve of a million points and for a hundred curves of 100,000:
//!
//! 1. bytes a point, pages of SQLite included, for 64-bit values and for values that were 32-bit floats;
//! 2. the time of a chart request (6,000 samples), everything from the request's JSON to the answer's;
//! 3. the time in which `rusqlite` scans the same rows of a plain `(series, iteration)` table and averages them into the
//!    same buckets, on a database of its own in the same directory, without JSON.
//!
//! `large` adds a curve of 100 million points, which takes a few minutes and 4 GB of disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use roundhouse::{
    api::{Incoming, OutgoingBody, dispatch},
    domain::{App, client_config, identity::Presented},
    server::{self, Options, Ports},
};
use rusqlite::{Connection, params};

const SAMPLES: i64 = 6_000;

fn main() {
    let large = std::env::args().any(|argument| argument == "large");
    let directory = tempfile::tempdir().expect("a temporary directory");
    actix_web::rt::System::new().block_on(async {
        let data = directory.path().join("data");
        let options = Options {
            data: data.clone(),
            config: None,
            bind: Some(std::net::Ipv4Addr::LOCALHOST.into()),
            ports: Ports::Three { api: 0, web: 0, files: 0 },
            public_url: None,
            tls: None,
            insecure_http: false,
        };
        let running = server::run(options).await.expect("the server starts");
        let app = running.app.clone();
        let (key, secret) =
            client_config::credentials_of(&data.join(client_config::FILE)).expect("credentials");
        let caller = Presented::Basic { key, secret: secret.expose().to_owned() };
        let work = std::thread::spawn(move || measure(&app, &caller, &data.join("roundhouse.db"), large));
        while !work.is_finished() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        work.join().expect("the measurements");
        running.stop().await;
    });
}

fn measure(app: &App, caller: &Presented, database: &Path, large: bool) {
    let million = Curves { series: 1, points: 1_000_000, narrow: false };
    let one = million.draw(app, caller, database, true);
    Curves { narrow: true, ..million }.draw(app, caller, database, true);
    Curves { series: 100, points: 100_000, narrow: false }.draw(app, caller, database, true);
    if large {
        let hundred = Curves { points: 100_000_000, ..million }.draw(app, caller, database, false);
        println!(
            "  a chart of 100 million points takes {:.1} times as long as one of a million",
            hundred.as_secs_f64() / one.as_secs_f64()
        );
    }
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

    fn draw(self, app: &App, caller: &Presented, database: &Path, compare: bool) -> Duration {
        let bits = if self.narrow { 32 } else { 64 };
        println!("{} curves of {} points, {bits}-bit values", self.series, self.points);
        let (task, first) = self.fill(app, caller, database);
        self.wait_for_chunks(app, database, first);
        let body = format!("{{\"task\":\"{task}\",\"samples\":{SAMPLES}}}");
        let chart = best(|| {
            let answer = call(app, caller, "events.scalar_metrics_iter_histogram", "application/json", &body);
            assert!(answer.len() > 50_000, "a chart");
        });
        println!("  chart of {SAMPLES} samples: {:.1} ms", millis(chart));
        if compare {
            let scan = self.scan(database.parent().expect("a directory"));
            println!(
                "  scanning plain rows: {:.1} ms, {:.1} times as long",
                millis(scan),
                scan.as_secs_f64() / chart.as_secs_f64()
            );
        }
        chart
    }

    /// Reports the first point of each curve; the others are put beside it, since reporting is measured elsewhere.
    fn fill(self, app: &App, caller: &Presented, database: &Path) -> (String, i64) {
        let created =
            call(app, caller, "tasks.create", "application/json", r#"{"name":"chart","type":"training"}"#);
        let created: serde_json::Value = serde_json::from_str(&created).expect("JSON");
        let task = created["data"]["id"].as_str().expect("an id").to_owned();
        let first: Vec<String> = (0..self.series)
            .map(|series| {
                let (value, timestamp) = self.point(series, 0);
                format!(
                    "{{\"type\":\"training_stats_scalar\",\"task\":\"{task}\",\"metric\":\"m\",\"variant\":\"{series}\",\
                     \"iter\":0,\"value\":{value},\"timestamp\":{timestamp}}}"
                )
            })
            .collect();
        call(app, caller, "events.add_batch", "application/json-lines", &first.join("\n"));
        let mut conn = Connection::open(database).expect("the database");
        conn.busy_timeout(Duration::from_secs(60)).expect("an option");
        let newest: (i64, i64) = conn
            .query_row("SELECT max(series), max(batch) FROM scalar", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("the first points");
        let first = newest.0 - self.series + 1;
        for series in 0..self.series {
            let id = first + series;
            for from in (1..self.points).step_by(200_000) {
                let tx = conn
                    .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                    .expect("a transaction");
                let mut insert = tx.prepare_cached(INSERT).expect("a statement");
                for iteration in from..(from + 200_000).min(self.points) {
                    let (value, timestamp) = self.point(series, iteration);
                    insert.execute(params![id, iteration, value, timestamp, newest.1]).expect("a row");
                }
                drop(insert);
                tx.commit().expect("a commit");
            }
        }
        (task, first)
    }

    fn wait_for_chunks(self, app: &App, database: &Path, first: i64) {
        let conn = Connection::open(database).expect("the database");
        let number = |sql: &str| {
            conn.query_row(sql, [first], |row| row.get::<_, Option<i64>>(0)).expect("a number").unwrap_or(0)
                as f64
        };
        let began = Instant::now();
        app.store.find_backlog().expect("a backlog");
        let full = (self.points / 4_096 * 4_096 * self.series) as f64;
        while number("SELECT sum(points) FROM scalar_chunk WHERE series >= ?1") < full {
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("  moved into chunks: {:.0} points a second", full / began.elapsed().as_secs_f64());
        let pages = number(
            "SELECT sum(pgsize) FROM dbstat WHERE aggregate AND ?1 > 0
                 AND name IN ('scalar_chunk', 'scalar_values', 'scalar_marks')",
        );
        let stored = number("SELECT sum(points) FROM scalar_chunk WHERE ?1 > 0");
        println!("  all curves so far, with their pages: {:.2} bytes a point", pages / stored);
        let bytes = number(
            "SELECT sum(length(c.head) + 24 + length(v.data) + length(m.times) + length(m.batches))
             FROM scalar_chunk c JOIN scalar_values v USING (id) JOIN scalar_marks m USING (id) WHERE c.series >= ?1",
        );
        println!("  these, without what pages leave empty: {:.2} bytes a point", bytes / full);
        app.store.checkpoint(false).expect("a checkpoint");
    }

    /// The same rows in a plain table, averaged into the same buckets.
    fn scan(self, directory: &Path) -> Duration {
        let path = directory.join("raw.db");
        let mut conn = Connection::open(&path).expect("a database");
        conn.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096;
             DROP TABLE IF EXISTS scalar;
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
        let interval = (self.points + SAMPLES - 1) / SAMPLES;
        let scanned = best(|| {
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
        scanned
    }
}

const INSERT: &str =
    "INSERT OR REPLACE INTO scalar (series, iteration, value, timestamp, batch) VALUES (?1, ?2, ?3, ?4, ?5)";

fn best(mut work: impl FnMut()) -> Duration {
    let timed = (0..7).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    timed.min().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn call(app: &App, caller: &Presented, name: &str, media_type: &str, body: &str) -> String {
    let incoming = Incoming {
        path: format!("/v2.34/{name}"),
        media_type: media_type.to_owned(),
        body: body.to_owned().into(),
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
