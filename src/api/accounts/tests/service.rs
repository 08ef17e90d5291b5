//! Service accounts and running tasks as their owners (spec/governance.md 5 and 6; acceptance section D).

use super::*;

const UPDATE: &str = "users.update_service_user";

#[test]
fn case_35_a_service_account_with_its_first_key() {
    let office = Office::open();
    let body = json!({"name": "ci", "allow_running_as_owner": true, "credentials_expiration_sec": 3600, "label": "host 1"});
    let made = office.admin().ok("auth.create_service_user", body.clone());
    let credentials = &made["credentials"];
    let (key, secret) = (text(&credentials["access_key"]), text(&credentials["secret_key"]));
    assert_eq!((key.len(), &credentials["label"]), (30, &json!("host 1")));
    let expire = crate::types::Millis::parse_lenient(&text(&credentials["expire"])).unwrap();
    let ahead = expire.0 - crate::types::Millis::now().0;
    assert!((3_590_000..=3_600_000).contains(&ahead), "{ahead}");
    let config = text(&made["config"]);
    assert!(config.contains(&format!("\"{key}\"")) && config.contains(&secret), "{config}");
    assert_eq!(made["recommendations"], json!([]));
    let id = text(&made["id"]);
    let robot = office.by_pair(credentials);
    assert_eq!(robot.me(), (id.clone(), "user".to_owned()));
    assert_eq!(robot.ok(ME, json!({}))["sec_groups"][0]["name"], "users");
    let stored = robot.ok("auth.get_credentials", json!({}))["credentials"].clone();
    assert_eq!(stored[0]["access_key"], key.as_str());
    assert!(stored[0].get("secret_key").is_none());
    // Names are the tenant's, whatever the case; people may not make any.
    let again = json!({"name": " CI "});
    assert_eq!(office.admin().err("auth.create_service_user", again.clone()), (400, 801));
    let (_, zoe) = office.person("acme", "zoe", "admin");
    zoe.ok("auth.create_service_user", again);
    let (_, bob) = office.person(&office.tenant, "bob", "user");
    assert_eq!(bob.err("auth.create_service_user", json!({"name": "mine"})), (403, 20));
    let open = office.admin().ok("auth.create_service_user", json!({"name": "open"}));
    assert!(text(&open["recommendations"][0]).contains("accept_tasks_from"), "{open}");
}

#[test]
fn service_accounts_are_listed_with_their_keys_and_counted() {
    let office = Office::open();
    office.front.sql("UPDATE company SET defaults = '{\"allowed_service_users\": 1}'", []);
    let admin = office.admin();
    let (id, robot) = office.agent(json!({"name": "ci"}));
    assert_eq!(admin.err("auth.create_service_user", json!({"name": "two"})), (400, 59));
    robot.me();
    let list = || admin.ok("users.get_service_users", json!({}));
    let found = list();
    assert_eq!((&found["allow_admins"], &found["allowed_service_users"]), (&json!(false), &json!(1)));
    let shown = &found["users"][0];
    assert_eq!((&shown["id"], &shown["credentials"]), (&json!(id), &json!(1)));
    assert!(shown["last_active_time"].is_string());
    assert_eq!(shown["credential_details"][0]["flags"], json!([]));
    let day = 86_400_000_i64;
    office.front.sql(
        "UPDATE credential SET created = created - ?1, last_used = last_used - ?2 WHERE user = ?3",
        rusqlite::params![400 * day, 91 * day, id],
    );
    assert_eq!(list()["users"][0]["credential_details"][0]["flags"], json!(["unused", "old"]));
    let (_, bob) = office.person(&office.tenant, "bob", "user");
    assert_eq!(bob.err("users.get_service_users", json!({})), (403, 20));
    let (bob_id, _) = office.person(&office.tenant, "cid", "user");
    assert_eq!(admin.err(UPDATE, json!({"user": bob_id, "name": "x"})), (400, 301), "people are none");
    assert_eq!(admin.ok(UPDATE, json!({"user": id, "name": "trainer"})), json!({"updated": 1}));
    assert_eq!(robot.ok(ME, json!({}))["user"]["name"], "trainer");
}

#[test]
fn case_36_without_the_right_its_tokens_for_others_are_dead() {
    let office = Office::open();
    let (id, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": "true"}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    office.handed_over(&by_bob, &robot);
    let kind = |client: &Client<'_>| claims(&client.token())["identity"]["service_account_type"].clone();
    assert_eq!(kind(&robot), 2);
    let own = robot.signed_in();
    let minted = robot.becoming(&bob).signed_in();
    assert_eq!(minted.me().0, bob);
    office.admin().ok(UPDATE, json!({"user": id, "allow_running_as_owner": false}));
    assert_eq!(minted.err(ME, json!({})), (401, 30));
    assert_eq!(own.err(ME, json!({})), (401, 30), "the claim in it is wrong now");
    assert_eq!(kind(&robot), 1);
    assert_eq!(robot.becoming(&bob).err("auth.login", json!({})), (400, 6));
}

#[test]
fn case_37_no_sign_in_with_a_browser() {
    let office = Office::open();
    let (_, robot) = office.agent(json!({"name": "ci"}));
    let (_, bob) = office.person(&office.tenant, "bob", "user");
    let (answer, cookie) = bob.in_browser().send("auth.login", json!({}));
    assert!(answer.is_ok() && cookie);
    assert!(!bob.send("auth.login", json!({"set_cookie": false})).1);
    let (answer, cookie) = robot.send("auth.login", json!({}));
    assert!(!cookie);
    let token = text(&answer.unwrap()["token"]);
    assert_eq!(robot.in_browser().send("auth.login", json!({})), (Err((401, 22)), false));
    assert_eq!(office.caller(Presented::Cookie(token)).err(ME, json!({})), (401, 30));
}

#[test]
fn case_38_39_the_token_of_a_task() {
    let office = Office::open();
    let (agent, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "admin");
    let queue_admins = crate::store::identity::QUEUE_ADMINS;
    let write = "permissions.add_or_update_user_group";
    office.admin().ok(write, json!({"id": queue_admins, "users": [bob]}));
    let task = office.handed_over(&by_bob, &robot);
    let token = robot.signed_in().becoming(&bob).token();
    let claim = claims(&token);
    assert_eq!(claim["identity"]["user"], bob.as_str());
    assert_eq!(claim["identity"]["role"], "user", "an administrator's task has no administrator's rights");
    assert_eq!((&claim["tenant"], &claim["tenants"]), (&json!(office.tenant), &json!([office.tenant])));
    assert_eq!(claim["impersonator"], agent.as_str());
    assert!(claim["exp"].as_i64().unwrap() - claim["iat"].as_i64().unwrap() >= 86_400);
    let minted = office.caller(Presented::Bearer(token));
    assert_eq!(minted.me(), (bob.clone(), "user".to_owned()));
    minted.ok("users.get_vaults", json!({}));
    minted.ok("tasks.started", json!({"task": task, "force": true}));
    let shown = minted.ok("tasks.get_all", json!({"id": [task], "search_hidden": true}))["tasks"].clone();
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert!(minted.ok(ME, json!({}))["user"]["email"].is_string(), "templates use it");
    let changes: [(&str, Value); 5] = [
        ("auth.create_credentials", json!({})),
        ("auth.create_service_user", json!({"name": "x"})),
        ("permissions.get_user_groups", json!({})),
        (write, json!({"name": "x"})),
        ("users.set_preferences", json!({"preferences": {"a": 1}})),
    ];
    for (call, body) in changes {
        by_bob.ok(call, body.clone());
        assert_eq!(minted.err(call, body), (403, 20), "{call}");
    }
}

#[test]
fn case_38_the_token_is_renewed_and_stays_what_it_is() {
    let office = Office::open();
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "admin");
    office.handed_over(&by_bob, &robot);
    let first = robot.signed_in().becoming(&bob).signed_in();
    let again = claims(&first.token());
    let before = match &first.presented {
        Presented::Bearer(token) => claims(token),
        _ => unreachable!(),
    };
    assert_eq!(
        (&again["impersonator"], &again["root_session"]),
        (&before["impersonator"], &before["root_session"])
    );
    assert_ne!(again["session_id"], before["session_id"]);
    assert_eq!(first.signed_in().me(), (bob, "user".to_owned()));
}

#[test]
fn case_40_who_may_not_become_somebody_else() {
    let office = Office::open();
    let (_, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (_, plain) = office.agent(json!({"name": "plain"}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (eve, by_eve) = office.person(&office.tenant, "eve", "user");
    office.handed_over(&by_bob, &robot);
    office.handed_over(&by_bob, &plain);
    let minted = robot.becoming(&bob).signed_in();
    assert_eq!(minted.me().0, bob);
    assert_eq!(plain.becoming(&bob).err("auth.login", json!({})), (400, 6));
    assert_eq!(by_eve.becoming(&bob).err("auth.login", json!({})), (400, 6));
    assert_eq!(robot.becoming(&bob).err("tasks.get_all", json!({})), (400, 6));
    assert_eq!(robot.acting_as(&bob).err("auth.login", json!({})), (400, 6));
    assert_eq!(minted.becoming(&eve).err("auth.login", json!({})), (400, 6));
    let refusals =
        "SELECT count(*) FROM security_event WHERE operation = 'auth.login' AND code = 400 AND subcode = 6";
    assert_eq!(office.front.value::<i64>(refusals, []), Some(5), "each attempt is on record");
}

#[test]
fn case_41_each_key_by_itself_and_an_account_with_all_of_them() {
    let office = Office::open();
    let (agent, robot) = office.agent(json!({"name": "ci", "allow_running_as_owner": true}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (eve, by_eve) = office.person(&office.tenant, "eve", "user");
    // An administrator makes the second key on its behalf, and it says so.
    let second = office.admin().becoming(&agent).ok("auth.create_credentials", json!({"label": "host 2"}));
    let other = office.by_pair(&second["credentials"]);
    let made_by = "SELECT created_by FROM credential WHERE label = 'host 2'";
    assert_eq!(office.front.value::<String>(made_by, []), Some(office.admin().me().0));
    office.handed_over(&by_bob, &robot);
    let (first_token, first_minted) = (robot.signed_in(), robot.signed_in().becoming(&bob).signed_in());
    let (second_token, second_minted) = (other.signed_in(), other.signed_in().becoming(&bob).signed_in());
    assert_eq!((first_minted.me().0, second_minted.me().0), (bob.clone(), bob.clone()));
    let located = office
        .admin()
        .ok("auth.locate_credentials", json!({"access_key": second["credentials"]["access_key"]}));
    assert_eq!((&located["user"], &located["label"]), (&json!(agent), &json!("host 2")));
    let key = match &robot.presented {
        Presented::Basic { key, .. } => key.clone(),
        _ => unreachable!(),
    };
    let (_, zoe) = office.person("acme", "zoe", "admin");
    for unknown in [key.as_str(), "NOSUCHKEY"] {
        assert_eq!(zoe.err("auth.locate_credentials", json!({"access_key": unknown})), (400, 75));
    }
    office.admin().becoming(&agent).ok("auth.revoke_credentials", json!({"access_key": key}));
    assert_eq!(robot.err(ME, json!({})), (401, 22));
    for dead in [&first_token, &first_minted] {
        assert_eq!(dead.err(ME, json!({})), (401, 30));
    }
    second_token.ok(ME, json!({}));
    second_minted.ok(ME, json!({}));
    // Somebody leaves: the service account goes on.
    let eves = by_eve.signed_in();
    office.admin().ok("auth.delete_user", json!({"user": eve}));
    assert_eq!(eves.err(ME, json!({})), (401, 30));
    second_minted.ok(ME, json!({}));
    // The account goes: everything that it made stays, nothing that it held works.
    let task = other.ok("tasks.create", json!({"name": "own", "type": "training"}))["id"].clone();
    office.admin().ok("auth.delete_user", json!({"user": agent}));
    assert_eq!(other.err(ME, json!({})), (401, 22));
    for dead in [&second_token, &second_minted] {
        assert_eq!(dead.err(ME, json!({})), (401, 30));
    }
    let left =
        office.admin().ok("tasks.get_all_ex", json!({"id": [task], "only_fields": ["name", "user.name"]}));
    assert_eq!(left["tasks"][0]["user"]["name"], "ci");
    by_bob.ok(ME, json!({}));
}

#[test]
fn case_42_administrators_among_service_accounts_need_the_setting() {
    let mut office = Office::open();
    let agent = office.agent(json!({"name": "ci"})).0;
    let set = json!({"user": agent, "role": "admin"});
    assert_eq!(office.admin().err("users.set_role", set.clone()), (403, 20));
    assert_eq!(office.admin().err("users.set_admin", json!({"user": agent})), (403, 20));
    office.front.app.settings.services.organization.allow_service_user_admins = true;
    assert_eq!(office.admin().ok("users.get_service_users", json!({}))["allow_admins"], true);
    let pair =
        office.admin().becoming(&agent).ok("auth.create_credentials", json!({}))["credentials"].clone();
    office.admin().ok("users.set_role", set);
    assert_eq!(office.by_pair(&pair).me().1, "admin");
    office.by_pair(&pair).ok("permissions.get_user_groups", json!({}));
    // Turned off later, the role counts no more.
    office.front.app.settings.services.organization.allow_service_user_admins = false;
    assert_eq!(office.by_pair(&pair).me().1, "user");
    assert_eq!(office.by_pair(&pair).err("permissions.get_user_groups", json!({})), (403, 20));
}

#[test]
fn case_44_how_long_a_key_may_live() {
    let mut office = Office::open();
    let (bob, presented) = {
        let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
        (bob, by_bob.presented)
    };
    let policy = &mut office.front.app.settings.apiserver.auth.credentials;
    policy.default_expiration_sec = crate::config::Seconds::new(3600);
    let by_bob = office.caller(presented);
    let key = |client: &Client<'_>, body: Value| client.call("auth.create_credentials", body);
    assert_eq!(key(&by_bob, json!({"expiration_sec": 3601})), Err((400, 16)));
    assert!(
        key(&by_bob, json!({})).unwrap()["credentials"]["expire"].is_string(),
        "the default is the maximum"
    );
    assert!(key(&by_bob, json!({"expiration_sec": 60})).unwrap()["credentials"]["expire"].is_string());
    assert!(key(&office.admin(), json!({})).unwrap()["credentials"].get("expire").is_none());
    assert!(key(&office.admin(), json!({"expiration_sec": 7200})).is_ok());
    // The administrator who makes a key for somebody is still one.
    assert!(key(&office.admin().becoming(&bob), json!({})).unwrap()["credentials"].get("expire").is_none());
    // Past its end it is refused; a month later it is gone.
    let short = key(&by_bob, json!({"expiration_sec": 60})).unwrap()["credentials"].clone();
    office.by_pair(&short).ok(ME, json!({}));
    let age = |days: i64| {
        let sql = "UPDATE credential SET expire = ?1 WHERE access_key = ?2";
        let then = crate::types::Millis::now().0 - days * 86_400_000;
        office.front.sql(sql, rusqlite::params![then, text(&short["access_key"])])
    };
    age(1);
    assert_eq!(office.by_pair(&short).err(ME, json!({})), (401, 22));
    let purge = || {
        let scope = crate::store::Scope::server();
        office
            .front
            .app
            .store
            .write(&scope, crate::store::Lane::Documents, |tx| tx.purge_credentials())
            .unwrap()
    };
    assert_eq!(purge(), 0);
    age(31);
    assert_eq!(purge(), 1);
}
