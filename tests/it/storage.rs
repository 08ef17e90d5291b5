//! Stored files as whoever runs the server meets them: verification, a bucket in place of the disk, deletion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::yard::{COMPANY, Yard, python};

const KEY: &str = "TESTACCESSKEY";
const SECRET: &str = "a-secret-of-tests-of-this-length";

fn token(yard: &Yard) -> String {
    yard.admin().ok("auth.login", json!({}))["token"].as_str().unwrap().to_owned()
}

fn upload(yard: &Yard, name: &str, content: &[u8]) {
    let part = reqwest::blocking::multipart::Part::bytes(content.to_vec()).file_name("f");
    let form = reqwest::blocking::multipart::Form::new().part(name.to_owned(), part);
    let http = yard.nobody();
    let sent = http.http().post(yard.files()).bearer_auth(token(yard)).multipart(form).send().unwrap();
    assert_eq!(sent.status(), 200, "{}", sent.text().unwrap());
}

fn get(yard: &Yard, name: &str, range: Option<&str>) -> (u16, Vec<u8>) {
    let mut request = yard.nobody().http().get(format!("{}/{name}", yard.files())).bearer_auth(token(yard));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let answer = request.send().unwrap();
    (answer.status().as_u16(), answer.bytes().unwrap().to_vec())
}

fn doctor(yard: &Yard) -> (Option<i32>, String) {
    let output = yard.command(&["doctor", "--files", "--data"]).arg(yard.data()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn doctor_compares_stored_files_with_what_was_uploaded() {
    let yard = Yard::start();
    upload(&yard, "p/a.bin", b"content");
    let (code, text) = doctor(&yard);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("1 files are as they were uploaded"), "{text}");
    let own = yard.data().join(format!("files/tenants/{COMPANY}/p"));
    fs::write(own.join("a.bin"), b"cOntent").unwrap();
    fs::write(own.join("planted"), b"x").unwrap();
    let (code, text) = doctor(&yard);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("\"p/a.bin\"") && text.contains("checksum") && text.contains("\"p/planted\""),
        "{text}"
    );
    assert_eq!(fs::read(own.join("a.bin")).unwrap(), b"cOntent");
    assert!(own.join("planted").exists());
}

#[test]
fn files_case_36_37_files_of_deleted_tasks_are_deleted() {
    let yard = Yard::start();
    let admin = yard.admin();
    let files = ["p/run.gone/artifacts/a/a+b ü.txt", "p/run.kept/a.txt"];
    let uris = ["p/run.gone/artifacts/a/a+b%20%C3%BC.txt", "p/run.kept/a.txt"];
    let mut tasks = Vec::new();
    for (file, uri) in files.iter().zip(uris) {
        upload(&yard, file, b"content");
        let artifact = json!({"key": "a", "type": "t", "uri": format!("{}/{uri}", yard.files())});
        let task = json!({"name": "run", "type": "training", "execution": {"artifacts": [artifact]}});
        tasks.push(admin.ok("tasks.create", task)["id"].clone());
    }
    admin.ok("tasks.delete", json!({"task": tasks[1], "delete_external_artifacts": false}));
    admin.ok("tasks.delete", json!({"task": tasks[0]}));
    let until = Instant::now() + Duration::from_secs(30);
    while get(&yard, uris[0], None).0 != 404 {
        assert!(Instant::now() < until, "{}", yard.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(get(&yard, uris[1], None).0, 200);
}

struct S3Server(Child);

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves `directory`, whose directories are buckets; returns `host:port`.
fn serve_s3(directory: &PathBuf) -> (S3Server, String) {
    let rclone = python::interpreter().with_file_name("rclone");
    let mut process = Command::new(&rclone)
        .args(["serve", "s3", "--addr", "127.0.0.1:0", "--config", "/dev/null"])
        .args(["--auth-key", &format!("{KEY},{SECRET}")])
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; install tests/requirements.txt", rclone.display()));
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let server = S3Server(process);
    let mut line = String::new();
    while !line.contains("[http://") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "rclone ended");
    }
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let (_, host) = line.split_once("[http://").unwrap();
    (server, host.split('/').next().unwrap().to_owned())
}

#[test]
fn a_bucket_holds_the_files_in_place_of_the_disk() {
    let buckets = tempfile::tempdir().unwrap();
    fs::create_dir(buckets.path().join("files")).unwrap();
    let (_server, host) = serve_s3(&buckets.path().to_owned());
    let yard = Yard::secure()
        .env("CLEARML__fileserver__s3__bucket", "files")
        .env("CLEARML__fileserver__s3__endpoint", &format!("http://{host}"))
        .env("CLEARML__fileserver__s3__access_key", KEY)
        .env("CLEARML__fileserver__s3__secret_key", SECRET)
        .env("CLEARML__fileserver__s3__part_size_mb", "5")
        .start();
    let large: Vec<u8> = (0..12_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    upload(&yard, "p/large.bin", &large);
    upload(&yard, "p/small.txt", b"hello object");
    let stored = buckets.path().join(format!("files/tenants/{COMPANY}/p/large.bin"));
    assert!(fs::read(&stored).unwrap() == large);
    assert!(!yard.data().join("files/tenants").exists(), "nothing on the disk");
    assert!(get(&yard, "p/large.bin", None) == (200, large.clone()));
    assert_eq!(
        get(&yard, "p/large.bin", Some("bytes=6000000-6000009")),
        (206, large[6_000_000..6_000_010].to_vec())
    );
    assert_eq!(get(&yard, "p/small.txt", Some("bytes=-6")), (206, b"object".to_vec()));
    upload(&yard, "p/small.txt", b"replaced");
    assert_eq!(get(&yard, "p/small.txt", None), (200, b"replaced".to_vec()));
    assert_eq!(doctor(&yard).0, Some(0), "{}", doctor(&yard).1);
    fs::write(&stored, b"changed").unwrap();
    assert_eq!(doctor(&yard).0, Some(1));
    let gone =
        yard.nobody().http().delete(format!("{}/p/large.bin", yard.files())).bearer_auth(token(&yard)).send();
    assert_eq!(gone.unwrap().status(), 200);
    assert!(!stored.exists());
    assert_eq!(get(&yard, "p/large.bin", None).0, 404);
}
