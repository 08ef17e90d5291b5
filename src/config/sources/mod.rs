//! Where configuration comes from: files first, environment overrides on top (protocol: spec/protocol.md 6.1 to 6.3).
//!
//! Nothing here reads the process's own environment: the caller hands it in.

mod environment;
mod files;
mod overrides;

use std::path::Path;

pub use environment::Environment;

use super::error::{ConfigError, Warning};
use super::hocon::{Kind, Object, Value};

/// The merged configuration before it is given types.
pub(super) struct Sources {
    pub(super) tree: Object,
    pub(super) warnings: Vec<Warning>,
}

/// Reads the configuration files, then lays the overrides over them.
///
/// `config_path` names a directory or a file and takes the place of the directories that the environment names.
pub(super) fn read(config_path: Option<&Path>, environment: &Environment) -> Result<Sources, ConfigError> {
    let mut sources = Sources { tree: Object::default(), warnings: Vec::new() };
    files::read(config_path, environment, &mut sources)?;
    overrides::apply(environment, &mut sources);
    Ok(sources)
}

/// Lays `over` on top of `below`: objects merge deeply, everything else is replaced; a key written `-key` replaces what
/// `key` held, without merging.
fn overlay(below: &mut Object, over: Object) {
    for (key, value) in over {
        let replaces = key.strip_prefix('-').filter(|name| !name.is_empty()).map(str::to_owned);
        if let Some(name) = replaces {
            below.insert(name, plain(value));
            continue;
        }
        match (below.get_mut(&key), value) {
            (Some(Value { kind: Kind::Object(members), .. }), Value { kind: Kind::Object(over), .. }) => {
                overlay(members, over);
            }
            (_, value) => below.insert(key, plain(value)),
        }
    }
}

/// The value with every `-key` in it written `key`: there is nothing below to replace.
fn plain(value: Value) -> Value {
    match value.kind {
        Kind::Object(over) => {
            let mut members = Object::default();
            overlay(&mut members, over);
            Value { kind: Kind::Object(members), ..value }
        }
        _ => value,
    }
}

/// Lays `value` on top at a path of keys.
fn overlay_at(tree: &mut Object, path: Vec<String>, value: Value) {
    let (origin, position) = (value.origin.clone(), value.position);
    let mut value = value;
    let mut keys = path.into_iter().rev().peekable();
    while let Some(key) = keys.next() {
        let over: Object = std::iter::once((key, value)).collect();
        if keys.peek().is_none() {
            overlay(tree, over);
            return;
        }
        value = Value { kind: Kind::Object(over), position, origin: origin.clone() };
    }
    if let Kind::Object(over) = value.kind {
        overlay(tree, over);
    }
}
