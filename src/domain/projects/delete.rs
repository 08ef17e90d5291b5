//! Deleting a project with everything below it (spec/projects.md 3.8, 3.9).

use super::access::writable;
use crate::{
    domain::{
        Ctx,
        models::{Cause, doom_files},
    },
    store::{
        Snapshot, Tx,
        projects::{Contents, Project},
    },
    types::{ApiError, ErrorKind, Result},
};

/// What a project and everything below it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validated {
    /// Pipeline projects with a controller that is not archived.
    pub pipelines: i64,
    /// Dataset projects with a task that is not archived.
    pub datasets: i64,
    /// Content of the other projects.
    pub contents: Contents,
}

/// What `projects.delete` takes.
#[derive(Clone, Copy, Debug)]
pub struct DeleteRequest<'a> {
    /// The project.
    pub project: &'a str,
    /// Even though something in it is not archived.
    pub force: bool,
    /// Delete what it holds instead of moving it to the root.
    pub delete_contents: bool,
    /// Have the server delete the files of what goes.
    pub delete_external_artifacts: bool,
}

/// What `projects.delete` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Projects.
    pub deleted: usize,
    /// Tasks that are left without a project.
    pub disassociated_tasks: usize,
    /// Models that went.
    pub deleted_models: usize,
    /// Tasks that went.
    pub deleted_tasks: usize,
    /// Files that are left to the client; only when the content went.
    pub urls: Option<Urls>,
}

/// Addresses of files that the server does not delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urls {
    /// Of models.
    pub model_urls: Vec<String>,
    /// Of artifacts.
    pub artifact_urls: Vec<String>,
}

/// A project with everything below it, by kind.
struct Tree {
    all: Vec<String>,
    pipelines: Vec<String>,
    datasets: Vec<String>,
    regular: Vec<String>,
}

impl Tree {
    fn of(snapshot: &Snapshot<'_>, project: Project) -> Result<Self> {
        let below = snapshot.subtree(&project.id)?;
        let mut tree =
            Tree { all: Vec::new(), pipelines: Vec::new(), datasets: Vec::new(), regular: Vec::new() };
        for project in std::iter::once(project).chain(below) {
            tree.all.push(project.id.clone());
            let kind = match (project.is_pipeline(), project.is_dataset()) {
                (true, _) => &mut tree.pipelines,
                (_, true) => &mut tree.datasets,
                _ => &mut tree.regular,
            };
            kind.push(project.id);
        }
        Ok(tree)
    }

    fn validated(&self, snapshot: &Snapshot<'_>) -> Result<Validated> {
        Ok(Validated {
            pipelines: snapshot.projects_in_use(&self.pipelines, Some("controller"))?,
            datasets: snapshot.projects_in_use(&self.datasets, None)?,
            contents: snapshot.contents_of(&self.regular)?,
        })
    }
}

/// Counts what stands against deleting a project.
///
/// Errors: 400/401, 403/21.
pub fn validate_delete(ctx: &Ctx<'_>, project: &str) -> Result<Validated> {
    ctx.read(|snapshot| Tree::of(snapshot, writable(snapshot, project)?)?.validated(snapshot))
}

/// Deletes a project and everything below it; what they hold goes too, or to the root.
///
/// Errors: 400/401, 403/21; without force, for content that is not archived: 400/413 pipelines, 400/406 datasets,
/// 400/402 tasks, 400/405 models.
pub fn delete(ctx: &Ctx<'_>, request: &DeleteRequest<'_>) -> Result<Deleted> {
    ctx.touched("project", request.project);
    ctx.write(|tx| {
        let project = writable(tx, request.project)?;
        let tree = Tree::of(tx, project)?;
        if !request.force {
            refuse_active(request.project, &tree.validated(tx)?)?;
        }
        let user = ctx.caller.user.as_str();
        let mut done = Deleted::default();
        if request.delete_contents {
            delete_contents(ctx, tx, request, &tree, &mut done)?;
        } else {
            (done.disassociated_tasks, _) = tx.move_contents(&tree.all, None, user)?;
        }
        done.deleted = tx.delete_projects(&tree.all)?;
        Ok(done)
    })
}

fn refuse_active(project: &str, found: &Validated) -> Result<()> {
    let contents = &found.contents;
    let tasks = contents.non_archived_tasks + contents.non_archived_reports;
    let (kind, what) = if found.pipelines > 0 {
        (ErrorKind::ProjectHasPipelines, "pipelines")
    } else if found.datasets > 0 {
        (ErrorKind::ProjectHasDatasets, "datasets")
    } else if tasks > 0 {
        (ErrorKind::ProjectHasTasks, "tasks")
    } else if contents.non_archived_models > 0 {
        (ErrorKind::ProjectHasModels, "models")
    } else {
        return Ok(());
    };
    Err(ApiError::new(kind, format!("archive its {what} first, or send force")).with("id", project))
}

fn delete_contents(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    request: &DeleteRequest<'_>,
    tree: &Tree,
    done: &mut Deleted,
) -> Result<()> {
    let user = ctx.caller.user.as_str();
    let tasks = tx.tasks_in(&tree.all)?;
    let models = tx.models_in(&tree.all)?;
    let mut urls = Urls { model_urls: tx.model_urls(&models)?, artifact_urls: tx.artifact_urls(&tasks)? };
    let mut reported = Vec::new();
    for entity in tasks.iter().chain(&models) {
        reported.extend(tx.event_urls(entity)?);
    }
    for task in &tasks {
        crate::domain::trail::deleted(ctx, tx, task)?;
    }
    tx.settle_outputs(&models, false, None, user)?;
    done.deleted_tasks = tx.delete_tasks(&tasks, user)?;
    tx.mark_inputs_deleted(&models, false, user)?;
    done.deleted_models = tx.delete_models(&models)?;
    for entity in tasks.iter().chain(&models) {
        crate::domain::files::note_deleted_entity(tx, entity, &ctx.caller.user)?;
    }
    if request.delete_external_artifacts {
        let cause = Cause { id: request.project, project: Some(request.project), folders: true };
        urls.model_urls = doom_files(ctx, tx, cause, urls.model_urls)?;
        urls.artifact_urls = doom_files(ctx, tx, cause, urls.artifact_urls)?;
        doom_files(ctx, tx, cause, reported)?;
    }
    done.urls = Some(urls);
    Ok(())
}
