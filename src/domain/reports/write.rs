//! Writing reports (spec/projects.md 6.1, 6.2).

use super::{KIND, access, container, excerpt};
use crate::{
    domain::{
        Ctx, tags,
        tasks::{self, Status},
    },
    store::tasks::{NewTask, TaskField, TaskUpdate},
    types::{ApiError, ErrorKind, Json, Result, TaskId},
};

/// What [`create`] takes.
#[derive(Clone, Debug, Default)]
pub struct NewReport {
    /// Name, of at least three characters; need not be unique.
    pub name: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Comment.
    pub comment: Option<String>,
    /// The text, in markdown.
    pub report: Option<String>,
    /// Addresses of files that the text shows.
    pub assets: Vec<String>,
    /// The project it is about; `None`: the root.
    pub project: Option<String>,
}

fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    if name.chars().count() < 3 {
        let text = "the name of a report needs at least 3 characters";
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("field", "name"));
    }
    Ok(name)
}

/// Writes a new report. Returns its id and that of the project that holds it.
///
/// Errors: 400/12 name; 400/16 tags; 400/401, 403/21 project; 400/409, 400/414 the project for reports can't be made.
pub fn create(ctx: &Ctx<'_>, new: &NewReport) -> Result<(TaskId, String)> {
    let name = checked_name(&new.name)?;
    let mut update = TaskUpdate::new();
    update
        .set(TaskField::SystemTags, container::marks())
        .set(TaskField::Tags, tags::checked(new.tags.clone())?)
        .set(TaskField::Comment, new.comment.clone())
        .set(TaskField::Report, new.report.clone())
        .set(TaskField::ReportAssets, new.assets.clone());
    let id = TaskId::fresh();
    ctx.touched("task", id.as_str());
    ctx.write(|tx| {
        let project = container::of_project(ctx, tx, new.project.as_deref())?;
        update.set(TaskField::Project, project.id.as_str());
        tx.insert_task(&NewTask { id: &id, user: &ctx.caller.user, name, kind: KIND }, &update)?;
        tx.touch_project(&project.id)?;
        Ok(project.id)
    })
    .map(|project| (id.clone(), project))
}

/// What [`update`] changes; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ReportChange {
    /// Name.
    pub name: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Comment.
    pub comment: Option<String>,
    /// The text; drafts only.
    pub report: Option<String>,
    /// Addresses of files that the text shows; drafts only.
    pub assets: Option<Vec<String>>,
}

/// Changes a report. Returns what was changed as the answer shows it, the text in short; empty when nothing was sent.
///
/// Errors: 400/101, 403/21, 400/150; 400/110 the text of what is no draft; 400/12 name; 400/16 tags.
pub fn update(ctx: &Ctx<'_>, id: &str, change: ReportChange) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        let changes_text = change.report.is_some() || change.assets.is_some();
        if changes_text && Status::stored(&head.status) != Status::Created {
            let text = "only the text of a draft can be changed; name, tags and comment always";
            return Err(ApiError::new(ErrorKind::InvalidTaskStatus, text)
                .with("expected", Status::Created.as_str())
                .with("status", head.status.as_str()));
        }
        let mut update = TaskUpdate::new();
        let mut shown = Json::new();
        if let Some(name) = &change.name {
            let name = checked_name(name)?;
            shown.insert("name".to_owned(), name.into());
            update.set(TaskField::Name, name);
        }
        if let Some(tags) = change.tags {
            let tags = tags::checked(tags)?;
            shown.insert("tags".to_owned(), tags.clone().into());
            update.set(TaskField::Tags, tags);
        }
        if let Some(comment) = change.comment {
            shown.insert("comment".to_owned(), comment.as_str().into());
            update.set(TaskField::Comment, comment);
        }
        if let Some(report) = change.report {
            shown.insert("report".to_owned(), excerpt::of(&report).into());
            update.set(TaskField::Report, report);
        }
        if let Some(assets) = change.assets {
            shown.insert("report_assets".to_owned(), assets.clone().into());
            update.set(TaskField::ReportAssets, assets);
        }
        if !update.is_empty() {
            update.changed(tx, &ctx.caller.user, true);
            tasks::store(tx, &head, &update)?;
        }
        Ok(shown)
    })
}
