//! Files of the file server.

use super::Settled;
use crate::{
    domain::{App, Call, Ctx, files, models},
    store::{deletion::Waiting, files::FilePath},
    types::{CompanyId, ErrorKind, Result},
};

/// Deletes a file, or the files of a folder, of the tenant. What is not there counts as deleted.
pub(super) fn delete(app: &App, tenant: &CompanyId, row: &Waiting) -> Result<Settled> {
    let Some(path) = models::own_path(app, &row.url) else {
        return Ok(Settled::Never("the address is not one of this file server's any more".to_owned()));
    };
    let Some(path) = FilePath::from_url(path.trim_end_matches('/')) else {
        return Ok(Settled::Never("the address names no file".to_owned()));
    };
    let Some(files) = app.files.get() else {
        return Ok(Settled::Later("the file server is not open".to_owned()));
    };
    let ctx = Ctx::new(app, files::scheduled_caller(tenant), Call::internal());
    ctx.note(|note| note.remark = Some(format!("{} was deleted by {}", row.cause, row.user.as_str())));
    let deleted = if row.folder {
        files.delete_scheduled_folder(&ctx, &path)
    } else {
        files.delete_scheduled(&ctx, &path)
    };
    match deleted {
        Ok(()) => Ok(Settled::Gone),
        Err(error) => match error.kind() {
            ErrorKind::FileConflict => Ok(Settled::Never("a directory has this name".to_owned())),
            ErrorKind::GeneralError => Ok(Settled::Later(
                "the file could not be removed; the server's log has the details".to_owned(),
            )),
            _ => Err(error),
        },
    }
}
