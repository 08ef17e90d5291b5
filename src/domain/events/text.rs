//! Reading values out of an event's JSON text: leniently where clients are sloppy, never changing what a text says.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// The deepest nesting of an unknown field (spec/security_rules.md S24).
const MAX_DEPTH: usize = 64;

/// A number as it stands in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Whole {
    /// Fits.
    Number(i64),
    /// A number beyond 64 bits.
    OutOfRange,
    /// No number.
    NotANumber,
}

/// Whether a value is JSON's null.
pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// A string's text. Numbers and booleans stand for themselves; `None` for lists, objects and null.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    let inner = match json.as_bytes().first() {
        Some(b'"') => json.get(1..json.len().saturating_sub(1))?,
        Some(b'{' | b'[' | b'n') | None => return None,
        Some(_) => return Some(Cow::Borrowed(json)),
    };
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let decoded = serde_json::from_str::<String>(json)
        .or_else(|_| serde_json::from_str(&without_lone_surrogates(json)))
        .ok()?;
    Some(Cow::Owned(decoded))
}

/// A whole number: fractions are cut off, texts that hold a whole number count as it (spec/events.md 3.3).
pub(super) fn whole(raw: &RawValue) -> Whole {
    let json = raw.get();
    if let Ok(number) = json.parse::<i64>() {
        return Whole::Number(number);
    }
    match json.as_bytes().first() {
        Some(b'"') => match text(raw) {
            Some(text) => whole_text(text.trim()),
            None => Whole::NotANumber,
        },
        Some(b'-' | b'0'..=b'9') => match json.parse::<f64>() {
            // Both bounds are exact in f64; the upper one is the first that no longer fits.
            Ok(number) if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) => {
                Whole::Number(number.trunc() as i64)
            }
            _ => Whole::OutOfRange,
        },
        _ => Whole::NotANumber,
    }
}

fn whole_text(text: &str) -> Whole {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Whole::NotANumber;
    }
    text.parse().map_or(Whole::OutOfRange, Whole::Number)
}

/// A finite number; `None` for everything else.
pub(super) fn finite(raw: &RawValue) -> Option<f64> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => json.parse::<f64>().ok().filter(|number| number.is_finite()),
        _ => None,
    }
}

/// Whether a value counts as true: empty ones and the texts for false do not (spec/security_rules.md D).
pub(super) fn truthy(raw: &RawValue) -> bool {
    match raw.get() {
        "true" => true,
        "false" | "null" => false,
        json => match json.as_bytes().first() {
            Some(b'"') => text(raw).is_some_and(|text| {
                !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "no" | "off" | "0")
            }),
            Some(b'[' | b'{') => json
                .bytes()
                .skip(1)
                .find(|b| !b.is_ascii_whitespace())
                .is_some_and(|b| !matches!(b, b']' | b'}')),
            _ => finite(raw).is_none_or(|number| number != 0.0),
        },
    }
}

/// Whether a value is nested no deeper than allowed.
pub(super) fn is_shallow(raw: &RawValue) -> bool {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in raw.get().bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest <= MAX_DEPTH
}

/// `line` with the bare tokens `NaN`, `Infinity` and `-Infinity`, which Python writes but JSON does not know, as texts.
/// Where they stand for a value, they are then no numbers; no answer ever holds the bare tokens.
pub(super) fn with_standard_tokens(line: &str) -> Cow<'_, str> {
    if !line.contains("NaN") && !line.contains("Infinity") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    let (mut rest, mut in_text) = (line, false);
    while let Some(c) = rest.chars().next() {
        if in_text && c == '\\' {
            let escape = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
            out.push_str(rest.get(..escape).unwrap_or_default());
            rest = rest.get(escape..).unwrap_or_default();
            continue;
        }
        if c == '"' {
            in_text = !in_text;
        }
        let token =
            ["NaN", "Infinity", "-Infinity"].into_iter().find(|token| !in_text && rest.starts_with(token));
        match token {
            Some(token) => {
                out.push('"');
                out.push_str(token);
                out.push('"');
                rest = rest.get(token.len()..).unwrap_or_default();
            }
            None => {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }
    Cow::Owned(out)
}

/// A JSON text in which halves of surrogate pairs, as Python writes undecodable bytes, are replacement characters.
fn without_lone_surrogates(json: &str) -> String {
    let unit = |at: usize| -> Option<u32> {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(rest) = json.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            (Some(_), _) => 6,
            (None, _) if rest.starts_with('\\') => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        out.push_str(json.get(at..at + length).unwrap_or_default());
        at += length;
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn case_62_whole_numbers_come_in_many_forms() {
        for (json, expected) in [
            ("3.7", Whole::Number(3)),
            ("-3.7", Whole::Number(-3)),
            ("\"7\"", Whole::Number(7)),
            ("1e3", Whole::Number(1000)),
            ("9223372036854775807", Whole::Number(i64::MAX)),
            ("9223372036854775808", Whole::OutOfRange),
            ("-9223372036854775808", Whole::Number(i64::MIN)),
            ("1e999", Whole::OutOfRange),
            ("\"99999999999999999999\"", Whole::OutOfRange),
            ("\"x\"", Whole::NotANumber),
            ("\"1.5\"", Whole::NotANumber),
            ("true", Whole::NotANumber),
            ("[1]", Whole::NotANumber),
        ] {
            assert_eq!(whole(&raw(json)), expected, "{json}");
        }
    }

    #[test]
    fn bare_tokens_become_texts_outside_of_texts_only() {
        assert_eq!(
            with_standard_tokens(r#"{"a": NaN, "b": [-Infinity,Infinity], "c": "NaN \" NaN"}"#),
            r#"{"a": "NaN", "b": ["-Infinity","Infinity"], "c": "NaN \" NaN"}"#
        );
        assert!(matches!(with_standard_tokens("{\"a\": 1}"), Cow::Borrowed(_)));
    }

    #[test]
    fn texts_survive_lone_surrogates() {
        assert_eq!(text(&raw(r#""a\ud83d\ude00b\udcffc\\""#)).unwrap(), "a\u{1F600}b\u{FFFD}c\\");
        assert_eq!(text(&raw(r#""plain""#)).unwrap(), "plain");
        assert_eq!(text(&raw("5")).unwrap(), "5");
        assert_eq!(text(&raw("null")), None);
        assert_eq!(text(&raw("{}")), None);
    }

    #[test]
    fn truth_is_pythons_except_for_the_texts_of_false() {
        for json in ["true", "1", "\"x\"", "[0]", "{\"a\":1}", "-0.5"] {
            assert!(truthy(&raw(json)), "{json}");
        }
        for json in ["false", "0", "0.0", "\"\"", "\"false\"", "[]", "{ }", "null"] {
            assert!(!truthy(&raw(json)), "{json}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(is_shallow(&raw(&format!("{}{}", "[".repeat(64), "]".repeat(64)))));
        assert!(!is_shallow(&raw(&format!("{}{}", "[".repeat(65), "]".repeat(65)))));
        assert!(is_shallow(&raw(&format!("\"{}\"", "[".repeat(100)))));
    }
}
