//! Queues and workers: how they stand now, and one queue in full.

use askama::Template;
use jiff::SignedDuration;

use super::address::join;
use super::kit::{self, Person};
use super::shell::Shell;
use super::workers::{WorkerRow, over_time};
use crate::web::render::chart::Curve;
use crate::web::render::time::{When, duration};
use crate::web::render::{Markup, spark};

/// One queue of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for, where somebody said so.
    pub display_name: String,
    /// How much waits.
    pub waiting: u64,
    /// Workers that run a task from it.
    pub running: u64,
    /// How long half of what waits has waited.
    pub median: Option<SignedDuration>,
    /// Since when its longest-waiting task waits.
    pub longest: Option<When>,
    /// How much waited, over the last day; empty when not known.
    pub history: Vec<u32>,
    /// Workers that listen to it.
    pub workers: u64,
}

impl QueueRow {
    fn bars(&self) -> Markup {
        spark::day_bars(&self.history)
    }

    fn middle(&self) -> Markup {
        self.median.map_or_else(kit::nil, |median| askama::filters::Safe(duration(median)))
    }
}

/// A task that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Place in the queue, from 1.
    pub place: u64,
    /// Whether nothing waits behind it.
    pub is_last: bool,
    /// Id of the task.
    pub task: String,
    /// Its name; nothing when the reader may not see it.
    pub name: Option<String>,
    /// Its owner.
    pub user: Option<Person>,
    /// Path of its project.
    pub project: String,
    /// Since when it waits.
    pub added: When,
}

/// The head of the chosen queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// How much waits in all.
    pub total: u64,
    /// What waits first.
    pub entries: Vec<Waiting>,
}

/// Which workers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// All of them.
    #[default]
    All,
    /// Those with a task.
    Busy,
    /// Those without.
    Idle,
    /// Those that have fallen silent.
    Lost,
}

impl Show {
    /// All choices, in order.
    pub const ALL: [Show; 4] = [Show::All, Show::Busy, Show::Idle, Show::Lost];

    /// Value of `show=`.
    pub fn key(self) -> &'static str {
        match self {
            Show::All => "",
            Show::Busy => "busy",
            Show::Idle => "idle",
            Show::Lost => "lost",
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Show::All => "All",
            Show::Busy => "Busy",
            Show::Idle => "Idle",
            Show::Lost => "Lost",
        }
    }

    /// From the address; anything unknown is all.
    pub fn from_key(key: &str) -> Show {
        Show::ALL.into_iter().find(|show| show.key() == key).unwrap_or_default()
    }

    /// Whether a worker is shown.
    pub fn fits(self, worker: &WorkerRow) -> bool {
        match self {
            Show::All => true,
            Show::Busy => !worker.is_lost && worker.task.is_some(),
            Show::Idle => !worker.is_lost && worker.task.is_none(),
            Show::Lost => worker.is_lost,
        }
    }
}

/// `/queues`.
#[derive(Debug, Clone, Template)]
#[template(path = "queues.html", blocks = ["main"])]
pub struct Queues {
    /// Frame.
    pub shell: Shell,
    /// Queues by name.
    pub queues: Vec<QueueRow>,
    /// The queue whose head is shown.
    pub chosen: Option<Chosen>,
    /// All workers.
    pub workers: Vec<WorkerRow>,
    /// Which of them are shown.
    pub show: Show,
    /// Whether the person may make queues.
    pub may_manage: bool,
}

impl Queues {
    fn waiting(&self) -> u64 {
        self.queues.iter().map(|queue| queue.waiting).sum()
    }

    fn number(&self, show: Show) -> u64 {
        self.workers.iter().filter(|worker| show.fits(worker)).count() as u64
    }

    fn shown(&self) -> impl Iterator<Item = &WorkerRow> {
        self.workers.iter().filter(|worker| self.show.fits(worker))
    }

    /// Busy and all graphics processors; a processor is busy from one percent on.
    fn gpus(&self) -> (u64, u64) {
        let all = || self.workers.iter().filter(|worker| !worker.is_lost).flat_map(|worker| &worker.gpus);
        (all().filter(|load| **load >= 1.0).count() as u64, all().count() as u64)
    }

    /// The task that waits longest: since when, and in which queue.
    fn longest(&self) -> Option<(When, &QueueRow)> {
        let waits = self.queues.iter().filter_map(|queue| Some((queue.longest?, queue)));
        waits.min_by_key(|(since, _)| *since)
    }

    fn has_history(&self) -> bool {
        self.queues.iter().any(|queue| !queue.history.is_empty())
    }

    fn is_chosen(&self, queue: &QueueRow) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.id == queue.id)
    }

    /// Choices of workers: address, word, chosen?, and how many are lost beside that one.
    fn choices(&self) -> [(String, &'static str, bool, Option<u64>); 4] {
        let queue = self.chosen.as_ref().map(|chosen| chosen.id.clone()).unwrap_or_default();
        Show::ALL.map(|show| {
            let href = join("/queues", &[("queue", queue.clone()), ("show", show.key().to_owned())]);
            let lost = (show == Show::Lost).then(|| self.number(show)).filter(|lost| *lost > 0);
            (href, show.word(), show == self.show, lost)
        })
    }
}

/// A word of a shell command, quoted where it needs to be.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// `/queues/{id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "queue.html", blocks = ["main"])]
pub struct Queue {
    /// Frame.
    pub shell: Shell,
    /// How it stands.
    pub row: QueueRow,
    /// Whether tasks without a named queue go here.
    pub is_default: bool,
    /// Tags.
    pub tags: Vec<String>,
    /// What waits, at most [`Queue::MOST`].
    pub entries: Vec<Waiting>,
    /// Workers that listen to it.
    pub workers: Vec<WorkerRow>,
    /// Title and curve over the last day.
    pub charts: Vec<(&'static str, Vec<Curve>)>,
    /// Whether the person may rename and delete it.
    pub may_manage: bool,
}

impl Queue {
    /// Entries shown at most. Whoever needs more has the API.
    pub const MOST: usize = 500;

    fn drawing(&self, title: &str, curves: &[Curve]) -> Markup {
        over_time(&self.shell, title, curves)
    }

    fn address(&self) -> String {
        format!("/queues/{}", self.row.id)
    }

    fn example(&self) -> String {
        format!("task.execute_remotely(queue_name={:?})", self.row.name)
    }

    fn agent(&self) -> String {
        format!("clearml-agent daemon --queue {}", shell_word(&self.row.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_word_of_a_command() {
        assert_eq!(shell_word("gpu-2"), "gpu-2");
        assert_eq!(shell_word("my queue"), "'my queue'");
        assert_eq!(shell_word("it's; rm"), r"'it'\''s; rm'");
    }
}
