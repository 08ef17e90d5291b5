//! Arguments: JSON body, query string and form merged into one object (spec/protocol.md 1.4, 1.5).

use percent_encoding::percent_decode;
use serde_json::Value;

use crate::types::{ApiError, ErrorKind, Json, Result};

/// The deepest nesting accepted (S24).
pub(super) const MAX_DEPTH: usize = 64;

/// Reads a JSON body. Empty data and empty values count as an empty object.
///
/// Errors: 400/0 malformed or nested too deep; 400/12 a list, text or number.
pub(super) fn parse_body(body: &[u8]) -> Result<Json> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::new());
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    check_depth(&value, 0)?;
    match value {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(false) => Ok(Json::new()),
        Value::Number(n) if n.as_f64() == Some(0.0) => Ok(Json::new()),
        Value::String(text) if text.is_empty() => Ok(Json::new()),
        Value::Array(items) if items.is_empty() => Ok(Json::new()),
        _ => Err(ApiError::new(ErrorKind::ValidationError, "the body must be a JSON object")),
    }
}

pub(super) fn malformed(error: &serde_json::Error) -> ApiError {
    let text = format!("the body is not valid JSON at line {}, column {}", error.line(), error.column());
    ApiError::new(ErrorKind::BadRequest, text)
}

fn check_depth(value: &Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(ApiError::new(
            ErrorKind::BadRequest,
            format!("the body is nested deeper than {MAX_DEPTH} levels"),
        ));
    }
    match value {
        Value::Object(map) => map.values().try_for_each(|value| check_depth(value, depth + 1)),
        Value::Array(items) => items.iter().try_for_each(|value| check_depth(value, depth + 1)),
        _ => Ok(()),
    }
}

/// Whether a body is nothing at all or `{}`: a batch without items.
pub(super) fn is_empty_object(body: &[u8]) -> bool {
    let mut rest = body.iter().filter(|byte| !byte.is_ascii_whitespace());
    matches!((rest.next(), rest.next(), rest.next()), (None, ..) | (Some(b'{'), Some(b'}'), None))
}

/// Lines of a JSON-lines body without their ends (LF, CR or CRLF). A trailing line end is fine.
///
/// Errors: 400/0 an empty line in the middle.
pub(super) fn split_lines(body: &[u8]) -> Result<Vec<&[u8]>> {
    let mut lines = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest);
        let (line, after) = match end {
            None => (rest, &rest[rest.len()..]),
            Some(at) => {
                let skip = if rest[at..].starts_with(b"\r\n") { 2 } else { 1 };
                (&rest[..at], &rest[at + skip..])
            }
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            if after.iter().all(u8::is_ascii_whitespace) {
                break;
            }
            return Err(ApiError::new(ErrorKind::BadRequest, "a line of the batch is empty")
                .with("line", lines.len()));
        }
        lines.push(line);
        rest = after;
    }
    Ok(lines)
}

/// Merges `name=value&…` into the object; later forms win over earlier ones.
pub(super) fn merge_urlencoded(into: &mut Json, text: &str) -> Result<()> {
    let mut pairs: Vec<(String, Vec<String>, bool)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        let list = name.ends_with("[]");
        match pairs.iter_mut().find(|(known, _, _)| *known == name) {
            Some((_, values, _)) => values.push(value),
            None => pairs.push((name, vec![value], list)),
        }
    }
    for (name, values, list) in pairs {
        let path = name.trim_end_matches(['[', ']']);
        let scalars: Vec<Value> = values.iter().map(|value| scalar(value)).collect();
        let value = match (list || scalars.len() > 1, scalars.into_iter().next()) {
            (false, Some(one)) => one,
            _ => Value::Array(values.iter().map(|value| scalar(value)).collect()),
        };
        if path.split('.').count() > MAX_DEPTH {
            return Err(ApiError::new(ErrorKind::BadRequest, "an argument is nested too deep"));
        }
        set(into, path, value);
    }
    Ok(())
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes()).decode_utf8_lossy().into_owned()
}

fn set(into: &mut Json, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            into.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            let slot = into.entry(head.to_owned()).or_insert_with(|| Value::Object(Json::new()));
            if !slot.is_object() {
                *slot = Value::Object(Json::new());
            }
            if let Value::Object(inner) = slot {
                set(inner, rest, value);
            }
        }
    }
}

/// All digits: integer; digits and one dot: float; true and false in three spellings; else text.
fn scalar(text: &str) -> Value {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let dotted = text.len() > 1
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().filter(|b| *b == b'.').count() == 1;
    match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if digits => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        _ if dotted => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn query_arguments_nest_list_and_convert() {
        let mut object = json!({"x": 1, "y": 1}).as_object().cloned().unwrap();
        merge_urlencoded(&mut object, "a=1&a=2&b=true&c.d=x&e[]=7&f=1.5&g=-3&x=2&n=null&s=a%20b+c").unwrap();
        let expected = json!({"x": 2, "y": 1, "a": [1, 2], "b": true, "c": {"d": "x"}, "e": [7], "f": 1.5, "g": "-3",
            "n": "null", "s": "a b c"});
        assert_eq!(Value::Object(object), expected);
    }

    #[test]
    fn empty_bodies_are_objects_and_lists_are_refused() {
        for body in ["", "  ", "null", "{}", "[]", "0", "false", "\"\""] {
            assert_eq!(parse_body(body.as_bytes()).unwrap(), Json::new(), "{body}");
        }
        assert_eq!(parse_body(b"{\"a\":").unwrap_err().kind(), ErrorKind::BadRequest);
        assert_eq!(parse_body(b"[1]").unwrap_err().kind(), ErrorKind::ValidationError);
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert_eq!(parse_body(deep.as_bytes()).unwrap_err().kind(), ErrorKind::BadRequest);
        let deeper = "[".repeat(100_000);
        assert_eq!(parse_body(deeper.as_bytes()).unwrap_err().kind(), ErrorKind::BadRequest);
    }

    #[test]
    fn lines_end_in_three_ways() {
        assert_eq!(split_lines(b"a\nb\r\nc\rd\n").unwrap(), [b"a", b"b", b"c", b"d"]);
        assert!(split_lines(b"").unwrap().is_empty());
        assert!(split_lines(b"a\n\nb").is_err());
    }
}
