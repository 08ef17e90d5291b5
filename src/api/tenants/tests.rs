//! Tenants through the endpoint table; what needs sockets or a process is in the integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::{
    api::front_door::{FrontDoor, Visitor, open_doors},
    domain::{CallerKind, Role, identity},
    store::{
        Lane, Scope,
        identity::{NewAccount, USERS},
    },
    types::{CompanyId, UserId},
};

/// Tenants `acme` and `beta`, and an identity of the platform in a third one.
fn platform(front: &FrontDoor) -> Visitor<'_> {
    front.tenant("home");
    front.tenant("beta");
    front.person("home", "op", "Operator");
    front.visitor("home", "op").role(Role::System).kind(CallerKind::System)
}

fn account(front: &FrontDoor, company: &str, id: &str, role: &str) {
    front.account(&NewAccount {
        id: UserId::from(id),
        company: CompanyId::from(company),
        name: id.to_owned(),
        email: Some(format!("{id}@mail.example")),
        role: role.to_owned(),
        internal: false,
        autocreated: false,
        is_service: false,
        operator: false,
        created_by: None,
    });
}

fn join(front: &FrontDoor, user: &str, company: &str, role: &str) {
    let (user, company) = (UserId::from(user), CompanyId::from(company));
    front
        .app
        .store
        .write(&Scope::server(), Lane::Documents, |tx| tx.set_membership(&user, &company, role))
        .unwrap();
}

#[test]
fn only_the_operator_in_person_and_the_platform_operate() {
    let front = FrontDoor::open();
    let system = platform(&front);
    let mut person = front.visitor("home", "op").role(Role::Admin);
    assert_eq!(person.err("tenants.get_tenants", json!({})), (403, 20), "an administrator is no operator");
    person.caller.operator = true;
    let named = |data: Value| -> Vec<String> {
        let tenants = data["tenants"].as_array().unwrap();
        let mut names: Vec<String> =
            tenants.iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(named(person.ok("tenants.get_tenants", json!({}))), ["acme", "beta", "home"]);
    assert_eq!(named(system.ok("tenants.get_tenants", json!({}))), ["acme", "beta", "home"]);
    for change in [
        (|visitor: &mut Visitor<'_>| visitor.caller.role = Role::User) as fn(&mut Visitor<'_>),
        |visitor| visitor.caller.minted = true,
        |visitor| visitor.caller.tenant = CompanyId::from("beta"),
        |visitor| visitor.caller.kind = CallerKind::Service(true),
        |visitor| {
            visitor.caller.actor = Some(crate::domain::Actor {
                user: UserId::from("eve"),
                name: "Eve".to_owned(),
                role: Role::Admin,
            });
        },
    ] {
        let mut other = person.clone();
        change(&mut other);
        assert_eq!(other.err("tenants.get_tenants", json!({})), (403, 20));
    }
}

#[test]
fn a_request_that_was_let_in_before_leaves_nothing_behind() {
    let front = FrontDoor::open();
    let system = platform(&front);
    let ann = front.ann();
    let task = json!({"name": "a run", "type": "training"});
    ann.ok("tasks.create", task.clone());
    system.ok("tenants.delete_tenant", json!({"tenant": "acme", "name": "acme"}));
    assert_eq!(ann.err("tasks.create", task), (401, 30));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM task", []), Some(1));
    assert_eq!(
        system.err("tenants.delete_tenant", json!({"tenant": "acme", "name": "acme"})),
        (400, 10),
        "it is gone for the platform as well"
    );
}

#[test]
fn whoever_belongs_elsewhere_moves_there_and_the_others_are_cut_off() {
    let front = FrontDoor::open();
    front.group(USERS);
    let system = platform(&front);
    account(&front, "acme", "both", "admin");
    join(&front, "both", "beta", "user");
    front.person("acme", "both", "Both");
    account(&front, "acme", "only", "user");
    account(&front, "beta", "guest", "user");
    join(&front, "guest", "acme", "user");
    system.ok("login.set_domains", json!({"domains": []}));
    system.ok("tenants.delete_tenant", json!({"tenant": "acme", "name": "acme"}));
    let of = |user: &str| {
        let text = |column: &str| {
            front.value::<String>(&format!("SELECT {column} FROM user_auth WHERE id = ?1"), [user]).unwrap()
        };
        let disabled = front.value::<bool>("SELECT disabled FROM user_auth WHERE id = ?1", [user]).unwrap();
        (text("company"), text("role"), disabled)
    };
    assert_eq!(of("both"), ("beta".to_owned(), "user".to_owned(), false), "with the role it has there");
    assert_eq!(of("guest"), ("beta".to_owned(), "user".to_owned(), false));
    assert!(of("only").2);
    assert_eq!(front.value::<String>("SELECT company FROM user WHERE id = 'both'", []).unwrap(), "beta");
    assert_eq!(front.value::<i64>("SELECT count(*) FROM membership WHERE company = 'acme'", []), Some(0));
    // The address of whoever is gone is free at once.
    account(&front, "beta", "new", "user");
    front.sql("UPDATE user_auth SET email_fold = 'only@mail.example' WHERE id = 'new'", []);
}

#[test]
fn what_a_tenant_published_is_public_no_more() {
    let front = FrontDoor::with(open_doors());
    let system = platform(&front);
    let admin = front.ann().role(Role::Admin);
    let task = admin.ok("tasks.create", json!({"name": "shown", "type": "training"}))["id"].clone();
    admin.ok("tasks.make_public", json!({"ids": [task]}));
    let bea = front.visitor("beta", "bea");
    bea.ok("tasks.get_by_id", json!({"task": task}));
    system.ok("tenants.delete_tenant", json!({"tenant": "acme", "name": "acme"}));
    assert_eq!(bea.err("tasks.get_by_id", json!({"task": task})), (400, 101));
}

#[test]
fn settings_take_texts_for_numbers_and_null_clears() {
    let front = FrontDoor::open();
    let system = platform(&front);
    let update = |mut body: Value| {
        body["company"] = "beta".into();
        system.call("system.update_company_settings", body)
    };
    let defaults = || system.ok("system.company_info", json!({"company": "beta"}))["defaults"].clone();
    let changed =
        json!({"allowed_users": "7", "allow_service_user_admins": "true", "features": ["sso_management"]});
    assert_eq!(update(changed).unwrap()["updated"], 1);
    let stored =
        json!({"allowed_users": 7, "allow_service_user_admins": true, "features": ["sso_management"]});
    assert_eq!(
        defaults(),
        json!({"allow_service_user_admins": true, "allowed_users": 7, "features": ["sso_management"]})
    );
    assert_eq!(update(json!({"features": ["reports"], "allowed_users": null})).unwrap()["updated"], 1);
    assert_eq!(defaults(), json!({"allow_service_user_admins": true, "features": ["reports"]}));
    assert_ne!(defaults(), stored);
    for wrong in [
        json!({"allowed_users": -1}),
        json!({"allowed_users": "many"}),
        json!({"features": ["flying"]}),
        json!({"features": "reports"}),
        json!({"feature_set": "huge"}),
    ] {
        assert_eq!(update(wrong.clone()).unwrap_err(), (400, 12), "{wrong}");
    }
    assert_eq!(update(json!({})).unwrap()["updated"], 0);
}

#[test]
fn an_external_id_leads_to_one_tenant() {
    let mut settings = open_doors();
    settings.services.login.sso.tenant_login = true;
    let front = FrontDoor::with(settings);
    let system = platform(&front);
    let sso = |company: &str, tenant: &str| {
        let sso =
            json!({"tenant": tenant, "group_mapping": {"ml": ["a", "b"], "ops": "c"}, "admin_groups": ["x"]});
        system.call("system.update_company_sso_config", json!({"company": company, "sso": sso}))
    };
    sso("acme", "directory-1").unwrap();
    assert_eq!(sso("beta", "directory-1").unwrap_err(), (400, 801));
    sso("acme", "directory-1").unwrap();
    let nobody = front.visitor("-", "").kind(CallerKind::Anonymous);
    let modes = |tenant: &str| nobody.ok("login.supported_modes", json!({"tenant": tenant}));
    assert_eq!(
        (&modes("directory-1")["tenant"], &modes("directory-1")["tenant_login"]),
        (&json!("directory-1"), &json!(true))
    );
    for other in ["acme", "directory-2"] {
        assert_eq!(modes(other)["tenant"], Value::Null, "{other}");
    }
    let access = json!({"allowed": "group", "applications": {"a": {"allowed": "owner"}}});
    let change = json!({"company": "acme", "app_instance_access": access});
    system.ok("system.update_company_app_instance_access", change);
    let stored = system.ok("system.get_company_app_instance_access", json!({"company": "acme"}));
    assert_eq!(stored["app_instance_access"]["allowed"], "groups", "one spelling is stored");
}

#[test]
fn where_an_address_leads() {
    let front = FrontDoor::with(open_doors());
    let system = platform(&front);
    let admin = front.ann().role(Role::Admin);
    admin.ok("login.set_domains", json!({"domains": ["Acme.io"]}));
    let added = json!({"emails": ["Bob@gmail.com", "cid@acme.io"], "role": "consumer"});
    assert_eq!(
        admin.ok("login.add_whitelist_entries", added)["added"],
        json!(["Bob@gmail.com", "cid@acme.io"])
    );
    // Again, as administrator: nothing is new, and the role is the last one.
    let again = json!({"emails": ["bob@GMAIL.com"], "is_admin": true});
    assert_eq!(admin.ok("login.add_whitelist_entries", again)["added"], json!([]));
    let found = system.ok("login.get_whitelist", json!({"email": "bob@gmail.com"}))["entries"][0].clone();
    assert_eq!(
        (&found["company"], &found["role"], &found["is_admin"]),
        (&json!("acme"), &json!("admin"), &json!(true))
    );
    let found = system.ok("login.get_whitelist", json!({"domain": "ACME.io"}))["entries"][0].clone();
    assert_eq!((&found["domain"], found["emails"].as_array().unwrap().len()), (&json!("acme.io"), 1));
    assert_eq!(system.ok("login.get_whitelist", json!({"domain": "sub.acme.io"}))["entries"], json!([]));
    assert_eq!(system.err("login.get_whitelist", json!({"domain": "acme.io", "email": "a@b.io"})), (400, 15));
    assert_eq!(admin.err("login.get_whitelist", json!({"email": "bob@gmail.com"})), (403, 20));
    // Another tenant's administrator can't take it back.
    let bea = front.visitor("beta", "bea").role(Role::Admin);
    assert_eq!(
        bea.ok("login.remove_whitelist_entries", json!({"emails": ["bob@gmail.com"]}))["removed"],
        json!([])
    );
    assert_eq!(admin.ok("login.get_settings", json!({}))["whitelist_entries"].as_array().unwrap().len(), 2);
}

#[test]
fn s3_domains_are_the_servers_business_unless_it_says_otherwise() {
    let front = FrontDoor::open();
    let admin = front.ann().role(Role::Admin);
    let claim = json!({"domains": ["victim.example"]});
    assert_eq!(admin.err("login.set_domains", claim.clone()), (403, 20));
    assert_eq!(front.ann().err("login.set_domains", claim.clone()), (403, 20));
    let mut acting = admin.clone();
    acting.caller.role = Role::System;
    acting.ok("login.set_domains", claim.clone());
    let open = FrontDoor::with(open_doors());
    open.ann().role(Role::Admin).ok("login.set_domains", claim);
}

#[test]
fn s2_a_tenant_is_selected_with_the_role_held_there() {
    let front = FrontDoor::open();
    front.group(USERS);
    front.tenant("beta");
    front.tenant("gone");
    account(&front, "acme", "bob", "user");
    join(&front, "bob", "beta", "admin");
    let bob = front.visitor("acme", "bob").caller;
    let select = |caller: &crate::domain::Caller, tenant: &str| {
        identity::select_tenant(&front.app, caller.clone(), &CompanyId::from(tenant))
            .map(|caller| (caller.tenant.to_string(), caller.role))
            .map_err(|error| {
                assert_eq!((error.kind().code(), error.kind().subcode()), (400, 92));
                error.to_string().replace(tenant, "ID")
            })
    };
    assert_eq!(select(&bob, "beta").unwrap(), ("beta".to_owned(), Role::Admin));
    assert_eq!(select(&bob, "acme").unwrap(), ("acme".to_owned(), Role::User), "no change");
    assert_eq!(select(&bob, "gone"), select(&bob, "nowhere"), "foreign and unknown are the same");
    let mut acting = bob.clone();
    acting.actor =
        Some(crate::domain::Actor { user: UserId::from("eve"), name: "Eve".to_owned(), role: Role::Admin });
    assert!(select(&acting, "beta").is_err(), "whoever acts for somebody stays where they are");
    let mut minted = bob.clone();
    minted.minted = true;
    assert!(select(&minted, "beta").is_err());
    let mut system = bob.clone();
    system.role = Role::System;
    assert_eq!(select(&system, "gone").unwrap(), ("gone".to_owned(), Role::System));
    assert!(select(&system, "nowhere").is_err());
}
