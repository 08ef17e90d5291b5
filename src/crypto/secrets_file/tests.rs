#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn data_dir() -> (tempfile::TempDir, DataDirLock) {
    let dir = tempfile::tempdir().unwrap();
    let lock = DataDirLock::acquire(dir.path()).unwrap();
    (dir, lock)
}

/// Stores new secrets, lets `change` damage the JSON, and answers what loading says then.
fn damaged(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let (_dir, lock) = data_dir();
    Secrets::load_or_create(&lock).unwrap();
    let path = lock.dir().join(FILE_NAME);
    let mut json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut json);
    let before = json.to_string();
    write_private(&path, before.as_bytes()).unwrap();
    let error = Secrets::load_or_create(&lock).unwrap_err().to_string();
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "a damaged file is never replaced");
    error
}

#[test]
fn secrets_are_made_once_and_come_back_the_same() {
    let (_dir, lock) = data_dir();
    let made = Secrets::load_or_create(&lock).unwrap();
    let path = lock.dir().join(FILE_NAME);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let first = fs::read(&path).unwrap();

    let loaded = Secrets::load_or_create(&lock).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first, "loading writes nothing");
    assert_eq!(loaded.token_secret.expose(), made.token_secret.expose());
    assert_eq!(loaded.session_secret.expose(), made.session_secret.expose());
    assert_eq!(loaded.audit_chain_key.expose(), made.audit_chain_key.expose());
    assert_eq!(loaded.sealing_keys.current().0, made.sealing_keys.current().0);
    assert_eq!(loaded.sealing_keys.current().1.expose(), made.sealing_keys.current().1.expose());
    assert_eq!(loaded.apiserver.access_key, made.apiserver.access_key);
    assert_eq!(loaded.fileserver.secret_key.expose(), made.fileserver.secret_key.expose());
    assert!(URL_SAFE_NO_PAD.decode(made.token_secret.expose()).unwrap().len() >= 50);
    assert_ne!(made.token_secret.expose(), made.session_secret.expose());

    let (_other_dir, other) = data_dir();
    assert_ne!(Secrets::load_or_create(&other).unwrap().token_secret.expose(), made.token_secret.expose());
}

#[test]
fn debug_shows_no_secret() {
    let secrets = Secrets::generate();
    let shown = format!("{secrets:?}");
    for hidden in [
        secrets.token_secret.expose().as_str(),
        secrets.session_secret.expose(),
        secrets.apiserver.secret_key.expose(),
        &format!("{:?}", secrets.audit_chain_key.expose()),
        &format!("{:?}", secrets.sealing_keys.current().1.expose()),
    ] {
        assert!(!shown.contains(hidden));
    }
    assert!(shown.contains(&secrets.apiserver.access_key), "the access key is not secret");
}

#[test]
fn rotation_keeps_old_keys_until_they_are_retired() {
    let (_dir, lock) = data_dir();
    let mut secrets = Secrets::load_or_create(&lock).unwrap();
    let old = secrets.sealing_keys.current().0.to_owned();
    let old_key = *secrets.sealing_keys.current().1.expose();
    let new = secrets.sealing_keys.add().to_owned();
    secrets.save(&lock).unwrap();

    let mut loaded = Secrets::load(lock.dir()).unwrap();
    assert_eq!(loaded.sealing_keys.ids().collect::<Vec<_>>(), [new.as_str(), old.as_str()]);
    assert_eq!(loaded.sealing_keys.get(&old).unwrap().expose(), &old_key);
    assert!(matches!(loaded.sealing_keys.retire(&new), Err(SecretsError::CannotRetire(_))));
    loaded.sealing_keys.retire(&old).unwrap();
    loaded.save(&lock).unwrap();
    let after = Secrets::load(lock.dir()).unwrap();
    assert!(after.sealing_keys.get(&old).is_none());
    assert_eq!(after.sealing_keys.current().0, new);
}

#[test]
fn a_newer_layout_is_refused_even_when_it_looks_different() {
    let error = damaged(|json| *json = serde_json::json!({ "version": 2, "all": "new" }));
    assert!(error.contains("newer release") && error.contains("version is 2"), "{error}");
}

#[test]
fn damage_is_named_without_quoting_the_content() {
    type Damage = fn(&mut serde_json::Value);
    let cases: [(&str, Damage); 6] = [
        ("wrong kind (line", |j| j["version"] = "x-content-x".into()),
        ("missing, unknown", |j| j["sealing_keys"] = "x-content-x".into()),
        ("token_secret is shorter", |j| j["token_secret"] = "x-content-x".into()),
        ("key in sealing_keys is not", |j| j["sealing_keys"]["keys"][0]["key"] = "x-content-x".into()),
        ("does not contain its current", |j| j["api_secret_keys"]["current"] = "x-content-x".into()),
        ("missing, unknown", |j| j["surplus"] = "x-content-x".into()),
    ];
    for (expected, change) in cases {
        let error = damaged(change);
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("x-content-x"), "{error}");
        assert!(error.contains("--with-keys"), "{error}");
    }
}

#[test]
fn a_torn_or_foreign_file_is_refused() {
    let (_dir, lock) = data_dir();
    Secrets::load_or_create(&lock).unwrap();
    let path = lock.dir().join(FILE_NAME);
    let whole = fs::read(&path).unwrap();
    for content in [&whole[..whole.len() / 2], b"", b"\xff\xfe\x00"] {
        write_private(&path, content).unwrap();
        assert!(matches!(Secrets::load_or_create(&lock), Err(SecretsError::Corrupt { .. })));
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let (_dir, lock) = data_dir();
    Secrets::load_or_create(&lock).unwrap();
    let path = lock.dir().join(FILE_NAME);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Secrets::load_or_create(&lock), Err(SecretsError::File(FileError::NotPrivate { .. }))));
}

#[test]
fn a_database_without_secrets_never_gets_new_ones() {
    let (_dir, lock) = data_dir();
    fs::write(lock.dir().join("roundhouse.db"), "").unwrap();
    assert!(matches!(Secrets::load_or_create(&lock), Err(SecretsError::Missing(_))));
    assert!(!lock.dir().join(FILE_NAME).exists());
}
