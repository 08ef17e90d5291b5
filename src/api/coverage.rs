//! How much of the protocol is answered, and how much of that is tested. The report is printed:
//! `cargo nextest run coverage --no-capture`.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{schema, table};
use crate::types::Version;

/// What one service has.
#[derive(Default)]
struct Coverage {
    listed: usize,
    forms: usize,
    missing: Vec<String>,
    untested: Vec<String>,
    beyond: Vec<&'static str>,
}

/// The text of every test in the repository, with its file.
fn tests() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("src"), root.join("tests/it")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let only_tests = path.starts_with(root.join("tests"))
                    || path.components().any(|part| part.as_os_str() == "tests")
                    || path.file_name().is_some_and(|name| name == "tests.rs");
                let begin = if only_tests { Some(0) } else { text.find("#[cfg(test)]\nmod tests {") };
                texts.extend(begin.map(|begin| (path, text[begin..].to_owned())));
            }
        }
    }
    texts
}

/// Whether a test calls `service.action`: by its whole name, put together from its parts, or, among the service's own
/// tests, by the action alone.
fn is_called(tests: &[(PathBuf, String)], service: &str, action: &str) -> bool {
    let whole = [format!("\"{service}.{action}\""), format!("/{service}.{action}\"")];
    let (prefix, part) = (format!("\"{service}.{{"), format!("\"{action}\""));
    tests.iter().any(|(path, text)| {
        let own = path.components().any(|component| component.as_os_str() == service);
        whole.iter().any(|name| text.contains(name))
            || (text.contains(&part) && (own || text.contains(&prefix)))
    })
}

fn coverage() -> BTreeMap<&'static str, Coverage> {
    let tests = tests();
    let mut services: BTreeMap<&'static str, Coverage> = BTreeMap::new();
    for (service, action) in schema::names() {
        let name = format!("{service}.{action}");
        let entry = services.entry(service).or_default();
        entry.listed += 1;
        for version in schema::versions(&name) {
            entry.forms += 1;
            if table::resolve(&name, version).is_none() {
                entry.missing.push(format!("{name} {version}"));
            }
        }
        if !is_called(&tests, service, action) {
            entry.untested.push(name);
        }
    }
    for endpoint in table::all() {
        let (service, _) = endpoint.name.split_once('.').unwrap();
        if schema::versions(endpoint.name).is_empty() {
            services.entry(service).or_default().beyond.push(endpoint.name);
        }
    }
    services
}

#[test]
fn every_form_of_every_endpoint_is_answered_and_called_by_a_test() {
    let services = coverage();
    println!(
        "{:<14}{:>10}{:>8}{:>9}{:>10}  beyond the list",
        "service", "endpoints", "forms", "missing", "untested"
    );
    for (service, entry) in &services {
        println!(
            "{service:<14}{:>10}{:>8}{:>9}{:>10}  {}",
            entry.listed,
            entry.forms,
            entry.missing.len(),
            entry.untested.len(),
            entry.beyond.join(" ")
        );
    }
    let all =
        |pick: fn(&Coverage) -> &Vec<String>| -> Vec<&String> { services.values().flat_map(pick).collect() };
    let (missing, untested) = (all(|entry| &entry.missing), all(|entry| &entry.untested));
    assert!(
        missing.is_empty() && untested.is_empty(),
        "no endpoint answers {missing:?}; no test calls {untested:?}"
    );
    // The list itself is the protocol's: a list that shrank would prove nothing.
    assert_eq!(services.values().map(|entry| entry.listed).sum::<usize>(), 204);
    assert!(table::all().all(|endpoint| endpoint.min <= Version::CURRENT));
}
