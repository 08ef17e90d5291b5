//! Dotted paths: of keys and of substitutions.

use super::MAX_DEPTH;
use super::cursor::is_blank;
use super::parser::{Parser, Result, shown};

/// What a path ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// The separator after a key.
    Key,
    /// The brace after a substitution.
    Substitution,
}

impl Parser<'_> {
    /// A dotted path: of a key up to its separator, of a substitution up to its `}`.
    pub(super) fn path(&mut self, ends: Ends) -> Result<Vec<String>> {
        let mut path = Vec::new();
        let mut element = String::new();
        let mut started = false;
        let mut blanks = String::new();
        while let Some(c) = self.cursor.peek() {
            match c {
                '"' => {
                    element.push_str(&std::mem::take(&mut blanks));
                    element.push_str(&self.quoted()?);
                    started = true;
                }
                '.' => {
                    if !started {
                        return Err(self.error("an empty part in a dotted key; quote it or remove the dot"));
                    }
                    element.push_str(&std::mem::take(&mut blanks));
                    path.push(std::mem::take(&mut element));
                    started = false;
                    self.cursor.bump();
                    if path.len() > MAX_DEPTH {
                        return Err(self.error(format!("a key of more than {MAX_DEPTH} parts; shorten it")));
                    }
                }
                '\n' | ',' => break,
                '}' | ']' => break,
                ':' | '=' | '{' if ends == Ends::Key => break,
                '+' if ends == Ends::Key && self.cursor.starts_with("+=") => break,
                _ if ends == Ends::Key && self.cursor.at_comment() => break,
                c if is_blank(c) => {
                    self.cursor.bump();
                    if started || !element.is_empty() {
                        blanks.push(c);
                    } else if !path.is_empty() {
                        element.push(c);
                    }
                }
                c if is_reserved(c) || matches!(c, '{' | '[' | ':' | '=') => {
                    return Err(self.error(format!(
                        "`{}` cannot stand in a key; put the key in double quotes",
                        shown(c)
                    )));
                }
                c => {
                    element.push_str(&std::mem::take(&mut blanks));
                    element.push(c);
                    started = true;
                    self.cursor.bump();
                }
            }
        }
        if !started {
            let message = if path.is_empty() && ends == Ends::Key {
                match self.cursor.peek() {
                    Some(c @ ('}' | ']')) => return Err(self.unexpected_after_value(c)),
                    _ => "a key is missing here",
                }
            } else {
                "a dotted key ends with a dot or is empty; complete it"
            };
            return Err(self.error(message));
        }
        path.push(element);
        Ok(path)
    }
}

/// Characters that HOCON keeps for itself outside quotes, besides brackets, separators and quotes.
pub(super) fn is_reserved(c: char) -> bool {
    matches!(c, '$' | '=' | '+' | '`' | '^' | '?' | '!' | '@' | '*' | '&' | '\\' | '#')
}
