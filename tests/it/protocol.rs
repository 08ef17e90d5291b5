//! Acceptance cases of spec/protocol.md 8 that concern paths, versions, bodies and headers. A name carries the case
//! number; where security_rules.md or governance.md supersede a case, the test says so and shows the rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::json;

use crate::yard::Yard;

#[test]
fn cases_01_to_05_ping_answers_everybody_at_any_version() {
    let yard = Yard::start();
    let nobody = yard.nobody();
    let answer = nobody.path("/debug.ping").answer();
    assert!(answer.ok()["msg"].is_string());
    assert_eq!(answer.meta["endpoint"]["name"], "debug.ping");
    assert_eq!(answer.meta["endpoint"]["requested_version"], "2.34");
    assert_eq!(answer.meta["endpoint"]["actual_version"], "1.0");
    assert_eq!(answer.meta["result_msg"], "OK");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("server"), "clearml");
    // 2: credentials are not even looked at.
    nobody.path("/debug.ping").header("authorization", "Basic !!!").answer().ok();
    // 3
    let answer = nobody.path("/v2.1/debug.ping").method(Method::POST).json(&json!({"x": 1})).answer();
    assert_eq!(answer.ok()["x"], 1);
    // 4: below 2.1 versions are numbers.
    let answer = nobody.path("/v2.0/debug.ping").answer();
    answer.ok();
    assert_eq!(answer.meta["endpoint"]["requested_version"], json!(2.0));
    assert_eq!(answer.meta["endpoint"]["actual_version"], json!(1.0));
    // 5
    let answer = nobody.path("/v999.0/debug.ping").answer();
    answer.ok();
    assert_eq!(answer.meta["endpoint"]["requested_version"], "999.0");
}

#[test]
fn cases_06_to_09_and_61_paths_that_are_none() {
    let yard = Yard::start();
    let nobody = yard.nobody();
    for path in [
        "/v2/debug.ping",
        "/",
        "/foo",
        "/v2.1/a/b",
        "/V2.1/debug.ping",
        "/v2.1//debug.ping",
        "/v2.3.4/debug.ping",
        "/debug.p",
    ] {
        let answer = nobody.path(path).answer();
        answer.is(400, 0);
        assert_eq!(answer.meta["endpoint"]["name"], "", "{path}");
        assert_eq!(answer.meta["endpoint"]["requested_version"], json!(1.0), "{path}");
        assert!(answer.meta["endpoint"]["actual_version"].is_null(), "{path}");
    }
    for path in ["/v2.01/debug.ping", "/v02.1/debug.ping", "/v00/debug.ping"] {
        nobody.path(path).answer().is(400, 2);
    }
    // 61: a trailing slash, and a version without a point.
    nobody.path("/v2.1/debug.ping/").answer().ok();
    let answer = nobody.path("/v20/debug.ping").answer();
    answer.ok();
    assert_eq!(answer.meta["endpoint"]["requested_version"], "20");
    assert_eq!(answer.meta["endpoint"]["actual_version"], "1.0");
    // 8: unknown endpoints are unknown to strangers too.
    let answer = nobody.path("/v2.23/nosuch.thing").answer();
    answer.is(404, 0);
    assert!(answer.meta["endpoint"]["actual_version"].is_null());
    // 9
    nobody.path("/v2.12/login.logout").answer().is(404, 0);
    let answer = nobody.path("/v2.13/login.logout").answer();
    answer.ok();
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("clearml_token_basic=;"), "{cookie}");
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
}

#[test]
fn case_10_every_method_is_the_same_call() {
    let yard = Yard::start();
    let admin = yard.admin();
    let get = admin.request("users.get_current_user").method(Method::GET).answer();
    assert!(get.ok()["user"]["id"].is_string());
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = admin.request("users.get_current_user").method(method.clone()).answer();
        assert_eq!(answer.ok(), get.ok(), "{method}");
    }
    let head = admin.request("users.get_current_user").method(Method::HEAD).send().unwrap();
    assert_eq!(head.status(), 200);
    // A GET carries a JSON body: the SDK's default.
    let body = json!({"get_supported_features": true});
    let answer = admin.request("users.get_current_user").method(Method::GET).json(&body).answer();
    assert!(answer.ok()["supported_features"].is_array());
}

#[test]
fn case_13_a_get_with_a_body_pages() {
    let yard = Yard::start();
    let admin = yard.admin();
    for name in ["first", "second"] {
        admin.ok("tasks.create", json!({"name": name, "type": "training"}));
    }
    let count = |body: serde_json::Value| {
        let call = admin.path("/v2.23/tasks.get_all").method(Method::GET).json(&body);
        call.answer().ok()["tasks"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({})), 2);
    assert_eq!(count(json!({"page_size": 1})), 1);
}

/// Case 11 is superseded by S20: a foreign origin may read where configuration says `*`, never with credentials.
#[test]
fn cases_11_and_67_cors_in_the_reference_profile() {
    let yard = Yard::reference().start();
    let origin = "http://ui.example:8080";
    let response = yard
        .nobody()
        .path("/anything")
        .method(Method::OPTIONS)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization")
        .send()
        .unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("access-control-allow-origin").as_deref(), Some(origin));
    assert_eq!(header("access-control-allow-headers").as_deref(), Some("authorization"));
    assert!(header("access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(header("access-control-allow-credentials"), None, "never with * (S20)");
    assert_eq!(response.text().unwrap(), "");

    // 67: errors carry the same headers; a configured origin has credentials.
    let yard = Yard::secure().env("CLEARML__apiserver__cors__origins", "[\"http://ui:8080\"]").start();
    let nobody = yard.nobody().with("origin", "http://ui:8080");
    let calls = [
        (401, nobody.path("/v2.23/users.get_current_user")),
        (404, nobody.path("/v2.23/nosuch.thing")),
        (415, nobody.path("/debug.ping").method(Method::POST).header("content-encoding", "gzip").bytes("x")),
    ];
    for (status, call) in calls {
        let response = call.send().unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["access-control-allow-origin"], "http://ui:8080", "{status}");
        assert_eq!(response.headers()["access-control-allow-credentials"], "true", "{status}");
        let varies =
            response.headers().get_all("vary").iter().any(|v| v.to_str().unwrap().contains("Origin"));
        assert!(varies, "{status}");
    }
    let stranger = yard.nobody().path("/debug.ping").header("origin", "http://evil.example").send().unwrap();
    assert_eq!(stranger.headers().get("access-control-allow-origin"), None);
}

#[test]
fn cases_12_and_63_order_of_the_checks() {
    let yard = Yard::start();
    let nobody = yard.nobody();
    let bob = yard.user("bob");
    for path in ["/debug.ping", "/v2.3.4/debug.ping", "/nosuch.thing"] {
        let response = nobody
            .path(path)
            .method(Method::POST)
            .header("content-encoding", "gzip")
            .bytes("x")
            .send()
            .unwrap();
        assert_eq!(response.status(), 415, "{path}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"), "{path}");
    }
    // 63: endpoint before credentials, credentials before role, role before body.
    let malformed =
        |call: crate::yard::Call| call.header("content-type", "application/json").bytes("{\"a\":");
    malformed(nobody.request("users.set_preferences")).answer().is(401, 20);
    malformed(bob.request("auth.create_user")).answer().is(403, 20);
    malformed(nobody.at("2.12").request("login.logout")).answer().is(404, 0);
    malformed(bob.request("users.set_preferences")).answer().is(400, 0);
}

#[test]
fn cases_14_to_17_arguments_and_bodies() {
    let yard = Yard::start();
    let nobody = yard.nobody();
    let answer = nobody.path("/debug.ping?a=1&a=2&b=true&c.d=x&e[]=7&f=1.5&g=-3").answer();
    let data = answer.ok();
    assert_eq!(data["a"], json!([1, 2]));
    assert_eq!(data["b"], true);
    assert_eq!(data["c"], json!({"d": "x"}));
    assert_eq!(data["e"], json!([7]));
    assert_eq!(data["f"], json!(1.5));
    assert_eq!(data["g"], "-3");
    // 15: arguments win over the body.
    let post = |path: &str| nobody.path(path).method(Method::POST);
    let answer = post("/debug.ping?x=2").json(&json!({"x": 1, "y": 1})).answer();
    assert_eq!((&answer.ok()["x"], &answer.data["y"]), (&json!(2), &json!(1)));
    // 16
    post("/debug.ping").bytes("{\"a\":").answer().is(400, 0);
    for empty in ["", "null", "false", "0", "\"\"", "[]"] {
        post("/debug.ping").header("content-type", "application/json").bytes(empty).answer().ok();
    }
    for other in ["[1]", "\"x\"", "5", "true"] {
        post("/debug.ping").bytes(other).answer().is(400, 12);
    }
    // The media type does not matter, except for forms.
    assert_eq!(
        post("/debug.ping").header("content-type", "text/plain").bytes("{\"x\":1}").answer().ok()["x"],
        1
    );
    let form = "application/x-www-form-urlencoded";
    let answer = post("/debug.ping?k=1").header("content-type", form).bytes("x.y=2&k=3").answer();
    assert_eq!(answer.ok()["x"], json!({"y": 2}));
    assert_eq!(answer.data["k"], 3, "form fields win over arguments");
    // 17
    let answer = nobody.path("/debug.ping").header("X-ClearML-Trx", "T1").answer();
    answer.ok();
    assert_eq!(answer.meta["trx"], "T1");
    let id = answer.meta["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    let older = nobody.path("/debug.ping").header("X-Trains-Trx", "T2").answer();
    assert_eq!(older.meta["trx"], "T2");
    let none = nobody.path("/debug.ping").answer();
    assert_eq!(none.meta["trx"], none.meta["id"]);
}

/// Spec/protocol.md 1.1 recommends it; the contract promises it: the web port answers `/api/…` as well.
#[test]
fn the_web_port_answers_the_api_too() {
    let yard = Yard::start();
    let admin = yard.admin();
    let url = format!("{}/api/v2.23/users.get_current_user", yard.web());
    let token = admin.token();
    let response = admin.http().post(&url).bearer_auth(&token).body("{}").send().unwrap();
    assert_eq!(response.status(), 200);
    let there: serde_json::Value = response.json().unwrap();
    assert_eq!(there["data"], admin.ok("users.get_current_user", json!({})));
    assert_eq!(admin.http().post(&url).send().unwrap().status(), 401);
}

#[test]
fn one_port_serves_everything() {
    let yard = Yard::secure().one_port().start();
    let admin = yard.admin();
    assert!(yard.api().ends_with("/api"));
    assert_eq!(admin.ok("users.get_current_user", json!({}))["user"]["role"], "admin");
    assert!(yard.client_configuration().contains(&yard.api()), "{}", yard.client_configuration());
}

#[test]
fn large_answers_are_compressed_for_who_can_read_that() {
    let yard = Yard::start();
    let ping = |encoding: &str| {
        let body = json!({"text": "abc ".repeat(5000)});
        let call = yard.nobody().request("debug.ping").json(&body).header("accept-encoding", encoding);
        call.send().unwrap()
    };
    for encoding in ["gzip", "gzip, deflate, br"] {
        let response = ping(encoding);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert!(response.bytes().unwrap().len() < 2000, "{encoding}");
    }
    let plain = ping("identity");
    assert!(plain.headers().get("content-encoding").is_none_or(|value| value == "identity"));
    assert!(plain.headers().get_all("vary").iter().any(|v| v.to_str().unwrap().contains("Accept-Encoding")));
    assert!(plain.bytes().unwrap().len() > 20_000);
}

#[test]
fn case_62_minimum_versions() {
    let yard = Yard::start();
    let admin = yard.admin();
    admin.at("2.1").call("auth.logout", json!({})).is(404, 0);
    admin.at("2.3").call("queues.create", json!({"name": "q"})).is(404, 0);
    admin.at("2.14").call("queues.peek_task", json!({"queue": "q"})).is(404, 0);
    admin.at("2.12").call("queues.add_or_update_metadata", json!({})).is(404, 0);
    for endpoint in ["queues.clear_queue", "auth.edit_credentials"] {
        let answer = admin.at("2.4").call(endpoint, json!({}));
        answer.is(400, 12);
        assert_eq!(answer.meta["endpoint"]["actual_version"], "1.0", "{endpoint}");
    }
}

/// The SDK forks a reporter after its first calls, without closing its connections: on one that stays open, two
/// processes would mix their calls. Everybody else keeps theirs.
#[test]
fn the_sdk_gets_a_connection_for_each_call() {
    let yard = Yard::start();
    let connection = |client: &str| {
        let call = yard.nobody().path("/debug.ping").header("X-ClearML-Client", client);
        let response = call.send().unwrap();
        response.headers().get("connection").map(|value| value.to_str().unwrap().to_lowercase())
    };
    assert_eq!(connection("clearml-2.1.12").as_deref(), Some("close"));
    assert_ne!(connection("Webapp-2.0.0").as_deref(), Some("close"));
}

#[test]
fn case_69_old_clients_send_all_tags_in_one_list() {
    let yard = Yard::start();
    let admin = yard.admin();
    let body = json!({"name": "old", "type": "training", "tags": ["archived", "x", "annotated1"]});
    let id = admin.at("2.2").ok("tasks.create", body)["id"].clone();
    let row = |client: &crate::yard::Client, more: serde_json::Value| {
        let mut query = more;
        query["id"] = json!([id]);
        query["only_fields"] = json!(["tags", "system_tags"]);
        client.ok("tasks.get_all", query)["tasks"].clone()
    };
    let now = row(&admin, json!({}));
    assert_eq!(now, json!([{"tags": ["x"], "system_tags": ["annotated1", "archived"]}]));
    let old = admin.at("2.2");
    assert_eq!(row(&old, json!({}))[0]["tags"], json!(["annotated1", "archived", "x"]));
    assert_eq!(row(&old, json!({"tags": ["archived"]})).as_array().unwrap().len(), 1);
    assert_eq!(row(&old, json!({"tags": ["-archived"]})), json!([]));
}

#[test]
fn case_70_values_of_another_type() {
    let yard = Yard::start();
    let admin = yard.admin();
    for body in
        [json!({"queue": 5}), json!({"queue": true}), json!({"queue": null}), json!({"queue": []}), json!({})]
    {
        admin.call("queues.get_by_id", body).is(400, 12);
    }
    for (seen, code) in [(json!("5"), 200), (json!(5.7), 200), (json!("x"), 400)] {
        assert_eq!(admin.call("workers.get_all", json!({"last_seen": seen})).status, code, "{seen}");
    }
    for tags in [json!("x"), json!([5]), json!([null])] {
        admin.call("queues.create", json!({"name": "typed", "tags": tags})).is(400, 12);
    }
    let id = admin.ok("queues.create", json!({"name": "typed", "tags": null}))["id"].clone();
    assert_eq!(admin.ok("queues.get_by_id", json!({"queue": id}))["queue"]["tags"], json!([]));
}

/// Making things public is for administrators, where the server allows it at all (spec/governance.md).
#[test]
fn case_74_public_tasks_are_read_by_all_and_changed_by_none() {
    let yard = Yard::secure().env("CLEARML__services__organization__allow_public", "true").start();
    let admin = yard.admin();
    let project = admin.ok("projects.create", json!({"name": "shown"}))["id"].clone();
    let id = admin.ok("tasks.create", json!({"name": "shown", "type": "training", "project": project}))["id"]
        .clone();
    admin.ok("tasks.edit", json!({"task": id, "comment": "still mine"}));
    admin.ok("tasks.make_public", json!({"ids": [id]}));
    let plain = admin.ok("tasks.get_all", json!({"id": [id], "only_fields": ["company"]}));
    assert_eq!(plain["tasks"], json!([{"company": ""}]));
    let query = json!({"id": [id], "only_fields": ["company", "user.name", "project.name"]});
    let row = admin.ok("tasks.get_all_ex", query)["tasks"][0].clone();
    assert_eq!(row["company"], json!({}));
    assert_eq!((&row["user"]["name"], &row["project"]["name"]), (&json!("Administrator"), &json!("shown")));
    let without = admin.ok("tasks.get_all_ex", json!({"id": [id], "allow_public": false}));
    assert_eq!(without["tasks"], json!([]));
    admin.call("tasks.edit", json!({"task": id, "comment": "not any more"})).is(403, 21);
}
