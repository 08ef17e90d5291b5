//! Where the bytes of stored files are: on the disk, or in a bucket.

use std::{path::Path, sync::Arc};

use super::start::StartError;
use crate::{
    config::Settings,
    crypto::Secret,
    store::{
        files::{BlobStore, LocalTree, ObjectTree, ObjectTreeOptions},
        objects::{Credentials, S3Bucket, StorageError},
    },
};

/// Directory of uploaded files in the data directory, unless `fileserver.upload_folder` names another one.
const FILES: &str = "files";
const MIB: u64 = 1 << 20;

/// Opens the place and removes what interrupted uploads left there: hold the lock of the data directory.
pub(super) fn open(settings: &Settings, data: &Path) -> Result<Arc<dyn BlobStore>, StartError> {
    Ok(match bucket(settings)? {
        Some(options) => Arc::new(ObjectTree::open(options).map_err(unreachable_bucket)?),
        None => Arc::new(LocalTree::open(&folder(settings, data))?),
    })
}

/// Opens the place to look at it, beside a running server too; changes nothing. `None` while it holds nothing.
pub fn inspect(settings: &Settings, data: &Path) -> Result<Option<Arc<dyn BlobStore>>, StartError> {
    Ok(match bucket(settings)? {
        Some(options) => Some(Arc::new(ObjectTree::inspect(options).map_err(unreachable_bucket)?)),
        None => LocalTree::inspect(&folder(settings, data))?.map(|tree| Arc::new(tree) as Arc<dyn BlobStore>),
    })
}

fn folder(settings: &Settings, data: &Path) -> std::path::PathBuf {
    match &settings.fileserver.upload_folder {
        Some(folder) => folder.into(),
        None => data.join(FILES),
    }
}

fn unreachable_bucket(error: StorageError) -> StartError {
    StartError::Config(format!(
        "the bucket that fileserver.s3 names can't be used: {error}. Check its name, endpoint, region and credentials, and \
         that it exists"
    ))
}

fn bucket(settings: &Settings) -> Result<Option<ObjectTreeOptions>, StartError> {
    let s3 = &settings.fileserver.s3;
    let Some(bucket) = s3.bucket.clone().filter(|bucket| !bucket.is_empty()) else { return Ok(None) };
    let wrong = |text: &str| Err(StartError::Config(text.to_owned()));
    let credentials = match (&s3.access_key, &s3.secret_key) {
        (Some(key), Some(secret)) => {
            Credentials::Key { key: key.clone(), secret: secret.clone(), token: Secret::new(String::new()) }
        }
        (None, None) => Credentials::Surroundings,
        _ => return wrong("set both fileserver.s3.access_key and fileserver.s3.secret_key, or neither"),
    };
    if s3.endpoint.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return wrong("fileserver.s3.endpoint must begin with https:// or http://");
    }
    if !(5..=1024).contains(&s3.part_size_mb) {
        return wrong("fileserver.s3.part_size_mb must be from 5 to 1024: S3 takes no smaller parts");
    }
    let part_size = usize::try_from(s3.part_size_mb * MIB).unwrap_or(usize::MAX);
    let bucket = S3Bucket { bucket, endpoint: s3.endpoint.clone(), region: s3.region.clone(), credentials };
    Ok(Some(ObjectTreeOptions { bucket, prefix: s3.prefix.clone(), part_size }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_needs_settings_that_make_sense() {
        let mut settings = Settings::default();
        assert!(bucket(&settings).unwrap().is_none());
        settings.fileserver.s3.bucket = Some("b".to_owned());
        assert!(bucket(&settings).unwrap().is_some());
        settings.fileserver.s3.access_key = Some("k".to_owned());
        assert!(bucket(&settings).is_err());
        settings.fileserver.s3.secret_key = Some(Secret::new("s".to_owned()));
        assert!(bucket(&settings).is_ok());
        settings.fileserver.s3.part_size_mb = 1;
        assert!(bucket(&settings).is_err());
        settings.fileserver.s3.part_size_mb = 5;
        settings.fileserver.s3.endpoint = Some("minio:9000".to_owned());
        assert!(bucket(&settings).is_err());
    }
}
