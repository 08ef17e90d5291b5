//! Checking and converting a request by its schema (spec/protocol.md 1.10, "Typing rules").

use std::collections::HashMap;

use serde_json::{Number, Value};

use crate::types::{ApiError, ErrorKind, Json, Result};

/// A compiled schema.
#[derive(Debug)]
pub enum Schema {
    /// Anything.
    Any,
    /// Text, perhaps one of a few.
    Text(Vec<String>),
    /// A whole number with an optional minimum.
    Integer(Option<i64>),
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List(Box<Schema>),
    /// An object.
    Object {
        /// Known fields.
        properties: HashMap<String, Schema>,
        /// Fields that must be there.
        required: Vec<String>,
        /// What the values of all other fields must be.
        others: Option<Box<Schema>>,
    },
}

impl Schema {
    /// Compiles a JSON schema with references already resolved. What it does not know it does not check.
    pub fn compile(json: &Value) -> Schema {
        let strings = |key: &str| -> Vec<String> {
            let list = json.get(key).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
        };
        match json.get("type").and_then(Value::as_str) {
            Some("string") => Schema::Text(strings("enum")),
            Some("integer") => Schema::Integer(json.get("minimum").and_then(Value::as_i64)),
            Some("number") => Schema::Number,
            Some("boolean") => Schema::Boolean,
            Some("array") => Schema::List(Box::new(json.get("items").map_or(Schema::Any, Schema::compile))),
            Some("object") => Schema::Object {
                properties: json
                    .get("properties")
                    .and_then(Value::as_object)
                    .map(|map| map.iter().map(|(key, value)| (key.clone(), Schema::compile(value))).collect())
                    .unwrap_or_default(),
                required: strings("required"),
                others: json
                    .get("additionalProperties")
                    .filter(|v| v.is_object())
                    .map(|v| Box::new(Schema::compile(v))),
            },
            _ => Schema::Any,
        }
    }
}

/// Checks a request and converts what the protocol converts. Nulls count as missing, unknown fields are kept.
///
/// Errors: 400/12 naming the field.
pub fn check(schema: &Schema, body: Json) -> Result<Json> {
    match convert(schema, Value::Object(body), &mut Vec::new())? {
        Value::Object(body) => Ok(body),
        _ => Err(ErrorKind::ValidationError.into()),
    }
}

fn convert(schema: &Schema, value: Value, at: &mut Vec<String>) -> Result<Value> {
    match (schema, value) {
        (Schema::Any, value) => Ok(value),
        (Schema::Text(choices), Value::String(text)) => {
            if choices.is_empty() || choices.contains(&text) {
                return Ok(Value::String(text));
            }
            Err(wrong(at, &format!("must be one of {}", choices.join(", "))))
        }
        // An id of digits in a query string arrives as a number.
        (Schema::Text(_), _) => Err(wrong(at, "must be text")),
        (Schema::Integer(minimum), value) => {
            let number = integer(&value).ok_or_else(|| wrong(at, "must be a whole number"))?;
            match minimum {
                Some(minimum) if number < *minimum => Err(wrong(at, &format!("must be at least {minimum}"))),
                _ => Ok(number.into()),
            }
        }
        (Schema::Number, Value::Number(number)) => Ok(Value::Number(number)),
        (Schema::Number, _) => Err(wrong(at, "must be a number")),
        (Schema::Boolean, value) => {
            boolean(&value).map(Value::Bool).ok_or_else(|| wrong(at, "must be true or false"))
        }
        (Schema::List(items), Value::Array(list)) => {
            let mut converted = Vec::with_capacity(list.len());
            for (i, item) in list.into_iter().enumerate() {
                at.push(i.to_string());
                converted.push(convert(items, item, at)?);
                at.pop();
            }
            Ok(Value::Array(converted))
        }
        (Schema::List(_), _) => Err(wrong(at, "must be a list")),
        (Schema::Object { properties, required, others }, Value::Object(map)) => {
            let mut converted = Json::new();
            for (key, value) in map {
                let field = properties.get(&key).or(others.as_deref());
                // A declared field that is null counts as missing; what nobody declared is the client's own content.
                if value.is_null() && (field.is_some() || !properties.is_empty()) {
                    continue;
                }
                let value = match field {
                    None => value,
                    Some(field) => {
                        at.push(key.clone());
                        let value = convert(field, value, at)?;
                        at.pop();
                        value
                    }
                };
                converted.insert(key, value);
            }
            if let Some(missing) = required.iter().find(|key| !converted.contains_key(*key)) {
                at.push(missing.clone());
                return Err(wrong(at, "is required"));
            }
            Ok(Value::Object(converted))
        }
        (Schema::Object { .. }, _) => Err(wrong(at, "must be an object")),
    }
}

fn wrong(at: &[String], text: &str) -> ApiError {
    let field = at.join(".");
    ApiError::new(ErrorKind::ValidationError, format!("{field} {text}")).with("field", field)
}

/// Whole numbers, fractions cut off, and whole numbers written as text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| cut(number)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn cut(number: &Number) -> Option<i64> {
    let float = number.as_f64()?.trunc();
    // The range in which every f64 without fraction is an i64.
    (-9.2e18..=9.2e18).contains(&float).then_some(float as i64)
}

/// True and false, the texts for them, numbers and containers by whether they are empty (spec/security_rules.md D:
/// the text "false" is false everywhere).
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "false" | "no" | "off" | "0" | "" => Some(false),
            _ => Some(true),
        },
        Value::Array(items) => Some(!items.is_empty()),
        Value::Object(map) => Some(!map.is_empty()),
        Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(schema: Value, body: Value) -> Result<Value> {
        check(&Schema::compile(&schema), body.as_object().cloned().unwrap()).map(Value::Object)
    }

    fn object(field: Value) -> Value {
        json!({"type": "object", "properties": {"f": field}})
    }

    #[test]
    fn conversions_of_the_protocol() {
        let cases = [
            (json!({"type": "integer"}), json!("7"), Some(json!(7))),
            (json!({"type": "integer"}), json!(5.7), Some(json!(5))),
            (json!({"type": "integer"}), json!("5.7"), None),
            (json!({"type": "integer"}), json!(1e300), None),
            (json!({"type": "integer", "minimum": 1}), json!(0), None),
            (json!({"type": "number"}), json!("1.5"), None),
            (json!({"type": "boolean"}), json!("false"), Some(json!(false))),
            (json!({"type": "boolean"}), json!("yes"), Some(json!(true))),
            (json!({"type": "boolean"}), json!(0), Some(json!(false))),
            (json!({"type": "string"}), json!(5), None),
            (json!({"type": "string", "enum": ["a"]}), json!("b"), None),
            (json!({"type": "array", "items": {"type": "string"}}), json!("a"), None),
            (json!({"type": "array", "items": {"type": "string"}}), json!([null]), None),
            (json!({"type": "array", "items": {"type": "string"}}), json!(["a"]), Some(json!(["a"]))),
        ];
        for (field, value, expected) in cases {
            let result = run(object(field.clone()), json!({"f": value}));
            match expected {
                Some(expected) => assert_eq!(result.unwrap()["f"], expected, "{field} {value}"),
                None => assert_eq!(result.unwrap_err().kind(), ErrorKind::ValidationError, "{field} {value}"),
            }
        }
    }

    #[test]
    fn null_is_missing_and_unknown_fields_stay() {
        let schema = json!({"type": "object", "properties": {"f": {"type": "string"}}, "required": ["f"]});
        let error = run(schema.clone(), json!({"f": null})).unwrap_err();
        assert_eq!(error.to_string(), "A field has a wrong value (f is required): field=f");
        assert_eq!(run(schema, json!({"f": "x", "g": 1})).unwrap(), json!({"f": "x", "g": 1}));
        let free = object(json!({"type": "object"}));
        assert_eq!(run(free, json!({"f": {"a": null}})).unwrap(), json!({"f": {"a": null}}));
    }
}
