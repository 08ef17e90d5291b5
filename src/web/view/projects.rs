//! Projects: the list, and one project's overview.

use askama::Template;

use super::address::{TaskList, join};
use super::kit::{self, Crumb, Person, Tab};
use super::shell::Shell;
use super::status::Status;
use super::tasks::TaskTable;
use crate::web::render::time::When;
use crate::web::render::{Markup, spark};

/// One project of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectRow {
    /// Id.
    pub id: String,
    /// Full path with slashes.
    pub path: String,
    /// Free text.
    pub description: String,
    /// Tasks that the reader may see, sub-projects not counted.
    pub tasks: u64,
    /// Running now.
    pub running: u64,
    /// Queued now.
    pub queued: u64,
    /// Failed in the last 30 days.
    pub failed: u64,
    /// Tasks per day, oldest first; empty when not known.
    pub days: Vec<u32>,
    /// Best value of the chosen metric: name and value.
    pub best: Option<(String, f64)>,
    /// Who made it.
    pub owner: Option<Person>,
    /// Last sign of life of any task.
    pub active: Option<When>,
}

impl ProjectRow {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn bars(&self) -> Markup {
        spark::day_bars(&self.days)
    }
}

/// Projects below one folder; the root folder has no name.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// Path of the folder.
    pub name: String,
    /// Its projects.
    pub projects: Vec<ProjectRow>,
}

/// Sorts rows into folders by the part of their path before the last slash; folders and rows by name.
pub fn into_folders(mut rows: Vec<ProjectRow>) -> Vec<Folder> {
    let folder =
        |row: &ProjectRow| row.path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    rows.sort_by_cached_key(|row| (folder(row).to_lowercase(), row.path.to_lowercase()));
    let mut folders: Vec<Folder> = Vec::new();
    for row in rows {
        let name = folder(&row);
        match folders.last_mut() {
            Some(last) if last.name == name => last.projects.push(row),
            _ => folders.push(Folder { name, projects: vec![row] }),
        }
    }
    folders
}

/// `/projects`.
#[derive(Debug, Clone, Template)]
#[template(path = "projects.html", blocks = ["main"])]
pub struct Projects {
    /// Frame.
    pub shell: Shell,
    /// Name contains this.
    pub q: String,
    /// One list instead of folders.
    pub flat: bool,
    /// Folders of the tree, or one without a name for the flat list.
    pub folders: Vec<Folder>,
    /// Projects without the filter.
    pub unfiltered: u64,
    /// Where a form for a new project is, when the person may make one.
    pub new_project: Option<String>,
}

impl Projects {
    fn shown(&self) -> impl Iterator<Item = &ProjectRow> {
        self.folders.iter().flat_map(|folder| &folder.projects)
    }

    fn count(&self) -> u64 {
        self.shown().count() as u64
    }

    fn tasks(&self) -> u64 {
        self.shown().map(|project| project.tasks).sum()
    }

    fn named_folders(&self) -> usize {
        self.folders.iter().filter(|folder| !folder.name.is_empty()).count()
    }

    fn has_days(&self) -> bool {
        self.shown().any(|project| !project.days.is_empty())
    }

    fn has_best(&self) -> bool {
        self.shown().any(|project| project.best.is_some())
    }

    /// Columns of the table.
    fn width(&self) -> usize {
        8 + usize::from(self.has_days()) + usize::from(self.has_best())
    }

    fn address(&self, flat: bool) -> String {
        let view = if flat { "flat".to_owned() } else { String::new() };
        join("/projects", &[("q", self.q.clone()), ("list", view)])
    }
}

/// Title and tabs of a project's pages.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectHead {
    /// Id; `*` stands for all readable projects.
    pub id: String,
    /// Last part of the path.
    pub name: String,
    /// Folders above it.
    pub crumbs: Vec<Crumb>,
    /// Tabs.
    pub tabs: Vec<Tab>,
}

/// `/projects/{id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "project.html", blocks = ["main"])]
pub struct Project {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: ProjectHead,
    /// Free text of the project, shown with its line breaks.
    pub description: String,
    /// Tasks by state, in the order of [`Status::ALL`]; states without tasks may be left out.
    pub counts: Vec<(Status, u64)>,
    /// Who made it.
    pub owner: Option<Person>,
    /// When.
    pub created: Option<When>,
    /// Where outputs go by default.
    pub output_uri: String,
    /// Tags of the project.
    pub tags: Vec<String>,
    /// Projects directly below.
    pub children: Vec<ProjectRow>,
    /// Tasks with the newest signs of life.
    pub recent: TaskTable,
    /// Full path, for the example of the empty state.
    pub path: String,
}

impl Project {
    fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    fn example(&self) -> String {
        let path = self.path.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "from clearml import Task\ntask = Task.init(project_name=\"{path}\", task_name=\"first run\")"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> ProjectRow {
        ProjectRow {
            id: path.into(),
            path: path.into(),
            description: String::new(),
            tasks: 0,
            running: 0,
            queued: 0,
            failed: 0,
            days: vec![],
            best: None,
            owner: None,
            active: None,
        }
    }

    #[test]
    fn folders_gather_their_projects() {
        let folders = into_folders(["vision/b", "top", "nlp/x/y", "vision/A"].map(row).to_vec());
        let shape: Vec<(&str, Vec<&str>)> = folders
            .iter()
            .map(|f| (f.name.as_str(), f.projects.iter().map(ProjectRow::name).collect()))
            .collect();
        assert_eq!(shape, [("", vec!["top"]), ("nlp/x", vec!["y"]), ("vision", vec!["A", "b"])]);
    }
}
