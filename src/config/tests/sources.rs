//! Files, directories, overrides, and how wrong ones are named.

use std::fs;
use std::net::IpAddr;

use tempfile::TempDir;

use super::super::settings::secure::Role;
use super::super::*;
use super::*;

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
