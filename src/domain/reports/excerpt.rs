//! The short form of a text in an answer (spec/projects.md 6.2). Pure.

/// Longest short form, in characters.
const LONGEST: usize = 100;
/// Stands for what was left out.
const OMITTED: &str = "[...]";

/// The text with runs of blanks collapsed; when that is too long, its first words and a mark.
pub(super) fn of(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let whole = words.join(" ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let mut excerpt = String::new();
    let mut length = 0;
    for word in words {
        length += word.chars().count() + 1;
        if length + OMITTED.len() > LONGEST {
            break;
        }
        excerpt.push_str(word);
        excerpt.push(' ');
    }
    excerpt + OMITTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_only_lose_their_blanks() {
        assert_eq!(of("# new\n\n words  here "), "# new words here");
        assert_eq!(of(""), "");
        assert_eq!(of(&"a".repeat(100)), "a".repeat(100));
    }

    #[test]
    fn long_texts_end_between_words() {
        // 19 words of four characters with their blanks are 95 characters, and the mark takes the rest.
        assert_eq!(of(&"word ".repeat(100)), format!("{}[...]", "word ".repeat(19)));
        assert_eq!(of(&"a".repeat(101)), "[...]");
        assert_eq!(of(&"wörter ".repeat(80)).chars().count(), 7 * 13 + 5);
    }
}
