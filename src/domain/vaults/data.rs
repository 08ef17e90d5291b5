//! What is written in a vault: reading it with positions, what it may not hold, and what of it may be shown or handed out.

use serde_json::Value as Json;

use super::{Format, Kind, MASK, environment::Protected, environment::names, keys, policy};
use crate::{
    config::{
        hocon::{self, Kind as Shape, Object, Options, Part, Position, ScalarKind, Substitutions, Value},
        yaml,
    },
    domain::Ctx,
};

/// Largest vault, in bytes.
pub(super) const LARGEST: usize = 1 << 20;

/// Why a text is not acceptable. Never quotes a value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1; 0 when the fault is not at one place.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// A sentence without a final full stop.
    pub message: String,
    /// Forbidden keys, when these are the fault.
    pub keys: Vec<String>,
}

impl Fault {
    fn at(position: Position, message: impl Into<String>) -> Self {
        Fault { line: position.line, column: position.column, message: message.into(), keys: Vec::new() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}, column {}: {}", self.column, self.message),
        }
    }
}

/// Whom a text is for, as far as checks depend on it.
pub(super) struct For<'a> {
    pub(super) kind: Kind,
    pub(super) personal: bool,
    /// Dotted keys of the configuration.
    pub(super) forbidden: &'a [String],
    /// What personal settings may not touch.
    pub(super) protected: &'a Protected,
}

/// Reads a text; substitutions stay as they are, since other machines will resolve them.
pub(super) fn read(text: &str, format: Format) -> Result<Value, Fault> {
    if format == Format::Yaml {
        return yaml::parse(text).map_err(|error| Fault::at(error.position, error.message));
    }
    if format == Format::Json && !text.trim().is_empty() {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let position = Position { line: number(error.line()), column: number(error.column()) };
            let what = match error.classify() {
                serde_json::error::Category::Eof => {
                    "the JSON text ends too early; a bracket or quote is not closed"
                }
                _ => "this is not JSON; look at commas, quotes and brackets just before this place",
            };
            Fault::at(position, what)
        })?;
        if !text.trim_start().starts_with(['{', '[']) {
            return Err(Fault::at(Position { line: 1, column: 1 }, "the text must be an object or a list"));
        }
    }
    let options =
        Options { substitutions: Substitutions::Keep, keep_unknown_escapes: true, ..Options::default() };
    hocon::parse(text, &options).map_err(|error| Fault::at(error.position(), error.message))
}

/// What a page shows while somebody writes: whether this text could be stored for the caller's own use, or as an
/// administrators' vault.
pub fn check_text(
    ctx: &Ctx<'_>,
    text: &str,
    format: Format,
    kind: Kind,
    personal: bool,
) -> Result<(), Fault> {
    let protected = Protected::default();
    let forbidden = &ctx.app.settings.services.vaults.forbidden_keys;
    check(text, format, &For { kind, personal, forbidden, protected: &protected }).map(drop)
}

/// Checks a text that is to apply.
pub(super) fn check(text: &str, format: Format, of: &For<'_>) -> Result<Value, Fault> {
    if text.len() > LARGEST {
        let message = "a vault may have at most 1 MiB";
        return Err(Fault { line: 0, column: 0, message: message.to_owned(), keys: Vec::new() });
    }
    let value = read(text, format)?;
    match of.kind {
        Kind::Config | Kind::Monitoring => configuration(&value, of)?,
        Kind::SshServer => ssh_server(&value)?,
        Kind::StorageCredentials => storage_credentials(&value)?,
    }
    Ok(value)
}

fn configuration(value: &Value, of: &For<'_>) -> Result<(), Fault> {
    let Some(root) = value.as_object() else {
        return Err(Fault::at(value.position, "configuration must be sections and keys, not a list"));
    };
    let mut found: Vec<(Position, String)> = Vec::new();
    value.visit(&mut |path, member| {
        if let Some(key) = keys::forbidden(path, of.personal, of.forbidden)
            && !found.iter().any(|(_, known)| *known == key)
        {
            found.push((member.position, key));
        }
    });
    if let Some((position, _)) = found.first() {
        let keys: Vec<String> = found.iter().map(|(_, key)| key.clone()).collect();
        let message = format!(
            "a vault may not set {}: it belongs to the machine or the server; remove it",
            keys.join(", ")
        );
        return Err(Fault { keys, ..Fault::at(*position, message) });
    }
    if of.personal { personal(root, value, of.protected) } else { policy::check(root) }
}

/// Personal settings can't switch policy off (S11).
fn personal(root: &Object, value: &Value, protected: &Protected) -> Result<(), Fault> {
    for substitution in value.substitutions() {
        let known = substitution.path.first().is_some_and(|first| root.get(first).is_some());
        if known {
            let message = "a substitution may not name a part of the same text; write the value out";
            return Err(Fault::at(substitution.position, message));
        }
    }
    if let Some(position) = substituted_section(value) {
        let message = "a substitution may stand for text only, not for a section or list; write it out";
        return Err(Fault::at(position, message));
    }
    if let Some(environment) = root.get("environment")
        && let Some(name) = names(environment).find(|name| protected.covers(name))
    {
        let message = format!(
            "the variable {name} is set by clients or administrators and can't be set in a personal vault; remove it"
        );
        return Err(Fault {
            keys: vec![format!("environment.{name}")],
            ..Fault::at(environment.position, message)
        });
    }
    Ok(())
}

/// A value that joins a substitution with a section or list.
fn substituted_section(value: &Value) -> Option<Position> {
    match &value.kind {
        Shape::Scalar(_) => None,
        Shape::Array(items) => items.iter().find_map(substituted_section),
        Shape::Object(object) => object.iter().find_map(|(_, member)| substituted_section(member)),
        Shape::Unresolved(unresolved) => unresolved
            .parts
            .iter()
            .any(|part| match part {
                Part::Value(value) => !matches!(value.kind, Shape::Scalar(_)),
                Part::Appended(_) => true,
                Part::Substitution(_) => false,
            })
            .then_some(value.position),
    }
}

fn ssh_server(value: &Value) -> Result<(), Fault> {
    const KEYS: [&str; 3] = ["ssh_host_ecdsa_key", "ssh_host_ed25519_key", "ssh_host_rsa_key"];
    let root = value.as_object().ok_or_else(|| {
        Fault::at(value.position, "host keys are an object of ssh_host_…_key and ssh_host_…_key__pub")
    })?;
    for (key, member) in root.iter() {
        if !KEYS.contains(&key.strip_suffix("__pub").unwrap_or(key)) {
            let message = format!("known are {} and their __pub", KEYS.join(", "));
            return Err(Fault::at(member.position, message));
        }
        if member.as_text().is_none() {
            return Err(Fault::at(member.position, "a key must be text"));
        }
    }
    Ok(())
}

fn storage_credentials(value: &Value) -> Result<(), Fault> {
    const KEYS: [&str; 6] = ["bucket", "key", "secret", "token", "region", "endpoint"];
    let Some(list) = value.as_array() else {
        let empty = value.as_object().is_some_and(Object::is_empty);
        return match empty {
            true => Ok(()),
            false => {
                Err(Fault::at(value.position, "storage credentials are a list, one entry for each bucket"))
            }
        };
    };
    for entry in list {
        let members = entry.as_object().ok_or_else(|| {
            Fault::at(entry.position, format!("an entry is an object of {}", KEYS.join(", ")))
        })?;
        if members.get("bucket").and_then(Value::as_text).is_none_or(|bucket| bucket.trim().is_empty()) {
            return Err(Fault::at(entry.position, "the entry names no bucket"));
        }
        for (key, member) in members.iter() {
            if !KEYS.contains(&key) || (member.as_text().is_none() && !member.is_null()) {
                let message = format!("known are the texts {}", KEYS.join(", "));
                return Err(Fault::at(member.position, message));
            }
        }
    }
    Ok(())
}

/// The structure of a text without its values: keys, numbers and booleans stay, every text is masked. Numbers under names
/// of secrets are masked too. A text that can't be read is masked whole.
pub(super) fn preview(text: &str, format: Format) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let Ok(value) = read(text, format) else { return MASK.to_owned() };
    // JSON is HOCON and YAML as well.
    serde_json::to_string_pretty(&masked(&value, "", false)).unwrap_or_else(|_| MASK.to_owned())
}

fn masked(value: &Value, key: &str, secret: bool) -> Json {
    match &value.kind {
        Shape::Scalar(scalar) => match scalar.kind {
            ScalarKind::Null => Json::Null,
            ScalarKind::Bool => value.to_json(),
            ScalarKind::Number if !secret && !crate::domain::redaction::is_secret_name(key) => {
                value.to_json()
            }
            ScalarKind::Number | ScalarKind::String => Json::from(MASK),
        },
        Shape::Unresolved(_) => Json::from(MASK),
        Shape::Array(items) => items.iter().map(|item| masked(item, key, secret)).collect(),
        Shape::Object(object) => Json::Object(
            object
                .iter()
                .map(|(key, member)| (key.to_owned(), masked(member, key, secret || key == "environment")))
                .collect(),
        ),
    }
}

/// What clients load: they read everything as HOCON, so YAML becomes JSON; what a vault may not set is taken out, should
/// it have got in before it was forbidden. `None`: it can't be read.
pub(super) fn loadable(text: &str, format: Format, of: &For<'_>) -> Option<(Format, String)> {
    if text.trim().is_empty() {
        return Some((format, String::new()));
    }
    let value = read(text, format).ok()?;
    let (format, text) = match format {
        Format::Yaml => (Format::Json, serde_json::to_string_pretty(&value.to_json()).ok()?),
        format => (format, text.to_owned()),
    };
    if !of.kind.is_configuration() {
        return Some((format, text));
    }
    let unwanted_variable =
        |name: &str| of.personal && of.protected.covers(name.trim_matches(['"', '\'', ' ']));
    let list_is_unwanted = value.as_object().and_then(|root| root.get("environment")).is_some_and(|list| {
        !matches!(list.kind, Shape::Object(_)) && names(list).any(|name| unwanted_variable(&name))
    });
    let unwanted = |path: &[&str]| {
        let variable = match path {
            ["environment"] => list_is_unwanted,
            ["environment", name, ..] => unwanted_variable(name),
            _ => false,
        };
        variable || keys::forbidden(path, of.personal, of.forbidden).is_some()
    };
    let mut any = list_is_unwanted;
    value.visit(&mut |path, _| any = any || unwanted(path));
    match any {
        true => Some((format, hocon::cut(&text, &unwanted).ok()?)),
        false => Some((format, text)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fault(text: &str, format: Format, personal: bool) -> Option<Fault> {
        let protected = Protected::default();
        let of = For { kind: Kind::Config, personal, forbidden: &[], protected: &protected };
        check(text, format, &of).err()
    }

    #[test]
    fn faults_have_places() {
        let place = |text, format| fault(text, format, true).map(|fault| (fault.line, fault.column));
        assert_eq!(place("a {\n  b = \n}", Format::Hocon), Some((3, 1)));
        assert_eq!(place("{\"a\": 1,\n \"b\": }", Format::Json), Some((2, 7)));
        assert_eq!(place("a:\n  - b\n c: 1", Format::Yaml).map(|(line, _)| line), Some(3));
        assert_eq!(place("a = 1\ninclude \"x\"", Format::Hocon), Some((2, 1)));
        assert_eq!(place("[1, 2]", Format::Json), Some((1, 1)));
        assert_eq!(place("a.b = ${HOME}/x", Format::Hocon), None);
    }

    #[test]
    fn case_28_forbidden_keys_are_found_in_every_spelling() {
        for text in [
            "agent { worker_id: x }",
            "agent.worker_id = x",
            "{\"agent\": {\"worker_id\": \"x\"}}",
            "\"agent.worker_id\" = x",
            "agent = ${?X} { worker_id: x }",
            "agent { a = 1 }\nagent { worker_id += x }",
        ] {
            assert_eq!(fault(text, Format::Hocon, false).unwrap().keys, ["agent.worker_id"], "{text}");
        }
        assert_eq!(fault("agent:\n  worker_id: x", Format::Yaml, false).unwrap().keys, ["agent.worker_id"]);
        assert_eq!(fault("agent { git_user: x }", Format::Hocon, false), None);
        assert!(fault("api.credentials.access_key = x", Format::Hocon, true).is_some());
        assert_eq!(fault("api.credentials.access_key = x", Format::Hocon, false), None);
    }

    #[test]
    fn s11_personal_substitutions_stand_for_text_of_other_machines_only() {
        for text in [
            "x { LD_PRELOAD = a }\nenvironment = ${x}",
            "environment = ${?E} { A = 1 }",
            "a = [1]\nb = ${a}",
            "a = ${?Z} [LD_PRELOAD]",
        ] {
            assert!(fault(text, Format::Hocon, true).is_some(), "{text}");
        }
        assert_eq!(fault("a = ${HOME}\"/x\"\nb = ${?Z}", Format::Hocon, true), None);
    }

    #[test]
    fn case_30_previews_keep_the_structure_and_no_text() {
        let text = "agent { git_pass = 123456, port = 80, on = true, l = [a, {b = c}] }, environment { N = 7 }, x = ${Y}z";
        let shown: Json = serde_json::from_str(&preview(text, Format::Hocon)).unwrap();
        let agent =
            serde_json::json!({"git_pass": "****", "port": 80, "on": true, "l": ["****", {"b": "****"}]});
        let expected = serde_json::json!({"agent": agent, "environment": {"N": "****"}, "x": "****"});
        assert_eq!(shown, expected);
        assert_eq!(preview("a = {", Format::Hocon), "****");
    }

    #[test]
    fn case_27_what_clients_load_is_hocon_without_what_is_forbidden() {
        let protected =
            Protected::by(read("environment.TOKEN = x", Format::Hocon).unwrap().as_object().unwrap());
        let of = For { kind: Kind::Config, personal: true, forbidden: &[], protected: &protected };
        let (format, text) = loadable("agent:\n  git_user: bob\n", Format::Yaml, &of).unwrap();
        assert_eq!(format, Format::Json);
        assert_eq!(
            read(&text, Format::Json).unwrap().to_json(),
            serde_json::json!({"agent": {"git_user": "bob"}})
        );
        let text = "# mine\nenvironment { TOKEN = mine, A = ${HOME} }, agent.debug = true\nsdk.x = 1";
        let (_, left) = loadable(text, Format::Hocon, &of).unwrap();
        assert!(
            left.starts_with("# mine") && left.contains("A = ${HOME}") && left.ends_with("sdk.x = 1"),
            "{left}"
        );
        assert!(!left.contains("TOKEN") && !left.contains("debug"), "{left}");
        let (_, left) = loadable("environment = [[TOKEN, mine]]\nb = 1", Format::Hocon, &of).unwrap();
        assert_eq!(left.trim(), "b = 1");
    }
}
