//! Attacks over the wire, one test per door that an attacker would try (spec/security_rules.md).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::json;

use crate::yard::{Client, Yard};

const ME: &str = "users.get_current_user";

fn with_cookie(yard: &Yard, token: &str) -> Client {
    yard.nobody().with("cookie", &format!("clearml_token_basic={token}"))
}

/// S20, S21: what an unknown peer writes into forwarding headers makes no foreign origin ours.
#[test]
fn s20_s21_a_forwarded_host_makes_no_origin_ours() {
    let yard = Yard::start();
    let token = yard.admin().token();
    let page = with_cookie(&yard, &token);
    page.with("origin", &yard.web()).call(ME, json!({})).ok();
    for (name, value) in [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")] {
        let forged = page.with("origin", "http://evil.example").with(name, value);
        let answer = forged.call(ME, json!({}));
        answer.is(403, 40);
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{name}");
    }
}

/// S20: another site can't sign people out by a link.
#[test]
fn s20_a_foreign_link_signs_nobody_out() {
    let yard = Yard::start();
    let token = yard.admin().token();
    let page = with_cookie(&yard, &token);
    page.request("login.logout").method(Method::GET).answer().ok();
    page.with("origin", "http://evil.example").call("login.logout", json!({})).ok();
    yard.nobody().bearer(&token).call(ME, json!({})).ok();
    // Positive control: our own page and the token itself do sign out.
    page.with("origin", &yard.web()).call("login.logout", json!({})).ok();
    yard.nobody().bearer(&token).call(ME, json!({})).is(401, 30);
}

/// S24: clients that never finish their bodies do not keep others from being served.
#[test]
fn s24_slow_bodies_hold_no_places() {
    use std::io::Write as _;
    let yard = Yard::start();
    let address = yard.api().trim_start_matches("http://").to_owned();
    let slow: Vec<std::net::TcpStream> = (0..300)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            let head = "POST /debug.ping HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{";
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = std::time::Instant::now();
    yard.nobody().call("debug.ping", json!({})).ok();
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(slow);
}

/// S26: a wrong password is a security event whichever call it came with.
#[test]
fn s26_a_wrong_password_is_audited_on_any_call() {
    let yard = Yard::start();
    yard.nobody().basic("admin", "wrong").call(ME, json!({})).is(401, 22);
    let database = rusqlite::Connection::open(yard.data().join("roundhouse.db")).unwrap();
    let failures: i64 = database
        .query_row(
            "SELECT count(*) FROM security_event WHERE operation = 'auth.login' AND code = 401",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(failures, 1);
}
