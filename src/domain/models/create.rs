//! Registering a model (spec/models.md 3.1).

use super::{
    access::{may_enter, writable_task},
    content::{Labels, labels_of, metadata_of, name_of, object_of},
    wrong,
};
use crate::{
    domain::{Ctx, public, tags},
    store::{Tx, documents::Access, models},
    types::{ApiError, ErrorKind, Json, Result, new_id},
};

use serde_json::Value;

/// What `models.create` takes.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct NewModel {
    pub name: String,
    pub uri: String,
    pub comment: Option<String>,
    pub project: Option<String>,
    pub task: Option<String>,
    pub parent: Option<String>,
    pub framework: Option<String>,
    /// Published from the start.
    pub ready: bool,
    /// Belongs to everybody.
    pub public: bool,
    pub tags: Vec<String>,
    pub system_tags: Vec<String>,
    pub labels: Option<Value>,
    pub design: Option<Value>,
    pub metadata: Option<Value>,
    pub ui_cache: Option<Value>,
}

/// Registers a model and returns its id. The task's lists of models are not touched.
///
/// Errors: 403/21 public without the right to publish, or a project or task that is readable only; 400/12 unknown
/// project, malformed metadata; 400/101 unknown task; 400/16 a reserved tag; 400/800 name or labels.
pub fn create(ctx: &Ctx<'_>, new: NewModel) -> Result<String> {
    let id = new_id();
    ctx.touched("model", id.as_str());
    ctx.write(|tx| {
        if new.public {
            public::may_publish(ctx)
                .map_err(|error| ApiError::new(ErrorKind::NoWritePermission, error.detail()))?;
        }
        let nonempty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (project, task) = (nonempty(&new.project), nonempty(&new.task));
        if let Some(project) = &project {
            check_project(tx, project, new.public)?;
        }
        if let Some(task) = &task {
            check_task(tx, task, new.public)?;
        }
        let tags = tags::checked(new.tags)?;
        let system_tags = tags::checked(new.system_tags)?;
        tx.insert_model(&models::NewModel {
            id: &id,
            user: ctx.caller.user.as_str(),
            name: &name_of(&new.name)?,
            uri: new.uri.trim(),
            comment: new.comment.as_deref(),
            project: project.as_deref(),
            task: task.as_deref(),
            parent: new.parent.as_deref().filter(|parent| !parent.is_empty()),
            framework: new.framework.as_deref(),
            ready: new.ready,
            tags: &tags,
            system_tags: &system_tags,
            labels: labels_of(new.labels.as_ref(), Labels::New)?,
            design: object_of("design", new.design.as_ref())?,
            metadata: metadata_of(new.metadata.as_ref())?,
            ui_cache: object_of("ui_cache", new.ui_cache.as_ref())?,
            public: new.public,
        })
    })?;
    Ok(id)
}

fn check_project(tx: &Tx<'_>, project: &str, public: bool) -> Result<()> {
    let missing = || wrong("project", "there is no such project").with("project", project);
    if public {
        return match tx.project(project, Access::Read)? {
            Some(found) if found.company.is_empty() => Ok(()),
            _ => Err(missing()),
        };
    }
    // A public project is none of the tenant's: no private model lies in it.
    match tx.project(project, Access::Read)? {
        Some(found) if found.company.is_empty() => Err(missing()),
        _ => may_enter(tx, project, true, missing),
    }
}

fn check_task(tx: &Tx<'_>, task: &str, public: bool) -> Result<()> {
    let is_public = |task: &Json| task.get("company").and_then(Value::as_str) == Some("");
    if !public {
        return writable_task(tx, task).map(drop);
    }
    match super::access::readable_task(tx, task)? {
        found if is_public(&found) => Ok(()),
        _ => {
            Err(ApiError::new(ErrorKind::InvalidTaskId, "a public model needs a public task")
                .with("id", task))
        }
    }
}
