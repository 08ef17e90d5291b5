//! One column: which value of a document it shows, and how.

use std::collections::HashMap;

use serde_json::Value;

use super::{cell, prepare::FieldMapping};
use crate::{
    store::query::{Collection, Shape, parse_path},
    types::{ApiError, ErrorKind, Json, Result},
};

/// A column of a prepared download.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    path: Vec<String>,
    is_time: bool,
    /// What stands in for a value, by the value as JSON.
    stand_ins: HashMap<String, Value>,
}

impl Column {
    /// Errors: 400/12 a malformed path, or a value that is mapped twice.
    pub(super) fn read(collection: &'static Collection, mapping: FieldMapping) -> Result<Column> {
        let path = parse_path(collection, &mapping.field)?;
        let mut stand_ins = HashMap::new();
        for (key, value) in mapping.values {
            if stand_ins.insert(key.to_string(), value).is_some() {
                return Err(ApiError::new(ErrorKind::ValidationError, "a value of a column is mapped twice")
                    .with("field", mapping.field.as_str())
                    .with("key", key));
            }
        }
        Ok(Column {
            name: mapping.name.filter(|name| !name.is_empty()).unwrap_or(mapping.field),
            is_time: matches!(collection.shape_across(&path), Some(Shape::Time)),
            path,
            stand_ins,
        })
    }

    /// Roughly its size in bytes.
    pub(super) fn weight(&self) -> usize {
        let stand_ins: usize =
            self.stand_ins.iter().map(|(key, value)| 64 + key.len() + value.to_string().len()).sum();
        128 + self.name.len() + self.path.iter().map(|part| 24 + part.len()).sum::<usize>() + stand_ins
    }

    /// The text of the cell for a document.
    pub(super) fn text(&self, document: &Json) -> String {
        let Some(value) = self.value(document) else { return String::new() };
        match self.stand_ins.get(&value.to_string()).unwrap_or(value) {
            Value::String(time) if self.is_time => cell::time(time),
            value => cell::text(value),
        }
    }

    /// The value; of an object its id.
    fn value<'a>(&self, document: &'a Json) -> Option<&'a Value> {
        let (first, rest) = self.path.split_first()?;
        let mut value = document.get(first)?;
        for part in rest {
            value = value.as_object()?.get(part)?;
        }
        match value {
            Value::Object(object) => object.get("id"),
            value => Some(value),
        }
    }
}
