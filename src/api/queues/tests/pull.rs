//! Pulling.

use super::*;
use crate::{
    config::{Settings, settings::services::PrivilegedAgents},
    domain::{CallerKind, Role},
    store::identity::NewAccount,
    types::{CompanyId, UserId},
};

fn pull(visitor: &Visitor<'_>, queue: &str) -> Option<String> {
    let found = visitor.ok("queues.get_next_task", json!({"queue": queue}));
    found.get("entry").map(|entry| entry["task"].as_str().unwrap().to_owned())
}

/// A service account that runs tasks.
fn agent<'a>(front: &'a FrontDoor, id: &str) -> Visitor<'a> {
    let company = CompanyId::from("acme");
    front.account(&NewAccount {
        id: UserId::from(id),
        company,
        name: id.to_owned(),
        email: None,
        role: "user".to_owned(),
        internal: false,
        autocreated: false,
        is_service: true,
        operator: false,
        created_by: None,
    });
    front.visitor("acme", id).kind(CallerKind::Service(true))
}

#[test]
fn case_09_12_first_in_first_out() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    for task in ["t1", "t2", "t3"] {
        enqueued(&front, &ann, &id, task);
    }
    front.sql("UPDATE task SET status = 'stopped' WHERE id = 't2'", []);
    let first = ann.ok("queues.get_next_task", json!({"queue": id}));
    assert_eq!(first["entry"]["task"], "t1");
    assert!(first["entry"]["added"].is_string() && first.get("task_info").is_none());
    assert_eq!(pull(&ann, &id).as_deref(), Some("t2"));
    assert_eq!(status(&front, "t2"), "queued", "a stop that was reported late is repaired");
    assert_eq!(pull(&ann, &id).as_deref(), Some("t3"));
    assert_eq!(ann.ok("queues.get_next_task", json!({"queue": id})), json!({}));
    assert_eq!(status(&front, "t1"), "queued");
    assert_eq!(task(&front, "execution_queue", "t1"), Some(id));
}

#[test]
fn case_10_a_hint_takes_that_task_or_none() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    enqueued(&front, &ann, &id, "t2");
    assert_eq!(ann.ok("queues.get_next_task", json!({"queue": id, "task": "t2"})), json!({}));
    assert_eq!(order(&ann, &id), ["t1", "t2"]);
    assert_eq!(ann.ok("queues.get_next_task", json!({"queue": id, "task": "t1"}))["entry"]["task"], "t1");
}

#[test]
fn case_11_s1_the_run_as_user_is_who_submitted() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    // The task is ann's; bob submits it.
    front.task("t1", json!({}));
    front.visitor("acme", "bob").ok("queues.add_task", json!({"queue": id, "task": "t1"}));
    let hash = front.value::<String>("SELECT content_hash FROM queue_entry", []).unwrap();
    assert_eq!((hash.len(), task(&front, "enqueued_hash", "t1")), (64, Some(hash)));
    let agent = agent(&front, "robot");
    let found = agent.ok("queues.get_next_task", json!({"queue": id, "get_task_info": true}));
    assert_eq!(found["task_info"], json!({"company": "acme", "user": "bob"}));
    assert_eq!(task(&front, "run_as", "t1").as_deref(), Some("bob"));
    assert_eq!(task(&front, "executor", "t1").as_deref(), Some("robot"));
    // An executor that submits again, as the Kubernetes agent does, keeps the submitter.
    agent.ok("queues.add_task", json!({"queue": id, "task": "t1"}));
    let again = agent.ok("queues.get_next_task", json!({"queue": id, "get_task_info": true}));
    assert_eq!(again["task_info"]["user"], "bob");
}

#[test]
fn case_13_nobody_pulls_the_same_task() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    for n in 0..200 {
        enqueued(&front, &ann, &id, &format!("t{n}"));
    }
    let mut pulled: Vec<String> = std::thread::scope(|threads| {
        let agents: Vec<_> = (0..20)
            .map(|_| {
                threads.spawn(|| {
                    let visitor = front.ann();
                    std::iter::from_fn(|| pull(&visitor, &id)).collect::<Vec<_>>()
                })
            })
            .collect();
        agents.into_iter().flat_map(|agent| agent.join().unwrap()).collect()
    });
    pulled.sort_unstable();
    pulled.dedup();
    assert_eq!(pulled.len(), 200);
    assert!(order(&ann, &id).is_empty());
}

#[test]
fn entries_of_deleted_tasks_are_dropped() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "gone");
    enqueued(&front, &ann, &id, "t2");
    front.sql("DELETE FROM task WHERE id = 'gone'", []);
    assert_eq!(ann.ok("queues.peek_task", json!({"queue": id})), json!({"task": "t2"}));
    assert_eq!(pull(&ann, &id).as_deref(), Some("t2"));
    assert_eq!(ann.ok("queues.get_num_entries", json!({"queue": id})), json!({"num": 0}));
}

#[test]
fn s7_a_person_takes_only_what_they_may_change_and_runs_it_as_themselves() {
    use std::sync::Arc;

    use crate::{
        domain::{Call, Ctx, queues},
        store::{Readable, Scope, Sets, Writable},
    };
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "foreign");
    enqueued(&front, &ann, &id, "open");
    // Bob's rules: the queue and one of the two tasks.
    let sets = Arc::new(Sets { ids: [id.clone(), "open".to_owned()].into(), ..Sets::default() });
    let scope =
        Scope { company: CompanyId::from("acme"), readable: Readable::All, writable: Writable::Sets(sets) };
    let bob = Ctx::new(&front.app, front.visitor("acme", "bob").caller, Call::internal()).with_scope(scope);
    let pulled = queues::pull(&bob, &id, None, true).unwrap().unwrap();
    assert_eq!((pulled.task.as_str(), pulled.run_as.as_str()), ("open", "ann"));
    assert_eq!(task(&front, "run_as", "open").as_deref(), Some("bob"), "no grant arises");
    assert_eq!(queues::pull(&bob, &id, None, true).unwrap(), None);
    assert_eq!(queues::peek(&bob, &id).unwrap(), None);
    assert_eq!(order(&ann, &id), ["foreign"]);
    assert_eq!(pull(&agent(&front, "robot"), &id).as_deref(), Some("foreign"), "a worker takes it");
}

#[test]
fn s8_a_service_account_takes_only_what_it_accepts() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    let robot = agent(&front, "robot");
    let accept = |list: Value| {
        front.sql("UPDATE user_auth SET accept_tasks_from = ?1 WHERE id = 'robot'", [list.to_string()])
    };
    accept(json!(["self"]));
    assert_eq!(pull(&robot, &id), None);
    accept(json!(["team"]));
    assert_eq!(pull(&robot, &id), None);
    assert_eq!(robot.ok("queues.peek_task", json!({"queue": id})), json!({"task": null}));
    front.group("team");
    front.member("team", "ann");
    assert_eq!(pull(&robot, &id).as_deref(), Some("t1"));
}

#[test]
fn s8_privileged_agents_are_allowed_warned_of_or_refused() {
    let mut settings = Settings::default();
    settings.services.workers.privileged_agents = PrivilegedAgents::Refuse;
    let front = FrontDoor::with(settings);
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    let admin = ann.clone().role(Role::Admin);
    assert_eq!(admin.err("queues.get_next_task", json!({"queue": id})), (403, 20));
    let with_info = admin.ok("queues.get_next_task", json!({"queue": id, "get_task_info": true}));
    assert_eq!(with_info["entry"]["task"], "t1");
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    enqueued(&front, &ann, &id, "t1");
    let admin = ann.clone().role(Role::Admin);
    admin.ok("workers.register", json!({"worker": "box:0", "queues": [id]}));
    assert_eq!(pull(&admin, &id).as_deref(), Some("t1"));
    let workers = ann.ok("workers.get_all", json!({}));
    assert_eq!(workers["workers"][0]["privileged_agent"], true);
    let note =
        front.value::<String>("SELECT note ->> '$.remark' FROM security_event ORDER BY seq DESC LIMIT 1", []);
    assert_eq!(note.as_deref(), Some("privileged_agent"));
}

#[test]
fn s26_a_pull_is_a_security_event_and_an_empty_poll_is_none() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    let events = || {
        front.value::<i64>("SELECT count(*) FROM security_event WHERE operation = 'queues.get_next_task'", [])
    };
    pull(&ann, &id);
    assert_eq!(events(), Some(0));
    enqueued(&front, &ann, &id, "t1");
    pull(&ann, &id);
    assert_eq!(events(), Some(1));
}

#[test]
fn an_empty_poll_writes_nothing() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, json!({}));
    pull(&ann, &id);
    let (_, before) = front.app.store.writer_counters();
    for _ in 0..5 {
        assert_eq!(pull(&ann, &id), None);
    }
    assert_eq!(front.app.store.writer_counters().1, before);
}
