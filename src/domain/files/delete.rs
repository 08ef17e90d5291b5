//! Deleting files and directories.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::{
    FilePath, Files,
    access::{Rules, Want},
    failed, not_found,
};
use crate::{
    domain::{App, Ctx, operations, perform},
    store::files::{BadPath, Found, Listing, Tree},
    types::{CompanyId, ErrorKind, Result},
};

/// So many files are deleted in one transaction, and named by one entry of the audit.
pub const REMOVED_AT_ONCE: usize = 200;

/// What became of the paths of a `delete_many` (spec/files.md 2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Texts as sent and the paths they meant.
    pub deleted: Vec<(String, String)>,
    /// Reasons, and the texts as sent that failed for each.
    pub errors: BTreeMap<&'static str, Vec<String>>,
}

const EMPTY_PATH: &str = "Empty path not allowed";
const NOT_FOUND: &str = "Not found";
const NOT_A_FILE: &str = "Not a file or folder";
const FAILED: &str = "The file could not be removed; the server's log has the details";

/// What one path of a request stands for.
#[derive(Default)]
struct Target {
    /// Files to remove, by tree.
    files: Vec<(Tree, FilePath)>,
    /// Directories that shall be gone afterwards, by tree.
    directories: Vec<(Tree, Vec<FilePath>)>,
    /// There is something, but neither file nor directory.
    other: bool,
}

impl Target {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.directories.is_empty()
    }
}

impl Files {
    /// Deletes one file.
    ///
    /// Errors: 404/1 no such file, a directory, or a file that the caller may not delete.
    pub fn delete(&self, ctx: &Ctx<'_>, path: &FilePath) -> Result<()> {
        let operation = operations::find("files.delete").ok_or(ErrorKind::InternalError)?;
        perform(operation, ctx, |ctx| {
            ctx.touched("file", path.as_str());
            let mut target = self.target(ctx.app, &ctx.caller.tenant, path)?;
            if target.is_empty() && ctx.read(|snapshot| snapshot.file(path))?.is_some() {
                // A crash may have left the row of a file that is gone; it counts until it is gone as well.
                target.files.push((Tree::Tenant(ctx.caller.tenant.clone()), path.clone()));
            }
            if target.files.is_empty()
                || !target.directories.is_empty()
                || !self.may_delete(ctx, &target.files)?
            {
                return Err(not_found());
            }
            if self.remove(ctx, &target.files)? { Ok(()) } else { Err(not_found()) }
        })
    }

    /// Deletes files and whole directories. A directory goes only if the caller may delete every file in it.
    pub fn delete_many(&self, ctx: &Ctx<'_>, sent: &[String]) -> Result<Outcome> {
        let operation = operations::find("files.delete_many").ok_or(ErrorKind::InternalError)?;
        perform(operation, ctx, |ctx| {
            let mut outcome = Outcome::default();
            for text in sent {
                match self.delete_tree(ctx, text)? {
                    Ok(path) => outcome.deleted.push((text.clone(), path)),
                    Err(reason) => outcome.errors.entry(reason).or_default().push(text.clone()),
                }
            }
            Ok(outcome)
        })
    }

    /// Deletes what one text of a `delete_many` means, or says why not.
    fn delete_tree(&self, ctx: &Ctx<'_>, sent: &str) -> Result<Result<String, &'static str>> {
        let mut reason = NOT_FOUND;
        // A plus is a plus in names that we stored, and a blank for clients that encode forms.
        let literal = percent_decode_str(sent).decode_utf8().ok();
        let form =
            percent_decode_str(&sent.replace('+', " ")).decode_utf8().ok().map(|text| text.into_owned());
        let readings =
            literal.map(|text| text.into_owned()).into_iter().chain(form.filter(|_| sent.contains('+')));
        for text in readings {
            if text.chars().all(|c| c == '/') {
                return Ok(Err(EMPTY_PATH));
            }
            if text.starts_with('/') {
                continue;
            }
            let path = match FilePath::parse(&text) {
                Ok(path) => path,
                // Whoever names the root would lose everything.
                Err(BadPath::Root) => return Ok(Err(EMPTY_PATH)),
                Err(BadPath::Outside | BadPath::Impossible) => continue,
            };
            let target = match self.target(ctx.app, &ctx.caller.tenant, &path) {
                Ok(target) => target,
                Err(error) if error.kind() == ErrorKind::GeneralError => return Ok(Err(FAILED)),
                Err(error) => return Err(error),
            };
            if target.is_empty() {
                reason = if target.other { NOT_A_FILE } else { reason };
                continue;
            }
            if !self.may_delete(ctx, &target.files)? {
                continue;
            }
            return Ok(match self.remove(ctx, &target.files) {
                Ok(_) => {
                    for (tree, directories) in &target.directories {
                        self.blobs.remove_empty(tree, directories);
                    }
                    Ok(text)
                }
                Err(error) if error.kind() == ErrorKind::GeneralError => Err(FAILED),
                Err(error) => return Err(error),
            });
        }
        Ok(Err(reason))
    }

    /// Deletes a file on behalf of the server, as [`scheduled_caller`] of the tenant: a deletion that was authorised when
    /// it was scheduled. A file that is not there counts as deleted (spec/files.md 5.4, spec/security_rules.md S15).
    pub fn delete_scheduled(&self, ctx: &Ctx<'_>, path: &FilePath) -> Result<()> {
        let operation = operations::find("files.delete_scheduled").ok_or(ErrorKind::InternalError)?;
        perform(operation, ctx, |ctx| {
            ctx.touched("file", path.as_str());
            let mut target = self.target(ctx.app, &ctx.caller.tenant, path)?;
            if !target.directories.is_empty() {
                return Err(ErrorKind::FileConflict.into());
            }
            if target.files.is_empty() {
                target.files.push((Tree::Tenant(ctx.caller.tenant.clone()), path.clone()));
            }
            self.remove(ctx, &target.files).map(drop)
        })
    }

    /// As [`Files::delete_scheduled`], for every file below a directory. Files that belong to a task, model or report that
    /// still exists stay: the folder was scheduled because something in it had to go, not because all of it had to.
    pub fn delete_scheduled_folder(&self, ctx: &Ctx<'_>, path: &FilePath) -> Result<()> {
        let operation = operations::find("files.delete_scheduled").ok_or(ErrorKind::InternalError)?;
        perform(operation, ctx, |ctx| {
            ctx.touched("folder", path.as_str());
            let mut target = self.target(ctx.app, &ctx.caller.tenant, path)?;
            ctx.read(|snapshot| {
                let rules =
                    Rules::load(snapshot, &ctx.caller.user, target.files.iter().map(|(_, path)| path))?;
                target.files.retain(|(_, path)| rules.owner(path).is_none());
                Ok(())
            })?;
            self.remove(ctx, &target.files)?;
            for (tree, directories) in &target.directories {
                self.blobs.remove_empty(tree, directories);
            }
            Ok(())
        })
    }

    fn target(&self, app: &App, tenant: &CompanyId, path: &FilePath) -> Result<Target> {
        let mut target = Target::default();
        for (tree, found) in self.find(app, tenant, path)? {
            match found {
                Found::File => target.files.push((tree, path.clone())),
                Found::Directory => {
                    let Listing { files, directories } =
                        self.blobs.list(&tree, Some(path)).map_err(failed)?;
                    target.files.extend(files.into_iter().map(|file| (tree.clone(), file)));
                    target
                        .directories
                        .push((tree, std::iter::once(path.clone()).chain(directories).collect()));
                }
                Found::Other => target.other = true,
                Found::Nothing => {}
            }
        }
        Ok(target)
    }

    fn may_delete(&self, ctx: &Ctx<'_>, files: &[(Tree, FilePath)]) -> Result<bool> {
        ctx.read(|snapshot| {
            let rules = Rules::load(snapshot, &ctx.caller.user, files.iter().map(|(_, path)| path))?;
            for (_, path) in files {
                if !rules.allow(Want::Delete, path, snapshot.file(path)?.as_ref()) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Removes files and then their rows, some at a time: a large directory must not hold the writer. Whether any was
    /// there.
    fn remove(&self, ctx: &Ctx<'_>, files: &[(Tree, FilePath)]) -> Result<bool> {
        let mut any = false;
        for some in files.chunks(REMOVED_AT_ONCE) {
            let _locks = self.locks.lock(&ctx.caller.tenant, some.iter().map(|(_, path)| path));
            ctx.note(|note| {
                note.objects = some.iter().map(|(_, path)| ("file", path.to_string())).collect();
            });
            for group in some.chunk_by(|(a, _), (b, _)| a == b) {
                let Some((tree, _)) = group.first() else { continue };
                let paths: Vec<FilePath> = group.iter().map(|(_, path)| path.clone()).collect();
                any |= self.remove_blobs(tree, &paths)?;
            }
            ctx.write(|tx| some.iter().try_for_each(|(_, path)| tx.forget_file(path)))?;
        }
        Ok(any)
    }

    fn remove_blobs(&self, tree: &Tree, paths: &[FilePath]) -> Result<bool> {
        let mut any = false;
        for removed in self.blobs.remove(tree, paths) {
            any |= removed.map_err(failed)?;
        }
        Ok(any)
    }
}
