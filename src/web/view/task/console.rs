//! `/tasks/{id}/console`: a window of numbered entries. What one call reported is an entry, of one line or of several.

use askama::Template;

use super::{TaskHead, TaskTab};
use crate::web::render::Markup;
use crate::web::render::ansi::Level;
use crate::web::render::time::When;
use crate::web::view::address::join;
use crate::web::view::kit;
use crate::web::view::shell::Shell;
use crate::web::view::status::Status;

/// Entries in one window. The document holds at most three windows; `console.js` drops the farthest.
pub const WINDOW: u64 = 400;

/// One line of an entry.
pub struct Line {
    /// Number of its entry by arrival, from 1.
    pub number: u64,
    /// Whether the entry begins here: only then the number is shown, and can be linked to.
    pub is_first: bool,
    /// When it was written.
    pub when: Option<When>,
    /// How serious it is.
    pub level: Level,
    /// Its markup, from [`crate::web::render::ansi::Painter`].
    pub text: Markup,
}

/// Which lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LevelFilter {
    /// All.
    #[default]
    All,
    /// Warnings and errors.
    Warnings,
    /// Errors.
    Errors,
}

impl LevelFilter {
    /// Value of `level` in the address.
    pub fn key(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Warnings => "warn",
            Self::Errors => "err",
        }
    }

    /// From the address.
    pub fn from_key(key: &str) -> Self {
        match key {
            "warn" => Self::Warnings,
            "err" => Self::Errors,
            _ => Self::All,
        }
    }
}

/// Result of a search over the whole log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries with a match; `None`: the log is too long to count them.
    pub total: Option<u64>,
    /// Whether a match is shown.
    pub shown: bool,
    /// Towards older entries.
    pub before: Step,
    /// Towards newer ones.
    pub after: Step,
    /// What is wrong with the search.
    pub error: String,
}

/// Where a search goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Step {
    /// Nowhere.
    #[default]
    End,
    /// To the match at this entry.
    To(u64),
    /// From this entry on: a long log is searched piece by piece.
    On(u64),
}

/// The page.
#[derive(Template)]
#[template(path = "task/console.html", blocks = ["main"])]
pub struct Console {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Lines of the window's entries in order.
    pub lines: Vec<Line>,
    /// Entries in all, without filters.
    pub total: u64,
    /// Whether lines that match stand before the window.
    pub has_earlier: bool,
    /// Whether lines that match stand after it.
    pub has_later: bool,
    /// Marked entry, from the address.
    pub marked: Option<u64>,
    /// Search words, or a regular expression.
    pub q: String,
    /// `q` is a regular expression.
    pub is_expression: bool,
    /// What the search found.
    pub found: Option<Found>,
    /// Filter.
    pub level: LevelFilter,
    /// Address of the whole log as text.
    pub download: String,
}

impl Console {
    fn tab(&self) -> TaskTab {
        TaskTab::Console
    }

    fn path(&self) -> String {
        format!("/tasks/{}/console", self.head.id)
    }

    fn at(&self, line: Option<u64>, level: LevelFilter) -> String {
        let line = line.map(|line| line.to_string()).unwrap_or_default();
        self.with(level, "line", line)
    }

    fn is_marked(&self, line: &Line) -> bool {
        self.marked == Some(line.number)
    }

    fn level_link(&self, level: &LevelFilter) -> String {
        self.at(None, *level)
    }

    fn line_link(&self, line: &u64) -> String {
        self.at(Some(*line), self.level)
    }

    fn first(&self) -> u64 {
        self.lines.first().map_or(0, |line| line.number)
    }

    fn last(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.number)
    }

    fn beside(&self, key: &'static str, line: u64) -> String {
        self.with(self.level, key, line.to_string())
    }

    fn with(&self, level: LevelFilter, key: &'static str, value: String) -> String {
        let expression = if self.is_expression { "1" } else { "" };
        let pairs = [
            ("q", self.q.clone()),
            ("re", expression.to_owned()),
            ("level", level.key().to_owned()),
            (key, value),
        ];
        join(&self.path(), &pairs)
    }

    /// Goes on searching towards older entries.
    fn search_older(&self, from: &u64) -> String {
        self.beside("older", *from)
    }

    /// Goes on searching towards newer entries.
    fn search_newer(&self, from: &u64) -> String {
        self.beside("newer", *from)
    }

    /// The window that ends before the first line: `before=` in the address.
    fn earlier(&self) -> String {
        self.beside("before", self.first())
    }

    /// The window that starts after the last line: `after=` in the address.
    fn later(&self) -> String {
        self.beside("after", self.last())
    }

    /// What is asked for while following: from the last entry on, since a progress bar may still rewrite that one.
    fn newest(&self) -> String {
        self.beside("after", self.last().saturating_sub(1))
    }

    /// The beginning of the log.
    fn start(&self) -> String {
        self.beside("after", 0)
    }

    /// The command that starts an agent for the task's queue.
    fn agent(&self) -> String {
        let queue = if self.head.queue.is_empty() { "default" } else { &self.head.queue };
        format!("clearml-agent daemon --queue \"{}\"", queue.replace(['"', '\\', '$', '`'], ""))
    }

    /// Whether new lines are waited for at the end of this window.
    fn follows(&self) -> bool {
        !self.has_later && self.head.status.is_live()
    }
}

impl Line {
    /// Value of `class`; empty for a plain line.
    fn classes(&self, marked: bool) -> String {
        let level = match self.level {
            Level::Plain => "",
            Level::Warning => "warn",
            Level::Error => "err",
        };
        let words = [level, if marked { "mark-l" } else { "" }];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
