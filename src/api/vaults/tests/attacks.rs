//! Attacks; each first shows that the way is open to whom it is meant for.

use super::*;

#[test]
fn s9_the_policy_is_that_of_the_identity_that_runs_it() {
    let front = house();
    vault(
        &ada(&front),
        json!({"data": "agent { disable_task_docker_override: true, default_docker.image: of-G2 }"}),
        Some("G2"),
    );
    vault(
        &ada(&front),
        json!({"data": "agent { disable_task_docker_override: true, default_docker.image: of-G1 }"}),
        Some("G1"),
    );
    // Eve's task: run as eve by a poll that asks whom to run it as, else with the agent's own configuration.
    let queue = queued(&front, &eve(&front), "t", json!({"image": "asked"}));
    pull(&front, &queue).unwrap();
    assert_eq!(field(&front, "container", "t")["image"], "of-G2");
    queued(&front, &eve(&front), "u", json!({"image": "asked"}));
    agent(&front).ok("queues.get_next_task", json!({"queue": queue}))["entry"]["task"].as_str().unwrap();
    assert_eq!(field(&front, "container", "u")["image"], "of-G1");
    let identity = |task| front.value::<String>("SELECT identity FROM task_policy WHERE task = ?1", [task]);
    assert_eq!((identity("t").as_deref(), identity("u").as_deref()), (Some("eve"), Some("agent")));
}

#[test]
fn s10_what_is_not_allowed_is_refused_when_enqueued_and_fails_when_dequeued() {
    let front = house();
    vault(&ada(&front), json!({"data": "roundhouse.allowed_images = [\"nvidia/cuda:*\"]"}), Some("G1"));
    let queue = queued(
        &front,
        &bob(&front),
        "good",
        json!({"image": "nvidia/cuda:12", "arguments": "--shm-size 8g"}),
    );
    assert_eq!(pull(&front, &queue).as_deref(), Some("good"));
    for (task, container) in [
        ("a", json!({"image": "evil"})),
        ("b", json!({"image": "nvidia/cuda:12", "arguments": "-v /:/host"})),
        ("c", json!({"image": "nvidia/cuda:12 --privileged"})),
        ("d", json!({"image": "nvidia/cuda:12", "arguments": "--rm evil"})),
    ] {
        front.task(task, json!({"user": "bob", "container": container}));
        for (call, request) in [
            ("tasks.enqueue", json!({"task": task, "queue": queue})),
            ("queues.add_task", json!({"task": task, "queue": queue})),
        ] {
            assert_eq!(bob(&front).err(call, request), (400, 102), "{call} {task}");
        }
        assert_eq!(field(&front, "status", task), "created");
    }
    // The old field is the same container.
    let old =
        json!({"name": "old", "type": "training", "execution": {"docker_cmd": "nvidia/cuda:12 --net=host"}});
    let old = bob(&front).at(2, 8).ok("tasks.create", old)["id"].clone();
    assert_eq!(bob(&front).err("tasks.enqueue", json!({"task": old, "queue": queue})), (400, 102));

    // What gets in before the rule, or is changed while it waits, fails when somebody takes it.
    queued(&front, &bob(&front), "late", json!({"image": "nvidia/cuda:12"}));
    let edit = json!({"task": "late", "container": {"image": "nvidia/cuda:12", "arguments": "--pid host"}, "force": true});
    bob(&front).ok("tasks.edit", edit);
    queued(&front, &eve(&front), "next", json!({"image": "any"}));
    assert_eq!(pull(&front, &queue).as_deref(), Some("next"), "the agent goes on with what may run");
    assert_eq!(field(&front, "status", "late"), "failed");
    let reason = field(&front, "status_reason", "late");
    assert!(reason.as_str().unwrap().contains("--pid"), "{reason}");
    assert_eq!(front.value::<i64>("SELECT count(*) FROM queue_entry WHERE task = 'late'", []), Some(0));
}

#[test]
fn s11_personal_settings_cannot_switch_policy_off() {
    let front = house();
    let bob = bob(&front);
    let add = |data: &str| bob.call("users.add_or_update_vault", json!({"vault": {"data": data}}));
    let id =
        add("environment { GIT_TOKEN = mine, AWS_PROFILE = mine, WANDB_MODE = offline }").unwrap()["vault"]
            .clone();
    for data in [
        "environment.CLEARML_DISABLE_VAULT_SUPPORT = 1",
        "environment { TRAINS_X: 1 }",
        "environment = [[LD_PRELOAD, /tmp/x.so]]",
        "environment.\"PYTHONPATH\" = /tmp",
        "environment = ${?A} { PYTHONSTARTUP = x }",
        "x { LD_PRELOAD = y }, environment = ${x}",
        "api.api_server = \"https://evil\"",
        "api { credentials { access_key = x } }",
    ] {
        let (code, sub) = add(data).unwrap_err();
        assert!(code == 400 && matches!(sub, 12 | 16), "{data}");
    }
    // What administrators set later is taken out of what is stored already.
    assert_eq!(folded(&bob)["environment"]["AWS_PROFILE"], "mine");
    let administrators = "environment.GIT_TOKEN = theirs, sdk.aws.s3 { key = k, secret = s }";
    vault(&ada(&front), json!({"data": administrators}), Some("G1"));
    assert_eq!(folded(&bob)["environment"], json!({"WANDB_MODE": "offline", "GIT_TOKEN": "theirs"}));
    let managed = bob.ok("users.get_vaults", json!({}))["vaults"][0]["data"].clone();
    assert!(managed.as_str().unwrap().contains("AWS_PROFILE"), "its owner still sees what is written there");
    let again = json!({"vault": {"id": id, "data": "environment.AWS_PROFILE = again"}});
    assert_eq!(bob.err("users.add_or_update_vault", again), (400, 16));

    // Arguments of containers are no way around.
    let arguments = "-e CLEARML_DISABLE_VAULT_SUPPORT=1 --env=AWS_PROFILE=x -e WANDB_MODE=1 -it";
    let queue = queued(&front, &bob, "t", json!({"image": "i", "arguments": arguments}));
    pull(&front, &queue).unwrap();
    let left = field(&front, "container", "t")["arguments"].clone();
    assert_eq!(left, "--env=WANDB_MODE=1 --interactive --tty");
}

#[test]
fn s18_personal_values_are_for_their_owner_and_the_owners_task() {
    let front = house();
    vault(&bob(&front), json!({"data": "agent.git_pass = geheimnis-von-bob"}), None);
    let load = json!({"enabled": true});
    let seen = |who: &Visitor<'_>| who.ok("users.get_vaults", load.clone())["vaults"][0]["data"].to_string();
    assert!(seen(&bob(&front)).contains("geheimnis"));

    // Somebody who acts as bob: the structure only.
    let mut acting = bob(&front);
    acting.caller.actor =
        Some(crate::domain::Actor { user: "agent".into(), name: "agent".to_owned(), role: Role::User });
    assert!(!seen(&acting).contains("geheimnis") && seen(&acting).contains("****"));
    acting.caller.minted = true;
    acting.caller.session = Some("s".into());
    assert!(!seen(&acting).contains("geheimnis"), "no task is bound to the session");
    let queue = queued(&front, &bob(&front), "t", json!({}));
    front.sql(
        "INSERT INTO token_session (session_id, kind, user, tenant, actor, root_session, task, token_epoch, issued)
         VALUES ('s', 'token', 'bob', 'acme', 'agent', 's', 't', 0, 0)",
        [],
    );
    assert!(!seen(&acting).contains("geheimnis"), "nobody dequeued it yet");
    pull(&front, &queue).unwrap();
    assert!(seen(&acting).contains("geheimnis"));
    front.sql("UPDATE task SET executor = 'another'", []);
    assert!(!seen(&acting).contains("geheimnis"), "somebody else runs it now");

    // Administrators see that there is something, and where settings come from.
    let ada = ada(&front);
    let settings = crate::domain::vaults::effective(&ada.ctx(), "bob").unwrap();
    assert_eq!((settings[0].path.as_str(), settings[0].shown.as_str()), ("agent.git_pass", "****"));
    let eve = eve(&front);
    assert!(crate::domain::vaults::effective(&eve.ctx(), "bob").is_err());
}
