//! `/tasks/{id}/artifacts`: models and artifacts in one table.

use askama::Template;

use super::{TaskHead, TaskTab};
use crate::web::render::time::When;
use crate::web::view::kit::{self, Place};
use crate::web::view::shell::Shell;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// A model the task started from.
    InputModel,
    /// A model the task wrote.
    OutputModel,
    /// Any other file or object.
    Artifact,
}

impl ArtifactKind {
    fn word(self) -> &'static str {
        match self {
            Self::InputModel => "Input model",
            Self::OutputModel => "Output model",
            Self::Artifact => "Artifact",
        }
    }
}

/// One model or artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRow {
    /// What it is.
    pub kind: ArtifactKind,
    /// Name.
    pub name: String,
    /// Format or framework; may be empty.
    pub format: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Content hash; may be empty.
    pub hash: String,
    /// Where it is.
    pub place: Option<Place>,
    /// When it was written.
    pub created: Option<When>,
    /// Beginning of its content as text; may be empty.
    pub preview: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "task/artifacts.html", blocks = ["main"])]
pub struct Artifacts {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Rows: input models, output models, artifacts.
    pub rows: Vec<ArtifactRow>,
}

impl Artifacts {
    fn tab(&self) -> TaskTab {
        TaskTab::Artifacts
    }

    fn here(&self) -> u64 {
        self.rows.iter().filter(|row| row.place.as_ref().is_some_and(|place| place.own().is_some())).count()
            as u64
    }

    fn bytes(&self) -> u64 {
        self.rows.iter().filter_map(|row| row.size).sum()
    }
}
