//! What goes with the results of a task when it is reset or deleted: models it made, files, events, children
//! (protocol: spec/tasks.md 6.1 to 6.3). Everything is looked at before anything changes.

use std::collections::BTreeSet;

use crate::{
    domain::{
        Ctx,
        files::note_deleted_entity,
        models::{Cause, doom_files},
    },
    store::{
        Tx,
        models::Change,
        tasks::{LinkedModel, TaskField, TaskHead},
    },
    types::{ApiError, ErrorKind, Result},
};

use super::{artifact::artifact_id, references::DELETED};

/// What a reset or a delete does with what belongs to the task.
#[derive(Clone, Copy, Debug)]
pub struct Disposal {
    /// Whatever stands against it.
    pub force: bool,
    /// Delete the drafts that the task made.
    pub delete_models: bool,
    /// Have the server delete the files.
    pub delete_files: bool,
    /// Tell the addresses of the files.
    pub return_urls: bool,
}

/// Whether the task stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It becomes a draft again.
    Reset,
    /// It goes.
    Delete,
}

/// Addresses of files, each once.
#[derive(Clone, Debug, Default)]
pub struct Urls {
    /// Of deleted models.
    pub models: BTreeSet<String>,
    /// Of artifacts.
    pub artifacts: BTreeSet<String>,
}

/// What became of what belonged to the task.
#[derive(Clone, Debug, Default)]
pub struct Disposed {
    /// Children that lost their parent.
    pub children: usize,
    /// Models that stay without the task.
    pub updated_models: usize,
    /// Drafts deleted.
    pub deleted_models: usize,
    /// Addresses of files, when asked for.
    pub urls: Option<Urls>,
}

impl Disposed {
    /// Adds what became of another task's belongings.
    pub(super) fn add(&mut self, other: Disposed) {
        self.children += other.children;
        self.updated_models += other.updated_models;
        self.deleted_models += other.deleted_models;
        if let (Some(urls), Some(other)) = (&mut self.urls, other.urls) {
            urls.models.extend(other.models);
            urls.artifacts.extend(other.artifacts);
        }
    }
}

/// What belongs to a task, found to be disposable.
pub(super) struct Belongings {
    models: Vec<LinkedModel>,
    artifact_urls: BTreeSet<String>,
}

/// Looks at what belongs to the task.
///
/// Errors: 400/123 unless `force`: published children or models.
pub(super) fn survey(tx: &Tx<'_>, head: &TaskHead, force: bool) -> Result<Belongings> {
    let refuse =
        |text: &str| ApiError::new(ErrorKind::TaskCannotBeDeleted, text).with("task", head.id.as_str());
    if !force {
        let children = tx.published_children(&head.id)?;
        if children > 0 {
            return Err(refuse("it has published children").with("children", children));
        }
    }
    let models = tx.models_of_task(&head.id)?;
    let ready = models.iter().filter(|model| model.ready).count();
    if !force && ready > 0 {
        return Err(refuse("it has published models").with("models", ready));
    }
    let [artifacts] = tx.task_sections(head, [TaskField::Artifacts])?;
    let artifact_urls = artifacts
        .as_array()
        .into_iter()
        .flatten()
        .filter(|artifact| artifact_id(artifact).1 == "output")
        .filter_map(|artifact| artifact.get("uri").and_then(|uri| uri.as_str()))
        .filter(|uri| !uri.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(Belongings { models, artifact_urls })
}

/// Disposes of it. The task itself is the caller's.
pub(super) fn dispose(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    head: &TaskHead,
    belongings: Belongings,
    mode: Mode,
    how: Disposal,
) -> Result<Disposed> {
    let user = ctx.caller.user.as_str();
    let mut done = Disposed::default();
    let mut urls = Urls { artifacts: belongings.artifact_urls, ..Urls::default() };
    let mut event_urls = tx.event_urls(head.id.as_str())?;
    if mode == Mode::Delete {
        done.children = tx.orphan_children(head, &ctx.caller.user)?;
    }
    let gone = format!("{DELETED}{}", head.id);
    for model in belongings.models {
        let made_here = model.task.as_ref() == Some(&head.id);
        if !model.ready && how.delete_models {
            if model.in_use {
                if made_here {
                    tx.change_model(model.id.as_str(), vec![Change::Task(None)], user)?;
                }
                continue;
            }
            event_urls.extend(tx.event_urls(model.id.as_str())?);
            tx.delete_models(&[model.id.as_str()])?;
            note_deleted_entity(tx, model.id.as_str(), &ctx.caller.user)?;
            ctx.touched("model", model.id.as_str());
            done.deleted_models += 1;
            urls.models.extend(model.uri.filter(|uri| !uri.is_empty()));
        } else if made_here {
            let task = (mode == Mode::Delete).then(|| gone.clone());
            tx.change_model(model.id.as_str(), vec![Change::Task(task)], user)?;
            done.updated_models += usize::from(mode == Mode::Delete);
        }
    }
    tx.delete_events(head.id.as_str())?;
    if how.delete_files {
        // Whether the caller may delete a file is decided when it is done, for the caller's own rights (S15).
        let project = head.project.as_ref().map(|project| project.as_str());
        let cause = Cause { id: head.id.as_str(), project, folders: false };
        let all = urls.models.iter().chain(&urls.artifacts).cloned().chain(event_urls);
        doom_files(ctx, tx, cause, all.collect())?;
    }
    done.urls = how.return_urls.then_some(urls);
    Ok(done)
}
