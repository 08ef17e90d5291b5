//! Conditional and partial requests (spec/files.md 2.3; RFC 9110 13 and 14).

use std::time::{Duration, SystemTime};

use actix_web::http::header::{self, HeaderMap, HttpDate};

use crate::domain::files::BlobInfo;

/// What to send of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// The client has it already.
    NotModified,
    /// Some bytes.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// Bytes that there are not.
    Unsatisfiable,
}

/// The entity tag, with quotes.
pub(super) fn etag(info: &BlobInfo) -> String {
    format!("\"{}\"", info.tag)
}

/// Decides by the request's headers.
pub(super) fn wanted(headers: &HeaderMap, info: &BlobInfo) -> Wanted {
    let etag = etag(info);
    let unchanged = match text(headers, &header::IF_NONE_MATCH) {
        Some(list) => {
            list.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        }
        None => text(headers, &header::IF_MODIFIED_SINCE)
            .and_then(date)
            .is_some_and(|since| since >= whole_seconds(info.modified)),
    };
    if unchanged {
        return Wanted::NotModified;
    }
    let Some(range) = text(headers, &header::RANGE) else { return Wanted::Whole };
    // A part of another version would be worse than the whole.
    let same = match text(headers, &header::IF_RANGE) {
        None => true,
        Some(condition) if condition.starts_with('"') => condition == etag,
        Some(condition) => date(condition).is_some_and(|at| at == whole_seconds(info.modified)),
    };
    if same { part(range, info.size) } else { Wanted::Whole }
}

/// Reads one range. Several ranges, other units and nonsense get the whole file.
fn part(range: &str, size: u64) -> Wanted {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .filter(|spec| !spec.contains(','))
        .and_then(|spec| spec.trim().split_once('-'))
    else {
        return Wanted::Whole;
    };
    let number =
        |text: &str| text.trim().parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let end = size.saturating_sub(1);
    match (first, last) {
        ("", last) => match number(last) {
            None => Wanted::Whole,
            Some(0) => Wanted::Unsatisfiable,
            Some(_) if size == 0 => Wanted::Unsatisfiable,
            Some(length) => Wanted::Part { first: size.saturating_sub(length), last: end },
        },
        (first, last) => match (number(first), number(last), last.is_empty()) {
            (Some(first), _, true) if first < size => Wanted::Part { first, last: end },
            (Some(first), Some(last), _) if last < first => Wanted::Whole,
            (Some(first), Some(last), _) if first < size => Wanted::Part { first, last: last.min(end) },
            (Some(_), Some(_), _) | (Some(_), _, true) => Wanted::Unsatisfiable,
            _ => Wanted::Whole,
        },
    }
}

/// Dates on the wire have whole seconds.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

fn date(text: &str) -> Option<SystemTime> {
    text.trim().parse::<HttpDate>().ok().map(SystemTime::from)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn info() -> BlobInfo {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(1_714_979_289_123);
        BlobInfo { size: 12, modified, tag: "abc-c-1".into() }
    }

    fn asked(headers: &[(header::HeaderName, &str)]) -> Wanted {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        wanted(&map, &info())
    }

    #[test]
    fn one_range_is_served_and_odd_ones_get_everything() {
        let range = |text: &str| asked(&[(header::RANGE, text)]);
        assert_eq!(range("bytes=2-4"), Wanted::Part { first: 2, last: 4 });
        assert_eq!(range("bytes=5-"), Wanted::Part { first: 5, last: 11 });
        assert_eq!(range("bytes=5-99"), Wanted::Part { first: 5, last: 11 });
        assert_eq!(range("bytes=-3"), Wanted::Part { first: 9, last: 11 });
        assert_eq!(range("bytes=-99"), Wanted::Part { first: 0, last: 11 });
        for beyond in ["bytes=100-", "bytes=12-13", "bytes=-0"] {
            assert_eq!(range(beyond), Wanted::Unsatisfiable, "{beyond}");
        }
        for whole in
            ["bytes=0-1,3-4", "bytes=4-2", "bytes=a-b", "bytes=", "bytes=-", "items=0-1", "bytes=+1-2"]
        {
            assert_eq!(range(whole), Wanted::Whole, "{whole}");
        }
        let empty = BlobInfo { size: 0, ..info() };
        assert_eq!(part("bytes=0-", empty.size), Wanted::Unsatisfiable);
        assert_eq!(part("bytes=-1", empty.size), Wanted::Unsatisfiable);
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        for known in ["\"abc-c-1\"", "W/\"abc-c-1\"", "\"x\", \"abc-c-1\"", "*"] {
            assert_eq!(asked(&[(header::IF_NONE_MATCH, known)]), Wanted::NotModified, "{known}");
        }
        assert_eq!(asked(&[(header::IF_NONE_MATCH, "\"old\"")]), Wanted::Whole);
        let (same, older) = ("Mon, 06 May 2024 07:08:09 GMT", "Mon, 06 May 2024 07:08:08 GMT");
        assert_eq!(asked(&[(header::IF_MODIFIED_SINCE, same)]), Wanted::NotModified);
        assert_eq!(asked(&[(header::IF_MODIFIED_SINCE, older)]), Wanted::Whole);
        let both = [(header::IF_MODIFIED_SINCE, same), (header::IF_NONE_MATCH, "\"old\"")];
        assert_eq!(asked(&both), Wanted::Whole, "the tag decides when both are there");
    }

    #[test]
    fn a_range_of_another_version_is_the_whole_file() {
        let range = (header::RANGE, "bytes=0-1");
        let part = Wanted::Part { first: 0, last: 1 };
        assert_eq!(asked(&[range.clone(), (header::IF_RANGE, "\"abc-c-1\"")]), part);
        assert_eq!(asked(&[range.clone(), (header::IF_RANGE, "Mon, 06 May 2024 07:08:09 GMT")]), part);
        assert_eq!(asked(&[range.clone(), (header::IF_RANGE, "\"old\"")]), Wanted::Whole);
        assert_eq!(asked(&[range, (header::IF_RANGE, "nonsense")]), Wanted::Whole);
    }
}
