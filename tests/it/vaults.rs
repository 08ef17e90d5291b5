//! Vaults with unmodified clients, and the keys that seal them (spec/governance.md 3.6, 3.5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::yard::{
    Yard,
    agent::{Agent, console_shows, enqueue, eventually, queue_id, task_becomes, task_of_script},
};

/// The built-in group of everybody.
const USERS: &str = "30795571-a470-4717-a80d-e8705fc776bf";

/// What Bob's task says about the settings it got, and where its artifact goes.
const TELLING: &str = "\
import os
from clearml import Task
task = Task.init(auto_resource_monitoring=False, auto_connect_frameworks=False)
config = task._get_default_session().config
print('git is <' + str(config.get('agent.git_pass', None)) + '>', flush=True)
print('own is <' + str(config.get('sdk.own', None)) + '>', flush=True)
print('variable is <' + str(os.environ.get('VAULT_VARIABLE')) + '>', flush=True)
task.upload_artifact('summary', {'a': 1}, wait_on_upload=True)
print('all told', flush=True)
";

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Every file that the server keeps, and its log.
fn kept(yard: &Yard) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                // A file of the write-ahead log may go at any moment.
                false => found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default())),
            }
        }
    }
    let mut found = vec![("the log".to_owned(), yard.log().into_bytes())];
    walk(&yard.data(), &mut found);
    found
}

/// Bob's own settings meet those of his group: the customer's walk-through with the real agent and SDK. The agent runs
/// with Bob's own identity.
#[test]
fn the_customers_walk_through_case_33_and_58() {
    let yard = Yard::start();
    let admin = yard.admin();
    let (id, bob) = yard.person("bob", "user");
    let (own_storage, approved) =
        (format!("{}/own-storage", yard.files()), format!("{}/approved-storage", yard.files()));
    let secrets = ["pat-bob-123456", "managed-token-7890", "variable-geheim-1"];
    let personal = format!(
        "sdk.own = kept\nsdk.development.default_output_uri = \"{}\"\nagent.git_pass = \"{}\"\n\
         agent.default_docker.image = \"evil:latest\"\n",
        own_storage, secrets[0]
    );
    let vault = json!({"vault": {"data": personal, "description": "Bob's own"}});
    let own = bob.ok("users.add_or_update_vault", vault)["vault"].clone();
    let managed = format!(
        "agent:\n  git_pass: {}\n  disable_task_docker_override: true\n  default_docker:\n    image: approved:1\n\
         environment:\n  VAULT_VARIABLE: {}\nsdk:\n  development:\n    default_output_uri: {}\n",
        secrets[1], secrets[2], approved
    );
    let vault = json!({"scope": "group", "data": managed, "format": "yaml", "description": "Approved"});
    // As curl would.
    let sent = admin
        .http()
        .put(format!("{}/users.add_or_update_vault", yard.api()))
        .bearer_auth(admin.token())
        .json(&json!({"vault": vault, "group": USERS}))
        .send()
        .unwrap();
    assert_eq!(sent.status(), 200, "{}", sent.text().unwrap());
    assert_eq!(admin.ok("users.get_organization_vaults", json!({}))["vaults"][0]["data"], managed);

    let pair = bob.ok("auth.create_credentials", json!({}))["credentials"].clone();
    let pair = |field: &str| pair[field].as_str().unwrap().to_owned();
    let (key, secret) = (pair("access_key"), pair("secret_key"));
    let settings = [("CLEARML_API_ACCESS_KEY", key.as_str()), ("CLEARML_API_SECRET_KEY", secret.as_str())];
    let mut daemon =
        Agent::start_quickly_with(&yard, "bobs", &["--queue", "bob", "--create-queue"], &settings);
    eventually("the agent makes its queue", || queue_id(&bob, "bob"));
    let task = task_of_script(&bob, "telling", TELLING);
    let container = json!({"image": "evil:latest", "arguments": "-e CLEARML_DISABLE_VAULT_SUPPORT=1"});
    bob.ok("tasks.edit", json!({"task": task, "container": container}));
    enqueue(&bob, &task, "bob");
    let log = console_shows(&bob, &task, "all told");
    let done = task_becomes(&bob, &task, "completed");

    let user = log.find(&format!("Loaded user vault for user {id}: Bob's own"));
    let group = log.find(&format!("Loaded group vault for user {id}: Approved"));
    assert!(user.is_some() && user < group, "personal first, so that administrators win: {log}");
    assert!(log.contains("own is <kept>"), "{log}");
    assert!(log.contains("git is <****>"), "{log}");
    assert!(log.contains("variable is <****>"), "{log}");
    assert_eq!(done["container"]["image"], "approved:1", "{}", done["container"]);
    let artifact = done["execution"]["artifacts"][0]["uri"].as_str().unwrap().to_owned();
    assert!(artifact.contains("approved-storage"), "{artifact}");
    daemon.stop();

    for text in secrets {
        assert!(!log.contains(text), "{text}: {log}");
        for (file, bytes) in kept(&yard) {
            assert!(!holds(&bytes, text), "{text} in {file}");
            let encoded = STANDARD.encode(text);
            assert!(!holds(&bytes, encoded.trim_end_matches('=')), "{text} in base64 in {file}");
        }
    }
    let shown = bob.ok("users.get_vaults", json!({"types": ["config"]}))["vaults"][0].clone();
    assert_eq!((&shown["id"], &shown["data"]), (&own, &json!(personal)), "and it is all still there");
}

fn key_ids(yard: &Yard) -> Vec<String> {
    let text = std::fs::read_to_string(yard.data().join("secrets.json")).unwrap();
    let secrets: Value = serde_json::from_str(&text).unwrap();
    let keys = secrets["sealing_keys"]["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["key_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn s25_the_command_line_rotates_the_keys_of_sealed_values() {
    let mut yard = Yard::start();
    let vault = json!({"vault": {"data": "agent.git_pass = geheim-123", "description": "mine"}});
    yard.admin().ok("users.add_or_update_vault", vault);
    let rotate = |yard: &Yard| {
        let output = yard.command(&["secrets", "rotate", "--data"]).arg(yard.data()).output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    };
    let before = key_ids(&yard);
    assert!(!rotate(&yard).0, "a running server holds the lock");
    assert_eq!(key_ids(&yard), before);
    yard.stop();
    let (done, text) = rotate(&yard);
    assert!(done && text.contains("1 values sealed anew, 1 old keys retired"), "{text}");
    let after = key_ids(&yard);
    assert!(after.len() == 1 && after != before, "{after:?}");
    yard.start_again();
    let seen = |yard: &Yard| {
        yard.admin().ok("users.get_vaults", json!({"enabled": true}))["vaults"][0]["data"].clone()
    };
    assert_eq!(seen(&yard), "agent.git_pass = geheim-123");

    // A key of the configuration takes over; what is sealed with others still opens.
    let key = STANDARD.encode([7_u8; 32]);
    yard.stop();
    yard.set_env("CLEARML__secure__vaults__encryption_key", &key);
    let (done, text) = rotate(&yard);
    assert!(done && text.contains("1 values sealed anew"), "{text}");
    yard.start_again();
    assert_eq!(seen(&yard), "agent.git_pass = geheim-123");
}
