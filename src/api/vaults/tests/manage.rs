//! Writing, deleting, the log, and what is on disk.

use super::*;

fn stored(front: &FrontDoor) -> Vec<u8> {
    let directory = front.directory();
    front.app.store.checkpoint(false).unwrap();
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn case_28_forbidden_keys_and_personal_overlays_are_refused() {
    let front = house();
    let ada = ada(&front);
    let add =
        |who: &Visitor<'_>, vault: Value| who.call("users.add_or_update_vault", json!({"vault": vault}));
    for data in ["agent { worker_id: x }", "agent.worker_id = x", "{\"agent\": {\"worker_id\": \"x\"}}"] {
        assert_eq!(add(&bob(&front), json!({"data": data})), Err((400, 16)), "{data}");
        let all = json!({"data": data, "scope": "organization"});
        assert_eq!(add(&ada, all), Err((400, 16)), "{data}");
    }
    add(&bob(&front), json!({"data": "agent { git_user: x }"})).unwrap();
    assert_eq!(add(&bob(&front), json!({"data": "a = 1", "type": "monitoring"})), Err((403, 20)));
    assert_eq!(add(&ada, json!({"data": "a = 1", "type": "monitoring"})), Err((403, 20)));
    add(&ada, json!({"data": "a = 1", "type": "monitoring", "scope": "organization"})).unwrap();
    for vault in [
        json!({"type": "nonsense"}),
        json!({"scope": "nonsense"}),
        json!({"format": "toml"}),
        json!({"data": "a = {"}),
        json!({"data": "a: *x", "format": "yaml"}),
        json!({"data": "[1]"}),
        json!({"data": "a = 1", "type": "remote_session_ssh_server", "format": "hocon"}),
        json!({"data": "{\"x\": 1}", "type": "remote_session_ssh_server"}),
        json!({"data": "{\"x\": 1}", "type": "ui_storage_credentials"}),
        json!({"data": format!("a = \"{}\"", "x".repeat(1 << 20))}),
        json!({"description": "x".repeat(256)}),
    ] {
        assert_eq!(
            add(&ada, vault.clone()),
            Err((400, 12)),
            "{}",
            vault.to_string().get(..60).unwrap_or_default()
        );
    }
    add(&ada, json!({"data": "{\"ssh_host_rsa_key\": \"k\"}", "type": "remote_session_ssh_server"})).unwrap();
    // What is off may be unfinished, but must be finished to be switched on.
    let off = add(&ada, json!({"data": "a = {", "enabled": false})).unwrap()["vault"].clone();
    assert_eq!(add(&ada, json!({"id": off, "enabled": true})), Err((400, 12)));
    add(&ada, json!({"id": off, "enabled": true, "data": "a = {}"})).unwrap();
}

#[test]
fn case_29_who_may_write_what() {
    let front = house();
    let (ada, bob) = (ada(&front), bob(&front));
    let add = |who: &Visitor<'_>, request: Value| who.call("users.add_or_update_vault", request);
    let own = vault(&bob, json!({"data": "a = secret-of-bob"}), None);
    assert_eq!(add(&bob, json!({"vault": {"scope": "group"}, "group": "G1"})), Err((403, 20)));
    assert_eq!(add(&bob, json!({"vault": {"scope": "organization"}})), Err((403, 20)));
    assert_eq!(add(&bob, json!({"vault": {}, "user": "eve"})), Err((403, 20)));
    assert_eq!(add(&eve(&front), json!({"vault": {"id": own, "data": "a = 2"}})), Err((400, 10)));
    assert_eq!(add(&ada, json!({"vault": {"id": own, "data": "a = 2"}})), Err((400, 10)));
    front.tenant("other");
    let zoe = front.visitor("other", "zoe").role(Role::Admin);
    for id in [own.as_str(), "0123456789abcdef0123456789abcdef"] {
        assert_eq!(add(&zoe, json!({"vault": {"id": id, "data": "a = 2"}})), Err((400, 10)), "{id}");
        assert_eq!(zoe.ok("users.delete_vaults", json!({"vaults": [id]}))["deleted"], 0);
    }
    assert_eq!(add(&ada, json!({"vault": {"scope": "group"}})), Err((400, 16)));
    assert_eq!(add(&ada, json!({"vault": {"scope": "group"}, "group": "G9"})), Err((400, 10)));
    assert_eq!(add(&ada, json!({"vault": {}, "user": "zoe"})), Err((400, 301)));
    assert_eq!(add(&bob, json!({"vault": {"id": own, "scope": "group"}})), Err((403, 20)));
    assert_eq!(add(&ada, json!({"vault": {"id": own, "scope": "group"}, "user": "bob"})), Err((400, 16)));

    // What is not sent stays.
    add(&bob, json!({"vault": {"id": own, "description": "mine"}})).unwrap();
    let seen = &bob.ok("users.get_vaults", json!({}))["vaults"][0];
    assert_eq!((&seen["data"], &seen["description"]), (&json!("a = secret-of-bob"), &json!("mine")));

    let group = vault(&ada, json!({"data": "a = 1"}), Some("G1"));
    assert_eq!(add(&bob, json!({"vault": {"id": group, "data": "a = 2"}})), Err((403, 20)));
    assert_eq!(add(&eve(&front), json!({"vault": {"id": group, "data": "a = 2"}})), Err((400, 10)));
    assert_eq!(bob.ok("users.delete_vaults", json!({"vaults": [group, "unknown"]}))["deleted"], 0);
    assert_eq!(loaded(&bob).len(), 2);
    assert_eq!(bob.ok("users.delete_vaults", json!({"vaults": [own, group]}))["deleted"], 1);
    assert_eq!(ada.ok("users.delete_vaults", json!({"vaults": [group]}))["deleted"], 1);
    assert_eq!(front.value::<i64>("SELECT count(*) FROM vault_version", []), Some(0));

    let mut without = bob.clone();
    without.caller.features.remove("config_vault");
    assert_eq!(add(&without, json!({"vault": {}})), Err((403, 30)));
    let mut minted = bob.clone();
    minted.caller.minted = true;
    assert_eq!(add(&minted, json!({"vault": {}})), Err((403, 20)));
}

#[test]
fn case_30_s25_nothing_of_a_vault_is_readable_on_disk() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let front = house();
    let secret = "pat-bob-123456";
    assert!(!holds(&stored(&front), secret));
    let id = vault(&bob(&front), json!({"data": format!("agent.git_pass = \"{secret}\"")}), None);
    let data = format!("agent.git_pass = \"{secret}\"\nenvironment.X = \"geheimnis-zwei\"");
    bob(&front).ok("users.add_or_update_vault", json!({"vault": {"id": id, "data": data}}));
    let queue = queued(&front, &bob(&front), "t", json!({}));
    assert_eq!(pull(&front, &queue).as_deref(), Some("t"));
    let bytes = stored(&front);
    assert!(holds(&bytes, &id), "the files were looked at");
    for text in [secret, "geheimnis-zwei", "git_pass"] {
        assert!(!holds(&bytes, text), "{text}");
        assert!(!holds(&bytes, STANDARD.encode(text).trim_end_matches('=')), "{text} in base64");
    }
    assert_eq!(front.value::<i64>("SELECT count(*) FROM task_secret WHERE sealed IS NOT NULL", []), Some(1));
    // A version that somebody puts in place of another, or into another tenant, does not open.
    front.sql("UPDATE vault SET content_version = 1 WHERE id = ?1", [&id]);
    assert_eq!(loaded(&bob(&front))[0]["data"], format!("agent.git_pass = \"{secret}\""));
    front.sql("UPDATE vault_version SET sealed = (SELECT sealed FROM vault_version WHERE version = 2) WHERE version = 1", []);
    assert_eq!(loaded(&bob(&front)), Vec::<Value>::new());
}

#[test]
fn case_31_the_log_says_who_did_what_and_no_content() {
    let front = house();
    let mut ada = ada(&front);
    ada.ip = "192.0.2.7".to_owned();
    ada.client = Some("Webapp-1.2.3".to_owned());
    let id = vault(&ada, json!({"data": "a = geheimnis", "description": "team"}), Some("G1"));
    let edit = |fields: Value| {
        let mut vault = json!({"id": id});
        vault.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        ada.ok("users.add_or_update_vault", json!({"vault": vault}));
    };
    edit(json!({"data": "a = geheimnis2"}));
    edit(json!({"data": "a = geheimnis3", "enabled": true}));
    edit(json!({"data": "a = geheimnis3"}));
    edit(json!({"enabled": false}));
    edit(json!({"enabled": true, "data": "a = geheimnis3"}));
    ada.ok("users.delete_vaults", json!({"vaults": [id]}));
    vault(&bob(&front), json!({"data": "a = 1"}), None);

    let names = |request: Value| -> Vec<String> {
        let log = ada.ok("users.get_vault_operations_log", request);
        assert!(!log.to_string().contains("geheimnis"), "{log}");
        let entries = log["operations"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["operation"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(json!({})), ["delete", "activate", "deactivate", "edit", "create"]);
    let all = ["create", "edit", "edit", "deactivate", "activate", "delete"];
    assert_eq!(names(json!({"group": null, "order": "asc"})), all);
    assert_eq!(names(json!({"group": null, "order": "asc", "page": 1, "page_size": 4})), all[4..]);
    assert_eq!(names(json!({"operations": ["edit"], "group": null})).len(), 2);
    assert_eq!(names(json!({"scope": ["user"]})), ["create"]);
    assert_eq!(names(json!({"to_timestamp": "2001-01-01T00:00:00Z"})), Vec::<String>::new());
    assert_eq!(names(json!({"users": ["nobody"]})), Vec::<String>::new());
    let log = ada.ok("users.get_vault_operations_log", json!({"order": "asc"}));
    let first = &log["operations"][0];
    assert_eq!((&first["user"], &first["ip"]), (&json!({"id": "ada", "name": "ada"}), &json!("192.0.2.7")));
    assert_eq!((&first["originator"], &first["originator_version"]), (&json!("Webapp"), &json!("1.2.3")));
    assert_eq!((&first["vault_description"], &first["scope"]), (&json!("team"), &json!("group")));
    let filters = ada.ok("users.get_vault_operations_log_filters", json!({}));
    assert_eq!(filters["operations"], json!(["activate", "create", "deactivate", "delete", "edit"]));
    assert!(filters["vaults"].as_array().unwrap().contains(&json!({"id": id, "description": "team"})));
    assert_eq!(bob(&front).err("users.get_vault_operations_log", json!({})), (403, 20));
    assert_eq!(bob(&front).err("users.get_vault_operations_log_filters", json!({})), (403, 20));
    front.tenant("other");
    let zoe = front.visitor("other", "zoe").role(Role::Admin);
    assert_eq!(zoe.ok("users.get_vault_operations_log", json!({}))["operations"], json!([]));
    assert!(front.try_sql("UPDATE vault_log SET user = 'eve'").is_err(), "the log is append-only");
}

#[test]
fn former_versions_are_kept_for_those_who_may_edit() {
    use crate::domain::vaults;
    let front = house();
    let id = vault(&ada(&front), json!({"data": "a = geheim1"}), Some("G1"));
    ada(&front).ok("users.add_or_update_vault", json!({"vault": {"id": id, "data": "a = geheim2"}}));
    let ada = ada(&front);
    let ctx = ada.ctx();
    let numbers: Vec<i64> = vaults::versions(&ctx, &id).unwrap().iter().map(|one| one.number).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(vaults::content(&ctx, &id, 1).unwrap().text, "a = geheim1");
    let bob = bob(&front);
    assert!(!vaults::content(&bob.ctx(), &id, 1).unwrap().text.contains("geheim"));
    let eve = eve(&front);
    assert!(vaults::content(&eve.ctx(), &id, 1).is_err());
}

#[test]
fn s25_rotation_seals_everything_anew_and_can_be_repeated() {
    use crate::domain::vaults::rotate;
    let mut front = house();
    vault(&bob(&front), json!({"data": "a = geheim"}), None);
    let aws = json!({"key": "K", "secret": "s", "buckets": []});
    ada(&front).ok("storage.set_settings", json!({"aws": aws}));
    let former = front.app.keys.sealing.current().0.to_owned();
    assert_eq!(rotate(&front.app).unwrap().resealed, 0);
    front.app.keys.sealing.add();
    let rotation = rotate(&front.app).unwrap();
    assert_eq!((rotation.resealed, rotation.unreadable), (2, 0));
    assert!(!rotation.needed.contains(&former), "{rotation:?}");
    front.app.keys.sealing.retire(&former).unwrap();
    assert_eq!(loaded(&bob(&front))[0]["data"], "a = geheim");
    assert_eq!(ada(&front).ok("storage.get_settings", json!({}))["settings"]["aws"]["key"], "K");
    // What no key opens stays, and is told.
    front.sql("UPDATE vault_version SET key_id = 'gone'", []);
    let rotation = rotate(&front.app).unwrap();
    assert_eq!((rotation.resealed, rotation.unreadable), (0, 1));
    assert!(rotation.needed.contains(&"gone".to_owned()));
}

#[test]
fn vaults_go_with_their_group_and_their_user() {
    use crate::domain::vaults::{delete_of_group, delete_of_user};
    let front = house();
    vault(&ada(&front), json!({"data": "a = 1"}), Some("G1"));
    vault(&ada(&front), json!({"data": "a = 2"}), Some("G2"));
    vault(&bob(&front), json!({"data": "a = 3"}), None);
    let ada = ada(&front);
    let ctx = ada.ctx();
    assert_eq!(ctx.write(|tx| delete_of_group(&ctx, tx, "G1")).unwrap(), 1);
    assert_eq!(ctx.write(|tx| tx.suspend_vaults_of(&"bob".into(), true)).unwrap(), 1);
    assert_eq!(loaded(&bob(&front)), Vec::<Value>::new());
    assert_eq!(ctx.write(|tx| delete_of_user(&ctx, tx, &"bob".into())).unwrap(), 1);
    assert_eq!(front.value::<i64>("SELECT count(*) FROM vault", []), Some(1));
    let log = ada
        .ok("users.get_vault_operations_log", json!({"operations": ["delete"], "scope": ["group", "user"]}));
    let reasons: Vec<&str> =
        log["operations"].as_array().unwrap().iter().map(|entry| entry["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["The user was deleted", "The group was deleted"]);
}
