//! What surrounds every page: bar, person, theme, notices.

use super::kit::Person;
use crate::web::render::time::Clock;

/// Colours of the pages, a person's preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Value of `data-theme` and of the preference.
    pub fn key(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// From a stored preference; anything unknown follows the system.
    pub fn from_key(key: &str) -> Self {
        match key {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// Height of table rows, a person's preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Density {
    /// 32 px.
    #[default]
    Comfortable,
    /// 26 px.
    Dense,
}

impl Density {
    /// Value of `data-density` and of the preference.
    pub fn key(self) -> &'static str {
        match self {
            Self::Comfortable => "comfortable",
            Self::Dense => "dense",
        }
    }

    /// From a stored preference.
    pub fn from_key(key: &str) -> Self {
        if key == "dense" { Self::Dense } else { Self::Comfortable }
    }
}

/// An entry of the bar. The handler lists only pages that exist and that the person may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavEntry {
    /// Word in the bar.
    pub label: &'static str,
    /// Address.
    pub href: &'static str,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something worked.
    Ok,
    /// Something needs attention soon.
    Wait,
    /// Something failed.
    Bad,
}

impl Tone {
    /// Class of the note.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wait => "wait",
            Self::Bad => "bad",
        }
    }

    /// Its shape.
    pub fn icon(self) -> &'static str {
        if self == Self::Ok { "check" } else { "warn" }
    }
}

/// A sentence above the page: the result of the last action, or what the administrator must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Weight.
    pub tone: Tone,
    /// What happened, in bold.
    pub title: String,
    /// What it means and what to do; may be empty.
    pub text: String,
}

/// Frame of a page for one person and one request.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Preference.
    pub theme: Theme,
    /// Preference.
    pub density: Density,
    /// Now and here.
    pub clock: Clock,
    /// Who is signed in; nobody on error pages before sign-in.
    pub person: Option<Person>,
    /// Whether the person administers the tenant.
    pub administers: bool,
    /// Whether the person looks after all tenants.
    pub operates: bool,
    /// Name of the tenant.
    pub tenant: String,
    /// Entries of the bar.
    pub nav: Vec<NavEntry>,
    /// `href` of the entry that the page belongs to.
    pub current: &'static str,
    /// CSRF token of the session; every form carries it as `csrf`.
    pub csrf: String,
    /// One-time key of this page; every form carries it with its own suffix as `once`.
    pub once: String,
    /// Sentences above the page.
    pub notices: Vec<Notice>,
    /// Whether single keys act on pages, a preference.
    pub single_keys: bool,
}
