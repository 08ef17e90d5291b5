//! The project that a move or a clone goes to, made with its ancestors when there is none
//! (protocol: spec/projects.md 1.6, 1.7).

use crate::{
    domain::Ctx,
    store::Tx,
    types::{ApiError, ErrorKind, ProjectId, Result},
};

/// Deepest nesting of projects.
const MAX_DEPTH: usize = 10;

/// The project of this full name; `None` for a name without any segment: the root.
///
/// Errors: 400/409 nested too deep; 400/12 a new segment is too short; 400/414 a public project has the name.
pub(super) fn find_or_create(ctx: &Ctx<'_>, tx: &Tx<'_>, name: &str) -> Result<Option<ProjectId>> {
    let segments: Vec<&str> = name.split('/').map(str::trim).filter(|segment| !segment.is_empty()).collect();
    if segments.len() > MAX_DEPTH {
        return Err(
            ApiError::new(ErrorKind::ProjectPathExceedsMax, "use fewer levels").with("max_depth", MAX_DEPTH)
        );
    }
    let mut parent = None;
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(segment);
        parent = Some(match tx.project_named(&path)? {
            Some((id, company)) if !company.as_str().is_empty() => id,
            Some(_) => {
                return Err(
                    ApiError::new(ErrorKind::PublicProjectExists, "choose another name").with("name", path)
                );
            }
            None if segment.chars().count() < 3 => {
                let text = "every part of a project's name needs at least 3 characters";
                return Err(ApiError::new(ErrorKind::ValidationError, text).with("name", segment));
            }
            None => {
                let id = tx.add_project(&path, segment, parent.as_ref(), &ctx.caller.user)?;
                ctx.touched("project", id.as_str());
                id
            }
        });
    }
    Ok(parent)
}
