//! Making and changing people, features (spec/governance.md 2, 10; acceptance section A).

use super::*;

#[test]
fn case_05_people_are_made_in_ones_own_tenant_and_addresses_are_unique_on_the_server() {
    let office = Office::with(|settings| {
        settings.services.organization.features.insert("user_management_advanced".to_owned(), true);
    });
    let ann = |company: &str, email: &str| json!({"name": "Ann", "company": company, "email": email, "role": "admin", "internal": "true"});
    let system = office.system();
    let id = text(&system.ok("auth.create_user", ann("acme", "ann@acme.io"))["id"]);
    let stored = |column: &str| {
        let sql = format!("SELECT {column} FROM user_auth WHERE id = ?1");
        office.front.value::<i64>(&sql, [&id]).unwrap()
    };
    assert_eq!((stored("internal"), stored("role = 'admin'")), (1, 1));
    assert_eq!(system.err("auth.create_user", ann(&office.tenant, "ANN@acme.io")), (400, 801));
    let admin = office.admin();
    let plain = |company: &str, email: &str| json!({"name": "Bea", "company": company, "email": email});
    admin.ok("auth.create_user", plain(&office.tenant, "bea@d.io"));
    assert_eq!(admin.err("auth.create_user", plain("acme", "bob@d.io")), (400, 10));
    assert_eq!(admin.err("auth.create_user", plain("nowhere", "bob@d.io")), (400, 10));
    assert_eq!(admin.err("auth.create_user", ann(&office.tenant, "new@d.io")), (400, 13));
    assert_eq!(admin.err("auth.create_user", plain(&office.tenant, "not an address")), (400, 22));
}

#[test]
fn case_06_the_platform_makes_keys_for_a_tenants_administrator() {
    let office = Office::open();
    let body = json!({"name": "Ann", "company": "acme", "email": "ann@acme.io", "role": "admin", "internal": "true"});
    let id = text(&office.system().ok("auth.create_user", body)["id"]);
    let pair = office.system().becoming(&id).ok("auth.create_credentials", json!({}))["credentials"].clone();
    assert_eq!(text(&pair["access_key"]).len(), 30);
    assert!(text(&pair["secret_key"]).len() >= 50);
    let claim = claims(&office.by_pair(&pair).token());
    assert_eq!((&claim["tenant"], &claim["identity"]["role"]), (&json!("acme"), &json!("admin")));
    assert_eq!(office.system().err("auth.create_credentials", json!({})), (400, 301));
}

#[test]
fn case_13_a_tenant_has_as_many_people_as_it_may() {
    let office = Office::open();
    let defaults =
        json!({"allowed_users": "2", "features": ["experiments"], "exclude_features": ["user_management"]});
    office.front.sql("UPDATE company SET defaults = ?1 WHERE id = 'acme'", [defaults.to_string()]);
    let (_, admin) = office.person("acme", "lead", "admin");
    let (second, _) = office.person("acme", "second", "user");
    assert!(!admin.features().contains(&"user_management".to_owned()));
    let more = |name: &str, internal: bool| json!({"name": name, "company": "acme", "email": format!("{name}@x.io"), "internal": internal});
    assert_eq!(office.system().err("auth.create_user", more("third", false)), (400, 59));
    office.system().ok("auth.create_user", more("made-by-platform", true));
    // Whoever is shut out makes room, and needs it to come back.
    let set = |disabled: bool| json!({"user": second, "disabled": disabled});
    office.system().ok("users.set_disabled", set(true));
    office.system().ok("auth.create_user", more("third", false));
    assert_eq!(office.system().err("users.set_disabled", set(false)), (400, 59));
}

#[test]
fn case_12_16_groups_and_roles_limit_features() {
    let office = Office::with(|settings| {
        let group = settings.services.auth.default_groups.entry("users".to_owned()).or_default();
        group.features = Some(vec!["applications".to_owned()]);
    });
    let (_, bob) = office.person(&office.tenant, "bob", "user");
    assert_eq!(bob.features(), ["applications"]);
    assert_eq!(bob.err("reports.get_all_ex", json!({})), (403, 30));
    let office = Office::with(|settings| {
        let hidden = ["show_datasets", "reports"].map(|name| (name.to_owned(), false));
        settings.services.auth.ui_features_per_role.insert("user".to_owned(), hidden.into());
    });
    let (_, bob) = office.person(&office.tenant, "bob", "user");
    let has = |client: &Client<'_>, name: &str| client.features().contains(&name.to_owned());
    assert!(!has(&bob, "show_datasets") && has(&office.admin(), "show_datasets"));
    bob.ok("projects.get_all", json!({}));
    office.admin().ok("reports.get_all_ex", json!({}));
    assert_eq!(bob.err("reports.get_all_ex", json!({})), (403, 30), "other names gate as a missing feature");
}

#[test]
fn features_gate_their_calls() {
    let calls = [
        ("pipelines", "pipelines.delete_runs", json!({"project": "p", "ids": ["x"]})),
        ("reports", "reports.get_all_ex", json!({})),
        ("model_serving", "serving.get_endpoints", json!({})),
        (
            "resource_dashboard",
            "workers.get_activity_report",
            json!({"from_date": 0, "to_date": 10, "interval": 5}),
        ),
        ("user_management", "permissions.get_user_groups", json!({})),
        ("user_management", "permissions.get_company_users", json!({})),
        ("service_users", "users.get_service_users", json!({})),
    ];
    for (feature, call, body) in calls {
        let on = Office::open();
        assert_ne!(on.admin().call(call, body.clone()).err(), Some((403, 30)), "{call}");
        let off = Office::with(|settings| {
            settings.services.organization.features.insert(feature.to_owned(), false);
        });
        assert_eq!(off.admin().err(call, body.clone()), (403, 30), "{call}");
        assert_ne!(
            off.system().call(call, body).err(),
            Some((403, 30)),
            "the platform is not limited: {call}"
        );
    }
    let off = Office::with(|settings| {
        settings.services.organization.features.insert("resource_dashboard".to_owned(), false);
    });
    let stats = |workers: Value| {
        let items = json!([{"key": "cpu_usage", "category": "avg"}]);
        json!({"from_date": 0, "to_date": 100, "interval": 50, "items": items, "worker_ids": workers})
    };
    let (_, bob) = off.person(&off.tenant, "bob", "user");
    for (client, name) in [(off.admin(), "ann:0"), (bob.clone(), "bob:0")] {
        client.ok("workers.register", json!({"worker": name, "queues": []}));
    }
    bob.ok("workers.get_stats", stats(json!(["bob:0"])));
    bob.ok("workers.get_stats", stats(json!([])));
    assert_eq!(bob.err("workers.get_stats", stats(json!(["ann:0"]))), (403, 30));
}

#[test]
fn case_15_people_with_a_password_need_the_feature() {
    let office = Office::open();
    let bob = json!({"name": "Bob", "email": "bob@d.io"});
    assert_eq!(office.admin().err("auth.add_user", bob.clone()), (403, 30));
    let office = Office::with(|settings| {
        settings.services.organization.features.insert("user_management_advanced".to_owned(), true);
    });
    let admin = office.admin();
    assert_eq!(
        admin.err("auth.add_user", json!({"name": "Bob", "email": "bob@d.io", "secret_key": "short"})),
        (400, 12)
    );
    let made = admin.ok("auth.add_user", bob.clone());
    let by = |key: &str, secret: &str| {
        office.caller(Presented::Basic { key: key.to_owned(), secret: secret.to_owned() })
    };
    let (id, secret) = (text(&made["id"]), text(&made["secret"]));
    assert_eq!(by(&id, &secret).me(), (id.clone(), "user".to_owned()), "the access key is the user's id");
    assert_eq!(by("bob@d.io", &secret).me().0, id, "and the address signs in on the pages");
    assert_eq!(admin.err("auth.add_user", bob), (400, 801));
    let token = by(&id, &secret).signed_in();
    let again = admin.ok("auth.set_credentials", json!({"user": id}));
    assert_eq!(token.err(ME, json!({})), (401, 30));
    assert_eq!(by(&id, &secret).err(ME, json!({})), (401, 22));
    assert_eq!(by("bob@d.io", &secret).err(ME, json!({})), (401, 22));
    assert_eq!(by(&id, &text(&again["secret"])).me().0, id);
    let (_, plain) = office.person(&office.tenant, "eve", "user");
    assert_eq!(plain.err("auth.set_credentials", json!({"user": id})), (403, 20));
}

#[test]
fn roles_and_the_group_of_administrators_stay_in_step() {
    let office = Office::open();
    let admin = office.admin();
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (zoe, _) = office.person("acme", "zoe", "user");
    let token = by_bob.signed_in();
    let set = |user: &str, role: &str| json!({"user": user, "role": role});
    assert_eq!(by_bob.err("users.set_role", set(&bob, "admin")), (403, 20));
    assert_eq!(admin.ok("users.set_role", set(&bob, "admin")), json!({"updated": 1}));
    assert_eq!(admin.ok("users.set_role", set(&bob, "admin")), json!({"updated": 0}));
    assert_eq!(token.err(ME, json!({})), (401, 30), "tokens of the old role are dead");
    let admins = crate::store::identity::ADMINS;
    let members = || {
        let found = admin.ok("permissions.get_user_groups", json!({"groups": [admins]}));
        let users = found["groups"][0]["users"].as_array().unwrap().clone();
        users.iter().map(|user| text(&user["id"])).collect::<Vec<_>>()
    };
    assert!(members().contains(&bob));
    assert_eq!(by_bob.me().1, "admin");
    assert_eq!(admin.ok("users.set_admin", json!({"user": bob, "admin": "false"})), json!({"updated": 1}));
    assert!(!members().contains(&bob));
    assert_eq!(admin.err("users.set_role", set(&bob, "superuser")), (400, 12));
    assert_eq!(admin.err("users.set_role", set(&zoe, "admin")), (400, 301));
    assert_eq!(admin.err("users.set_role", set("nobody", "admin")), (400, 301));
    let me = admin.me().0;
    assert_eq!(admin.err("users.set_role", set(&me, "user")), (400, 16), "one's own role");
    let options = admin.ok("users.get_role_options", json!({}))["roles"].clone();
    assert_eq!(options[0], json!({"role": "admin", "display_name": "Administrator"}));
    // The last administrator stays one, whoever asks.
    assert_eq!(office.system().err("users.set_role", set(&me, "user")), (400, 16));
    admin.ok("users.set_role", set(&bob, "admin"));
    by_bob.ok("users.set_role", set(&me, "user"));
    assert_eq!(office.admin().me().1, "user");
}

#[test]
fn administrators_see_accounts_and_how_they_are_used() {
    let office = Office::open();
    let (bob, by_bob) = office.person(&office.tenant, "bob", "user");
    let (agent, _) = office.agent(json!({"name": "robot"}));
    by_bob.signed_in();
    let asked = json!({"include_auth": true, "include_activity": "true", "order_by": ["name"]});
    let found = office.admin().ok("users.get_all", asked.clone())["users"].clone();
    let users = found.as_array().unwrap();
    let shown = users.iter().find(|user| user["id"] == bob.as_str()).unwrap();
    let fields = ["email", "role", "read_only"].map(|field| shown[field].clone());
    let email = format!("bob@{}.example", office.tenant);
    assert_eq!(fields, [json!(email), json!("user"), json!(false)]);
    assert_eq!(shown["sec_groups"][0]["name"], "users");
    assert!(shown["activity"]["last_credentials_login"].is_string(), "{shown}");
    assert!(shown["activity"]["last_ui_access"].is_null());
    assert!(
        users.iter().all(|user| user["id"] != agent.as_str()),
        "service accounts have a list of their own"
    );
    let by_id = office.admin().ok("users.get_all", json!({"id": [agent]}))["users"].clone();
    assert_eq!(by_id[0]["name"], "robot", "but their names can be looked up");
    let plain = by_bob.ok("users.get_all_ex", asked)["users"].clone();
    assert!(plain.as_array().unwrap().iter().all(|user| user.get("email").is_none()), "{plain}");
}
