//! Defaults, types and the rules of single sections.

use std::net::IpAddr;

use serde_json::json;

use super::super::settings::access_log::{Adapter, LoggedFields};
use super::super::settings::apiserver::CorsOrigins;
use super::super::settings::secure::Role;
use super::super::settings::services::{PrivilegedAgents, QueueMode};
use super::super::*;
use super::*;

#[test]
fn the_defaults_are_secure() {
    let Loaded { settings, warnings } = with_env(&[]).unwrap();
    assert!(warnings.is_empty());
    assert!(
        settings.apiserver.auth.fixed_users.enabled && settings.apiserver.auth.fixed_users.users.is_empty()
    );
    assert!(
        settings.fileserver.auth.enabled
            && settings.apiserver.log_calls
            && settings.services.permissions.enabled
    );
    assert!(
        settings.services.auth.impersonation.require_dequeued_task
            && settings.services.vaults.enforce_output_uri
    );
    assert!(settings.services.events.redact_vault_values && settings.secure.vaults.encrypt);
    assert!(
        !settings.apiserver.check_for_updates.enabled && !settings.services.auth.fixed_users.guest.enabled
    );
    assert!(!settings.services.organization.allow_public && !settings.secure.allow_insecure_defaults);
    assert_eq!(settings.apiserver.cors.origins, CorsOrigins::WebOnly);
    assert_eq!(settings.apiserver.listen.ip, IpAddr::from([127, 0, 0, 1]));
    assert!(settings.secure.auth.token_secret.is_none());
    let names: Vec<&str> = settings.secure.credentials.keys().map(String::as_str).collect();
    assert_eq!(names, ["apiserver", "fileserver", "services_agent", "tests", "webserver"]);
    assert!(settings.secure.credentials.values().all(|c| c.user_key.is_none() && c.user_secret.is_none()));
    assert!(settings.secure.credentials["tests"].revoke_in_fixed_mode);
    assert_eq!(settings.secure.credentials["services_agent"].role, Role::Admin);
    assert_eq!(settings.services.organization.features.len(), 25);
    assert!(
        settings.services.organization.features["reports"]
            && !settings.services.organization.features["sso_management"]
    );
    assert_eq!(check_secrets(&settings).unwrap(), []);
}

#[test]
fn fixed_users() {
    let loaded = with_files(&[(
        "apiserver.conf",
        r#"auth.fixed_users { pass_hashed: false, users: [
            { username: "jane", password: 007, name: "Jane Doe", admin: true, compny: x }
            { username: bob, password: "p#", is_guest: "true", company: abc }
        ] }"#,
    )])
    .unwrap();
    let [jane, bob] = loaded.settings.apiserver.auth.fixed_users.users.as_slice() else {
        panic!("two people")
    };
    assert_eq!(
        (jane.username.as_str(), jane.password.expose().as_str(), jane.name.as_str()),
        ("jane", "007", "Jane Doe")
    );
    assert!(jane.admin && !jane.is_guest && jane.company.is_none());
    assert_eq!((bob.name.as_str(), bob.company.as_deref(), bob.is_guest), ("bob", Some("abc"), true));
    let found = warnings(&loaded);
    assert!(
        found.len() == 1 && found[0].contains("users[0].compny") && found[0].contains("did you mean company"),
        "{found:?}"
    );

    let broken = refusal(with_files(&[(
        "apiserver.conf",
        "auth.fixed_users.users: [\n {username: ann, password: a}\n {username: ann, password: b}\n {username: eve}\n {username: \"\", password: x}\n]",
    )]));
    for part in ["users[2] has no password", "users[3].username must be text and not empty"] {
        assert!(broken.contains(part), "{broken}");
    }
    let repeated = refusal(with_files(&[(
        "apiserver.conf",
        "auth.fixed_users.users: [\n {username: ann, password: a}\n {username: ann, password: b}\n {username: eve, password: c, admin: true, is_guest: true}\n]",
    )]));
    assert!(
        repeated.contains("users[1] repeats the user name") && repeated.contains("apiserver.conf:2:2"),
        "{repeated}"
    );
    assert!(repeated.contains("users[2] is both guest and administrator"), "{repeated}");
}

#[test]
fn the_guest_needs_a_password() {
    const ENABLED: (&str, &str) = ("CLEARML__services__auth__fixed_users__guest__enabled", "true");
    const PASSWORD: (&str, &str) = ("CLEARML__services__auth__fixed_users__guest__password", "guest");
    assert!(refusal(with_env(&[ENABLED])).contains("guest.password is missing"));
    let guest = with_env(&[ENABLED, PASSWORD]).unwrap().settings.services.auth.fixed_users.guest;
    assert_eq!(guest.password.unwrap().expose(), "guest");
}

#[test]
fn groups_of_all_tenants() {
    let loaded = with_env(&[
        ("CLEARML__services__auth__default_groups__users__features", "[\"applications\"]"),
        ("CLEARML__services__auth__default_groups__users__assignable", "true"),
        ("CLEARML__services__auth__default_groups__admins__id", "x"),
        ("CLEARML__services__auth__default_groups__MyGroup__id", "abcd-1234-abcd-1234"),
        ("CLEARML__services__auth__default_groups__MyGroup__name", "Mine"),
        ("CLEARML__services__auth__default_groups__MyGroup__features", "[\"report\"]"),
        ("CLEARML__services__auth__default_groups__MyGroup__assignable", "\"false\""),
        ("CLEARML__services__auth__default_groups__MyGroup__system", "true"),
    ])
    .unwrap();
    let groups = &loaded.settings.services.auth.default_groups;
    assert_eq!(groups["users"].features.as_deref(), Some(&["applications".to_owned()][..]));
    assert_eq!((groups["users"].assignable, groups["admins"].id.as_deref()), (None, None));
    let mine = &groups["mygroup"];
    assert_eq!((mine.name.as_deref(), mine.assignable, mine.system), (Some("Mine"), Some(false), None));
    let found = warnings(&loaded).join("\n");
    for part in [
        "admins.id is fixed",
        "users.assignable has no effect",
        "mygroup.system has no effect",
        "mygroup.name differs",
        "mygroup.id is not a UUID",
        "did you mean reports",
    ] {
        assert!(found.contains(part), "{part} not in\n{found}");
    }
    assert_eq!(loaded.warnings.len(), 6);

    let clash = refusal(with_files(&[(
        "services/auth.conf",
        "default_groups { a { id: x, name: Same }, b { id: x, name: same }, c { name: Users, id: y }, d {}, e.id: c14a3cc6-1144-4896-8ea6-fb186ee19896 }",
    )]));
    for part in [
        "groups.b has the same name as the group a",
        "groups.b has the same id as the group a",
        "groups.c has the same name as the group users",
        "groups.d needs an id",
        "groups.e has the same id as the group admins",
    ] {
        assert!(clash.contains(part), "{part} not in\n{clash}");
    }
}

#[test]
fn fixed_variables() {
    let loaded = with_env(&[
        ("CLEARML_SERVER_VERSION", "2.9.1"),
        ("TRAINS_SERVER_BUILD", "77"),
        ("CLEARML_COMPRESS_RESP", "False"),
        ("TRAINS_UPLOAD_FOLDER", "/mnt/files"),
        ("CLEARML_MONGODB_SERVICE_HOST", "db"),
        ("CLEARML_USE_GUNICORN", "1"),
        ("WEBSERVER__displayedServerUrls__apiServer", "\"http://x\""),
        ("WEBSERVER__displayedserverurls__filesServer", "null"),
        ("CLEARML_SERVER_SUB_PATH", "/ml/"),
        ("USER_KEY", "K"),
    ])
    .unwrap();
    let Settings { server, fileserver, webserver, .. } = &loaded.settings;
    assert_eq!(
        (server.version.as_deref(), server.build.as_deref(), server.commit.as_deref()),
        (Some("2.9.1"), Some("77"), None)
    );
    assert!(!server.compress_responses);
    assert_eq!(fileserver.upload_folder.as_deref(), Some("/mnt/files"));
    assert_eq!(
        webserver.configuration.0,
        json!({"displayedServerUrls": {"apiServer": "http://x", "filesServer": null}})
    );
    assert_eq!(
        (webserver.sub_path.as_deref(), webserver.credentials.user_key.as_deref()),
        (Some("ml"), Some("K"))
    );
    assert_eq!(warnings(&loaded), [""; 0]);
    let error = refusal(with_env(&[("WEBSERVER__productName", "ML")]));
    assert!(error.contains("WEBSERVER__productName") && error.contains("JSON"), "{error}");
}

#[test]
fn the_log_of_calls() {
    let loaded = with_files(&[(
        "apiserver.conf",
        r#"apilog { adapter: [store, raw_log], rotation.time: quarterly, log_fields.headers.enabled: false
             adapters.logging.handler.kwargs { host: fluentd } }
           endpoints { _default_ { log_data: true }, tasks.get_all { log_call: false, log_data: [id, name] }, tasks.ping.log_call: true }"#,
    )])
    .unwrap();
    let apiserver = &loaded.settings.apiserver;
    assert_eq!(apiserver.apilog.adapter, [Adapter::Store, Adapter::RawLog]);
    assert!(!apiserver.apilog.log_fields.headers.enabled && apiserver.apilog.log_fields.auth.enabled);
    assert_eq!(apiserver.apilog.adapters.logging.handler.kwargs.port, 24_224);
    let rule = |service: &str, action: &str| apiserver.endpoints.rule(service, action, false);
    assert!(
        !rule("tasks", "get_all").log_call
            && rule("tasks", "ping").log_call
            && rule("tasks", "edit").log_call
    );
    assert!(!rule("workers", "status_report").log_call && !rule("events", "add_batch").log_call);
    assert_eq!(
        rule("tasks", "get_all").log_data,
        LoggedFields::Only(vec!["id".to_owned(), "name".to_owned()])
    );
    assert_eq!(rule("tasks", "edit").log_data, LoggedFields::Everything);
    assert_eq!(rule("tasks", "edit").log_result_data, LoggedFields::Nothing);
    assert_eq!(warnings(&loaded), [""; 0]);
    let error = refusal(with_env(&[("CLEARML__apiserver__apilog__adapter", "syslog")]));
    assert!(error.contains("must be one of store, file, raw_log, logging, elastic"), "{error}");
}

#[test]
fn words_null_and_rules_between_settings() {
    let settings = with_env(&[
        ("CLEARML__services__applications__queue_mode", "Per_Tenant"),
        ("CLEARML__services__workers__privileged_agents", "refuse"),
        ("CLEARML__apiserver__cors__origins", "[\"https://ML.example.com/\"]"),
        ("CLEARML__services__queues__hidden_tags", "null"),
        ("CLEARML__apiserver__auth__cookies_domain_override__abc", "null"),
        ("CLEARML__services__async_urls_delete__fileserver__url_prefixes", "[]"),
    ])
    .unwrap()
    .settings;
    assert_eq!(settings.services.applications.queue_mode, QueueMode::PerTenant);
    assert_eq!(settings.services.workers.privileged_agents, PrivilegedAgents::Refuse);
    assert_eq!(
        settings.apiserver.cors.origins,
        CorsOrigins::Listed(vec!["https://ml.example.com".to_owned()])
    );
    assert_eq!(settings.services.queues.hidden_tags, ["k8s-glue"], "null means the default");
    assert_eq!(settings.apiserver.auth.cookies_domain_override["abc"], None);
    assert_eq!(settings.services.async_urls_delete.fileserver.url_prefixes.as_deref(), Some(&[][..]));
    let any = with_env(&[("CLEARML__apiserver__cors__origins", "\"*\"")]).unwrap().settings;
    assert_eq!(any.apiserver.cors.origins, CorsOrigins::Any);
    for (name, value, part) in [
        (
            "CLEARML__apiserver__auth__max_expiration_sec",
            "60",
            "larger than apiserver.auth.max_expiration_sec",
        ),
        ("CLEARML__services___mongo__max_page_size", "0", "must be at least 1"),
        ("CLEARML__services__organization__public_urls__web", "ml.example.com", "http:// or https://"),
        ("CLEARML__services__organization", "5", "must be a section in braces"),
    ] {
        let error = refusal(with_env(&[(name, value)]));
        assert!(error.contains(part), "{error}");
    }
}
