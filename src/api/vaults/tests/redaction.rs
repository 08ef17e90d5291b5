//! Values of vaults do not show in what tasks report.

use super::*;

const VAULT: &str = "agent { git_pass = \"pat-bob-123456\", short_pass = \"12345\" }\n\
    environment { MODEL_KEY = \"umgebung-geheim\" }\nsdk.aws.s3 { bucket = \"public-bucket-name\", secret = \"aws-geheimnis\" }\n";

fn say(front: &FrontDoor, task: &str, lines: &[&str]) {
    let text: Vec<String> = lines
        .iter()
        .map(|msg| {
            json!({"type": "log", "task": task, "msg": msg, "worker": "box:0", "level": "INFO"}).to_string()
        })
        .collect();
    agent(front).lines("events.add_batch", &text.join("\n"), None).unwrap();
}

fn log(front: &FrontDoor, task: &str) -> Vec<String> {
    let request = json!({"task": task, "order": "asc", "batch_size": 1000});
    let log = ada(front).ok("events.get_task_log", request);
    log["events"].as_array().unwrap().iter().map(|line| line["msg"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn case_58_values_are_masked_in_every_form_and_only_where_they_were_handed_out() {
    let front = house();
    vault(&bob(&front), json!({"data": VAULT}), None);
    let queue = queued(&front, &bob(&front), "t", json!({}));
    front.task("u", json!({"user": "eve"}));
    say(&front, "t", &["before: pat-bob-123456"]);
    pull(&front, &queue).unwrap();
    let said = [
        "git: pat-bob-123456",
        "env: umgebung-geheim aws-geheimnis",
        "base64: cGF0LWJvYi0xMjM0NTY= eHBhdC1ib2ItMTIzNDU2eQ==",
        "short: 12345 public-bucket-name",
        "first half: pat-bob",
        "-123456 and the rest",
    ];
    say(&front, "t", &said[..4]);
    say(&front, "t", &said[4..]);
    say(&front, "u", &["git: pat-bob-123456"]);
    let expected = [
        "before: pat-bob-123456",
        "git: ****",
        "env: **** ****",
        "base64: **** ****",
        "short: 12345 public-bucket-name",
        "first half: ****",
        "**** and the rest",
    ];
    assert_eq!(log(&front, "t"), expected);
    assert_eq!(log(&front, "u"), ["git: pat-bob-123456"]);
    assert!(front.value::<i64>("SELECT redacted FROM task_secret WHERE task = 't'", []).unwrap() >= 6);
}

#[test]
fn case_58_a_value_that_two_requests_bring_is_masked_in_both_messages() {
    let front = house();
    vault(&bob(&front), json!({"data": VAULT}), None);
    let queue = queued(&front, &bob(&front), "t", json!({}));
    pull(&front, &queue).unwrap();
    say(&front, "t", &["one", "git: pat-bob-"]);
    say(&front, "t", &["123456 done"]);
    assert_eq!(log(&front, "t"), ["one", "git: ****", "**** done"]);
    // Hundreds of lines at once are packed: masked before that.
    let many: Vec<String> = (0..300).map(|n| format!("{n} umgebung-geheim")).collect();
    say(&front, "t", &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(log(&front, "t").iter().all(|line| !line.contains("geheim")));
    assert!(front.value::<i64>("SELECT count(*) FROM log_block", []).unwrap() > 0, "some lines are packed");
}

#[test]
fn case_58_the_texts_of_a_task_are_masked_too() {
    let front = house();
    vault(&bob(&front), json!({"data": VAULT}), None);
    let queue = queued(&front, &bob(&front), "t", json!({}));
    pull(&front, &queue).unwrap();
    let agent = agent(&front);
    let item = |value: &str| json!({"section": "Environment", "name": "MODEL_KEY", "value": value});
    agent.ok(
        "tasks.edit",
        json!({
            "task": "t", "force": true, "runtime": {"a": "x umgebung-geheim"},
            "hyperparams": {"Environment": {"MODEL_KEY": item("umgebung-geheim")}},
            "container": {"image": "i", "arguments": "-e MODEL_KEY=umgebung-geheim"},
        }),
    );
    assert_eq!(field(&front, "runtime", "t"), json!({"a": "x ****"}));
    assert_eq!(field(&front, "hyperparams", "t")["Environment"]["MODEL_KEY"]["value"], "****");
    assert_eq!(field(&front, "container", "t")["arguments"], "-e MODEL_KEY=****");
    agent.ok(
        "tasks.edit_hyper_params",
        json!({"task": "t", "force": true, "hyperparams": [item("umgebung-geheim")]}),
    );
    assert_eq!(field(&front, "hyperparams", "t")["Environment"]["MODEL_KEY"]["value"], "****");
    let failed = json!({"task": "t", "force": true, "status_reason": "token aws-geheimnis", "status_message": "pat-bob-123456"});
    agent.ok("tasks.failed", failed);
    assert_eq!(field(&front, "status_reason", "t"), "token ****");
    assert_eq!(field(&front, "status_message", "t"), "****");
}

#[test]
fn a_restart_keeps_the_values_and_a_day_after_the_end_they_are_gone() {
    use crate::domain::redaction::{Redaction, forget_old};
    let mut front = house();
    vault(&bob(&front), json!({"data": VAULT}), None);
    let queue = queued(&front, &bob(&front), "t", json!({}));
    pull(&front, &queue).unwrap();
    front.app.redaction = Redaction::default();
    say(&front, "t", &["pat-bob-123456"]);
    assert_eq!(log(&front, "t"), ["****"]);
    agent(&front).ok("tasks.completed", json!({"task": "t", "force": true}));
    forget_old(&front.app).unwrap();
    say(&front, "t", &["late: pat-bob-123456"]);
    assert_eq!(log(&front, "t")[1], "late: ****");
    let past = 25 * 3_600_000_i64;
    front.sql("UPDATE task SET status_changed = status_changed - ?1", [past]);
    front.sql("UPDATE task_secret SET created = created - ?1", [past]);
    forget_old(&front.app).unwrap();
    let left =
        front.value::<i64>("SELECT count(*) FROM task_secret WHERE sealed IS NULL AND digests <> '[]'", []);
    assert_eq!(left, Some(1), "keyed digests stay");
    say(&front, "t", &["much later: pat-bob-123456"]);
    assert_eq!(log(&front, "t")[2], "much later: pat-bob-123456");
}

#[test]
fn what_a_running_task_loads_later_is_masked_from_then_on() {
    let front = house();
    let queue = queued(&front, &bob(&front), "t", json!({}));
    pull(&front, &queue).unwrap();
    vault(&ada(&front), json!({"data": "agent.git_pass = later-secret-1"}), Some("G1"));
    say(&front, "t", &["a later-secret-1"]);
    loaded(&agent(&front));
    say(&front, "t", &["b later-secret-1"]);
    assert_eq!(log(&front, "t"), ["a later-secret-1", "b ****"]);
}

#[test]
fn configuration_switches_masking_off() {
    let mut settings = crate::config::Settings::default();
    settings.services.events.redact_vault_values = false;
    let front = with(settings);
    vault(&bob(&front), json!({"data": VAULT}), None);
    let queue = queued(&front, &bob(&front), "t", json!({}));
    pull(&front, &queue).unwrap();
    say(&front, "t", &["pat-bob-123456"]);
    assert_eq!(log(&front, "t"), ["pat-bob-123456"]);
}

#[test]
fn the_token_made_for_a_task_is_masked() {
    let front = house();
    let queue = queued(&front, &bob(&front), "t", json!({}));
    pull(&front, &queue).unwrap();
    let agent = agent(&front);
    let ctx = agent.ctx();
    ctx.write(|tx| crate::domain::redaction::token_made(&ctx, tx, "t", "eyJhbGciOi.made.token")).unwrap();
    say(&front, "t", &["with eyJhbGciOi.made.token"]);
    assert_eq!(log(&front, "t"), ["with ****"]);
}
