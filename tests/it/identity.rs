//! Acceptance cases of spec/protocol.md 8 about people, credentials, tokens and preferences. A name carries the case
//! number; where security_rules.md or governance.md supersede a case, the test says so and shows the rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::yard::{COMPANY, Client, Yard, claims};

const ME: &str = "users.get_current_user";

/// A call with the session cookie and nothing else, as one of our own pages makes it (S20).
fn with_cookie(yard: &Yard, token: &str) -> Client {
    yard.nobody()
        .with("cookie", &format!("a=1; clearml_token_basic={token}; b=2"))
        .with("origin", &yard.web())
}

#[test]
fn cases_18_to_20_credentials_that_are_none() {
    let yard = Yard::start();
    let admin = yard.admin();
    let nobody = yard.nobody();
    let answer = nobody.call(ME, json!({}));
    answer.is(401, 20);
    assert_eq!(answer.header("www-authenticate"), "", "browsers must not ask by themselves");
    // 19: scheme words are case-sensitive.
    let token = admin.token();
    nobody.bearer(&token).call(ME, json!({})).ok();
    nobody.with("authorization", &format!("bearer {token}")).call(ME, json!({})).is(401, 10);
    nobody.with("authorization", "Digest x").call(ME, json!({})).is(401, 10);
    // 20
    nobody.with("authorization", "Basic abc").call(ME, json!({})).is(401, 21);
    let pair = yard.admin_pair();
    yard.by_pair(&pair).call(ME, json!({})).ok();
    nobody.basic(&pair.key, "wrong").call(ME, json!({})).is(401, 22);
    nobody.basic("nobody", "wrong").call(ME, json!({})).is(401, 22);
    nobody.basic("admin", "wrong").call(ME, json!({})).is(401, 22);
}

#[test]
fn cases_21_to_25_tokens() {
    let yard = Yard::reference().start();
    let pair = yard.tests_pair();
    let answer = yard.by_pair(&pair).path("/auth.login").answer();
    let token = answer.ok()["token"].as_str().unwrap().to_owned();
    let claim = claims(&token);
    let header: Value = serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap(),
    )
    .unwrap();
    assert_eq!(header["alg"], "HS256");
    assert_eq!(claim["identity"]["user"], "__tests__");
    assert_eq!(claim["identity"]["role"], "user");
    assert_eq!(claim["identity"]["company"], COMPANY);
    assert_eq!(claim["tenant"], COMPANY);
    assert_eq!(claim["api_version"], "2.34");
    assert_eq!(claim["feature_set"], "advanced");
    let version = claim["server_version"].as_str().unwrap();
    assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    let life = |claim: &Value| claim["exp"].as_i64().map(|exp| exp - claim["iat"].as_i64().unwrap());
    assert_eq!(life(&claim), Some(2_592_000));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with(&format!("clearml_token_basic={token}")), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP on loopback: {cookie}");

    // 22
    let user = yard.default_user();
    let short = user.ok("auth.login", json!({"expiration_sec": 3600}));
    assert_eq!(life(&claims(short["token"].as_str().unwrap())), Some(3600));
    user.call("auth.login", json!({"expiration_sec": 31_536_001})).is(400, 12);
    user.call("auth.login", json!({"expiration_sec": -1})).is(400, 12);
    // 23: identities of the platform live for ever unless they ask.
    let system = yard.by_pair(&yard.system_pair("apiserver"));
    assert_eq!(life(&claims(&system.token())), None);
    let asked = system.ok("auth.login", json!({"expiration_sec": 60}));
    assert_eq!(life(&claims(asked["token"].as_str().unwrap())), Some(60));

    // 24, superseded by S20 in how the cookie may be used; the header wins over it.
    with_cookie(&yard, &token).call(ME, json!({})).ok();
    with_cookie(&yard, &token).bearer("garbage").call(ME, json!({})).is(401, 30);

    // 25: expired, and signed with another key.
    let brief = user.ok("auth.login", json!({"expiration_sec": 1}))["token"].as_str().unwrap().to_owned();
    let brief = yard.nobody().bearer(&brief);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    brief.call(ME, json!({})).is(401, 30);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    yard.nobody().bearer(&token).call(ME, json!({})).ok();
    yard.nobody().bearer(&forged).call(ME, json!({})).is(401, 30);
    let none = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let unsigned = format!("{none}.{}.", token.split('.').nth(1).unwrap());
    yard.nobody().bearer(&unsigned).call(ME, json!({})).is(401, 30);
}

/// S20: a cookie alone makes a call only as POST with JSON from one of our own pages.
#[test]
fn cases_39_64_and_s20_the_cookie() {
    let yard = Yard::start();
    let admin = yard.admin();
    let token = admin.token();
    let page = with_cookie(&yard, &token);
    page.call(ME, json!({})).ok();
    let refused = |call: crate::yard::Call| call.answer().is(403, 40).data.clone();
    refused(page.request(ME).without("origin").json(&json!({})));
    refused(page.request(ME).header("origin", "http://evil.example").json(&json!({})));
    refused(page.request(ME).header("origin", "null").json(&json!({})));
    refused(page.request(ME).method(Method::GET));
    refused(page.request(ME).header("content-type", "text/plain").bytes("{}"));
    // 39
    let modes = |client: &Client| client.ok("login.supported_modes", json!({}));
    let found = modes(&yard.nobody());
    assert_eq!((&found["authenticated"], &found["basic"]["enabled"]), (&json!(false), &json!(true)));
    assert_eq!(found["basic"]["guest"]["enabled"], false);
    assert_eq!(modes(&page)["authenticated"], true);
    let brief = admin.ok("auth.login", json!({"expiration_sec": 1}))["token"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(modes(&with_cookie(&yard, &brief))["authenticated"], false);
    // 64: an empty header hides the cookie.
    page.with("authorization", "").call(ME, json!({})).is(401, 20);
}

#[test]
fn cases_26_and_65_signing_out() {
    let yard = Yard::start();
    let pair = yard.admin_pair();
    let [first, second, third, fourth] = [(); 4].map(|()| yard.by_pair(&pair).token());
    let by = |token: &str| yard.nobody().bearer(token);
    by(&first).call(ME, json!({})).ok();
    let answer = by(&first).call("auth.logout", json!({}));
    answer.ok();
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    by(&first).call(ME, json!({})).is(401, 30);
    by(&second).call(ME, json!({})).ok();
    // 65: with only the cookie.
    with_cookie(&yard, &second).call("auth.logout", json!({})).ok();
    by(&second).call(ME, json!({})).is(401, 30);
    by(&third).call("login.logout", json!({})).ok();
    by(&third).call(ME, json!({})).is(401, 30);
    by(&third).call("login.logout", json!({})).ok();
    by(&third).call("auth.logout", json!({})).is(401, 30);
    // A token gets a fresh one, and a cookie.
    let answer = by(&fourth).call("auth.login", json!({}));
    let fresh = answer.ok()["token"].as_str().unwrap().to_owned();
    assert_ne!(claims(&fresh)["session_id"], claims(&fourth)["session_id"]);
    assert!(answer.header("set-cookie").contains(&fresh));
    let quiet = by(&fourth).call("auth.login", json!({"set_cookie": false}));
    quiet.ok();
    assert_eq!(quiet.header("set-cookie"), "");
    // Revocation outlives the process.
    let mut yard = yard;
    yard.restart();
    yard.nobody().bearer(&first).call(ME, json!({})).is(401, 30);
    yard.nobody().bearer(&fresh).call(ME, json!({})).ok();
}

/// Case 30's "earlier token still valid" is superseded by governance.md 5.3: what a key obtained ends with the key.
#[test]
fn cases_27_to_30_api_credentials() {
    let yard = Yard::reference().start();
    // 27: an identity of the configuration has what the configuration says.
    yard.default_user().call("auth.create_credentials", json!({})).is(400, 301);

    let ann = yard.user("ann");
    let made = ann.ok("auth.create_credentials", json!({"label": "ci"}));
    let made = &made["credentials"];
    let (key, secret) = (made["access_key"].as_str().unwrap(), made["secret_key"].as_str().unwrap());
    assert!(key.len() == 30 && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{key}");
    assert_eq!(secret.len(), 67);
    assert!(!secret.starts_with(['-', '_']), "{secret}");
    assert_eq!(made["label"], "ci");
    let listed = |key: &str| {
        let all = ann.ok("auth.get_credentials", json!({}));
        let all = all["credentials"].as_array().unwrap().clone();
        assert!(all.iter().all(|credential| credential.get("secret_key").is_none()), "{all:?}");
        all.into_iter().find(|credential| credential["access_key"] == key)
    };
    let credential = listed(key).unwrap();
    assert_eq!(credential["label"], "ci");
    assert_eq!(credential.get("last_used"), None);
    // 29
    let machine = yard.nobody().basic(key, secret);
    machine.with("x-clearml-worker", "box1").call(ME, json!({})).ok();
    let credential = listed(key).unwrap();
    assert!(credential["last_used"].is_string());
    assert_eq!(credential["last_used_from"], "box1");
    // 30
    ann.call("auth.edit_credentials", json!({"access_key": "NOSUCH"})).is(400, 75);
    ann.ok("auth.edit_credentials", json!({"access_key": key, "label": "renamed"}));
    assert_eq!(listed(key).unwrap()["label"], "renamed");
    ann.call("auth.revoke_credentials", json!({"access_key": "NOSUCH"})).is(400, 300);
    ann.call("auth.revoke_credentials", json!({})).is(400, 12);
    let bob = yard.user("bob");
    bob.call("auth.revoke_credentials", json!({"access_key": key})).is(400, 300);
    bob.call("auth.edit_credentials", json!({"access_key": key, "label": "mine"})).is(400, 75);
    let session = machine.signed_in();
    session.call(ME, json!({})).ok();
    assert_eq!(ann.ok("auth.revoke_credentials", json!({"access_key": key}))["revoked"], 1);
    machine.call(ME, json!({})).is(401, 22);
    session.call(ME, json!({})).is(401, 30);
    ann.call(ME, json!({})).ok();
    assert_eq!(listed(key), None);
}

#[test]
fn cases_31_to_34_and_66_creating_and_acting_for_people() {
    let yard = Yard::reference().start();
    let web = yard.by_pair(&yard.webserver_pair());
    let user = yard.default_user();
    let ann = json!({"name": "Ann", "company": COMPANY, "email": "ann@yard.example"});
    user.call("auth.create_user", ann.clone()).is(403, 20);
    let id = web.ok("auth.create_user", ann.clone())["id"].as_str().unwrap().to_owned();
    web.call("auth.create_user", ann).is(400, 801);
    let with = |name: &str, value: &str| {
        let mut body = json!({"name": "B", "company": COMPANY, "email": "b@yard.example"});
        body[name] = value.into();
        body
    };
    web.call("auth.create_user", with("email", "ANN@yard.example")).is(400, 801);
    web.call("auth.create_user", with("company", "nosuch")).is(400, 10);
    web.call("auth.create_user", with("email", "no address")).is(400, 22);
    web.call("auth.create_user", with("role", "emperor")).is(400, 12);
    assert_eq!(web.ok("users.get_by_id", json!({"user": id}))["user"]["name"], "Ann");
    // 32
    let claim = claims(&web.impersonating(&id).token());
    assert_eq!(claim["identity"]["user"], id.as_str());
    assert_eq!(claim["identity"]["role"], "user");
    assert!(claim["exp"].is_i64());
    // 33
    user.impersonating(&id).call(ME, json!({})).is(400, 6);
    web.impersonating("nosuch").call(ME, json!({})).is(400, 6);
    web.impersonating(&id).with("x-clearml-act-as", &id).call(ME, json!({})).is(400, 5);
    let me = web.impersonating(&id).ok(ME, json!({}));
    assert_eq!((&me["user"]["id"], &me["user"]["role"]), (&json!(id), &json!("user")));
    // 34
    web.impersonating(&id).call("server.config", json!({})).is(403, 20);
    web.with("x-clearml-act-as", &id).call("server.config", json!({})).ok();
    // 66
    let system = yard.system();
    let answer = system.call("auth.get_token_for_user", json!({"user": id}));
    let claim = claims(answer.ok()["token"].as_str().unwrap());
    assert_eq!(claim["identity"]["user"], id.as_str());
    assert_eq!(claim["exp"].as_i64().unwrap() - claim["iat"].as_i64().unwrap(), 2_592_000);
    assert_eq!(answer.header("set-cookie"), "");
    let elsewhere = json!({"user": id, "company": "025315a9321f49f8be07f5ac48fbcf92"});
    system.call("auth.get_token_for_user", elsewhere).is(400, 301);
    system.call("auth.get_token_for_user", json!({"user": "nosuch"})).is(400, 301);
    let (_, boss) = yard.person("boss", "admin");
    boss.call("auth.get_token_for_user", json!({"user": id})).is(403, 20);
    // Administrators act for people of their tenant, never for identities of the platform.
    assert_eq!(boss.impersonating(&id).ok(ME, json!({}))["user"]["id"], id.as_str());
    boss.impersonating("__apiserver__").call(ME, json!({})).is(400, 6);
}

#[test]
fn case_35_validating_tokens_for_others() {
    let yard = Yard::start();
    let files = yard.by_pair(&yard.system_pair("fileserver"));
    let admin = yard.admin();
    let validate = |token: &str| files.ok("auth.validate_token", json!({"token": token}));
    let token = admin.token();
    let valid = validate(&token);
    assert_eq!((&valid["valid"], &valid["company"]), (&json!(true), &json!(COMPANY)));
    assert_eq!(valid["user"], admin.ok(ME, json!({}))["user"]["id"]);
    let garbage = validate("garbage");
    assert_eq!(garbage["valid"], false);
    assert!(garbage["msg"].is_string());
    yard.nobody().bearer(&token).ok("auth.logout", json!({}));
    assert_eq!(validate(&token)["valid"], false);
    admin.call("auth.validate_token", json!({"token": token})).is(403, 20);
}

fn fixed(users: &str) -> crate::yard::Setup {
    Yard::secure().env("CLEARML__apiserver__auth__fixed_users__users", users)
}

#[test]
fn cases_36_and_75_people_of_the_configuration() {
    let jane = r#"[{username: "jane", password: "pw", name: "Jane Van Doe"}]"#;
    let mut yard = fixed(jane)
        .env("CLEARML__secure__credentials__webserver__user_key", "WEBSERVERKEYFORTHISTESTONLY123")
        .env("CLEARML__secure__credentials__webserver__user_secret", "a-secret-of-more-than-24-characters")
        .start();
    let nobody = yard.nobody();
    assert_eq!(nobody.ok("login.supported_modes", json!({}))["basic"]["enabled"], true);
    let by_password = nobody.basic("jane", "pw");
    assert_eq!(claims(&by_password.token())["identity"]["user"], "3cd2831cdf07aede577ec69d4671c92c");
    nobody.basic("jane", "PW").call("auth.login", json!({})).is(401, 22);
    nobody.basic("Jane", "pw").call("auth.login", json!({})).is(401, 22);
    let revoked = nobody.basic("WEBSERVERKEYFORTHISTESTONLY123", "a-secret-of-more-than-24-characters");
    revoked.call("auth.login", json!({})).is(401, 22);
    // 75: the password works on any endpoint; her key outlives a restart.
    let me = by_password.ok(ME, json!({}));
    assert_eq!((&me["user"]["given_name"], &me["user"]["family_name"]), (&json!("Jane"), &json!("Van Doe")));
    let made = by_password.ok("auth.create_credentials", json!({}));
    let key = made["credentials"]["access_key"].as_str().unwrap().to_owned();
    let secret = made["credentials"]["secret_key"].as_str().unwrap().to_owned();
    yard.restart();
    yard.nobody().basic(&key, &secret).call(ME, json!({})).ok();
    // Removed from the configuration: neither her password nor her key work; others' do.
    yard.stop();
    yard.set_env("CLEARML__apiserver__auth__fixed_users__users", "[]");
    yard.start_again();
    yard.nobody().basic("jane", "pw").call(ME, json!({})).is(401, 22);
    yard.nobody().basic(&key, &secret).call(ME, json!({})).is(401, 22);
    let admin = yard.admin();
    let jane = admin.ok("users.get_by_id", json!({"user": "3cd2831cdf07aede577ec69d4671c92c"}));
    assert_eq!(jane["user"]["name"], "Jane Van Doe", "her work keeps its author");
}

#[test]
fn case_37_hashed_passwords() {
    let hash = bcrypt::hash("p:w ü", 4).unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let yard = fixed(&format!(r#"[{{username: "jane", password: "{hash}", name: "Jane"}}]"#))
        .env("CLEARML__apiserver__auth__fixed_users__pass_hashed", "true")
        .start();
    yard.nobody().basic("jane", "p:w ü").call(ME, json!({})).ok();
    yard.nobody().basic("jane", &hash).call(ME, json!({})).is(401, 22);
}

/// There is no usual guest password: whoever enables the guest chooses one.
#[test]
fn case_38_guests() {
    let yard = Yard::secure()
        .env("CLEARML__services__auth__fixed_users__guest__enabled", "true")
        .env("CLEARML__services__auth__fixed_users__guest__password", "visitors")
        .start();
    let guest = yard.nobody().basic("guest", "visitors");
    let token = guest.token();
    assert_eq!(claims(&token)["identity"]["role"], "guest");
    guest.call(ME, json!({})).is(401, 22);
    yard.nobody().bearer(&token).call(ME, json!({})).ok();
    let modes = yard.nobody().ok("login.supported_modes", json!({}));
    assert_eq!(modes["basic"]["guest"]["username"], "guest");
}

#[test]
fn case_40_the_current_user() {
    let yard = Yard::start();
    let admin = yard.admin();
    let me = admin.ok(ME, json!({}));
    assert_eq!(me["user"]["company"]["id"], COMPANY);
    assert_eq!(me["user"]["company"]["name"], "clearml");
    assert_eq!(me["user"]["role"], "admin");
    assert_eq!(me["user"].get("preferences"), None);
    assert_eq!(me["settings"]["max_download_items"], 50000);
    let groups: Vec<&str> =
        me["sec_groups"].as_array().unwrap().iter().filter_map(|g| g["name"].as_str()).collect();
    assert!(groups.contains(&"users") && groups.contains(&"admins"), "{groups:?}");
    // Identities of the platform have no profile.
    yard.system().call(ME, json!({})).is(400, 300);
}

#[test]
fn cases_41_to_43_and_68_preferences() {
    let yard = Yard::start();
    let bob = yard.user("bob");
    let set = |preferences: Value| bob.call("users.set_preferences", json!({"preferences": preferences}));
    let get = || bob.ok("users.get_preferences", json!({}))["preferences"].clone();
    assert_eq!(get(), json!({}));
    set(json!({"a.b": 1})).ok();
    set(json!({"a.c": {"x": 2}})).ok();
    let answer = set(json!({"a.c": {"y": 3}}));
    assert_eq!(answer.ok()["fields"]["preferences"], json!({"a": {"b": 1, "c": {"y": 3}}}));
    assert_eq!(get(), json!({"a": {"b": 1, "c": {"y": 3}}}));
    // 42
    let answer = set(json!({"a.c": {"y": 3}}));
    assert_eq!(answer.ok(), &json!({"updated": 0, "fields": {}}));
    let body = json!({"preferences": {"a.c": 4}, "return_updated": false});
    assert_eq!(bob.ok("users.set_preferences", body), json!({"updated": 1, "fields": {}}));
    assert_eq!(get()["a"]["c"], 4);
    // 43
    set(json!({"a": {"p.q": 1}})).is(400, 16);
    set(json!({"$a": 1})).is(400, 16);
    set(json!({"s": 5})).ok();
    set(json!({"s.t": 1})).is(400, 305);
    set(json!({"new": 1, "s.t": 1})).is(400, 305);
    assert_eq!((&get()["s"], get().get("new")), (&json!(5), None), "all or nothing");
    // 68
    for change in [json!({"l": [1, 2]}), json!({"l.0": 9}), json!({"l.4": 7})] {
        set(change).ok();
    }
    assert_eq!(get()["l"], json!([9, 2, null, null, 7]));
    set(json!({"nn": null})).ok();
    assert_eq!(get().get("nn"), Some(&Value::Null));
    set(json!({"nn.x": 1})).is(400, 305);
    set(json!({"": 1})).is(400, 305);
    set(json!({"a..b": 1})).is(400, 305);
    set(json!([1])).is(400, 12);
    bob.call("users.set_preferences", json!({})).is(400, 12);
    // Nobody else's.
    assert_eq!(yard.admin().ok("users.get_preferences", json!({}))["preferences"], json!({}));
}

/// Case 44; renaming others is for administrators (spec/protocol.md 4, recommended).
#[test]
fn case_44_names() {
    let yard = Yard::start();
    let (bob, client) = yard.person("bob", "user");
    for _ in 0..2 {
        let body = json!({"user": bob, "name": "Robert", "avatar": "x", "role": "admin"});
        let answer = client.ok("users.update", body);
        assert_eq!(answer["updated"], 1);
        assert_eq!(answer["fields"], json!({"name": "Robert"}));
    }
    let me = client.ok(ME, json!({}));
    assert_eq!((&me["user"]["name"], &me["user"]["role"]), (&json!("Robert"), &json!("user")));
    assert_eq!(me["user"].get("avatar"), None);
    let eve = yard.user("eve");
    let answer = eve.call("users.update", json!({"user": bob, "name": "Owned"}));
    assert_ne!(answer.code, 200, "{}", answer.data);
    assert_eq!(client.ok(ME, json!({}))["user"]["name"], "Robert");
    yard.admin().ok("users.update", json!({"user": bob, "name": "Bob"}));
    assert_eq!(client.ok(ME, json!({}))["user"]["name"], "Bob");
}

/// Who guesses is slowed down; nobody is locked out by somebody else's guesses (spec/governance.md 12).
#[test]
fn guessing_is_slowed_down_but_locks_nobody_out() {
    let yard = Yard::start();
    let pair = yard.admin_pair();
    let guess = yard.nobody().basic("admin", "wrong");
    let mut slowed = false;
    for _ in 0..14 {
        let answer = guess.call("auth.login", json!({}));
        answer.is(401, 22);
        slowed |= answer.meta["result_msg"].as_str().unwrap().contains("too many failed attempts");
    }
    assert!(slowed, "fourteen guesses in a row were all looked at");
    yard.by_pair(&pair).call(ME, json!({})).ok();
}
