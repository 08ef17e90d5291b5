//! Signing in, the calls of the start, preferences and credentials.

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{page, with_cookie};
use crate::yard::{COMPANY, Yard};

#[test]
fn case_01_02_03_17_what_the_login_page_asks_first() {
    let yard = Yard::start();
    let modes = |cookie: Option<&str>| {
        let client = match cookie {
            Some(token) => with_cookie(&yard, token),
            None => yard.nobody().at("999.0"),
        };
        let answer = client.call("login.supported_modes", json!({}));
        answer.ok();
        assert_eq!(answer.meta["endpoint"]["requested_version"], "999.0");
        let actual: f64 = answer.meta["endpoint"]["actual_version"].as_str().unwrap().parse().unwrap();
        assert!((1.0..=2.34).contains(&actual), "{actual}");
        assert!(answer.data["basic"]["enabled"].is_boolean());
        answer.data["authenticated"].clone()
    };
    assert_eq!(modes(None), json!(false));
    assert_eq!(modes(Some("garbage")), json!(false));
    assert_eq!(modes(Some(&yard.admin().token())), json!(true));
}

#[test]
fn case_04_05_a_right_pair_gets_a_cookie_and_a_wrong_one_none() {
    let yard = Yard::start();
    let password = std::fs::read_to_string(yard.data().join("initial-password")).unwrap();
    let login = |password: &str| {
        let basic = yard.nobody().at("999.0").basic("admin", password);
        basic.request("auth.login").bytes("").answer()
    };
    let refused = login("wrong");
    refused.is(401, 22);
    assert_eq!(refused.header("set-cookie"), "");
    let answer = login(password.trim());
    answer.ok();
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let token = cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(
        with_cookie(&yard, token).ok("users.get_current_user", json!({}))["user"]["name"],
        "Administrator"
    );
}

#[test]
fn case_06_names_beyond_ascii_come_in_two_encodings() {
    let users = r#"[{username: "josé", password: "pw", name: "José"}]"#;
    let yard = Yard::secure().env("CLEARML__apiserver__auth__fixed_users__users", users).start();
    let login = |pair: &[u8]| {
        let basic = base64::engine::general_purpose::STANDARD.encode(pair);
        yard.nobody().with("authorization", &format!("Basic {basic}")).call("auth.login", json!({}))
    };
    login(b"jos\xe9:pw").ok();
    login("josé:pw".as_bytes()).ok();
    login(b"jos\xe8:pw").is(401, 22);
}

/// S20: credentials are for origins that are ours; here the pages' own.
#[test]
fn case_07_the_pages_may_call_the_port_beside_theirs() {
    let yard = Yard::start();
    let preflight = |origin: &str| {
        yard.nobody()
            .path("/v999.0/auth.login")
            .method(Method::OPTIONS)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,access-control-allow-credentials")
            .send()
            .unwrap()
    };
    let response = preflight(&yard.web());
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_ascii_lowercase();
    assert_eq!(header("access-control-allow-origin"), yard.web());
    assert_eq!(header("access-control-allow-credentials"), "true");
    for name in ["authorization", "access-control-allow-credentials"] {
        assert!(header("access-control-allow-headers").contains(name), "{name}");
    }
    assert_eq!(preflight("http://evil.example").headers().get("access-control-allow-credentials"), None);
}

#[test]
fn case_08_signing_out_ends_the_session_on_the_server() {
    let yard = Yard::start();
    let client = page(&yard);
    client.ok("users.get_current_user", json!({}));
    let answer = client.call("login.logout", json!({"redirect_url": format!("{}/login", yard.web())}));
    answer.ok();
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("clearml_token_basic=;") && cookie.contains("Max-Age=0"), "{cookie}");
    client.call("users.get_current_user", json!({})).is(401, 30);
}

#[test]
fn case_09_10_without_passwords_people_are_chosen_from_a_list() {
    let yard = Yard::reference().start();
    let service = yard.by_pair(&yard.webserver_pair()).at("999.0");
    let users = service.request("users.get_all").bytes("").answer();
    assert!(users.ok()["users"].is_array(), "{}", users.data);
    let person = json!({
        "email": "0123@yard.example", "name": "Ann Other", "company": COMPANY, "given_name": "Ann",
        "family_name": "Other",
    });
    let id = service.ok("auth.create_user", person)["id"].as_str().unwrap().to_owned();
    let answer = service.impersonating(&id).call("auth.login", json!({}));
    answer.ok();
    let cookie = answer.header("set-cookie").to_owned();
    let token = cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(with_cookie(&yard, token).ok("users.get_current_user", json!({}))["user"]["id"], json!(id));

    // With passwords the same pair opens nothing.
    let yard = Yard::reference().env("CLEARML__apiserver__auth__fixed_users__enabled", "true").start();
    yard.by_pair(&yard.webserver_pair()).call("users.get_all", json!({})).is(401, 22);
}

#[test]
fn case_11_15_16_the_calls_of_the_start() {
    let yard = Yard::start();
    let client = page(&yard);
    let me = client.ok("users.get_current_user", json!({"get_supported_features": true}));
    assert!(!me["user"]["company"]["id"].as_str().unwrap().is_empty());
    assert!(me["getting_started"]["install"].is_string(), "{me}");
    assert!(me["settings"]["max_download_items"].is_number());
    assert!(client.ok("server.report_stats_option", json!({}))["supported"].is_boolean());
    let info = client.ok("server.info", json!({}));
    for field in ["version", "build", "api_version", "uid"] {
        assert!(info[field].is_string(), "{field}: {info}");
    }
}

#[test]
fn case_12_13_14_preferences_grow_key_by_key() {
    let yard = Yard::start();
    let client = page(&yard);
    let kept = || client.ok("users.get_preferences", json!({}))["preferences"].clone();
    assert_eq!(kept(), json!({}));
    let set = |preferences: Value| client.call("users.set_preferences", json!({"preferences": preferences}));
    set(json!({"experiments.view.colsOrder.p1": ["a"], "views": {"theme": "dark"}})).ok();
    assert_eq!(kept()["experiments"]["view"]["colsOrder"]["p1"], json!(["a"]));
    assert_eq!(kept()["views"]["theme"], "dark");
    set(json!({"experiments.view.colsOrder.p2": ["b"]})).ok();
    assert_eq!(kept()["experiments"]["view"]["colsOrder"], json!({"p1": ["a"], "p2": ["b"]}));
    // Column objects and escaped keys come back as they are.
    set(json!({"cols": {"a--DOT--b": {"id": "x", "hidden": false}}})).ok();
    let before = kept();
    assert_eq!(before["cols"], json!({"a--DOT--b": {"id": "x", "hidden": false}}));
    for bad in [json!({"x": {"a.b": 1}}), json!({"x": {"$a": 1}})] {
        assert_eq!(set(bad).status, 400);
    }
    assert_eq!(kept(), before);
}

/// S20: a call with a cookie comes as POST from a page of ours, so the pair is for scripts.
#[test]
fn case_59_secrets_are_shown_once() {
    let yard = Yard::start();
    let client = page(&yard);
    let made = client.ok("auth.create_credentials", json!({}))["credentials"].clone();
    let secret = made["secret_key"].as_str().unwrap();
    assert!(secret.len() > 20);
    let listed = client.ok("auth.get_credentials", json!({}));
    assert!(column_has(&listed["credentials"], made["access_key"].as_str().unwrap()));
    assert!(!listed.to_string().contains(secret));
    client.ok("auth.edit_credentials", json!({"access_key": made["access_key"], "label": null}));
    yard.nobody().basic(made["access_key"].as_str().unwrap(), secret).ok("users.get_current_user", json!({}));
}

fn column_has(credentials: &Value, key: &str) -> bool {
    super::column(credentials, "access_key").iter().any(|found| found == key)
}
