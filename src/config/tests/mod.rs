#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use tempfile::TempDir;

use super::{ConfigError, Loaded, load};

mod secrets;
mod settings;
mod sources;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads with an empty configuration directory.
fn with_env(pairs: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let empty = TempDir::new().unwrap();
    load(Some(empty.path()), env(pairs).into_iter())
}

fn with_files(files: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let directory = write(files);
    load(Some(directory.path()), std::iter::empty())
}

fn write(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn refusal(result: Result<Loaded, ConfigError>) -> String {
    result.map(|_| ()).expect_err("must be refused").to_string()
}

fn warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}
