//! Power loss: the write-ahead log reaches the disk before the answer leaves (DESIGN.md, "power loss").
//!
//! SIGKILL can't show this, since the kernel keeps what a killed process wrote. So the server runs below `strace`, and
//! its system calls must show, for every acknowledged write: the request comes in, the log is written, the log is
//! synced, and only then the answer goes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::yard::{Client, Yard};

/// What the trace shows, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// A request with this transaction id was read from a socket.
    Received(String),
    /// The write-ahead log was written.
    LogWritten,
    /// A sync of the log began.
    SyncBegan,
    /// A sync of the log ended well.
    SyncEnded,
    /// An answer with this transaction id was handed to the kernel.
    Answered(String),
}

const MARK: &str = "power-";

/// The transaction id in a line of the trace.
fn mark(line: &str) -> Option<String> {
    let rest = &line[line.find(MARK)?..];
    Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect())
}

/// Reads lines of `strace -f -y`. A call that was interrupted by another thread's stands there as
/// `<unfinished ...>` and later as `<... name resumed>`; both belong to one thread id.
fn read_trace(trace: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut unfinished: std::collections::HashMap<&str, String> = std::collections::HashMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let (name, begins, text) = match call.strip_prefix("<... ") {
            Some(rest) => {
                let name = rest.split(' ').next().unwrap_or_default();
                (name, false, format!("{}{rest}", unfinished.remove(thread).unwrap_or_default()))
            }
            None => (call.split('(').next().unwrap_or_default(), true, call.to_owned()),
        };
        let ends = !call.ends_with("<unfinished ...>");
        if !ends {
            unfinished.insert(thread, call.to_owned());
        }
        let on_log = text.contains("roundhouse.db-wal>");
        match name {
            "fsync" | "fdatasync" if on_log => {
                if begins {
                    seen.push(Seen::SyncBegan);
                }
                if ends && text.trim_end().ends_with("= 0") {
                    seen.push(Seen::SyncEnded);
                }
            }
            "pwrite64" | "write" | "pwritev" | "writev" if on_log && ends => seen.push(Seen::LogWritten),
            "read" | "recvfrom" | "recvmsg" | "readv" if ends => seen.extend(mark(&text).map(Seen::Received)),
            // The answer may leave as soon as the call begins.
            "write" | "writev" | "sendto" | "sendmsg" if begins && !on_log => {
                seen.extend(mark(&text).map(Seen::Answered));
            }
            _ => {}
        }
    }
    seen
}

/// Whether, for this request, a sync that began after the last write to the log ended before the answer.
fn durable(seen: &[Seen], id: &str) -> Result<(), String> {
    let position = |wanted: &Seen| seen.iter().position(|what| what == wanted);
    let received = position(&Seen::Received(id.to_owned())).ok_or("the request is not in the trace")?;
    let answered = position(&Seen::Answered(id.to_owned())).ok_or("the answer is not in the trace")?;
    let between = seen.get(received..answered).ok_or("the answer left before the request came")?;
    let written =
        between.iter().rposition(|what| *what == Seen::LogWritten).ok_or("the log was not written")?;
    let after = &between[written..];
    let began = after.iter().position(|what| *what == Seen::SyncBegan).ok_or("no sync followed the write")?;
    let ended = after[began..].contains(&Seen::SyncEnded);
    ended.then_some(()).ok_or_else(|| "the sync had not ended when the answer left".to_owned())
}

fn strace() -> bool {
    let found = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "strace is missing: tests/run.sh installs it");
    eprintln!(
        "SKIPPED: strace is missing, so nothing shows that syncs precede answers. Install the package strace."
    );
    false
}

/// Runs twenty rounds of writes below `strace` and reads what the server did. `prepare` makes what the writes need and
/// answers the writes: a word for each, and the call.
fn prove(prepare: impl FnOnce(&Client) -> Vec<(&'static str, Box<dyn Fn(&Client, usize)>)>) {
    if !strace() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let trace = scratch.path().join("trace");
    let calls =
        "trace=read,recvfrom,recvmsg,readv,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync";
    // With -D the server is the yard's child and strace runs beside it, so that a stop or kill meets the server.
    let mut yard = Yard::secure()
        .below(&["strace", "-D", "-f", "-y", "-q", "-s", "4096", "-e", calls, "-o", trace.to_str().unwrap()])
        .start();
    let admin = yard.admin();
    let writes = prepare(&admin);
    let mut ids = Vec::new();
    for number in 0..20 {
        for (what, write) in &writes {
            let id = format!("{MARK}{what}-{number}");
            write(&admin.with("x-clearml-trx", &id), number);
            ids.push(id);
        }
    }
    // A read is answered without a write: the check below can tell the difference.
    let read = format!("{MARK}read-0");
    admin.with("x-clearml-trx", &read).ok("users.get_preferences", json!({}));
    yard.stop();
    let begun = Instant::now();
    while !std::fs::read_to_string(&trace).unwrap().contains("exited with 0") {
        assert!(begun.elapsed() < Duration::from_secs(20), "strace did not finish its trace");
        std::thread::sleep(Duration::from_millis(20));
    }
    let seen = read_trace(&std::fs::read_to_string(&trace).unwrap());
    let failed: Vec<_> = ids.iter().filter_map(|id| Some((id, durable(&seen, id).err()?))).collect();
    if !failed.is_empty() {
        let kept = crate::yard::output_dir().join(format!("{}-trace.txt", crate::yard::test_name()));
        std::fs::copy(&trace, &kept).unwrap();
        panic!("the trace is kept in {}: {failed:?}", kept.display());
    }
    assert_eq!(ids.len(), 20 * writes.len());
    assert_eq!(durable(&seen, &read), Err("the log was not written".to_owned()));
}

#[test]
fn preferences_and_credentials_are_synced_before_each_answer() {
    prove(|_| {
        vec![
            (
                "preference",
                Box::new(|client, number| {
                    client.ok("users.set_preferences", json!({"preferences": {"n": number}}));
                }),
            ),
            (
                "credential",
                Box::new(|client, number| {
                    client.ok("auth.create_credentials", json!({"label": number.to_string()}));
                }),
            ),
        ]
    });
}

#[test]
fn tasks_and_events_are_synced_before_each_answer() {
    prove(|admin| {
        let task = admin.ok("tasks.create", json!({"name": "power", "type": "training"}))["id"].clone();
        vec![
            (
                "task",
                Box::new(|client, number| {
                    client.ok("tasks.create", json!({"name": format!("task {number}"), "type": "training"}));
                }),
            ),
            (
                "events",
                Box::new(move |client, number| {
                    let line = json!({"type": "training_stats_scalar", "task": task, "iter": number, "metric": "m",
                    "variant": "v", "value": number, "timestamp": 1_700_000_000_000_u64});
                    client.request("events.add_batch").lines(&[line]).answer().ok();
                }),
            ),
        ]
    });
}

fn example(lines: &[&str]) -> Result<(), String> {
    durable(&read_trace(&lines.join("\n")), "power-1")
}

/// The proof is worth what its reader is worth: answers that leave too early must be found.
#[test]
fn a_trace_with_an_early_answer_is_found_out() {
    let received = r#"10 recvfrom(9<TCP:[1]>, "POST / trx: power-1\r\n", 99, 0, NULL, NULL) = 20"#;
    let written = r#"11 pwrite64(5</d/roundhouse.db-wal>, "page", 4, 0) = 4"#;
    let synced = "11 fdatasync(5</d/roundhouse.db-wal>) = 0";
    let began = "11 fdatasync(5</d/roundhouse.db-wal> <unfinished ...>";
    let ended = "11 <... fdatasync resumed>) = 0";
    let answered = r#"10 writev(9<TCP:[1]>, [{iov_base="{\"trx\":\"power-1\"}", iov_len=9}], 1) = 9"#;
    let other = "11 fdatasync(6</d/calls.db-wal>) = 0";
    assert_eq!(example(&[received, written, synced, answered]), Ok(()));
    assert_eq!(example(&[received, written, began, ended, answered]), Ok(()));
    for bad in [
        &[received, written, answered, synced][..],
        &[received, answered][..],
        &[received, synced, written, answered][..],
        &[received, written, synced, written, answered][..],
        &[received, written, began, answered, ended][..],
        &[received, written, other, answered][..],
        &[written, synced, received, answered][..],
        &[received, written, "11 fdatasync(5</d/roundhouse.db-wal>) = -1 EIO (error)", answered][..],
    ] {
        assert!(example(bad).is_err(), "{bad:?}");
    }
}
