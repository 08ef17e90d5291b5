//! The page that asks before something is done. With script it opens as a dialog over the page it came from.

use askama::Template;

use super::kit;
use super::shell::Shell;

/// A field of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Carried along.
    Hidden {
        /// Name in the form.
        name: &'static str,
        /// Value.
        value: String,
    },
    /// A line of text.
    Line {
        /// Name in the form.
        name: &'static str,
        /// Label.
        label: String,
        /// Value to start with.
        value: String,
        /// What it is for.
        hint: String,
    },
    /// One of several.
    Choice {
        /// Name in the form.
        name: &'static str,
        /// Label.
        label: String,
        /// Value and word.
        options: Vec<(String, String)>,
    },
    /// Yes or no.
    Tick {
        /// Name in the form.
        name: &'static str,
        /// Label.
        label: String,
        /// To start with.
        checked: bool,
    },
}

/// What is about to happen, and the button that does it.
#[derive(Debug, Clone, Template)]
#[template(path = "confirm.html", blocks = ["main"])]
pub struct Confirm {
    /// Frame.
    pub shell: Shell,
    /// The question: `Delete 3 tasks?`
    pub title: String,
    /// What it means.
    pub text: String,
    /// What goes or changes, with counts.
    pub points: Vec<String>,
    /// What is asked for.
    pub fields: Vec<Field>,
    /// Words to be typed first; empty when none. The form sends them as `typed`, and the handler checks them.
    pub typed: String,
    /// Where the form goes.
    pub action: String,
    /// The button: verb and object.
    pub submit: String,
    /// Whether something is lost for good.
    pub danger: bool,
    /// Where Cancel goes without script.
    pub back: String,
    /// One sentence when the last attempt was refused.
    pub error: String,
}
