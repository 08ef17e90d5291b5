//! Places in the tree: creating paths, moving and merging projects (spec/projects.md 1.7, 3.4, 3.5).

use super::{
    access::{read_only, writable},
    name::{ProjectName, depth, too_deep},
};
use crate::{
    domain::Ctx,
    store::{
        Tx,
        documents::Access,
        projects::{NewProject, Project},
    },
    types::{ApiError, ErrorKind, Result, new_id},
};

pub(in crate::domain) fn max_depth(ctx: &Ctx<'_>) -> usize {
    usize::try_from(ctx.app.settings.services.projects.sub_projects.max_depth).unwrap_or(usize::MAX)
}

/// What stands under a name already.
pub(super) enum Named {
    Own(Box<Project>),
    Public,
    Nothing,
}

pub(super) fn named(tx: &Tx<'_>, name: &str) -> Result<Named> {
    let mut found = tx.projects_named(name)?;
    Ok(match found.iter().position(|project| !project.company.is_empty()) {
        Some(own) => Named::Own(Box::new(found.swap_remove(own))),
        None if found.is_empty() => Named::Nothing,
        None => Named::Public,
    })
}

pub(super) fn public_exists(name: &str) -> ApiError {
    let text = "a project can't have the name of a public project; choose another";
    ApiError::new(ErrorKind::PublicProjectExists, text).with("name", name)
}

pub(super) fn taken(name: &str) -> ApiError {
    ApiError::new(ErrorKind::ExpectedUniqueData, "a project of this name exists already").with("name", name)
}

/// The tenant's project of this name, made together with its ancestors when missing. `None`: the name is empty,
/// which is the root.
///
/// Errors: 400/414 a public project has the name, or an ancestor's that is missing; 400/12 a part that would be
/// made is too short; 400/409 too deep; 403/21 the existing ancestor may not be changed.
pub fn ensure(ctx: &Ctx<'_>, tx: &Tx<'_>, name: &str) -> Result<Option<Project>> {
    ensure_as(ctx, tx, name, &Blank { description: "", tags: &[], system_tags: &[], destination: None })
}

/// As [`ensure`]; a project that has to be made starts with `blank`, its ancestors with nothing.
pub(in crate::domain) fn ensure_as(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    name: &str,
    blank: &Blank<'_>,
) -> Result<Option<Project>> {
    let Some(name) = ProjectName::parse(name, max_depth(ctx))? else { return Ok(None) };
    match named(tx, name.full())? {
        Named::Own(project) => Ok(Some(*project)),
        Named::Public => Err(public_exists(name.full())),
        Named::Nothing => add(ctx, tx, &name, blank).map(Some),
    }
}

/// What a new project starts with.
pub(in crate::domain) struct Blank<'a> {
    pub(in crate::domain) description: &'a str,
    pub(in crate::domain) tags: &'a [String],
    pub(in crate::domain) system_tags: &'a [String],
    pub(in crate::domain) destination: Option<&'a str>,
}

/// Adds a project whose name is known to be free, and the ancestors it lacks.
pub(super) fn add(ctx: &Ctx<'_>, tx: &Tx<'_>, name: &ProjectName, blank: &Blank<'_>) -> Result<Project> {
    name.check_length()?;
    let parent = ensure(ctx, tx, name.location())?;
    if let Some(parent) = &parent {
        may_hold_projects(tx, parent)?;
        tx.touch_project(&parent.id)?;
    }
    let id = new_id();
    ctx.touched("project", id.as_str());
    tx.insert_project(&NewProject {
        id: &id,
        user: ctx.caller.user.as_str(),
        name: name.full(),
        basename: name.basename(),
        description: blank.description,
        parent: parent.as_ref(),
        tags: blank.tags,
        system_tags: blank.system_tags,
        default_output_destination: blank.destination,
    })
}

/// A project may only appear below one that the caller may change (S18).
fn may_hold_projects(tx: &Tx<'_>, parent: &Project) -> Result<()> {
    match tx.project(&parent.id, Access::Write)? {
        Some(_) => Ok(()),
        None => Err(read_only(&parent.id)),
    }
}

/// Gives a project a new parent, named by its full path (empty: the root), and returns how many projects moved.
///
/// Errors: 400/401, 403/21 the project or its parent; 400/409 too deep; 400/414 the place is public; 400/410 it is
/// there already; 400/411 below itself; 400/801 the name is taken there.
pub fn move_to(ctx: &Ctx<'_>, project: &str, location: &str) -> Result<usize> {
    ctx.touched("project", project);
    ctx.write(|tx| {
        let project = writable(tx, project)?;
        if let Some(parent) = &project.parent {
            writable(tx, parent)?;
        }
        let limit = max_depth(ctx);
        let target = ProjectName::parse(location, limit)?;
        let target_depth = target.as_ref().map_or(0, ProjectName::depth);
        check_depth(tx, &project, depth(&project.name) - 1, target_depth, limit)?;
        let parent = ensure(ctx, tx, target.as_ref().map_or("", ProjectName::full))?;
        if parent.as_ref().map(|parent| &parent.id) == project.parent.as_ref() {
            return Err(ApiError::new(
                ErrorKind::ProjectSourceAndDestinationAreTheSame,
                "the project is there already",
            ));
        }
        if let Some(parent) = &parent {
            if parent.id == project.id || parent.path.contains(&project.id) {
                return Err(ErrorKind::ProjectCannotBeMovedUnderItself.into());
            }
            may_hold_projects(tx, parent)?;
            tx.touch_project(&parent.id)?;
        }
        if let Some(old) = &project.parent {
            tx.touch_project(old)?;
        }
        reposition(tx, &project, parent.as_ref()).map(|below| below + 1)
    })
}

/// Everything below `project` must fit at its new depth. `above` is how many leading levels are exchanged.
fn check_depth(tx: &Tx<'_>, project: &Project, above: usize, target: usize, limit: usize) -> Result<()> {
    let below = tx.subtree(&project.id)?;
    let deepest = below.iter().chain([project]).map(|project| depth(&project.name)).max().unwrap_or_default();
    if deepest.saturating_sub(above) + target > limit { Err(too_deep(limit)) } else { Ok(()) }
}

/// Puts a project with all that is below it under another parent, keeping its last segment.
fn reposition(tx: &Tx<'_>, project: &Project, parent: Option<&Project>) -> Result<usize> {
    let name = match parent {
        Some(parent) => format!("{}/{}", parent.name, project.basename),
        None => project.basename.clone(),
    };
    match named(tx, &name)? {
        Named::Nothing => tx.place_project(project, &name, parent),
        Named::Own(other) if other.id == project.id => tx.place_project(project, &name, parent),
        Named::Own(_) => Err(taken(&name)),
        Named::Public => Err(public_exists(&name)),
    }
}

/// What [`merge`] moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Tasks and models that were not archived; archived ones move too, uncounted.
    pub moved_entities: i64,
    /// Direct children.
    pub moved_projects: usize,
}

/// Moves all content and all children of a project to another one, or to the root, and removes it.
///
/// Errors: 400/410 both are the same; 400/401, 403/21; 400/412 the destination lies below the source; 400/409 too
/// deep; 400/801 a child's name is taken at the destination.
pub fn merge(ctx: &Ctx<'_>, source: &str, destination: Option<&str>) -> Result<Merged> {
    ctx.touched("project", source);
    if destination == Some(source) {
        return Err(ErrorKind::ProjectSourceAndDestinationAreTheSame.into());
    }
    ctx.write(|tx| {
        let source = writable(tx, source)?;
        let destination = destination.map(|id| writable(tx, id)).transpose()?;
        if destination.as_ref().is_some_and(|destination| destination.path.contains(&source.id)) {
            return Err(ErrorKind::ProjectCannotBeMergedIntoItsChild.into());
        }
        let target_depth = destination.as_ref().map_or(0, |destination| depth(&destination.name));
        let limit = max_depth(ctx);
        let below = tx.subtree(&source.id)?;
        let deepest = below.iter().map(|project| depth(&project.name)).max();
        if deepest.is_some_and(|deepest| deepest - depth(&source.name) + target_depth > limit) {
            return Err(too_deep(limit));
        }
        let contents = tx.contents_of(&[&source.id])?;
        let to = destination.as_ref().map(|destination| destination.id.as_str());
        tx.move_contents(&[&source.id], to, ctx.caller.user.as_str())?;
        let children: Vec<&Project> =
            below.iter().filter(|project| project.parent.as_ref() == Some(&source.id)).collect();
        for child in &children {
            reposition(tx, child, destination.as_ref())?;
        }
        tx.delete_projects(&[&source.id])?;
        if let Some(destination) = &destination {
            tx.touch_project(&destination.id)?;
        }
        Ok(Merged {
            moved_entities: contents.non_archived_tasks
                + contents.non_archived_reports
                + contents.non_archived_models,
            moved_projects: children.len(),
        })
    })
}
