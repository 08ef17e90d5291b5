//! Reading a file.

use super::{
    FilePath, Files,
    access::{Rules, Want},
    failed, not_found,
};
use crate::{
    domain::{Ctx, operations, perform},
    store::files::Blob,
    types::{ErrorKind, Result},
};

impl Files {
    /// Opens a file for the caller.
    ///
    /// Errors: 404/1 no such file, a directory, or one that the caller may not read.
    pub fn download(&self, ctx: &Ctx<'_>, path: &FilePath) -> Result<Box<dyn Blob>> {
        let operation = operations::find("files.download").ok_or(ErrorKind::InternalError)?;
        perform(operation, ctx, |ctx| {
            ctx.touched("file", path.as_str());
            let allowed = ctx.read(|snapshot| {
                let rules = Rules::load(snapshot, &ctx.caller.user, std::iter::once(path))?;
                Ok(rules.allow(Want::Read, path, snapshot.file(path)?.as_ref()))
            })?;
            if !allowed {
                return Err(not_found());
            }
            for tree in self.trees(ctx.app, &ctx.caller.tenant) {
                if let Some(blob) = self.blobs.open(&tree, path).map_err(failed)? {
                    return Ok(blob);
                }
            }
            Err(not_found())
        })
    }
}
