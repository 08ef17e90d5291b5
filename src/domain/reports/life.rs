//! Publishing, archiving and deleting reports (spec/projects.md 6.6 to 6.8).

use super::{access, container};
use crate::{
    domain::{
        Ctx,
        tasks::{self, Disposal, Words},
    },
    types::{Json, Result},
};

/// A report has no models, and files that it shows may be shown by others too.
const REPORT_ONLY: Disposal =
    Disposal { force: false, delete_models: false, delete_files: false, return_urls: false };

fn saying(message: &str) -> Words {
    Words { message: message.to_owned(), ..Words::default() }
}

/// Publishes a report from any state, also once more. Returns the fields written.
///
/// Errors: 400/101, 403/21, 400/150.
pub fn publish(ctx: &Ctx<'_>, id: &str, message: &str) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| tasks::mark_published(ctx, tx, &mut access::writable(tx, id)?, &saying(message)))
}

/// Puts a report away.
///
/// Errors: 400/101, 403/21, 400/150.
pub fn archive(ctx: &Ctx<'_>, id: &str, message: &str) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| tasks::archive_task(ctx, tx, &access::writable(tx, id)?, &saying(message)))
}

/// Takes a report out again.
///
/// Errors: 400/101, 403/21, 400/150.
pub fn unarchive(ctx: &Ctx<'_>, id: &str, message: &str) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| tasks::unarchive_task(ctx, tx, &access::writable(tx, id)?, &saying(message)))
}

/// Deletes a report, and the project that held it when nothing else is left there.
///
/// Errors: 400/101, 403/21, 400/150; 400/123 it is published and not archived, unless `force`.
pub fn delete(ctx: &Ctx<'_>, id: &str, force: bool) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        tasks::delete_task(ctx, tx, id, false, Disposal { force, ..REPORT_ONLY })?;
        container::remove_if_empty(tx, head.project.as_ref())
    })
}
