//! Commands beside `serve`: local accounts, and the agent's own command line against the server.

use std::time::Duration;

use serde_json::json;

use crate::yard::{
    Yard,
    python::{Workstation, run},
};

#[test]
fn accounts_are_managed_on_a_stopped_server_only() {
    let mut yard = Yard::start();
    let user = |yard: &Yard, words: &[&str]| {
        let output = yard.command(&["user"]).args(words).arg("--data").arg(yard.data()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (done, _, said) = user(&yard, &["create", "mira"]);
    assert!(!done, "a running server has the lock");
    assert!(said.contains(&yard.data().display().to_string()), "{said}");
    yard.stop();

    let (done, shown, said) = user(&yard, &["create", "mira", "--admin"]);
    assert!(done, "{said}");
    let password = shown.lines().find_map(|line| line.strip_prefix("Password")).unwrap().trim().to_owned();
    assert!(password.len() >= 20, "{shown}");
    let (done, _, said) = user(&yard, &["create", "mira"]);
    assert!(!done && said.contains("set-password"), "{said}");
    let (done, _, said) = user(&yard, &["set-password", "nobody"]);
    assert!(!done && said.contains("user create"), "{said}");
    let (done, listed, _) = user(&yard, &["list"]);
    assert!(done && listed.contains("mira") && !listed.contains(&password), "{listed}");

    yard.start_again();
    let mira = yard.nobody().basic("mira", &password);
    assert_eq!(mira.ok("users.get_current_user", json!({}))["user"]["role"], "admin");
    let session = mira.signed_in();
    let made = mira.ok("auth.create_credentials", json!({}))["credentials"].clone();
    yard.stop();
    let (done, _, said) = user(&yard, &["set-password", "mira", "--admin"]);
    assert!(!done && said.contains("--admin"), "a role is not changed in passing: {said}");
    let (done, shown, _) = user(&yard, &["set-password", "mira"]);
    let changed = shown.lines().find_map(|line| line.strip_prefix("Password")).unwrap().trim().to_owned();
    assert!(done && changed != password);
    yard.start_again();
    yard.nobody().basic("mira", &password).call("users.get_current_user", json!({})).is(401, 22);
    yard.nobody().basic("mira", &changed).ok("users.get_current_user", json!({}));
    session.call("users.get_current_user", json!({})).is(401, 30);
    let field = |name: &str| made[name].as_str().unwrap().to_owned();
    let by_key = yard.nobody().basic(&field("access_key"), &field("secret_key"));
    by_key.ok("users.get_current_user", json!({}));

    // A password of one's own, from standard input.
    yard.stop();
    let typed = |text: &str| {
        let input = yard.home().join("typed");
        std::fs::write(&input, text).unwrap();
        let mut command = yard.command(&["user", "set-password", "mira", "--stdin", "--data"]);
        command.arg(yard.data()).stdin(std::fs::File::open(&input).unwrap()).output().unwrap()
    };
    let short = typed("too short\n");
    assert!(!short.status.success() && String::from_utf8_lossy(&short.stderr).contains("12 characters"));
    assert!(typed("long enough for this\n").status.success());
    yard.start_again();
    yard.nobody().basic("mira", "long enough for this").ok("users.get_current_user", json!({}));
}

#[test]
fn the_agent_verifies_the_servers_own_certificate() {
    let yard = Yard::secure().tls().start();
    yard.admin().ok("workers.register", json!({"worker": "yard-01:gpu0", "queues": [], "timeout": 600}));
    let place = Workstation::new(&yard, "agent");
    let mut command = place.python();
    command.args(["-m", "clearml_agent", "list"]);
    run(command, "agent-list", Duration::from_secs(120));
    let log = crate::yard::output_dir().join(format!("{}-agent-list.log", crate::yard::test_name()));
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("yard-01:gpu0"), "{said}");

    // The control: a client that does not know the bundle refuses this certificate.
    let mut command = place.python();
    command.args(["-c", &format!("import requests; requests.get('{}/debug.ping')", yard.api())]);
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("SSLError"), "{output:?}");
}

/// What a command on service accounts answers: whether all is well, output, and what it said beside it.
fn service_account(yard: &Yard, words: &[&str]) -> (bool, String, String) {
    let output =
        yard.command(&["service-account"]).args(words).arg("--data").arg(yard.data()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn service_accounts_are_made_in_bulk_rotated_and_deleted() {
    let mut yard = Yard::start();
    assert!(!service_account(&yard, &["list"]).0, "a running server has the lock");
    yard.stop();
    let output = yard.home().join("keys");
    std::fs::create_dir(&output).unwrap();
    let place = output.to_str().unwrap();
    let names = ["gpu-1", "gpu-2", "gpu-3"];
    let words = [&["create", "--group", "prod", "--run-as-owner", "--output", place][..], &names].concat();
    let (done, shown, said) = service_account(&yard, &words);
    assert!(done && shown.contains("gpu-3") && !shown.contains("secret_key"), "{shown}{said}");
    let pair = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = output.join(format!("{name}.conf"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        crate::yard::pair_of(&std::fs::read_to_string(path).unwrap())
    };
    let [first, second, third] = names.map(pair);
    let (done, printed, said) =
        service_account(&yard, &["rotate", "gpu-2", "--label", "new", "--revoke-others"]);
    assert!(done, "{said}");
    let rotated = crate::yard::pair_of(&printed);
    let (done, _, said) = service_account(&yard, &["delete", "gpu-3", "nobody"]);
    assert!(!done && said.contains("nobody"), "{said}");
    let (done, listed, _) = service_account(&yard, &["list"]);
    assert!(done && listed.contains("gpu-3") && !listed.contains(&first.secret), "{listed}");
    assert!(service_account(&yard, &["delete", "gpu-3"]).0);

    yard.start_again();
    let groups = |pair: &crate::yard::Pair| {
        yard.by_pair(pair).ok("users.get_current_user", json!({}))["sec_groups"].to_string()
    };
    assert!(groups(&first).contains("prod") && groups(&rotated).contains("prod"));
    for dead in [&second, &third] {
        yard.by_pair(dead).call("users.get_current_user", json!({})).is(401, 22);
    }
    let accounts = yard.admin().ok("users.get_service_users", json!({}))["users"].clone();
    assert_eq!(accounts.as_array().unwrap().len(), 2);
    assert_eq!(accounts[0]["allow_running_as_owner"], true);
}
