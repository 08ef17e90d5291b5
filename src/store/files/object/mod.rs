//! Bytes in a bucket that speaks S3: `<prefix>tenants/<tenant>/<path>`, `<prefix>legacy/<path>`, and
//! `<prefix>incoming/` for what a replaced file was until its successor's row is written.
//!
//! A bucket has no directories; here one exists while a file is below it. Uploads go to their place in parts, which
//! nobody sees before the last one is confirmed. An upload that ends with the process leaves parts behind: the bucket
//! should expire them (docs/running.md).

mod read;
mod staged;

use std::{io, sync::Arc};

use futures_util::{StreamExt as _, TryStreamExt as _, future::join_all};
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, path::Path};
use tokio::runtime::Handle;

use super::{
    Blob, BlobError, BlobStore, FilePath, Found, Listing, StagedBlob, Tree,
    tree::{directory_name, tree_named},
};
use crate::store::objects::{Network, Place, Reach, S3Bucket, StorageError};

/// Longest name of an object, in bytes.
const LONGEST_KEY: usize = 1024;
/// So many requests of one call are under way at once.
const AT_ONCE: usize = 16;

/// Where the bucket is, and how to use it.
#[derive(Clone)]
pub struct ObjectTreeOptions {
    /// The bucket.
    pub bucket: S3Bucket,
    /// What stands before all names; `/` is added when it is missing.
    pub prefix: String,
    /// Size of a part in bytes; at least 5 MiB, but for tests.
    pub part_size: usize,
}

/// The [`BlobStore`] in a bucket. Its functions wait for the network: never call them from asynchronous code.
pub struct ObjectTree(Arc<Bucket>);

struct Bucket {
    store: Arc<dyn ObjectStore>,
    network: Network,
    prefix: String,
    part_size: usize,
}

fn blob_error(error: Error) -> BlobError {
    let error = StorageError::from(error);
    // What storages say when a quota or their disks are used up; the protocol has no code for it.
    let full = ["QuotaExceeded", "StorageFull", "InsufficientCapacity", "no space left"];
    if full.iter().any(|word| error.0.contains(word)) {
        return BlobError::Full;
    }
    BlobError::Io(io::Error::other(error.0))
}

/// `None` for what is not there.
fn present<T>(result: object_store::Result<T>) -> Result<Option<T>, BlobError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(blob_error(error)),
    }
}

impl ObjectTree {
    /// Connects to the bucket and removes what an interrupted server left in `incoming/`. Only one server may do so.
    ///
    /// Errors: the bucket can't be reached or used; the text is for the terminal.
    pub fn open(options: ObjectTreeOptions) -> Result<ObjectTree, StorageError> {
        let tree = Self::inspect(options)?;
        let removed = tree.0.handle().block_on(tree.0.clear())?;
        if removed > 0 {
            tracing::info!(removed, "removed what interrupted uploads had left behind");
        }
        Ok(tree)
    }

    /// Prepares to look at the bucket; changes nothing.
    ///
    /// Errors: settings that make no sense.
    pub fn inspect(options: ObjectTreeOptions) -> Result<ObjectTree, StorageError> {
        let threads = |error: io::Error| StorageError(format!("no threads for the storage: {error}"));
        let network = Network::start("file storage", 2).map_err(threads)?;
        let store = Place::S3(options.bucket).connect(Reach::Any)?;
        let prefix = match options.prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let bucket = Bucket { store, network, prefix, part_size: options.part_size };
        Ok(ObjectTree(Arc::new(bucket)))
    }
}

impl Bucket {
    fn handle(&self) -> &Handle {
        self.network.handle()
    }

    async fn clear(&self) -> Result<usize, StorageError> {
        let incoming = Path::parse(format!("{}incoming", self.prefix))
            .map_err(|_| StorageError("fileserver.s3.prefix is no name that a bucket takes".to_owned()))?;
        let found: Vec<ObjectMeta> = self.store.list(Some(&incoming)).try_collect().await?;
        for object in &found {
            self.store.delete(&object.location).await?;
        }
        Ok(found.len())
    }

    fn top(&self, tree: &Tree) -> String {
        match tree {
            Tree::Tenant(tenant) => format!("{}tenants/{}", self.prefix, directory_name(tenant.as_str())),
            Tree::Legacy => format!("{}legacy", self.prefix),
        }
    }

    fn key(&self, tree: &Tree, path: &FilePath) -> Result<Path, BlobError> {
        let key = format!("{}/{path}", self.top(tree));
        if key.len() > LONGEST_KEY {
            return Err(BlobError::BadName);
        }
        Path::parse(key).map_err(|_| BlobError::BadName)
    }

    async fn head(&self, key: &Path) -> Result<Option<ObjectMeta>, BlobError> {
        present(self.store.head(key).await)
    }

    /// Whether anything stands below `key`.
    async fn is_directory(&self, key: &Path) -> Result<bool, BlobError> {
        Ok(self.store.list(Some(key)).next().await.transpose().map_err(blob_error)?.is_some())
    }

    async fn remove(&self, key: Result<Path, BlobError>) -> Result<bool, BlobError> {
        let key = key?;
        if self.head(&key).await?.is_none() {
            return Ok(false);
        }
        Ok(present(self.store.delete(&key).await)?.is_some())
    }
}

impl BlobStore for ObjectTree {
    fn stage(&self, tree: &Tree, path: &FilePath) -> Result<Box<dyn StagedBlob>, BlobError> {
        staged::Staged::begin(&self.0, tree, path)
    }

    fn open(&self, tree: &Tree, path: &FilePath) -> Result<Option<Box<dyn Blob>>, BlobError> {
        let Ok(key) = self.0.key(tree, path) else { return Ok(None) };
        let found = self.0.handle().block_on(self.0.head(&key))?;
        Ok(found.map(|meta| Box::new(read::ObjectBlob::new(Arc::clone(&self.0), meta)) as Box<dyn Blob>))
    }

    fn find(&self, tree: &Tree, path: &FilePath) -> Result<Found, BlobError> {
        let Ok(key) = self.0.key(tree, path) else { return Ok(Found::Nothing) };
        self.0.handle().block_on(async {
            if self.0.head(&key).await?.is_some() {
                Ok(Found::File)
            } else if self.0.is_directory(&key).await? {
                Ok(Found::Directory)
            } else {
                Ok(Found::Nothing)
            }
        })
    }

    fn list(&self, tree: &Tree, directory: Option<&FilePath>) -> Result<Listing, BlobError> {
        let top = self.0.top(tree);
        let below = match directory {
            Some(path) => self.0.key(tree, path)?,
            None => Path::parse(&top).map_err(|_| BlobError::BadName)?,
        };
        let found: Vec<ObjectMeta> =
            self.0.handle().block_on(self.0.store.list(Some(&below)).try_collect()).map_err(blob_error)?;
        let mut listing = Listing::default();
        let above = directory.map_or(0, |path| path.segments().count());
        for object in found {
            let name = object.location.as_ref().strip_prefix(top.as_str()).unwrap_or_default();
            // Names that no path has were never ours.
            let Ok(path) = FilePath::parse(name) else { continue };
            if path.as_str() != name.trim_start_matches('/') {
                continue;
            }
            let mut parent = path.parent();
            while let Some(directory) = parent.filter(|parent| parent.segments().count() > above) {
                parent = directory.parent();
                listing.directories.push(directory);
            }
            listing.files.push(path);
        }
        listing.files.sort_unstable();
        listing.directories.sort_unstable();
        listing.directories.dedup();
        Ok(listing)
    }

    fn trees(&self) -> Result<Vec<Tree>, BlobError> {
        let tenants = Path::parse(format!("{}tenants", self.0.prefix)).map_err(|_| BlobError::BadName)?;
        let legacy = Path::parse(self.0.top(&Tree::Legacy)).map_err(|_| BlobError::BadName)?;
        self.0.handle().block_on(async {
            let found = self.0.store.list_with_delimiter(Some(&tenants)).await.map_err(blob_error)?;
            let names = found.common_prefixes.iter().filter_map(Path::filename);
            let mut trees: Vec<Tree> = names.filter_map(tree_named).collect();
            if self.0.is_directory(&legacy).await? {
                trees.push(Tree::Legacy);
            }
            Ok(trees)
        })
    }

    fn remove(&self, tree: &Tree, paths: &[FilePath]) -> Vec<Result<bool, BlobError>> {
        let mut results = Vec::with_capacity(paths.len());
        for some in paths.chunks(AT_ONCE) {
            let removals = some.iter().map(|path| self.0.remove(self.0.key(tree, path)));
            results.extend(self.0.handle().block_on(join_all(removals)));
        }
        results
    }

    fn remove_empty(&self, _: &Tree, _: &[FilePath]) {
        // A directory without files does not exist.
    }

    fn free_space(&self) -> Result<u64, BlobError> {
        // A bucket does not tell; it refuses.
        Ok(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
