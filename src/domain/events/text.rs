//! Values of an event's fields: read leniently where clients are sloppy, never changing what a text says.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// The deepest nesting of an unknown field (spec/security_rules.md S24).
const MAX_DEPTH: usize = 64;

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    Whole(i64),
    /// Finite.
    Float(f64),
    Text(Cow<'a, str>),
    /// What no field may be: a number out of range, a list, an object. As it stands.
    Odd(&'a str),
}

/// A number without fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Whole {
    /// Fits.
    Number(i64),
    /// A number beyond 64 bits.
    OutOfRange,
    /// No number.
    NotANumber,
}

impl<'a> Token<'a> {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Token::Null)
    }

    /// A string's text. Numbers and booleans stand for themselves; `None` for everything else.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Token::Text(text) => Some(text),
            Token::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Token::Whole(number) => Some(Cow::Owned(number.to_string())),
            Token::Float(number) => Some(Cow::Owned(number.to_string())),
            Token::Null | Token::Odd(_) => None,
        }
    }

    /// A whole number: fractions are cut off, texts that hold a whole number count as it (spec/events.md 3.3).
    pub(super) fn whole(&self) -> Whole {
        match self {
            Token::Whole(number) => Whole::Number(*number),
            Token::Float(number) => whole_float(*number),
            Token::Text(text) => whole_text(text.trim()),
            Token::Odd(json) if json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Whole::OutOfRange
            }
            Token::Null | Token::Bool(_) | Token::Odd(_) => Whole::NotANumber,
        }
    }

    /// A finite number; `None` for everything else.
    pub(super) fn finite(&self) -> Option<f64> {
        match self {
            Token::Whole(number) => Some(*number as f64),
            Token::Float(number) => Some(*number).filter(|number| number.is_finite()),
            // A whole number beyond 64 bits.
            Token::Odd(json) if json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                json.parse().ok().filter(|number: &f64| number.is_finite())
            }
            _ => None,
        }
    }

    /// Whether a value counts as true: empty ones and the texts for false do not (spec/security_rules.md D).
    pub(super) fn truthy(&self) -> bool {
        match self {
            Token::Null => false,
            Token::Bool(value) => *value,
            Token::Whole(number) => *number != 0,
            Token::Float(number) => *number != 0.0,
            Token::Text(text) => {
                !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "no" | "off" | "0")
            }
            Token::Odd(json) => {
                let inner = json.bytes().skip(1).find(|byte| !byte.is_ascii_whitespace());
                inner.is_some_and(|byte| !matches!(byte, b']' | b'}'))
            }
        }
    }

    /// The value as JSON.
    pub(super) fn json(self) -> Cow<'a, str> {
        match self {
            Token::Null => Cow::Borrowed("null"),
            Token::Bool(true) => Cow::Borrowed("true"),
            Token::Bool(false) => Cow::Borrowed("false"),
            Token::Whole(number) => Cow::Owned(number.to_string()),
            Token::Float(number) => Cow::Owned(serde_json::Value::from(number).to_string()),
            Token::Text(text) => Cow::Owned(serde_json::Value::from(text).to_string()),
            Token::Odd(json) => Cow::Borrowed(json),
        }
    }
}

/// A value by its JSON.
pub(super) fn token(raw: &RawValue) -> Token<'_> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'n') => Token::Null,
        Some(b't') => Token::Bool(true),
        Some(b'f') => Token::Bool(false),
        Some(b'"') => match string(json) {
            Some(text) => Token::Text(text),
            None => Token::Odd(json),
        },
        Some(b'-' | b'0'..=b'9') => match (json.parse::<i64>(), json.parse::<f64>()) {
            (Ok(number), _) => Token::Whole(number),
            (_, Ok(number)) if number.is_finite() && json.contains(['.', 'e', 'E']) => Token::Float(number),
            _ => Token::Odd(json),
        },
        _ => Token::Odd(json),
    }
}

fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.get(1..json.len().saturating_sub(1))?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let decoded = serde_json::from_str::<String>(json)
        .or_else(|_| serde_json::from_str(&without_lone_surrogates(json)))
        .ok()?;
    Some(Cow::Owned(decoded))
}

fn whole_float(number: f64) -> Whole {
    // Both bounds are exact in f64; the upper one is the first that no longer fits.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        Whole::Number(number.trunc() as i64)
    } else {
        Whole::OutOfRange
    }
}

fn whole_text(text: &str) -> Whole {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Whole::NotANumber;
    }
    text.parse().map_or(Whole::OutOfRange, Whole::Number)
}

/// Whether JSON is nested no deeper than allowed.
pub(super) fn is_shallow(json: &str) -> bool {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
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
pub(in crate::domain) fn with_standard_tokens(line: &str) -> Cow<'_, str> {
    // Nearly all lines are done with after one quick look.
    let suspect = memchr::memchr2(b'N', b'I', line.as_bytes()).is_some();
    if !suspect || !line.contains("NaN") && !line.contains("Infinity") {
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

    /// Both ways to read a value.
    fn tokens(json: &str, check: impl Fn(Token<'_>)) {
        check(token(&raw(json)));
        if let Ok(token) = serde_json::from_str(json) {
            check(token);
        }
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
            ("1e300", Whole::OutOfRange),
            ("1e999", Whole::OutOfRange),
            ("\"99999999999999999999\"", Whole::OutOfRange),
            ("\"x\"", Whole::NotANumber),
            ("\"1.5\"", Whole::NotANumber),
            ("true", Whole::NotANumber),
            ("[1]", Whole::NotANumber),
        ] {
            tokens(json, |token| assert_eq!(token.whole(), expected, "{json}"));
        }
    }

    #[test]
    fn finite_numbers_are_read_exactly() {
        for json in
            ["0.1", "-1.7976931348623157e308", "5e-324", "123456789.12345678", "18446744073709551616", "7"]
        {
            tokens(json, |token| assert_eq!(token.finite(), json.parse().ok(), "{json}"));
        }
        for json in ["1e999", "\"5\"", "true", "null", "[1]"] {
            tokens(json, |token| assert_eq!(token.finite(), None, "{json}"));
        }
    }

    #[test]
    fn bare_tokens_become_texts_outside_of_texts_only() {
        assert_eq!(
            with_standard_tokens(r#"{"a": NaN, "b": [-Infinity,Infinity], "c": "NaN \" NaN"}"#),
            r#"{"a": "NaN", "b": ["-Infinity","Infinity"], "c": "NaN \" NaN"}"#
        );
        assert!(matches!(with_standard_tokens("{\"a\": \"INn\"}"), Cow::Borrowed(_)));
    }

    #[test]
    fn texts_survive_lone_surrogates() {
        let text = |json: &str| token(&raw(json)).text().map(Cow::into_owned);
        assert_eq!(text(r#""a\ud83d\ude00b\udcffc\\""#).unwrap(), "a\u{1F600}b\u{FFFD}c\\");
        tokens(r#""pl\tain""#, |token| assert_eq!(token.text().unwrap(), "pl\tain"));
        tokens("5", |token| assert_eq!(token.text().unwrap(), "5"));
        tokens("null", |token| assert_eq!(token.text(), None));
        assert_eq!(text("{}"), None);
    }

    #[test]
    fn truth_is_pythons_except_for_the_texts_of_false() {
        for json in ["true", "1", "\"x\"", "[0]", "{\"a\":1}", "-0.5"] {
            tokens(json, |token| assert!(token.truthy(), "{json}"));
        }
        for json in ["false", "0", "0.0", "\"\"", "\"false\"", "[]", "{ }", "null"] {
            tokens(json, |token| assert!(!token.truthy(), "{json}"));
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(is_shallow(&format!("{}{}", "[".repeat(64), "]".repeat(64))));
        assert!(!is_shallow(&format!("{}{}", "[".repeat(65), "]".repeat(65))));
        assert!(is_shallow(&format!("\"{}\"", "[".repeat(100))));
    }
}
