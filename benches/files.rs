//! How fast files pass through the file server, beside `cp` on the same disk.
//!
//! `cargo bench --bench files [-- MEBIBYTES [DIRECTORY]]`, 1024 by default; the directory, one for temporary files by
//! default, decides which disk is measured.
//!
//! A server of its own is started. Rounds take turns: `cp` of a file, `cp` and `sync` of it, an upload (which is on disk
//! when it is answered), a download, whose bytes are dropped as they come. The generator shares the cores with the server. Medians are printed, and
//! the memory that the process came to use above what it used before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "shared/place.rs"]
mod place;

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use roundhouse::{
    domain::client_config,
    server::{self, Ports},
};
use serde_json::Value;

const ROUNDS: usize = 5;
const BOUNDARY: &str = "roundhouse-bench";
/// What is read and written at once by the generator.
const BUFFER: usize = 256 << 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    let mebibytes: u64 = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(1024);
    let directory = match arguments.get(1) {
        Some(place) => tempfile::tempdir_in(place),
        None => tempfile::tempdir(),
    };
    let directory = directory.expect("a temporary directory");
    actix_web::rt::System::new().block_on(async {
        let data = directory.path().join("data");
        let running = server::run(place::on_loopback(data.clone())).await.expect("the server starts");
        let Ports::Three { api, files, .. } = running.ports else { panic!("three ports were asked for") };
        let (key, secret) =
            client_config::credentials_of(&data.join(client_config::FILE)).expect("the first credentials");
        let basic = STANDARD.encode(format!("{key}:{}", secret.expose()));
        let place = directory.path().to_owned();
        let work = std::thread::spawn(move || {
            let token = sign_in(&format!("127.0.0.1:{api}"), &basic);
            let yard = Yard { host: format!("127.0.0.1:{files}"), token, place };
            yard.measure(mebibytes << 20);
        });
        while !work.is_finished() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        work.join().expect("the measurements");
        running.stop().await;
    });
}

struct Yard {
    host: String,
    token: String,
    place: PathBuf,
}

impl Yard {
    fn measure(&self, size: u64) {
        let (source, copy) = (self.place.join("source"), self.place.join("copy"));
        fill(&source, size);
        let mut took: [Vec<Duration>; 4] = Default::default();
        let mut memory = [0; 2];
        for round in 0..=ROUNDS {
            let mut times = [Duration::ZERO; 4];
            for (at, durable) in [false, true].into_iter().enumerate() {
                times[at] = timed(|| copy_file(&source, &copy, durable));
            }
            let before = reset_peak();
            times[2] = timed(|| self.upload(&source, size));
            memory[0] = memory[0].max(peak_memory().saturating_sub(before));
            let before = reset_peak();
            times[3] = timed(|| self.download(size));
            memory[1] = memory[1].max(peak_memory().saturating_sub(before));
            // The first round warms up.
            if round > 0 {
                for (list, time) in took.iter_mut().zip(times) {
                    list.push(time);
                }
            }
        }
        let median = |list: &mut Vec<Duration>| {
            list.sort();
            list[list.len() / 2].as_secs_f64()
        };
        let [copied, copied_durably, uploaded, downloaded] = took.each_mut().map(median);
        let rate = |seconds: f64| size as f64 / 1e6 / seconds;
        println!("a file of {} MiB, medians of {ROUNDS} rounds", size >> 20);
        println!("cp: {:.0} MB a second; cp and sync: {:.0}", rate(copied), rate(copied_durably));
        println!(
            "upload, on disk when answered: {:.0} MB a second, {:.0} % of cp and sync, {:.0} % of cp",
            rate(uploaded),
            copied_durably / uploaded * 100.0,
            copied / uploaded * 100.0
        );
        println!("download: {:.0} MB a second, {:.0} % of cp", rate(downloaded), copied / downloaded * 100.0);
        println!(
            "most additional memory: upload {:.1} MiB, download {:.1} MiB",
            memory[0] as f64 / f64::from(1 << 20),
            memory[1] as f64 / f64::from(1 << 20)
        );
    }

    /// Sends the file as the SDK does: one part of a form.
    fn upload(&self, source: &Path, size: u64) {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"bench/file.bin\"; filename=\"file.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{BOUNDARY}--\r\n");
        let mut stream = TcpStream::connect(&self.host).expect("a connection");
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n{head}",
            self.host,
            self.token,
            head.len() as u64 + size + tail.len() as u64
        )
        .expect("the head is sent");
        pump(&mut File::open(source).expect("the source"), &mut stream);
        stream.write_all(tail.as_bytes()).expect("the tail is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn download(&self, size: u64) {
        let mut stream = TcpStream::connect(&self.host).expect("a connection");
        write!(
            stream,
            "GET /bench/file.bin HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            self.host, self.token
        )
        .expect("the request is sent");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        loop {
            line.clear();
            reader.read_line(&mut line).expect("a header");
            if line.trim().is_empty() {
                break;
            }
        }
        let buffered = reader.buffer().len() as u64;
        let got = buffered + pump(reader.get_mut(), &mut std::io::sink());
        assert_eq!(got, size, "bytes of the file");
    }
}

/// Moves everything through one buffer.
fn pump(from: &mut impl Read, to: &mut impl Write) -> u64 {
    let mut buffer = vec![0; BUFFER];
    let mut moved = 0;
    loop {
        let count = from.read(&mut buffer).expect("bytes");
        if count == 0 {
            return moved;
        }
        to.write_all(&buffer[..count]).expect("room");
        moved += count as u64;
    }
}

/// A file that nothing on the way can make smaller.
fn fill(path: &Path, size: u64) {
    let mut file = File::create(path).expect("a file");
    let (mut state, mut left) = (0x9E37_79B9_7F4A_7C15_u64, size);
    let mut block = vec![0; 1 << 20];
    while left > 0 {
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        let count = left.min(block.len() as u64);
        file.write_all(&block[..count as usize]).expect("room on the disk");
        left -= count;
    }
    file.sync_all().expect("the disk");
}

/// Replaces `target` by a copy as an upload does: the new file stands beside the old one until it is whole.
fn copy_file(source: &Path, target: &Path, durable: bool) {
    let beside = target.with_extension("new");
    // Without sharing of blocks, which moves nothing.
    let done = Command::new("cp").arg("--reflink=never").arg(source).arg(&beside).status().expect("cp");
    assert!(done.success(), "cp failed");
    if durable {
        File::open(&beside).and_then(|file| file.sync_all()).expect("the disk");
    }
    std::fs::rename(&beside, target).expect("the copy takes its place");
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn sign_in(host: &str, basic: &str) -> String {
    let mut stream = TcpStream::connect(host).expect("a connection");
    write!(
        stream,
        "POST /auth.login HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    )
    .expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["data"]["token"].as_str().expect("a token").to_owned()
}

fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or_default() * 1024
}

fn peak_memory() -> u64 {
    status("VmHWM:")
}

/// Forgets the greatest use of memory so far; the present use.
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak is reset");
    status("VmRSS:")
}
