//! Terminal output as markup: the eight colours become classes, every other escape is dropped (security_rules S19).

use std::ops::Range;

use super::{Markup, escape};
use crate::store::events::Search;

/// How serious a log line is, guessed from its words where the sender said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Anything else.
    Plain,
    /// A warning.
    Warning,
    /// An error or the head of a traceback.
    Error,
}

impl Level {
    /// Reads the level off a line without escapes.
    pub fn guess(line: &str) -> Self {
        let whole = |word: &str| {
            line.match_indices(word).any(|(at, found)| {
                let before = line.get(..at).and_then(|text| text.chars().next_back());
                let after = line.get(at + found.len()..).and_then(|text| text.chars().next());
                let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !letter(before) && !letter(after)
            })
        };
        if ["ERROR", "CRITICAL", "FATAL", "Traceback"].into_iter().any(whole) {
            Self::Error
        } else if ["WARNING", "WARN", "UserWarning", "FutureWarning", "DeprecationWarning"]
            .into_iter()
            .any(whole)
        {
            Self::Warning
        } else {
            Self::Plain
        }
    }
}

/// What the current text looks like. Colours 0–7 in the terminal's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    colour: Option<u8>,
    bold: bool,
}

/// Turns lines into markup. Colours stay on from one line to the next, as in a terminal, so one painter serves one
/// window of a log in order.
#[derive(Debug, Clone, Default)]
pub struct Painter {
    look: Look,
    search: Option<Search>,
}

impl Painter {
    /// A painter that also marks what somebody looks for.
    pub fn finding(search: Option<Search>) -> Self {
        Self { search, ..Self::default() }
    }

    /// One line, without its line feed. Of carriage-return progress only the last state is shown.
    pub fn line(&mut self, line: &str) -> Markup {
        let (text, runs) = self.parse(line);
        let marks: Vec<_> = self.search.iter().flat_map(|search| search.places(&text)).collect();
        let mut markup = String::with_capacity(text.len() + 16);
        for (range, look) in runs {
            paint(&mut markup, &text, range, look, &marks);
        }
        askama::filters::Safe(markup)
    }

    /// The visible text and how its parts look.
    fn parse(&mut self, line: &str) -> (String, Vec<(Range<usize>, Look)>) {
        let mut text = String::with_capacity(line.len());
        let mut runs: Vec<(Range<usize>, Look)> = Vec::new();
        let mut from = 0;
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match c {
                '\u{1b}' => {
                    let before = self.look;
                    self.escape_sequence(&mut rest);
                    if before != self.look {
                        runs.push((from..text.len(), before));
                        from = text.len();
                    }
                }
                '\r' if !rest.as_str().trim_matches(['\r', '\n']).is_empty() => {
                    text.clear();
                    runs.clear();
                    from = 0;
                }
                '\t' => text.push('\t'),
                '\u{8}' => {
                    text.pop();
                    from = from.min(text.len());
                    runs.retain(|(range, _)| range.end <= text.len());
                }
                _ if c.is_control() => {}
                _ => text.push(c),
            }
        }
        runs.push((from..text.len(), self.look));
        (text, runs)
    }

    /// Consumes one escape sequence. Only "select graphic rendition" has an effect.
    fn escape_sequence(&mut self, rest: &mut std::str::Chars<'_>) {
        match rest.next() {
            Some('[') => {
                let mut parameters = String::new();
                for c in rest.by_ref() {
                    match c {
                        '\u{40}'..='\u{7e}' => {
                            if c == 'm' {
                                self.select(&parameters);
                            }
                            return;
                        }
                        // A sequence longer than any real one is cut, so that a stray escape eats no whole line.
                        _ if parameters.len() > 64 => return,
                        _ => parameters.push(c),
                    }
                }
            }
            // Operating system commands and device strings run to a bell or to the string terminator.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                while let Some(c) = rest.next() {
                    if c == '\u{7}' {
                        return;
                    }
                    if c == '\u{1b}' {
                        rest.next();
                        return;
                    }
                }
            }
            Some('(' | ')' | '#' | '%') => {
                rest.next();
            }
            _ => {}
        }
    }

    fn select(&mut self, parameters: &str) {
        let mut codes = parameters.split([';', ':']).map(|code| code.parse::<u8>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => self.look = Look::default(),
                1 => self.look.bold = true,
                22 => self.look.bold = false,
                30..=37 => self.look.colour = Some(code - 30),
                90..=97 => self.look.colour = Some(code - 90),
                39 => self.look.colour = None,
                // 256 and 16 million colours have no class; their arguments must not be read as codes.
                38 | 48 => match codes.next() {
                    Some(5) => drop(codes.next()),
                    Some(2) => drop(codes.by_ref().take(3).count()),
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

fn paint(markup: &mut String, text: &str, range: Range<usize>, look: Look, marks: &[Range<usize>]) {
    if range.is_empty() {
        return;
    }
    let class = match (look.colour, look.bold) {
        (None, false) => None,
        (None, true) => Some("bo".to_owned()),
        (Some(colour), false) => Some(format!("a{colour}")),
        (Some(colour), true) => Some(format!("a{colour} bo")),
    };
    if let Some(class) = &class {
        markup.push_str(&format!("<span class=\"{class}\">"));
    }
    let mut at = range.start;
    let part = |from: usize, to: usize| escape(text.get(from..to).unwrap_or_default());
    for mark in marks.iter().filter(|mark| mark.start < range.end && mark.end > range.start) {
        let (from, to) = (mark.start.max(at), mark.end.min(range.end));
        markup.push_str(&part(at, from));
        markup.push_str(&format!("<mark>{}</mark>", part(from, to)));
        at = to;
    }
    markup.push_str(&part(at, range.end));
    if class.is_some() {
        markup.push_str("</span>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(line: &str) -> String {
        Painter::default().line(line).0
    }

    #[test]
    fn colours_become_classes() {
        assert_eq!(painted("\u{1b}[31mbad\u{1b}[0m fine"), "<span class=\"a1\">bad</span> fine");
        assert_eq!(
            painted("\u{1b}[1;92mok\u{1b}[22m."),
            "<span class=\"a2 bo\">ok</span><span class=\"a2\">.</span>"
        );
        assert_eq!(painted("\u{1b}[38;5;31mx\u{1b}[38;2;1;31;3my"), "xy", "arguments are no codes");
    }

    #[test]
    fn colours_last_over_lines() {
        let mut painter = Painter::default();
        assert_eq!(painter.line("\u{1b}[33mone").0, "<span class=\"a3\">one</span>");
        assert_eq!(painter.line("two\u{1b}[39m three").0, "<span class=\"a3\">two</span> three");
        assert_eq!(painter.line("four").0, "four");
    }

    #[test]
    fn other_escapes_vanish() {
        assert_eq!(
            painted("\u{1b}[2K\u{1b}[1Ga\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c\u{1b}(Bd\u{0}"),
            "abcd"
        );
        assert_eq!(painted("cut off \u{1b}[3"), "cut off ");
        assert_eq!(painted("\u{1b}"), "");
    }

    #[test]
    fn only_the_last_state_of_progress_shows() {
        assert_eq!(painted(" 10%|#   |\r 50%|##  |\r100%|####|"), "100%|####|");
        assert_eq!(painted("windows line\r"), "windows line");
        assert_eq!(painted("\r\r"), "");
        assert_eq!(painted("ab\u{8}c"), "ac");
    }

    #[test]
    fn markup_in_a_log_stays_text() {
        assert_eq!(painted("<script>\u{202e}"), "&#60;script&#62;▯");
    }

    #[test]
    fn matches_are_marked_across_colours() {
        let marked =
            Painter::finding(Search::text("allreduce").ok()).line("NCCL All\u{1b}[31mReduce\u{1b}[0m took").0;
        assert_eq!(marked, "NCCL <mark>All</mark><span class=\"a1\"><mark>Reduce</mark></span> took");
        let search = Search::expression("^k[0-9]+").ok();
        assert_eq!(Painter::finding(search).line("K12 k3").0, "<mark>K12</mark> k3");
        assert_eq!(Painter::finding(None).line("plain").0, "plain");
    }

    #[test]
    fn levels_are_whole_words() {
        assert_eq!(Level::guess("2026-11-24 - clearml - WARNING - low disk"), Level::Warning);
        assert_eq!(Level::guess("Traceback (most recent call last):"), Level::Error);
        assert_eq!(Level::guess("ERRORS_TOTAL 0"), Level::Plain);
        assert_eq!(Level::guess("epoch 1"), Level::Plain);
    }
}
