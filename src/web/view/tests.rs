//! Checks over all templates and static files at once.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use super::{etag, kit};
use crate::web::assets;

fn files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("vendor") {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// What stands in quotes after each `start`.
fn quoted<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn templates_name_only_what_exists() {
    for (path, text) in files("templates", "html") {
        for name in quoted(&text, "asset(\"") {
            assert!(assets::asset(name).is_ok(), "{path:?}: {name}");
        }
        for names in quoted(&text, "symbols(\"") {
            for name in names.split_whitespace() {
                assert!(kit::symbols(name).0.contains("<symbol"), "{path:?}: {name}");
            }
        }
        for name in quoted(&text, "kit::icon(\"") {
            assert!(kit::symbols(name).0.contains("<symbol"), "{path:?}: {name}");
        }
    }
}

#[test]
fn templates_keep_the_content_policy() {
    for (path, text) in files("templates", "html") {
        for forbidden in [
            " style=",
            "<style",
            "javascript:",
            " onclick",
            " onload",
            " onsubmit",
            " hx-on",
            "src=\"http",
            "|safe",
        ] {
            assert!(!text.contains(forbidden), "{path:?}: {forbidden}");
        }
        // A script element has an address, or is data.
        for script in text.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=") || script.starts_with(" type=\"application/json\""),
                "{path:?}"
            );
        }
    }
}

#[test]
fn every_form_that_changes_something_is_guarded() {
    for (path, text) in files("templates", "html") {
        let forms = text.matches("method=\"post\"").count();
        // The sign-in form has no session yet: its token belongs to a cookie of its own.
        let guards =
            text.matches("kit::guard(").count() + text.matches("name=\"csrf\" value=\"{{ csrf }}\"").count();
        assert_eq!(forms, guards, "{path:?}");
    }
}

#[test]
fn colours_stand_in_the_tokens_only() {
    for (path, text) in files("static", "css") {
        let is_tokens = path.ends_with("tokens.css");
        let hex = text.split('#').skip(1).any(|rest| {
            let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
            matches!(digits, 3 | 6 | 8)
                && !rest.chars().nth(digits).is_some_and(|c| c.is_alphanumeric() || c == '-')
        });
        assert_eq!(is_tokens, hex || text.contains("rgb("), "{path:?}");
    }
}

#[test]
fn both_dark_blocks_are_equal() {
    let tokens = files("static", "css").into_iter().find(|(path, _)| path.ends_with("tokens.css")).unwrap().1;
    let block = |start: &str| {
        let rest = tokens.split_once(start).unwrap().1;
        rest.split_once('}').unwrap().0.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let by_system = block(":root:not([data-theme=\"light\"]) {");
    assert!(by_system.contains("--ink:"));
    assert_eq!(by_system, block(":root[data-theme=\"dark\"] {"));
}

#[test]
fn scripts_are_short() {
    for (path, text) in files("static", "js") {
        assert!(text.lines().count() < 150, "{path:?}");
        assert!(!text.contains("innerHTML") && !text.contains("eval("), "{path:?}");
    }
}

#[test]
fn tags_ignore_what_the_clock_changes() {
    let page = |age: &str, run: &str, once: &str, name: &str| {
        format!(
            "<b>{name}</b><time datetime=\"x\" data-ago>{age}</time><span data-since=\"5\">{run}</span><input name=\"once\" value=\"{once}.f\"><p>"
        )
    };
    let tag = etag(&page("3 min ago", "48 s", "k1", "a"));
    assert_eq!(tag, etag(&page("4 min ago", "1 min", "k2", "a")));
    assert_ne!(tag, etag(&page("3 min ago", "48 s", "k1", "b")));
    assert_ne!(etag("<p> data-ago>"), etag(""));
}
