//! What the server enforces by itself: containers, output, and nothing runs in the dark.

use super::*;

const PINNED: &str = "agent { disable_task_docker_override: true, default_docker { image: \"approved:1\", \
                      arguments: [\"--ipc=host\", \"-e\", \"A=b c\"] } }";

#[test]
fn case_32_the_pinned_container_replaces_what_a_task_asks_for() {
    let front = house();
    vault(&ada(&front), json!({"data": PINNED}), Some("G1"));
    let evil = json!({"image": "evil", "arguments": "--privileged", "setup_shell_script": "echo hi"});
    let queue = queued(&front, &bob(&front), "t", evil.clone());
    queued(&front, &eve(&front), "u", evil.clone());
    assert_eq!(field(&front, "container", "t")["image"], "evil", "it is pinned when it is dequeued");
    assert_eq!(pull(&front, &queue).as_deref(), Some("t"));
    let pinned =
        json!({"image": "approved:1", "arguments": "--ipc=host -e 'A=b c'", "setup_shell_script": "echo hi"});
    assert_eq!(field(&front, "container", "t"), pinned);
    assert_eq!(pull(&front, &queue).as_deref(), Some("u"));
    assert_eq!(field(&front, "container", "u"), evil);
    // What is written while it runs is overridden, whoever writes.
    let edit = json!({"task": "t", "container": {"image": "evil"}, "force": true});
    bob(&front).ok("tasks.edit", edit.clone());
    assert_eq!(field(&front, "container", "t"), pinned);
    agent(&front).ok("tasks.edit", edit);
    assert_eq!(field(&front, "container", "t"), pinned);
    let policy = front.value::<String>("SELECT requested FROM task_policy WHERE task = 't'", []).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&policy).unwrap(), evil);
}

#[test]
fn case_32_without_a_pinned_image_agents_use_and_tell_their_own() {
    let front = house();
    let id = vault(&ada(&front), json!({"data": "agent.disable_task_docker_override = true"}), Some("G1"));
    let queue = queued(&front, &bob(&front), "t", json!({"image": "evil", "arguments": "-v /:/h"}));
    pull(&front, &queue).unwrap();
    let own = json!({"image": "", "arguments": "", "setup_shell_script": ""});
    assert_eq!(field(&front, "container", "t"), own);
    let edit = |image: &str| json!({"task": "t", "container": {"image": image}, "force": true});
    bob(&front).ok("tasks.edit", edit("evil"));
    assert_eq!(field(&front, "container", "t"), own);
    agent(&front).ok("tasks.edit", edit("used:1"));
    assert_eq!(field(&front, "container", "t")["image"], "used:1");
    // The next run is judged anew, and without policy the task keeps what it asks for.
    agent(&front).ok("tasks.completed", json!({"task": "t", "force": true}));
    bob(&front).ok("tasks.reset", json!({"task": "t", "force": true}));
    bob(&front).ok("tasks.edit", edit("mine:1"));
    bob(&front).ok("tasks.enqueue", json!({"task": "t", "queue": queue}));
    ada(&front).ok("users.add_or_update_vault", json!({"vault": {"id": id, "enabled": false}}));
    pull(&front, &queue).unwrap();
    assert_eq!(field(&front, "container", "t")["image"], "mine:1");
    bob(&front).ok("tasks.edit", edit("mine:2"));
    assert_eq!(field(&front, "container", "t")["image"], "mine:2");
}

#[test]
fn case_32_the_setup_script_goes_where_configuration_says_so() {
    let mut settings = crate::config::Settings::default();
    settings.services.vaults.drop_setup_script = true;
    let front = with(settings);
    vault(&ada(&front), json!({"data": PINNED}), Some("G1"));
    let queue = queued(&front, &bob(&front), "t", json!({"setup_shell_script": "evil"}));
    pull(&front, &queue).unwrap();
    assert_eq!(field(&front, "container", "t")["setup_shell_script"], "");
}

#[test]
fn case_34_nothing_runs_while_administrators_vaults_cannot_be_read() {
    let front = house();
    let id = vault(&ada(&front), json!({"data": PINNED}), Some("G1"));
    front.sql("UPDATE vault_version SET key_id = 'gone' WHERE vault = ?1", [&id]);
    let queue = queued(&front, &bob(&front), "t", json!({}));
    queued(&front, &eve(&front), "u", json!({}));
    assert_eq!(pull(&front, &queue).as_deref(), Some("u"), "others' tasks run");
    assert_eq!(pull(&front, &queue), None);
    assert_eq!(field(&front, "status", "t"), "queued");
    assert_eq!(bob(&front).err("users.get_vaults", json!({"enabled": true})), (500, 101));
    let seen = ada(&front).ok("users.get_vaults", json!({}))["vaults"].clone();
    assert_eq!(
        (&seen[0]["id"], &seen[0]["editable"], &seen[0]["data"]),
        (&json!(id), &json!(false), &json!(""))
    );
    // Disabling it needs no key.
    ada(&front).ok("users.add_or_update_vault", json!({"vault": {"id": id, "enabled": false}}));
    assert_eq!(pull(&front, &queue).as_deref(), Some("t"));
}

#[test]
fn a_personal_vault_that_cannot_be_read_is_left_out() {
    let front = house();
    let id = vault(&bob(&front), json!({"data": "a = 1"}), None);
    vault(&bob(&front), json!({"data": "b = 2"}), None);
    front.sql("UPDATE vault_version SET sealed = x'00' WHERE vault = ?1", [&id]);
    assert_eq!(folded(&bob(&front)), json!({"b": 2}));
    let queue = queued(&front, &bob(&front), "t", json!({}));
    assert_eq!(pull(&front, &queue).as_deref(), Some("t"));
}

#[test]
fn output_goes_where_administrators_say() {
    let front = house();
    let output = |task: &str| field(&front, "output", task)["destination"].clone();
    let create = |who: &Visitor<'_>, to: &str| {
        let task = json!({"name": "run", "type": "training", "output_dest": to});
        who.ok("tasks.create", task)["id"].as_str().unwrap().to_owned()
    };
    let before = create(&bob(&front), "azure://bob");
    assert_eq!(output(&before), "azure://bob");
    vault(
        &ada(&front),
        json!({"data": "sdk.development.default_output_uri = \"s3://approved/\""}),
        Some("G1"),
    );
    assert_eq!(output(&create(&bob(&front), "azure://bob")), "s3://approved/");
    assert_eq!(output(&create(&bob(&front), "s3://approved/team")), "s3://approved/team");
    assert_eq!(output(&create(&eve(&front), "azure://eve")), "azure://eve");
    bob(&front).ok("tasks.started", json!({"task": before}));
    assert_eq!(output(&before), "s3://approved/");
    bob(&front).ok("tasks.edit", json!({"task": before, "output_dest": "azure://bob", "force": true}));
    assert_eq!(output(&before), "s3://approved/");

    let mut settings = crate::config::Settings::default();
    settings.services.vaults.enforce_output_uri = false;
    let front = with(settings);
    vault(
        &ada(&front),
        json!({"data": "sdk.development.default_output_uri = \"s3://approved/\""}),
        Some("G1"),
    );
    let task = json!({"name": "run", "type": "training", "output_dest": "azure://bob"});
    let task = bob(&front).ok("tasks.create", task)["id"].as_str().unwrap().to_owned();
    assert_eq!(field(&front, "output", &task)["destination"], "azure://bob");
}
