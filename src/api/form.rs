//! Fields of a `multipart/form-data` body. API calls take no files; parts that carry one are skipped.

use actix_web::http::header::HeaderMap;

use super::arguments;
use crate::types::{ApiError, ErrorKind, Json, Result};

/// Reads the text fields.
///
/// Errors: 400/0 when the body is not what the header says.
pub(super) fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Json> {
    let broken = || ApiError::new(ErrorKind::BadRequest, "the form can't be read");
    let content_type =
        headers.get("content-type").and_then(|value| value.to_str().ok()).ok_or_else(broken)?;
    let boundary = content_type.split("boundary=").nth(1).ok_or_else(broken)?;
    let boundary = format!("--{}", boundary.split(';').next().unwrap_or_default().trim().trim_matches('"'));
    let mut fields = Json::new();
    for part in split(body, boundary.as_bytes()).into_iter().skip(1) {
        if part.starts_with(b"--") {
            return Ok(fields);
        }
        let end = find(part, b"\r\n\r\n").ok_or_else(broken)?;
        let head = String::from_utf8_lossy(part.get(..end).unwrap_or_default());
        let value = part.get(end + 4..).unwrap_or_default();
        let value = String::from_utf8_lossy(value.strip_suffix(b"\r\n").unwrap_or(value));
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).ok_or_else(broken)?;
        if !head.contains("filename=") {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let name = encode(name).replace("%2E", ".").replace("%5B", "[").replace("%5D", "]");
            arguments::merge_urlencoded(&mut fields, &format!("{name}={}", encode(&value)))?;
        }
    }
    Err(broken())
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

fn split<'a>(mut text: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(text, by) {
        parts.push(&text[..at]);
        text = &text[at + by.len()..];
    }
    parts.push(text);
    parts
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn text_fields_are_read_and_files_skipped() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=x"));
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a.b\"\r\n\r\n7 & 8\r\n--x\r\nContent-Disposition: \
                     form-data; name=\"f\"; filename=\"f\"\r\n\r\nzzz\r\n--x--\r\n";
        assert_eq!(Value::Object(fields(&headers, body).unwrap()), json!({"a": {"b": "7 & 8"}}));
        assert!(fields(&headers, b"nothing").is_err());
    }
}
