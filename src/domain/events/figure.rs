//! What is looked at in the JSON text of a plot when it arrives (protocol: spec/events.md 3.6).

use std::sync::LazyLock;

use regex::Regex;

/// A value of a key named `source` that looks like an address. Python writes one blank after the colon, or none.
static SOURCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:"source"\s?:\s?"([a-z][a-z0-9+.\-]*://[^"]*)"|'source'\s?:\s?'([a-z][a-z0-9+.\-]*://[^']*)')"#,
    )
    .map_err(|error| tracing::error!(%error, "the pattern of figures' sources is not valid"))
    .ok()
});

/// Addresses of files that a figure shows, each once, in the order in which they appear.
pub(super) fn source_urls(figure: &str) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    let found = SOURCE.iter().flat_map(|pattern| pattern.captures_iter(figure));
    for url in found.filter_map(|found| found.get(1).or_else(|| found.get(2))) {
        if !urls.iter().any(|known| known == url.as_str()) {
            urls.push(url.as_str().to_owned());
        }
    }
    urls
}

/// Whether a figure is JSON.
pub(super) fn is_json(figure: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(figure).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_18_addresses_are_found() {
        let figure = r#"{"layout": {"images": [{"source": "http://f/x.png"}, {"Source":"s3://b/y"},
            {"source": "http://f/x.png"}, {"source": "plain"}, {"resource": "http://no"}, {'source': 'https://z'}]}}"#;
        assert_eq!(source_urls(figure), ["http://f/x.png", "s3://b/y", "https://z"]);
        assert!(source_urls(r#"{"link": {"source": [0, 1]}}"#).is_empty());
    }

    #[test]
    fn json_is_told_from_other_text() {
        assert!(is_json("{\"a\": [1, 2]}"));
        assert!(!is_json("{'a': 1}"));
        assert!(!is_json(""));
    }
}
