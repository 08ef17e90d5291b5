//! Tabs of what a task is: overview, execution, configuration.

use askama::Template;

use super::{TaskHead, TaskTab};
use crate::web::render::Markup;
use crate::web::view::kit::{self, Crumb};
use crate::web::view::shell::Shell;
use crate::web::view::status::Status;

/// A name and its value; the value may link somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it leads.
    pub href: Option<String>,
    /// Code rather than prose.
    pub is_code: bool,
}

/// A headline metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Headline {
    /// `val/mAP50`.
    pub name: String,
    /// Last value.
    pub last: f64,
    /// Smallest and largest.
    pub range: Option<(f64, f64)>,
    /// Trend.
    pub trend: Option<Vec<f64>>,
}

impl Headline {
    fn spark(&self) -> Markup {
        self.trend.as_deref().and_then(crate::web::render::spark::sparkline).unwrap_or_else(kit::nil)
    }
}

/// `/tasks/{id}`.
#[derive(Template)]
#[template(path = "task/overview.html", blocks = ["main"])]
pub struct Overview {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// What people noted about it.
    pub comment: String,
    /// Full message of the last change of state, a traceback perhaps.
    pub status_message: String,
    /// Chosen or first metrics.
    pub metrics: Vec<Headline>,
    /// Parameters that differ from the parent, else the first ones: section/name and value.
    pub parameters: Vec<(String, String)>,
    /// Whether `parameters` are differences.
    pub differs_from_parent: bool,
    /// Type, parent, created, last update, framework and so on.
    pub facts: Vec<Fact>,
    /// Models it read.
    pub models_in: Vec<Crumb>,
    /// Models it wrote.
    pub models_out: Vec<Crumb>,
    /// Newest console lines, as markup from [`crate::web::render::ansi::Painter`].
    pub console: Vec<Markup>,
}

impl Overview {
    fn tab(&self) -> TaskTab {
        TaskTab::Overview
    }
}

/// How a line of a diff reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DiffKind {
    Same,
    Added,
    Removed,
    Place,
}

/// The changes to one file.
struct DiffFile<'a> {
    name: &'a str,
    added: u64,
    removed: u64,
    lines: Vec<(DiffKind, &'a str)>,
}

/// Lines of a diff that a page shows when there are more than [`DIFF_MOST`].
const DIFF_SHOWN: usize = 500;
/// Lines of a diff up to which a page shows all.
const DIFF_MOST: usize = 2_000;

/// `/tasks/{id}/execution`.
#[derive(Debug, Clone, Template)]
#[template(path = "task/execution.html", blocks = ["main"])]
pub struct Execution {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Repository, branch, commit, script, working directory, interpreter.
    pub source: Vec<Fact>,
    /// Container asked for and run, arguments, queue.
    pub container: Vec<Fact>,
    /// Setup script of the container; may be empty.
    pub setup: String,
    /// Uncommitted changes as `git diff` wrote them, or the whole script; may be empty.
    pub diff: String,
    /// Whether `diff` is a script rather than changes.
    pub is_script: bool,
    /// Address of the whole text.
    pub diff_href: String,
    /// Packages, one a line.
    pub packages: String,
}

impl Execution {
    fn tab(&self) -> TaskTab {
        TaskTab::Execution
    }

    fn changed_lines(&self) -> usize {
        self.diff.lines().count()
    }

    fn is_cut(&self) -> bool {
        self.changed_lines() > DIFF_MOST
    }

    fn shown(&self) -> usize {
        if self.is_cut() { DIFF_SHOWN } else { DIFF_MOST }
    }

    fn script(&self) -> String {
        self.diff.lines().take(self.shown()).collect::<Vec<_>>().join("\n")
    }

    fn files(&self) -> Vec<DiffFile<'_>> {
        let mut files: Vec<DiffFile<'_>> = Vec::new();
        let mut in_hunk = false;
        for line in self.diff.lines().take(self.shown()) {
            if let Some(rest) = line.strip_prefix("diff --git ") {
                let name = rest.rsplit_once(" b/").map_or(rest, |(_, name)| name);
                files.push(DiffFile { name, added: 0, removed: 0, lines: Vec::new() });
                in_hunk = false;
                continue;
            }
            if files.is_empty() {
                files.push(DiffFile { name: "", added: 0, removed: 0, lines: Vec::new() });
            }
            let Some(file) = files.last_mut() else { continue };
            let kind = match line.chars().next() {
                Some('@') => {
                    in_hunk = true;
                    DiffKind::Place
                }
                Some('+') if in_hunk => DiffKind::Added,
                Some('-') if in_hunk => DiffKind::Removed,
                _ if in_hunk => DiffKind::Same,
                // Between the file's name and its first hunk stand hashes and names only.
                _ => continue,
            };
            file.added += u64::from(kind == DiffKind::Added);
            file.removed += u64::from(kind == DiffKind::Removed);
            file.lines.push((kind, line));
        }
        files
    }
}

impl DiffKind {
    fn class(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Added => "add",
            Self::Removed => "del",
            Self::Place => "at",
        }
    }
}

/// One hyper-parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Value as it was given.
    pub value: String,
    /// Type; may be empty.
    pub kind: String,
    /// What it does; may be empty.
    pub description: String,
    /// Value in the parent task, when it differs.
    pub parent: Option<String>,
}

/// Parameters of one source: `Args`, `General`, `Environment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Name.
    pub name: String,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
}

/// A configuration object: text that the task read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigObject {
    /// Name.
    pub name: String,
    /// Type; may be empty.
    pub kind: String,
    /// What it is; may be empty.
    pub description: String,
    /// Content.
    pub text: String,
}

/// `/tasks/{id}/configuration`.
#[derive(Debug, Clone, Template)]
#[template(path = "task/configuration.html", blocks = ["main"])]
pub struct Configuration {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Name or value contains this.
    pub q: String,
    /// Parameters without the filter.
    pub unfiltered: u64,
    /// Sections.
    pub sections: Vec<Section>,
    /// Objects.
    pub objects: Vec<ConfigObject>,
}

impl Configuration {
    fn tab(&self) -> TaskTab {
        TaskTab::Configuration
    }
}
