//! What idle agents cost: CPU time of the server while many agents poll an empty queue.
//!
//! `cargo bench --bench polling [-- [AGENTS] [SECONDS]]`
//!
//! Starts the built server on a data directory of its own. Each agent (default 500) has a connection that it keeps,
//! asks for its queue and then for a task every 5 seconds, and reports its machine every 30 seconds, as clearml-agent
//! does. After a warm-up the server's CPU time over SECONDS (default 30) is read from `/proc`. Nothing else runs there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "shared/connection.rs"]
mod connection;

use std::{
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use connection::Connection;
use roundhouse::domain::client_config;
use serde_json::{Value, json};

const POLL: Duration = Duration::from_secs(5);
const REPORT: Duration = Duration::from_secs(30);
const WARM_UP: Duration = Duration::from_secs(12);
/// Agents of one thread here.
const PER_THREAD: usize = 25;

/// Ends the server with the measurement, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    // The harness passes flags of its own.
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .filter_map(|one| one.parse().ok())
        .collect();
    let agents = arguments.first().copied().unwrap_or(500).max(1);
    let seconds = arguments.get(1).copied().unwrap_or(30).max(1);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let log = directory.path().join("log");
    let server = Command::new(env!("CARGO_BIN_EXE_roundhouse"))
        .args(["serve", "--api-port", "0", "--web-port", "0", "--files-port", "0", "--data"])
        .arg(&data)
        .env_remove("CLEARML_CONFIG_DIR")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).expect("a log"))
        .spawn()
        .expect("the server starts");
    let server = Server(server);
    let host = api_of(&log);
    let (key, secret) =
        client_config::credentials_of(&data.join(client_config::FILE)).expect("the first credentials");
    let pair = STANDARD.encode(format!("{key}:{}", secret.expose()));
    let mut connection = Connection::open(&host);
    let token = call(&mut connection, "auth.login", &format!("Basic {pair}"), &json!({}));
    let bearer = format!("Bearer {}", token["data"]["token"].as_str().expect("a token"));
    let queue = call(&mut connection, "queues.create", &bearer, &json!({"name": "idle"}));
    let queue = queue["data"]["id"].as_str().expect("a queue");

    let (stop, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let begin = Instant::now();
        for first in (0..agents).step_by(PER_THREAD) {
            let these: Vec<usize> = (first..agents.min(first + PER_THREAD)).collect();
            let (host, bearer, stop, calls) = (&host, &bearer, &stop, &calls);
            scope.spawn(move || {
                let agents =
                    these.into_iter().map(|number| Agent::new(number, agents, host, queue, begin)).collect();
                live(agents, bearer, stop, calls);
            });
        }
        std::thread::sleep(WARM_UP);
        let (cpu, before, began) = (cpu_of(&server.0), calls.load(Ordering::Relaxed), Instant::now());
        std::thread::sleep(Duration::from_secs(seconds as u64));
        let took = began.elapsed().as_secs_f64();
        let cpu = (cpu_of(&server.0) - cpu).as_secs_f64();
        let answered = calls.load(Ordering::Relaxed) - before;
        stop.store(true, Ordering::Relaxed);
        println!("{agents} idle agents, {:.0} calls a second", answered as f64 / took);
        println!(
            "server: {:.2} s of CPU in {took:.0} s, {:.1} % of one core, {:.0} us a call",
            cpu,
            100.0 * cpu / took,
            1e6 * cpu / answered.max(1) as f64
        );
    });
}

/// One agent with its connection.
struct Agent {
    worker: String,
    queue: String,
    connection: Connection,
    next_poll: Instant,
    next_report: Instant,
}

impl Agent {
    /// Agents do not all poll at the same moment.
    fn new(number: usize, of: usize, host: &str, queue: &str, begin: Instant) -> Self {
        let share = number as f64 / of as f64;
        Agent {
            worker: format!("box{number}:gpu0"),
            queue: queue.to_owned(),
            connection: Connection::open(host),
            next_poll: begin + POLL.mul_f64(share),
            next_report: begin + REPORT.mul_f64(share).mul_f64(0.3),
        }
    }

    /// Does what is due; answers how many calls that took.
    fn turn(&mut self, bearer: &str) -> u64 {
        let now = Instant::now();
        let mut calls = 0;
        if now >= self.next_poll {
            let tags = json!({"id": [self.queue], "only_fields": ["id", "tags"]});
            call(&mut self.connection, "v2.5/queues.get_all", bearer, &tags);
            let next = call(
                &mut self.connection,
                "v2.14/queues.get_next_task",
                bearer,
                &json!({"queue": self.queue}),
            );
            assert_eq!(next["data"], json!({}), "an empty queue");
            self.next_poll += POLL;
            calls += 2;
        }
        if now >= self.next_report {
            let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() * 1000;
            let stats = json!({
                "cpu_usage": [12.5], "cpu_temperature": [51.0], "gpu_usage": [0.0], "gpu_temperature": [40.0],
                "gpu_memory_free": [24000.0], "gpu_memory_used": [100.0], "memory_free": 30000.5, "memory_used": 2000.5,
                "network_tx": 0.1, "network_rx": 0.2, "disk_free_home": 60.0, "disk_write": 0.5, "disk_read": 0.5,
            });
            let report = json!({
                "worker": self.worker, "timestamp": time, "queues": [self.queue], "machine_stats": stats, "tags": null,
                "is_daemon": true,
            });
            call(&mut self.connection, "workers.status_report", bearer, &report);
            self.next_report += REPORT;
            calls += 1;
        }
        calls
    }
}

fn live(mut agents: Vec<Agent>, bearer: &str, stop: &AtomicBool, calls: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        for agent in &mut agents {
            calls.fetch_add(agent.turn(bearer), Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Host and port of the API, once the server says that it is ready.
fn api_of(log: &std::path::Path) -> String {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.contains(" ready")) {
            let address = line.split_once("api=\"http://").expect("the address of the API").1;
            return address.split('"').next().expect("an address").to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the server is not ready after a minute");
}

/// CPU time of a process so far, all its threads.
fn cpu_of(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("a process");
    // The command's name may hold blanks; it ends with the last parenthesis. User and system time follow as the twelfth
    // and thirteenth field after it, in hundredths of a second.
    let after = stat.rsplit(')').next().expect("fields");
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

/// GET with a body, as agents do.
fn call(connection: &mut Connection, endpoint: &str, authorization: &str, body: &Value) -> Value {
    let body = body.to_string();
    let request = format!(
        "GET /{endpoint} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/json\r\nX-ClearML-Agent: api-3.0.3\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = connection.ask(request.as_bytes());
    assert!(status.contains(" 200 "), "{endpoint}: {status}{answer}");
    serde_json::from_str(&answer).expect("an envelope")
}
