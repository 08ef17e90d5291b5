//! The pages in Chromium: the built server, a real run of the SDK in it, then tests/pages/run.mjs as the person.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::yard::python::{Workstation, run};
use crate::yard::{Yard, output_dir};

#[test]
fn the_pages_work_in_a_browser() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    assert!(
        tests.join("node_modules/playwright-core").exists(),
        "tests/pages has no node_modules: run tests/run.sh --only needs, or npm ci in tests/pages"
    );
    let yard = Yard::start();
    // The first sign-in removes the file.
    let password = fs::read_to_string(yard.data().join("initial-password")).unwrap().trim().to_owned();

    let state = yard.home().join("pages.json");
    let mut training = Workstation::new(&yard, "train").python();
    training.arg(tests.join("train.py")).arg(&state);
    run(training, "train", Duration::from_secs(300));
    let state: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();

    let mut browser = Command::new("node");
    browser
        .arg(tests.join("run.mjs"))
        .envs([("ROUNDHOUSE_WEB", yard.web()), ("ROUNDHOUSE_API", yard.api())])
        .env("ROUNDHOUSE_PASSWORD", password)
        .env("ROUNDHOUSE_TASK", state["task"].as_str().unwrap())
        .env("ROUNDHOUSE_PROJECT", state["project"].as_str().unwrap())
        .env("ROUNDHOUSE_OUTPUT", output_dir().join("pages"))
        .stdin(Stdio::null());
    run(browser, "browser", Duration::from_secs(600));
}

#[test]
fn the_pages_of_tenants_work_in_a_browser() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let yard = Yard::start();
    let password = fs::read_to_string(yard.data().join("initial-password")).unwrap().trim().to_owned();
    let mut browser = Command::new("node");
    browser
        .arg(tests.join("tenants.mjs"))
        .envs([("ROUNDHOUSE_WEB", yard.web()), ("ROUNDHOUSE_API", yard.api())])
        .env("ROUNDHOUSE_PASSWORD", password)
        .envs([("ROUNDHOUSE_TASK", "-"), ("ROUNDHOUSE_PROJECT", "-")])
        .env("ROUNDHOUSE_OUTPUT", output_dir().join("pages-tenants"))
        .stdin(Stdio::null());
    run(browser, "browser", Duration::from_secs(300));
}
