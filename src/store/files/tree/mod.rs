//! Bytes on the local disk: `tenants/<tenant>/<path>`, `legacy/<path>`, and `incoming/` for what is being received.
//!
//! Every path is resolved by the kernel relative to the descriptor of its tree, without following links and without
//! leaving the tree; nothing is checked first and used later (spec/security_rules.md S14).

mod beneath;
mod staged;

use std::{
    fs::File,
    io,
    os::{
        fd::OwnedFd,
        unix::fs::{FileExt as _, MetadataExt as _},
    },
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rustix::{
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};

use self::beneath::{Beneath, is_absent};
use super::{Blob, BlobError, BlobInfo, BlobStore, FilePath, Found, Listing, StagedBlob, Tree};
use crate::{crypto::files::FileError, types::CompanyId};

const PRIVATE_DIR: Mode = Mode::RWXU;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);
const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Not blocking, so that a pipe that somebody put there can't hold a thread.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// The [`BlobStore`] on the local disk.
pub struct LocalTree(Arc<Layout>);

/// Descriptors of the directories at the top, opened once.
struct Layout {
    root: OwnedFd,
    tenants: OwnedFd,
    incoming: OwnedFd,
    beneath: Beneath,
}

impl LocalTree {
    /// Opens the root directory, making it as needed, and deletes what interrupted uploads left behind. Only one
    /// process may do so: hold the lock of the data directory.
    ///
    /// Errors name the directory: they are for the terminal.
    pub fn open(root: &Path) -> Result<LocalTree, FileError> {
        let failed = |action, name: &str| {
            let path = root.join(name);
            move |errno: Errno| FileError::Io { action, path, source: errno.into() }
        };
        if !root.is_dir() {
            crate::crypto::files::create_private_dir(root)?;
        }
        let top = fs::open(root, DIRECTORY.difference(OFlags::NOFOLLOW), Mode::empty())
            .map_err(failed("open", ""))?;
        let directory = |name: &str| {
            make_directory(&top, name).map_err(failed("create", name))?;
            fs::openat(&top, name, DIRECTORY, Mode::empty()).map_err(failed("open", name))
        };
        let (tenants, incoming) = (directory("tenants")?, directory("incoming")?);
        clear(&incoming).map_err(|source| FileError::Io {
            action: "clear",
            path: root.join("incoming"),
            source,
        })?;
        let beneath = Beneath::default();
        Ok(LocalTree(Arc::new(Layout { root: top, tenants, incoming, beneath })))
    }

    /// Opens a root directory to look at it: makes nothing, deletes nothing, and may be used beside a running server.
    /// `None` when nothing was ever stored there.
    ///
    /// Errors name the directory: they are for the terminal.
    pub fn inspect(root: &Path) -> Result<Option<LocalTree>, FileError> {
        let open = |path: &Path| match fs::open(path, DIRECTORY.difference(OFlags::NOFOLLOW), Mode::empty()) {
            Ok(directory) => Ok(Some(directory)),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(FileError::Io { action: "open", path: path.to_owned(), source: errno.into() }),
        };
        let opened = (open(root)?, open(&root.join("tenants"))?, open(&root.join("incoming"))?);
        let (Some(root), Some(tenants), Some(incoming)) = opened else { return Ok(None) };
        let beneath = Beneath::default();
        Ok(Some(LocalTree(Arc::new(Layout { root, tenants, incoming, beneath }))))
    }
}

/// Removes what interrupted uploads left behind.
fn clear(incoming: &OwnedFd) -> io::Result<()> {
    let mut removed = 0_u32;
    for entry in Dir::read_from(incoming)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            fs::unlinkat(incoming, name, AtFlags::empty())?;
            removed += 1;
        }
    }
    if removed > 0 {
        tracing::info!(removed, "removed what interrupted uploads had left behind");
    }
    Ok(())
}

/// Makes a directory that survives power loss; one that exists is fine.
fn make_directory(parent: &OwnedFd, name: &str) -> Result<(), Errno> {
    match fs::mkdirat(parent, name, PRIVATE_DIR) {
        Ok(()) => fs::fsync(parent),
        Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// A tenant's id as the name of a directory. Ids are hexadecimal; configuration may bring others.
pub(super) fn directory_name(tenant: &str) -> String {
    const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    utf8_percent_encode(tenant, UNSAFE).to_string()
}

/// The tree of the tenant whose directory has this name; none for a name that we never gave.
pub(super) fn tree_named(name: &str) -> Option<Tree> {
    let id = percent_decode_str(name).decode_utf8().ok()?;
    (directory_name(&id) == name).then(|| Tree::Tenant(CompanyId::from(id.as_ref())))
}

fn blob_error(errno: Errno) -> BlobError {
    match errno {
        Errno::NOSPC | Errno::DQUOT => BlobError::Full,
        Errno::NAMETOOLONG => BlobError::BadName,
        Errno::NOTDIR | Errno::ISDIR | Errno::EXIST | Errno::NOTEMPTY | Errno::LOOP => BlobError::Conflict,
        other => BlobError::Io(other.into()),
    }
}

impl Layout {
    /// The directory of a tree; `None` while the tree has no file.
    fn tree(&self, tree: &Tree) -> Result<Option<OwnedFd>, Errno> {
        let opened = match tree {
            Tree::Tenant(tenant) => {
                fs::openat(&self.tenants, directory_name(tenant.as_str()), DIRECTORY, Mode::empty())
            }
            Tree::Legacy => fs::openat(&self.root, "legacy", DIRECTORY, Mode::empty()),
        };
        match opened {
            Ok(directory) => Ok(Some(directory)),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The directory of a tree, made as needed.
    fn make_tree(&self, tree: &Tree) -> Result<OwnedFd, Errno> {
        match tree {
            Tree::Tenant(tenant) => {
                let name = directory_name(tenant.as_str());
                make_directory(&self.tenants, &name)?;
                fs::openat(&self.tenants, name, DIRECTORY, Mode::empty())
            }
            Tree::Legacy => {
                make_directory(&self.root, "legacy")?;
                fs::openat(&self.root, "legacy", DIRECTORY, Mode::empty())
            }
        }
    }

    /// Opens the directory that holds `path`; `None` when there is none.
    fn parent(&self, tree: &OwnedFd, path: &FilePath) -> Result<Option<OwnedFd>, Errno> {
        let opened = match path.parent() {
            Some(parent) => self.beneath.open(tree, parent.as_str(), DIRECTORY),
            None => fs::openat(tree, ".", DIRECTORY, Mode::empty()),
        };
        match opened {
            Ok(directory) => Ok(Some(directory)),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Opens the directory that holds `path`, making it and those above it as needed.
    fn make_parent(&self, tree: &OwnedFd, path: &FilePath) -> Result<OwnedFd, Errno> {
        if let Some(directory) = self.parent(tree, path)? {
            return Ok(directory);
        }
        let mut directory = fs::openat(tree, ".", DIRECTORY, Mode::empty())?;
        let parent = path.parent();
        for segment in parent.iter().flat_map(FilePath::segments) {
            make_directory(&directory, segment)?;
            directory = fs::openat(&directory, segment, DIRECTORY, Mode::empty())?;
        }
        Ok(directory)
    }

    /// Removes the directories above `path` that are empty, up to the tree's own.
    fn prune(&self, tree: &OwnedFd, path: &FilePath) {
        let mut directory = path.parent();
        while let Some(path) = directory {
            if !self.remove_directory(tree, &path) {
                return;
            }
            directory = path.parent();
        }
    }

    fn remove_directory(&self, tree: &OwnedFd, path: &FilePath) -> bool {
        let Ok(Some(above)) = self.parent(tree, path) else { return false };
        fs::unlinkat(above, path.name(), AtFlags::REMOVEDIR).is_ok()
    }

    fn list(&self, tree: &OwnedFd, top: Option<FilePath>) -> Result<Listing, BlobError> {
        let (mut files, mut directories, mut next) = (Vec::new(), Vec::new(), vec![top]);
        // Every directory is opened anew by its path: a deep tree must not cost a descriptor per level.
        while let Some(path) = next.pop() {
            let opened = match &path {
                Some(path) => self.beneath.open(tree, path.as_str(), DIRECTORY),
                None => fs::openat(tree, ".", DIRECTORY, Mode::empty()),
            };
            let opened = match opened {
                Ok(opened) => opened,
                Err(errno) if is_absent(errno) => continue,
                Err(errno) => return Err(blob_error(errno)),
            };
            for entry in Dir::read_from(&opened).map_err(blob_error)? {
                let entry = entry.map_err(blob_error)?;
                // A name that is no UTF-8 has no address and was never ours.
                let name = entry.file_name().to_str().ok();
                let Some(below) = name.and_then(|name| FilePath::entry(path.as_ref(), name)) else {
                    continue;
                };
                let kind = match entry.file_type() {
                    FileType::Unknown => {
                        match fs::statat(&opened, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                            Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                            Err(_) => continue,
                        }
                    }
                    known => known,
                };
                match kind {
                    FileType::RegularFile => files.push(below),
                    FileType::Directory => {
                        directories.push(below.clone());
                        next.push(Some(below));
                    }
                    _ => {}
                }
            }
        }
        files.sort_unstable();
        directories.sort_unstable();
        Ok(Listing { files, directories })
    }
}

impl BlobStore for LocalTree {
    fn stage(&self, tree: &Tree, path: &FilePath) -> Result<Box<dyn StagedBlob>, BlobError> {
        staged::Staged::begin(&self.0, tree, path)
    }

    fn open(&self, tree: &Tree, path: &FilePath) -> Result<Option<Box<dyn Blob>>, BlobError> {
        let Some(directory) = self.0.tree(tree).map_err(blob_error)? else { return Ok(None) };
        let file = match self.0.beneath.open(&directory, path.as_str(), READ) {
            Ok(file) => File::from(file),
            Err(errno) if is_absent(errno) => return Ok(None),
            Err(errno) => return Err(blob_error(errno)),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let tag = format!("{:x}-{:x}-{:x}", since.as_nanos(), metadata.len(), metadata.ino());
        Ok(Some(Box::new(LocalBlob { file, info: BlobInfo { size: metadata.len(), modified, tag } })))
    }

    fn find(&self, tree: &Tree, path: &FilePath) -> Result<Found, BlobError> {
        let Some(directory) = self.0.tree(tree).map_err(blob_error)? else { return Ok(Found::Nothing) };
        let Some(parent) = self.0.parent(&directory, path).map_err(blob_error)? else {
            return Ok(Found::Nothing);
        };
        let stat = match fs::statat(parent, path.name(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(errno) if is_absent(errno) => return Ok(Found::Nothing),
            Err(errno) => return Err(blob_error(errno)),
        };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Found::File,
            FileType::Directory => Found::Directory,
            _ => Found::Other,
        })
    }

    fn list(&self, tree: &Tree, directory: Option<&FilePath>) -> Result<Listing, BlobError> {
        match self.0.tree(tree).map_err(blob_error)? {
            Some(top) => self.0.list(&top, directory.cloned()),
            None => Ok(Listing::default()),
        }
    }

    fn trees(&self) -> Result<Vec<Tree>, BlobError> {
        let mut trees = Vec::new();
        for entry in Dir::read_from(&self.0.tenants).map_err(blob_error)? {
            let entry = entry.map_err(blob_error)?;
            trees.extend(entry.file_name().to_str().ok().and_then(tree_named));
        }
        if self.0.tree(&Tree::Legacy).map_err(blob_error)?.is_some() {
            trees.push(Tree::Legacy);
        }
        trees.sort_unstable();
        Ok(trees)
    }

    fn remove(&self, tree: &Tree, paths: &[FilePath]) -> Vec<Result<bool, BlobError>> {
        let directory = match self.0.tree(tree) {
            Ok(Some(directory)) => directory,
            Ok(None) => return paths.iter().map(|_| Ok(false)).collect(),
            Err(errno) => return paths.iter().map(|_| Err(blob_error(errno))).collect(),
        };
        let mut results = Vec::with_capacity(paths.len());
        // Neighbours share the descriptor and the flush of their directory.
        for group in paths.chunk_by(|a, b| a.parent() == b.parent()) {
            let parent = group.first().map(|path| self.0.parent(&directory, path)).transpose();
            let parent = match parent.map(Option::flatten) {
                Ok(Some(parent)) => parent,
                Ok(None) => {
                    results.extend(group.iter().map(|_| Ok(false)));
                    continue;
                }
                Err(errno) => {
                    results.extend(group.iter().map(|_| Err(blob_error(errno))));
                    continue;
                }
            };
            let removed: Vec<Result<bool, Errno>> =
                group.iter().map(|path| remove_file(&parent, path)).collect();
            let flushed = fs::fsync(&parent);
            results.extend(removed.into_iter().map(|result| match result {
                Ok(true) => flushed.map(|()| true).map_err(blob_error),
                other => other.map_err(blob_error),
            }));
            drop(parent);
            if let Some(path) = group.first() {
                self.0.prune(&directory, path);
            }
        }
        results
    }

    fn remove_empty(&self, tree: &Tree, directories: &[FilePath]) {
        let Ok(Some(directory)) = self.0.tree(tree) else { return };
        for path in directories.iter().rev() {
            self.0.remove_directory(&directory, path);
        }
        if let Some(path) = directories.first() {
            self.0.prune(&directory, path);
        }
    }

    fn forget(&self, tree: &Tree) -> Result<(), BlobError> {
        let removed = match tree {
            Tree::Tenant(tenant) => {
                fs::unlinkat(&self.0.tenants, directory_name(tenant.as_str()), AtFlags::REMOVEDIR)
            }
            Tree::Legacy => fs::unlinkat(&self.0.root, "legacy", AtFlags::REMOVEDIR),
        };
        match removed {
            Ok(()) => fs::fsync(&self.0.tenants).map_err(blob_error),
            Err(errno) if is_absent(errno) => Ok(()),
            Err(errno) => Err(blob_error(errno)),
        }
    }

    fn free_space(&self) -> Result<u64, BlobError> {
        let stat = fs::fstatvfs(&self.0.root).map_err(blob_error)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Removes a regular file; anything else is no file of ours.
fn remove_file(parent: &OwnedFd, path: &FilePath) -> Result<bool, Errno> {
    match fs::statat(parent, path.name(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {}
        Ok(_) => return Ok(false),
        Err(errno) if is_absent(errno) => return Ok(false),
        Err(errno) => return Err(errno),
    }
    // Whatever the name stands for by now, unlinking removes the name and never follows it.
    match fs::unlinkat(parent, path.name(), AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

struct LocalBlob {
    file: File,
    info: BlobInfo,
}

impl Blob for LocalBlob {
    fn info(&self) -> &BlobInfo {
        &self.info
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}

#[cfg(test)]
mod tests;
