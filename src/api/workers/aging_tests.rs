//! Samples lose detail with age: a year of them stays small, and charts still show it.

use rusqlite::params;
use serde_json::{Value, json};

use crate::{
    api::front_door::FrontDoor,
    domain::aging::thin_out,
    store::{Lane, Scope, queues::QueueState, serving::Sample, workers::NewReport},
    types::Millis,
};

const WORKERS: i64 = 200;
const DAY: i64 = 86_400_000;
/// Days that pass between two bursts of reports.
const STEP: i64 = 10;
/// Reports in one burst, each 30 seconds after the other: all within one step of five minutes.
const BURST: i64 = 4;

fn count(front: &FrontDoor, table: &str) -> i64 {
    front.value::<i64>(&format!("SELECT count(*) FROM {table}"), []).unwrap()
}

/// Everything that was reported so far becomes older, as if the clock went on.
fn days_pass(front: &FrontDoor, days: i64) {
    for table in ["worker_report", "queue_metric", "serving_sample"] {
        front.sql(&format!("UPDATE {table} SET timestamp = timestamp - ?1"), params![days * DAY]);
    }
}

/// Every worker, queue and container reports a few times within a step that ends now.
fn burst(front: &FrontDoor) {
    let begin = Millis::now().0 / 300_000 * 300_000;
    let numbers = "WITH RECURSIVE who (w) AS (SELECT 1 UNION ALL SELECT w + 1 FROM who WHERE w < ?2),
                        nth (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM nth WHERE n < ?3 - 1)";
    let rows = params![begin, WORKERS, BURST];
    front.sql(
        &format!(
            "{numbers} INSERT INTO worker_report (company, worker, timestamp, stats)
             SELECT 'acme', 'box' || w, ?1 + n * 30000, '{{\"cpu_usage\":[' || n || ']}}' FROM who, nth"
        ),
        rows,
    );
    front.sql(
        &format!(
            "{numbers} INSERT OR REPLACE INTO queue_metric (company, queue, timestamp, average_waiting_time, queue_length)
             SELECT 'acme', 'queue' || w, ?1 + n * 30000, n % 5, n FROM who, nth WHERE w <= 20"
        ),
        rows,
    );
    front.sql(
        &format!(
            "{numbers} INSERT OR REPLACE INTO serving_sample (company, endpoint_url, container, timestamp, requests_num)
             SELECT 'acme', 'url', 'box' || w, ?1 + n * 30000, n FROM who, nth WHERE w <= 20"
        ),
        rows,
    );
}

/// Some of them report once more, now: what is too old goes with what is new.
fn report_now(front: &FrontDoor) {
    let now = Millis::now();
    let scope = Scope::tenant("acme");
    let Value::Object(stats) = json!({"cpu_usage": [1]}) else { panic!() };
    front
        .app
        .store
        .write(&scope, Lane::Documents, |tx| {
            for worker in 1..=20 {
                let worker = format!("box{worker}");
                let report = NewReport { worker: &worker, timestamp: now, task: None, stats: &stats };
                tx.store_worker_report(&report)?;
            }
            for queue in 1..=20 {
                tx.store_sample(&format!("queue{queue}"), QueueState::default())?;
                tx.store_serving_sample(&format!("box{queue}"), "url", &Sample::default())?;
            }
            Ok(())
        })
        .unwrap();
}

/// The most memory that this process has had, in bytes; none where other tests share the process, or off Linux.
fn peak_memory() -> Option<u64> {
    std::env::var_os("NEXTEST")?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

#[test]
fn a_year_of_samples_stays_small() {
    let front = FrontDoor::open();
    let empty = front.disk();
    let mut largest = [0; 3];
    // Disk and memory once all windows of time are full: 30 days of workers and containers, 90 of queues.
    let mut full = None;
    for round in 0..365 / STEP {
        if round * STEP == 100 {
            full = Some((front.disk(), peak_memory()));
        }
        days_pass(&front, STEP);
        burst(&front);
        report_now(&front);
        thin_out(&front.app, Millis(0)).unwrap();
        // As the background job does it twice a second.
        front.app.store.checkpoint(false).unwrap();
        for (largest, table) in largest.iter_mut().zip(["worker_report", "queue_metric", "serving_sample"]) {
            *largest = (*largest).max(count(&front, table));
        }
    }
    // One row of each earlier burst, at most two when it lay across the border of a step, and all of the latest one.
    let bound = |series: i64, days: i64| series * (2 * (days / STEP + 1) + BURST + 2);
    let [workers, queues, serving] = largest;
    assert!(workers <= bound(WORKERS, 30), "{workers} reports of workers");
    assert!(queues <= bound(20, 90), "{queues} samples of queues");
    assert!(serving <= bound(20, 30), "{serving} samples of serving containers");
    assert!(workers >= WORKERS * 30 / STEP, "a month is kept: {workers}");
    let oldest = front.value::<i64>("SELECT min(timestamp) FROM worker_report", []).unwrap();
    assert!(Millis::now().0 - oldest <= 31 * DAY);

    let (disk_then, memory_then) = full.unwrap();
    let disk = front.disk();
    assert!(disk_then > empty, "samples take room: {empty} bytes empty, {disk_then} after 100 days");
    // What goes makes room for what comes: the file and its log are as large as after 100 days, give or take a tenth.
    assert!(disk <= disk_then + disk_then / 10, "{disk} bytes after a year, {disk_then} after 100 days");
    // Rows of this test have about 100 bytes; with indexes and pages that are not full no more than 400.
    let pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    let database = u64::try_from(front.value::<i64>(pages, []).unwrap()).unwrap();
    let rows = u64::try_from(workers + queues + serving).unwrap();
    assert!(database <= empty + rows * 400, "{database} bytes for {rows} rows, {empty} without any");
    if let (Some(then), Some(now)) = (memory_then, peak_memory()) {
        assert!(now <= then + 16 * 1024 * 1024, "{now} bytes of memory after a year, {then} after 100 days");
    }
}

#[test]
fn what_is_left_of_a_step_is_the_latest_report_and_the_longest_wait() {
    let front = FrontDoor::open();
    burst(&front);
    let before = count(&front, "worker_report");
    assert_eq!(thin_out(&front.app, Millis(0)).unwrap().0, 0, "a day is kept in full");
    assert_eq!(count(&front, "worker_report"), before);
    days_pass(&front, 2);
    let (removed, end) = thin_out(&front.app, Millis(0)).unwrap();
    assert!(removed > 0 && end <= Millis::now());
    assert_eq!(thin_out(&front.app, Millis(0)).unwrap().0, 0, "nothing is left to remove");
    let left =
        front.value::<String>("SELECT group_concat(stats) FROM worker_report WHERE worker = 'box1'", []);
    assert_eq!(left.unwrap(), r#"{"cpu_usage":[3]}"#);
    let waits = "SELECT max(average_waiting_time) FROM queue_metric WHERE queue = 'queue1'";
    assert_eq!(front.value::<f64>(waits, []), Some(3.0));
    let requests =
        front.value::<f64>("SELECT max(requests_num) FROM serving_sample WHERE container = 'box1'", []);
    assert_eq!(requests, Some(3.0));

    // A worker that ran a task within the step is still counted as active.
    front.sql("DELETE FROM worker_report", []);
    let insert = "INSERT INTO worker_report (company, worker, timestamp, task, stats) VALUES ('acme', 'box', ?1, ?2, '{}')";
    let begin = (Millis::now().0 - 2 * DAY) / 300_000 * 300_000;
    for (seconds, task) in [(0, None), (30, Some("t1")), (60, Some("t1")), (90, None)] {
        front.sql(insert, params![begin + seconds * 1000, task]);
    }
    assert_eq!(thin_out(&front.app, Millis(0)).unwrap().0, 2);
    assert_eq!(front.value::<i64>("SELECT count(*) FROM worker_report WHERE task = 't1'", []), Some(1));
}
