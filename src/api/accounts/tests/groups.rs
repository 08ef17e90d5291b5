//! Groups (spec/governance.md 4; acceptance cases 14 and 60).

use super::*;
use crate::store::identity::{ADMINS, QUEUE_ADMINS, USERS};

fn group<'a>(found: &'a Value, id: &str) -> &'a Value {
    let groups = found["groups"].as_array().unwrap();
    groups.iter().find(|group| group["id"] == id).unwrap_or(&Value::Null)
}

fn members(client: &Client<'_>, id: &str) -> Vec<String> {
    let found = client.ok("permissions.get_user_groups", json!({"groups": [id]}));
    let users = group(&found, id)["users"].as_array().unwrap().clone();
    users.iter().map(|user| text(&user["id"])).collect()
}

const WRITE: &str = "permissions.add_or_update_user_group";

#[test]
fn a_tenants_groups_are_its_own() {
    let office = Office::open();
    let admin = office.admin();
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (eve, _) = office.person(&office.tenant, "eve", "user");
    let (zoe, by_zoe) = office.person("acme", "zoe", "admin");
    let made = admin.ok(WRITE, json!({"name": "Vision", "description": "d", "users": [bob]}));
    let id = text(&made["id"]);
    assert_eq!((&made["assignable"], &made["system"]), (&json!(true), &json!(false)));
    assert_eq!(by_bob.err("permissions.get_user_groups", json!({})), (403, 20));
    assert_eq!(members(&admin, &id), [bob.as_str()]);
    let groups = by_bob.ok(ME, json!({}))["sec_groups"].clone();
    assert!(groups.as_array().unwrap().iter().any(|group| group["id"] == id.as_str()), "at once: {groups}");
    // Absent members stay, given ones replace.
    admin.ok(WRITE, json!({"id": id, "name": "Vision lab"}));
    assert_eq!(members(&admin, &id), [bob.as_str()]);
    admin.ok(WRITE, json!({"id": id, "name": "Vision lab", "users": [eve]}));
    assert_eq!(members(&admin, &id), [eve.as_str()]);
    admin.ok(WRITE, json!({"id": "my-own-id", "name": "Own id"}));
    // Names are unique without regard to case, built-in ones included; other tenants' people and ids are unknown.
    assert_eq!(admin.err(WRITE, json!({"name": "vision LAB"})), (400, 801));
    assert_eq!(admin.err(WRITE, json!({"name": "Admins"})), (400, 801));
    assert_eq!(admin.err(WRITE, json!({"id": id, "users": [zoe]})), (400, 301));
    assert_eq!(admin.err(WRITE, json!({"id": id, "users": ["nobody"]})), (400, 301));
    assert_eq!(members(&admin, &id), [eve.as_str()]);
    by_zoe.ok(WRITE, json!({"name": "Vision lab"}));
    assert_eq!(by_zoe.err(WRITE, json!({"id": id, "name": "Mine now"})), (400, 10));
    assert_eq!(by_zoe.ok("permissions.delete_user_groups", json!({"groups": [id]})), json!({"deleted": 0}));
    assert_eq!(admin.ok("permissions.delete_user_groups", json!({"groups": [id]})), json!({"deleted": 1}));
    assert_eq!(
        admin.err("permissions.delete_user_groups", json!({"groups": ["my-own-id", ADMINS]})),
        (400, 16)
    );
    let left = admin.ok("permissions.get_user_groups", json!({"include_permissions": true}));
    assert_eq!(group(&left, &id), &Value::Null);
    assert_eq!(group(&left, "my-own-id")["permissions"], json!([]), "all or nothing");
}

#[test]
fn everybody_is_in_users_and_nobody_can_be_put_there() {
    let office = Office::open();
    let admin = office.admin();
    let (bob, _) = office.person(&office.tenant, "bob", "user");
    let everybody = members(&admin, USERS);
    assert!(everybody.contains(&bob));
    admin.ok(WRITE, json!({"id": USERS, "users": everybody}));
    assert_eq!(admin.err(WRITE, json!({"id": USERS, "users": [bob]})), (403, 20));
    assert_eq!(admin.err(WRITE, json!({"id": USERS, "name": "humans"})), (400, 16));
    let users = admin.ok("permissions.get_company_users", json!({}))["users"].clone();
    assert!(
        users.as_array().unwrap().iter().any(|user| user["id"] == bob.as_str() && user["role"] == "user")
    );
}

#[test]
fn case_14_groups_of_the_configuration_are_in_every_tenant() {
    let office = Office::with(|settings| {
        let groups = &mut settings.services.auth.default_groups;
        let mine = groups.entry("my_group_name".to_owned()).or_default();
        mine.id = Some("abcd-1234-abcd-1234".to_owned());
        mine.features = Some(vec!["reports".to_owned(), "sso_management".to_owned()]);
        mine.assignable = Some(false);
        groups.entry("users".to_owned()).or_default().features = Some(Vec::new());
        let admins = groups.entry("admins".to_owned()).or_default();
        admins.features = Some(vec!["user_management".to_owned()]);
    });
    let id = "abcd-1234-abcd-1234";
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (_, by_zoe) = office.person("acme", "zoe", "admin");
    for admin in [office.admin(), by_zoe] {
        let found = admin.ok("permissions.get_user_groups", json!({}));
        let shown = group(&found, id);
        assert_eq!((&shown["assignable"], &shown["system"]), (&json!(false), &json!(false)));
        assert_eq!(admin.err(WRITE, json!({"id": id, "name": "renamed"})), (400, 16));
    }
    assert_eq!(office.admin().err(WRITE, json!({"id": id, "users": [bob]})), (403, 20));
    assert!(by_bob.features().is_empty());
    // As sign-in through a provider does.
    office.front.sql("INSERT INTO group_member VALUES (?1, ?2, ?3, 'sso')", [id, &bob, &office.tenant]);
    assert_eq!(by_bob.features(), ["reports"], "what the group grants, as far as the tenant has it");
}

#[test]
fn a_group_that_configuration_forgets_grants_nothing_and_comes_back_with_its_members() {
    let mut office = Office::with(|settings| {
        let groups = &mut settings.services.auth.default_groups;
        groups.entry("lab".to_owned()).or_default().id = Some("lab-1".to_owned());
    });
    let (bob, _) = office.person(&office.tenant, "bob", "user");
    office.admin().ok(WRITE, json!({"id": "lab-1", "users": [bob]}));
    let removed = office.front.app.settings.services.auth.default_groups.remove("lab").unwrap();
    identity::ensure_identities(&office.front.app).unwrap();
    let found = office.admin().ok("permissions.get_user_groups", json!({}));
    assert_eq!(group(&found, "lab-1"), &Value::Null);
    assert_eq!(office.admin().err(WRITE, json!({"id": "lab-1", "name": "taken over"})), (400, 10));
    // Its name is free meanwhile, even for another group of the configuration.
    let mut other = removed.clone();
    other.id = Some("lab-2".to_owned());
    let groups = &mut office.front.app.settings.services.auth.default_groups;
    groups.insert("lab".to_owned(), other);
    identity::ensure_identities(&office.front.app).unwrap();
    let mut renamed = removed;
    renamed.name = Some("old lab".to_owned());
    office.front.app.settings.services.auth.default_groups.insert("old".to_owned(), renamed);
    identity::ensure_identities(&office.front.app).unwrap();
    assert_eq!(members(&office.admin(), "lab-1"), [bob.as_str()]);
}

#[test]
fn case_60_queues_are_managed_by_queue_admins_where_the_setting_says_so() {
    let office = Office::with(|settings| settings.services.queues.require_queue_admin = true);
    let admin = office.admin();
    let me = admin.me().0;
    assert_eq!(admin.err("queues.create", json!({"name": "gpu"})), (403, 20));
    admin.ok(WRITE, json!({"id": QUEUE_ADMINS, "users": [me]}));
    admin.ok("queues.create", json!({"name": "gpu"}));
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let task = by_bob.ok("tasks.create", json!({"name": "demo", "type": "training"}))["id"].clone();
    let enqueue = json!({"task": task, "queue_name": "a queue of bob's"});
    assert_eq!(by_bob.err("tasks.enqueue", enqueue.clone()), (403, 20), "nor by naming a new one");
    admin.ok(WRITE, json!({"id": QUEUE_ADMINS, "users": [me, bob]}));
    by_bob.ok("tasks.enqueue", enqueue);
}
