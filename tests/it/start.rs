//! The first start and what is refused at a start (DESIGN.md, "Contract"; spec/security_rules.md S25;
//! spec/governance.md 12; spec/protocol.md 6 and cases 58, 59).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::yard::{COMPANY, Refusal, SERVER, Yard, claims, pair_of};

/// Every file below a directory with its permission bits, directories with a trailing slash.
fn modes(dir: &Path) -> BTreeMap<String, u32> {
    fn walk(root: &Path, dir: &Path, found: &mut BTreeMap<String, u32>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let slash = if metadata.is_dir() { "/" } else { "" };
            let name = format!("{}{slash}", path.strip_prefix(root).unwrap().display());
            found.insert(name, metadata.permissions().mode() & 0o777);
            if metadata.is_dir() {
                walk(root, &path, found);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, dir, &mut found);
    found
}

/// Every secret of a data directory: whatever text in `secrets.json` is long enough to be one.
fn secrets(yard: &Yard) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.len() >= 24 => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(map) => map.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let text = fs::read_to_string(yard.data().join("secrets.json")).unwrap();
    let mut found = Vec::new();
    collect(&serde_json::from_str(&text).unwrap(), &mut found);
    assert!(found.len() >= 6, "secrets.json holds fewer secrets than there are kinds");
    found.push(yard.admin_pair().secret);
    found
}

fn refused(yard: &mut Yard) -> Refusal {
    match yard.try_start() {
        Ok(()) => panic!("the server started:\n{}", yard.log_of_this_start()),
        Err(refusal) => refusal,
    }
}

#[track_caller]
fn says(refusal: &Refusal, words: &[&str]) {
    assert_eq!(refusal.status.code(), Some(1), "{}", refusal.log);
    for word in words {
        assert!(refusal.log.contains(word), "{word:?} is not in: {}", refusal.log);
    }
}

#[test]
fn s25_the_first_start_makes_everything_and_keeps_it_private() {
    let mut yard = Yard::start();
    let data = yard.data();
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let found = modes(&data);
    for name in ["secrets.json", "roundhouse.db", "roundhouse.db-wal", "clearml.conf", "initial-password"] {
        assert!(found.contains_key(name), "{name} is missing in {found:?}");
    }
    for (name, mode) in &found {
        // Certificates are public; the directory above them is not.
        let wanted = if name.ends_with('/') { 0o700 } else { 0o600 };
        assert!(*mode == wanted || name.ends_with(".pem"), "{name} has mode {mode:o}");
    }

    // The password works, once it did its file is gone, and nothing of it was logged.
    let password = fs::read_to_string(data.join("initial-password")).unwrap().trim().to_owned();
    assert!(password.len() >= 20, "{} characters", password.len());
    yard.nobody().basic("admin", "not this one").call("auth.login", json!({})).is(401, 22);
    assert!(data.join("initial-password").exists(), "a failed sign-in removes nothing");
    let token = yard.nobody().basic("admin", &password).token();
    assert_eq!(claims(&token)["identity"]["role"], "admin");
    assert!(!data.join("initial-password").exists(), "the file goes at the first sign-in");

    let all_secrets = secrets(&yard);
    yard.restart();
    yard.nobody().basic("admin", &password).token();
    assert!(!data.join("initial-password").exists(), "the second start makes no password");
    let log = yard.log();
    for secret in all_secrets.iter().chain([&password]) {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
    assert_eq!(secrets(&yard), all_secrets, "secrets stay");
}

#[test]
fn the_client_configuration_works_as_it_is() {
    let yard = Yard::start();
    let text = yard.client_configuration();
    for address in [yard.api(), yard.web(), yard.files()] {
        assert!(text.contains(&format!("\"{address}\"")), "{address} is not in {text}");
    }
    let me = yard.admin().ok("users.get_current_user", json!({}));
    assert_eq!(me["user"]["role"], "admin");
    let printed = yard.command(&["client-config", "--data"]).arg(yard.data()).output().unwrap();
    assert!(printed.status.success());
    assert_eq!(pair_of(&String::from_utf8(printed.stdout).unwrap()).key, yard.admin_pair().key);
}

#[test]
fn built_in_groups_have_the_ids_that_clients_know() {
    let yard = Yard::start();
    let me = yard.admin().ok("users.get_current_user", json!({}));
    let groups: BTreeMap<&str, &str> = me["sec_groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["name"].as_str().unwrap(), group["id"].as_str().unwrap()))
        .collect();
    assert_eq!(groups["users"], "30795571-a470-4717-a80d-e8705fc776bf");
    assert_eq!(groups["admins"], "c14a3cc6-1144-4896-8ea6-fb186ee19896");
    let bob = yard.user("bob").ok("users.get_current_user", json!({}));
    let names: Vec<&str> =
        bob["sec_groups"].as_array().unwrap().iter().filter_map(|g| g["name"].as_str()).collect();
    assert_eq!(names, ["users"]);
}

#[test]
fn case_58_an_empty_store_gets_its_first_objects_once() {
    let mut yard = Yard::reference().start();
    let seen = |yard: &Yard| {
        let user = yard.default_user();
        let info = user.ok("server.info", json!({}));
        let queues = user.ok("queues.get_all", json!({}))["queues"].clone();
        let users = user.ok("users.get_all", json!({}))["users"].clone();
        (info["uid"].clone(), queues, users)
    };
    let (uid, queues, users) = seen(&yard);
    assert_eq!(uid.as_str().unwrap().len(), 36);
    assert_eq!(queues.as_array().unwrap().len(), 1);
    assert_eq!((&queues[0]["name"], &queues[0]["system_tags"]), (&json!("default"), &json!(["default"])));
    let names: Vec<&str> =
        users.as_array().unwrap().iter().filter_map(|user| user["name"].as_str()).collect();
    assert!(names.contains(&"Default User"), "{names:?}");
    let tests = users.as_array().unwrap().iter().find(|user| user["id"] == "__tests__").unwrap();
    assert_eq!(tests["company"], COMPANY);
    yard.restart();
    assert_eq!(seen(&yard), (uid, queues, users));
}

#[test]
fn case_59_settings_from_the_environment() {
    let yard = Yard::secure()
        .env("CLEARML__apiserver__auth__default_expiration_sec", "60")
        .env("CLEARML__no__such__key", "1")
        .start();
    let claim = claims(&yard.admin().token());
    assert_eq!(claim["exp"].as_i64().unwrap() - claim["iat"].as_i64().unwrap(), 60);
    assert!(yard.log().contains("no.such.key"), "unknown keys are named at start:\n{}", yard.log());

    let yard = Yard::secure().env("CLEARML__SERVICES___MONGO__MAX_PAGE_SIZE", "2").start();
    let admin = yard.admin();
    for name in ["ann", "bob", "eve"] {
        yard.user(name);
    }
    let page = |body: Value| admin.ok("users.get_all", body)["users"].as_array().unwrap().len();
    assert_eq!(page(json!({})), 2);
    assert_eq!(page(json!({"page": 0, "page_size": 100})), 2);
    assert_eq!(page(json!({"page": 1, "page_size": 2})), 2);
}

#[test]
fn settings_from_files_and_a_broken_file() {
    let mut yard = Yard::secure().lay_out();
    let file = yard.home().join("config/apiserver.conf");
    fs::write(&file, "auth {\n  default_expiration_sec: 90\n}\n").unwrap();
    yard.start_again();
    let claim = claims(&yard.admin().token());
    assert_eq!(claim["exp"].as_i64().unwrap() - claim["iat"].as_i64().unwrap(), 90);
    yard.stop();
    fs::write(&file, "auth {\n  default_expiration_sec: [\n}\n").unwrap();
    says(&refused(&mut yard), &["apiserver.conf", "3"]);
    fs::write(&file, "auth { default_expiration_sec: soon }\n").unwrap();
    says(&refused(&mut yard), &["default_expiration_sec", "apiserver.conf"]);
}

/// `init` on a terminal prints the password; nothing is printed twice. `script` gives it a terminal.
#[test]
fn init_prints_the_password_once_and_only_on_a_terminal() {
    let yard = Yard::secure().lay_out();
    let data = yard.data();
    let init = || -> String {
        let command = format!("{SERVER} init --data {}", data.display());
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env_clear().envs(
            yard.command(&[])
                .get_envs()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
        );
        let output = script.output().expect("script is part of Debian's bsdutils");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let first = init();
    let line = first.lines().find(|line| line.trim_start().starts_with("Password")).expect(&first);
    let password = line.split_whitespace().nth(1).unwrap().to_owned();
    assert!(password.len() >= 20);
    assert!(!data.join("initial-password").exists(), "it was shown, so it is not written");
    let second = init();
    assert!(!second.contains(&password), "{second}");
    assert!(second.contains("set up already"), "{second}");
    let mut yard = yard;
    yard.start_again();
    yard.nobody().basic("admin", &password).token();
}

#[test]
fn published_secrets_are_refused_by_name() {
    // Pairs that every copy of the reference's documentation contains (spec/protocol.md 6.5).
    let key = "EGRTCO8JMSIGI6S39GTP43NFWXDQOW";
    let secret = "LPEJbGJ6bK4tujQcmrD3i1dbMBDdwUwelVa-LG0K0FFmY9bzH_H0Sw";
    let set = |key: &str, secret: &str| {
        Yard::secure()
            .env("CLEARML__secure__credentials__tests__user_key", key)
            .env("CLEARML__secure__credentials__tests__user_secret", secret)
    };
    let own = ("OWNKEYOWNKEYOWNKEYOWNKEYOWNKEY", "a-secret-of-more-than-24-characters");
    for (key, secret, named) in [
        (key, own.1, "secure.credentials.tests.user_key"),
        (own.0, secret, "secure.credentials.tests.user_secret"),
        (own.0, "too-short", "secure.credentials.tests.user_secret"),
    ] {
        let mut yard = set(key, secret).lay_out();
        let refusal = refused(&mut yard);
        says(&refusal, &[named]);
        assert!(!refusal.log.contains(secret), "the secret itself is not repeated");
        assert!(!yard.data().exists(), "a refused start leaves nothing behind");
    }
    for name in ["CLEARML__secure__auth__token_secret", "CLEARML__secure__http__session_secret__apiserver"] {
        says(&refused(&mut Yard::secure().env(name, "short").lay_out()), &["24"]);
    }
    set(own.0, own.1).start();
    let allowed = set(key, secret).env("CLEARML__SECURE__ALLOW_INSECURE_DEFAULTS", "true").start();
    let log = allowed.log();
    assert!(log.contains("WARN") && log.contains("secure.credentials.tests"), "{log}");
}

/// DESIGN.md: a server without passwords runs only on loopback and only with an explicit insecure switch.
#[test]
fn a_server_without_passwords_needs_loopback_and_the_switch() {
    let open = || Yard::secure().env("CLEARML__apiserver__auth__fixed_users__enabled", "false");
    let switch = |setup: crate::yard::Setup| setup.env("CLEARML__SECURE__ALLOW_INSECURE_DEFAULTS", "true");
    switch(open()).start();
    says(&refused(&mut open().lay_out()), &["fixed_users"]);
    // Refused for what the switch allows as well as for the missing passwords.
    says(&refused(&mut switch(open()).tls().lay_out()), &["loopback"]);
}

#[test]
fn a_busy_port_is_named_and_nothing_is_left_behind() {
    let mut yard = Yard::secure().lay_out();
    let files = yard.ports()[2];
    let other = TcpListener::bind(("127.0.0.1", files)).unwrap();
    says(&refused(&mut yard), &[&files.to_string(), "--files-port"]);
    assert!(!yard.data().exists(), "a refused start leaves nothing behind");
    drop(other);
    yard.start_again();
}

#[test]
fn s25_two_servers_never_share_a_data_directory() {
    let yard = Yard::start();
    let mut second = Yard::secure().lay_out();
    let mut command = second.command(&["serve", "--port"]);
    command.arg(second.ports()[0].to_string()).arg("--data").arg(yard.data());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&yard.data().display().to_string()), "{text}");
    yard.admin().ok("users.get_current_user", json!({}));
    second.start_again();
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let mut yard = Yard::start();
    yard.stop();
    let path = yard.data().join("roundhouse.db");
    let version = |set: Option<i64>| {
        let database = rusqlite::Connection::open(&path).unwrap();
        if let Some(version) = set {
            database.pragma_update(None, "user_version", version).unwrap();
        }
        database.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap()
    };
    let known = version(None);
    version(Some(known + 1));
    says(&refused(&mut yard), &["newer", &(known + 1).to_string()]);
    let doctor = doctor(&yard);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("newer"));
    assert_eq!(version(None), known + 1);
    version(Some(known));
    yard.start_again();
    yard.admin().ok("users.get_current_user", json!({}));
}

#[test]
fn foreign_and_damaged_databases_are_refused() {
    let mut yard = Yard::start();
    yard.stop();
    let path = yard.data().join("roundhouse.db");
    let ours = fs::read(&path).unwrap();
    for (content, what) in
        [(b"this is no database at all, just text".to_vec(), "text"), (ours[..40_000].to_vec(), "half")]
    {
        fs::write(&path, &content).unwrap();
        let refusal = refused(&mut yard);
        says(&refusal, &["database"]);
        assert_eq!(fs::read(&path).unwrap(), content, "{what}: it is left as it was");
    }
    fs::write(&path, &ours).unwrap();
    yard.start_again();
    yard.admin().ok("users.get_current_user", json!({}));
}

#[test]
fn wrong_secrets_are_refused_and_never_made_anew() {
    let mut yard = Yard::start();
    yard.stop();
    let path = yard.data().join("secrets.json");
    let ours = fs::read_to_string(&path).unwrap();
    let put = |text: &str, mode: u32| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let newer =
        regex::Regex::new(r#""version":\s*\d+"#).unwrap().replace(&ours, "\"version\": 999").into_owned();
    assert_ne!(newer, ours);
    for (text, mode, words) in [
        ("", 0o600, "secrets.json"),
        ("{}", 0o600, "secrets.json"),
        (&ours[..ours.len() / 2], 0o600, "secrets.json"),
        (newer.as_str(), 0o600, "newer"),
        (ours.as_str(), 0o644, "secrets.json"),
    ] {
        put(text, mode);
        let refusal = refused(&mut yard);
        says(&refusal, &[words]);
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it was");
    }
    fs::remove_file(&path).unwrap();
    says(&refused(&mut yard), &["secrets.json", "missing"]);
    assert!(!path.exists(), "new secrets would not open old data");

    // Secrets of another installation: the server runs, and trusts nobody it should not.
    put(&ours, 0o600);
    yard.start_again();
    let token = yard.admin().token();
    let pair = yard.admin_pair();
    yard.stop();
    let mut other = Yard::start();
    other.stop();
    put(&fs::read_to_string(other.data().join("secrets.json")).unwrap(), 0o600);
    yard.start_again();
    yard.nobody().bearer(&token).call("users.get_current_user", json!({})).is(401, 30);
    yard.by_pair(&pair).call("users.get_current_user", json!({})).is(401, 22);
    yard.stop();
    put(&ours, 0o600);
    yard.start_again();
    yard.nobody().bearer(&token).call("users.get_current_user", json!({})).ok();
    yard.by_pair(&pair).call("users.get_current_user", json!({})).ok();
}

fn doctor(yard: &Yard) -> Output {
    yard.command(&["doctor", "--data"]).arg(yard.data()).output().unwrap()
}

#[test]
fn doctor_explains_and_changes_nothing() {
    let mut yard = Yard::start();
    yard.stop();
    let snapshot = || -> Vec<(String, Vec<u8>)> {
        let files = modes(&yard.data()).into_keys().filter(|name| !name.ends_with('/'));
        files.map(|name| (name.clone(), fs::read(yard.data().join(name)).unwrap())).collect()
    };
    let before = snapshot();
    let healthy = doctor(&yard);
    let text = String::from_utf8_lossy(&healthy.stdout).into_owned();
    assert!(healthy.status.success(), "{text}");
    let same = |before: &[(String, Vec<u8>)]| {
        let ours = |name: &str| !name.ends_with("-shm") && !name.ends_with("-wal");
        let now = snapshot();
        before.iter().filter(|(name, _)| ours(name)).eq(now.iter().filter(|(name, _)| ours(name)))
    };
    assert!(same(&before), "doctor changed a file");
    let secrets = yard.data().join("secrets.json");
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644)).unwrap();
    let ill = doctor(&yard);
    assert_eq!(ill.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ill.stdout).contains("secrets.json"));
    assert_eq!(fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn a_stop_leaves_nothing_to_recover_and_health_can_be_asked() {
    let mut yard = Yard::start();
    let health = |yard: &Yard| yard.command(&["healthcheck", "--data"]).arg(yard.data()).output().unwrap();
    assert!(health(&yard).status.success());
    yard.admin().ok("users.set_preferences", json!({"preferences": {"k": 1}}));
    let wal = yard.data().join("roundhouse.db-wal");
    assert!(fs::metadata(&wal).unwrap().len() > 0);
    let status = yard.stop();
    assert_eq!(status.code(), Some(0), "{}", yard.log());
    assert!(
        fs::metadata(&wal).map_or(0, |metadata| metadata.len()) == 0,
        "the log was not moved into the database"
    );
    assert_eq!(health(&yard).status.code(), Some(1));
    yard.start_again();
    assert_eq!(yard.admin().ok("users.get_preferences", json!({}))["preferences"], json!({"k": 1}));
}

#[test]
fn health_can_be_asked_over_tls() {
    let yard = Yard::secure().tls().start();
    let output = yard.command(&["healthcheck", "--data"]).arg(yard.data()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let cookie = yard.by_pair(&yard.admin_pair()).path("/auth.login").answer();
    assert!(cookie.header("set-cookie").contains("Secure"), "{}", cookie.header("set-cookie"));
    assert!(yard.client_configuration().contains("ca-bundle.pem"));
    // Plain HTTP gets no answer there.
    let plain = yard.admin().http().get(format!("http://localhost:{}/debug.ping", yard.ports()[0])).send();
    assert!(plain.is_err() || !plain.unwrap().status().is_success());
}
