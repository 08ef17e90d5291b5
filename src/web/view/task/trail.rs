//! `/tasks/{id}/trail`.

use askama::Template;

use super::{TaskHead, TaskTab};
use crate::web::{
    render::time::When,
    view::{
        kit::{self, Person},
        shell::Shell,
    },
};

/// One step of a task's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailStep {
    /// When.
    pub when: When,
    /// What happened.
    pub event: String,
    /// Whom it was done as.
    pub who: Person,
    /// Who really acted; may be empty.
    pub actor: String,
    /// Details in a sentence.
    pub detail: String,
    /// Whether it settles under which identity or policy the code runs.
    pub is_policy: bool,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Container {
    /// Image; empty for none.
    pub image: String,
    /// Arguments without secrets; may be empty.
    pub arguments: String,
    /// Digest of the image; may be empty.
    pub digest: String,
}

/// A vault that was served; never its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    /// What people call it.
    pub name: String,
    /// Whose it is: `user`, `group`, …
    pub scope: String,
    /// Version served.
    pub version: i64,
    /// Hash of its content.
    pub hash: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "task/trail.html", blocks = ["main"])]
pub struct Trail {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Steps, oldest first.
    pub steps: Vec<TrailStep>,
    /// Who submitted the last run.
    pub submitter: Option<Person>,
    /// Whom its code ran as.
    pub run_as: Option<Person>,
    /// The agent's identity.
    pub agent: Option<Person>,
    /// Worker; may be empty.
    pub worker: String,
    /// Session in which the agent acted; may be empty.
    pub session: String,
    /// Who edited last what was submitted, when it was not who submitted it.
    pub edited_by: Option<String>,
    /// Commit; may be empty.
    pub code: String,
    /// Container that ran.
    pub ran: Container,
    /// Container that was asked for.
    pub asked: Container,
    /// Vaults in force.
    pub vaults: Vec<Vault>,
}

impl Trail {
    fn tab(&self) -> TaskTab {
        TaskTab::Trail
    }

    fn short<'a>(&self, text: &'a str) -> &'a str {
        text.get(..12).unwrap_or(text)
    }
}
