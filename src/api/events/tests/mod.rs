//! The acceptance cases of spec/events.md 14, through the endpoint table. What needs sockets (methods, encodings: part of
//! case 61) belongs to the integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod compaction;
mod deleting;
mod images;
mod logs;
mod paging;
mod plans;
mod plots;
mod scalars;
mod security;
mod side_effects;
mod weaknesses;
mod writing;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::api::front_door::{Answer, FrontDoor, Visitor};

/// A tenant with one person, Ann, and a running task `t`.
struct House(FrontDoor);

impl House {
    fn open() -> Self {
        Self::with(crate::config::Settings::default())
    }

    fn with(settings: crate::config::Settings) -> Self {
        let house = House(FrontDoor::with(settings));
        house.task("t", json!({}));
        house
    }

    fn ann(&self) -> Visitor<'_> {
        self.0.ann()
    }

    /// A running task, if `fields` do not say otherwise.
    fn task(&self, id: &str, fields: Value) {
        let mut columns = json!({"status": "in_progress", "started": 1_700_000_000_000_i64});
        columns.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        self.0.task(id, columns);
    }

    fn model(&self, id: &str, ready: bool) {
        self.0.sql(
            "INSERT INTO model (id, company, user, name, created, last_update, last_change, ready)
             VALUES (?1, 'acme', 'ann', 'model ' || ?1, 1, 1, 1, ?2)",
            rusqlite::params![id, ready],
        );
    }

    #[track_caller]
    fn ok(&self, name: &str, request: Value) -> Value {
        self.ann().ok(&format!("events.{name}"), request)
    }

    #[track_caller]
    fn err(&self, name: &str, request: Value) -> (u16, u16) {
        self.ann().err(&format!("events.{name}"), request)
    }

    fn batch(&self, events: &[Value]) -> Answer {
        let lines = events.iter().fold(String::new(), |mut lines, event| {
            writeln!(lines, "{event}").unwrap();
            lines
        });
        self.ann().lines("events.add_batch", &lines, None)
    }

    /// Stores all of the events, or fails the test.
    #[track_caller]
    fn add(&self, events: &[Value]) {
        let answer = self.batch(events).unwrap();
        assert_eq!(answer, json!({"added": events.len(), "errors": 0, "errors_info": {}}));
    }

    /// A column of a task's row.
    fn of_task<T: rusqlite::types::FromSql>(&self, id: &str, column: &str) -> T {
        self.0.value(&format!("SELECT {column} FROM task WHERE id = ?1"), [id]).unwrap()
    }

    /// `last_metrics` of task `t` for a metric and variant, as the tasks service shows it.
    #[track_caller]
    fn last(&self, metric: &str, variant: &str) -> Value {
        let task = self.ann().ok("tasks.get_by_id", json!({"task": "t"}));
        let hash = |name: &str| {
            use md5::{Digest as _, Md5};
            Md5::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        task["task"]["last_metrics"][hash(metric)][hash(variant)].clone()
    }

    /// All events of an entity by `get_task_events`.
    fn events(&self, task: &str, kind: &str) -> Vec<Value> {
        let answer =
            self.ok("get_task_events", json!({"task": task, "event_type": kind, "batch_size": 10_000}));
        answer["events"].as_array().unwrap().clone()
    }
}

fn scalar(metric: &str, variant: &str, iter: i64, value: f64) -> Value {
    json!({"type": "training_stats_scalar", "task": "t", "metric": metric, "variant": variant, "iter": iter,
        "value": value, "timestamp": 1_700_000_000_000_i64 + iter.clamp(-1_000_000, 1_000_000)})
}

fn log(timestamp: i64, msg: &str) -> Value {
    json!({"type": "log", "task": "t", "level": "info", "worker": "w", "msg": msg, "timestamp": timestamp})
}

fn image(metric: &str, variant: &str, iter: i64, url: &str) -> Value {
    json!({"type": "training_debug_image", "task": "t", "metric": metric, "variant": variant, "iter": iter,
        "key": format!("{variant}/{url}"), "url": url, "timestamp": 1_700_000_000_000_i64 + iter})
}

fn plot(metric: &str, variant: &str, iter: i64) -> Value {
    json!({"type": "plot", "task": "t", "metric": metric, "variant": variant, "iter": iter,
        "plot_str": format!("{{\"data\": [], \"title\": \"{metric} {variant} {iter}\"}}"),
        "timestamp": 1_700_000_000_000_i64 + iter})
}

/// One field of each of a list of objects.
fn field(list: &Value, name: &str) -> Value {
    Value::Array(list.as_array().unwrap().iter().map(|one| one[name].clone()).collect())
}
