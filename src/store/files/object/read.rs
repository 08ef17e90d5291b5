//! Reading an object: in ranges, ahead of the reader, always of the content that was opened.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore as _};
use parking_lot::Mutex;

use super::Bucket;
use crate::store::{
    files::{Blob, BlobInfo},
    objects::StorageError,
};

/// First request of a reader, in bytes: the head of a file is often all that is wanted.
const FIRST: u64 = 256 << 10;
/// Requests of a reader that goes on, in bytes; a download holds one of them in memory.
const AHEAD: u64 = 4 << 20;

pub(super) struct ObjectBlob {
    bucket: Arc<Bucket>,
    meta: ObjectMeta,
    info: BlobInfo,
    window: Mutex<Window>,
}

/// What was fetched last.
#[derive(Default)]
struct Window {
    start: u64,
    bytes: Bytes,
}

impl Window {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn from(&self, offset: u64) -> &[u8] {
        let at = offset.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }
}

impl ObjectBlob {
    pub(super) fn new(bucket: Arc<Bucket>, meta: ObjectMeta) -> Self {
        let stored = u64::try_from(meta.last_modified.timestamp_millis()).unwrap_or(0);
        let digits: String = meta
            .e_tag
            .iter()
            .flat_map(|tag| tag.chars())
            .filter(|c| c.is_ascii_hexdigit() || *c == '-')
            .collect();
        let info = BlobInfo {
            size: meta.size,
            modified: SystemTime::UNIX_EPOCH + Duration::from_millis(stored),
            tag: format!("{stored:x}-{:x}-{digits}", meta.size),
        };
        ObjectBlob { bucket, meta, info, window: Mutex::default() }
    }

    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, StorageError> {
        // With the tag, an object that was replaced meanwhile is refused instead of mixed in.
        let options = GetOptions {
            range: Some(GetRange::Bounded(start..end)),
            if_match: self.meta.e_tag.clone(),
            ..GetOptions::default()
        };
        self.bucket.handle().block_on(async {
            let found = self.bucket.store.get_opts(&self.meta.location, options).await?;
            // Not every storage looks at the condition.
            if found.meta.e_tag != self.meta.e_tag {
                return Err(StorageError("the file was replaced while it was read".to_owned()));
            }
            Ok(found.bytes().await?)
        })
    }
}

impl Blob for ObjectBlob {
    fn info(&self) -> &BlobInfo {
        &self.info
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.info.size || buffer.is_empty() {
            return Ok(0);
        }
        let mut window = self.window.lock();
        if window.from(offset).is_empty() {
            let goes_on = !window.bytes.is_empty() && offset == window.end();
            let length = (buffer.len() as u64).max(if goes_on { AHEAD } else { FIRST });
            let end = offset.saturating_add(length).min(self.info.size);
            let bytes = self.fetch(offset, end).map_err(|error| io::Error::other(error.0))?;
            *window = Window { start: offset, bytes };
        }
        let there = window.from(offset);
        let length = there.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(there) {
            *to = *from;
        }
        Ok(length)
    }
}
