//! Typed settings: ClearML's own HOCON files, environment overrides and defaults. Knows no other floor.
//!
//! [`load`] reads the files ([`sources`]) in their language ([`hocon`]), lays the overrides on top, and gives everything a type
//! ([`settings`]). [`check_secrets`] then refuses secrets that anybody may know. Nothing here reads the process environment,
//! writes a file or generates a secret.

pub mod hocon;
pub mod settings;
pub mod sources;
pub mod yaml;

mod check_secrets;
mod error;
mod ignored;
pub mod public;
mod read;
mod section;
mod suggest;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use check_secrets::{MIN_SECRET_LENGTH, check_secrets, is_public_access_key, is_public_secret};
pub use error::{ConfigError, Problem, Warning, WarningKind};
pub use settings::{Seconds, Settings};

use hocon::{Kind, Origin, Position, Value};
use read::Reader;
use sources::Environment;

/// What [`load`] found.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the operator should read: unknown keys, ignored settings, missing directories.
    pub warnings: Vec<Warning>,
}

/// Reads the configuration: defaults, then files, then `TRAINS__…` and `CLEARML__…` variables (spec/protocol.md 6.1).
///
/// `config_path` is a directory or a file; without it `CLEARML_CONFIG_DIR`, `TRAINS_CONFIG_DIR` or the usual directories are read.
/// `env` is the environment, normally [`process_environment`].
///
/// # Errors
/// A file that cannot be read or parsed, or every setting of a wrong type, each with its place and what to do.
pub fn load(
    config_path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let environment: Environment = env.collect();
    let sources::Sources { tree, warnings } = sources::read(config_path, &environment)?;
    let tree =
        Value { kind: Kind::Object(tree), position: Position { line: 1, column: 1 }, origin: Origin::Text };
    let mut reader = Reader { warnings, ..Reader::default() };
    let settings = Settings::read(&tree, &environment, &mut reader);
    ConfigError::unless_empty(reader.problems)?;
    Ok(Loaded { settings, warnings: reader.warnings })
}

/// The variables of this process, for [`load`]. Those that are not UTF-8 are left out: no setting is made of them.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
