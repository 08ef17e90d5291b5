//! Finding the project that a call names, for reading or for changing.

use super::{name::ProjectName, place};
use crate::{
    domain::Ctx,
    store::{Snapshot, Tx, documents::Access, projects::Project},
    types::{ApiError, ErrorKind, Result},
};

pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidProjectId, "it may have been deleted, or you may not see it")
        .with("id", id)
}

pub(super) fn read_only(id: &str) -> ApiError {
    ApiError::new(ErrorKind::NoWritePermission, "you may read this project, not change it").with("id", id)
}

/// A project that the caller may read; public ones included.
///
/// Errors: 400/401.
pub fn readable(snapshot: &Snapshot<'_>, id: &str) -> Result<Project> {
    snapshot.project(id, Access::Read)?.ok_or_else(|| unknown(id))
}

/// A project of the tenant that the caller may change.
///
/// Errors: 400/401 unknown; 403/21 public, or readable only.
pub fn writable(snapshot: &Snapshot<'_>, id: &str) -> Result<Project> {
    if let Some(project) = snapshot.project(id, Access::Write)? {
        return Ok(project);
    }
    readable(snapshot, id).and(Err(read_only(id)))
}

/// The project that a call names by id or by name; a name is created when it does not exist. The id wins.
/// `None`: the name is the root's (spec/projects.md 1.7).
///
/// Errors: 400/12 neither given; 400/401, 403/21 for the id; as [`ensure`] for the name.
///
/// [`ensure`]: super::ensure
pub fn find_or_create(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<Option<Project>> {
    match (id, name) {
        (Some(id), _) => writable(tx, id).map(Some),
        (None, Some(name)) => {
            let Some(name) = ProjectName::parse(name, place::max_depth(ctx))? else { return Ok(None) };
            let project = place::ensure(ctx, tx, name.full())?;
            match project {
                Some(project) => writable(tx, &project.id).map(Some),
                None => Ok(None),
            }
        }
        (None, None) => {
            Err(ApiError::new(ErrorKind::ValidationError, "name the project by its id or by its name"))
        }
    }
}
