//! Which values of vaults are secrets.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use crate::config::hocon::{Kind, Part, ScalarKind, Value};

/// Shorter values are not masked: they would occur by chance.
const SHORTEST: usize = 8;
/// Lines of a longer value that are masked by themselves are at least so long.
const SHORTEST_LINE: usize = 12;

/// Names of keys that hold secrets.
static NAMES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)secret|pass|token|account_key|credential|key$|pat$|contents").ok());

/// Names of keys whose values everybody may know.
const PUBLIC: [&str; 7] =
    ["bucket", "region", "host", "endpoint", "container_name", "account_name", "project"];

/// Whether a key of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    NAMES.as_ref().is_some_and(|names| names.is_match(name))
}

/// The secrets in these vaults, and their longer lines.
pub(super) fn of(vaults: &[Value]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for vault in vaults {
        // What one vault says in public hides nothing of another.
        let (mut secret, mut public) = (BTreeSet::new(), BTreeSet::new());
        collect(vault, "", false, &mut secret, &mut public);
        found.extend(secret.into_iter().filter(|value| !public.contains(value)));
    }
    let lines: Vec<String> = found
        .iter()
        .filter(|value| value.contains('\n'))
        .flat_map(|value| value.lines().map(str::trim))
        .filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----"))
        .map(str::to_owned)
        .collect();
    found.extend(lines);
    found
}

fn collect<'v>(
    value: &'v Value,
    key: &'v str,
    in_environment: bool,
    secret: &mut BTreeSet<String>,
    public: &mut BTreeSet<String>,
) {
    match &value.kind {
        Kind::Scalar(scalar) => {
            let text = value.as_text().unwrap_or_default().trim();
            if PUBLIC.contains(&key.to_ascii_lowercase().as_str()) {
                public.insert(text.to_owned());
            } else if (in_environment || is_secret_name(key))
                && text.len() >= SHORTEST
                && scalar.kind == ScalarKind::String
                && !is_plain(text)
            {
                secret.insert(text.to_owned());
            }
        }
        Kind::Array(items) => {
            for item in items {
                collect(item, key, in_environment, secret, public);
            }
        }
        Kind::Object(object) => {
            for (name, member) in object.iter() {
                let environment = in_environment || (key.is_empty() && name == "environment");
                collect(member, name, environment, secret, public);
            }
        }
        Kind::Unresolved(unresolved) => {
            for part in &unresolved.parts {
                if let Part::Value(value) | Part::Appended(value) = part {
                    collect(value, key, in_environment, secret, public);
                }
            }
        }
    }
}

/// Words and numbers that hide nothing.
fn is_plain(text: &str) -> bool {
    text.parse::<f64>().is_ok() || matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "disabled")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::hocon::{Options, Substitutions, parse};

    fn secrets(texts: &[&str]) -> Vec<String> {
        let options = Options { substitutions: Substitutions::Keep, ..Options::default() };
        let values: Vec<Value> = texts.iter().map(|text| parse(text, &options).unwrap()).collect();
        of(&values).into_iter().collect()
    }

    #[test]
    fn names_and_the_environment_tell_secrets() {
        let text = "agent { git_pass: \"pat-bob-123456\", git_user: \"bob-the-builder\" }
                    environment { MODE: \"offline-mode\", SHORT: \"12345\", N: 123456789, FLAG: \"disabled\" }
                    sdk.aws.s3 { bucket: \"my-bucket-name\", key: \"my-bucket-name\", credentials: [{secret: \"abcdefgh\"}] }";
        assert_eq!(secrets(&[text]), ["abcdefgh", "offline-mode", "pat-bob-123456"]);
    }

    #[test]
    fn what_one_vault_calls_public_stays_secret_in_another() {
        assert_eq!(secrets(&["bucket = \"the-secret\"", "token = \"the-secret\""]), ["the-secret"]);
    }

    #[test]
    fn long_lines_of_a_longer_value_count_by_themselves() {
        let found =
            secrets(&["contents = \"\"\"-----BEGIN KEY-----\nAAAABBBBCCCC\nshort\n-----END KEY-----\"\"\""]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&"AAAABBBBCCCC".to_owned()));
    }
}
