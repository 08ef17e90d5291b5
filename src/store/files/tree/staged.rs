//! A file on its way in: received in `incoming/`, flushed, moved into place, and moved back if its row fails.

use std::{fs::File, io::Write as _, os::fd::OwnedFd, sync::Arc};

use rustix::{
    fs::{self, AtFlags, FileType, OFlags, RenameFlags},
    io::Errno,
};

use super::{Layout, PRIVATE_FILE, blob_error, is_absent};
use crate::{
    store::files::{BlobError, FilePath, PublishedBlob, SealedBlob, StagedBlob, Tree},
    types::new_id,
};

/// Written data is flushed this often, in bytes: the last flush, for which the client waits, stays short.
const FLUSH_EVERY: u64 = 256 << 20;
/// A directory may be pruned between making it and moving a file into it; that is tried again.
const ATTEMPTS: u32 = 64;

pub(super) struct Staged {
    file: File,
    unflushed: u64,
    name: Incoming,
    to: (Tree, FilePath),
}

/// A name in `incoming/` that vanishes with this value.
struct Incoming {
    layout: Arc<Layout>,
    name: String,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        match fs::unlinkat(&self.layout.incoming, &self.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => tracing::warn!(error = %errno, "an unfinished upload could not be removed"),
        }
    }
}

impl Incoming {
    /// Moves the file to its place; `NOENT` when a directory vanished under way.
    fn move_to(&self, tree: &Tree, path: &FilePath) -> Result<(OwnedFd, OwnedFd, Moved), Errno> {
        let tree = self.layout.make_tree(tree)?;
        let parent = self.layout.make_parent(&tree, path)?;
        let moved = move_in(&self.layout.incoming, &self.name, &parent, path.name())?;
        Ok((tree, parent, moved))
    }
}

impl Staged {
    pub(super) fn begin(
        layout: &Arc<Layout>,
        tree: &Tree,
        path: &FilePath,
    ) -> Result<Box<dyn StagedBlob>, BlobError> {
        let name = new_id();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&layout.incoming, &name, flags, PRIVATE_FILE).map_err(blob_error)?;
        let name = Incoming { layout: Arc::clone(layout), name };
        let to = (tree.clone(), path.clone());
        Ok(Box::new(Staged { file: File::from(file), unflushed: 0, name, to }))
    }
}

fn write_error(error: std::io::Error) -> BlobError {
    match Errno::from_io_error(&error) {
        Some(errno) => blob_error(errno),
        None => BlobError::Io(error),
    }
}

impl StagedBlob for Staged {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.file.write_all(bytes).map_err(write_error)?;
        self.unflushed += bytes.len() as u64;
        if self.unflushed >= FLUSH_EVERY {
            self.file.sync_data().map_err(write_error)?;
            self.unflushed = 0;
        }
        Ok(())
    }

    fn seal(self: Box<Self>) -> Result<Box<dyn SealedBlob>, BlobError> {
        self.file.sync_all().map_err(write_error)?;
        // The descriptor is closed here: a request may bring many files.
        Ok(Box::new(Sealed { incoming: self.name, to: self.to }))
    }
}

struct Sealed {
    incoming: Incoming,
    to: (Tree, FilePath),
}

impl SealedBlob for Sealed {
    fn publish(self: Box<Self>) -> Result<Box<dyn PublishedBlob>, BlobError> {
        let Sealed { incoming, to: (tree, path) } = *self;
        for _ in 0..ATTEMPTS {
            let (tree, parent, moved) = match incoming.move_to(&tree, &path) {
                Ok(places) => places,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(blob_error(errno)),
            };
            let published = Published { incoming, tree, parent, path, moved, kept: false };
            // If this fails, dropping `published` moves everything back.
            fs::fsync(&published.parent).map_err(blob_error)?;
            return Ok(Box::new(published));
        }
        Err(BlobError::Conflict)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    /// Nothing stood there.
    New,
    /// The old file stands under the incoming name now.
    Exchanged,
    /// The old file is gone: the file system can't exchange names.
    Replaced,
}

/// Moves a file into place so that what stood there can be put back.
fn move_in(incoming: &OwnedFd, from: &str, parent: &OwnedFd, to: &str) -> Result<Moved, Errno> {
    match fs::renameat_with(incoming, from, parent, to, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(Moved::New),
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => {}
        Err(errno) => return Err(errno),
    }
    if is_directory(parent, to)? {
        return Err(Errno::ISDIR);
    }
    match fs::renameat_with(incoming, from, parent, to, RenameFlags::EXCHANGE) {
        Ok(()) => {}
        // Some network file systems only know the plain rename, which never replaces a directory by a file.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::renameat(incoming, from, parent, to)?;
            return Ok(Moved::Replaced);
        }
        Err(errno) => return Err(errno),
    }
    // A directory may have taken the name since it was looked at.
    if is_directory(incoming, from)? {
        fs::renameat_with(incoming, from, parent, to, RenameFlags::EXCHANGE)?;
        return Err(Errno::ISDIR);
    }
    Ok(Moved::Exchanged)
}

fn is_directory(parent: &OwnedFd, name: &str) -> Result<bool, Errno> {
    match fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory),
        Err(errno) if is_absent(errno) => Ok(false),
        Err(errno) => Err(errno),
    }
}

struct Published {
    /// Dropped last: what stands under the incoming name then, the old file or nothing, is removed.
    incoming: Incoming,
    tree: OwnedFd,
    parent: OwnedFd,
    path: FilePath,
    moved: Moved,
    kept: bool,
}

impl PublishedBlob for Published {
    fn keep(mut self: Box<Self>) {
        self.kept = true;
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let layout = &self.incoming.layout;
        let undone = match self.moved {
            Moved::New => fs::unlinkat(&self.parent, self.path.name(), AtFlags::empty()),
            Moved::Exchanged => {
                let flags = RenameFlags::EXCHANGE;
                fs::renameat_with(
                    &layout.incoming,
                    &self.incoming.name,
                    &self.parent,
                    self.path.name(),
                    flags,
                )
            }
            Moved::Replaced => Err(Errno::NOTSUP),
        };
        if let Err(errno) = undone.and_then(|()| fs::fsync(&self.parent)) {
            tracing::error!(error = %errno, "a refused upload could not be taken back");
        }
        if self.moved == Moved::New {
            layout.prune(&self.tree, &self.path);
        }
    }
}
