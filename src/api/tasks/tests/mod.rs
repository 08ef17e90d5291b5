//! The acceptance cases of spec/tasks.md 13, through the endpoint table. The report part of case 68 belongs to the
//! workers service.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cleanup;
mod clients;
mod content;
mod isolation;
mod items;
mod queueing;
mod reading;
mod status;

use serde_json::{Value, json};

use crate::{
    api::{
        endpoint::{ReplyBody, Request},
        front_door::{Answer, FrontDoor, Visitor},
        table,
    },
    domain::{Call, Ctx, identity::Presented},
    types::Millis,
};

/// A tenant with one person, Ann, who works with tasks.
struct House(FrontDoor);

impl House {
    fn open() -> Self {
        House(FrontDoor::open())
    }

    fn ann(&self) -> Visitor<'_> {
        self.0.ann()
    }

    fn call(&self, name: &str, request: Value) -> Answer {
        self.ann().call(&format!("tasks.{name}"), request)
    }

    #[track_caller]
    fn ok(&self, name: &str, request: Value) -> Value {
        self.ann().ok(&format!("tasks.{name}"), request)
    }

    #[track_caller]
    fn err(&self, name: &str, request: Value) -> (u16, u16) {
        self.ann().err(&format!("tasks.{name}"), request)
    }

    /// A draft.
    fn task(&self) -> String {
        self.task_with(json!({}))
    }

    /// A draft with more content.
    fn task_with(&self, more: Value) -> String {
        let mut request = json!({"name": "demo", "type": "training"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("create", request)["id"].as_str().unwrap().to_owned()
    }

    /// A running task.
    fn running(&self) -> String {
        let task = self.task();
        self.ok("started", json!({"task": task}));
        task
    }

    /// A task of this status.
    fn task_in(&self, status: &str) -> String {
        let task = self.task();
        self.ok("edit", json!({"task": task, "status": status}));
        task
    }

    #[track_caller]
    fn get(&self, task: &str) -> Value {
        self.ok("get_by_id", json!({"task": task}))["task"].clone()
    }

    fn status(&self, task: &str) -> String {
        self.get(task)["status"].as_str().unwrap().to_owned()
    }

    fn project(&self, id: &str, company: &str) -> String {
        self.0.sql(
            "INSERT INTO project (id, company, user, name, basename, created, last_update) VALUES (?1, ?2, 'ann', ?3, ?3, 1, 1)",
            rusqlite::params![id, company, format!("project {id}")],
        );
        id.to_owned()
    }

    fn touched(&self, project: &str) -> bool {
        self.0.value::<i64>("SELECT last_update FROM project WHERE id = ?1", [project]).unwrap() > 1
    }

    fn model(&self, id: &str, task: Option<&str>, ready: bool) -> String {
        self.0.sql(
            "INSERT INTO model (id, company, user, name, created, last_update, last_change, ready, task, uri)
             VALUES (?1, 'acme', 'ann', ?1, 1, 1, 1, ?2, ?3, 's3://models/' || ?1)",
            rusqlite::params![id, ready, task],
        );
        id.to_owned()
    }

    fn has_model(&self, id: &str) -> bool {
        self.0.value::<i64>("SELECT 1 FROM model WHERE id = ?1", [id]).is_some()
    }

    fn model_task(&self, id: &str) -> Option<String> {
        self.0.value::<Option<String>>("SELECT task FROM model WHERE id = ?1", [id]).unwrap()
    }

    fn queue(&self, id: &str) -> String {
        self.queue_tagged(id, "[]")
    }

    fn queue_tagged(&self, id: &str, system_tags: &str) -> String {
        self.0.sql(
            "INSERT INTO queue (id, company, name, created, last_update, system_tags) VALUES (?1, 'acme', 'queue ' || ?1, 1, 1, ?2)",
            [id, system_tags],
        );
        id.to_owned()
    }

    fn waiting(&self, queue: &str) -> Vec<String> {
        let sql = "SELECT json_group_array(task ORDER BY position) FROM queue_entry WHERE queue = ?1";
        serde_json::from_str(&self.0.value::<String>(sql, [queue]).unwrap()).unwrap()
    }

    /// Makes it look as if nothing had been heard of the task for so long.
    fn silent_for(&self, task: &str, minutes: i64) {
        let then = Millis::now().plus_seconds(-60 * minutes).0;
        self.0.sql(
            "UPDATE task SET last_update = ?2, last_change = ?2 WHERE id = ?1",
            rusqlite::params![task, then],
        );
    }

    /// What a worker's report does to the task it names.
    fn worker_reports(&self, task: &str) {
        self.0.sql("UPDATE task SET last_worker = 'w1' WHERE id = ?1", [task]);
    }

    /// Calls `tasks.update_batch` with JSON lines.
    fn lines(&self, lines: &str) -> Answer {
        let endpoint = table::resolve("tasks.update_batch", crate::types::Version::CURRENT).unwrap();
        let ctx = Ctx::new(&self.0.app, self.ann().caller, Call::internal());
        let request = Request {
            body: Default::default(),
            lines: lines.to_owned().into(),
            is_lines: true,
            presented: Presented::Nothing,
        };
        match (endpoint.run)(&ctx, request) {
            Ok(reply) => match reply.body {
                ReplyBody::Data(text) => Ok(serde_json::from_str(&text).unwrap()),
                ReplyBody::Download(_) => panic!(),
            },
            Err(error) => Err((error.kind().code(), error.kind().subcode())),
        }
    }
}

/// The names of an object's members.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
