//! Environment variables that personal settings may not touch, since they would switch administrators' settings off
//! (spec/security_rules.md S11).

use std::collections::BTreeSet;

use crate::config::hocon::{Kind, Object, Part, Value};

/// Variables that clients read instead of a key: a prefix of names, and the section they overrule.
const OVERRULING: [(&str, &[&str]); 5] = [
    ("AWS_", &["sdk", "aws", "s3"]),
    ("AZURE_STORAGE_", &["sdk", "azure", "storage"]),
    ("GOOGLE_APPLICATION_CREDENTIALS", &["sdk", "google", "storage"]),
    ("CUDA_VERSION", &["agent", "cuda_version"]),
    ("CPU_ONLY", &["agent", "cpu_only"]),
];

/// Names that are protected from personal settings.
#[derive(Clone, Debug, Default)]
pub(super) struct Protected {
    names: BTreeSet<String>,
    prefixes: Vec<&'static str>,
}

impl Protected {
    /// What administrators' merged settings protect, besides what always is.
    pub(super) fn by(administrators: &Object) -> Self {
        let set = |section: &&(&str, &[&str])| administrators.get_path(section.1).is_some();
        Protected {
            names: administrators.get("environment").map(|value| names(value).collect()).unwrap_or_default(),
            prefixes: OVERRULING.iter().filter(set).map(|(prefix, _)| *prefix).collect(),
        }
    }

    /// Whether personal settings may not set this variable. Case counts for nothing: on some systems it does not.
    pub(super) fn covers(&self, name: &str) -> bool {
        let name = name.trim().to_ascii_uppercase();
        let always = ["CLEARML_", "TRAINS_", "LD_"].iter().any(|prefix| name.starts_with(prefix))
            || matches!(name.as_str(), "PYTHONPATH" | "PYTHONSTARTUP");
        always || self.prefixes.iter().any(|prefix| name.starts_with(prefix)) || self.names.contains(&name)
    }
}

/// Upper-case names that an `environment` section sets: keys of a section, or first elements of a list of pairs.
pub(super) fn names(environment: &Value) -> Box<dyn Iterator<Item = String> + '_> {
    let name = |text: &str| text.trim().to_ascii_uppercase();
    match &environment.kind {
        Kind::Object(object) => Box::new(object.iter().map(move |(key, _)| name(key))),
        Kind::Array(items) => {
            Box::new(items.iter().flat_map(move |item| -> Box<dyn Iterator<Item = String>> {
                match &item.kind {
                    Kind::Array(pair) => {
                        Box::new(pair.first().and_then(Value::as_text).map(name).into_iter())
                    }
                    _ => names(item),
                }
            }))
        }
        Kind::Unresolved(unresolved) => Box::new(unresolved.parts.iter().flat_map(|part| match part {
            Part::Value(value) | Part::Appended(value) => names(value),
            Part::Substitution(_) => Box::new(std::iter::empty()),
        })),
        Kind::Scalar(_) => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::hocon::{Options, Substitutions, parse};

    fn object(text: &str) -> Object {
        let options = Options { substitutions: Substitutions::Keep, ..Options::default() };
        parse(text, &options).unwrap().as_object().unwrap().clone()
    }

    #[test]
    fn s11_loaders_clients_and_what_administrators_set_are_protected() {
        let nothing = Protected::default();
        for name in
            ["CLEARML_DISABLE_VAULT_SUPPORT", "trains_x", "LD_PRELOAD", "PYTHONPATH", " PYTHONSTARTUP"]
        {
            assert!(nothing.covers(name), "{name}");
        }
        assert!(!nothing.covers("AWS_SECRET_ACCESS_KEY") && !nothing.covers("PYTHONUNBUFFERED"));
        let set = Protected::by(&object(
            "sdk.aws.s3 { credentials: [{bucket: b}] }, environment = [[GIT_TOKEN, x], {Other: 1}]",
        ));
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "GIT_TOKEN", "git_token", "OTHER"] {
            assert!(set.covers(name), "{name}");
        }
        assert!(!set.covers("AZURE_STORAGE_KEY"));
    }
}
