//! Values as the text of a cell: the forms of the reference server, which are Python's (spec/projects.md 4.5).

use serde_json::Value;

use crate::types::as_python;

/// A value by itself.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        value => as_python(value),
    }
}

/// A moment: `2025-01-31 08:00:00.123000`, UTC, from its form on the wire.
pub(super) fn time(wire: &str) -> String {
    wire.strip_suffix("+00:00").unwrap_or(wire).replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_a_blank_and_no_offset() {
        assert_eq!(time("2025-01-31T08:00:00.123000+00:00"), "2025-01-31 08:00:00.123000");
        assert_eq!(time("2025-01-31T08:00:00+00:00"), "2025-01-31 08:00:00");
    }
}
