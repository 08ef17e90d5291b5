//! What the file server asks of the place where bytes are kept. Nothing here knows HTTP or the database.

use std::{io, time::SystemTime};

use super::FilePath;
use crate::types::CompanyId;

/// A tree of files. Trees never overlap: a path of one can't reach another (spec/security_rules.md S14).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tree {
    /// A tenant's own files.
    Tenant(CompanyId),
    /// Files taken over from an earlier installation, which knew no tenants; they belong to the default tenant.
    Legacy,
}

/// Why bytes could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No room left.
    #[error("the disk is full")]
    Full,
    /// The path is taken by a directory, or a parent of it is a file.
    #[error("a file and a directory can't have the same name")]
    Conflict,
    /// The system takes no such name.
    #[error("the name is too long")]
    BadName,
    /// Anything else; its text is for the log, never for the wire.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What is known about a stored file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Length in bytes.
    pub size: u64,
    /// When this content was stored.
    pub modified: SystemTime,
    /// Differs whenever the content was replaced; hexadecimal digits and `-`.
    pub tag: String,
}

/// A stored file, opened. What is read is always of one content: when the path is replaced or removed meanwhile, a file
/// on disk stays readable, and reading an object fails.
pub trait Blob: Send + Sync {
    /// What it is.
    fn info(&self) -> &BlobInfo;

    /// Reads at an offset in bytes; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// A file that is being received; dropping it removes it.
pub trait StagedBlob: Send {
    /// Appends.
    fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError>;

    /// Ends the content and makes it survive power loss.
    fn seal(self: Box<Self>) -> Result<Box<dyn SealedBlob>, BlobError>;
}

/// A complete file that nobody can see yet; dropping it removes it.
pub trait SealedBlob: Send {
    /// Makes it visible at its path, in place of what was there. A reader finds the old content or the new one, whole.
    fn publish(self: Box<Self>) -> Result<Box<dyn PublishedBlob>, BlobError>;
}

/// A visible file whose row is not written yet; dropping it puts back what was there before.
pub trait PublishedBlob: Send {
    /// The file stays.
    fn keep(self: Box<Self>);
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or something behind a symbolic link, which is never followed.
    Nothing,
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A device, a socket, a symbolic link.
    Other,
}

/// What stands below a directory, at any depth; sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Regular files.
    pub files: Vec<FilePath>,
    /// Directories, parents before children, without the one asked for.
    pub directories: Vec<FilePath>,
}

/// Keeps bytes by tree and path.
pub trait BlobStore: Send + Sync {
    /// Begins to receive the file that shall stand at `path`.
    fn stage(&self, tree: &Tree, path: &FilePath) -> Result<Box<dyn StagedBlob>, BlobError>;

    /// Opens a file; `None` when there is none.
    fn open(&self, tree: &Tree, path: &FilePath) -> Result<Option<Box<dyn Blob>>, BlobError>;

    /// What stands at `path`.
    fn find(&self, tree: &Tree, path: &FilePath) -> Result<Found, BlobError>;

    /// Everything below a directory, or in the whole tree; nothing when there is none.
    fn list(&self, tree: &Tree, directory: Option<&FilePath>) -> Result<Listing, BlobError>;

    /// Trees that hold, or held, files; for those who look after the server.
    fn trees(&self) -> Result<Vec<Tree>, BlobError>;

    /// Removes files and the directories that become empty by it; each result tells whether there was a file. What
    /// was removed stays removed after power loss. Sorted paths are removed fastest.
    fn remove(&self, tree: &Tree, paths: &[FilePath]) -> Vec<Result<bool, BlobError>>;

    /// Removes those of the directories that are empty, children first.
    fn remove_empty(&self, tree: &Tree, directories: &[FilePath]);

    /// Forgets a tree that holds nothing any more. What keeps no trees has nothing to do.
    fn forget(&self, tree: &Tree) -> Result<(), BlobError> {
        let _ = tree;
        Ok(())
    }

    /// Bytes that can still be stored.
    fn free_space(&self) -> Result<u64, BlobError>;
}
