//! Tenants over the wire: the operator's guide call by call with curl, isolation, deletion (spec/governance.md 8, 9, 16).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;
use std::time::{Duration, Instant};

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

/// Stores a file through the file server; answers the address.
fn upload(yard: &Yard, token: &str, path: &str, content: &str) -> String {
    let part = reqwest::blocking::multipart::Part::text(content.to_owned()).file_name("file");
    let form = reqwest::blocking::multipart::Form::new().part(path.to_owned(), part);
    let client = yard.nobody();
    let request = client.http().post(format!("{}/", yard.files())).bearer_auth(token).multipart(form);
    let answer = request.send().unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().unwrap());
    format!("{}/{path}", yard.files())
}

fn fetch(yard: &Yard, token: &str, url: &str) -> (u16, String) {
    let client = yard.nobody();
    let answer = client.http().get(url).bearer_auth(token).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// Tables of the server's database that hold rows of a tenant.
fn remains(yard: &Yard, tenant: &str) -> Vec<String> {
    let database = rusqlite::Connection::open_with_flags(
        yard.data().join("roundhouse.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
               WHERE t.schema = 'main' AND t.type = 'table' AND c.name IN ('company', 'tenant')";
    let mut tables = database.prepare(sql).unwrap();
    let tables: Vec<(String, String)> =
        tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    // Chains end by their own retention, not by a purge.
    let kept = ["company", "security_event", "task_trail", "task_trail_object"];
    tables
        .into_iter()
        .filter(|(table, _)| !kept.contains(&table.as_str()))
        .filter(|(table, column)| {
            let sql = format!("SELECT count(*) FROM \"{table}\" WHERE \"{column}\" = ?1");
            database.query_row(&sql, [tenant], |row| row.get::<_, i64>(0)).unwrap() > 0
        })
        .map(|(table, _)| table)
        .collect()
}

fn wait_until_gone(yard: &Yard, tenant: &str) {
    let begun = Instant::now();
    loop {
        let left = remains(yard, tenant);
        if left.is_empty() && !yard.data().join("files/tenants").join(tenant).exists() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "still there: {left:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Rows that reach a tenant only through others.
fn orphans(yard: &Yard) -> i64 {
    let database = rusqlite::Connection::open(yard.data().join("roundhouse.db")).unwrap();
    let sql = "SELECT (SELECT count(*) FROM log WHERE owner NOT IN (SELECT seq FROM event_owner))
                    + (SELECT count(*) FROM log_block WHERE owner NOT IN (SELECT seq FROM event_owner))
                    + (SELECT count(*) FROM event_batch WHERE owner NOT IN (SELECT seq FROM event_owner))
                    + (SELECT count(*) FROM scalar WHERE series NOT IN (SELECT id FROM series))";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// B19, B20 over the wire, files included: another tenant's things do not exist.
#[test]
fn cases_b19_b20_another_tenants_things_do_not_exist() {
    let yard = Yard::start();
    let system = yard.system();
    let tenant = |name: &str| text(&system.ok("system.create_company", json!({"name": name}))["id"]);
    let (c1, c2) = (tenant("Acme Labs"), tenant("Beta Works"));
    let (ann, bea) = (admin_of(&yard, &c1), admin_of(&yard, &c2));
    let task = text(&ann.ok("tasks.create", json!({"name": "secret run", "type": "training"}))["id"]);
    let token = ann.token();
    let url = upload(&yard, &token, &format!("acme/run.{task}/a.txt"), "content");
    let nothing = "f".repeat(32);
    for call in ["tasks.get_by_id", "tasks.delete", "tasks.enqueue", "events.get_task_log", "tasks.started"] {
        let answer = |id: &str| {
            let answer = bea.call(call, json!({"task": id}));
            let meta = answer.meta["result_msg"].as_str().unwrap().replace(id, "ID");
            (answer.status, answer.code, answer.subcode, meta, answer.data)
        };
        assert_eq!(answer(&task), answer(&nothing), "{call}");
        assert_eq!(answer(&task).0, 400, "{call}");
    }
    assert_eq!(bea.ok("tasks.get_all", json!({"id": [task]}))["tasks"], json!([]));
    let edit = |id: &str| bea.call("tasks.edit", json!({"task": id, "name": "mine"}));
    assert_eq!((edit(&task).code, edit(&task).subcode), (edit(&nothing).code, edit(&nothing).subcode));
    let file = |token: &str, url: &str| fetch(&yard, token, url);
    assert_eq!(file(&token, &url), (200, "content".to_owned()), "the control");
    let unknown = url.replace(&task, &nothing);
    assert_eq!(file(&bea.token(), &url), file(&bea.token(), &unknown));
    assert_eq!(file(&bea.token(), &url).0, 404);
    assert_eq!(ann.ok("tasks.get_by_id", json!({"task": task}))["task"]["name"], "secret run", "the control");
}

/// B22: deleting a tenant cuts everybody in it off at once, frees its domain, and leaves nothing.
#[test]
fn case_b22_a_deleted_tenant_leaves_nothing() {
    let mut yard = Yard::start();
    let system = yard.system();
    let made = system.ok(
        "tenants.create_tenant",
        json!({"name": "Acme Labs", "domain": "acme.io", "admin_emails": ["ann@acme.io"], "max_users": 5}),
    );
    let c1 = text(&made["id"]);
    let pair = pair_of(&made);
    let ann = yard.by_pair(&pair).signed_in();
    let c2 = text(&system.ok("tenants.create_tenant", json!({"name": "Beta Works"}))["id"]);
    let bea = admin_of(&yard, &c2);
    let kept = text(&bea.ok("tasks.create", json!({"name": "kept", "type": "training"}))["id"]);
    let kept_url = upload(&yard, &bea.token(), "beta/kept.txt", "kept");

    let tenants = system.ok("tenants.get_tenants", json!({}));
    let acme =
        tenants["tenants"].as_array().unwrap().iter().find(|tenant| tenant["id"] == json!(c1)).unwrap();
    assert_eq!((&acme["admin_emails"], &acme["default_company"]), (&json!(["ann@acme.io"]), &json!(false)));

    let task = fill(&ann, &yard, 1);
    ann.ok("tasks.started", json!({"task": task}));
    ann.ok("workers.register", json!({"worker": "box:gpu0", "timeout": 600}));
    let delete = |body: Value| system.call("tenants.delete_tenant", body);
    delete(json!({"tenant": c1, "name": "acme labs"})).is(400, 16);
    delete(json!({"tenant": COMPANY, "name": "clearml", "force": true})).is(400, 16);
    delete(json!({"tenant": "0".repeat(32), "name": "Acme Labs"})).is(400, 10);
    let refused = delete(json!({"tenant": c1, "name": "Acme Labs"}));
    refused.is(400, 16);
    let counts = &refused.meta["error_data"];
    assert_eq!(
        (&counts["running"]["tasks"], &counts["running"]["connected_workers"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(counts["totals"]["tasks"], 1);
    // An administrator of the tenant is no operator.
    ann.call("tenants.delete_tenant", json!({"tenant": c1, "name": "Acme Labs", "force": true})).is(403, 20);
    ann.ok("users.get_current_user", json!({}));

    let taken = sets_domain(&system, &c2, "acme.io");
    assert_eq!(taken, (400, 801), "the control: the domain is taken");
    let gone = delete(json!({"tenant": c1, "name": "Acme Labs", "force": true}));
    assert_eq!(gone.ok()["totals"]["tasks"], 1);
    ann.call("users.get_current_user", json!({})).is(401, 30);
    yard.by_pair(&pair).call("users.get_current_user", json!({})).is(401, 22);
    assert_eq!(sets_domain(&system, &c2, "acme.io"), (200, 0));
    let listed = system.ok("tenants.get_tenants", json!({})).to_string();
    assert!(!listed.contains(&c1), "{listed}");
    system.with("x-clearml-tenant", &c1).call("users.get_current_user", json!({})).is(400, 92);
    // The name is free again.
    system.ok("system.create_company", json!({"name": "Acme Labs"}));

    wait_until_gone(&yard, &c1);
    assert_eq!(orphans(&yard), 0);
    assert_eq!(bea.ok("tasks.get_by_id", json!({"task": kept}))["task"]["name"], "kept");
    assert_eq!(fetch(&yard, &bea.token(), &kept_url), (200, "kept".to_owned()));
    let listed = system.ok("system.get_companies", json!({})).to_string();
    assert!(!listed.contains(&c1), "{listed}");

    // On a stopped server: what is in use is not purged, what is gone is gone.
    yard.stop();
    let purge = |id: &str| {
        let mut command = yard.command(&["tenant", "purge", id, "--data"]);
        let output = command.arg(yard.data()).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (done, said) = purge(&c1);
    assert!(done && said.contains("Nothing is left"), "{said}");
    let (done, said) = purge(&c2);
    assert!(!done && said.contains("delete it first"), "{said}");
    assert!(!purge("nobody").0);
}

/// How setting the domain of a tenant ends.
fn sets_domain(system: &Client, tenant: &str, domain: &str) -> (u16, u16) {
    let answer =
        system.with("x-clearml-tenant", tenant).call("login.set_domains", json!({"domains": [domain]}));
    (answer.code, answer.subcode)
}

/// Something of every kind: tasks with events, a model, a report, a queue, files. Answers a task.
fn fill(client: &Client, yard: &Yard, tasks: usize) -> String {
    let token = client.token();
    let project = text(&client.ok("projects.create", json!({"name": "Runs/Inner", "tags": ["a"]}))["id"]);
    let queue = text(&client.ok("queues.create", json!({"name": "gpu", "tags": ["b"]}))["id"]);
    let mut last = String::new();
    for number in 0..tasks {
        let new = json!({"name": format!("run {number}"), "type": "training", "project": project, "tags": ["t"],
            "hyperparams": {"Args": {"lr": {"section": "Args", "name": "lr", "value": "1"}}}});
        last = text(&client.ok("tasks.create", new)["id"]);
        let events: Vec<Value> = (0..40)
            .flat_map(|iteration| {
                let at = 1_700_000_000_000_i64 + iteration;
                [
                    json!({"type": "training_stats_scalar", "task": last, "iter": iteration, "metric": "m",
                        "variant": "v", "value": iteration, "timestamp": at}),
                    json!({"type": "log", "task": last, "msg": format!("line {iteration}"), "timestamp": at}),
                ]
            })
            .collect();
        client.request("events.add_batch").lines(&events).answer().ok();
        upload(yard, &token, &format!("runs/run.{last}/artifact-{number}.txt"), "an artifact");
    }
    client.ok("models.create", json!({"name": "net", "uri": "file:///net", "tags": ["m"]}));
    let waiting = text(
        &client.ok("tasks.create", json!({"name": "run 0", "type": "training", "project": project}))["id"],
    );
    client.ok("tasks.enqueue", json!({"task": waiting, "queue": queue}));
    client.ok("tasks.delete", json!({"task": waiting, "force": true}));
    last
}

/// SIGKILL in the middle of a purge, again and again: it goes on where it was, and takes nothing else along.
#[test]
fn a_purge_survives_kills() {
    let mut yard = Yard::start();
    let system = yard.system();
    let c1 = text(&system.ok("tenants.create_tenant", json!({"name": "Acme Labs"}))["id"]);
    let c2 = text(&system.ok("tenants.create_tenant", json!({"name": "Beta Works"}))["id"]);
    let (ann, bea) = (admin_of(&yard, &c1), admin_of(&yard, &c2));
    fill(&ann, &yard, 60);
    fill(&bea, &yard, 3);
    let count = |yard: &Yard, tenant: &str| {
        let database = rusqlite::Connection::open(yard.data().join("roundhouse.db")).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        let sql = "SELECT (SELECT count(*) FROM task WHERE company = ?1) + (SELECT count(*) FROM event_owner WHERE company = ?1)
                   + (SELECT count(*) FROM file WHERE tenant = ?1)";
        database.query_row(sql, [tenant], |row| row.get::<_, i64>(0)).unwrap()
    };
    let kept = count(&yard, &c2);
    let all = count(&yard, &c1);
    assert!(all > 150 && kept > 5, "{all} {kept}");
    system.ok("tenants.delete_tenant", json!({"tenant": c1, "name": "Acme Labs", "force": true}));
    let mut cut_short = 0;
    for _ in 0..5 {
        let before = count(&yard, &c1);
        let begun = Instant::now();
        // As soon as something of it is gone, so is the server.
        while count(&yard, &c1) == before && before > 0 && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(1));
        }
        yard.kill();
        cut_short += i32::from(!remains(&yard, &c1).is_empty());
        yard.start_again();
    }
    assert!(cut_short > 0, "no kill met a purge under way");
    println!("{cut_short} of 5 kills met a purge under way");
    wait_until_gone(&yard, &c1);
    assert_eq!((orphans(&yard), count(&yard, &c2)), (0, kept));
    assert_eq!(
        yard.nobody().bearer(&bea.token()).ok("tasks.get_all", json!({}))["tasks"].as_array().unwrap().len(),
        3
    );
    yard.stop();
    let doctor = yard.command(&["doctor", "--data"]).arg(yard.data()).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
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
