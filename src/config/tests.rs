#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::net::IpAddr;

use serde_json::json;
use tempfile::TempDir;

use super::settings::access_log::{Adapter, LoggedFields};
use super::settings::apiserver::CorsOrigins;
use super::settings::secure::Role;
use super::settings::services::{PrivilegedAgents, QueueMode};
use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads with an empty configuration directory.
fn with_env(pairs: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let empty = TempDir::new().unwrap();
    load(Some(empty.path()), env(pairs).into_iter())
}

fn with_files(files: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let directory = write(files);
    load(Some(directory.path()), std::iter::empty())
}

fn write(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn refusal(result: Result<Loaded, ConfigError>) -> String {
    result.map(|_| ()).expect_err("must be refused").to_string()
}

fn warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}

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
fn a_file_is_a_section_named_by_its_path() {
    let loaded = with_files(&[
        (
            "apiserver.conf",
            "auth { default_expiration_sec = 60, cookies.secure: true }\nlisten.port: \"9008\"",
        ),
        ("services.conf", "tasks { max_last_metrics: 5 }\n_mongo.max_page_size: 7"),
        ("services/tasks.conf", "max_last_metrics: 6\nnon_responsive_tasks_watchdog.threshold_sec: 2 hours"),
        ("services/_mongo.conf", "{ scroll_state_expiration_seconds: 10s }"),
        ("secure.conf", "auth.token_secret: 0123456789012345678901234567890123456789"),
        ("notes.txt", "not { read"),
        (".hidden/apiserver.conf", "not { read"),
        ("hosts.conf", "fileserver: http://files.example.com:8081"),
    ])
    .unwrap();
    let settings = &loaded.settings;
    assert_eq!(warnings(&loaded), [""; 0]);
    assert_eq!(settings.apiserver.auth.default_expiration_sec, Seconds::new(60));
    assert_eq!(settings.apiserver.auth.cookies.secure, Some(true));
    assert!(settings.apiserver.auth.cookies.httponly, "other members of the section keep their defaults");
    assert_eq!(settings.apiserver.listen.port, 9008);
    assert_eq!(settings.services.tasks.max_last_metrics, 6, "the more specific file wins");
    assert_eq!(settings.services.tasks.non_responsive_tasks_watchdog.threshold_sec.get(), 7200);
    assert_eq!(settings.services.mongo.max_page_size, 7);
    assert_eq!(settings.services.mongo.scroll_state_expiration_seconds.get(), 10);
    assert_eq!(
        settings.secure.auth.token_secret.as_ref().unwrap().expose(),
        "0123456789012345678901234567890123456789"
    );
    assert_eq!(settings.hosts.fileserver.as_deref(), Some("http://files.example.com:8081"));
}

#[test]
fn directories_files_and_variables_override_one_another_in_order() {
    let first = write(&[(
        "apiserver.conf",
        "auth { default_expiration_sec: 1, max_expiration_sec: 100 }\nlisten.port: 1",
    )]);
    let second = write(&[("apiserver.conf", "auth.default_expiration_sec: 2\nlisten.port: 2")]);
    let list = format!("{}:$SECOND:/does/not/exist", first.path().display());
    let loaded = load(
        None,
        env(&[
            ("CLEARML_CONFIG_DIR", &list),
            ("TRAINS_CONFIG_DIR", "/also/not"),
            ("SECOND", &second.path().display().to_string()),
            ("TRAINS__APISERVER__LISTEN__PORT", "3"),
            ("TRAINS__apiserver__auth__max_expiration_sec", "200"),
            ("CLEARML__apiserver__listen__port", "4"),
            ("clearml__apiserver__listen__port", "5"),
        ])
        .into_iter(),
    )
    .unwrap();
    let auth = &loaded.settings.apiserver.auth;
    assert_eq!((auth.default_expiration_sec.get(), auth.max_expiration_sec.get()), (2, 200));
    assert_eq!(loaded.settings.apiserver.listen.port, 4);
    assert_eq!(
        warnings(&loaded),
        ["CLEARML_CONFIG_DIR names the directory /does/not/exist, which does not exist; it is skipped."]
    );
    let older =
        load(None, env(&[("TRAINS_CONFIG_DIR", &first.path().display().to_string())]).into_iter()).unwrap();
    assert_eq!(older.settings.apiserver.listen.port, 1);
}

#[test]
fn a_lone_file_is_a_section_by_name_or_holds_sections() {
    let directory = write(&[("apiserver.conf", "listen.port: 1"), ("all.conf", "apiserver.listen.port: 2")]);
    let port = |name: &str| {
        load(Some(&directory.path().join(name)), std::iter::empty()).unwrap().settings.apiserver.listen.port
    };
    assert_eq!((port("apiserver.conf"), port("all.conf")), (1, 2));
    let missing = refusal(load(Some(&directory.path().join("none.conf")), std::iter::empty()));
    assert!(missing.contains("does not exist") && missing.contains("--config"), "{missing}");
}

#[test]
fn a_dash_replaces_a_section_instead_of_merging() {
    let first = write(&[(
        "services.conf",
        "auth.ui_features_per_role { user { reports: false }, guest { reports: false } }",
    )]);
    let second = write(&[("services.conf", "auth { -ui_features_per_role { guest { queues: false } } }")]);
    let list = format!("{}:{}", first.path().display(), second.path().display());
    let loaded = load(None, env(&[("CLEARML_CONFIG_DIR", &list)]).into_iter()).unwrap();
    let roles = &loaded.settings.services.auth.ui_features_per_role;
    assert_eq!(roles.keys().collect::<Vec<_>>(), ["guest"]);
    assert_eq!(roles["guest"].keys().collect::<Vec<_>>(), ["queues"]);
}

#[test]
fn files_may_name_variables() {
    let directory = write(&[("hosts.conf", "fileserver: \"http://\"${FILES_HOST}\":8081\"")]);
    let loaded = load(Some(directory.path()), env(&[("FILES_HOST", "files")]).into_iter()).unwrap();
    assert_eq!(loaded.settings.hosts.fileserver.as_deref(), Some("http://files:8081"));
}

#[test]
fn overrides_are_hocon_values_and_text_keeps_its_text() {
    let loaded = with_env(&[
        ("CLEARML__SERVICES___MONGO__MAX_PAGE_SIZE", "2"),
        ("CLEARML__services__queues__hidden_tags", "[a, \"b@c\"]"),
        ("CLEARML__apiserver__auth__cookies", "{secure: true, domain: .example.com}"),
        ("CLEARML__services__workers__default_worker_timeout_sec", "1d"),
        ("CLEARML__services__tasks__non_responsive_tasks_watchdog__enabled", "\"false\""),
        ("CLEARML__secure__credentials__supervisor__user_key", "007"),
        ("CLEARML__secure__credentials__supervisor__user_secret", "1e5#=$@,{ü"),
        ("CLEARML__secure__credentials__supervisor__role", "\"system\""),
        ("CLEARML__secure__credentials__supervisor__email", "op@x.io"),
        ("CLEARML__secure__credentials__supervisor__allow_login", "true"),
        ("CLEARML__secure__credentials__supervisor__sec_groups", "[\"users\",\"admins\",\"queue_admins\"]"),
        ("CLEARML__secure__credentials__other__email", "\"\\\"op@x.io\\\"\""),
        ("CLEARML__secure__credentials__other__display_name", "The Other # not me"),
        ("CLEARML__secure__auth__token_secret", "\"a quoted # secret\""),
        ("CLEARML__apiserver__response__headers__server", "true"),
        ("CLEARML__apiserver__trusted_proxies", "10.0.0.0/8"),
        ("CLEARML__apiserver__endpoints___default__log_call", "false"),
        ("CLEARML__apiserver__request__strip_prefix", ""),
    ])
    .unwrap();
    let settings = &loaded.settings;
    assert_eq!(warnings(&loaded), [""; 0]);
    assert_eq!(settings.services.mongo.max_page_size, 2);
    assert_eq!(settings.services.queues.hidden_tags, ["a", "b@c"]);
    assert_eq!(settings.apiserver.auth.cookies.secure, Some(true));
    assert_eq!(settings.apiserver.auth.cookies.domain, [".example.com"]);
    assert_eq!(settings.services.workers.default_worker_timeout_sec.get(), 86_400);
    assert!(!settings.services.tasks.non_responsive_tasks_watchdog.enabled);
    let supervisor = &settings.secure.credentials["supervisor"];
    assert_eq!(supervisor.user_key.as_deref(), Some("007"));
    assert_eq!(supervisor.user_secret.as_ref().unwrap().expose(), "1e5#=$@,{ü");
    assert_eq!((supervisor.role, supervisor.allow_login), (Role::System, true));
    assert_eq!(supervisor.bare_email(), Some("op@x.io"));
    assert_eq!(supervisor.sec_groups, ["users", "admins", "queue_admins"]);
    assert_eq!(settings.secure.credentials["other"].bare_email(), Some("op@x.io"));
    assert_eq!(settings.secure.credentials["other"].display_name.as_deref(), Some("The Other"));
    assert_eq!(settings.secure.auth.token_secret.as_ref().unwrap().expose(), "a quoted # secret");
    assert_eq!(settings.apiserver.response.headers.server, "true");
    assert!(settings.apiserver.trusted_proxies[0].contains(IpAddr::from([10, 9, 8, 7])));
    assert_eq!(settings.apiserver.endpoints.default.log_call, Some(false));
    assert_eq!(settings.apiserver.request.strip_prefix, None);
    assert_eq!(settings.services.auth.fixed_users.guest.name, "Guest", "what is not named keeps its default");
}

#[test]
fn wrong_values_are_named_with_their_place() {
    let directory = write(&[
        (
            "apiserver.conf",
            "auth {\n  default_expiration_sec: soon\n  fixed_users.enabled: maybe\n}\nlisten.port: 99999",
        ),
        ("services.conf", "queues: 5\nqueues2: 1\nworkers.privileged_agents: perhaps"),
    ]);
    let variables = env(&[
        ("CLEARML__services__queues__hidden_tags", "[a@b]"),
        ("CLEARML__services__tasks__max_last_metrics", "-1"),
        ("CLEARML__secure__credentials__x__role", "emperor"),
    ]);
    let error = load(Some(directory.path()), variables.into_iter()).expect_err("refused");
    let text = error.to_string();
    let file = |name: &str| directory.path().join(name).display().to_string();
    for expected in [
        format!(
            "{}:2:27: apiserver.auth.default_expiration_sec must be a number of whole seconds",
            file("apiserver.conf")
        ),
        format!(
            "{}:3:24: apiserver.auth.fixed_users.enabled must be true or false, but it is text",
            file("apiserver.conf")
        ),
        format!(
            "{}:5:14: apiserver.listen.port must be a whole number from 0 to 65535",
            file("apiserver.conf")
        ),
        format!(
            "{}:3:28: services.workers.privileged_agents must be one of allow, warn, refuse",
            file("services.conf")
        ),
        "the variable CLEARML__services__queues__hidden_tags: services.queues.hidden_tags must be a list"
            .to_owned(),
        "the variable CLEARML__services__tasks__max_last_metrics: services.tasks.max_last_metrics must be"
            .to_owned(),
        "the variable CLEARML__secure__credentials__x__role: secure.credentials.x.role must be one of system"
            .to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected}\nnot in\n{text}");
    }
    assert_eq!(error.problems().len(), 7);
    assert!(!text.contains("emperor") && !text.contains("soon"), "values are not repeated: {text}");
}

#[test]
fn a_file_that_does_not_parse_is_named_with_line_and_column() {
    let directory = write(&[("services/tasks.conf", "a: 1\nb: [1, 2")]);
    let error = refusal(load(Some(directory.path()), std::iter::empty()));
    let file = directory.path().join("services/tasks.conf");
    assert!(error.starts_with(&format!("{}:2:4: this `[` is never closed", file.display())), "{error}");
    let error = refusal(with_files(&[("apiserver.conf", "[1, 2]")]));
    assert!(error.contains("holds a list"), "{error}");
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("apiserver.conf"), [0xff, 0xfe, b'a']).unwrap();
    assert!(refusal(load(Some(directory.path()), std::iter::empty())).contains("UTF-8"));
}

#[test]
fn unknown_keys_are_named_once_and_those_of_replaced_programs_are_not() {
    let directory =
        write(&[("apiserver.conf", "auth {\n  default_expiration_seconds: 5\n  cokies { secure: true }\n}")]);
    let variables = env(&[
        ("CLEARML__no__such__key", "1"),
        ("CLEARML__FILSERVER__AUTH__ENABLED", "1"),
        ("CLEARML__hosts__elastic__events__hosts", "[{host: es}]"),
        ("CLEARML__SERVICES___ELASTIC__SHARDS", "3"),
        ("CLEARML__apiserver__mongo__pre_populate", "x"),
        ("CLEARML__logging__loggers__root", "x"),
        ("CLEARML__redis__host", "x"),
        ("CLEARML__", "1"),
        ("CLEARML__a____b", "1"),
    ]);
    let loaded = load(Some(directory.path()), variables.into_iter()).unwrap();
    let file = directory.path().join("apiserver.conf").display().to_string();
    let mut found = warnings(&loaded);
    found.sort();
    let mut expected = vec![
        format!("{file}:2:31: apiserver.auth.default_expiration_seconds is not a setting and has no effect; did you mean apiserver.auth.default_expiration_sec."),
        format!("{file}:3:20: apiserver.auth.cokies.secure is not a setting and has no effect; did you mean apiserver.auth.cookies."),
        "the variable CLEARML__: does not name a setting and has no effect; write CLEARML__section__key.".to_owned(),
        "the variable CLEARML__FILSERVER__AUTH__ENABLED: filserver.auth.enabled is not a setting and has no effect; did you mean fileserver.".to_owned(),
        "the variable CLEARML__a____b: does not name a setting and has no effect; write CLEARML__section__key.".to_owned(),
        "the variable CLEARML__no__such__key: no.such.key is not a setting and has no effect; remove it or correct its name.".to_owned(),
    ];
    expected.sort();
    assert_eq!(found, expected);
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
        "default_groups { a { id: x, name: Same }, b { id: x, name: same }, c { name: Users, id: y }, d {} }",
    )]));
    for part in [
        "groups.b has the same name as the group a",
        "groups.b has the same id as the group a",
        "groups.c has the same name as the group users",
        "groups.d needs an id",
    ] {
        assert!(clash.contains(part), "{part} not in\n{clash}");
    }
}

#[test]
fn published_and_short_secrets_are_refused() {
    const TESTS_KEY: &str = "EGRTCO8JMSIGI6S39GTP43NFWXDQOW";
    const TESTS_SECRET: &str = "LPEJbGJ6bK4tujQcmrD3i1dbMBDdwUwelVa-LG0K0FFmY9bzH_H0Sw";
    let variables = [
        ("CLEARML__secure__auth__token_secret", "new-secret-string"),
        ("CLEARML__secure__http__session_secret__apiserver", "12345678901234567890123"),
        ("CLEARML__secure__credentials__tests__user_key", TESTS_KEY),
        ("CLEARML__secure__credentials__tests__user_secret", TESTS_SECRET),
        (
            "CLEARML__secure__credentials__apiserver__user_secret",
            "gaOfhDX2-bpkeI7-cwEcaMuGijxaG2UG3jbIvg4DxmVGF0LNI7rgvCb1-ne38IlBo1w",
        ),
        ("CLEARML__secure__credentials__apiserver__user_key", "MYOWNKEY"),
    ];
    let settings = with_env(&variables).unwrap().settings;
    let error = check_secrets(&settings).expect_err("refused");
    let text = error.to_string();
    for part in [
        "secure.auth.token_secret is shorter than 24 characters",
        "secure.http.session_secret.apiserver is shorter than 24 characters",
        "secure.credentials.tests.user_key is a published default",
        "secure.credentials.tests.user_secret is a published default",
        "secure.credentials.apiserver.user_secret is a published default",
        "openssl rand -base64 48",
        "roundhouse init",
    ] {
        assert!(text.contains(part), "{part} not in\n{text}");
    }
    assert_eq!(error.problems().len(), 5);
    assert!(!text.contains(TESTS_SECRET) && !text.contains("new-secret-string") && !text.contains(TESTS_KEY));

    let mut insecure = variables.to_vec();
    insecure.push(("CLEARML__SECURE__ALLOW_INSECURE_DEFAULTS", "true"));
    let warnings = check_secrets(&with_env(&insecure).unwrap().settings).unwrap();
    assert_eq!(warnings.len(), 6);
    assert!(warnings.iter().all(|warning| warning.kind == WarningKind::Insecure));
    assert!(warnings[0].to_string().contains("never run a reachable server like this"));
}

#[test]
fn every_published_pair_is_known() {
    for secret in [
        "gaOfhDX2-bpkeI7-cwEcaMuGijxaG2UG3jbIvg4DxmVGF0LNI7rgvCb1-ne38IlBo1w",
        "tuBXcGQBECsEhcNiK2kiWi750z9r8Z85XrQ9V0c24huTuCb2xf2X1nKG",
        "XhkH6a6ds9JBnM_MrahYyYdO-wS2bqFSm8gl-V0UZXH26Ydd6Eyi28TeBEoSr6Z3Bes",
        "LPEJbGJ6bK4tujQcmrD3i1dbMBDdwUwelVa-LG0K0FFmY9bzH_H0Sw",
    ] {
        assert!(is_public_secret(secret));
    }
    assert!(!is_public_secret("a secret of one's own, long enough"));
    assert!(is_public_access_key("62T8CP7HGBC6647XF9314C2VY67RJO") && !is_public_access_key("MINE"));
}

#[test]
fn secrets_that_cannot_work_are_refused_whatever_is_allowed() {
    let good = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let key = |value: &'static str| [("CLEARML__secure__vaults__encryption_key", value)];
    check_secrets(&with_env(&key(good)).unwrap().settings).unwrap();
    let error = check_secrets(&with_env(&key("dG9vIHNob3J0")).unwrap().settings).expect_err("short");
    assert!(error.to_string().contains("encryption_key is not the base64 form of 32 bytes"), "{error}");
    let half = [
        ("CLEARML__secure__credentials__services_agent__user_key", "KEY"),
        ("CLEARML__secure__allow_insecure_defaults", "true"),
    ];
    let error = check_secrets(&with_env(&half).unwrap().settings).expect_err("half a pair");
    assert!(error.to_string().contains("services_agent has a user_key but no user_secret"), "{error}");
}

#[test]
fn the_public_tree_is_complete_and_without_secrets() {
    let directory = write(&[
        (
            "apiserver.conf",
            "auth.fixed_users.users: [{username: ann, password: hunter2hunter2, name: Ann}]\nauth.credentials.max_credentials: 3",
        ),
        (
            "secure.conf",
            "auth.token_secret: hunter2hunter2\nlogin.sso.oauth_client.keycloak.client_secret: hunter2",
        ),
        (
            "services.conf",
            "storage_credentials.aws.s3 { key: AKIA, secret: hunter2, region: eu }\nauth.fixed_users.guest.password: hunter2",
        ),
        ("mongo.conf", "url: \"mongodb://u:hunter2@db\", password: hunter2, name: db"),
    ]);
    let variables = env(&[
        ("CLEARML__apiserver__listen__port", "9"),
        ("USER_SECRET", "hunter2"),
        ("WEBSERVER__productName", "\"ML\""),
    ]);
    let settings = load(Some(directory.path()), variables.into_iter()).unwrap().settings;
    let tree = settings.public_tree();
    assert!(!tree.to_string().contains("hunter2") && !tree.to_string().contains("AKIA"), "{tree}");
    assert!(tree.get("secure").is_none());
    assert_eq!(tree["apiserver"]["auth"]["fixed_users"]["users"][0]["username"], json!("ann"));
    assert_eq!(tree["apiserver"]["auth"]["credentials"]["max_credentials"], json!(3));
    assert_eq!(tree["apiserver"]["listen"]["port"], json!(9));
    assert_eq!(tree["services"]["_mongo"]["max_page_size"], json!(500), "defaults are shown under their key");
    assert_eq!(tree["fileserver"]["auth"]["tokens_cache_threshold_sec"], json!(43_200));
    assert_eq!(tree["mongo"], json!({"name": "db"}));
    assert_eq!(tree["webserver"]["configuration"]["productName"], json!("ML"));
    assert!(!format!("{settings:?}").contains("hunter2"), "Debug shows no secret either");
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
    let rule = |service: &str, action: &str| apiserver.endpoints.rule(service, action);
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
