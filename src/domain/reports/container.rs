//! The projects that hold reports (spec/projects.md 1.3, 6).

use crate::{
    domain::{
        Ctx,
        projects::{self, Blank},
    },
    store::{Tx, documents::Access, projects::Project},
    types::{ErrorKind, ProjectId, Result},
};

/// Last segment of the name of every project that holds reports.
pub(super) const BASENAME: &str = ".reports";

/// System tags of such a project, and of each report.
pub(super) fn marks() -> Vec<String> {
    vec!["hidden".to_owned(), "reports".to_owned()]
}

/// The project that holds the reports of the project of this name (empty: of the root), made when there is none. A
/// project that holds reports holds its own.
///
/// Errors: as `projects::find_or_create` for a name.
pub(super) fn of_name(ctx: &Ctx<'_>, tx: &Tx<'_>, name: &str) -> Result<Project> {
    let name = name.trim_matches(|c: char| c == '/' || c.is_whitespace());
    let is_container = name.rsplit('/').next().is_some_and(|last| last.trim() == BASENAME);
    let name = if is_container { name.to_owned() } else { format!("{name}/{BASENAME}") };
    let marks = marks();
    let blank = Blank { description: "Reports project", tags: &[], system_tags: &marks, destination: None };
    let project = projects::ensure_as(ctx, tx, &name, &blank)?.ok_or(ErrorKind::InvalidProjectName)?;
    projects::writable(tx, &project.id)
}

/// The project that holds the reports of this project, or of the root.
///
/// Errors: 400/401 unknown; 403/21 public, or readable only; as [`of_name`].
pub(super) fn of_project(ctx: &Ctx<'_>, tx: &Tx<'_>, id: Option<&str>) -> Result<Project> {
    match id {
        None => of_name(ctx, tx, ""),
        Some(id) => {
            let project = projects::writable(tx, id)?;
            of_name(ctx, tx, &project.name)
        }
    }
}

/// Removes the project that held a report when it is one for reports and nothing is left in or below it.
pub(super) fn remove_if_empty(tx: &Tx<'_>, project: Option<&ProjectId>) -> Result<()> {
    let Some(project) = project else { return Ok(()) };
    let Some(project) = tx.project(project.as_str(), Access::Write)? else { return Ok(()) };
    let is_empty = project.basename == BASENAME
        && tx.contents_of(&[&project.id])? == Default::default()
        && tx.subtree(&project.id)?.is_empty();
    if is_empty {
        tx.delete_projects(&[&project.id])?;
    }
    Ok(())
}
