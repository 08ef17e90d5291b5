//! One attack for each security rule of people and impersonation (spec/security_rules.md); first, each time, the same
//! request for whoever may make it.

use super::*;

#[test]
fn s02_impersonation_stays_in_the_tenant() {
    let office = Office::open();
    let (bob, _) = office.person(&office.tenant, "bob", "user");
    let (zoe, by_zoe) = office.person("acme", "zoe", "admin");
    let admin = office.admin();
    assert_eq!(office.system().becoming(&zoe).me(), (zoe.clone(), "admin".to_owned()), "the platform may");
    assert_eq!(admin.becoming(&bob).me(), (bob.clone(), "user".to_owned()));
    assert_eq!(admin.acting_as(&bob).me(), (bob.clone(), "admin".to_owned()));
    for (attacker, victim) in [(&admin, &zoe), (&by_zoe, &bob)] {
        for client in [attacker.becoming(victim), attacker.acting_as(victim)] {
            assert_eq!(client.err(ME, json!({})), (400, 6));
            assert_eq!(client.err("auth.login", json!({})), (400, 6));
        }
        assert_eq!(attacker.becoming("nobody").err(ME, json!({})), (400, 6), "as if it did not exist");
    }
    // A member of both tenants has, through an administrator of one, the role of that one and nothing of the other.
    let both = office.person("acme", "both", "admin").0;
    office.front.sql("INSERT INTO membership VALUES (?1, ?2, 'user', 0)", [&both, &office.tenant]);
    assert_eq!(admin.becoming(&both).me(), (both.clone(), "user".to_owned()));
    let claim = claims(&admin.becoming(&both).token());
    assert_eq!((&claim["tenant"], &claim["tenants"]), (&json!(office.tenant), &json!([office.tenant])));
    let refreshed = claims(&admin.becoming(&both).signed_in().token());
    assert_eq!(refreshed["tenants"], json!([office.tenant]), "on every refresh too");
    assert_eq!(admin.becoming(&both).acting_as(&bob).err(ME, json!({})), (400, 5), "both headers");
    for system in ["__apiserver__", "__fileserver__"] {
        assert_eq!(admin.becoming(system).err(ME, json!({})), (400, 6));
        assert_eq!(admin.acting_as(system).err(ME, json!({})), (400, 6));
    }
}

#[test]
fn s02_the_operators_rights_are_not_to_be_had_by_becoming_the_operator() {
    use crate::domain::identity::{Impersonation, authenticate, impersonate};
    let office = Office::open();
    let operator = office.admin().me().0;
    let app = &office.front.app;
    let (_, other) = office.person(&office.tenant, "second", "admin");
    let call = crate::domain::Call::internal;
    let caller = |presented: &Presented| authenticate(app, presented, &call(), ME).unwrap();
    assert!(caller(&office.admin).operator);
    let wanted = Impersonation::As(operator.as_str().into());
    let became = impersonate(app, caller(&other.presented), &wanted, false).unwrap();
    assert_eq!((became.user.as_str(), became.operator), (operator.as_str(), false));
}

#[test]
fn s04_tokens_for_others_are_capped_whoever_mints_them() {
    let office = Office::open();
    let (ann, by_ann) = office.person(&office.tenant, "ann2", "admin");
    let admin = office.admin();
    // By header alone an administrator acts with the target's own role; a token made that way can't.
    admin.becoming(&ann).ok("permissions.get_user_groups", json!({}));
    for minted in [admin.becoming(&ann).signed_in(), admin.acting_as(&ann).signed_in()] {
        assert_eq!(minted.me(), (ann.clone(), "user".to_owned()));
        assert_eq!(minted.err("permissions.get_user_groups", json!({})), (403, 20));
        assert_eq!(minted.err("auth.create_credentials", json!({})), (403, 20));
        assert!(!minted.send("auth.login", json!({})).1, "it never sets a cookie");
    }
    // The platform's are not capped, unless the platform runs a task of that person.
    let system = office.system();
    let free = system.becoming(&ann).signed_in();
    free.ok("permissions.get_user_groups", json!({}));
    let given = |body: Value| {
        let token = text(&system.ok("auth.get_token_for_user", body)["token"]);
        office.caller(Presented::Bearer(token))
    };
    given(json!({"user": ann})).ok("permissions.get_user_groups", json!({}));
    office.handed_over(&by_ann, &system);
    for minted in [system.becoming(&ann).signed_in(), given(json!({"user": ann}))] {
        assert_eq!(minted.me(), (ann.clone(), "user".to_owned()));
        assert_eq!(minted.err("permissions.get_user_groups", json!({})), (403, 20));
    }
}

#[test]
fn s04_who_was_made_by_the_platform_is_for_the_platform_or_for_its_own_task() {
    let office = Office::open();
    let body = json!({"name": "Int", "company": office.tenant, "email": "int@d.io", "internal": true});
    let internal = text(&office.system().ok("auth.create_user", body)["id"]);
    assert_eq!(office.system().becoming(&internal).me().0, internal);
    assert_eq!(office.admin().becoming(&internal).err(ME, json!({})), (400, 6));
    assert_eq!(office.admin().becoming(&internal).err("auth.login", json!({})), (400, 6));
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    assert_eq!(robot.becoming(&internal).err("auth.login", json!({})), (400, 6));
    let pair = office.system().becoming(&internal).ok("auth.create_credentials", json!({}));
    office.handed_over(&office.by_pair(&pair["credentials"]), &robot);
    assert_eq!(robot.becoming(&internal).signed_in().me().0, internal);
}

#[test]
fn s05_an_agent_becomes_only_those_whose_work_it_holds() {
    let office = Office::open();
    let (id, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (_, other) = office.agent(json!({"name": "other", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (eve, by_eve) = office.person(&office.tenant, "eve", "user");
    let login = |agent: &Client<'_>, user: &str| agent.becoming(user).call("auth.login", json!({})).map(drop);
    assert_eq!(login(&robot, &bob), Err((400, 6)), "nothing was taken yet");
    let task = office.handed_over(&by_bob, &robot);
    assert_eq!(login(&robot, &bob), Ok(()));
    assert_eq!(login(&robot, &eve), Err((400, 6)), "somebody else's");
    assert_eq!(login(&other, &bob), Err((400, 6)), "somebody else took it");
    let bound = "SELECT task FROM token_session WHERE actor = ?1";
    assert_eq!(office.front.value::<String>(bound, [&id]), Some(task.clone()));
    // The second task of the same person gets a token of its own.
    let second = office.handed_over(&by_bob, &robot);
    assert_eq!(login(&robot, &bob), Ok(()));
    let newest = "SELECT task FROM token_session WHERE actor = ?1 ORDER BY rowid DESC LIMIT 1";
    assert_eq!(office.front.value::<String>(newest, [&id]), Some(second.clone()));
    // Within an hour after the end it still may, later not.
    for task in [&task, &second] {
        robot.ok("tasks.started", json!({"task": task, "force": true}));
        robot.ok("tasks.completed", json!({"task": task}));
    }
    assert_eq!(login(&robot, &bob), Ok(()));
    office.front.sql("UPDATE task SET status_changed = status_changed - 3601000", []);
    assert_eq!(login(&robot, &bob), Err((400, 6)));
    // Groups narrow it further.
    let made =
        office.admin().ok("permissions.add_or_update_user_group", json!({"name": "lab", "users": [bob]}));
    let groups = json!([made["id"]]);
    let narrow = json!({"user": id, "impersonate_groups": groups});
    office.handed_over(&by_bob, &robot);
    office.handed_over(&by_eve, &robot);
    assert_eq!((login(&robot, &bob), login(&robot, &eve)), (Ok(()), Ok(())));
    let eves = robot.becoming(&eve).signed_in();
    office.admin().ok("users.update_service_user", narrow);
    assert_eq!((login(&robot, &bob), login(&robot, &eve)), (Ok(()), Err((400, 6))));
    assert_eq!(eves.err(ME, json!({})), (401, 30), "tokens from before the limit end");
    office.admin().ok("users.update_service_user", json!({"user": id, "impersonate_groups": null}));
    assert_eq!(login(&robot, &eve), Ok(()));
    let unknown = json!({"user": id, "impersonate_groups": ["nowhere"]});
    assert_eq!(office.admin().err("users.update_service_user", unknown), (400, 12));
}

#[test]
fn s05_without_the_rule_a_recent_task_may_still_be_required() {
    let office = Office::with(|settings| {
        settings.services.auth.impersonation.require_dequeued_task = false;
        settings.services.auth.impersonation.require_recent_task = true;
    });
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    assert_eq!(robot.becoming(&bob).err("auth.login", json!({})), (400, 6));
    office.handed_over(&by_bob, &robot);
    office.front.sql("UPDATE task SET status = 'completed', status_changed = status_changed - 7200000", []);
    robot.becoming(&bob).ok("auth.login", json!({}));
    office.front.sql("UPDATE task SET dequeued = dequeued - 8 * 86400000", []);
    assert_eq!(robot.becoming(&bob).err("auth.login", json!({})), (400, 6));
}

#[test]
fn s06_a_stolen_task_token_dies_with_the_task() {
    let office = Office::open();
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (_, thief) = office.agent(json!({"name": "other", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let minted = |task: &str| {
        let minted = robot.becoming(&bob).signed_in();
        minted.ok("tasks.get_by_id", json!({"task": task}));
        minted
    };
    let an_hour_later = || {
        office.front.sql("UPDATE token_session SET exp = exp - 3601000 WHERE actor IS NOT NULL", []);
        office.front.sql("UPDATE task SET status_changed = status_changed - 3601000", []);
    };
    let left =
        "SELECT (exp - issued) / 60000 FROM token_session WHERE actor IS NOT NULL AND revoked_at IS NULL
                ORDER BY rowid DESC LIMIT 1";
    // It ends an hour after the task: ended, reset or deleted.
    type End = fn(&Client<'_>, &str);
    let ends: [End; 3] = [
        |bob, task| drop(bob.ok("tasks.failed", json!({"task": task}))),
        |bob, task| drop(bob.ok("tasks.reset", json!({"task": task, "force": true}))),
        |bob, task| drop(bob.ok("tasks.delete", json!({"task": task, "force": true}))),
    ];
    for end in ends {
        let task = office.handed_over(&by_bob, &robot);
        let token = minted(&task);
        token.ok("tasks.started", json!({"task": task, "force": true}));
        assert!(office.front.value::<i64>(left, []).unwrap() > 24 * 60);
        end(&by_bob, &task);
        token.ok(ME, json!({}));
        assert!((59..=61).contains(&office.front.value::<i64>(left, []).unwrap()));
        an_hour_later();
        assert_eq!(token.err(ME, json!({})), (401, 30));
        assert_eq!(token.err("auth.login", json!({})), (401, 30), "no refresh either");
    }
    // A refresh within the hour does not outlive it.
    let task = office.handed_over(&by_bob, &robot);
    let token = minted(&task);
    token.ok("tasks.started", json!({"task": task, "force": true}));
    by_bob.ok("tasks.failed", json!({"task": task}));
    let refreshed = token.signed_in();
    let remaining = office.front.value::<i64>(left, []).unwrap();
    assert!(remaining <= 60, "{remaining}");
    an_hour_later();
    assert_eq!(refreshed.err(ME, json!({})), (401, 30));
    // It ends at once when another identity takes the task, or when it comes to run as somebody else.
    let task = office.handed_over(&by_bob, &robot);
    let token = minted(&task);
    let queue = office.admin().ok("queues.create", json!({"name": "again"}))["id"].clone();
    by_bob.ok("tasks.enqueue", json!({"task": task, "queue": queue, "force": true}));
    token.ok(ME, json!({}));
    thief.ok("queues.get_next_task", json!({"queue": queue, "get_task_info": true}));
    assert_eq!(token.err(ME, json!({})), (401, 30));
    assert_eq!(token.err("auth.login", json!({})), (401, 30));
}

#[test]
fn s06_only_calls_for_tasks_are_open_to_their_tokens() {
    let office = Office::open();
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let task = office.handed_over(&by_bob, &robot);
    let minted = robot.becoming(&bob).signed_in();
    for call in [
        "users.get_current_user",
        "users.get_preferences",
        "users.get_all",
        "projects.get_all",
        "queues.get_all",
    ] {
        minted.ok(call, json!({}));
    }
    minted.ok("tasks.get_by_id", json!({"task": task}));
    let mut refused = 0;
    for endpoint in crate::api::table::all() {
        let operation = endpoint.operation().unwrap();
        let open = matches!(
            operation.access,
            crate::domain::operations::Access::Open | crate::domain::operations::Access::Optional
        );
        if operation.minted || open {
            continue;
        }
        assert_eq!(minted.err(endpoint.name, json!({})), (403, 20), "{}", endpoint.name);
        refused += 1;
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn s07_only_workers_get_the_executors_grant() {
    let office = Office::open();
    let (agent, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (eve, by_eve) = office.person(&office.tenant, "eve", "user");
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let executor = |task: &str| {
        office.front.value::<String>("SELECT executor || ' for ' || run_as FROM task WHERE id = ?1", [task])
    };
    let task = office.handed_over(&by_bob, &robot);
    assert_eq!(executor(&task), Some(format!("{agent} for {bob}")));
    // Eve takes Bob's task: it runs as Eve, and becoming Bob is out of the question.
    let task = office.handed_over(&by_bob, &by_eve);
    assert_eq!(executor(&task), Some(format!("{eve} for {eve}")));
    assert_eq!(by_eve.becoming(&bob).err("auth.login", json!({})), (400, 6));
    robot.becoming(&bob).ok("auth.login", json!({}));
}

#[test]
fn s08_a_service_account_takes_only_what_it_accepts() {
    let office = Office::open();
    let (id, robot) = office.agent(json!({"name": "ci", "accept_tasks_from": ["self"]}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (_, by_eve) = office.person(&office.tenant, "eve", "user");
    let queue = office.admin().ok("queues.create", json!({"name": "gpu"}))["id"].clone();
    let submit = |who: &Client<'_>| {
        let task = who.ok("tasks.create", json!({"name": "demo", "type": "training"}))["id"].clone();
        who.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
        task
    };
    let take = || robot.ok("queues.get_next_task", json!({"queue": queue}))["entry"]["task"].clone();
    let accept = |list: Value| {
        office.admin().ok("users.update_service_user", json!({"user": id, "accept_tasks_from": list}))
    };
    let (eves, bobs) = (submit(&by_eve), submit(&by_bob));
    assert_eq!(take(), Value::Null);
    let own = submit(&robot);
    assert_eq!(take(), own, "what it submitted itself");
    let made =
        office.admin().ok("permissions.add_or_update_user_group", json!({"name": "lab", "users": [bob]}));
    accept(json!([made["id"]]));
    assert_eq!(take(), bobs, "past the entry of somebody outside the group");
    assert_eq!(take(), Value::Null);
    accept(Value::Null);
    assert_eq!(take(), eves, "and everybody's without a limit");
}

#[test]
fn s12_role_changes_have_one_door() {
    let office = Office::open();
    let admin = office.admin();
    let admins = crate::store::identity::ADMINS;
    let (bob, _) = office.person(&office.tenant, "bob", "user");
    let agent = office.agent(json!({"name": "ci"})).0;
    let me = admin.me().0;
    let write = |users: Value| {
        admin.call("permissions.add_or_update_user_group", json!({"id": admins, "users": users}))
    };
    let role = |user: &str| {
        office.front.value::<String>("SELECT role FROM user_auth WHERE id = ?1", [user]).unwrap()
    };
    let members = || {
        let sql = "SELECT count(*) FROM group_member WHERE group_id = ?1 AND user = ?2";
        office.front.value::<i64>(sql, [admins, &agent]).unwrap()
    };
    write(json!([me, bob])).unwrap();
    assert_eq!(role(&bob), "admin");
    write(json!([me])).unwrap();
    assert_eq!(role(&bob), "user");
    // A service account through the group: neither role nor group, and nobody else who came along.
    assert_eq!(write(json!([me, bob, agent])), Err((403, 20)));
    assert_eq!((role(&agent), role(&bob), members()), ("user".to_owned(), "user".to_owned(), 0));
    for (call, body) in [
        ("users.set_role", json!({"user": agent, "role": "admin"})),
        ("users.set_admin", json!({"user": agent, "admin": true})),
        ("auth.edit_user", json!({"user": agent, "role": "admin"})),
    ] {
        assert_eq!(admin.err(call, body), (403, 20), "{call}");
    }
    // The last administrator does not fall out of the group, and nobody removes themselves.
    assert_eq!(write(json!([])), Err((400, 16)));
    // Identities of the platform are as good as unknown.
    for (call, body) in [
        ("users.set_role", json!({"role": "user"})),
        ("auth.edit_user", json!({"role": "user"})),
        ("auth.delete_user", json!({})),
        ("users.set_disabled", json!({"disabled": true})),
        ("auth.set_credentials", json!({})),
    ] {
        let of = |user: &str| {
            let mut body = body.clone();
            body["user"] = json!(user);
            admin.call(call, body).unwrap_err()
        };
        assert_eq!(of("__apiserver__"), of("nobody"), "{call}");
    }
    assert_eq!(write(json!([me, "__apiserver__"])), Err((400, 301)));
    office.system().ok("projects.get_all", json!({}));
}
