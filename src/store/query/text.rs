//! Free text: the caller's words as an FTS5 expression that holds nothing of the caller's syntax
//! (protocol: spec/protocol.md 5.9).

use super::ast::TextSearch;

/// Words that are not searched for by themselves; inside a phrase they count.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "if", "in", "into", "is", "it",
    "its", "no", "not", "of", "on", "or", "so", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "were", "will", "with",
];

/// More words than this add nothing but work.
const MAX_WORDS: usize = 100;

/// Reads search text: words are alternatives, `"a phrase"` is required, `-word` is excluded.
pub(super) fn parse(text: &str) -> TextSearch {
    let (mut words, mut phrases, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
    for (position, segment) in text.split('"').enumerate() {
        if position % 2 == 1 {
            phrases.extend(quoted(segment));
            continue;
        }
        for token in segment.split_whitespace() {
            match token.strip_prefix('-') {
                Some(rest) => excluded.extend(split(rest).filter_map(quoted)),
                None => words.extend(
                    split(token)
                        .filter(|word| !STOP_WORDS.contains(&word.to_lowercase().as_str()))
                        .filter_map(quoted),
                ),
            }
        }
    }
    for list in [&mut words, &mut phrases, &mut excluded] {
        list.truncate(MAX_WORDS);
    }
    let wanted = match (phrases.is_empty(), words.is_empty()) {
        (true, true) => return TextSearch { expression: None },
        (true, false) => words.join(" OR "),
        (false, true) => phrases.join(" AND "),
        // A phrase is required; the words beside it only add to the relevance.
        (false, false) => {
            let required = phrases.join(" AND ");
            format!("({required}) AND ({} OR {})", phrases.join(" OR "), words.join(" OR "))
        }
    };
    let expression = match excluded.is_empty() {
        true => wanted,
        false => format!("({wanted}) NOT ({})", excluded.join(" OR ")),
    };
    TextSearch { expression: Some(expression) }
}

fn split(token: &str) -> impl Iterator<Item = &str> {
    token.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// An FTS5 string; `None` when it holds no word, which FTS5 would match nothing with.
fn quoted(text: &str) -> Option<String> {
    let words: Vec<&str> = split(text).collect();
    (!words.is_empty()).then(|| format!("\"{}\"", words.join(" ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn expression(text: &str) -> Option<String> {
        parse(text).expression
    }

    #[test]
    fn words_phrases_and_exclusions() {
        assert_eq!(expression("red fox").unwrap(), r#""red" OR "fox""#);
        assert_eq!(expression(r#""red fox""#).unwrap(), r#""red fox""#);
        assert_eq!(expression(r#"big "red fox""#).unwrap(), r#"("red fox") AND ("red fox" OR "big")"#);
        assert_eq!(expression("red -fox").unwrap(), r#"("red") NOT ("fox")"#);
        assert_eq!(expression("res-net").unwrap(), r#""res" OR "net""#);
    }

    #[test]
    fn nothing_to_look_for_matches_nothing() {
        for empty in ["", "  ", "the", "-red", "***", "\"\"", "\"--"] {
            assert_eq!(expression(empty), None, "{empty}");
        }
    }

    #[test]
    fn operators_of_the_index_are_just_words() {
        assert_eq!(expression("NEAR(a1 b1) name:x*").unwrap(), r#""NEAR" OR "a1" OR "b1" OR "name" OR "x""#);
        assert_eq!(expression("red\" OR \"\"x").unwrap(), r#"("OR" AND "x") AND ("OR" OR "x" OR "red")"#);
    }
}
