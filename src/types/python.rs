//! Texts as Python writes them: clients and the reference server are Python, and their forms reach the wire.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// The text that a Python program makes of a value.
pub fn as_python(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => {
            let mut out = String::new();
            literal(value, &mut out);
            out
        }
    }
}

/// A value inside another.
fn literal(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(value) => out.push_str(&number(value)),
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                literal(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (n, (name, member)) in members.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                quoted(name, out);
                out.push_str(": ");
                literal(member, out);
            }
            out.push('}');
        }
    }
}

/// Rust and Python write the shortest digits and change to exponents at the same place; only the exponent's form differs.
fn number(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let text = format!("{float:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
    }
}

/// Single quotes, unless the text has such and no double ones.
fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                // Writing into a String does not fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_as_python_writes_them() {
        let cases = [
            (json!(null), "None"),
            (json!("a'b"), "a'b"),
            (json!(true), "True"),
            (json!(5), "5"),
            (json!(1.0), "1.0"),
            (json!(123456.0), "123456.0"),
            (json!("plain 'text'"), "plain 'text'"),
            (json!({"a": [true], "b": "it's"}), "{'a': [True], 'b': \"it's\"}"),
            (json!(-5.0), "-5.0"),
            (json!(0.1), "0.1"),
            (json!(0.0001), "0.0001"),
            (json!(0.00001), "1e-05"),
            (json!(1.5e-7), "1.5e-07"),
            (json!(1e15), "1000000000000000.0"),
            (json!(1e16), "1e+16"),
            (json!(1.5e300), "1.5e+300"),
            (json!([]), "[]"),
            (json!(["a", "b"]), "['a', 'b']"),
            (
                json!(["it's", "\"", "'\"", "\\", "a\nb", "\u{1}"]),
                r#"["it's", '"', '\'"', '\\', 'a\nb', '\x01']"#,
            ),
            (json!([{"a": [1, null, false]}]), "[{'a': [1, None, False]}]"),
        ];
        for (value, expected) in cases {
            assert_eq!(as_python(&value), expected, "{value}");
        }
    }
}
