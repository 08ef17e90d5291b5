//! Hostile requests against every endpoint that the server lists: never a 5xx, never a panic, always an answer that
//! gives nothing away. The yard fails a test whose server logs a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::yard::{Call, Client, Yard};

/// Every endpoint with its request schema.
fn endpoints(yard: &Yard) -> Vec<(String, Value)> {
    let listed = yard.system().ok("server.endpoints", json!({}));
    let listed = listed["endpoints"].as_object().unwrap().clone();
    assert!(listed.len() >= 25, "{} endpoints", listed.len());
    listed.into_iter().map(|(name, rows)| (name, rows[0]["request_data_model"].clone())).collect()
}

/// Names of the fields that an endpoint knows.
fn fields(schema: &Value) -> Vec<String> {
    schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
}

/// Names that many endpoints treat in a way of their own.
const SPECIAL: [&str; 15] = [
    "id",
    "ids",
    "task",
    "tasks",
    "only_fields",
    "order_by",
    "page",
    "page_size",
    "scroll_id",
    "size",
    "name",
    "_any_",
    "_all_",
    "filters",
    "search_text",
];

/// Values that no field expects.
fn odd_values() -> Vec<Value> {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!(true),
        json!(""),
        json!("\u{0}"),
        json!("'; DROP TABLE task; --"),
        json!("a%2Eb.__$x.$y..%"),
        json!("(((((("),
        json!("(a+)+$"),
        json!("ü\u{202e}\u{10ffff}"),
        json!("x".repeat(100_000)),
        json!([]),
        json!([null, 5, "__$not", "-", {"a": []}]),
        json!({}),
        json!({"": 1, "$where": "1", "a.b": {"__proto__": null}, "id": "x"}),
        deep,
    ]
}

/// Bodies that are no object, or not JSON.
fn odd_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let lines = "application/json-lines";
    vec![
        (json, b"{\"a\":".to_vec()),
        (json, b"[1,2]".to_vec()),
        (json, b"\"text\"".to_vec()),
        (json, b"\xff\xfe\x00{".to_vec()),
        (json, b"{\"a\":\"\\ud800\"}".to_vec()),
        (json, b"{\"a\":1e999}".to_vec()),
        (json, b"{\"a\":NaN}".to_vec()),
        (json, format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000)).into_bytes()),
        (json, format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000)).into_bytes()),
        (json, b"{\"task\":\"x\",\"task\":5}".to_vec()),
        (lines, b"\n\n{}\n".to_vec()),
        (lines, b"{}\n5\n".to_vec()),
        (lines, b"{\"type\":\"training_stats_scalar\"}\n{".to_vec()),
        ("application/x-www-form-urlencoded", b"a[b]=1&a=2&%ff=%00&&=&ids[]=".to_vec()),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1".to_vec(),
        ),
        ("multipart/form-data", b"no boundary".to_vec()),
        ("\u{e9}/plain", b"{}".to_vec()),
    ]
}

/// Sends it and checks what every answer must be.
fn survive(call: Call, endpoint: &str, what: &str) {
    let response = call.send().unwrap_or_else(|error| panic!("{endpoint} with {what}: no answer: {error}"));
    let status = response.status().as_u16();
    let text = response.text().unwrap_or_default();
    let shown: String = text.chars().take(600).collect();
    assert!(status < 500, "{endpoint} with {what}: {status} {shown}");
    let lower = text.to_lowercase();
    for leak in ["sqlite", "select ", "insert into", "/src/", "panicked", "rusqlite", "roundhouse-yard-"] {
        let sent = what.to_lowercase().contains(leak);
        assert!(
            sent || status == 200 || !lower.contains(leak),
            "{endpoint} with {what}: {leak:?} in {shown}"
        );
    }
}

/// Calls that end the very session that makes them.
fn ends_the_session(endpoint: &str) -> bool {
    matches!(endpoint, "auth.logout" | "login.logout")
}

/// Splits the endpoints among a few threads: the server shall also meet nonsense concurrently.
fn everywhere(yard: &Yard, client: &Client, attack: impl Fn(&Client, &str, &Value) + Sync) {
    let endpoints = endpoints(yard);
    std::thread::scope(|scope| {
        let threads: Vec<_> = endpoints
            .chunks(endpoints.len().div_ceil(4))
            .map(|chunk| {
                let attack = &attack;
                scope.spawn(move || {
                    for (name, schema) in chunk.iter().filter(|(name, _)| !ends_the_session(name)) {
                        attack(client, name, schema);
                    }
                })
            })
            .collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    yard.nobody().path("/debug.ping").answer().ok();
}

/// Fields one by one with values that nobody expects.
#[test]
fn odd_values_in_every_field_of_every_endpoint() {
    let yard = Yard::start();
    let client = yard.by_pair(&yard.admin_pair());
    everywhere(&yard, &client, |client, endpoint, schema| {
        for field in fields(schema) {
            for value in odd_values() {
                let mut body = Map::new();
                body.insert(field.clone(), value);
                let body = Value::Object(body);
                let shown: String = body.to_string().chars().take(200).collect();
                survive(client.request(endpoint).json(&body), endpoint, &shown);
            }
        }
    });
}

/// All fields at once with the same value, as an administrator and as an identity of the platform.
#[test]
fn odd_values_in_all_fields_at_once() {
    let yard = Yard::start();
    for client in [yard.by_pair(&yard.admin_pair()), yard.by_pair(&yard.system_pair("apiserver"))] {
        everywhere(&yard, &client, |client, endpoint, schema| {
            for value in odd_values() {
                let special = SPECIAL.iter().map(|name| (*name).to_owned());
                let all = fields(schema).into_iter().chain(special);
                let body: Map<String, Value> = all.map(|field| (field, value.clone())).collect();
                let shown: String = value.to_string().chars().take(200).collect();
                survive(client.request(endpoint).json(&Value::Object(body)), endpoint, &shown);
            }
        });
    }
}

#[test]
fn odd_bodies_headers_and_queries() {
    let yard = Yard::start();
    let client = yard.by_pair(&yard.admin_pair());
    everywhere(&yard, &client, |client, endpoint, _| {
        for (media_type, body) in odd_bodies() {
            let shown: String = String::from_utf8_lossy(&body).chars().take(60).collect();
            let call = client.request(endpoint).header("content-type", media_type).bytes(body);
            survive(call, endpoint, &format!("{media_type}: {shown}"));
        }
        for version in ["1.0", "2.1", "2.2", "2.13", "2.16", "20", "999999999.9999999999", "0.0"] {
            survive(
                client.at(version).request(endpoint).json(&json!({"task": "x", "id": "y"})),
                endpoint,
                version,
            );
        }
        for query in
            ["?%ff=%fe", "?a[[[=1&a]]=2", "?a.b.c.d=1&a=2", "?....=1", "?page=9999999999999999999999"]
        {
            let path = format!("/v2.23/{endpoint}{query}");
            survive(client.path(&path).method(Method::GET), endpoint, query);
        }
        let nothing = json!({});
        for (name, value) in [
            ("x-clearml-impersonate-as", "'\"\u{fc}"),
            ("x-clearml-act-as", "nosuch"),
            ("x-clearml-tenant", "nosuch"),
            ("x-clearml-worker", "w\u{fc}'\"<script>"),
            ("x-clearml-trx", "../../\u{fc}"),
            ("x-forwarded-for", "1.2.3.4, ::1, \u{fc}"),
            ("origin", "null"),
            ("accept-encoding", "gzip;q=nan, \u{fc}"),
            ("authorization", "Bearer \u{fc}"),
            ("authorization", "Basic ////"),
            ("cookie", "clearml_token_basic=;;;=\u{fc}"),
        ] {
            survive(
                client.request(endpoint).header(name, value).json(&nothing),
                endpoint,
                &format!("{name}: {value}"),
            );
        }
    });
}

/// Without credentials nothing is done and nothing is told, except where the protocol says so.
#[test]
fn strangers_get_nothing() {
    let yard = Yard::start();
    let open = ["debug.ping", "auth.fixed_users_mode", "login.supported_modes", "login.logout"];
    for (endpoint, _) in endpoints(&yard) {
        let own = yard.nobody().call(&endpoint, json!({}));
        if open.contains(&endpoint.as_str()) {
            own.ok();
        } else {
            own.is(401, 20);
            assert_eq!(own.data, json!({}), "{endpoint}");
        }
    }
}

/// Bytes that are not even HTTP, or that never end.
#[test]
fn odd_bytes_on_the_socket() {
    let yard = Yard::start();
    let huge_header =
        format!("GET /debug.ping HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "a".repeat(1 << 20));
    let many_headers = format!("GET /debug.ping HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(5000));
    let attacks: Vec<Vec<u8>> = vec![
        b"\0\0\0\0".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET /debug.ping HTTP/9.9\r\n\r\n".to_vec(),
        b"POST /debug.ping HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n".to_vec(),
        b"POST /debug.ping HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n".to_vec(),
        b"POST /debug.ping HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}".to_vec(),
        b"POST /debug.ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n".to_vec(),
        b"POST /debug.ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n".to_vec(),
        b"GET /%00%ff%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET http://elsewhere.example/debug.ping HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /debug.ping HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        huge_header.into_bytes(),
        many_headers.into_bytes(),
    ];
    for port in yard.ports() {
        for attack in &attacks {
            let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            socket.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
            // The server may hang up at any point; it must not break.
            let _ = socket.write_all(attack);
            let mut answer = vec![0; 4096];
            let length = socket.read(&mut answer).unwrap_or(0);
            let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
            let shown = String::from_utf8_lossy(&attack[..attack.len().min(80)]).into_owned();
            assert!(!answer.starts_with("HTTP/1.1 5"), "port {port}, {shown:?}: {answer}");
            assert!(!answer.contains("root:"), "port {port}, {shown:?}: {answer}");
        }
    }
    yard.nobody().path("/debug.ping").answer().ok();
}

/// A body above the limit is refused before it is read, and a stranger may send even less.
#[test]
fn bodies_have_a_limit() {
    let yard = Yard::secure().env("CLEARML__apiserver__request__max_body_bytes", "4000000").start();
    let text = |length: usize| json!({"msg": "x".repeat(length)});
    let admin = yard.admin();
    assert_eq!(admin.call("debug.ping", text(3_000_000)).ok()["msg"].as_str().unwrap().len(), 3_000_000);
    admin.call("debug.ping", text(4_500_000)).is(400, 0);
    yard.nobody().call("debug.ping", text(500_000)).ok();
    yard.nobody().call("debug.ping", text(3_000_000)).is(400, 0);
}
