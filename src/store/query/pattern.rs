//! Regular expressions of requests: a linear engine first, a bounded backtracking one for what it can't do
//! (protocol: spec/protocol.md 5.2; spec/security_rules.md S24).

use std::sync::Arc;

use rusqlite::{
    Connection,
    ffi::SQLITE_CONSTRAINT_FUNCTION,
    functions::{Context, FunctionFlags},
};

use crate::types::{ApiError, ErrorKind, Result};

/// Longest pattern that is accepted, in bytes.
const MAX_LENGTH: usize = 4096;
/// Steps after which a backtracking match is given up.
const MAX_STEPS: usize = 200_000;
/// Memory one compiled pattern may take, in bytes.
const MAX_COMPILED: usize = 4 << 20;

/// Name of the SQL function `matches(pattern, ignore_case, text, …)`: whether one of the texts matches.
pub(super) const FUNCTION: &str = "matches";
/// Name of the SQL function `element_matches(pattern, ignore_case, list)`: whether one text of a JSON list matches.
pub(super) const ELEMENT_FUNCTION: &str = "element_matches";

/// A checked pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    ignore_case: bool,
    literal: Option<String>,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    /// Checks and compiles a pattern.
    ///
    /// Errors: `400/21` when it is no regular expression, or too long or too large.
    pub fn new(source: &str, ignore_case: bool) -> Result<Self> {
        let refused = |why: &str| ApiError::new(ErrorKind::InvalidRegexError, why.to_owned());
        if source.len() > MAX_LENGTH {
            return Err(refused("a pattern may have at most 4,096 characters"));
        }
        let literal = if ignore_case { None } else { anchored_literal(source) };
        let plain = portable(source);
        let linear = regex::RegexBuilder::new(&plain)
            .case_insensitive(ignore_case)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .build();
        let engine = match linear {
            Ok(regex) => Engine::Linear(regex),
            Err(regex::Error::CompiledTooBig(_)) => {
                return Err(refused("the pattern is too large; simplify it"));
            }
            Err(_) => Engine::Backtracking(
                fancy_regex::RegexBuilder::new(&plain)
                    .case_insensitive(ignore_case)
                    .backtrack_limit(MAX_STEPS)
                    .delegate_size_limit(MAX_COMPILED)
                    .build()
                    .map_err(|_| refused("check brackets and repetitions, and escape special characters"))?,
            ),
        };
        Ok(Pattern { source: source.to_owned(), ignore_case, literal, engine })
    }

    /// The text that alone matches, when the pattern is `^<escaped literal>$`.
    pub fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// The pattern as sent.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether letters match in either case.
    pub fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether some part of `text` matches.
    ///
    /// Errors: `400/21` when the match needs too many steps.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| too_many_steps()),
        }
    }
}

/// Rewrites what other engines accept: a backslash before any character that is no ASCII letter or digit makes
/// it literal, `\Z` is the end of the text.
fn portable(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('Z') => out.push_str(r"\z"),
            Some(escaped) if matches!(escaped, '<' | '>') || !escaped.is_ascii() => out.push(escaped),
            Some(escaped) if escaped.is_ascii_control() => out.push(escaped),
            Some(escaped) => out.extend(['\\', escaped]),
            None => out.push('\\'),
        }
    }
    out
}

/// The literal of `^literal$`, where special characters stand escaped. This is how clients ask for an exact name;
/// as an equality it follows an index.
fn anchored_literal(source: &str) -> Option<String> {
    let inner = source.strip_prefix('^')?.strip_suffix('$')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|escaped| !escaped.is_ascii_alphanumeric())?),
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => return None,
            plain => out.push(plain),
        }
    }
    Some(out)
}

/// Makes the functions known to a connection. The compiled pattern is kept for the run of the statement.
pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    conn.create_scalar_function(FUNCTION, -1, flags, |context| {
        let pattern = compiled(context)?;
        for index in 2..context.len() {
            // NULL, numbers and blobs have no text to match.
            if let Ok(text) = context.get_raw(index).as_str()
                && found(&pattern, text)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    })?;
    conn.create_scalar_function(ELEMENT_FUNCTION, 3, flags, |context| {
        let text = match context.get_raw(2).as_str() {
            Ok(text) if text != "[]" => text,
            _ => return Ok(false),
        };
        let pattern = compiled(context)?;
        let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(text) else { return Ok(false) };
        for item in items.iter().filter_map(serde_json::Value::as_str) {
            if found(&pattern, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

fn compiled(context: &Context<'_>) -> rusqlite::Result<Arc<Result<Pattern>>> {
    let ignore_case = context.get::<bool>(1)?;
    context.get_or_create_aux(0, |value| {
        Ok::<_, rusqlite::types::FromSqlError>(Pattern::new(value.as_str()?, ignore_case))
    })
}

fn found(pattern: &Result<Pattern>, text: &str) -> rusqlite::Result<bool> {
    // Of an error only a code passes through SQLite. This one is reserved for functions like ours.
    pattern.as_ref().ok().and_then(|pattern| pattern.is_match(text).ok()).ok_or_else(|| {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(SQLITE_CONSTRAINT_FUNCTION), None)
    })
}

fn too_many_steps() -> ApiError {
    ApiError::new(ErrorKind::InvalidRegexError, "the pattern needs too many steps; simplify it")
}

/// Turns a failure of a statement of this floor into an error: a match that was given up, or one of SQLite's own.
pub(crate) fn failed(error: rusqlite::Error) -> ApiError {
    match error.sqlite_error() {
        // Patterns were compiled before, so a failure means that the match was given up.
        Some(inner) if inner.extended_code == SQLITE_CONSTRAINT_FUNCTION => too_many_steps(),
        _ => crate::store::failed(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, false).unwrap().is_match(text).unwrap()
    }

    #[test]
    fn search_is_unanchored_and_minds_case() {
        assert!(matches("bc", "abcd"));
        assert!(!matches("^abc", "ABC"));
        assert!(matches("(?i)^abc", "ABCD"));
        assert!(Pattern::new("^abc", true).unwrap().is_match("ABC").unwrap());
    }

    #[test]
    fn look_around_and_back_references_work() {
        assert!(matches(r"^(?!.*test).*$", "production"));
        assert!(!matches(r"^(?!.*test).*$", "a test"));
        assert!(matches(r"(a.)\1", "xa1a1"));
        assert!(matches(r"(?<=v)\d+", "v12"));
    }

    #[test]
    fn escapes_of_other_languages_are_literal() {
        for (pattern, text) in [
            (r"^my\ project/sub\-one$", "my project/sub-one"),
            (r"\<a\>", "<a>"),
            (r"\&\~\#\@\!\%\'\,\:\;\=\`\_", "&~#@!%',:;=`_"),
            (r"\é", "é"),
            (r"x\Z", "x"),
            (r"[\<\-\]]", "]"),
        ] {
            assert!(matches(pattern, text), "{pattern}");
        }
    }

    #[test]
    fn an_anchored_literal_is_recognised() {
        let literal = |pattern: &str| Pattern::new(pattern, false).unwrap().literal().map(str::to_owned);
        assert_eq!(literal(r"^my\ project/sub\-one\.x$").as_deref(), Some("my project/sub-one.x"));
        assert_eq!(literal(r"^\\$").as_deref(), Some("\\"));
        for other in ["^a.c$", "abc", "^abc", r"^a\d$", r"^a\$", "^a|b$", "^a#*$"] {
            assert_eq!(literal(other), None, "{other}");
        }
        assert_eq!(Pattern::new("^a$", true).unwrap().literal(), None);
    }

    #[test]
    fn bad_and_oversized_patterns_are_refused() {
        let long = "a".repeat(MAX_LENGTH + 1);
        for bad in ["(", "[", "*", r"a{9999999}", "(?<x", &long, r"\w{1000}{1000}"] {
            let error = Pattern::new(bad, false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRegexError);
        }
    }

    #[test]
    fn a_runaway_pattern_is_given_up() {
        let pattern = Pattern::new(r"^(a|a)*\1?(?!b)c$", false).unwrap();
        let error = pattern.is_match(&"a".repeat(60)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRegexError);
    }
}
