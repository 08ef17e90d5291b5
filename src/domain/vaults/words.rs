//! Command lines as agents split and join them: Python's `shlex` in its POSIX mode, in which `#` starts no comment.

/// The words of a command line; `None` when a quote is not closed.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// A command line that splits into these words.
pub(super) fn join<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\"'\"'")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_splits_like_the_agent() {
        let words = |text: &str| split(text).map(|words| words.join("|"));
        assert_eq!(words(" -e A='b c'\t--x=\"d \\\" \\n\" "), Some("-e|A=b c|--x=d \" \\n".to_owned()));
        assert_eq!(words("# --privileged"), Some("#|--privileged".to_owned()));
        assert_eq!(words("a\\ b '' \"\""), Some("a b||".to_owned()));
        assert_eq!(words("a\n--b"), Some("a|--b".to_owned()));
        assert_eq!((words("'a"), words("a\\"), words("\"a\\")), (None, None, None));
    }

    proptest! {
        #[test]
        fn what_is_joined_splits_again(list in proptest::collection::vec(".{0,12}", 0..6)) {
            prop_assert_eq!(split(&join(&list)), Some(list));
        }
    }
}
