//! Ranges and date conditions (protocol: spec/protocol.md 5.6, 5.7).

use serde_json::Value;

use crate::types::{ApiError, ErrorKind, Millis, Result};

use super::{
    ast::{Bound, Comparison, Condition, Path, Range},
    list::items,
    schema::Shape,
};

fn wrong(field: &str, why: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, why).with("field", field)
}

/// Reads `[min, max]` for a field of the given form.
///
/// Errors: `400/12` unless there are two ends of which one is set, and for numbers that can't be read.
pub(super) fn parse_range(
    field: &str,
    path: Path,
    shape: Option<&Shape>,
    value: &Value,
) -> Result<Condition> {
    let Value::Array(ends) = value else {
        return Err(wrong(field, "a range must be a list of two values, [min, max]"));
    };
    let [min, max] = ends.as_slice() else {
        return Err(wrong(field, "a range must be a list of two values, [min, max]"));
    };
    if min.is_null() && max.is_null() {
        return Err(wrong(field, "at least one end of a range must be given"));
    }
    let bound = |value: &Value| match shape {
        Some(Shape::Time) => time_bound(field, value),
        _ => number_bound(field, value),
    };
    Ok(Condition::Range(path, Range { min: bound(min)?, max: bound(max)? }))
}

fn time_bound(field: &str, value: &Value) -> Result<Bound> {
    match value {
        Value::Null => Ok(Bound::Open),
        Value::String(text) => {
            Ok(Millis::parse_lenient(text).map_or(Bound::Unreadable, |time| Bound::Integer(time.0)))
        }
        _ => Err(wrong(field, "a date must be text such as 2024-05-06T07:08:09")),
    }
}

fn number_bound(field: &str, value: &Value) -> Result<Bound> {
    let number = match value {
        Value::Null => return Ok(Bound::Open),
        Value::Number(number) => {
            number.as_i64().map(Bound::Integer).or_else(|| number.as_f64().map(Bound::Real))
        }
        Value::String(text) => {
            let text = text.trim();
            text.parse().map(Bound::Integer).ok().or_else(|| text.parse().map(Bound::Real).ok())
        }
        _ => None,
    };
    match number {
        Some(Bound::Real(value)) if !value.is_finite() => {
            Err(wrong(field, "the ends of a range must be numbers"))
        }
        Some(bound) => Ok(bound),
        None => Err(wrong(field, "the ends of a range must be numbers")),
    }
}

/// Reads a date condition: one or more `[>=|>|<=|<]<date>`, or a range. `None` when no date could be read.
///
/// Errors: `400/16` for items that are no strings, `400/12` for a range without ends.
pub(super) fn parse_datetime(field: &str, path: Path, value: &Value) -> Result<Option<Condition>> {
    let items = items(value)?;
    if items.is_empty() {
        return Ok(None);
    }
    let texts = |item: &Value| item.as_str().is_some_and(|text| !text.starts_with(['<', '>']));
    if items.len() == 2 && items.iter().all(|item| item.is_null() || texts(item)) {
        return parse_range(field, path, Some(&Shape::Time), value).map(Some);
    }
    let mut comparisons: Vec<(Comparison, i64)> = Vec::new();
    for item in items {
        let Value::String(text) = item else {
            return Err(ApiError::new(ErrorKind::FieldsValueError, "a date condition must be text")
                .with("field", field));
        };
        let (operator, date) = split_operator(text.trim_start());
        if let Some(time) = Millis::parse_lenient(date) {
            comparisons.retain(|(earlier, _)| *earlier != operator);
            comparisons.push((operator, time.0));
        }
    }
    Ok((!comparisons.is_empty()).then_some(Condition::Compare(path, comparisons)))
}

fn split_operator(text: &str) -> (Comparison, &str) {
    for (prefix, operator) in [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Greater),
        ("<", Comparison::Less),
    ] {
        if let Some(date) = text.strip_prefix(prefix) {
            return (operator, date);
        }
    }
    (Comparison::Equal, text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    const DAY: i64 = 1_704_067_200_000; // 2024-01-01

    fn range(value: Value, shape: &Shape) -> Result<Range> {
        match parse_range("f", vec![], Some(shape), &value)? {
            Condition::Range(_, range) => Ok(range),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ranges_convert_by_the_form_of_the_field() {
        let read = range(json!(["2024-01-01", null]), &Shape::Time).unwrap();
        assert_eq!(read, Range { min: Bound::Integer(DAY), max: Bound::Open });
        let read = range(json!([null, " 1.5 "]), &Shape::Real).unwrap();
        assert_eq!(read, Range { min: Bound::Open, max: Bound::Real(1.5) });
        let read = range(json!(["x", "y"]), &Shape::Time).unwrap();
        assert_eq!(read, Range { min: Bound::Unreadable, max: Bound::Unreadable });
    }

    #[test]
    fn bad_ranges_are_refused() {
        for bad in
            [json!([1]), json!([1, 2, 3]), json!(5), json!([null, null]), json!(["x", 1]), json!(["NaN", 1])]
        {
            assert_eq!(
                range(bad.clone(), &Shape::Real).unwrap_err().kind(),
                ErrorKind::ValidationError,
                "{bad}"
            );
        }
    }

    #[test]
    fn dates_are_compared_or_ranged() {
        let read = |value: Value| parse_datetime("f", vec![], &value);
        let Some(Condition::Compare(_, read_both)) = read(json!([">=2024-01-01", "<2024-01-02"])).unwrap()
        else {
            panic!()
        };
        assert_eq!(read_both, [(Comparison::AtLeast, DAY), (Comparison::Less, DAY + 86_400_000)]);
        assert!(matches!(read(json!(["2024-01-01", "2024-01-02"])).unwrap(), Some(Condition::Range(..))));
        assert!(matches!(read(json!([null, "2024-01-02"])).unwrap(), Some(Condition::Range(..))));
        assert!(matches!(read(json!("2024-01-01")).unwrap(), Some(Condition::Compare(..))));
        assert!(read(json!(["garbage"])).unwrap().is_none());
        let Some(Condition::Compare(_, last)) = read(json!([">2024-01-01", ">2024-01-02"])).unwrap() else {
            panic!()
        };
        assert_eq!(last.len(), 1);
        assert_eq!(read(json!([null, null])).unwrap_err().kind(), ErrorKind::ValidationError);
        assert_eq!(read(json!([null])).unwrap_err().kind(), ErrorKind::FieldsValueError);
        assert_eq!(read(json!([5])).unwrap_err().kind(), ErrorKind::FieldsValueError);
    }
}
