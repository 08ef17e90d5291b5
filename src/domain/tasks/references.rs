//! What a task may refer to (protocol: spec/tasks.md 2.5).

use serde_json::Value;

use crate::{
    store::{
        Snapshot,
        documents::Access,
        tasks::{Found, TaskField, TaskHead},
    },
    types::{ApiError, ErrorKind, Result},
};

use super::{access, content::Content};

/// What is left of the id of a deleted task or model.
pub(super) const DELETED: &str = "__DELETED__";

/// Checks everything that the content refers to.
///
/// Errors: 400/16 no such project or parent; 400/101, 400/401, 403/21, 400/201.
pub(super) fn check(snapshot: &Snapshot<'_>, content: &Content) -> Result<()> {
    if let Some(project) = &content.project {
        project_exists(snapshot, project)?;
    }
    if let Some(parent) = &content.parent {
        if !snapshot.task_exists(parent)? {
            let text = "parent is not the id of a task; expecting Task id";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("field", "parent"));
        }
        check_parent(snapshot, parent)?;
    }
    if let Some(project) = &content.project {
        access::target_project(snapshot, project)?;
    }
    check_models(snapshot, content.models_input.as_deref().unwrap_or_default())
}

/// The tenant has a project with this id, or there is a public one.
///
/// Errors: 400/16.
pub(super) fn project_exists(snapshot: &Snapshot<'_>, project: &str) -> Result<()> {
    match snapshot.project_standing(project)? {
        Found::Nowhere => {
            let text = "project is not the id of a project; expecting Project id";
            Err(ApiError::new(ErrorKind::FieldsValueError, text).with("field", "project"))
        }
        _ => Ok(()),
    }
}

/// The parent is visible, or was deleted.
///
/// Errors: 400/101.
pub(super) fn check_parent(snapshot: &Snapshot<'_>, parent: &str) -> Result<()> {
    if parent.starts_with(DELETED) || snapshot.task(parent, Access::Read)?.is_some() {
        return Ok(());
    }
    Err(ApiError::new(ErrorKind::InvalidTaskId, "invalid parent").with("parent", parent))
}

/// All linked models are visible.
///
/// Errors: 400/201.
pub(super) fn check_models(snapshot: &Snapshot<'_>, links: &[Value]) -> Result<()> {
    let mut unknown = Vec::new();
    for model in links.iter().filter_map(|link| link.get("model").and_then(Value::as_str)) {
        if !matches!(snapshot.model_standing(model)?, Found::Readable | Found::Writable) {
            unknown.push(model);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(ApiError::from(ErrorKind::InvalidModelId)
        .with("models", unknown)
        .with("company", snapshot.scope.company.as_str()))
}

/// Checks what a stored task refers to, before it is enqueued.
///
/// Errors: 400/101, 400/401, 403/21, 400/201.
pub(super) fn check_stored(snapshot: &Snapshot<'_>, head: &TaskHead) -> Result<()> {
    if let Some(parent) = &head.parent {
        check_parent(snapshot, parent)?;
    }
    if let Some(project) = &head.project {
        access::target_project(snapshot, project.as_str())?;
    }
    let [models] = snapshot.task_sections(head, [TaskField::ModelsInput])?;
    check_models(snapshot, models.as_array().map(Vec::as_slice).unwrap_or_default())
}
