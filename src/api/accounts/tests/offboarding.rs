//! Somebody leaves (spec/security_rules.md S13, the *offboarding* scenario).

use super::*;

struct Leaving<'a> {
    bob: String,
    by_bob: Client<'a>,
    token: Client<'a>,
    /// The agent's token for Bob's running task.
    minted: Client<'a>,
    waiting: String,
    queue: Value,
}

/// Bob at work: a session, a running task, a task that waits.
fn at_work<'a>(office: &'a Office, robot: &Client<'a>) -> Leaving<'a> {
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let running = office.handed_over(&by_bob, robot);
    let minted = robot.becoming(&bob).signed_in();
    minted.ok("tasks.started", json!({"task": running, "force": true}));
    let queue = office.admin().ok("queues.create", json!({"name": "slow"}))["id"].clone();
    let waiting = text(&by_bob.ok("tasks.create", json!({"name": "later", "type": "training"}))["id"]);
    by_bob.ok("tasks.enqueue", json!({"task": waiting, "queue": queue}));
    Leaving { token: by_bob.signed_in(), bob, by_bob, minted, waiting, queue }
}

fn assert_nothing_works(office: &Office, left: &Leaving<'_>, what: &str) {
    assert_eq!(left.by_bob.err(ME, json!({})), (401, 22), "the key");
    assert_eq!(left.token.err(ME, json!({})), (401, 30), "the session");
    assert_eq!(left.minted.err(ME, json!({})), (401, 30), "what an agent holds for him");
    let task = office.admin().ok("tasks.get_by_id", json!({"task": left.waiting}))["task"].clone();
    assert_eq!(task["status"], "created");
    assert!(text(&task["status_reason"]).contains(what), "{}", task["status_reason"]);
    let entries = office.admin().ok("queues.get_num_entries", json!({"queue": left.queue}));
    assert_eq!(entries, json!({"num": 0}));
}

#[test]
fn s13_offboarding_is_complete() {
    let office = Office::open();
    let admin = office.admin();
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let left = at_work(&office, &robot);
    let (eve, by_eve) = office.person(&office.tenant, "eve", "user");
    office.handed_over(&by_eve, &robot);
    let others = [by_eve.signed_in(), robot.becoming(&eve).signed_in(), robot.clone()];
    let bob = left.bob.as_str();
    office.front.sql("UPDATE user_auth SET external_ids = '{\"idp\": \"sub-7\"}' WHERE id = ?1", [bob]);
    let (_, zoe) = office.person("acme", "zoe", "admin");
    for (client, user, code) in
        [(&left.by_bob, eve.as_str(), (403, 20)), (&zoe, bob, (400, 301)), (&admin, "nobody", (400, 301))]
    {
        assert_eq!(client.err("auth.delete_user", json!({"user": user})), code);
    }
    let me = admin.me().0;
    assert_eq!(admin.err("auth.delete_user", json!({"user": me})), (400, 16), "oneself");
    assert_eq!(
        office.system().err("auth.delete_user", json!({"user": me})),
        (400, 16),
        "the last administrator"
    );
    assert_eq!(admin.ok("auth.delete_user", json!({"user": bob})), json!({"deleted": true}));

    assert_nothing_works(&office, &left, "bob, who submitted this task, was removed");
    for other in &others {
        other.ok(ME, json!({}));
    }
    // What Bob made keeps his name; he is listed among people no more.
    let shown = admin.ok("tasks.get_all_ex", json!({"id": [left.waiting], "only_fields": ["user.name"]}));
    assert_eq!(shown["tasks"][0]["user"]["name"], "bob");
    let people = admin.ok("users.get_all", json!({"include_auth": true}))["users"].clone();
    assert!(people.as_array().unwrap().iter().all(|user| user["id"] != bob), "{people}");
    assert_eq!(admin.becoming(bob).err(ME, json!({})), (400, 6));
    // No rule of sign-in makes him again, in this tenant, by address or by identity, until he is readmitted.
    let dead = |issuer: &str, subject: &str| {
        let (scope, tenant) = (crate::store::Scope::server(), office.tenant.as_str().into());
        office
            .front
            .app
            .store
            .read(&scope, |snapshot| snapshot.is_tombstoned(&tenant, issuer, subject))
            .unwrap()
    };
    let email = format!("bob@{}.example", office.tenant);
    assert!(dead("", &email) && dead("idp", "sub-7") && !dead("idp", "sub-8"));
    assert_eq!(zoe.err("users.readmit", json!({"user": email})), (400, 301));
    admin.ok("users.readmit", json!({"user": email.to_uppercase()}));
    assert!(!dead("", &email) && !dead("idp", "sub-7"));
    assert_eq!(admin.err("users.readmit", json!({"user": email})), (400, 301));
    let events = "SELECT count(*) FROM security_event WHERE operation IN ('auth.delete_user', 'users.readmit') AND code = 200";
    assert_eq!(office.front.value::<i64>(events, []), Some(2));
}

#[test]
fn s13_who_is_shut_out_can_come_back_and_sessions_can_not() {
    let office = Office::open();
    let admin = office.admin();
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let left = at_work(&office, &robot);
    let set =
        |disabled: Value| admin.ok("users.set_disabled", json!({"user": left.bob, "disabled": disabled}));
    assert_eq!(
        left.by_bob.err("users.set_disabled", json!({"user": left.bob, "disabled": false})),
        (403, 20)
    );
    assert_eq!(set(json!(true)), json!({"updated": 1}));
    assert_eq!(set(json!(true)), json!({"updated": 0}));
    assert_nothing_works(&office, &left, "was disabled");
    assert_eq!(robot.becoming(&left.bob).err("auth.login", json!({})), (400, 6));
    assert_eq!(set(json!("false")), json!({"updated": 1}));
    assert_eq!(left.by_bob.me().0, left.bob, "the key works again");
    assert_eq!(left.token.err(ME, json!({})), (401, 30));
    assert_eq!(left.minted.err(ME, json!({})), (401, 30));
    // An actor who leaves takes along what they do as others.
    let (ann, by_ann) = office.person(&office.tenant, "ann2", "admin");
    let as_bob = by_ann.becoming(&left.bob).signed_in();
    as_bob.ok(ME, json!({}));
    admin.ok("users.set_disabled", json!({"user": ann, "disabled": true}));
    assert_eq!(as_bob.err(ME, json!({})), (401, 30));
    left.by_bob.ok(ME, json!({}));
}

#[test]
fn accounts_of_the_configuration_are_removed_there() {
    let office = Office::open();
    let (bob, _) = office.person(&office.tenant, "bob", "user");
    office.front.sql("UPDATE user_auth SET autocreated = 1 WHERE id = ?1", [&bob]);
    assert_eq!(office.admin().err("auth.delete_user", json!({"user": bob})), (400, 16));
    office.admin().ok("users.set_disabled", json!({"user": bob, "disabled": true}));
    office.front.sql("UPDATE user_auth SET autocreated = 0 WHERE id = ?1", [&bob]);
    office.admin().ok("auth.delete_user", json!({"user": bob}));
}
