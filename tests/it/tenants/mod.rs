//! Tenants over the wire: the operator's guide call by call with curl, isolation, deletion (spec/governance.md 8, 9, 16).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod purge;

use std::process::Command;

use serde_json::{Value, json};

use crate::yard::{COMPANY, Client, Pair, Setup, Yard, claims};

const KEY: &str = "SUPERVISOR0SUPERVISOR0SUPERVIS";
const SECRET: &str = "a-secret-of-the-supervisor-that-nobody-knows-0123456789";

/// The variables of the guide; the pair of the API server's own identity is the generated one.
fn guide(email: &str) -> Setup {
    let supervisor = |field: &str| format!("CLEARML__secure__credentials__supervisor__{field}");
    Yard::secure()
        .env(&supervisor("role"), "system")
        .env(&supervisor("allow_login"), "true")
        .env(&supervisor("user_key"), KEY)
        .env(&supervisor("user_secret"), SECRET)
        .env(&supervisor("sec_groups"), r#"["users","admins","queue_admins"]"#)
        .env(&supervisor("display_name"), "\"Platform operator\"")
        .env(&supervisor("email"), email)
        .env("CLEARML__apiserver__company__unique_names", "true")
        .env("CLEARML__services__workers__resource_usages__supervisor_company", &format!("\"{COMPANY}\""))
}

/// What curl got: HTTP status, subcode, data.
struct Got(u16, u64, Value);

impl Got {
    #[track_caller]
    fn ok(self) -> Value {
        assert_eq!((self.0, self.1), (200, 0), "{}", self.2);
        self.2
    }

    #[track_caller]
    fn is(self, status: u16, subcode: u64) {
        assert_eq!((self.0, self.1), (status, subcode), "{}", self.2);
    }
}

/// `curl -u PAIR [-H HEADER]… [-d BODY] API/CALL`: without a body curl sends GET.
fn curl(yard: &Yard, pair: &str, call: &str, headers: &[&str], body: Option<&str>) -> Got {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "60", "-w", "\n%{http_code}", "-u", pair]);
    for header in headers {
        command.args(["-H", header]);
    }
    if let Some(body) = body {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    let output = command.arg(format!("{}/{call}", yard.api())).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (envelope, status) = text.rsplit_once('\n').unwrap();
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    let subcode = envelope["meta"]["result_subcode"].as_u64().unwrap();
    let data = if status == "200" { envelope["data"].clone() } else { envelope["meta"].clone() };
    Got(status.parse().unwrap(), subcode, data)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn pair_of(made: &Value) -> Pair {
    Pair { key: text(&made["credentials"]["access_key"]), secret: text(&made["credentials"]["secret_key"]) }
}

/// The guide from its first call to its last, verbatim: cases A1 to A11, A18 and B21.
#[test]
fn cases_a1_to_a11_the_guide_call_by_call() {
    let yard = guide(r#""\"op@x.io\"""#)
        .env("CLEARML__services__organization__features__user_management_advanced", "true")
        .start();
    let pair = yard.system_pair("apiserver");
    let sys = format!("{}:{}", pair.key, pair.secret);
    let call = |name: &str, headers: &[&str], body: &str| curl(&yard, &sys, name, headers, Some(body));

    // A1
    let sup = curl(&yard, &format!("{KEY}:{SECRET}"), "users.get_current_user", &[], None).ok();
    assert_eq!(
        (&sup["user"]["role"], &sup["user"]["email"], &sup["user"]["name"]),
        (&json!("system"), &json!("op@x.io"), &json!("Platform operator"))
    );
    let mut groups: Vec<String> =
        sup["sec_groups"].as_array().unwrap().iter().map(|group| text(&group["name"])).collect();
    groups.sort();
    assert_eq!(groups, ["admins", "queue_admins", "users"]);

    // A3, A4
    let c1 = text(&call("system.create_company", &[], r#"{"name":"Acme Labs"}"#).ok()["id"]);
    assert!(c1.len() == 32 && c1.bytes().all(|byte| byte.is_ascii_hexdigit()), "{c1}");
    call("system.create_company", &[], r#"{"name":"Acme Labs"}"#).is(400, 801);
    call("system.create_company", &[], r#"{"name":" acme labs "}"#).is(400, 801);
    call("system.create_company", &[], r#"{"name":"ab"}"#).is(400, 12);
    let listed = curl(&yard, &sys, "system.get_companies", &[], None).ok();
    let active: Vec<(String, bool)> = listed["companies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|company| (text(&company["id"]), company["active"] == true))
        .collect();
    assert_eq!(active, [(COMPANY.to_owned(), true), (c1.clone(), true)]);
    let (_, admin) = yard.person("anna", "admin");
    admin.call("system.get_companies", json!({})).is(403, 20);
    // The operator in person may; nobody becomes the operator by acting as them.
    let operator = yard.admin();
    operator.ok("system.get_companies", json!({}));
    let operator_id = text(&operator.ok("users.get_current_user", json!({}))["user"]["id"]);
    admin.impersonating(&operator_id).call("system.get_companies", json!({})).is(403, 20);

    // A5
    let ann = format!(
        r#"{{"name":"Ann","company":"{c1}","email":"ann@acme.io","role":"admin","internal":"true"}}"#
    );
    let u1 = text(&call("auth.create_user", &[], &ann).ok()["id"]);
    let again = format!(r#"{{"name":"Ann","company":"{COMPANY}","email":"ANN@acme.io"}}"#);
    call("auth.create_user", &[], &again).is(400, 801);
    let other = json!({"name": "Ann", "company": c1, "email": "ann2@acme.io", "role": "admin"});
    admin.call("auth.create_user", other).is(400, 10);

    // A6: no body at all, with a content type.
    let (as_u1, act_u1) = (format!("X-Clearml-Impersonate-As: {u1}"), format!("X-Clearml-Act-As: {u1}"));
    let json_type = "Content-Type: application/json";
    let made = curl(&yard, &sys, "auth.create_credentials", &[json_type, &as_u1], None).ok();
    let pair = pair_of(&made);
    assert!(pair.key.len() == 30 && pair.secret.len() >= 50, "{pair:?}");
    let ann = yard.by_pair(&pair);
    let token = claims(&ann.token());
    assert_eq!((&token["tenant"], &token["identity"]["role"]), (&json!(c1), &json!("admin")));
    curl(&yard, &sys, "auth.create_credentials", &[json_type], None).is(400, 301);

    // A7, A8
    assert_eq!(call("login.set_domains", &[&act_u1], r#"{"domains":["acme.io"]}"#).ok(), json!({}));
    let c2 = text(&call("system.create_company", &[], r#"{"name":"Beta Works"}"#).ok()["id"]);
    let bea =
        format!(r#"{{"name":"Bea","company":"{c2}","email":"bea@beta.io","role":"admin","internal":true}}"#);
    let u2 = text(&call("auth.create_user", &[], &bea).ok()["id"]);
    let act_u2 = format!("X-Clearml-Act-As: {u2}");
    call("login.set_domains", &[&act_u2], r#"{"domains":["beta.io"]}"#).ok();
    let refused = call("login.set_domains", &[&act_u2], r#"{"domains":["beta.com","ACME.io"]}"#);
    assert!(!refused.2.to_string().contains(&c1) && !refused.2.to_string().contains("Acme"), "{}", refused.2);
    refused.is(400, 801);
    assert_eq!(curl(&yard, &sys, "login.get_settings", &[&act_u2], None).ok()["domains"], json!(["beta.io"]));

    // A9
    let emails = r#"{"emails":["bob@gmail.com","eve@gmail.com"],"is_admin":false}"#;
    let added = call("login.add_whitelist_entries", &[&act_u1], emails).ok();
    assert_eq!(added["added"], json!(["bob@gmail.com", "eve@gmail.com"]));
    let lead = r#"{"emails":["lead@gmail.com"],"is_admin":true}"#;
    assert_eq!(
        call("login.add_whitelist_entries", &[&act_u1], lead).ok()["added"],
        json!(["lead@gmail.com"])
    );
    let mixed = r#"{"emails":["new@gmail.com","BOB@gmail.com"]}"#;
    call("login.add_whitelist_entries", &[&act_u2], mixed).is(400, 801);
    call("login.add_whitelist_entries", &[&act_u2], r#"{"emails":["ann@acme.io"]}"#).is(400, 801);
    call("login.add_whitelist_entries", &[&act_u2], r#"{"emails":["nonsense"]}"#).is(400, 22);

    // A10
    let removed = call("login.remove_whitelist_entries", &[&act_u1], r#"{"emails":["eve@gmail.com"]}"#).ok();
    assert_eq!(removed["removed"], json!(["eve@gmail.com"]));

    // A11
    let doors = curl(&yard, &sys, "login.get_settings", &[&act_u1], None).ok();
    assert_eq!(doors["domains"], json!(["acme.io"]));
    let entries: Vec<(String, String, String)> = doors["whitelist_entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (text(&entry["email"]), text(&entry["status"]), text(&entry["user"]["role"])))
        .collect();
    let entry = |email: &str, role: &str| (email.to_owned(), "pending".to_owned(), role.to_owned());
    assert_eq!(entries, [entry("bob@gmail.com", "user"), entry("lead@gmail.com", "admin")]);
    assert_eq!(
        curl(&yard, &sys, "login.get_settings", &[&act_u2], None).ok()["whitelist_entries"],
        json!([]),
        "another tenant sees none of it"
    );

    // A10 again: once bob has an account, his entry is used up and stays.
    let bob = format!(r#"{{"name":"Bob","company":"{c1}","email":"bob@gmail.com"}}"#);
    let bob = text(&call("auth.create_user", &[], &bob).ok()["id"]);
    let as_bob = format!("X-Clearml-Impersonate-As: {bob}");
    let bob = yard.by_pair(&pair_of(&curl(&yard, &sys, "auth.create_credentials", &[&as_bob], None).ok()));
    let removed = call("login.remove_whitelist_entries", &[&act_u1], r#"{"emails":["bob@gmail.com"]}"#).ok();
    assert_eq!(removed["removed"], json!([]));
    bob.signed_in().ok("users.get_current_user", json!({}));
    let doors = curl(&yard, &sys, "login.get_settings", &[&act_u1], None).ok();
    let entry = &doors["whitelist_entries"][0];
    assert_eq!((&entry["status"], &entry["user"]["name"]), (&json!("accepted"), &json!("Bob")));

    // S3: a tenant's own administrator sets no domains unless the server lets them.
    ann.call("login.set_domains", json!({"domains": ["gmail.com"]})).is(403, 20);

    // A18
    curl(&yard, &sys, "users.get_current_user", &[&as_u1, &act_u1], None).is(400, 5);

    // B21
    let dana = yard.user("dana");
    for unknown in [c1.as_str(), "00000000000000000000000000000000"] {
        dana.with("x-clearml-tenant", unknown).call("users.get_current_user", json!({})).is(400, 92);
    }
    for same in ["", COMPANY] {
        dana.with("x-clearml-tenant", same).ok("users.get_current_user", json!({}));
    }
    // S2: whoever acts for somebody stays in that tenant, and the platform may go anywhere that exists.
    let (eve_id, _) = yard.person("eve", "user");
    let anna_as_eve = admin.impersonating(&eve_id);
    anna_as_eve.ok("users.get_current_user", json!({}));
    anna_as_eve.with("x-clearml-tenant", &c1).call("users.get_current_user", json!({})).is(400, 92);
    let minted = anna_as_eve.token();
    let refreshed = yard.nobody().bearer(&minted);
    refreshed.ok("users.get_current_user", json!({}));
    refreshed.with("x-clearml-tenant", &c1).call("auth.login", json!({})).is(400, 92);
    let there = yard.system().with("x-clearml-tenant", &c1);
    assert_eq!(claims(&there.token())["tenant"], json!(c1));
    there.with("x-clearml-tenant", &"0".repeat(32)).call("users.get_current_user", json!({})).is(400, 92);
}

/// A1 (a bare address), A2: who may sign in with a browser, and who may not.
#[test]
fn case_a2_s21_the_supervisor_signs_in_with_a_browser() {
    let mut yard = guide("op@x.io").start();
    let web = |yard: &Yard| yard.nobody().basic(KEY, SECRET).with("x-clearml-client", "Webapp-2.0");
    let answer = web(&yard).call("auth.login", json!({}));
    answer.ok();
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("clearml_token_basic=") && cookie.contains("HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let page = yard.nobody().with("cookie", cookie).with("origin", &yard.web());
    let me = page.ok("users.get_current_user", json!({}));
    assert_eq!((&me["user"]["role"], &me["user"]["email"]), (&json!("system"), &json!("op@x.io")));
    assert!(sign_in_on_the_pages(&yard), "the key and the secret are name and password of the form");

    // The other identity of the platform has no such setting.
    let other = yard.by_pair(&yard.system_pair("apiserver"));
    let answer = other.call("auth.login", json!({}));
    answer.ok();
    assert_eq!(answer.header("set-cookie"), "", "no header decides that a browser may keep the token");
    let refused = other.with("x-clearml-client", "Webapp-2.0").call("auth.login", json!({}));
    refused.is(401, 22);
    assert_eq!(refused.header("set-cookie"), "");
    for browser in [("origin", yard.web()), ("sec-fetch-mode", "cors".to_owned())] {
        other.with(browser.0, &browser.1).call("auth.login", json!({})).is(401, 22);
    }
    let token = other.token();
    let cookie = format!("clearml_token_basic={token}");
    yard.nobody()
        .with("cookie", &cookie)
        .with("origin", &yard.web())
        .call("users.get_current_user", json!({}))
        .is(401, 30);

    yard.set_env("CLEARML__secure__credentials__supervisor__allow_login", "false");
    yard.restart();
    web(&yard).call("auth.login", json!({})).is(401, 22);
    assert!(!sign_in_on_the_pages(&yard));
    yard.nobody().basic(KEY, SECRET).call("auth.login", json!({})).ok();
}

/// Whether the form of the pages takes the supervisor's key and secret.
fn sign_in_on_the_pages(yard: &Yard) -> bool {
    let http = reqwest::blocking::Client::builder()
        .no_proxy()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let form = http.get(format!("{}/login", yard.web())).send().unwrap().text().unwrap();
    let field = |name: &str| {
        let pattern = format!(r#"name="{name}" value="([^"]*)""#);
        regex::Regex::new(&pattern)
            .unwrap()
            .captures(&form)
            .map(|found| found[1].to_owned())
            .unwrap_or_default()
    };
    let body = format!("csrf={}&once={}&username={KEY}&password={SECRET}", field("csrf"), field("once"));
    let answer = http
        .post(format!("{}/login", yard.web()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .unwrap();
    let signed_in = answer.status().is_redirection();
    if signed_in {
        assert_eq!(http.get(format!("{}/projects", yard.web())).send().unwrap().status(), 200);
    }
    signed_in
}

/// A13, A15: quotas and features of a tenant.
#[test]
fn cases_a13_a15_features_of_a_tenant() {
    let yard = Yard::start();
    let system = yard.system();
    let made = system.ok(
        "system.create_company",
        json!({"name": "Lim", "defaults": {"allowed_users": "10", "features": ["experiments"],
            "exclude_features": ["app_management", "applications", "user_management"]}}),
    );
    let info = system.ok("system.company_info", json!({"company": made["id"]}));
    assert_eq!(info["defaults"]["allowed_users"], 10);
    let features = |admin: &Client| -> Vec<String> {
        let me = admin.ok("users.get_current_user", json!({"get_supported_features": true}));
        me["supported_features"].as_array().unwrap().iter().map(text).collect()
    };
    let lim = admin_of(&yard, &text(&made["id"]));
    let has = |admin: &Client, name: &str| features(admin).iter().any(|feature| feature == name);
    assert!(has(&lim, "experiments") && has(&lim, "reports"));
    for excluded in ["app_management", "applications", "user_management"] {
        assert!(!has(&lim, excluded), "{excluded}");
    }
    lim.call("login.get_settings", json!({})).is(403, 30);

    let other = text(&system.ok("system.create_company", json!({"name": "Other"}))["id"]);
    let (own, foreign) = (admin_of(&yard, &other), yard.person("anna", "admin").1);
    assert!(!has(&own, "sso_management") && !has(&foreign, "sso_management"));
    let change = json!({"company": other, "features": ["sso_management", "user_management_advanced"]});
    assert_eq!(system.ok("system.update_company_settings", change)["updated"], 1);
    assert!(has(&own, "sso_management") && has(&own, "user_management_advanced"));
    assert!(!has(&foreign, "sso_management") && !has(&lim, "sso_management"), "only that tenant gains it");
    let nobody = json!({"company": "0".repeat(32), "features": []});
    system.call("system.update_company_settings", nobody).is(400, 10);
    system
        .call("system.create_company", json!({"name": "Wrong", "defaults": {"features": ["flying"]}}))
        .is(400, 12);
    let cleared = json!({"company": other, "features": null, "feature_set": "basic"});
    system.ok("system.update_company_settings", cleared);
    assert!(!has(&own, "sso_management"));
    assert_eq!(claims(&own.token())["feature_set"], "basic");
}

/// A new internal administrator of a tenant, signed in.
fn admin_of(yard: &Yard, tenant: &str) -> Client {
    let made = yard.system().ok("tenants.add_tenant_admin_credentials", json!({"tenant": tenant}));
    yard.by_pair(&pair_of(&made)).signed_in()
}

/// A person of a tenant, signed in.
fn member_of(yard: &Yard, tenant: &str, name: &str) -> Client {
    let system = yard.system();
    let body = json!({"name": name, "company": tenant, "email": format!("{name}@member.example")});
    let id = text(&system.ok("auth.create_user", body)["id"]);
    yard.by_pair(&pair_of(&system.impersonating(&id).ok("auth.create_credentials", json!({})))).signed_in()
}

/// A17: each tenant's applications have a queue of their own.
#[test]
fn case_a17_application_queues() {
    let yard = Yard::secure().env("CLEARML__services__applications__queue_mode", "per_tenant").start();
    let system = yard.system();
    let made = system.ok("system.create_company", json!({"name": "Acme Labs"}));
    let c1 = text(&made["id"]);
    let queues = made["app_queues"].as_array().unwrap();
    assert_eq!(queues.len(), 1, "{made}");
    let (queue, name) = (text(&queues[0]["id"]), text(&queues[0]["name"]));
    assert_eq!(name, format!("apps-{c1}"));
    let (ann, bob) = (admin_of(&yard, &c1), member_of(&yard, &c1, "bob"));
    let c2 = text(&system.ok("system.create_company", json!({"name": "Beta Works"}))["id"]);
    let bea = admin_of(&yard, &c2);

    ann.ok("queues.get_next_task", json!({"queue": queue}));
    bob.call("queues.get_next_task", json!({"queue": queue})).is(403, 21);
    bea.call("queues.get_next_task", json!({"queue": queue})).is(400, 701);
    let task = text(&bob.ok("tasks.create", json!({"name": "app", "type": "application"}))["id"]);
    for how in [json!({"task": task, "queue": queue}), json!({"task": task, "queue_name": name})] {
        bob.call("tasks.enqueue", how).is(403, 21);
    }
    bob.call("queues.add_task", json!({"queue": queue, "task": task})).is(403, 21);
    ann.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
    assert_eq!(ann.ok("queues.get_next_task", json!({"queue": queue}))["entry"]["task"], json!(task));

    let listed =
        |client: &Client, body: Value| client.ok("queues.get_all", body)["queues"].as_array().unwrap().len();
    assert_eq!((listed(&ann, json!({})), listed(&ann, json!({"search_hidden": true}))), (1, 2));
    assert_eq!(listed(&yard.admin(), json!({"name": "apps-", "search_hidden": true})), 1, "made at start");
}

/// F59: the company that looks after the machines sees them all, and not what runs on them.
#[test]
fn case_f59_the_supervising_company_sees_machines_only() {
    let yard = guide("op@x.io").start();
    let system = yard.system();
    let c1 = text(&system.ok("tenants.create_tenant", json!({"name": "Acme Labs"}))["id"]);
    let ann = admin_of(&yard, &c1);
    let task = text(&ann.ok("tasks.create", json!({"name": "secret run", "type": "training"}))["id"]);
    let report = |client: &Client, worker: &str, task: Value| {
        client.ok("workers.register", json!({"worker": worker, "timeout": 600}));
        client.ok(
            "workers.status_report",
            json!({"worker": worker, "timestamp": 1_900_000_000_000_i64, "task": task, "machine_stats": {"cpu_usage": [50]}}),
        );
    };
    report(&ann, "acme:gpu0", json!(task));
    let (_, anna) = yard.person("anna", "admin");
    report(&anna, "own:gpu0", Value::Null);
    let workers =
        |client: &Client| client.ok("workers.get_all", json!({}))["workers"].as_array().unwrap().clone();
    let seen = workers(&anna);
    let names: Vec<&str> = seen.iter().map(|worker| worker["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["own:gpu0", "acme:gpu0"]);
    assert_eq!(seen[1]["company"], json!({"id": c1, "name": "Acme Labs"}));
    assert_eq!(seen[1]["task"], json!({"id": task, "name": null}));
    assert!(!json!(seen).to_string().contains("secret"), "{seen:?}");
    assert_eq!(anna.ok("workers.get_count", json!({}))["count"], 2);
    let own = workers(&ann);
    assert_eq!(own.len(), 1, "the tenant sees only its own");
    assert_eq!(own[0]["task"]["name"], "secret run");
    assert_eq!(workers(&yard.user("dana")).len(), 1, "and so do people of the supervising company");
}
