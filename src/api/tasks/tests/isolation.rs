use super::*;
use crate::{
    config::Settings,
    domain::{CallerKind, Role},
};

#[test]
fn case_55_publishing_across_tenants_is_deliberate() {
    let mut settings = Settings::default();
    settings.services.organization.allow_public = true;
    let house = House(FrontDoor::with(settings));
    let admin = house.ann().role(Role::Admin);
    let task = house.task();
    assert_eq!(house.err("make_public", json!({"ids": [task]})), (403, 20));
    assert_eq!(admin.err("tasks.make_public", json!({"ids": [task, "nope"]})), (400, 101));
    assert_eq!(admin.ok("tasks.make_public", json!({"ids": [task, task]})), json!({"updated": 1}));
    assert_eq!(house.get(&task)["company"], "");
    assert_eq!(house.err("update", json!({"task": task, "name": "new"})), (403, 21));
    assert_eq!(house.err("started", json!({"task": task})), (403, 21));
    assert_eq!(house.err("dequeue", json!({"task": task})), (403, 21));
    let batch = house.ok("archive_many", json!({"ids": [task]}));
    assert_eq!(batch["failed"][0]["error"]["codes"], json!([403, 21]));
    assert_eq!(admin.err("tasks.make_public", json!({"ids": [task]})), (400, 101));
    let mut minted = admin.clone();
    minted.caller.minted = true;
    assert_eq!(minted.err("tasks.make_private", json!({"ids": [task]})), (403, 20));
    assert_eq!(admin.ok("tasks.make_private", json!({"ids": [task]})), json!({"updated": 1}));
    assert_eq!(admin.err("tasks.make_private", json!({"ids": [task]})), (400, 101));
    house.ok("update", json!({"task": task, "name": "new"}));
}

#[test]
fn s17_administrators_publish_only_where_configuration_lets_them() {
    let house = House::open();
    let task = house.task();
    assert_eq!(house.ann().role(Role::Admin).err("tasks.make_public", json!({"ids": [task]})), (403, 20));
    house.ann().role(Role::Root).ok("tasks.make_public", json!({"ids": [task]}));
}

#[test]
fn case_77_tenants_see_nothing_of_each_other() {
    let house = House::open();
    house.0.tenant("other");
    house.0.person("other", "eve", "Eve");
    let eve = house.0.visitor("other", "eve");
    let (project, queue) = (house.project("p1", "acme"), house.queue("q1"));
    let task = house.task_with(json!({"project": project}));
    let calls = [
        ("get_by_id", json!({"task": task})),
        ("started", json!({"task": task, "force": true})),
        ("stopped", json!({"task": task, "force": true})),
        ("stop", json!({"task": task, "force": true})),
        ("update", json!({"task": task, "name": "evil"})),
        ("edit", json!({"task": task, "name": "evil", "force": true})),
        ("clone", json!({"task": task})),
        ("reset", json!({"task": task, "force": true})),
        ("enqueue", json!({"task": task, "queue": queue, "force": true})),
        ("publish", json!({"task": task, "force": true})),
        ("set_requirements", json!({"task": task, "requirements": {}})),
        ("edit_runtime", json!({"task": task, "add_or_update": {"a": 1}})),
        ("add_or_update_model", json!({"task": task, "name": "n", "model": "m", "type": "output"})),
        ("get_hyper_params", json!({"tasks": [task]})),
        ("get_configurations", json!({"tasks": [task]})),
        ("archive", json!({"tasks": [task]})),
        ("move", json!({"ids": [task], "project": null})),
        ("update_tags", json!({"ids": [task], "add_tags": ["x"]})),
        ("delete", json!({"task": task, "force": true})),
    ];
    for (name, request) in &calls {
        // The code of an unknown id is the call's own; another tenant's id has the same.
        let expected = if *name == "started" { (400, 10) } else { (400, 101) };
        assert_eq!(eve.err(&format!("tasks.{name}"), request.clone()), expected, "{name}");
    }
    assert_eq!(house.status(&task), "created");
    assert_eq!(house.get(&task)["name"], "demo");
    for name in ["get_all", "get_all_ex", "get_by_id_ex"] {
        assert_eq!(eve.ok(&format!("tasks.{name}"), json!({"id": [task]}))["tasks"], json!([]), "{name}");
    }
    assert_eq!(eve.ok("tasks.get_types", json!({})), json!({"types": []}));
    assert_eq!(
        eve.ok("tasks.get_configuration_names", json!({"tasks": [task]})),
        json!({"configurations": []})
    );

    house.ok("enqueue", json!({"task": task, "queue": queue}));
    let before = house.get(&task);
    assert_eq!(
        eve.ok("tasks.dequeue", json!({"task": task})),
        json!({"dequeued": 1, "updated": 0, "fields": {}})
    );
    assert_eq!(eve.ok("tasks.ping", json!({"task": task})), json!({}));
    assert_eq!((house.waiting(&queue), house.get(&task)), (vec![task.clone()], before));
    let create = |more: Value| {
        let mut request = json!({"name": "demo", "type": "training"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        eve.err("tasks.create", request)
    };
    for nothing in ["nope", &project] {
        assert_eq!(create(json!({"project": nothing})), (400, 16));
    }
    for nothing in ["nope", &task] {
        assert_eq!(create(json!({"parent": nothing})), (400, 16));
    }
    house.0.sql("UPDATE task SET company = '', company_origin = 'acme' WHERE id = ?1", [&task]);
    let root = eve.clone().role(Role::Root);
    assert_eq!(root.err("tasks.make_private", json!({"ids": [task]})), (400, 101));
    // What is public may be copied, but not into the publisher's project.
    assert_eq!(eve.err("tasks.clone", json!({"task": task})), (400, 401));
    let own = eve.ok("tasks.clone", json!({"task": task, "new_project_name": "eves own"}));
    assert_eq!(eve.ok("tasks.get_by_id", json!({"task": own["id"]}))["task"]["company"], "other");
    for (name, request) in &calls[1..] {
        if !["clone", "get_hyper_params", "get_configurations"].contains(name) {
            assert_eq!(eve.err(&format!("tasks.{name}"), request.clone()), (403, 21), "{name}");
        }
    }
}

#[test]
fn s17_other_tenants_learn_nothing_about_who_and_where() {
    let house = House::open();
    house.0.tenant("other");
    house.0.person("other", "eve", "Eve");
    let artifacts = json!([{"key": "a", "type": "t", "uri": "http://files.test/a"}, {"key": "b", "type": "t", "uri": "s3://b/k"}]);
    let task = house.task_with(json!({"execution": {"artifacts": artifacts}}));
    house.worker_reports(&task);
    house.0.sql("UPDATE task SET company = '', company_origin = 'acme' WHERE id = ?1", [&task]);
    let own = house.get(&task);
    assert_eq!((&own["user"], &own["last_worker"]), (&json!("ann"), &json!("w1")));
    assert_eq!(own["execution"]["artifacts"][0]["uri"], "http://files.test/a");
    let eve = house.0.visitor("other", "eve");
    let by_id = eve.ok("tasks.get_by_id", json!({"task": task}))["task"].clone();
    let all = ["*", "user.name", "company_origin", "last_worker", "execution"];
    let listed = eve.ok("tasks.get_all_ex", json!({"id": [task], "only_fields": all}))["tasks"][0].clone();
    for shown in [by_id, listed] {
        assert_eq!((&shown["name"], &shown["id"]), (&json!("demo"), &json!(task)));
        for withheld in ["user", "company_origin", "last_worker", "last_changed_by"] {
            assert_eq!(shown.get(withheld), None, "{withheld}");
        }
        assert_eq!(shown["execution"]["artifacts"][0].get("uri"), None);
        assert_eq!(shown["execution"]["artifacts"][1]["uri"], "s3://b/k");
    }
}

#[test]
fn s18_no_task_gets_into_a_foreign_or_public_project() {
    let house = House::open();
    house.project("theirs", "other");
    house.project("open", "");
    let task = house.task();
    let codes = |project: &str| {
        let line = json!({"task": task, "project": project}).to_string();
        [
            house.err("update", json!({"task": task, "project": project})),
            house.err("edit", json!({"task": task, "project": project})),
            house.err("clone", json!({"task": task, "new_task_project": project})),
            house.lines(&line).unwrap_err(),
        ]
    };
    assert_eq!(codes("open"), [(403, 21); 4]);
    assert_eq!(codes("theirs"), codes("nowhere"), "a foreign project is none");
    assert_eq!(house.get(&task).get("project"), None);
}

#[test]
fn s6_a_tasks_token_may_report_but_not_publish() {
    let house = House::open();
    let mut minted = house.ann();
    minted.caller.minted = true;
    let task = house.task();
    minted.ok("tasks.started", json!({"task": task}));
    minted.ok("tasks.ping", json!({"task": task}));
    assert_eq!(minted.role(Role::Admin).err("tasks.make_public", json!({"ids": [task]})), (403, 20));
    let nobody = house.ann().kind(CallerKind::Anonymous);
    assert_eq!(nobody.err("tasks.get_all", json!({})), (401, 20));
}
