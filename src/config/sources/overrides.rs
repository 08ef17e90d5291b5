//! `TRAINS__a__b` and `CLEARML__a__b`: settings from the environment (protocol: spec/protocol.md 6.2).

use std::sync::Arc;

use super::super::error::{Problem, Warning, WarningKind};
use super::super::hocon::{self, Kind, MAX_DEPTH, Origin, Place, Position, Scalar, Value};
use super::{Environment, Sources, overlay_at};

/// The older prefix first: the newer one wins.
const PREFIXES: [&str; 2] = ["TRAINS__", "CLEARML__"];

pub(super) fn apply(environment: &Environment, sources: &mut Sources) {
    for prefix in PREFIXES {
        for (name, rest, text) in environment.with_prefix(prefix) {
            let path: Vec<String> =
                rest.replace("__", ".").to_lowercase().split('.').map(str::to_owned).collect();
            let origin = Origin::Variable(Arc::from(name));
            if path.iter().any(String::is_empty) || path.len() > MAX_DEPTH {
                let place = Place { origin, position: START };
                let message =
                    "does not name a setting and has no effect; write CLEARML__section__key".to_owned();
                let problem = Problem { key: None, place: Some(place), message };
                sources.warnings.push(Warning { kind: WarningKind::Ignored, problem });
                continue;
            }
            overlay_at(&mut sources.tree, path, value(text, origin));
        }
    }
}

const START: Position = Position { line: 1, column: 1 };

/// The value of an override: HOCON if it parses, else the text itself. A value without quotes also keeps its text for
/// settings that are text, so that a secret such as `007` or `a#b` arrives as it was given.
fn value(text: &str, origin: Origin) -> Value {
    let quoted = text.trim_start().starts_with('"');
    match hocon::parse_value(text, &origin) {
        Ok(mut value) => {
            if let (Kind::Scalar(scalar), false) = (&mut value.kind, quoted) {
                scalar.raw = Some(without_comment(text).trim().to_owned());
            }
            value
        }
        Err(_) => {
            let scalar = Scalar { kind: hocon::ScalarKind::String, text: text.to_owned(), raw: None };
            Value { kind: Kind::Scalar(scalar), position: START, origin }
        }
    }
}

/// A comment is a `#` after a blank; a `#` inside a word belongs to it.
fn without_comment(text: &str) -> &str {
    let comment = text
        .char_indices()
        .zip(text.chars().skip(1))
        .find(|((_, blank), next)| blank.is_whitespace() && *next == '#');
    comment.map_or(text, |((at, _), _)| text.get(..at).unwrap_or(text))
}
