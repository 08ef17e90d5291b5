//! Walking through the text, one character at a time, knowing the line and column.

use super::value::Position;

pub(super) struct Cursor<'t> {
    rest: &'t str,
    at: Position,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), at: Position { line: 1, column: 1 } }
    }

    pub(super) fn at(&self) -> Position {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn starts_with(&self, what: &str) -> bool {
        self.rest.starts_with(what)
    }

    /// The text not read yet.
    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Bytes not read yet.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        if c == '\n' {
            self.at = Position { line: self.at.line.saturating_add(1), column: 1 };
        } else {
            self.at.column = self.at.column.saturating_add(1);
        }
        Some(c)
    }

    pub(super) fn bump_many(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    /// Whether a comment starts here.
    pub(super) fn at_comment(&self) -> bool {
        self.starts_with("#") || self.starts_with("//")
    }

    /// Skips blanks on this line.
    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.bump();
        }
    }

    /// Skips blanks, line ends and comments. Tells whether a line ended.
    pub(super) fn skip_lines(&mut self) -> bool {
        let mut line_ended = false;
        loop {
            self.skip_blanks();
            if self.at_comment() {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.bump();
                }
            } else if self.peek() == Some('\n') {
                self.bump();
                line_ended = true;
            } else {
                return line_ended;
            }
        }
    }
}

/// White space other than the line end, as HOCON counts it: Unicode blanks, the byte order mark, and the ASCII separators.
pub(super) fn is_blank(c: char) -> bool {
    c != '\n' && (c.is_whitespace() || matches!(c, '\u{feff}' | '\u{1c}'..='\u{1f}'))
}
