//! One task: the head and its tabs.

pub mod artifacts;
pub mod console;
pub mod details;
pub mod figures;
pub mod scalars;
pub mod trail;

use jiff::SignedDuration;

use super::kit::{Crumb, Person, Tab};
use super::shell::Shell;
use super::status::Status;
use crate::web::render::Markup;
use crate::web::render::time::{When, duration};

/// Something that can be done with the task. The address is a page that asks first ([`super::confirm::Confirm`]); a
/// script opens it as a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Verb.
    pub label: &'static str,
    /// Symbol.
    pub icon: &'static str,
    /// Page that asks.
    pub href: String,
    /// Loses work or stops it.
    pub danger: bool,
    /// Stands in the menu instead of beside the title.
    pub in_menu: bool,
    /// Why it is not possible now; the button is shown disabled with this reason.
    pub reason: String,
}

/// The tabs, in the order that people know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the tabs' own
pub enum TaskTab {
    Overview,
    Execution,
    Configuration,
    Artifacts,
    Console,
    Scalars,
    Plots,
    Samples,
    Trail,
}

impl TaskTab {
    fn label_and_path(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("Overview", ""),
            Self::Execution => ("Execution", "/execution"),
            Self::Configuration => ("Configuration", "/configuration"),
            Self::Artifacts => ("Artifacts", "/artifacts"),
            Self::Console => ("Console", "/console"),
            Self::Scalars => ("Scalars", "/scalars"),
            Self::Plots => ("Plots", "/plots"),
            Self::Samples => ("Debug samples", "/samples"),
            Self::Trail => ("Trail", "/trail"),
        }
    }
}

/// What the tabs count; `None` where it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TabCounts {
    /// Parameters.
    pub configuration: Option<u64>,
    /// Artifacts and models.
    pub artifacts: Option<u64>,
    /// Series.
    pub scalars: Option<u64>,
    /// Figures.
    pub plots: Option<u64>,
    /// Samples.
    pub samples: Option<u64>,
    /// Whether the trail tab is there.
    pub trail: bool,
}

/// Path, name, state, facts and actions above every tab.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskHead {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Projects above.
    pub crumbs: Vec<Crumb>,
    /// State.
    pub status: Status,
    /// Why it has this state; may be empty.
    pub status_reason: String,
    /// Tags that people gave.
    pub tags: Vec<String>,
    /// Start.
    pub started: Option<When>,
    /// Owner.
    pub user: Option<Person>,
    /// Time it ran, when it ended.
    pub duration: Option<SignedDuration>,
    /// Last iteration.
    pub iteration: Option<u64>,
    /// Worker that runs or ran it.
    pub worker: String,
    /// Queue it waits in or came from.
    pub queue: String,
    /// `Mira Okafor via yard-agents`, when an agent runs it for somebody.
    pub runs_as: String,
    /// What may be done.
    pub actions: Vec<Action>,
    /// Numbers for the tabs.
    pub counts: TabCounts,
    /// Task before it in the list that it was opened from.
    pub previous: Option<String>,
    /// Task after it.
    pub next: Option<String>,
}

impl TaskHead {
    fn tabs(&self, current: TaskTab) -> Vec<Tab> {
        let counts = &self.counts;
        [
            (TaskTab::Overview, None),
            (TaskTab::Execution, None),
            (TaskTab::Configuration, counts.configuration),
            (TaskTab::Artifacts, counts.artifacts),
            (TaskTab::Console, None),
            (TaskTab::Scalars, counts.scalars),
            (TaskTab::Plots, counts.plots),
            (TaskTab::Samples, counts.samples),
            (TaskTab::Trail, None),
        ]
        .into_iter()
        .filter(|(tab, _)| *tab != TaskTab::Trail || counts.trail)
        .map(|(tab, count)| {
            let (label, path) = tab.label_and_path();
            Tab { label, href: format!("/tasks/{}{path}", self.id), count, current: tab == current }
        })
        .collect()
    }

    fn buttons(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| !action.in_menu)
    }

    fn menu(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| action.in_menu)
    }

    fn has_menu(&self) -> bool {
        self.menu().next().is_some()
    }

    fn time_run(&self, shell: &Shell) -> Option<Markup> {
        match (self.status, self.started, self.duration) {
            (Status::Running, Some(started), _) => Some(shell.clock.running(started)),
            (_, _, Some(length)) => Some(askama::filters::Safe(duration(length))),
            _ => None,
        }
    }

    fn time_word(&self) -> &'static str {
        if self.status == Status::Running { "Running" } else { "Ran" }
    }
}
