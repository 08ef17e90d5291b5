//! Text: without quotes, in quotes, in three quotes.

use super::cursor::is_blank;
use super::parser::{Parser, Result, shown};
use super::paths::is_reserved;
use super::value::Position;

impl Parser<'_> {
    /// Text without quotes, blanks inside included, blanks at its end left to the caller.
    pub(super) fn unquoted(&mut self) -> Result<String> {
        let mut text = String::new();
        while let Some(c) = self.cursor.peek() {
            match c {
                '\n' | ',' | '}' | ']' | '{' | '[' | '"' | '#' | '$' => break,
                '/' if self.cursor.starts_with("//") && !text.ends_with(':') => break,
                '+' if exponent_follows(&text) => {}
                ':' => {}
                c if is_blank(c) => {
                    let rest = self.cursor.rest().trim_start_matches(is_blank);
                    let ends = rest.starts_with(['\n', ',', '}', ']', '{', '[', '"', '#', '$'])
                        || rest.starts_with("//");
                    if rest.is_empty() || ends {
                        break;
                    }
                    while self.cursor.rest().len() > rest.len() {
                        text.extend(self.cursor.bump());
                    }
                    continue;
                }
                c if is_reserved(c) => {
                    return Err(self.error(format!(
                        "`{}` cannot stand in text without quotes; put the value in double quotes",
                        shown(c)
                    )));
                }
                _ => {}
            }
            text.push(c);
            self.cursor.bump();
        }
        Ok(text)
    }

    /// A string in double quotes, or between three of them.
    pub(super) fn quoted(&mut self) -> Result<String> {
        let opened = self.cursor.at();
        if self.cursor.starts_with("\"\"\"") {
            return self.triple_quoted(opened);
        }
        self.cursor.bump();
        let mut text = String::new();
        loop {
            match self.cursor.peek() {
                None | Some('\n') => {
                    return Err(self.error_at(
                        opened,
                        "this quoted text is not closed on its line; add the missing `\"`",
                    ));
                }
                Some('"') => {
                    self.cursor.bump();
                    return Ok(text);
                }
                Some('\\') => self.escape(&mut text)?,
                Some(c) => {
                    text.push(c);
                    self.cursor.bump();
                }
            }
        }
    }

    /// Everything up to the last of the first run of three or more quotes, unescaped.
    fn triple_quoted(&mut self, opened: Position) -> Result<String> {
        self.cursor.bump_many(3);
        let rest = self.cursor.rest();
        let Some(end) = rest.find("\"\"\"") else {
            return Err(
                self.error_at(opened, "this text in three quotes is never closed; add the missing `\"\"\"`")
            );
        };
        let tail = rest.get(end..).unwrap_or_default();
        let run = tail.len() - tail.trim_start_matches('"').len();
        let text = rest.get(..end + run - 3).unwrap_or_default().to_owned();
        self.cursor.bump_many(text.chars().count() + 3);
        Ok(text)
    }

    fn escape(&mut self, text: &mut String) -> Result<()> {
        let at = self.cursor.at();
        self.cursor.bump();
        let escaped = self.cursor.bump();
        let meant = match escaped {
            Some('"') => '"',
            Some('\\') => '\\',
            Some('/') => '/',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode_escape(at)?,
            Some(c) if self.options.keep_unknown_escapes && c != '\n' => {
                text.push('\\');
                c
            }
            _ => return Err(self.error_at(at, "an unknown escape; write a backslash as `\\\\`")),
        };
        text.push(meant);
        Ok(())
    }

    /// The four hexadecimal digits after `\u`, and the second half of a surrogate pair.
    fn unicode_escape(&mut self, at: Position) -> Result<char> {
        let wrong = |parser: &Self| parser.error_at(at, "`\\u` needs four hexadecimal digits of a character");
        let high = self.hex4().ok_or_else(|| wrong(self))?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| wrong(self));
        }
        if !self.cursor.starts_with("\\u") {
            return Err(wrong(self));
        }
        self.cursor.bump_many(2);
        let low = self.hex4().filter(|low| (0xdc00..0xe000).contains(low)).ok_or_else(|| wrong(self))?;
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or_else(|| wrong(self))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits =
            self.cursor.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.cursor.bump_many(4);
        Some(code)
    }
}

/// Whether `text` is the start of a number such as `1.5e`, after which a sign belongs to it.
fn exponent_follows(text: &str) -> bool {
    text.strip_suffix(['e', 'E']).is_some_and(|mantissa| {
        !mantissa.is_empty() && mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    })
}
