//! Taking assignments out of a text while everything else, comments and substitutions included, stays as it was written.

use super::ast::{Document, Expr, Fields, Node};
use super::error::HoconError;
use super::{Options, parser};

/// How often a text is looked at again: an assignment that was taken out may have hidden an older one.
const MOST_PASSES: usize = 64;

/// The text without every assignment whose path `unwanted` picks, blanks in their place. Members of lists are looked
/// at like those of the list's own path. An empty text when there is no end to it.
///
/// # Errors
/// [`HoconError`] when the text is not HOCON.
pub fn cut(text: &str, unwanted: &dyn Fn(&[&str]) -> bool) -> Result<String, HoconError> {
    let mut text = text.to_owned();
    for _ in 0..MOST_PASSES {
        let document =
            parser::document(&text, &Options { keep_unknown_escapes: true, ..Options::default() })?;
        let mut found = Vec::new();
        find(&document.root, &document, &mut Vec::new(), unwanted, &mut found);
        if found.is_empty() {
            return Ok(text);
        }
        text = blanked(&text, &mut found);
    }
    Ok(String::new())
}

fn find<'d>(
    node: &'d Node,
    document: &'d Document,
    path: &mut Vec<&'d str>,
    unwanted: &dyn Fn(&[&str]) -> bool,
    found: &mut Vec<(usize, usize)>,
) {
    match &node.expr {
        Expr::Scalar(_) | Expr::Substitution(_) => {}
        Expr::Array(items) => items.iter().for_each(|item| find(item, document, path, unwanted, found)),
        Expr::Concat(pieces) => {
            pieces.iter().for_each(|piece| find(&piece.node, document, path, unwanted, found));
        }
        Expr::Object(Fields { members }) => {
            for (key, layers) in members {
                path.push(key);
                for layer in layers {
                    match document.spans.get(layer.id).copied().flatten() {
                        Some(span) if unwanted(path) => found.push(span),
                        _ => find(&layer.node, document, path, unwanted, found),
                    }
                }
                path.pop();
            }
        }
    }
}

/// The text with blanks instead of everything in the spans but line ends.
fn blanked(text: &str, spans: &mut [(usize, usize)]) -> String {
    spans.sort_unstable();
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for &(begin, end) in spans.iter() {
        if end <= done {
            continue;
        }
        let begin = begin.max(done);
        result.push_str(text.get(done..begin).unwrap_or_default());
        let gone = text.get(begin..end).unwrap_or_default();
        result.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        done = end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    result
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn without(text: &str, path: &str) -> String {
        let wanted: Vec<&str> = path.split('.').collect();
        let cut = cut(text, &|path| path == wanted.as_slice()).unwrap();
        cut.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_assignment_goes_wherever_and_however_often_it_stands() {
        assert_eq!(without("a { b = 1, c = 2 } # kept", "a.b"), "a { c = 2 } # kept");
        assert_eq!(without("a.b = 1\na.c = ${X} y\na { b = 3 }\n", "a.b"), "a.c = ${X} y a { }");
        assert_eq!(without("x = 1\nx = 2\nx = 3\ny = 4", "x"), "y = 4");
        assert_eq!(without("{\"a\": {\"b\": [1, {\"c\": 1}], \"d\": 2}}", "a.b"), "{\"a\": { \"d\": 2}}");
        assert_eq!(without("a.b.c = 1, d = 2", "a"), "d = 2");
        assert_eq!(without("a { b = 1 }\na { c = 2 }\nd = ${?a}", "a"), "d = ${?a}");
        assert_eq!(without("a = ${x} { b = 1 }\nc = 1", "a.b"), "a = ${x} { } c = 1");
    }

    #[test]
    fn what_is_left_is_read_as_before_without_it() {
        let text = "\u{feff}e { \"LD_PRELOAD\" : \"x\", K : 'v ö' }\nf = \"\"\"e { LD_PRELOAD = 1 }\"\"\"\n";
        let left = cut(text, &|path| path == ["e", "LD_PRELOAD"]).unwrap();
        assert_eq!(left.lines().count(), text.lines().count());
        let value = super::super::parse(&left, &Options::default()).unwrap().to_json();
        assert_eq!(value["e"], serde_json::json!({"K": "'v ö'"}));
        assert!(value["f"].as_str().unwrap().contains("LD_PRELOAD"));
    }
}
