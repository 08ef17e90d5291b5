//! The list grammar and the `filters` object (protocol: spec/protocol.md 5.3, 5.4).

use serde_json::Value;

use crate::types::{ApiError, ErrorKind, Result};

use super::ast::{Filter, Join, List, Part};

/// Longest list that is accepted (spec/security_rules.md S24).
const MAX_ITEMS: usize = 10_000;

fn refused(field: &str, why: &str) -> ApiError {
    ApiError::new(ErrorKind::FieldsValueError, why).with("field", field)
}

/// The items of a list value; a scalar counts as a list of one.
///
/// Errors: `400/12` for more than [`MAX_ITEMS`].
pub(super) fn items(value: &Value) -> Result<&[Value]> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    if items.len() > MAX_ITEMS {
        return Err(ApiError::new(ErrorKind::ValidationError, "a list may hold at most 10,000 values"));
    }
    Ok(items)
}

/// Reads a list value. `None` when it is empty, which filters nothing.
///
/// Errors: `400/16` for unknown operators, a dangling `__$not`, a lone `-`, and items that are no strings.
pub(super) fn parse(field: &str, value: &Value) -> Result<Option<List>> {
    let items = items(value)?;
    if items.is_empty() {
        return Ok(None);
    }
    let mut list = List::default();
    let (mut all, mut legacy, mut negate) = (false, true, false);
    let mut join = None;
    for item in items {
        let text = match item {
            Value::Null => {
                list.or_empty = true;
                negate = false;
                join.get_or_insert(Join::And);
                continue;
            }
            Value::String(text) => text.as_str(),
            _ => return Err(refused(field, "the values must be strings or null")),
        };
        if let Some(operator) = text.strip_prefix("__$") {
            match operator {
                "not" if !negate => negate = true,
                "all" | "and" | "any" | "or" if negate => {
                    return Err(refused(field, "a value must follow __$not"));
                }
                "not" => return Err(refused(field, "a value must follow __$not")),
                "all" | "and" => {
                    (all, legacy) = (true, false);
                    join.get_or_insert(Join::And);
                }
                "any" | "or" => {
                    (all, legacy) = (false, false);
                    join.get_or_insert(Join::Or);
                }
                "nop" => {
                    (all, legacy, negate) = (false, true, false);
                    join.get_or_insert(Join::And);
                }
                _ => return Err(refused(field, "unknown list operator").with("operator", text)),
            }
            continue;
        }
        join.get_or_insert(Join::And);
        let (value, exclude) = match text.strip_prefix('-') {
            Some("") if legacy && !negate => {
                return Err(refused(field, "a value must follow the minus sign"));
            }
            Some(value) if legacy && !negate => (value, true),
            _ => (text, std::mem::take(&mut negate)),
        };
        let bucket = match (exclude, all) {
            (true, _) => &mut list.none,
            (false, true) => &mut list.all,
            (false, false) => &mut list.any,
        };
        bucket.push(value.to_owned());
    }
    if negate {
        return Err(refused(field, "a value must follow __$not"));
    }
    list.join = join.unwrap_or_default();
    Ok(Some(list))
}

/// Reads one entry of the `filters` object. `None` when it sets no condition.
///
/// Errors: `400/12` for a wrong form, unknown members or a bad `op`.
pub(super) fn parse_filter(field: &str, value: &Value) -> Result<Option<Filter>> {
    let wrong = |why: &str| ApiError::new(ErrorKind::ValidationError, why).with("field", field);
    let Value::Object(members) = value else {
        return Err(wrong("a filter must be an object with any, all and op"));
    };
    let mut filter = Filter::default();
    for (name, value) in members {
        match (name.as_str(), value) {
            (_, Value::Null) if matches!(name.as_str(), "any" | "all" | "op") => {}
            ("any", value) => filter.any = Some(parse_part(field, value)?),
            ("all", value) => filter.all = Some(parse_part(field, value)?),
            ("op", Value::String(op)) if op == "and" => filter.join = Join::And,
            ("op", Value::String(op)) if op == "or" => filter.join = Join::Or,
            ("op", _) => return Err(wrong("op must be and, or or")),
            _ => return Err(wrong("a filter has only the members any, all and op")),
        }
    }
    filter.any = filter.any.filter(|part| *part != Part::default());
    filter.all = filter.all.filter(|part| *part != Part::default());
    Ok((filter.any.is_some() || filter.all.is_some()).then_some(filter))
}

fn parse_part(field: &str, value: &Value) -> Result<Part> {
    let wrong = |why: &str| ApiError::new(ErrorKind::ValidationError, why).with("field", field);
    let Value::Object(members) = value else {
        return Err(wrong("any and all must be objects with include and exclude"));
    };
    let mut part = Part::default();
    for (name, value) in members {
        let (texts, null) = match (name.as_str(), value) {
            ("include" | "exclude", Value::Null) => continue,
            ("include", Value::Array(_)) => (&mut part.include, &mut part.empty),
            ("exclude", Value::Array(_)) => (&mut part.exclude, &mut part.not_empty),
            ("include" | "exclude", _) => return Err(wrong("include and exclude must be lists")),
            _ => return Err(wrong("any and all have only the members include and exclude")),
        };
        for item in items(value)? {
            match item {
                Value::Null => *null = true,
                Value::String(text) => texts.push(text.clone()),
                _ => return Err(wrong("the values must be strings or null")),
            }
        }
    }
    Ok(part)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(value: Value) -> List {
        parse("tags", &value).unwrap().unwrap()
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn plain_values_are_alternatives() {
        let read = list(json!(["a", "b", "-c"]));
        assert_eq!((read.any, read.none, read.join), (texts(&["a", "b"]), texts(&["c"]), Join::And));
        assert_eq!(list(json!("a")).any, texts(&["a"]));
        assert_eq!(parse("tags", &json!([])).unwrap(), None);
    }

    #[test]
    fn operators_move_values_between_buckets() {
        let read = list(json!(["__$all", "a", "b", "__$or", "c", "__$not", "d", "__$and", "__$or", "e"]));
        assert_eq!(
            (read.all, read.any, read.none, read.join),
            (texts(&["a", "b"]), texts(&["c", "e"]), texts(&["d"]), Join::And)
        );
        let read = list(json!(["__$or", "a", "__$not", "b"]));
        assert_eq!((read.any, read.none, read.join), (texts(&["a"]), texts(&["b"]), Join::Or));
        let read = list(json!(["__$not", "a", "__$or", "b"]));
        assert_eq!(read.join, Join::And);
        let read = list(json!(["__$not", "-a"]));
        assert_eq!(read.none, texts(&["-a"]));
    }

    #[test]
    fn a_minus_is_literal_after_an_operator_until_nop() {
        assert_eq!(list(json!(["__$all", "a", "-b"])).all, texts(&["a", "-b"]));
        let read = list(json!(["__$all", "a", "__$nop", "b", "-c"]));
        assert_eq!((read.all, read.any, read.none), (texts(&["a"]), texts(&["b"]), texts(&["c"])));
    }

    #[test]
    fn null_asks_for_empty_and_cancels_a_negation() {
        let read = list(json!(["__$not", null, "a"]));
        assert_eq!((read.any, read.none, read.or_empty), (texts(&["a"]), texts(&[]), true));
    }

    #[test]
    fn bad_lists_are_refused() {
        for bad in [
            json!(["__$foo"]),
            json!(["__$not"]),
            json!(["a", "__$not"]),
            json!(["__$not", "__$all", "a"]),
            json!(["__$not", "__$not", "a"]),
            json!([5]),
            json!(["-"]),
            json!([["a"]]),
        ] {
            assert_eq!(parse("tags", &bad).unwrap_err().kind(), ErrorKind::FieldsValueError, "{bad}");
        }
        assert!(parse("tags", &json!(["__$all", "-"])).is_ok());
        let many = Value::Array(vec![json!("a"); MAX_ITEMS + 1]);
        assert_eq!(parse("tags", &many).unwrap_err().kind(), ErrorKind::ValidationError);
    }

    #[test]
    fn filters_are_checked_strictly() {
        for bad in [
            json!({"x": 1}),
            json!(["a"]),
            json!({"op": "xor"}),
            json!({"any": []}),
            json!({"any": {"include": "a"}}),
            json!({"any": {"include": [1]}}),
            json!({"all": {"only": ["a"]}}),
        ] {
            assert_eq!(parse_filter("tags", &bad).unwrap_err().kind(), ErrorKind::ValidationError, "{bad}");
        }
        assert_eq!(parse_filter("tags", &json!({"any": {"include": []}})).unwrap(), None);
        let filter =
            parse_filter("tags", &json!({"any": {"include": ["a", null]}, "op": "or"})).unwrap().unwrap();
        assert_eq!(filter.join, Join::Or);
        assert_eq!(filter.any, Some(Part { include: texts(&["a"]), empty: true, ..Part::default() }));
    }
}
