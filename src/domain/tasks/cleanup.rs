//! What goes with the results of a task when it is reset or deleted: models it made, files, events, children
//! (protocol: spec/tasks.md 6.1 to 6.3). Everything is looked at before anything changes.

use std::collections::BTreeSet;

use crate::{
    domain::Ctx,
    store::{
        Tx,
        tasks::{LinkedModel, TaskField, TaskHead, UrlToDelete},
    },
    types::{ApiError, ErrorKind, Result},
};

use super::{items::artifact_id, references::DELETED};

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
    let mut done = Disposed::default();
    let mut urls = Urls { artifacts: belongings.artifact_urls, ..Urls::default() };
    let mut event_urls = tx.event_urls_of(head.id.as_str())?;
    if mode == Mode::Delete {
        done.children = tx.orphan_children(head, &ctx.caller.user)?;
    }
    let gone = format!("{DELETED}{}", head.id);
    for model in belongings.models {
        let made_here = model.task.as_ref() == Some(&head.id);
        if !model.ready && how.delete_models {
            if model.in_use {
                if made_here {
                    tx.set_model_task(&model.id, None, &ctx.caller.user)?;
                }
                continue;
            }
            event_urls.extend(tx.event_urls_of(model.id.as_str())?);
            tx.delete_events_of(model.id.as_str())?;
            tx.delete_linked_model(&model.id)?;
            ctx.touched("model", model.id.as_str());
            done.deleted_models += 1;
            urls.models.extend(model.uri.filter(|uri| !uri.is_empty()));
        } else if made_here {
            let task = (mode == Mode::Delete).then_some(gone.as_str());
            tx.set_model_task(&model.id, task, &ctx.caller.user)?;
            done.updated_models += usize::from(mode == Mode::Delete);
        }
    }
    tx.delete_events_of(head.id.as_str())?;
    if how.delete_files && ctx.app.settings.services.async_urls_delete.enabled {
        for url in urls.models.iter().chain(&urls.artifacts).chain(&event_urls) {
            schedule(ctx, tx, head, url)?;
        }
    }
    done.urls = how.return_urls.then_some(urls);
    Ok(done)
}

/// Has the server delete a file, if it is in a place that the server knows how to delete from. Whether the caller
/// may delete it is decided when it is done, for the caller's own rights (spec/security_rules.md S15).
fn schedule(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, url: &str) -> Result<()> {
    let Some(storage) = storage_of(url, &own_prefixes(ctx)) else { return Ok(()) };
    tx.schedule_url(&UrlToDelete {
        url,
        storage,
        task: head.id.as_str(),
        project: head.project.as_ref().map(|project| project.as_str()),
        user: &ctx.caller.user,
    })
}

/// Addresses under which this server's files are reached.
fn own_prefixes(ctx: &Ctx<'_>) -> Vec<String> {
    let configured = &ctx.app.settings.services.async_urls_delete.fileserver.url_prefixes;
    configured.clone().unwrap_or_else(|| {
        let urls = &ctx.app.urls;
        [urls.files.clone(), format!("{}/files", urls.web)]
            .into_iter()
            .filter(|prefix| prefix.contains("://"))
            .collect()
    })
}

/// The kind of storage that an address lies in; `None` where the server can't delete.
fn storage_of(url: &str, own: &[String]) -> Option<&'static str> {
    for (prefix, storage) in [("s3://", "s3"), ("azure://", "azure"), ("gs://", "gs")] {
        if url.starts_with(prefix) {
            return Some(storage);
        }
    }
    let below = |prefix: &String| {
        url.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
    };
    own.iter().any(below).then_some("fileserver")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_places_are_deleted_from() {
        let own = ["http://files:8081".to_owned(), "https://web/files/".to_owned()];
        for (url, storage) in [
            ("s3://bucket/key", Some("s3")),
            ("gs://b/k", Some("gs")),
            ("azure://a/b", Some("azure")),
            ("http://files:8081/p/t.1/a.bin", Some("fileserver")),
            ("https://web/files/p/a.bin", Some("fileserver")),
            ("http://files:80811/p/a.bin", None),
            ("https://elsewhere/a.bin", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(storage_of(url, &own), storage, "{url}");
        }
    }
}
