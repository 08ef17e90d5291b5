//! Acceptance cases of spec/models.md 7 that the storage service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::{
    api::front_door::{FrontDoor, Visitor},
    domain::Role,
};

fn administrator(front: &FrontDoor) -> Visitor<'_> {
    front.ann().role(Role::Admin)
}

fn settings(who: &Visitor<'_>) -> Value {
    who.ok("storage.get_settings", json!({}))["settings"].clone()
}

#[test]
fn case_37_a_fresh_tenant_has_none() {
    let front = FrontDoor::open();
    let found = settings(&administrator(&front));
    assert_eq!(found["aws"]["buckets"], json!([]));
    assert_eq!((&found["aws"]["key"], &found["aws"]["secret"]), (&json!(""), &json!("")));
    assert_eq!(found["google"], json!({"project": null, "credentials_json": null, "buckets": []}));
    assert_eq!(found["azure"], json!({"containers": []}));
    assert!(found.as_object().unwrap().contains_key("last_update") && found["last_update"].is_null());
}

#[test]
fn case_38_a_section_replaces_only_itself() {
    let front = FrontDoor::open();
    let admin = administrator(&front);
    let set = |request: Value| admin.call("storage.set_settings", request);
    for wrong in
        [json!({}), json!({"google": {"credentials_json": "not json"}}), json!({"azure": {"containers": 1}})]
    {
        assert_eq!(set(wrong.clone()), Err((400, 12)), "{wrong}");
    }
    assert!(settings(&admin)["last_update"].is_null(), "nothing was stored");
    set(json!({"aws": {"key": "AK", "secret": "s"}})).unwrap();
    let container = json!({"account_name": "a", "account_key": "k", "other": "dropped"});
    assert_eq!(set(json!({"azure": {"containers": [container]}})).unwrap(), json!({"updated": 1}));
    let found = settings(&admin);
    assert_eq!(found["azure"]["containers"][0]["account_name"], "a");
    assert_eq!(found["azure"]["containers"][0]["account_key"], "****", "S16: masked");
    let container = found["azure"]["containers"][0].as_object().unwrap();
    assert!(container.get("container_name").unwrap().is_null() && !container.contains_key("other"));
    assert_eq!(found["aws"]["key"], "AK");
    assert!(found["last_update"].is_string());
}

#[test]
fn case_39_buckets_without_keys_are_stored_and_not_shown() {
    let front = FrontDoor::open();
    let admin = administrator(&front);
    let set = |bucket: Value| {
        let done = admin.ok("storage.set_settings", json!({"aws": {"buckets": [bucket]}}));
        assert_eq!(done["updated"], 1);
        settings(&admin)["aws"]["buckets"].clone()
    };
    assert_eq!(set(json!({"bucket": "b"})), json!([]));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM storage_section", []), Some(1));
    let shown = set(json!({"bucket": "b", "key": "AK", "secret": "geheim"}));
    let expected = json!([{
        "bucket": "b", "subdir": "", "host": "", "key": "AK", "secret": "****", "token": "", "multipart": true, "acl": "",
        "secure": true, "region": "", "verify": true, "use_credentials_chain": false, "extra_args": null, "profile": ""
    }]);
    assert_eq!(shown, expected);
}

#[test]
fn case_40_reset_forgets_sections() {
    let front = FrontDoor::open();
    let admin = administrator(&front);
    let reset = |keys: Value| admin.call("storage.reset_settings", json!({"keys": keys}));
    assert_eq!(reset(json!(["azure"])), Ok(json!({"updated": 0})));
    let azure = json!({"containers": [{"account_name": "a", "account_key": "k"}]});
    admin.ok("storage.set_settings", json!({"azure": azure, "aws": {"key": "AK"}}));
    assert_eq!(reset(json!(["ftp"])), Err((400, 12)));
    assert_eq!(reset(json!(["azure"])), Ok(json!({"updated": 1})));
    let found = settings(&admin);
    assert_eq!((&found["azure"]["containers"], &found["aws"]["key"]), (&json!([]), &json!("AK")));
}

#[test]
fn case_57_names_are_tidied_and_what_was_not_sent_is_null() {
    let front = FrontDoor::open();
    let admin = administrator(&front);
    let set = |aws: Value| admin.call("storage.set_settings", json!({"aws": aws}));
    set(json!({"buckets": [
        {"bucket": "cc", "use_credentials_chain": true}, {"bucket": "\"b\"", "subdir": "x/", "key": "k", "secret": "s"},
    ]}))
    .unwrap();
    let buckets = settings(&admin)["aws"]["buckets"].clone();
    assert_eq!((&buckets[0]["bucket"], &buckets[0]["use_credentials_chain"]), (&json!("cc"), &json!(true)));
    assert_eq!((&buckets[1]["bucket"], &buckets[1]["subdir"]), (&json!("b"), &json!("x")));
    assert_eq!(set(json!({})), Ok(json!({"updated": 1})));
    let aws = settings(&admin)["aws"].clone();
    for field in ["key", "secret", "token", "region"] {
        assert!(aws.as_object().unwrap().contains_key(field) && aws[field].is_null(), "{field}");
    }
    assert_eq!(aws["buckets"], json!([]));
    assert_eq!(set(Value::Null), Err((400, 12)));
    front.sql("UPDATE storage_settings SET last_update = 1", []);
    assert_eq!(admin.ok("storage.reset_settings", json!({"keys": []}))["updated"], 1);
    assert!(settings(&admin)["last_update"].as_str().unwrap() > "2000");
}

#[test]
fn s16_only_administrators_write_and_others_see_empty_sections() {
    let front = FrontDoor::open();
    let (admin, ann) = (administrator(&front), front.ann());
    let azure = json!({"containers": [{"account_name": "a", "account_key": "k"}]});
    admin.ok("storage.set_settings", json!({"azure": azure, "aws": {"key": "AK", "secret": "s"}}));
    let seen = settings(&ann);
    assert_eq!((&seen["azure"]["containers"], &seen["aws"]["key"]), (&json!([]), &json!("")));
    assert_eq!(ann.err("storage.set_settings", json!({"azure": azure})), (403, 20));
    assert_eq!(ann.err("storage.reset_settings", json!({"keys": ["azure"]})), (403, 20));
    assert_eq!(settings(&admin)["azure"]["containers"][0]["account_name"], "a");
    front.tenant("other");
    assert_eq!(settings(&front.visitor("other", "zoe").role(Role::Admin))["azure"]["containers"], json!([]));
}

/// What the server itself would use.
fn stored(front: &FrontDoor) -> crate::domain::storage::Settings {
    let scope = crate::store::Scope::tenant("acme");
    front.app.store.read(&scope, |snapshot| crate::domain::storage::load(&front.app, snapshot)).unwrap()
}

#[test]
fn s16_a_mask_keeps_the_stored_secret_of_the_same_place_only() {
    let front = FrontDoor::open();
    let admin = administrator(&front);
    let bucket = json!({"bucket": "b", "host": "minio:9000", "key": "AK", "secret": "geheim"});
    let key = "{\"type\": \"service_account\"}";
    let google = json!({"credentials_json": key});
    admin
        .ok("storage.set_settings", json!({"aws": {"secret": "top", "buckets": [bucket]}, "google": google}));
    let shown = settings(&admin);
    assert_eq!(shown["google"]["credentials_json"], "****");
    admin.ok("storage.set_settings", json!({"aws": shown["aws"], "google": shown["google"]}));
    let now = stored(&front);
    let aws = now.aws.unwrap();
    assert_eq!((aws.secret.as_deref(), aws.buckets[0].secret.as_str()), (Some("top"), "geheim"));
    assert_eq!(now.google.unwrap().credentials_json.as_deref(), Some(key));

    for (field, other) in [("host", "evil:9000"), ("key", "OTHER"), ("bucket", "c")] {
        let mut aws = shown["aws"].clone();
        aws["buckets"][0][field] = json!(other);
        assert_eq!(admin.err("storage.set_settings", json!({"aws": aws})), (400, 12), "{field}");
    }
    assert_eq!(stored(&front).aws.unwrap().buckets[0].secret, "geheim");
}

#[test]
fn s25_settings_are_sealed_for_their_tenant() {
    let front = FrontDoor::open();
    let admin = administrator(&front);
    let aws = json!({"key": "AKIDENTITY", "secret": "geheimnis", "buckets": [{"bucket": "unser-eimer"}]});
    admin.ok("storage.set_settings", json!({"aws": aws}));
    let sealed = front.value::<Vec<u8>>("SELECT sealed FROM storage_section", []).unwrap();
    for text in ["AKIDENTITY", "geheimnis", "unser-eimer"] {
        assert!(!sealed.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
    // Rows that somebody moves to another tenant or section in the database do not open there.
    front.sql("UPDATE storage_section SET section = 'google'", []);
    assert_eq!(admin.err("storage.get_settings", json!({})), (500, 1));
    front.sql("UPDATE storage_section SET section = 'aws', company = 'other'", []);
    front.tenant("other");
    let zoe = front.visitor("other", "zoe").role(Role::Admin);
    assert_eq!(zoe.err("storage.get_settings", json!({})), (500, 1));
    front.sql("UPDATE storage_section SET company = 'acme'", []);
    assert_eq!(settings(&admin)["aws"]["key"], "AKIDENTITY");
}
