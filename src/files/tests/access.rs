use super::yard::{FORM, PAGE_COOKIE, Yard, form};
use crate::{
    config::settings::apiserver::CorsOrigins,
    domain::{Call, Caller, Ctx, files::testing::HOME, identity},
    types::UserId,
};

/// Everything that reads or changes files; each must answer `status`.
fn all_answer(yard: &Yard, headers: &[(&str, &str)], status: u16) {
    yard.put("p/a", b"x");
    let with_form: Vec<_> = headers.iter().copied().chain([FORM]).collect();
    assert_eq!(yard.send("GET", "/p/a", headers, b"").status, status);
    assert_eq!(yard.send("HEAD", "/p/a", headers, b"").status, status);
    assert_eq!(yard.send("POST", "/", &with_form, &form(&[("p/b", b"y")])).status, status);
    assert_eq!(yard.send("POST", "/delete_many", headers, br#"{"files": ["p/b"]}"#).status, status);
    assert_eq!(yard.send("DELETE", "/p/a", headers, b"").status, status);
}

#[test]
fn case_01_health_needs_no_credentials_but_wrong_ones_are_told() {
    let yard = Yard::start();
    let reply = yard.send("GET", "/", &[], b"");
    assert_eq!((reply.status, reply.text(), reply.header("server")), (200, "OK", Some("clearml")));
    assert_eq!(yard.call("GET", "/").status, 200);
    assert_eq!(yard.send("GET", "/", &[("Authorization", "Bearer garbage")], b"").status, 401);
    assert_eq!(yard.send("GET", "/", &[("Cookie", "clearml_token_basic=garbage")], b"").status, 401);
    assert_eq!(yard.send("HEAD", "/", &[], b"").status, 200);
    assert_eq!(yard.send("OPTIONS", "/", &[], b"").status, 200);
}

#[test]
fn case_11_without_credentials_nothing_works_unless_files_are_open() {
    let yard = Yard::start();
    let bearer = format!("Bearer {}", yard.token);
    all_answer(&yard, &[("Authorization", &bearer)], 200);
    all_answer(&yard, &[], 401);
    let reply = yard.send("GET", "/p/a", &[], b"");
    assert_eq!(reply.header("www-authenticate"), None, "no challenge page");
    assert_eq!(yard.send("GET", &format!("/p/a?token={}", yard.token), &[], b"").status, 401);
    assert_eq!(yard.get("/p/a").status, 200, "nobody deleted it");
    let open = Yard::with(|settings| settings.fileserver.auth.enabled = false);
    all_answer(&open, &[], 200);
}

#[test]
fn open_files_are_not_open_to_other_sites() {
    let yard = Yard::with(|settings| settings.fileserver.auth.enabled = false);
    all_answer(&yard, &[("Origin", "https://ui.example")], 200);
    yard.put("p/a", b"x");
    let foreign = [("Origin", "https://evil.example"), FORM];
    assert_eq!(yard.send("POST", "/", &foreign, &form(&[("p/a", b"evil")])).status, 403);
    assert_eq!(yard.send("DELETE", "/p/a", &foreign[..1], b"").status, 403);
    assert_eq!(yard.get("/p/a").body, b"x");
}

#[test]
fn case_12_basic_is_refused_even_with_valid_credentials() {
    let yard = Yard::start();
    let caller = yard.house.caller_of(&yard.token);
    let ctx = Ctx::new(&yard.house.app, caller, Call::internal());
    let pair = identity::create_credential(&ctx, None, None).unwrap();
    let text = format!("{}:{}", pair.access_key, pair.secret_key.expose());
    let basic = format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text));
    all_answer(&yard, &[("Authorization", &basic)], 401);
    all_answer(&yard, &[("Authorization", &format!("bearer {}", yard.token))], 401);
    all_answer(&yard, &[("Authorization", "")], 401);
    let reply = yard.send("GET", "/p/a", &[("Authorization", &basic)], b"");
    assert!(reply.text().contains("Bearer"), "{}", reply.text());
}

#[test]
fn case_13_14_a_cookie_works_until_it_expires_and_a_header_goes_first() {
    let yard = Yard::start();
    yard.put("p/a", b"x");
    let cookie = format!("other=1; clearml_token_basic={}", yard.token);
    assert_eq!(yard.send("GET", "/p/a", &[("Cookie", &cookie)], b"").status, 200);
    let bad_header = [("Cookie", cookie.as_str()), ("Authorization", "Bearer garbage")];
    assert_eq!(yard.send("GET", "/p/a", &bad_header, b"").status, 401);

    let short = format!("clearml_token_basic={}", yard.house.token(&yard.house.admin, 1));
    assert_eq!(yard.send("GET", "/p/a", &[("Cookie", &short)], b"").status, 200);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(yard.send("GET", "/p/a", &[("Cookie", &short)], b"").status, 401);
}

#[test]
fn case_15_a_revoked_token_is_dead_at_once() {
    let yard = Yard::start();
    let token = yard.house.token(&yard.house.admin, 3600);
    let bearer = format!("Bearer {token}");
    all_answer(&yard, &[("Authorization", &bearer)], 200);
    yard.house.revoke(&token);
    all_answer(&yard, &[("Authorization", &bearer)], 401);
}

#[test]
fn a_session_of_the_pages_reads_and_changes_files() {
    let yard = Yard::start();
    let secret = crate::crypto::Secret::new("correct horse battery".to_owned());
    identity::set_password(&yard.house.app, "ann", &secret, false).unwrap();
    let nobody = Ctx::new(&yard.house.app, Caller::anonymous(), Call::internal());
    let session = identity::sign_in(&nobody, "ann", secret.expose()).unwrap();
    let cookie = format!("{PAGE_COOKIE}={}", session.cookie.expose());
    all_answer(&yard, &[("Cookie", &cookie), ("Origin", "https://ui.example")], 200);
    assert_eq!(yard.send("GET", "/p/a", &[("Cookie", &format!("{PAGE_COOKIE}=guess"))], b"").status, 401);
}

#[test]
fn s20_with_a_cookie_only_our_own_pages_change_files() {
    let yard = Yard::start();
    yard.put("p/a", b"x");
    let cookie = format!("clearml_token_basic={}", yard.token);
    let ours = [("Cookie", cookie.as_str()), ("Origin", "https://ui.example"), FORM];
    assert_eq!(yard.send("POST", "/", &ours, &form(&[("p/b", b"y")])).status, 200);
    for origin in ["https://evil.example", "null", "http://box.evil.example:8081", "http://box:9999"] {
        let foreign = [("Cookie", cookie.as_str()), ("Origin", origin), FORM];
        assert_eq!(yard.send("POST", "/", &foreign, &form(&[("p/b", b"evil")])).status, 403, "{origin}");
        assert_eq!(yard.send("DELETE", "/p/a", &foreign[..2], b"").status, 403, "{origin}");
        let body = br#"{"files": ["p"]}"#;
        assert_eq!(yard.send("POST", "/delete_many", &foreign[..2], body).status, 403, "{origin}");
    }
    let unsaid = [("Cookie", cookie.as_str()), FORM];
    assert_eq!(yard.send("POST", "/", &unsaid, &form(&[("p/b", b"evil")])).status, 403, "no origin at all");
    assert_eq!((yard.get("/p/a").body, yard.get("/p/b").body), (b"x".to_vec(), b"y".to_vec()));
    // A program with a token may come from anywhere.
    let foreign = [("Origin", "https://evil.example"), FORM];
    assert_eq!(yard.call_with("POST", "/", &foreign, &form(&[("p/b", b"z")])).status, 200);
}

#[test]
fn s14_tenants_share_addresses_but_never_files() {
    let yard = Yard::start();
    let eve = yard.house.person("eve", "other");
    let bearer = format!("Bearer {}", yard.house.token(&eve, 3600));
    let as_eve = |method: &str, path: &str, body: &[u8]| {
        let headers = [("Authorization", bearer.as_str()), FORM];
        yard.send(method, path, &headers[..if body.is_empty() { 1 } else { 2 }], body)
    };
    yard.put("p/a", b"ours");
    assert_eq!(yard.get("/p/a").body, b"ours");
    assert_eq!(as_eve("GET", "/p/a", b"").status, 404);
    assert_eq!(as_eve("DELETE", "/p/a", b"").status, 404);
    for path in [format!("/../{HOME}/p/a"), format!("/..%2f{HOME}%2fp%2fa"), format!("/{HOME}/p/a")] {
        assert_eq!(as_eve("GET", &path, b"").status, 404, "{path}");
    }
    assert_eq!(as_eve("POST", "/", &form(&[("p/a", b"theirs")])).status, 200);
    assert_eq!(
        (as_eve("GET", "/p/a", b"").body, yard.get("/p/a").body),
        (b"theirs".to_vec(), b"ours".to_vec())
    );
    let gone = as_eve("POST", "/delete_many", br#"{"files": ["p"]}"#);
    assert_eq!(gone.json()["deleted"]["p"], "p");
    assert_eq!(yard.get("/p/a").body, b"ours");
}

#[test]
fn a_service_account_has_no_cookie() {
    let yard = Yard::start();
    yard.put("p/a", b"x");
    let bot: UserId = yard.house.person("bot", HOME);
    yard.house.sql(HOME, "UPDATE user_auth SET is_service = 1 WHERE id = 'bot'", &[]);
    let token = yard.house.token(&bot, 3600);
    assert_eq!(yard.send("GET", "/p/a", &[("Authorization", &format!("Bearer {token}"))], b"").status, 200);
    assert_eq!(
        yard.send("GET", "/p/a", &[("Cookie", &format!("clearml_token_basic={token}"))], b"").status,
        401
    );
}

#[test]
fn case_27_28_other_origins_are_told_what_they_may() {
    let yard = Yard::start();
    let asked = [
        ("Origin", "https://ui.example"),
        ("Access-Control-Request-Method", "DELETE"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let reply = yard.send("OPTIONS", "/p/a", &asked, b"");
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://ui.example"));
    assert_eq!(reply.header("access-control-allow-headers"), Some("authorization,content-type"));
    assert!(reply.header("access-control-allow-methods").unwrap().contains("DELETE"));
    let missing = yard.call_with("GET", "/none", &asked[..1], b"");
    assert_eq!(
        (missing.status, missing.header("access-control-allow-origin")),
        (404, Some("https://ui.example"))
    );
    assert_eq!(missing.header("vary"), Some("Origin"));
    let foreign = yard.call_with("GET", "/none", &[("Origin", "https://evil.example")], b"");
    assert_eq!(foreign.header("access-control-allow-origin"), None);

    // The reference's default: anybody may read, nobody with the cookie.
    let any = Yard::with(|settings| settings.apiserver.cors.origins = CorsOrigins::Any);
    let foreign = any.call_with("GET", "/none", &[("Origin", "https://evil.example")], b"");
    assert_eq!(foreign.header("access-control-allow-origin"), Some("https://evil.example"));
    assert_eq!(foreign.header("access-control-allow-credentials"), None);
    assert_eq!(any.get("/none").header("access-control-allow-origin"), Some("*"));
}
