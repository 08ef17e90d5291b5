//! Acceptance cases of spec/files.md 8 and spec/models.md 7 on the queue of files to delete.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    config::{Seconds, Settings},
    domain::{
        Call, Caller, CallerKind, Ctx, Role,
        files::{
            Upload,
            testing::{HOME, House},
        },
        storage,
    },
    store::{
        models::Doomed,
        objects::testing::{KEY, S3Server, SECRET},
    },
    types::UserId,
};

const FILES: &str = "http://files.test";

fn house(change: impl FnOnce(&mut Settings)) -> House {
    let house = House::new(|settings| {
        settings.services.async_urls_delete.fileserver.url_prefixes = Some(vec![FILES.to_owned()]);
        settings.services.async_urls_delete.grace_sec = Seconds::new(0);
        change(settings);
    });
    assert!(house.app.files.set(Arc::clone(&house.files)).is_ok());
    house
}

fn upload(house: &House, user: &UserId, names: &[&str]) {
    let caller = house.caller_of(&house.token(user, 60));
    let mut upload =
        Upload::begin(Arc::clone(&house.files), Arc::clone(&house.app), caller, Call::internal(), None)
            .unwrap();
    for name in names {
        assert!(upload.file(name).unwrap());
        upload.write(b"content").unwrap();
    }
    upload.commit().unwrap();
}

fn doom(house: &House, tenant: &str, storage_type: &'static str, url: &str, folder: bool) {
    let file = Doomed { url, storage_type, folder, cause: "t1", project: None, user: "ann" };
    house.app.store.write(&Scope::tenant(tenant), Lane::Documents, |tx| tx.doom_file(&file)).unwrap();
}

fn own(house: &House) {
    while delete_own(&house.app, &|| false).unwrap() {}
}

/// `(url, status, retry_count, reason)` of all rows.
fn rows(house: &House) -> Vec<(String, String, i64, String)> {
    let sql =
        "SELECT url, status, retry_count, coalesce(last_failure_reason, '') FROM url_to_delete ORDER BY url";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    house.app.store.read(&Scope::server(), |snapshot| snapshot.all(sql, [], read)).unwrap()
}

/// Lets every row that failed be tried again.
fn a_minute_later(house: &House) {
    let sql = "UPDATE url_to_delete SET last_failure_time = last_failure_time - 61000";
    house.sql(HOME, sql, &[]);
}

fn on_disk(house: &House, tenant: &str, path: &str) -> bool {
    house.disk(&format!("tenants/{tenant}/{path}")).exists()
}

#[test]
fn files_case_36_39_44_files_and_rows_go_and_what_is_gone_already_counts() {
    let house = house(|_| {});
    let ann = house.person("ann", HOME);
    upload(&house, &ann, &["p/run.t1/a+b.txt", "p/run.t1/ü 100%.bin", "p/run.t1/kept"]);
    for url in ["/p/run.t1/a+b.txt?download=", "/p/run.t1/%C3%BC%20100%25.bin", "/p/run.t1/none"] {
        doom(&house, HOME, "fileserver", &format!("{FILES}{url}"), false);
    }
    assert_eq!(rows(&house).len(), 3);
    own(&house);
    assert_eq!(rows(&house), []);
    assert!(!on_disk(&house, HOME, "p/run.t1/a+b.txt") && !on_disk(&house, HOME, "p/run.t1/ü 100%.bin"));
    assert!(on_disk(&house, HOME, "p/run.t1/kept"));
    let scope = Scope::tenant(HOME);
    assert_eq!(house.app.store.read(&scope, |snapshot| snapshot.file_usage()).unwrap().files, 1);
    assert!(house.audit().iter().any(|(name, code, _)| name == "files.delete_scheduled" && *code == 200));
}

#[test]
fn files_case_40_three_tries_a_minute_apart_and_a_new_start() {
    let house = house(|_| {});
    let ann = house.person("ann", HOME);
    // The file server can't remove anything where a file stands in place of the tenants' directories.
    let url = format!("{FILES}/p/a");
    upload(&house, &ann, &["p/a"]);
    house.sql(HOME, "CREATE TRIGGER hold BEFORE DELETE ON file BEGIN SELECT RAISE(ABORT, 'held'); END", &[]);
    doom(&house, HOME, "fileserver", &url, false);
    // A database that fails is nobody's fault but the server's: the row is not blamed.
    assert!(delete_own(&house.app, &|| false).is_err());
    assert_eq!(rows(&house)[0].2, 0);
    house.sql(HOME, "DROP TRIGGER hold", &[]);
    own(&house);
    assert_eq!(rows(&house), []);

    let remote = "s3://bucket/k";
    doom(&house, HOME, "s3", remote, false);
    let network = Network::start("test", 1).unwrap();
    for tried in 1..=3 {
        while delete_remote(&house.app, &network, &|| false).unwrap() {}
        let (_, status, count, reason) = rows(&house).remove(0);
        assert_eq!((status.as_str(), count), (if tried == 3 { "failed" } else { "created" }, tried));
        assert!(reason.contains("no credentials"), "{reason}");
        assert!(!delete_remote(&house.app, &network, &|| false).unwrap(), "not before a minute is over");
        a_minute_later(&house);
    }
    assert!(!delete_remote(&house.app, &network, &|| false).unwrap(), "given up");
    doom(&house, HOME, "s3", remote, false);
    assert_eq!(rows(&house), [(remote.to_owned(), "created".to_owned(), 0, String::new())]);
}

#[test]
fn files_case_41_tenants_never_delete_each_others_files() {
    let house = house(|_| {});
    let (ann, zoe) = (house.person("ann", HOME), house.person("zoe", "other"));
    upload(&house, &ann, &["p/a", "d/x"]);
    upload(&house, &zoe, &["p/a", "d/x"]);
    let (file, folder) = (format!("{FILES}/p/a"), format!("{FILES}/d"));
    doom(&house, HOME, "fileserver", &file, false);
    doom(&house, HOME, "fileserver", &file, false);
    doom(&house, HOME, "fileserver", &folder, true);
    assert_eq!(rows(&house).len(), 2, "one row for an address of a tenant");
    own(&house);
    assert!(!on_disk(&house, HOME, "p/a") && !on_disk(&house, HOME, "d"));
    assert!(on_disk(&house, "other", "p/a") && on_disk(&house, "other", "d/x"));
    doom(&house, HOME, "fileserver", &file, false);
    doom(&house, "other", "fileserver", &file, false);
    assert_eq!(rows(&house).len(), 2, "a row for each tenant");
    own(&house);
    assert!(!on_disk(&house, "other", "p/a") && on_disk(&house, "other", "d/x"));
    for escape in ["/../../other/d/x", "/%2e%2e/other/d/x", "/..%2fother%2fd/x", "/p/..", "/"] {
        doom(&house, HOME, "fileserver", &format!("{FILES}{escape}"), escape.len() > 20);
    }
    own(&house);
    assert!(on_disk(&house, "other", "d/x"));
    assert!(rows(&house).iter().all(|row| row.1 == "failed"), "{:?}", rows(&house));
}

#[test]
fn files_case_42_a_folder_goes_but_for_files_of_what_still_exists() {
    let house = house(|_| {});
    let ann = house.person("ann", HOME);
    house.task(HOME, "p", "alive");
    upload(&house, &ann, &["p/gone/a", "p/gone/deep/b", "p/gone/run.alive/c", "p/beside"]);
    doom(&house, HOME, "fileserver", &format!("{FILES}/p/gone"), true);
    own(&house);
    assert_eq!(rows(&house), []);
    assert!(!on_disk(&house, HOME, "p/gone/a") && !on_disk(&house, HOME, "p/gone/deep"));
    assert!(on_disk(&house, HOME, "p/gone/run.alive/c") && on_disk(&house, HOME, "p/beside"));
}

#[test]
fn the_sdk_gets_some_seconds_to_delete_the_files_itself() {
    let house = house(|settings| settings.services.async_urls_delete.grace_sec = Seconds::new(10));
    doom(&house, HOME, "fileserver", &format!("{FILES}/p/a"), false);
    own(&house);
    assert_eq!(rows(&house).len(), 1);
    house.sql(HOME, "UPDATE url_to_delete SET created = created - 11000", &[]);
    own(&house);
    assert_eq!(rows(&house), []);
}

#[test]
fn addresses_that_are_not_ours_any_more_are_given_up_at_once() {
    let house = house(|_| {});
    doom(&house, HOME, "fileserver", "http://files.testing/p/a", false);
    doom(&house, HOME, "azure", "azure://account/container/blob", false);
    own(&house);
    let network = Network::start("test", 1).unwrap();
    while delete_remote(&house.app, &network, &|| false).unwrap() {}
    let found = rows(&house);
    assert_eq!(found.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(), ["failed", "failed"]);
    assert!(found[0].3.contains("Azure container"), "{found:?}");
}

fn set_aws(house: &House, tenant: &str, aws: serde_json::Value) {
    let caller = Caller {
        user: UserId::from("ann"),
        tenant: tenant.into(),
        home: tenant.into(),
        role: Role::Admin,
        kind: CallerKind::Person,
        ..Caller::anonymous()
    };
    let ctx = Ctx::new(&house.app, caller, Call::internal());
    storage::set(&ctx, serde_json::from_value(json!({"aws": aws})).unwrap()).unwrap();
}

#[test]
fn files_case_38_objects_go_with_the_tenants_own_credentials() {
    let server = S3Server::start(&["models", "foreign"]);
    let house = house(|settings| settings.services.storage.allow_private_hosts = true);
    let bucket =
        json!({"bucket": "models", "host": server.host, "secure": false, "key": KEY, "secret": SECRET});
    set_aws(&house, HOME, json!({"buckets": [bucket]}));
    for name in ["models/p/a b+ü.bin", "models/p/kept", "foreign/x"] {
        server.put(name, b"1");
    }
    let at_host = |path: &str| format!("s3://{}/{path}", server.host);
    doom(&house, HOME, "s3", &at_host("models/p/a b+ü.bin"), false);
    doom(&house, HOME, "s3", "s3://models/p/never-was", false);
    doom(&house, HOME, "s3", &at_host("foreign/x"), false);
    doom(&house, "other", "s3", &at_host("models/p/kept"), false);
    let network = Network::start("test", 1).unwrap();
    while delete_remote(&house.app, &network, &|| false).unwrap() {}
    assert!(!server.disk("models/p/a b+ü.bin").exists());
    assert!(server.disk("models/p/kept").exists(), "another tenant has no credentials");
    assert!(server.disk("foreign/x").exists(), "a bucket that the settings don't name");
    let left: Vec<_> = rows(&house).into_iter().map(|row| (row.0, row.2)).collect();
    assert_eq!(left, [(at_host("foreign/x"), 1), (at_host("models/p/kept"), 1)]);

    let wrong =
        json!({"bucket": "models", "host": server.host, "secure": false, "key": KEY, "secret": "wrong"});
    set_aws(&house, HOME, json!({"buckets": [wrong]}));
    doom(&house, HOME, "s3", "s3://models/p/kept", false);
    while delete_remote(&house.app, &network, &|| false).unwrap() {}
    assert!(server.disk("models/p/kept").exists());
    let failed = rows(&house).into_iter().find(|row| row.0 == "s3://models/p/kept").unwrap();
    assert_eq!((failed.1.as_str(), failed.2), ("created", 1));
    assert!(!failed.3.is_empty() && !failed.3.contains("wrong") && !failed.3.contains(KEY), "{}", failed.3);
}

#[test]
fn s16_private_hosts_need_the_servers_configuration() {
    let server = S3Server::start(&["models"]);
    server.put("models/a", b"1");
    let network = Network::start("test", 1).unwrap();
    for (secure, expected) in [(false, "without TLS"), (true, "allow_private_hosts")] {
        let house = house(|_| {});
        let bucket =
            json!({"bucket": "models", "host": server.host, "secure": secure, "key": KEY, "secret": SECRET});
        set_aws(
            &house,
            HOME,
            json!({"buckets": [bucket, {"bucket": "chain", "use_credentials_chain": true}]}),
        );
        doom(&house, HOME, "s3", "s3://models/a", false);
        doom(&house, HOME, "s3", "s3://chain/a", false);
        while delete_remote(&house.app, &network, &|| false).unwrap() {}
        let found = rows(&house);
        assert!(found[0].3.contains("allow_credentials_chain"), "{found:?}");
        assert_eq!(found[1].2, 1);
        assert!(found[1].3.contains(expected) || secure, "{found:?}");
    }
    assert!(server.disk("models/a").exists());
}

#[test]
fn a_row_that_is_scheduled_again_while_it_is_worked_on_stays() {
    let house = house(|_| {});
    let url = format!("{FILES}/p/a");
    doom(&house, HOME, "fileserver", &url, false);
    let (tenant, found) = next(&house.app, "fileserver").unwrap().unwrap();
    doom(&house, HOME, "fileserver", &url, false);
    settle(&house.app, &tenant, &found[0], Settled::Gone).unwrap();
    settle(&house.app, &tenant, &found[0], Settled::Never("x".to_owned())).unwrap();
    assert_eq!(rows(&house), [(url, "created".to_owned(), 0, String::new())]);
}
