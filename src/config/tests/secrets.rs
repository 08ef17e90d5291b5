//! Which secrets are refused, and what is never shown.

use serde_json::json;

use super::super::*;
use super::*;

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
