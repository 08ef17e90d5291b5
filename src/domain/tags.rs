//! Tags as they are stored: sorted, without the words that the query language reserves.

use serde_json::Value;

use crate::types::{ApiError, ErrorKind, Result};

/// Sorts tags.
///
/// Errors: 400/16 a tag that starts with `__$`.
pub fn checked(mut tags: Vec<String>) -> Result<Vec<String>> {
    if let Some(tag) = tags.iter().find(|tag| tag.starts_with("__$")) {
        return Err(ApiError::new(ErrorKind::FieldsValueError, "a tag can't start with __$")
            .with("tag", tag.as_str()));
    }
    tags.sort_unstable();
    Ok(tags)
}

/// Tags from a document; absent and null are none.
///
/// Errors: 400/16 a tag that starts with `__$`; 400/12 anything but a list of texts.
pub fn of(value: Option<&Value>) -> Result<Vec<String>> {
    let wrong = || ApiError::new(ErrorKind::ValidationError, "tags must be a list of texts");
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            let tags = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong));
            checked(tags.collect::<Result<_>>()?)
        }
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_sorted_and_reserved_words_refused() {
        assert_eq!(of(Some(&json!(["b", "a"]))).unwrap(), ["a", "b"]);
        assert!(of(None).unwrap().is_empty());
        assert_eq!(of(Some(&json!(["a", "__$x"]))).unwrap_err().kind(), ErrorKind::FieldsValueError);
        assert_eq!(of(Some(&json!("a"))).unwrap_err().kind(), ErrorKind::ValidationError);
        assert_eq!(of(Some(&json!([1]))).unwrap_err().kind(), ErrorKind::ValidationError);
    }
}
