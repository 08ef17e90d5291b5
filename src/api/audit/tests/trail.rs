//! The execution trail of tasks.

use super::*;
use crate::{
    domain::{
        Actor, Call, CallerKind, Ctx,
        trail::{self, ServedVault},
    },
    store::{Lane, Scope},
    types::{Millis, SessionId, UserId},
};

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

/// The agent's service account.
fn agent(front: &FrontDoor) -> Visitor<'_> {
    front.visitor("acme", "yard-agents").kind(CallerKind::Service(true))
}

/// `bob`, as whom the agent acts in a session.
fn acting<'a>(front: &'a FrontDoor, session: &str) -> Visitor<'a> {
    let mut visitor = front.visitor("acme", "bob");
    let (user, name) = (UserId::from("yard-agents"), "Yard agents".to_owned());
    visitor.caller.actor = Some(Actor { user, name, role: Role::User });
    visitor.caller.session = Some(SessionId::from(session));
    visitor.caller.root_session = Some(SessionId::from(session));
    visitor
}

fn steps(trail: &Value) -> Vec<&str> {
    trail["events"].as_array().unwrap().iter().map(|step| step["event"].as_str().unwrap()).collect()
}

/// What the agent's sign-in as somebody leaves.
fn impersonates(front: &FrontDoor, visitor: &Visitor<'_>, session: &str) {
    let ctx = Ctx::new(&front.app, visitor.caller.clone(), Call::internal());
    ctx.write(|tx| trail::impersonated(&ctx, tx, &SessionId::from(session))).unwrap();
}

fn vault(id: &str, version: i64) -> ServedVault {
    ServedVault {
        id: id.to_owned(),
        scope: "group".to_owned(),
        description: "Vision".to_owned(),
        version,
        content_hash: "5c1e44ab".to_owned(),
    }
}

fn yard() -> FrontDoor {
    let front = FrontDoor::open();
    for (user, name) in [("bob", "Bob"), ("eve", "Eve"), ("yard-agents", "Yard agents"), ("boss", "Boss")] {
        front.person("acme", user, name);
    }
    front
}

/// A task of `bob` that the agent ran to its end, and the model that it made.
fn finished(front: &FrontDoor) -> (String, String) {
    let bob = front.visitor("acme", "bob");
    let queue = id(&bob.ok("queues.create", json!({"name": "a100"})));
    let container = json!({"image": "torch:2.5@sha256:feed", "arguments": "-e HF_TOKEN=hf_abc --ipc=host"});
    let task =
        id(&bob.ok("tasks.create", json!({"name": "demo", "type": "training", "container": container})));
    bob.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
    let pull = json!({"queue": queue, "get_task_info": true}).to_string();
    let pulled =
        agent(front).send("queues.get_next_task", "application/json", pull, Some("yard-03:gpu0")).unwrap();
    assert_eq!(pulled["task_info"]["user"], "bob");
    let run = acting(front, "s1");
    impersonates(front, &run, "s1");
    let ctx = Ctx::new(&front.app, run.caller.clone(), Call::internal());
    ctx.write(|tx| trail::vaults_loaded(&ctx, tx, &[vault("v1", 14), vault("v2", 3)])).unwrap();
    run.ok("tasks.started", json!({"task": task}));
    let model = json!({"uri": "http://files.test/m.pt", "name": "detector", "task": task});
    let model = id(&run.ok("models.create", model));
    run.ok("tasks.completed", json!({"task": task}));
    (task, model)
}

#[test]
fn case_43_the_trail_of_a_finished_task() {
    let front = yard();
    let (task, model) = finished(&front);
    let trail = boss(&front).ok("audit.get_task_trail", json!({"task": task}));
    assert_eq!(
        steps(&trail),
        ["created", "enqueued", "dequeued", "impersonated", "vaults_loaded", "started", "completed"]
    );
    assert_eq!(trail["submitter"], json!({"id": "bob", "name": "Bob"}));
    assert_eq!(trail["agent"], json!({"id": "yard-agents", "name": "Yard agents", "worker": "yard-03:gpu0"}));
    assert_eq!((&trail["run_as"]["id"], &trail["session_id"]), (&json!("bob"), &json!("s1")));
    let container = json!({"image": "torch:2.5@sha256:feed", "arguments": "-e HF_TOKEN=**** --ipc=host",
                           "digest": "sha256:feed"});
    assert_eq!((&trail["container"], &trail["container_requested"]), (&container, &container));
    let vaults: Vec<(&str, i64, &str)> = trail["vaults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vault| {
            (
                vault["id"].as_str().unwrap(),
                vault["version"].as_i64().unwrap(),
                vault["content_hash"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(vaults, [("v1", 14, "5c1e44ab"), ("v2", 3, "5c1e44ab")]);
    assert!(!trail.to_string().contains("hf_abc"), "no secret of the arguments");
    let step = |name: &str| {
        trail["events"].as_array().unwrap().iter().find(|step| step["event"] == name).unwrap().clone()
    };
    assert_eq!(step("enqueued")["content_hash"].as_str().unwrap().len(), 64);
    assert_eq!(
        (&step("dequeued")["policy_of"], &step("dequeued")["as_submitter"]),
        (&json!("bob"), &json!(true))
    );
    assert_eq!(
        (&step("started")["user"]["id"], &step("started")["actor"]["id"]),
        (&json!("bob"), &json!("yard-agents"))
    );
    assert_eq!(step("started")["session_id"], "s1");

    let found = |request: Value| -> Vec<String> {
        let answer = boss(&front).ok("audit.find_tasks", request);
        let tasks = answer["tasks"].as_array().unwrap();
        assert_eq!(answer["total"], tasks.len());
        tasks.iter().map(|task| task["task"].as_str().unwrap().to_owned()).collect()
    };
    let other =
        id(&front.visitor("acme", "eve").ok("tasks.create", json!({"name": "other", "type": "training"})));
    for request in [
        json!({"model": model}),
        json!({"image": "torch:2.5@sha256:feed"}),
        json!({"image": "torch:*"}),
        json!({"vault": "v2"}),
        json!({"user": "bob"}),
        json!({"agent": "yard-agents"}),
        json!({"agent": "yard-03:gpu0"}),
        json!({"model": model, "image": "torch*", "vault": "v1", "user": "bob", "agent": "yard-agents"}),
    ] {
        assert_eq!(found(request.clone()), [task.as_str()], "{request}");
    }
    assert_eq!(found(json!({"user": "eve"})), [other.as_str()]);
    for request in [
        json!({"model": "m0"}),
        json!({"image": "torch"}),
        json!({"vault": "v3"}),
        json!({"user": "bob", "vault": "v3"}),
    ] {
        assert!(found(request.clone()).is_empty(), "{request}");
    }
    let now = Millis::now().0;
    assert_eq!(found(json!({"from": now - 60_000, "to": now + 60_000})).len(), 2);
    assert!(found(json!({"to": now - 60_000})).is_empty());
    let run = &boss(&front).ok("audit.find_tasks", json!({"model": model}))["tasks"][0];
    assert_eq!(
        (&run["container"]["image"], &run["run_as"]["name"]),
        (&json!("torch:2.5@sha256:feed"), &json!("Bob"))
    );
}

#[test]
fn readers_of_a_task_see_its_trail_and_nobody_elses() {
    let front = yard();
    let (task, _) = finished(&front);
    let ask = |visitor: Visitor<'_>| visitor.call("audit.get_task_trail", json!({"task": task}));
    assert!(ask(front.visitor("acme", "eve")).is_ok(), "a reader of the task");
    assert_eq!(ask(front.visitor("zoo", "boss").role(Role::Admin)), Err((400, 101)), "another tenant's");
    assert_eq!(front.ann().err("audit.get_task_trail", json!({"task": "unknown"})), (400, 101));
    assert_eq!(boss(&front).err("audit.get_task_trail", json!({"task": "unknown"})), (400, 101));
    assert_eq!(
        front.visitor("zoo", "boss").role(Role::Admin).ok("audit.find_tasks", json!({"user": "bob"}))["total"],
        0
    );
}

#[test]
fn a_deleted_task_keeps_its_trail_and_its_models_lead_to_it() {
    let front = yard();
    let (task, model) = finished(&front);
    front
        .visitor("acme", "bob")
        .ok("tasks.delete", json!({"task": task, "force": true, "delete_output_models": false}));
    let trail = boss(&front).ok("audit.get_task_trail", json!({"task": task}));
    assert_eq!(steps(&trail).last(), Some(&"deleted"));
    assert_eq!((&trail["deleted"], &trail["name"]), (&json!(true), &json!("demo")));
    assert_eq!(front.visitor("acme", "bob").err("audit.get_task_trail", json!({"task": task})), (400, 101));
    let found = boss(&front).ok("audit.find_tasks", json!({"model": model}));
    assert_eq!(found["tasks"][0]["task"], task.as_str());
    assert_eq!(found["tasks"][0]["container"]["image"], "torch:2.5@sha256:feed");
    // Until retention.
    let keys = &front.app.keys.audit;
    let gone = front.app.store.write(&Scope::server(), Lane::Documents, |tx| {
        tx.retire_chain(keys, crate::store::audit::Chain::Trail, Millis(i64::MAX / 2))
    });
    assert!(gone.unwrap() > 5);
    assert_eq!(boss(&front).err("audit.get_task_trail", json!({"task": task})), (400, 101));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM task_trail_object", []), Some(0));
}

/// S1: whoever rewrote a draft before somebody else submitted it stands in the trail.
#[test]
fn s1_the_last_editor_is_recorded_at_enqueue() {
    let front = yard();
    let (bob, eve) = (front.visitor("acme", "bob"), front.visitor("acme", "eve"));
    let queue = id(&bob.ok("queues.create", json!({"name": "a100"})));
    let task = id(&bob.ok("tasks.create", json!({"name": "demo", "type": "training"})));
    let editor = |task: &str| {
        bob.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
        let trail = boss(&front).ok("audit.get_task_trail", json!({"task": task}));
        bob.ok("tasks.dequeue", json!({"task": task}));
        trail["last_editor"]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(editor(&task), "bob", "its maker");
    eve.ok("tasks.edit", json!({"task": task, "script": {"entry_point": "evil.py"}}));
    assert_eq!(editor(&task), "eve");
    // What is no part of a run makes nobody its editor.
    bob.ok("tasks.edit", json!({"task": task, "comment": "mine"}));
    assert_eq!(editor(&task), "eve");
    bob.ok(
        "tasks.edit_hyper_params",
        json!({"task": task, "hyperparams": [{"section": "Args", "name": "lr", "value": "1"}]}),
    );
    assert_eq!(editor(&task), "bob");
    assert_eq!(bob.ok("tasks.get_by_id", json!({"task": task}))["task"].get("content_editor"), None);
}

#[test]
fn every_way_to_a_status_leaves_its_step_and_a_failed_call_none() {
    let front = yard();
    let bob = front.visitor("acme", "bob");
    let queue = id(&bob.ok("queues.create", json!({"name": "a100"})));
    let task = id(&bob.ok("tasks.create", json!({"name": "demo", "type": "training"})));
    let copy = id(&bob.ok("tasks.clone", json!({"task": task})));
    let trail_of = |task: &str| boss(&front).ok("audit.get_task_trail", json!({"task": task}));
    let cloned = trail_of(&copy);
    assert_eq!((steps(&cloned), &cloned["events"][0]["source"]), (vec!["cloned"], &json!(task)));
    bob.ok("tasks.edit", json!({"task": task, "container": {"image": "a:1", "arguments": "--env K=v"}}));
    bob.ok("queues.add_task", json!({"queue": queue, "task": task}));
    bob.ok("queues.remove_task", json!({"queue": queue, "task": task}));
    bob.ok("tasks.started", json!({"task": task}));
    bob.ok("tasks.started", json!({"task": task}));
    bob.ok("tasks.failed", json!({"task": task, "status_reason": "out of memory"}));
    bob.ok("tasks.reset", json!({"task": task}));
    bob.ok("tasks.started", json!({"task": task}));
    bob.ok("tasks.stopped", json!({"task": task, "force": true}));
    bob.ok("tasks.publish", json!({"task": task}));
    assert_eq!(bob.err("tasks.failed", json!({"task": task})), (400, 110));
    assert_eq!(bob.err("tasks.edit", json!({"task": task, "container": {"image": "b:2"}})), (400, 110));
    let trail = trail_of(&task);
    assert_eq!(
        steps(&trail),
        [
            "created",
            "container_set",
            "enqueued",
            "started",
            "failed",
            "reset",
            "started",
            "stopped",
            "published"
        ]
    );
    let events = trail["events"].as_array().unwrap();
    assert_eq!(events[1]["container"], json!({"image": "a:1", "arguments": "--env K=****"}));
    assert_eq!(
        (&events[4]["status_reason"], &events[4]["from"]),
        (&json!("out of memory"), &json!("in_progress"))
    );
    assert_eq!(trail["container"]["image"], "a:1");
}

#[test]
fn a_silent_task_is_stopped_by_the_server() {
    let front = yard();
    let bob = front.visitor("acme", "bob");
    let task = id(&bob.ok("tasks.create", json!({"name": "demo", "type": "training"})));
    bob.ok("tasks.started", json!({"task": task}));
    front.sql("UPDATE task SET last_update = last_update - 100000000 WHERE id = ?1", [&task]);
    crate::domain::tasks::sweep(&front.app).unwrap();
    let trail = boss(&front).ok("audit.get_task_trail", json!({"task": task}));
    assert_eq!(steps(&trail), ["created", "started", "stopped"]);
    assert_eq!(trail["events"][2]["user"]["id"], crate::domain::tasks::SERVER);
}

#[test]
fn a_session_belongs_to_the_task_that_its_agent_dequeued_last() {
    let front = yard();
    let (first, _) = finished(&front);
    let sessions = |task: &str| -> Vec<String> {
        let trail = boss(&front).ok("audit.get_task_trail", json!({"task": task}));
        let events = trail["events"].as_array().unwrap().clone();
        let of = events.iter().filter(|step| step["event"] == "impersonated");
        of.map(|step| step["session_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sessions(&first), ["s1"]);
    impersonates(&front, &acting(&front, "s1"), "s1-renewed");
    assert_eq!(sessions(&first), ["s1", "s1-renewed"]);
    // There is no other dequeue: the next session explains no task.
    impersonates(&front, &acting(&front, "s2"), "s2");
    assert_eq!(sessions(&first), ["s1", "s1-renewed"]);
    assert_eq!(
        front.value::<i64>(
            "SELECT count(*) FROM task_trail WHERE event = 'impersonated' AND task IS NULL",
            []
        ),
        Some(1)
    );
    // Vaults served outside a run are in the security events, not in a trail.
    let run = acting(&front, "s2");
    let ctx = Ctx::new(&front.app, run.caller.clone(), Call::internal());
    ctx.write(|tx| trail::vaults_loaded(&ctx, tx, &[vault("v9", 1)])).unwrap();
    assert_eq!(boss(&front).ok("audit.find_tasks", json!({"vault": "v9"}))["total"], 0);
}
