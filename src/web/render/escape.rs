//! The escaper of every template (named in `askama.toml`).

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

/// HTML escaping that also shows bidirectional control characters as boxes, so that a name cannot rearrange the text
/// around it (UX section 4, "Security of pages").
#[derive(Debug, Clone, Copy, Default)]
pub struct PageText;

/// What stands for a control character.
const BOX: char = '▯';

/// Marks, embeddings, overrides and isolates: U+061C, U+200E–F, U+202A–E, U+2066–9.
fn rearranges(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Escaper for PageText {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let mut rest = string;
        while let Some(at) = rest.find(rearranges) {
            let (before, after) = rest.split_at(at);
            Html.write_escaped_str(&mut dest, before)?;
            dest.write_char(BOX)?;
            let mut tail = after.chars();
            tail.next();
            rest = tail.as_str();
        }
        Html.write_escaped_str(dest, rest)
    }

    fn write_escaped_char<W: Write>(&self, dest: W, c: char) -> fmt::Result {
        Html.write_escaped_char(dest, if rearranges(c) { BOX } else { c })
    }
}

/// Text for an element or a quoted attribute, for the few places that build markup outside a template.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // Writing to a String cannot fail.
    let _ = PageText.write_escaped_str(&mut escaped, text);
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_direction_marks_lose_their_force() {
        assert_eq!(escape("<b> & \"x\""), "&#60;b&#62; &#38; &#34;x&#34;");
        assert_eq!(escape("exp\u{202e}gpj.exe\u{2069}"), "exp▯gpj.exe▯");
        assert_eq!(escape("שלום ok"), "שלום ok", "right-to-left letters themselves stay");
    }
}
