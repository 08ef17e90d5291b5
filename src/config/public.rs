//! A configuration that may be shown: without `secure` and without anything that looks like a secret.

use serde_json::Value as Json;

/// Lays `over` on top of `below`, as files are laid over one another.
pub(super) fn overlay(below: &mut Json, over: Json) {
    match (below, over) {
        (Json::Object(members), Json::Object(over)) => {
            for (key, value) in over {
                overlay(members.entry(key).or_insert(Json::Null), value);
            }
        }
        (slot, value) => *slot = value,
    }
}

/// Removes the section `secure` and, at any depth, members whose name or value looks like a secret.
pub(super) fn stripped(mut tree: Json) -> Json {
    if let Some(members) = tree.as_object_mut() {
        members.shift_remove("secure");
    }
    strip(&mut tree);
    tree
}

fn strip(tree: &mut Json) {
    match tree {
        Json::Object(members) => {
            members.retain(|key, value| !is_secret(key, value));
            members.values_mut().for_each(strip);
        }
        Json::Array(items) => {
            items.retain(|item| !item.as_str().is_some_and(carries_password));
            items.iter_mut().for_each(strip);
        }
        _ => {}
    }
}

/// Parts of names that only secrets have.
const SECRET_WORDS: [&str; 9] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "private_key",
    "access_key",
    "connection_string",
    "signature",
];
/// Whole names of secrets.
const SECRET_NAMES: [&str; 8] =
    ["pass", "pwd", "key", "dn", "auth", "sas", "authorization", "credentials_json"];
/// Ends of names of secrets.
const SECRET_ENDS: [&str; 5] = ["_key", "_keys", "_pass", "_pwd", "_sas"];
/// Ends of names that measure something, whatever the words before.
const MEASURES: [&str; 9] =
    ["_sec", "_seconds", "_days", "_hours", "_count", "_size", "_limit", "_names", "_name"];

fn is_secret(name: &str, value: &Json) -> bool {
    if value.as_str().is_some_and(carries_password) {
        return true;
    }
    match value {
        Json::Bool(_) | Json::Null => false,
        Json::Object(_) => {
            let name = plain(name);
            SECRET_WORDS.iter().any(|word| name.contains(word))
        }
        _ => names_secret(name),
    }
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// Whether a value of this name is taken for a secret.
#[must_use]
pub fn names_secret(name: &str) -> bool {
    let name = plain(name);
    let named = SECRET_WORDS.iter().any(|word| name.contains(word));
    let leaf =
        named || SECRET_NAMES.contains(&name.as_str()) || SECRET_ENDS.iter().any(|end| name.ends_with(end));
    leaf && !MEASURES.iter().any(|end| name.ends_with(end))
}

/// Whether a text is an address with a password in it: `mongodb://user:password@host`.
pub(crate) fn carries_password(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_and_settings_stay() {
        let tree = json!({
            "secure": {"auth": {"x": 1}},
            "apiserver": {
                "auth": {"default_expiration_sec": 5, "session_auth_cookie_name": "c", "credentials": {"max_credentials": 3}},
                "fixed_users": {"pass_hashed": false, "users": [{"username": "ann", "password": 1234}]},
            },
            "fileserver": {"auth": {"tokens_cache_threshold_sec": 4}},
            "mongo": {"host": "mongodb://u:p@h/db", "hosts": ["mongodb://u:p@h", "mongodb://h"], "Password": "x"},
            "s3": {"key": "AK", "secret": "SK", "region": "eu", "credentials": [{"bucket": "b", "secret-key": "x"}]},
            "api_token": "t", "tokens": {"a": "b"}, "account_key": "k", "token_expiration_sec": "10s", "nullpassword": null,
        });
        assert_eq!(
            stripped(tree),
            json!({
                "apiserver": {
                    "auth": {"default_expiration_sec": 5, "session_auth_cookie_name": "c", "credentials": {"max_credentials": 3}},
                    "fixed_users": {"pass_hashed": false, "users": [{"username": "ann"}]},
                },
                "fileserver": {"auth": {"tokens_cache_threshold_sec": 4}},
                "mongo": {"hosts": ["mongodb://h"]},
                "s3": {"region": "eu", "credentials": [{"bucket": "b"}]},
                "token_expiration_sec": "10s", "nullpassword": null,
            })
        );
    }
}
