//! The task table and the pages built on it: a project's tasks, and home.

use std::hash::{DefaultHasher, Hash, Hasher};

use askama::Template;
use jiff::SignedDuration;

use super::address::TaskList;
use super::kit::{self, Person, Tab};
use super::projects::ProjectHead;
use super::shell::Shell;
use super::status::Status;
use crate::web::render::number::{Digits, metric, raw};
use crate::web::render::time::{When, duration};
use crate::web::render::{Markup, escape, spark};

/// Which end of a metric's range is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Accuracy and the like.
    High,
    /// Loss and the like.
    Low,
    /// Nobody knows: no value is marked.
    Unknown,
}

impl Better {
    /// First guess from a metric's name, until somebody corrects it.
    pub fn guess(name: &str) -> Self {
        let name = name.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let parts = |words: &[&str]| {
            name.split(|c: char| !c.is_alphanumeric())
                .any(|part| words.contains(&part.trim_end_matches(char::is_numeric)))
        };
        if has(&["loss", "error", "mape", "rmse", "perplexity", "latency"])
            || parts(&["mse", "mae", "cer", "wer", "fid"])
        {
            Self::Low
        } else if has(&["acc", "auc", "precision", "recall", "reward", "bleu", "rouge", "dice"])
            || parts(&["f", "map", "iou", "miou", "r", "score", "ap"])
        {
            Self::High
        } else {
            Self::Unknown
        }
    }
}

/// What an additional column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Last, least or largest value of a metric.
    Metric(Better),
    /// A hyper-parameter.
    Parameter,
    /// A sparkline of a metric.
    Trend,
}

/// A column that the person or the project chose, after the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Key in addresses: `m:val/mAP50:max`.
    pub key: String,
    /// Head of the column.
    pub title: String,
    /// What it holds.
    pub kind: ColumnKind,
}

impl Column {
    pub(super) fn is_sortable(&self) -> bool {
        self.kind != ColumnKind::Trend
    }

    pub(super) fn is_number(&self) -> bool {
        self.kind != ColumnKind::Trend
    }
}

/// Content of an additional column in one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing reported.
    Missing,
    /// A metric's value.
    Number(f64),
    /// A parameter's value as it was given.
    Text(String),
    /// Points of a sparkline, oldest first.
    Trend(Vec<f64>),
}

/// One task in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Name of the project, shown in lists over several projects.
    pub project: String,
    /// State.
    pub status: Status,
    /// Tags that people gave.
    pub tags: Vec<String>,
    /// Owner.
    pub user: Option<Person>,
    /// Start.
    pub started: Option<When>,
    /// Time it ran, when it ended.
    pub duration: Option<SignedDuration>,
    /// Last iteration that reported something.
    pub iteration: Option<u64>,
    /// Last sign of life.
    pub updated: Option<When>,
    /// One per column of the table.
    pub cells: Vec<Cell>,
}

impl TaskRow {
    /// Changes when anything that the row shows changes: `live.js` touches only rows whose version differs.
    pub(super) fn version(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.name, self.status, &self.tags, &self.user, self.iteration).hash(&mut hasher);
        (self.started.map(|when| when.0), self.updated.map(|when| when.0)).hash(&mut hasher);
        for cell in &self.cells {
            match cell {
                Cell::Missing => 0_u8.hash(&mut hasher),
                Cell::Number(value) => value.to_bits().hash(&mut hasher),
                Cell::Text(text) => text.hash(&mut hasher),
                Cell::Trend(points) => points.iter().for_each(|y| y.to_bits().hash(&mut hasher)),
            }
        }
        format!("{:08x}", hasher.finish() >> 32)
    }

    pub(super) fn time_run(&self, shell: &Shell) -> Markup {
        match (self.status, self.started, self.duration) {
            (Status::Running, Some(started), _) => shell.clock.running(started),
            (_, _, Some(length)) => {
                let (exact, shown) = (length.as_secs(), duration(length));
                askama::filters::Safe(format!("<data value=\"{exact}\" title=\"{exact} s\">{shown}</data>"))
            }
            _ => kit::nil(),
        }
    }
}

/// A drawn cell.
pub(super) struct ShownCell {
    pub(super) class: &'static str,
    pub(super) content: Markup,
}

/// Columns and rows of a task table.
#[derive(Debug, Clone, Default)]
pub struct TaskTable {
    /// Additional columns.
    pub columns: Vec<Column>,
    /// Rows in order.
    pub rows: Vec<TaskRow>,
    /// Whether rows come from several projects.
    pub with_project: bool,
}

impl TaskTable {
    /// Whether any row has tags: a column without content takes no room.
    pub(super) fn has_tags(&self) -> bool {
        self.rows.iter().any(|row| !row.tags.is_empty())
    }

    /// Digits and best value of each column of numbers.
    pub(super) fn facts(&self) -> Vec<(Digits, Option<f64>)> {
        let column = |(nth, column): (usize, &Column)| {
            let values: Vec<f64> = self.rows.iter().filter_map(|row| number_at(row, nth)).collect();
            let finite = values.iter().copied().filter(|value| value.is_finite());
            let best = match column.kind {
                ColumnKind::Metric(Better::High) => finite.max_by(f64::total_cmp),
                ColumnKind::Metric(Better::Low) => finite.min_by(f64::total_cmp),
                _ => None,
            };
            // The best of one is no information.
            (Digits::for_column(&values), best.filter(|_| values.len() > 1))
        };
        self.columns.iter().enumerate().map(column).collect()
    }

    pub(super) fn cells(&self, row: &TaskRow, facts: &[(Digits, Option<f64>)]) -> Vec<ShownCell> {
        let shown = |(nth, (digits, best)): (usize, &(Digits, Option<f64>))| match row.cells.get(nth) {
            Some(Cell::Number(value)) => ShownCell {
                class: if *best == Some(*value) { "num best" } else { "num" },
                content: askama::filters::Safe(format!(
                    "<data value=\"{}\">{}</data>",
                    raw(*value),
                    metric(*value, *digits)
                )),
            },
            Some(Cell::Text(text)) => ShownCell {
                class: "num",
                content: askama::filters::Safe(format!(
                    "<span class=\"cut par\" title=\"{0}\">{0}</span>",
                    escape(text)
                )),
            },
            Some(Cell::Trend(points)) => {
                ShownCell { class: "", content: spark::sparkline(points).unwrap_or_else(kit::nil) }
            }
            _ => ShownCell {
                class: if self.columns.get(nth).is_some_and(Column::is_number) { "num" } else { "" },
                content: kit::nil(),
            },
        };
        facts.iter().enumerate().map(shown).collect()
    }

    /// First metric of a row, for the folded list on small screens.
    pub(super) fn headline(&self, row: &TaskRow) -> Option<(String, Markup)> {
        let (column, cell) =
            self.columns.iter().zip(&row.cells).find(|(_, cell)| matches!(cell, Cell::Number(_)))?;
        match cell {
            Cell::Number(value) => Some((column.title.clone(), kit::value(value))),
            _ => None,
        }
    }
}

fn number_at(row: &TaskRow, nth: usize) -> Option<f64> {
    match row.cells.get(nth) {
        Some(Cell::Number(value)) => Some(*value),
        _ => None,
    }
}

/// How many rows there are in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Counted.
    Exactly(u64),
    /// Counting would have taken too long.
    MoreThan(u64),
}

impl Total {
    fn shown(&self) -> String {
        match self {
            Self::Exactly(total) => crate::web::render::number::count(*total),
            Self::MoreThan(least) => format!("more than {}", crate::web::render::number::count(*least)),
        }
    }
}

/// A choice of a filter: value in the address, word, whether it is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Value in the address.
    pub value: String,
    /// Word.
    pub label: String,
}

/// An action on several tasks: the form posts the chosen ids as `task`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkAction {
    /// Verb.
    pub label: &'static str,
    /// Symbol.
    pub icon: &'static str,
    /// Where the form goes; the answer is a page that asks or says what happened.
    pub href: String,
}

/// `/projects/{id}/tasks`: the page people live in.
#[derive(Debug, Clone, Template)]
#[template(path = "tasks.html", blocks = ["main"])]
pub struct Tasks {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: ProjectHead,
    /// What is asked for.
    pub list: TaskList,
    /// Rows.
    pub table: TaskTable,
    /// Rows that match.
    pub total: Total,
    /// Position of the first row, from 1.
    pub first: u64,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Tags in the project.
    pub tags: Vec<String>,
    /// People with tasks in the project: id and name.
    pub users: Vec<Choice>,
    /// Tasks in the project without any filter.
    pub unfiltered: u64,
    /// Archived tasks that the filter would show.
    pub archived: u64,
    /// The filter that alone removes every row, in words, with the address without it.
    pub culprit: Option<(String, String)>,
    /// What may be done with several.
    pub bulk: Vec<BulkAction>,
    /// Name for the example in the empty state: `vision/defect-detection`.
    pub project_path: String,
    /// Whether `.csv` is served.
    pub exportable: bool,
}

impl Tasks {
    fn user_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.users.iter().find(|user| user.value == id).map_or(id, |user| user.label.as_str())
    }

    fn caption(&self) -> String {
        format!("{}: tasks", self.head.name)
    }

    fn example(&self) -> String {
        let project = self.project_path.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "from clearml import Task\ntask = Task.init(project_name=\"{project}\", task_name=\"first run\")"
        )
    }

    fn last(&self) -> u64 {
        (self.first + self.table.rows.len() as u64).saturating_sub(1)
    }
}

/// `/`: what runs now and what was done last.
#[derive(Debug, Clone, Template)]
#[template(path = "home.html", blocks = ["main"])]
pub struct Home {
    /// Frame.
    pub shell: Shell,
    /// Running and queued tasks of the person.
    pub running: TaskTable,
    /// Tasks that ended last.
    pub recent: TaskTable,
    /// Public address of this server, for the commands of the first steps.
    pub address: String,
    /// Address of the API.
    pub api_address: String,
    /// Whether the person has an API key yet.
    pub has_keys: bool,
}

impl Home {
    fn is_new(&self) -> bool {
        self.running.rows.is_empty() && self.recent.rows.is_empty()
    }
}

/// Tabs of a project.
pub fn project_tabs(id: &str, current: &str, tasks: Option<u64>) -> Vec<Tab> {
    [("Overview", String::new(), None), ("Tasks", "/tasks".to_owned(), tasks)]
        .into_iter()
        .map(|(label, tail, count)| Tab {
            label,
            href: format!("/projects/{id}{tail}"),
            count,
            current: label == current,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: Vec<Cell>) -> TaskRow {
        TaskRow {
            id: "t".into(),
            name: "n".into(),
            project: String::new(),
            status: Status::Completed,
            tags: vec![],
            user: None,
            started: None,
            duration: None,
            iteration: None,
            updated: None,
            cells,
        }
    }

    fn column(better: Better) -> Column {
        Column { key: "m:x:last".into(), title: "x".into(), kind: ColumnKind::Metric(better) }
    }

    #[test]
    fn the_best_value_is_marked_when_the_direction_is_known() {
        let rows = vec![
            row(vec![Cell::Number(0.5)]),
            row(vec![Cell::Number(f64::NAN)]),
            row(vec![Cell::Number(0.25)]),
        ];
        for (better, expected) in
            [(Better::High, Some(0.5)), (Better::Low, Some(0.25)), (Better::Unknown, None)]
        {
            let table = TaskTable { columns: vec![column(better)], rows: rows.clone(), with_project: false };
            let facts = table.facts();
            assert_eq!(facts.first().and_then(|(_, best)| *best), expected);
            let marked =
                table.rows.iter().flat_map(|row| table.cells(row, &facts)).filter(|c| c.class == "num best");
            assert_eq!(marked.count(), usize::from(expected.is_some()));
        }
    }

    #[test]
    fn directions_are_guessed_from_names() {
        for name in ["train/loss", "val/RMSE", "test/mae", "word error rate"] {
            assert_eq!(Better::guess(name), Better::Low, "{name}");
        }
        for name in ["val/mAP50", "eval/acc", "F1", "val/IoU", "episode_reward"] {
            assert_eq!(Better::guess(name), Better::High, "{name}");
        }
        assert_eq!(Better::guess("gpu_0_temperature"), Better::Unknown);
    }

    #[test]
    fn versions_follow_what_is_shown() {
        let before = row(vec![Cell::Number(1.0)]);
        let mut after = before.clone();
        assert_eq!(before.version(), after.version());
        after.cells = vec![Cell::Number(1.5)];
        assert_ne!(before.version(), after.version());
    }
}
