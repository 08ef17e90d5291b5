//! Paging and scrolling: which rows of the ordered result are wanted (protocol: spec/protocol.md 5.12, 5.13).

use serde_json::Value;

use crate::types::{ApiError, ErrorKind, Json, Result};

use super::{ast::Window, parse::truthy};

/// Reads paging and scrolling.
///
/// Errors: `400/12` for values out of range, `400/11` for a page without a size.
pub(super) fn parse(request: &Json, max_page_size: u64) -> Result<Window> {
    let wrong = |field: &str, why: &str| {
        ApiError::new(ErrorKind::ValidationError, why.to_owned()).with("field", field)
    };
    let size = || match request.get("size") {
        Some(Value::Number(number)) if number.as_i64().is_some_and(|size| size >= 1) => {
            number.as_u64().ok_or_else(|| wrong("size", "size must be a whole number of at least 1"))
        }
        _ => Err(wrong("size", "size must be a whole number of at least 1")),
    };
    if let Some(id) = request.get("scroll_id") {
        let id = match id {
            Value::Null => None,
            Value::String(id) => Some(id.clone()).filter(|id| !id.is_empty()),
            _ => return Err(wrong("scroll_id", "scroll_id must be text or null")),
        };
        return Ok(Window::Scroll { id, size: size()?, refresh: truthy(request.get("refresh_scroll")) });
    }
    if let Some(start) = request.get("start").filter(|start| !start.is_null()) {
        let start = whole(start).filter(|start| *start >= 0).and_then(|start| u64::try_from(start).ok());
        let start = start.ok_or_else(|| wrong("start", "start must be a whole number of at least 0"))?;
        return Ok(Window::Slice { start, size: size()? });
    }
    let number = |key: &str, least: i64, default: u64| match request.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => whole(value)
            .filter(|number| *number >= least)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| wrong(key, &format!("{key} must be a whole number of at least {least}"))),
    };
    let null = |key: &str| request.get(key).is_some_and(Value::is_null);
    if null("page_size") {
        if null("page") {
            return Ok(Window::All);
        }
        return Err(ApiError::new(ErrorKind::MissingRequiredFields, "page needs page_size")
            .with("field", "page_size"));
    }
    let page = number("page", 0, 0)?;
    let size = number("page_size", 1, max_page_size)?.min(max_page_size);
    Ok(Window::Slice { start: page.saturating_mul(size), size })
}

/// A whole number, or text of one.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            // 2.0 is a whole number in JSON's eyes; 2.5 is not.
            number.as_i64().or_else(|| {
                number
                    .as_f64()
                    .filter(|float| float.fract() == 0.0 && float.abs() < 1e15)
                    .map(|float| float as i64)
            })
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
