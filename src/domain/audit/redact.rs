//! What never stands in the log, whatever the flags say (spec/governance.md 13).

use serde_json::Value;

use crate::{
    config::public::{carries_password, names_secret},
    domain::trail,
};

/// Stands for what was left out.
pub(super) const REDACTED: &str = "<redacted>";

/// Members that are secrets in some services only.
const STORAGE_KEYS: [&str; 3] = ["key", "account_key", "credentials_json"];

/// Removes secrets from the data of a call: members named like a secret, the content of vaults, storage keys, values of
/// parameters named like a secret, environment variables of containers.
pub(super) fn redact(endpoint: &str, data: &mut Value) {
    let vaults = endpoint.contains("vault");
    let storage = endpoint.starts_with("storage.");
    walk(data, vaults, storage);
}

fn walk(value: &mut Value, vaults: bool, storage: bool) {
    match value {
        Value::Object(members) => {
            if vaults {
                members.retain(|name, _| name != "data");
            }
            // A parameter: {name, value, …}.
            let parameter = ["name", "key"]
                .iter()
                .any(|key| members.get(*key).and_then(Value::as_str).is_some_and(names_secret));
            for (name, member) in members.iter_mut() {
                let secret = match member {
                    Value::Null | Value::Bool(_) => false,
                    _ => {
                        named_like_a_secret(name)
                            || (storage && STORAGE_KEYS.contains(&name.as_str()))
                            || (parameter && name == "value")
                    }
                };
                match member {
                    _ if secret => *member = REDACTED.into(),
                    Value::String(text) if name == "arguments" || name == "docker_cmd" => {
                        *text = trail::without_secrets(text);
                    }
                    _ => walk(member, vaults, storage),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, vaults, storage)),
        Value::String(text) if carries_password(text) => *text = trail::hide_password(text),
        _ => {}
    }
}

/// `key` alone names parameters and metadata; `credentials` lists access keys, which are no secrets.
fn named_like_a_secret(name: &str) -> bool {
    !matches!(name, "key" | "auth" | "dn" | "access_key" | "user_key") && names_secret(name)
}

/// Text from a header, fit for the log: no control characters, at most 256 characters (S26).
pub fn header_text(text: &str) -> String {
    crate::domain::ctx::claimed(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redacted(endpoint: &str, mut data: Value) -> Value {
        redact(endpoint, &mut data);
        data
    }

    #[test]
    fn secrets_go_at_any_depth_and_facts_stay() {
        assert_eq!(
            redacted(
                "tasks.edit",
                json!({
                    "task": "t1", "password": "p", "nested": [{"client_secret": "s", "provider_token": 5, "id": 1}],
                    "hyperparams": {"General": {"api_key": {"section": "General", "name": "api_key", "value": "v"},
                                                "lr": {"section": "General", "name": "lr", "value": "0.1"}}},
                    "container": {"image": "i", "arguments": "-e A=b --gpus all"},
                    "repository": "https://ann:pw@git/x", "expiration_sec": 5, "token": null,
                })
            ),
            json!({
                "task": "t1", "password": REDACTED, "nested": [{"client_secret": REDACTED, "provider_token": REDACTED, "id": 1}],
                "hyperparams": {"General": {"api_key": REDACTED,
                                            "lr": {"section": "General", "name": "lr", "value": "0.1"}}},
                "container": {"image": "i", "arguments": "-e A=**** --gpus all"},
                "repository": "https://ann:****@git/x", "expiration_sec": 5, "token": null,
            })
        );
    }

    #[test]
    fn vaults_keep_everything_but_their_content() {
        let sent = json!({"id": "v", "data": {"git_pass": "x"}, "vaults": [{"data": "x", "version": 3}]});
        assert_eq!(
            redacted("users.add_or_update_vault", sent),
            json!({"id": "v", "vaults": [{"version": 3}]})
        );
    }

    #[test]
    fn storage_keys_go() {
        let sent = json!({"aws": {"key": "AK", "secret": "SK", "region": "eu"}, "google": {"credentials_json": "{}"}});
        assert_eq!(
            redacted("storage.set_settings", sent),
            json!({"aws": {"key": REDACTED, "secret": REDACTED, "region": "eu"}, "google": {"credentials_json": REDACTED}})
        );
    }
}
