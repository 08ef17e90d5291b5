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

    /// A whole file, when it has at most `most` bytes; `None` when it has more.
    ///
    /// Errors: as [`Files::download`].
    pub fn read_small(&self, ctx: &Ctx<'_>, path: &FilePath, most: usize) -> Result<Option<Vec<u8>>> {
        let blob = self.download(ctx, path)?;
        let size = usize::try_from(blob.info().size).unwrap_or(usize::MAX);
        if size > most {
            return Ok(None);
        }
        let mut bytes = vec![0; size];
        let mut filled = 0;
        while filled < size {
            let Some(rest) = bytes.get_mut(filled..) else { break };
            match blob.read_at(rest, filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => {
                    tracing::warn!(%error, "a stored file could not be read");
                    return Err(ErrorKind::GeneralError.into());
                }
            }
        }
        bytes.truncate(filled);
        Ok(Some(bytes))
    }
}
