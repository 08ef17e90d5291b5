//! `roundhouse import` from archives that a test writes: what is refused, what a dry run leaves, what a kill leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::yard::{COMPANY, Yard};

/// An archive being written.
pub(crate) struct Archive(String);

impl Archive {
    pub(crate) fn new() -> Self {
        Archive(String::new()).raw(&json!({"kind": "header", "data": {"format": "roundhouse-archive", "version": 1,
            "archive": "test", "company": "source", "files": {"url": "http://old.example:8081", "included": true}}}).to_string())
    }

    fn raw(mut self, line: &str) -> Self {
        writeln!(self.0, "{line}").unwrap();
        self
    }

    fn record(self, kind: &str, data: Value) -> Self {
        self.raw(&json!({"kind": kind, "data": data}).to_string())
    }

    fn task(self, id: &str, more: Value) -> Self {
        let mut task = json!({"id": id, "name": format!("task {id}"), "type": "training", "status": "completed",
            "company": {"id": "source"}, "user": {"id": "u-ann", "name": "Ann"},
            "created": "2023-04-05T06:07:08.901000+00:00", "last_update": "2023-04-06T00:00:00+00:00"});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.record("task", task)
    }

    fn scalar(self, task: &str, iteration: i64) -> Self {
        self.record("event", json!({"type": "training_stats_scalar", "task": task, "iter": iteration, "metric": "loss",
            "variant": "train", "value": iteration as f64 / 4.0, "timestamp": 1_680_000_000_000_i64 + iteration}))
    }

    fn line(self, task: &str, number: i64) -> Self {
        self.record(
            "event",
            json!({"type": "log", "task": task, "msg": format!("line {number}"), "level": "info",
            "worker": "w", "timestamp": 1_680_000_000_000_i64 + number}),
        )
    }

    fn write(self, directory: &Path) -> PathBuf {
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("archive.jsonl"), self.record("end", json!({})).0).unwrap();
        directory.to_owned()
    }
}

/// What an import said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) report: Value,
}

impl Said {
    fn count(&self, kind: &str, outcome: &str) -> u64 {
        self.report["counts"][kind][outcome].as_u64().unwrap_or_default()
    }

    fn reasons(&self) -> BTreeMap<u64, String> {
        let problems = self.report["problems"].as_array().unwrap().iter();
        problems
            .map(|one| (one["line"].as_u64().unwrap(), one["reason"].as_str().unwrap().to_owned()))
            .collect()
    }
}

/// Runs an import to its end.
pub(crate) fn import(yard: &Yard, archive: &Path, more: &[&str]) -> Said {
    let report = yard.home().join("report.json");
    let _ = fs::remove_file(&report);
    let output = yard
        .command(&["import"])
        .arg(archive)
        .arg("--data")
        .arg(yard.data())
        .arg("--report")
        .arg(&report)
        .args(more)
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report = fs::read(&report).map(|text| serde_json::from_slice(&text).unwrap()).unwrap_or_default();
    Said { code: output.status.code(), text, report }
}

/// A data directory of a server that does not run.
fn initialised() -> Yard {
    let yard = Yard::secure().lay_out();
    let output = yard.command(&["init", "--data"]).arg(yard.data()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    yard
}

#[test]
fn records_keep_what_they_were_and_people_and_places_are_found() {
    let mut yard = Yard::start();
    let admin = yard.admin();
    let (ann, _) = yard.person("Ann", "user");
    let (bert, _) = yard.person("bert", "user");
    let home = admin.ok("projects.create", json!({"name": "vision", "description": ""}))["id"].clone();
    let queue = admin.ok("queues.get_all", json!({"name": "default"}))["queues"][0]["id"].clone();
    yard.stop();
    let archive = Archive::new()
        .record("user", json!({"id": "u-ann", "name": "Ann"}))
        .record("user", json!({"id": "u-bert", "name": "Somebody", "email": "BERT@yard.example"}))
        .record("user", json!({"id": "u-gone", "name": "Gone"}))
        .record("project", json!({"id": "p1", "name": "vision", "user": {"id": "u-ann"}}))
        .record("project", json!({"id": "p2", "name": "vision/old/deep", "user": "u-bert", "tags": ["t"],
            "created": "2022-01-01T00:00:00+00:00", "last_update": "2022-02-02T00:00:00+00:00"}))
        .record("queue", json!({"id": "q1", "name": "default", "created": "2022-01-01T00:00:00+00:00"}))
        .record("queue", json!({"id": "q2", "name": "gpu", "created": "2022-01-01T00:00:00+00:00"}))
        .task("t1", json!({"project": {"id": "p1"}, "status": "published", "system_tags": ["archived"], "tags": ["b", "a"],
            "published": "2023-05-05T00:00:00+00:00", "last_iteration": 9, "user": {"id": "u-bert"},
            "execution": {"queue": {"id": "q1"}, "artifacts": [{"key": "data", "type": "json", "mode": "output",
                "uri": "http://old.example:8081/vision/data.json"}]},
            "last_metrics": {"x": {"y": {"metric": "loss", "variant": "train", "value": 2.25, "min_value": 0.25,
                "min_value_iteration": 1, "max_value": 2.25, "max_value_iteration": 9, "count": 30, "mean_value": 1.5}}}}))
        .scalar("t1", 1)
        .scalar("t1", 9)
        .line("t1", 1)
        .record("event", json!({"type": "training_debug_image", "task": "t1", "iter": 0, "metric": "m", "variant": "v",
            "url": "http://old.example:8081/vision/i.png", "timestamp": 5}))
        .record("event", json!({"type": "log", "task": "t1", "msg": "see http://old.example:8081/x", "timestamp": 6,
            "worker": "w"}))
        .task("t2", json!({"status": "queued", "project": {"id": "nowhere"}, "user": {"id": "u-new", "name": "New"}}))
        .record("model", json!({"id": "m1", "name": "net", "user": {"id": "u-gone"}, "ready": true, "project": {"id": "p2"},
            "task": {"id": "t1"}, "uri": "http://old.example:8081/vision/net.bin", "created": "2023-04-05T06:07:08+00:00",
            "metadata": {"a.b": {"key": "a.b", "type": "str", "value": "x"}}}))
        .record("event", json!({"type": "training_stats_scalar", "task": "m1", "model_event": true, "iter": 3, "metric": "f1",
            "variant": "val", "value": 0.5, "timestamp": 7}))
        .write(&yard.home().join("archive"));
    let said = import(&yard, &archive, &[]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert_eq!(said.count("task", "imported"), 2);
    assert_eq!((said.count("user", "existing"), said.count("user", "imported")), (2, 1));
    assert_eq!((said.count("project", "existing"), said.count("project", "imported")), (1, 1));
    assert_eq!((said.count("queue", "existing"), said.count("queue", "imported")), (1, 1));
    assert_eq!(said.count("event", "imported"), 6);
    let remarks = said.report["problems"].to_string();
    assert!(remarks.contains("draft to be enqueued") && remarks.contains("nowhere"), "{remarks}");

    yard.start_again();
    let admin = yard.admin();
    let task = admin.ok("tasks.get_by_id", json!({"task": "t1"}))["task"].clone();
    for (field, value) in [
        ("user", json!(bert)),
        ("project", home.clone()),
        ("status", json!("published")),
        ("published", json!("2023-05-05T00:00:00+00:00")),
        ("created", json!("2023-04-05T06:07:08.901000+00:00")),
        ("last_update", json!("2023-04-06T00:00:00+00:00")),
        ("tags", json!(["a", "b"])),
        ("system_tags", json!(["archived"])),
        ("last_iteration", json!(9)),
    ] {
        assert_eq!(task[field], value, "{field}");
    }
    assert_eq!(task["execution"]["queue"], queue);
    let address = format!("{}/vision", yard.files());
    assert_eq!(task["execution"]["artifacts"][0]["uri"], format!("{address}/data.json"));
    let last = &task["last_metrics"].as_object().unwrap().values().next().unwrap();
    let last = last.as_object().unwrap().values().next().unwrap();
    assert_eq!(
        (&last["value"], &last["count"], &last["mean_value"]),
        (&json!(2.25), &json!(30), &json!(1.5))
    );
    let curve = admin.ok("events.scalar_metrics_iter_histogram", json!({"task": "t1"}));
    assert_eq!(curve["loss"]["train"]["x"], json!([1, 9]));
    assert_eq!(curve["loss"]["train"]["y"], json!([0.25, 2.25]));
    let log = admin.ok("events.get_task_log", json!({"task": "t1", "navigate_earlier": false}));
    let texts: Vec<&str> =
        log["events"].as_array().unwrap().iter().map(|one| one["msg"].as_str().unwrap()).collect();
    assert_eq!(texts, ["see http://old.example:8081/x", "line 1"], "console lines keep old addresses");
    let images =
        admin.ok("events.get_task_events", json!({"task": "t1", "event_type": "training_debug_image"}));
    assert_eq!(images["events"][0]["url"], format!("{address}/i.png"));

    let draft = admin.ok("tasks.get_by_id", json!({"task": "t2"}))["task"].clone();
    assert_eq!(
        (&draft["status"], &draft["user"], draft.get("project")),
        (&json!("created"), &json!("u-new"), None)
    );
    let model = admin.ok("models.get_by_id", json!({"model": "m1"}))["model"].clone();
    assert_eq!(
        (&model["ready"], &model["user"], &model["task"]),
        (&json!(true), &json!("u-gone"), &json!("t1"))
    );
    assert_eq!(
        (&model["uri"], &model["metadata"]["a.b"]["value"]),
        (&json!(format!("{address}/net.bin")), &json!("x"))
    );
    let curve = admin.ok("events.scalar_metrics_iter_histogram", json!({"task": "m1", "model_events": true}));
    assert_eq!(curve["f1"]["val"]["y"], json!([0.5]));
    let deep = admin.ok("projects.get_by_id", json!({"project": "p2"}))["project"].clone();
    assert_eq!(
        (&deep["name"], &deep["user"], &deep["last_update"]),
        (&json!("vision/old/deep"), &json!(bert), &json!("2022-02-02T00:00:00+00:00"))
    );
    let below = admin.ok("tasks.get_all", json!({"project": [home], "only_fields": ["id"]}));
    assert_eq!(below["tasks"][0]["id"], "t1");
    let people = admin.ok("users.get_all", json!({"id": ["u-gone", "u-new", ann]}));
    assert_eq!(people["users"].as_array().unwrap().len(), 3);
    // Nobody can become a profile that came with an archive.
    yard.system().impersonating("u-gone").call("users.get_current_user", json!({})).is(400, 6);

    // A task that goes on here takes its last value from here.
    let event = json!({"type": "training_stats_scalar", "task": "t1", "iter": 10, "metric": "loss", "variant": "train",
        "value": 7.0, "allow_locked": true});
    admin.ok("events.add", event);
    let task = admin.ok("tasks.get_all", json!({"id": ["t1"], "only_fields": ["last_metrics"]}));
    assert!(task["tasks"][0]["last_metrics"].to_string().contains("\"value\":7.0"), "{task}");
    // The audit tells of it.
    yard.stop();
    let again = import(&yard, &archive, &[]);
    assert_eq!(again.code, Some(0), "{}", again.text);
    assert!(again.text.contains("Nothing was changed"), "{}", again.text);
    yard.start_again();
    let log = yard.admin().ok("events.get_task_log", json!({"task": "t1"}));
    assert_eq!(log["total"], 2, "nothing was doubled");
}

#[test]
fn what_can_not_be_stored_is_named_by_line_and_the_rest_is_stored() {
    let yard = initialised();
    let archive = Archive::new()
        .raw("{\"kind\":\"task\",\"data\":{\"id\":") // 2
        .raw("not json") // 3
        .record("dragon", json!({})) // 4
        .task("../t", json!({})) // 5
        .task("t1", json!({"type": "unheard of"})) // 6
        .task("t2", json!({"status": "asleep"})) // 7
        .task("t3", json!({"company": "another"})) // 8
        .task("t4", json!({"company": ""})) // 9: skipped
        .task("t5", json!({"created": "long ago"})) // 10
        .scalar("t5", 1) // 11: its task was refused
        .task("good", json!({})) // 12
        .scalar("good", 1) // 13
        .scalar("other", 1) // 14
        .record("event", json!({"type": "training_stats_scalar", "task": "good", "iter": "x"})) // 15
        .raw("{\"kind\":\"event\",\"data\":{\"type\":\"training_stats_scalar\",\"task\":\"good\",\"iter\":2,\"metric\":\"m\",\"variant\":\"v\",\"value\":NaN}}") // 16
        .record("event", json!(5)) // 17
        .line("good", 1) // 18
        .record("file", json!({"path": "../outside"})) // 19
        .record("file", json!({"path": "a/missing"})) // 20
        .record("file", json!({"path": "a/linked"})) // 21
        .record("file", json!({"path": "a/short", "size": 9})) // 22
        .record("file", json!({"path": "a/fine", "size": 4})) // 23
        .record("model", json!({"id": "m", "name": "net", "user": "u-ann", "ready": "perhaps"})) // 24
        .write(&yard.home().join("archive"));
    fs::create_dir_all(archive.join("files/a")).unwrap();
    fs::write(archive.join("files/a/short"), "four").unwrap();
    fs::write(archive.join("files/a/fine"), "four").unwrap();
    std::os::unix::fs::symlink(yard.data().join("secrets.json"), archive.join("files/a/linked")).unwrap();

    let tried = import(&yard, &archive, &["--dry-run"]);
    let said = import(&yard, &archive, &[]);
    for said in [&tried, &said] {
        assert_eq!(said.code, Some(3), "{}", said.text);
        let reasons = said.reasons();
        for line in (2..=12).chain(19..=24).filter(|line| ![12, 23].contains(line)) {
            assert!(reasons.contains_key(&line), "line {line} is not named: {reasons:?}");
        }
        assert!(reasons[&10].contains("created"), "{reasons:?}");
        assert!(!reasons.contains_key(&23) && !reasons.contains_key(&12));
        assert_eq!((said.count("task", "imported"), said.count("task", "skipped")), (1, 1));
        assert_eq!(
            (said.count("event", "imported"), said.count("event", "refused")),
            (2, 5),
            "{}",
            said.text
        );
        assert_eq!((said.count("file", "imported"), said.count("file", "refused")), (1, 4));
    }
    assert_eq!(tried.report["dry_run"], true);
    assert_eq!(tried.report["counts"], said.report["counts"], "a dry run tells what then happens");
    assert_eq!(tried.report["problems"], said.report["problems"]);
    assert!(!said.text.contains("secrets.json"), "{}", said.text);
    assert_eq!(fs::read(yard.data().join("files/tenants").join(COMPANY).join("a/fine")).unwrap(), b"four");
    assert!(!yard.data().join("files/tenants").join(COMPANY).join("a/linked").exists());

    // Another file at a path is not overwritten.
    fs::write(archive.join("files/a/fine"), "five").unwrap();
    let again = import(&yard, &archive, &[]);
    assert!(again.reasons()[&23].contains("another file"), "{:?}", again.reasons());
    assert_eq!(fs::read(yard.data().join("files/tenants").join(COMPANY).join("a/fine")).unwrap(), b"four");
    assert_eq!((again.count("task", "existing"), again.count("event", "imported")), (1, 0));
}

#[test]
fn a_dry_run_stores_nothing_and_strict_stops_at_the_first_refusal() {
    let mut yard = initialised();
    let mut archive = Archive::new().task("t1", json!({}));
    for number in 0..3_000 {
        archive = archive.line("t1", number);
    }
    let archive = archive.raw("broken").task("t2", json!({})).write(&yard.home().join("archive"));
    let said = import(&yard, &archive, &["--dry-run"]);
    assert_eq!(
        (said.code, said.count("task", "imported"), said.count("event", "imported")),
        (Some(3), 2, 3_000)
    );
    yard.start_again();
    let tasks = yard.admin().ok("tasks.get_all", json!({}));
    assert_eq!(tasks["tasks"], json!([]));
    yard.stop();

    let said = import(&yard, &archive, &["--strict"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.text.contains("line 3003 was refused"), "{}", said.text);
    assert_eq!(said.report["complete"], false);
    assert!(said.count("event", "imported") < 3_000, "what was undone is not counted");

    // Another archive may not begin while a task is half there.
    let other = Archive::new().task("t9", json!({})).0.replace("\"test\"", "\"other\"");
    let other = Archive(other).write(&yard.home().join("other"));
    let refused = import(&yard, &other, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.text.contains("--discard-unfinished") && refused.text.contains("t1"), "{}", refused.text);

    // The broken line is mended; the import goes on where it was.
    let text = fs::read_to_string(archive.join("archive.jsonl")).unwrap();
    fs::write(archive.join("archive.jsonl"), text.replace("broken\n", "")).unwrap();
    let said = import(&yard, &archive, &["--strict"]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.report["resumed_after_line"].as_u64().unwrap() > 1);
    assert_eq!((said.count("task", "imported"), said.count("event", "imported")), (2, 3_000));
    yard.start_again();
    assert_eq!(yard.admin().ok("events.get_task_log", json!({"task": "t1"}))["total"], 3_000);
}

#[test]
fn an_unfinished_task_can_be_discarded() {
    let mut yard = initialised();
    let mut archive = Archive::new().task("t1", json!({}));
    for number in 0..2_500 {
        archive = archive.line("t1", number);
    }
    let archive = archive.raw("broken").write(&yard.home().join("archive"));
    assert_eq!(import(&yard, &archive, &["--strict"]).code, Some(1));
    let other = Archive(Archive::new().task("t9", json!({})).0.replace("\"test\"", "\"other\""));
    let other = other.write(&yard.home().join("other"));
    assert_eq!(import(&yard, &other, &["--discard-unfinished"]).code, Some(0));
    // All of it comes again.
    let said = import(&yard, &archive, &[]);
    assert_eq!((said.code, said.count("event", "imported")), (Some(3), 2_500), "{}", said.text);
    yard.start_again();
    assert_eq!(yard.admin().ok("events.get_task_log", json!({"task": "t1"}))["total"], 2_500);
}

#[test]
fn ids_of_another_tenant_are_refused_and_stay_untouched() {
    let mut yard = Yard::start();
    let admin = yard.admin();
    let task = admin.ok("tasks.create", json!({"name": "mine", "type": "testing"}))["id"].clone();
    yard.stop();
    let id = task.as_str().unwrap();
    let archive = Archive::new().task(id, json!({})).line(id, 1).write(&yard.home().join("archive"));
    // In its own tenant it exists, and keeps its content.
    let said = import(&yard, &archive, &[]);
    assert_eq!((said.code, said.count("task", "existing"), said.count("event", "skipped")), (Some(0), 1, 1));
    let connection = rusqlite::Connection::open(yard.data().join("roundhouse.db")).unwrap();
    connection
        .execute("INSERT INTO company (id, name, name_fold, created) VALUES ('tenant2', 'Two', 'two', 0)", [])
        .unwrap();
    drop(connection);
    let said = import(&yard, &archive, &["--tenant", "Two"]);
    assert_eq!((said.code, said.count("task", "refused")), (Some(3), 1), "{}", said.text);
    assert!(said.reasons()[&2].contains("another tenant"));
    assert!(!said.text.contains(COMPANY), "whose it is stays unsaid: {}", said.text);
    let unknown = import(&yard, &archive, &["--tenant", "nobody"]);
    assert_eq!(unknown.code, Some(1));
    yard.start_again();
    let kept = yard.admin().ok("tasks.get_by_id", json!({"task": id}))["task"].clone();
    assert_eq!((&kept["name"], &kept["type"]), (&json!("mine"), &json!("testing")));
    assert_eq!(yard.admin().ok("events.get_task_log", json!({"task": id}))["total"], 0);
    // A running server has the lock.
    let said = import(&yard, &archive, &[]);
    assert!(said.code == Some(1) && said.text.contains("in use"), "{}", said.text);
}

/// Imported curves go the way of reported ones: the next server moves them into chunks by itself.
#[test]
fn imported_points_are_moved_into_chunks() {
    const POINTS: i64 = 10_000;
    let mut yard = initialised();
    let mut archive = Archive::new().task("t", json!({}));
    for number in 0..POINTS {
        archive = archive.scalar("t", number);
    }
    let archive = archive.write(&yard.home().join("archive"));
    let said = import(&yard, &archive, &[]);
    assert_eq!(
        (said.code, said.count("event", "imported")),
        (Some(0), POINTS.unsigned_abs()),
        "{}",
        said.text
    );
    let number = |yard: &Yard, sql: &str| {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection =
            rusqlite::Connection::open_with_flags(yard.data().join("roundhouse.db"), flags).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(number(&yard, "SELECT count(*) FROM scalar"), POINTS);
    yard.start_again();
    let begun = Instant::now();
    while number(&yard, "SELECT count(*) FROM scalar") >= 4_096 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the points still wait");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(number(&yard, "SELECT sum(points) FROM scalar_chunk"), 8_192);
    let raw = json!({"task": "t", "metric": {"metric": "loss"}, "batch_size": 200_000});
    let raw = yard.admin().ok("events.scalar_metrics_iter_raw", raw)["variants"]["train"].clone();
    let iterations: Vec<i64> = (0..POINTS).collect();
    let values: Vec<f64> = iterations.iter().map(|iteration| *iteration as f64 / 4.0).collect();
    assert_eq!((&raw["iter"], &raw["y"]), (&json!(iterations), &json!(values)));
}

#[test]
fn an_import_that_is_killed_goes_on_and_loses_and_doubles_nothing() {
    const TASKS: i64 = 40;
    const LINES: i64 = 1_500;
    const POINTS: i64 = 1_500;
    let mut yard = initialised();
    let mut archive = Archive::new();
    for task in 0..TASKS {
        let id = format!("t{task}");
        archive = archive.task(&id, json!({}));
        for number in 0..POINTS {
            archive = archive.scalar(&id, number);
        }
        for number in 0..LINES {
            archive = archive.line(&id, number);
        }
    }
    let archive = archive.write(&yard.home().join("archive"));
    let lines = u64::try_from(TASKS * (LINES + POINTS + 1)).unwrap();
    let mut interrupted = 0;
    for _ in 0..6 {
        let mut command = yard.command(&["import"]);
        command.arg(&archive).arg("--data").arg(yard.data());
        let mut child =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        // It is at work once the mark has moved.
        let before = mark(&yard);
        let begun = Instant::now();
        while mark(&yard) <= before
            && child.try_wait().unwrap().is_none()
            && begun.elapsed() < Duration::from_secs(60)
        {
            std::thread::sleep(Duration::from_millis(3));
        }
        std::thread::sleep(Duration::from_millis(rand::random_range(0..60)));
        if child.try_wait().unwrap().is_none() {
            interrupted += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(interrupted >= 2, "only {interrupted} kills met an import at work");
    let said = import(&yard, &archive, &[]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.report["resumed_after_line"].as_u64().unwrap_or_default() > 1, "{}", said.text);
    assert_eq!(said.count("task", "imported") + said.count("event", "imported"), lines);
    let doctor = yard.command(&["doctor", "--data"]).arg(yard.data()).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    yard.start_again();
    let admin = yard.admin();
    for task in 0..TASKS {
        let id = format!("t{task}");
        let log = admin
            .ok("events.get_task_log", json!({"task": id, "batch_size": 10_000, "navigate_earlier": false}));
        let texts: Vec<&str> =
            log["events"].as_array().unwrap().iter().map(|one| one["msg"].as_str().unwrap()).collect();
        let wanted: Vec<String> = (0..LINES).map(|number| format!("line {number}")).collect();
        assert_eq!(texts, wanted, "{id}");
        let curve = admin.ok("events.scalar_metrics_iter_histogram", json!({"task": id, "samples": 6000}));
        assert_eq!(curve["loss"]["train"]["x"].as_array().unwrap().len(), usize::try_from(POINTS).unwrap());
    }
}

/// How far an import has come, in bytes; 0 without one.
fn mark(yard: &Yard) -> u64 {
    let database = yard.data().join("roundhouse.db");
    let Ok(connection) =
        rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
    else {
        return 0;
    };
    let sql = "SELECT json_extract(value, '$.place[0]') FROM setting WHERE key LIKE 'import.%'";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_or(0, i64::unsigned_abs)
}
