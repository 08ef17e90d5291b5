//! YAML of vaults, read into the same values as HOCON. Hostile input: no aliases (they multiply), no tags of programs,
//! no deeper than [`MAX_DEPTH`] levels (rules: spec/security_rules.md S24; spec/governance.md 3.2).
//!
//! Plain scalars mean what the core schema of YAML 1.2 says: `yes` is text, `0o17` and `0x1f` are numbers.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::hocon::{Kind, MAX_DEPTH, Object, Origin, Position, Scalar, Value};

/// Why a text is not acceptable YAML. Never carries a value of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", position.line, position.column)]
pub struct YamlError {
    /// Where the problem is.
    pub position: Position,
    /// A sentence without a final full stop.
    pub message: String,
}

fn refuse(span: Span, message: impl Into<String>) -> YamlError {
    YamlError { position: position(span), message: message.into() }
}

fn position(span: Span) -> Position {
    Position {
        line: u32::try_from(span.start.line()).unwrap_or(u32::MAX),
        column: u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX),
    }
}

/// A collection that is still being read.
enum Open {
    List { items: Vec<Value>, at: Position },
    Map { members: Object, key: Option<String>, at: Position },
}

/// Reads a document. An empty text is an empty object.
///
/// # Errors
/// [`YamlError`] with the position of the first problem.
pub fn parse(text: &str) -> Result<Value, YamlError> {
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Value> = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            refuse(Span::new(*marker, *marker), "this is not YAML; look at indentation, quotes and colons")
        })?;
        let value = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::DocumentStart(_) if root.is_some() => {
                return Err(refuse(span, "a second document begins here; keep everything in one"));
            }
            Event::DocumentStart(_) => continue,
            Event::Alias(_) => {
                return Err(refuse(span, "aliases (*name) are not read here; write the value out"));
            }
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor > 0 =>
            {
                return Err(refuse(span, "anchors (&name) are not read here; remove the anchor"));
            }
            Event::Scalar(text, style, _, tag) => scalar(&text, style, tag.as_deref(), span)?,
            Event::SequenceStart(_, tag) => {
                plain_collection(tag.as_deref(), span)?;
                begin(&mut open, Open::List { items: Vec::new(), at: position(span) }, span)?;
                continue;
            }
            Event::MappingStart(_, tag) => {
                plain_collection(tag.as_deref(), span)?;
                let map = Open::Map { members: Object::default(), key: None, at: position(span) };
                begin(&mut open, map, span)?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { items, at }) => of(Kind::Array(items), at),
                Some(Open::Map { members, at, .. }) => of(Kind::Object(members), at),
                None => continue,
            },
        };
        match open.last_mut() {
            None => root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { members, key: key @ None, .. }) => {
                *key = Some(member_name(&value, members, span)?);
            }
            Some(Open::Map { members, key, .. }) => {
                if let Some(key) = key.take() {
                    members.insert(key, value);
                }
            }
        }
    }
    Ok(root.unwrap_or_else(|| of(Kind::Object(Object::default()), Position { line: 1, column: 1 })))
}

fn of(kind: Kind, position: Position) -> Value {
    Value { kind, position, origin: Origin::Text }
}

fn begin(open: &mut Vec<Open>, new: Open, span: Span) -> Result<(), YamlError> {
    if let Some(Open::Map { key: None, .. }) = open.last() {
        return Err(refuse(span, "a list or section can't be a key; use text"));
    }
    if open.len() >= MAX_DEPTH {
        return Err(refuse(span, format!("nested more than {MAX_DEPTH} levels deep; flatten this part")));
    }
    open.push(new);
    Ok(())
}

fn member_name(value: &Value, members: &Object, span: Span) -> Result<String, YamlError> {
    let name = value.as_text().ok_or_else(|| refuse(span, "a key must be text; put it in quotes"))?;
    if name == "<<" {
        return Err(refuse(span, "merging (<<) is not read here; write the keys out"));
    }
    if members.get(name).is_some() {
        return Err(refuse(span, "this key stands twice in its section; remove one"));
    }
    Ok(name.to_owned())
}

fn plain_collection(tag: Option<&Tag>, span: Span) -> Result<(), YamlError> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "map" | "seq")) => {
            Err(refuse(span, "tags (!name) are not read here; remove the tag"))
        }
        _ => Ok(()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, YamlError> {
    let as_text = match tag {
        None => style != ScalarStyle::Plain,
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
        Some(_) => return Err(refuse(span, "tags (!name) are not read here; remove the tag")),
    };
    let scalar = if as_text { Scalar::string(text.to_owned()) } else { plain(text) };
    Ok(of(Kind::Scalar(scalar), position(span)))
}

/// A scalar without quotes: text unless the core schema says otherwise.
fn plain(text: &str) -> Scalar {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).map(|number| number.to_string());
    let number = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => radix(digits, 16).ok(),
        (_, Some(digits)) => radix(digits, 8).ok(),
        _ => None,
    };
    match text {
        "" | "~" => Scalar::recognise("null".to_owned()),
        // Only these spellings: HOCON recognises any.
        "null" | "Null" | "NULL" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => {
            Scalar::recognise(text.to_owned())
        }
        _ if text.eq_ignore_ascii_case("null")
            || text.eq_ignore_ascii_case("true")
            || text.eq_ignore_ascii_case("false") =>
        {
            Scalar::string(text.to_owned())
        }
        _ => Scalar::recognise(number.unwrap_or_else(|| text.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_lists_and_scalars_are_read() {
        let text = "agent:\n  git_user: bob\n  git_pass: \"007\"\n  n: 0x1f\n  on: yes\nlist:\n- 1.5\n- ~\n- [a, true]\n\
                    key: |\n  one\n  two\n";
        let read = parse(text).unwrap().to_json();
        let agent = json!({"git_user": "bob", "git_pass": "007", "n": 31, "on": "yes"});
        let expected = json!({"agent": agent, "list": [1.5, null, ["a", true]], "key": "one\ntwo\n"});
        assert_eq!(read, expected);
        assert_eq!(parse("").unwrap().to_json(), json!({}));
    }

    #[test]
    fn what_multiplies_or_runs_code_is_refused_with_its_place() {
        for (text, line, column) in [
            ("a: &x 1\nb: *x", 1, 4),
            ("a: 1\nb: *x", 2, 4),
            ("a: !!python/object:os.system x", 1, 4),
            ("a: 1\na: 2", 2, 1),
            ("a: 1\n---\nb: 2", 2, 1),
            ("? [1]\n: 2", 1, 3),
            ("<<: {a: 1}", 1, 1),
            ("a: [1", 2, 1),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.position.line, error.position.column), (line, column), "{text:?}: {error}");
        }
        assert!(parse(&format!("a: {}", "[".repeat(200))).is_err());
        assert!(parse(&format!("a: {}1{}", "[".repeat(63), "]".repeat(63))).is_ok());
        let deep = parse(&format!("a: {}1{}", "[".repeat(64), "]".repeat(64))).unwrap_err();
        assert!(deep.message.contains("64 levels"), "{deep}");
    }
}
