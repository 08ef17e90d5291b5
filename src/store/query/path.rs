//! Dotted paths: decoding of escaped parts and old names (protocol: spec/protocol.md 5.11).

use crate::types::{ApiError, ErrorKind, Result};

use super::{ast::Path, schema::Collection};

/// Paths are short; a long one is an attack on nested joins.
const MAX_PARTS: usize = 32;

/// Splits a field name of a request into decoded parts, after old prefixes were replaced.
///
/// Errors: `400/12` for a path through user keys with a wrong number of parts.
pub fn parse(collection: &Collection, text: &str) -> Result<Path> {
    let text = modern(collection, text);
    let first = text.split_once('.').map(|(first, _)| first);
    let bounds = collection.escaped.iter().find(|(prefix, ..)| first == Some(*prefix));
    if text.matches('.').count() >= MAX_PARTS {
        return Err(ApiError::new(ErrorKind::ValidationError, "the field path has too many parts"));
    }
    let Some((_, least, greatest)) = bounds else {
        return Ok(text.split('.').map(str::to_owned).collect());
    };
    let path: Path = text.split('.').map(unescape).collect();
    if !(*least..=*greatest).contains(&path.len()) {
        return Err(ApiError::new(
            ErrorKind::ValidationError,
            format!("a path of this kind has {least} to {greatest} parts; send dots inside a part as %2E"),
        )
        .with("field", text.as_ref()));
    }
    Ok(path)
}

/// Replaces an old prefix by its present name.
fn modern<'a>(collection: &Collection, text: &'a str) -> std::borrow::Cow<'a, str> {
    for (old, new) in collection.renamed {
        if let Some(rest) = text.strip_prefix(old)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            return format!("{new}{rest}").into();
        }
    }
    text.into()
}

/// Undoes the escaping of one part: `%%`, `%2E`, `%24`, `%_%_` and a leading `%_`. Everything else is literal.
fn unescape(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    if let Some(tail) = rest.strip_prefix("%_")
        && !tail.starts_with("%_")
    {
        out.push('_');
        rest = tail;
    }
    while let Some(at) = rest.find('%') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let (plain, length) = match tail.get(..3) {
            Some("%2E" | "%2e") => (".", 3),
            Some("%24") => ("$", 3),
            _ if tail.starts_with("%_%_") => ("__", 4),
            _ if tail.starts_with("%%") => ("%", 2),
            _ => ("%", 1),
        };
        out.push_str(plain);
        rest = tail.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::super::collections::{MODEL, TASK};
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        parse(&TASK, text).unwrap()
    }

    #[test]
    fn parts_of_user_keys_are_decoded() {
        assert_eq!(parts("hyperparams.a%2Eb.c%24d.value"), ["hyperparams", "a.b", "c$d", "value"]);
        assert_eq!(parts("hyperparams.x%_%_y.%_p"), ["hyperparams", "x__y", "_p"]);
        assert_eq!(parts("hyperparams.100%%.%2Z"), ["hyperparams", "100%", "%2Z"]);
        assert_eq!(parts("hyperparams.A.%_%_b"), ["hyperparams", "A", "__b"]);
    }

    #[test]
    fn other_paths_are_taken_as_they_are() {
        assert_eq!(parts("runtime._abort%2E"), ["runtime", "_abort%2E"]);
        assert_eq!(parts("hyperparams"), ["hyperparams"]);
    }

    #[test]
    fn old_names_are_replaced() {
        assert_eq!(parts("execution.parameters.lr"), ["hyperparams", "Args", "lr"]);
        assert_eq!(parts("execution.parameters"), ["hyperparams", "Args"]);
        assert_eq!(parts("execution.docker_cmd"), ["container"]);
        assert_eq!(parts("execution.parametersx"), ["execution", "parametersx"]);
    }

    #[test]
    fn the_number_of_parts_is_checked() {
        for bad in ["hyperparams.a.b.c.d", "configuration.a.b.c.d"] {
            assert_eq!(parse(&TASK, bad).unwrap_err().kind(), ErrorKind::ValidationError, "{bad}");
        }
        assert_eq!(parse(&MODEL, "metadata.a.b.c").unwrap_err().kind(), ErrorKind::ValidationError);
        assert!(parse(&MODEL, "metadata.a.value").is_ok());
        assert!(parse(&TASK, &["a"; 40].join(".")).is_err());
    }
}
