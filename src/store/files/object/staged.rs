//! A file on its way into the bucket: in parts that nobody sees, then confirmed at once.

use std::sync::Arc;

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt as _, path::Path};
use tokio::task::JoinHandle;

use super::{Bucket, blob_error, present};
use crate::{
    store::files::{BlobError, FilePath, PublishedBlob, SealedBlob, StagedBlob, Tree},
    types::new_id,
};

/// Files up to this size wait in memory to be stored with one request: a request may bring a thousand of them.
const SMALL: usize = 64 << 10;
/// Larger objects can't be copied with one request.
const LARGEST_COPY: u64 = 5 << 30;

pub(super) struct Staged {
    to: Target,
    buffer: Vec<u8>,
    parts: Option<Parts>,
}

/// Where the file will stand.
struct Target {
    bucket: Arc<Bucket>,
    tree: Tree,
    path: FilePath,
    key: Path,
}

impl Staged {
    pub(super) fn begin(
        bucket: &Arc<Bucket>,
        tree: &Tree,
        path: &FilePath,
    ) -> Result<Box<dyn StagedBlob>, BlobError> {
        let key = bucket.key(tree, path)?;
        let to = Target { bucket: Arc::clone(bucket), tree: tree.clone(), path: path.clone(), key };
        Ok(Box::new(Staged { to, buffer: Vec::new(), parts: None }))
    }

    /// Sends what is buffered as the next part. One part is under way while the next is filled.
    fn send(&mut self) -> Result<(), BlobError> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => none.insert(Parts::begin(&self.to)?),
        };
        parts.send(Bytes::from(std::mem::take(&mut self.buffer)))
    }
}

impl StagedBlob for Staged {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        let part = self.to.bucket.part_size;
        while !bytes.is_empty() {
            let room = part.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() >= part {
                self.send()?;
            }
        }
        Ok(())
    }

    fn seal(mut self: Box<Self>) -> Result<Box<dyn SealedBlob>, BlobError> {
        if self.parts.is_none() && self.buffer.len() <= SMALL {
            return Ok(Box::new(Sealed { to: self.to, content: Content::Small(Bytes::from(self.buffer)) }));
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        let Some(mut parts) = self.parts.take() else { return Err(BlobError::BadName) };
        parts.wait()?;
        Ok(Box::new(Sealed { to: self.to, content: Content::Parts(parts) }))
    }
}

/// An upload in parts; dropping it before the end gives the parts back.
struct Parts {
    bucket: Arc<Bucket>,
    upload: Option<Box<dyn MultipartUpload>>,
    under_way: Option<JoinHandle<object_store::Result<()>>>,
}

impl Parts {
    fn begin(to: &Target) -> Result<Parts, BlobError> {
        let bucket = Arc::clone(&to.bucket);
        let upload = bucket.handle().block_on(bucket.store.put_multipart(&to.key)).map_err(blob_error)?;
        Ok(Parts { bucket, upload: Some(upload), under_way: None })
    }

    fn send(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.wait()?;
        if let Some(upload) = &mut self.upload {
            self.under_way = Some(self.bucket.handle().spawn(upload.put_part(bytes.into())));
        }
        Ok(())
    }

    /// Waits for the part that is under way.
    fn wait(&mut self) -> Result<(), BlobError> {
        let Some(part) = self.under_way.take() else { return Ok(()) };
        match self.bucket.handle().block_on(part) {
            Ok(sent) => sent.map_err(blob_error),
            Err(error) => Err(BlobError::Io(std::io::Error::other(error))),
        }
    }

    async fn complete(&mut self) -> object_store::Result<()> {
        if let Some(upload) = &mut self.upload {
            upload.complete().await?;
            self.upload = None;
        }
        Ok(())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        let under_way = self.under_way.take();
        self.bucket.handle().spawn(async move {
            if let Some(part) = under_way {
                part.abort();
                let _ = part.await;
            }
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "the parts of an unfinished upload could not be given back");
            }
        });
    }
}

enum Content {
    Small(Bytes),
    Parts(Parts),
}

struct Sealed {
    to: Target,
    content: Content,
}

impl SealedBlob for Sealed {
    fn publish(self: Box<Self>) -> Result<Box<dyn PublishedBlob>, BlobError> {
        let Sealed { to, content } = *self;
        let handle = to.bucket.handle().clone();
        handle.block_on(async {
            to.check().await?;
            let former = to.set_aside().await?;
            // From here on, dropping it puts back what was there.
            let published =
                Published { bucket: Arc::clone(&to.bucket), key: to.key.clone(), former, kept: false };
            let stored = match content {
                Content::Small(bytes) => to.bucket.store.put(&to.key, bytes.into()).await.map(drop),
                Content::Parts(mut parts) => parts.complete().await,
            };
            match stored {
                Ok(()) => Ok(Box::new(published) as Box<dyn PublishedBlob>),
                Err(error) => {
                    // It may be there all the same: the answer was lost, not the file.
                    published.undo().await;
                    published.keep_quietly();
                    Err(blob_error(error))
                }
            }
        })
    }
}

impl Target {
    /// A bucket takes `a` beside `a/b`; the file server does not.
    async fn check(&self) -> Result<(), BlobError> {
        let mut above = self.path.parent();
        let mut parents = Vec::new();
        while let Some(directory) = above {
            above = directory.parent();
            parents.push(self.bucket.key(&self.tree, &directory)?);
        }
        let heads = parents.iter().map(|key| self.bucket.head(key));
        for found in futures_util::future::join_all(heads).await {
            if found?.is_some() {
                return Err(BlobError::Conflict);
            }
        }
        if self.bucket.is_directory(&self.key).await? { Err(BlobError::Conflict) } else { Ok(()) }
    }

    /// Copies what stands there, so that it can be put back.
    async fn set_aside(&self) -> Result<Former, BlobError> {
        match self.bucket.head(&self.key).await? {
            None => Ok(Former::Nothing),
            Some(meta) if meta.size > LARGEST_COPY => Ok(Former::TooLarge),
            Some(_) => {
                let aside = Path::parse(format!("{}incoming/{}", self.bucket.prefix, new_id()))
                    .map_err(|_| BlobError::BadName)?;
                let copied = present(self.bucket.store.copy(&self.key, &aside).await)?;
                Ok(copied.map_or(Former::Nothing, |()| Former::Aside(aside)))
            }
        }
    }
}

/// What stood at the path before.
enum Former {
    Nothing,
    /// A copy.
    Aside(Path),
    /// A file that is too large to be copied: it can't be put back.
    TooLarge,
}

struct Published {
    bucket: Arc<Bucket>,
    key: Path,
    former: Former,
    kept: bool,
}

impl Published {
    async fn undo(&self) {
        let undone = match &self.former {
            Former::Nothing => present(self.bucket.store.delete(&self.key).await),
            Former::Aside(aside) => present(self.bucket.store.copy(aside, &self.key).await),
            Former::TooLarge => {
                Err(BlobError::Io(std::io::Error::other("the former file was too large to copy")))
            }
        };
        if let Err(error) = undone {
            tracing::error!(%error, "a refused upload could not be taken back");
        }
        self.discard().await;
    }

    async fn discard(&self) {
        if let Former::Aside(aside) = &self.former
            && let Err(error) = self.bucket.store.delete(aside).await
        {
            tracing::warn!(%error, "the copy of a replaced file stays until the next start");
        }
    }

    fn keep_quietly(mut self) {
        self.kept = true;
    }
}

impl PublishedBlob for Published {
    fn keep(mut self: Box<Self>) {
        self.kept = true;
        if matches!(self.former, Former::Aside(_)) {
            let handle = self.bucket.handle().clone();
            handle.spawn(async move { self.discard().await });
        }
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if !self.kept {
            self.bucket.handle().block_on(self.undo());
        }
    }
}
