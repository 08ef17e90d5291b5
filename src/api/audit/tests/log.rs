//! The log of calls, and both sources as one list.

use super::*;
use crate::{
    config::{
        Settings,
        settings::access_log::{Adapter, EndpointRule, LoggedFields},
    },
    store::calls::CallRow,
    types::Millis,
};

fn with(change: impl FnOnce(&mut Settings)) -> FrontDoor {
    let mut settings = Settings::default();
    change(&mut settings);
    FrontDoor::with(settings)
}

/// The entries that wait for the first adapter.
fn logged(front: &FrontDoor) -> Vec<Value> {
    let sink = &front.app.calls.get().unwrap().sinks[0];
    if sink.counters().0 == 0 {
        return Vec::new();
    }
    sink.take().unwrap().iter().map(|entry| entry.json.clone()).collect()
}

#[test]
fn case_56_one_entry_a_call_with_the_listed_fields() {
    let front = with(|settings| settings.apiserver.apilog.adapter = vec![Adapter::RawLog]);
    let admin = first_admin(&front);
    let (status, answer) = send(&front, &admin, "tasks.create", &json!({"name": "demo", "type": "training"}));
    assert_eq!(status, 200);
    // Neither pings, nor events, nor what is no call.
    for (name, body) in
        [("debug.ping", json!({})), ("events.add", json!({})), ("no.such_call", json!({})), ("x", json!({}))]
    {
        send(&front, &admin, name, &body);
    }
    let log = logged(&front);
    assert_eq!(endpoints(&log), ["tasks.create"]);
    let entry = &log[0];
    assert_eq!((&entry["call_id"], &entry["trx"]), (&answer["meta"]["id"], &answer["meta"]["trx"]));
    assert!(Millis::parse_lenient(entry["@timestamp"].as_str().unwrap()).is_some());
    assert_eq!(entry["version"], json!({"requested": "2.34", "actual": "1.0"}));
    assert_eq!(
        (&entry["ip"], &entry["headers"]["claimed"]["user-agent"]),
        (&json!("10.0.0.7"), &json!("curl"))
    );
    assert_eq!(entry["result"], json!({"code": 200, "subcode": 0, "msg": "OK"}));
    assert!(entry["duration"].is_u64() && entry["request_size"].as_u64().unwrap() > 10);
    assert_eq!(entry["response_size"].as_u64().unwrap() as usize, answer.to_string().len());
    let auth = &entry["auth"];
    assert_eq!((&auth["type"], &auth["identity"]["role"]), (&json!("Basic"), &json!("admin")));
    assert_eq!(auth["identity"]["tenant"], "d1bd92a3b039400cbafc60a7a5b1e52b");
    let Presented::Basic { key, secret } = &admin else { panic!("a pair") };
    assert_eq!(auth["user_key"], key.as_str());
    assert!(!entry.to_string().contains(secret), "the secret is nowhere");
    assert!(entry.get("data").is_none(), "no request unless asked for");
    assert_eq!(entry["objects"][0], json!({"kind": "task", "id": answer["data"]["id"]}));

    let token =
        send(&front, &admin, "auth.login", &json!({})).1["data"]["token"].as_str().unwrap().to_owned();
    let login = logged(&front).remove(0);
    assert!(!login.to_string().contains(&token) && login.get("result_data").is_none());
    send(&front, &Presented::Bearer(token.clone()), "tasks.get_types", &json!({}));
    let entry = logged(&front).remove(0);
    assert_eq!(entry["auth"]["type"], "Bearer");
    assert!(
        entry["auth"]["session_id"].is_string()
            && entry["auth"]["exp"].as_i64() > entry["auth"]["iat"].as_i64()
    );
    assert!(!entry.to_string().contains(&token));
}

#[test]
fn case_56_flags_decide_what_an_entry_holds() {
    let front = with(|settings| {
        let apiserver = &mut settings.apiserver;
        apiserver.apilog.redact_identity = true;
        apiserver.apilog.log_fields.headers.enabled = false;
        apiserver.apilog.log_fields.stats.enabled = false;
        let rule = EndpointRule {
            log_call: Some(true),
            log_data: Some(LoggedFields::Only(vec!["name".to_owned(), "password".to_owned()])),
            log_result_data: Some(LoggedFields::Everything),
        };
        apiserver.endpoints.services.entry("tasks".to_owned()).or_default().insert("create".to_owned(), rule);
        let quiet = EndpointRule { log_call: Some(false), ..EndpointRule::default() };
        apiserver
            .endpoints
            .services
            .entry("tasks".to_owned())
            .or_default()
            .insert("get_all".to_owned(), quiet);
    });
    let admin = first_admin(&front);
    send(&front, &admin, "tasks.get_all", &json!({}));
    let (_, answer) = send(
        &front,
        &admin,
        "tasks.create",
        &json!({"name": "demo", "type": "training", "password": "p4ss"}),
    );
    let log = logged(&front);
    assert_eq!(endpoints(&log), ["tasks.create"]);
    let entry = &log[0];
    assert_eq!(entry["data"]["name"], "demo");
    assert!(entry["data"].get("type").is_none() && !entry.to_string().contains("p4ss"));
    assert_eq!(entry["result_data"], answer["data"]);
    assert!(entry.get("headers").is_none() && entry.get("stats").is_none());
    let identity = &entry["auth"]["identity"];
    let hidden = json!("<redacted>");
    assert_eq!(
        (&identity["user"], &identity["user_name"], &identity["company_name"]),
        (&hidden, &hidden, &hidden)
    );
    assert_eq!((&identity["role"], &entry["auth"]["user_key"]), (&json!("admin"), &hidden));
}

#[test]
fn case_57_each_administrator_sees_the_own_tenant_and_no_secret() {
    let front = FrontDoor::open();
    let admin = first_admin(&front);
    send(&front, &admin, "tasks.create", &json!({"name": "of the default tenant", "type": "training"}));
    let Presented::Basic { key, .. } = &admin else { panic!("a pair") };
    let wrong = Presented::Basic { key: key.clone(), secret: "wr0ng-secret-of-somebody".to_owned() };
    assert_eq!(send(&front, &wrong, "tasks.get_all", &json!({})).0, 401);
    let stranger = Presented::Basic { key: "nobody".to_owned(), secret: "wr0ng-too".to_owned() };
    assert_eq!(send(&front, &stranger, "tasks.get_all", &json!({})).0, 401);
    boss(&front)
        .ok("storage.set_settings", json!({"aws": {"key": "AK", "secret": "t0p-secret", "buckets": []}}));
    front.flush_log();

    let own = send(&front, &admin, "audit.get_log", &json!({}));
    assert_eq!(own.0, 200, "{own:?}");
    let seen = own.1["data"]["entries"].as_array().unwrap().clone();
    let text = own.1.to_string();
    // The failed attempt on the account is a call that was refused and a failed sign-in; the first administrator runs the
    // server, and sees the stranger too.
    assert!(
        endpoints(&seen).contains(&"tasks.create") && !endpoints(&seen).contains(&"storage.set_settings")
    );
    let failed = |entry: &&Value| entry["endpoint"] == "auth.login" && entry["result"]["code"] == 401;
    assert_eq!(seen.iter().filter(failed).count(), 2, "{text}");
    assert!(!text.contains("wr0ng") && !text.contains("t0p-secret"));
    assert!(text.contains("nobody"), "the name that was tried");

    let of_acme = entries(&boss(&front), json!({}));
    assert_eq!(endpoints(&of_acme), ["storage.set_settings"]);
    assert!(entries(&boss(&front), json!({"company": "d1bd92a3b039400cbafc60a7a5b1e52b"})).is_empty());
    // Reading is recorded.
    let again = entries(&boss(&front), json!({}));
    assert_eq!(endpoints(&again), ["audit.get_log", "audit.get_log", "storage.set_settings"]);
    let root = front.visitor("acme", "root").role(Role::Root);
    let all = entries(&root, json!({}));
    assert!(endpoints(&all).contains(&"tasks.create") && endpoints(&all).contains(&"storage.set_settings"));
    let one = entries(&root, json!({"company": "acme"}));
    assert!(!endpoints(&one).contains(&"tasks.create"));
}

#[test]
fn case_57_a_write_of_governance_is_logged_with_its_request_but_without_secrets() {
    let front = FrontDoor::open();
    let admin = first_admin(&front);
    let body = json!({"aws": {"key": "AK1", "secret": "t0p-secret", "region": "eu", "buckets": []}});
    assert_eq!(send(&front, &admin, "storage.set_settings", &body).0, 200);
    let entry = logged(&front).remove(0);
    assert_eq!(entry["data"]["aws"]["region"], "eu");
    assert_eq!(entry["data"]["aws"]["secret"], "<redacted>");
    assert!(!entry.to_string().contains("t0p-secret") && !entry.to_string().contains("AK1"));
}

#[test]
fn nothing_is_shown_twice() {
    let front = FrontDoor::open();
    let admin = first_admin(&front);
    send(&front, &admin, "auth.create_credentials", &json!({}));
    front.flush_log();
    let (_, answer) = send(&front, &admin, "audit.get_log", &json!({}));
    let list = answer["data"]["entries"].as_array().unwrap();
    assert_eq!(endpoints(list), ["auth.create_credentials"]);
    let entry = &list[0];
    assert_eq!((&entry["source"], &answer["data"]["total"]), (&json!("call"), &json!(1)));
    assert!(entry["security"]["seq"].is_i64() && entry["security"]["chain"].as_str().unwrap().len() == 64);
    // What the log lost is still a security event.
    front.app.calls.get().unwrap().store.retire(&front.app.keys.audit, Millis(i64::MAX / 2)).unwrap();
    let (_, answer) = send(&front, &admin, "audit.get_log", &json!({"endpoints": ["auth.*"]}));
    let list = answer["data"]["entries"].as_array().unwrap();
    assert_eq!((endpoints(list), &list[0]["source"]), (vec!["auth.create_credentials"], &json!("security")));
    assert_eq!(list[0]["auth"]["identity"]["user_name"], "Administrator");
}

/// Stores calls at given times: `(milliseconds, endpoint, user, code, object)`.
fn store(front: &FrontDoor, calls: &[(i64, &str, &str, u16, &str)]) {
    let rows: Vec<(CallRow, String)> = calls
        .iter()
        .enumerate()
        .map(|(nth, (at, endpoint, user, code, object))| {
            let row = CallRow {
                at: Millis(*at),
                company: "acme".to_owned(),
                call_id: format!("{nth:032x}"),
                endpoint: (*endpoint).to_owned(),
                user: Some((*user).to_owned()),
                actor: None,
                ip: Some(format!("10.0.0.{nth}")),
                code: *code,
                subcode: 0,
                objects: vec![(*object).to_owned()],
            };
            let entry = json!({"@timestamp": Millis(*at).to_zulu(), "call_id": row.call_id, "endpoint": endpoint,
                               "result": {"code": code}, "words": format!("Entry {nth}")});
            (row, entry.to_string())
        })
        .collect();
    let log = front.app.calls.get().unwrap();
    log.store.append(&front.app.keys.audit, rows.iter().map(|(row, text)| (row, text.as_str()))).unwrap();
}

const CALLS: [(i64, &str, &str, u16, &str); 6] = [
    (1_700_000_000_000, "tasks.create", "ann", 200, "t1"),
    (1_700_000_001_000, "tasks.edit", "bob", 403, "t1"),
    (1_700_000_001_000, "tasks.edit", "bob", 200, "t2"),
    (1_700_000_002_000, "queues.get_all", "ann", 200, "q1"),
    (1_700_000_003_000, "models.edit", "eve", 400, "m1"),
    (1_700_000_004_000, "tasks.delete", "ann", 200, "t2"),
];

#[test]
fn filters_narrow_the_list() {
    let front = FrontDoor::open();
    store(&front, &CALLS);
    let found = |request: Value| -> Vec<String> {
        let mut request = request;
        // Reading the log is part of it from then on.
        request["to_timestamp"] =
            request.get("to_timestamp").cloned().unwrap_or(json!(1_700_000_009_000_i64));
        let list = entries(&boss(&front), request);
        list.iter().map(|entry| entry["words"].as_str().unwrap()[6..].to_owned()).collect()
    };
    assert_eq!(found(json!({})), ["5", "4", "3", "2", "1", "0"]);
    assert_eq!(found(json!({"order": "asc"})), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(found(json!({"users": ["bob", "eve"]})), ["4", "2", "1"]);
    assert_eq!(found(json!({"endpoints": ["tasks.*"]})), ["5", "2", "1", "0"]);
    assert_eq!(found(json!({"endpoints": ["tasks.*", "-*.edit"]})), ["5", "0"]);
    assert_eq!(found(json!({"codes": [403, 400]})), ["4", "1"]);
    assert_eq!(found(json!({"ips": ["10.0.0.3"]})), ["3"]);
    assert_eq!(found(json!({"task": "t2"})), ["5", "2"]);
    assert_eq!(found(json!({"search": "entry 4"})), ["4"]);
    assert_eq!(
        found(json!({"from_timestamp": "2023-11-14T22:13:21Z", "to_timestamp": 1_700_000_002})),
        ["3", "2", "1"]
    );
    for wrong in [
        json!({"order": "up"}),
        json!({"from_timestamp": "yesterday"}),
        json!({"page_size": 501}),
        json!({"page_size": 0}),
        json!({"users": vec!["x"; 101]}),
        json!({"codes": ["x"]}),
        json!({"search": "x".repeat(257)}),
    ] {
        assert_eq!(boss(&front).err("audit.get_log", wrong.clone()), (400, 12), "{wrong}");
    }
}

#[test]
fn pages_and_scrolls_hold_each_entry_once() {
    let front = FrontDoor::open();
    store(&front, &CALLS);
    let until = json!(1_700_000_009_000_i64);
    for order in ["asc", "desc"] {
        let (mut seen, mut scroll) = (Vec::new(), Value::Null);
        loop {
            let request = json!({"page_size": 2, "order": order, "to_timestamp": until, "scroll_id": scroll});
            let answer = boss(&front).ok("audit.get_log", request);
            assert_eq!(answer["total"], 6);
            seen.extend(
                answer["entries"].as_array().unwrap().iter().map(|entry| entry["call_id"].to_string()),
            );
            scroll = answer["scroll_id"].clone();
            if scroll.is_null() {
                break;
            }
        }
        assert_eq!(seen.len(), 6);
        assert_eq!(seen.iter().collect::<std::collections::HashSet<_>>().len(), 6);
        let paged: Vec<String> = (0..3)
            .flat_map(|page| {
                entries(
                    &boss(&front),
                    json!({"page": page, "page_size": 2, "order": order, "to_timestamp": until}),
                )
            })
            .map(|entry| entry["call_id"].to_string())
            .collect();
        assert_eq!(paged, seen);
    }
    // S18: a scroll id is of one list and one reader.
    let first = boss(&front).ok("audit.get_log", json!({"page_size": 2, "to_timestamp": until}));
    let id = first["scroll_id"].as_str().unwrap();
    let go_on = |more: Value| {
        let mut request = json!({"page_size": 2, "to_timestamp": until, "scroll_id": id});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        request
    };
    boss(&front).ok("audit.get_log", go_on(json!({})));
    assert_eq!(boss(&front).err("audit.get_log", go_on(json!({"users": ["ann"]}))), (400, 1104));
    assert_eq!(boss(&front).err("audit.get_log", go_on(json!({"scroll_id": format!("{id}0")}))), (400, 1104));
    assert_eq!(
        front.visitor("acme", "eve").role(Role::Admin).err("audit.get_log", go_on(json!({}))),
        (400, 1104)
    );
    assert_eq!(
        front.visitor("zoo", "boss").role(Role::Admin).err("audit.get_log", go_on(json!({}))),
        (400, 1104)
    );
}

#[test]
fn an_export_is_exactly_what_was_filtered() {
    let front = FrontDoor::open();
    store(&front, &CALLS);
    let many: Vec<_> =
        (0..1203).map(|nth| (1_600_000_000_000 + nth, "tasks.ping", "ann", 200, "t9")).collect();
    store(&front, &many);
    let (name, text) = boss(&front).download("audit.export", json!({"users": ["ann"]})).unwrap();
    assert_eq!(name, "audit.jsonl");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1203 + 3);
    let times: Vec<&str> = lines.iter().map(|line| line["@timestamp"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    assert_eq!(
        entries(&boss(&front), json!({"page_size": 1}))[0]["endpoint"],
        "audit.export",
        "and recorded"
    );
    let filters = boss(&front).ok("audit.get_filters", json!({}));
    let users: Vec<&str> =
        filters["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert!(["ann", "bob", "boss", "eve"].iter().all(|user| users.contains(user)));
    assert!(filters["endpoints"].as_array().unwrap().contains(&json!("audit.export")));
    assert_eq!(
        front.visitor("zoo", "boss").role(Role::Admin).ok("audit.get_filters", json!({}))["users"],
        json!([])
    );
}

#[test]
fn the_status_counts_what_was_lost() {
    let front = FrontDoor::open();
    let admin = first_admin(&front);
    let status = || boss(&front).ok("audit.get_status", json!({}));
    assert_eq!(status()["dropped"], 0);
    // Nobody writes the log out here: calls go on, and what does not fit is counted.
    let log = front.app.calls.get().unwrap();
    for _ in 0..10_003 {
        log.push(crate::domain::audit::Entry {
            at: Millis(0),
            row: Some(CallRow::default()),
            json: Value::Null,
        });
    }
    assert_eq!(send(&front, &admin, "auth.create_credentials", &json!({})).0, 200);
    let status = status();
    assert_eq!(status["dropped"], 4);
    assert_eq!(
        (&status["adapters"][0]["adapter"], &status["adapters"][0]["waiting"]),
        (&json!("store"), &json!(10_000))
    );
    assert!(
        status["chains"]
            .as_array()
            .unwrap()
            .iter()
            .any(|chain| chain["chain"] == "security" && chain["count"].as_i64() > Some(0))
    );
}

#[test]
fn s26_header_text_is_claimed_and_harmless() {
    let text = format!("evil\n\u{1b}[31m{}", "x".repeat(400));
    let kept = crate::domain::audit::header_text(&text);
    assert_eq!(kept.chars().count(), 256);
    assert!(kept.starts_with("evil[31mx") && !kept.contains('\n'));
}

#[test]
fn s26_heads_go_out_and_each_file_keeps_those_of_the_other() {
    let front = with(|settings| settings.apiserver.apilog.adapter = vec![Adapter::Store, Adapter::RawLog]);
    let admin = first_admin(&front);
    send(&front, &admin, "tasks.create", &json!({"name": "demo", "type": "training"}));
    send(&front, &admin, "auth.create_credentials", &json!({}));
    front.flush_log();
    let mut told = std::collections::BTreeMap::new();
    crate::domain::audit::emit_heads(&front.app, &mut told).unwrap();
    let log = front.app.calls.get().unwrap();
    let outside: Vec<Value> = log.sinks[1].take().unwrap().iter().map(|entry| entry.json.clone()).collect();
    let heads: Vec<&Value> = outside.iter().filter(|entry| entry["type"] == "audit_head").collect();
    let chains: Vec<&str> = heads.iter().map(|head| head["chain"].as_str().unwrap()).collect();
    assert_eq!(chains, ["security", "trail", "calls"]);
    assert_eq!(log.sinks[0].counters().0, 0, "the store keeps heads by itself");
    assert!(crate::domain::audit::verify(&front.app).unwrap().is_sound());
    // Nothing new, nothing told.
    crate::domain::audit::emit_heads(&front.app, &mut told).unwrap();
    assert_eq!(log.sinks[1].counters().0, 0);
    front.sql("DELETE FROM security_event WHERE seq = (SELECT max(seq) FROM security_event)", []);
    let verification = crate::domain::audit::verify(&front.app).unwrap();
    assert!(verification.flaw().unwrap().contains("missing"), "{verification:?}");
    assert_eq!(boss(&front).ok("audit.get_status", json!({}))["verified"]["sound"], false);
}
