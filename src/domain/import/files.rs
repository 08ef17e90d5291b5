//! Storing the content of files, by the way that uploads go.

use std::{fs::File, io::Read as _, sync::Arc};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    archive::Archive,
    record::Done,
    report::Outcome::{Existing, Imported, Refused},
};
use crate::{
    domain::{
        App, Call,
        files::{Upload, scheduled_caller},
    },
    store::{Scope, files::FilePath},
    types::{ApiError, ErrorKind, Result},
};

const PIECE: usize = 256 * 1024;

/// A record of a file.
#[derive(Debug, Deserialize)]
pub(super) struct FileRecord {
    /// Below the file server's root and below the archive's directory of files.
    pub(super) path: String,
    /// Bytes.
    #[serde(default)]
    size: Option<u64>,
    /// Lower-case hex.
    #[serde(default)]
    sha256: Option<String>,
}

/// Stores a file of the archive, or with `only_check` looks at it.
///
/// Errors: the store or the disk fails, also when it is full. What is wrong with the file is in the answer.
pub(super) fn store(
    app: &Arc<App>,
    scope: &Scope,
    archive: &Archive,
    record: &FileRecord,
    only_check: bool,
) -> Result<Done> {
    let refused = |reason: &str| Ok(Done::because(Refused, reason));
    // Not normalised: what is not the plain path of a file was not written by an exporter.
    let path = match FilePath::parse(&record.path) {
        Ok(path) if path.as_str() == record.path => path,
        _ => return refused("the path is no plain relative path of a file"),
    };
    let Ok(mut content) = archive.content(&path) else {
        return refused("its content is not in the archive, or can't be read");
    };
    let sha256 = match digest(&mut content) {
        Ok((size, sha256)) if record.size.is_none_or(|sent| sent == size) => sha256,
        Ok(_) => return refused("its content has another length than the record says"),
        Err(_) => return refused("its content can't be read"),
    };
    let hex: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    if record.sha256.as_ref().is_some_and(|sent| !sent.eq_ignore_ascii_case(&hex)) {
        return refused("its content has another hash than the record says");
    }
    match app.store.read(scope, |snapshot| snapshot.file(&path))? {
        Some(row) if row.sha256 == sha256 => return Ok(Done { outcome: Existing, notes: Vec::new() }),
        Some(_) => return refused("another file has its path here; that one stays"),
        None => {}
    }
    if only_check {
        return Ok(Done { outcome: Imported, notes: Vec::new() });
    }
    match upload(app, scope, archive, &path, &sha256) {
        Ok(()) => Ok(Done { outcome: Imported, notes: Vec::new() }),
        Err(error) if error.kind().code() < 500 => Ok(Done::because(Refused, error.to_string())),
        Err(error) => Err(error),
    }
}

fn digest(content: &mut File) -> std::io::Result<(u64, Vec<u8>)> {
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let length = content.read(&mut piece)?;
        if length == 0 {
            return Ok((size, hash.finalize().to_vec()));
        }
        hash.update(piece.get(..length).unwrap_or_default());
        size += length as u64;
    }
}

fn upload(app: &Arc<App>, scope: &Scope, archive: &Archive, path: &FilePath, sha256: &[u8]) -> Result<()> {
    let unreadable = |error: std::io::Error| {
        tracing::error!(%error, "the content of a file in the archive can't be read");
        ApiError::new(ErrorKind::BadRequest, "its content can't be read")
    };
    let files = app.files.get().ok_or_else(|| ApiError::from(ErrorKind::InternalError))?;
    let caller = scheduled_caller(&scope.company);
    let mut upload = Upload::begin(Arc::clone(files), Arc::clone(app), caller, Call::internal(), None)?;
    upload.file(path.as_str())?;
    let mut content = archive.content(path).map_err(unreadable)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        let length = content.read(&mut piece).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        let bytes = piece.get(..length).unwrap_or_default();
        hash.update(bytes);
        upload.write(bytes)?;
    }
    if hash.finalize().as_slice() != sha256 {
        return Err(ApiError::new(ErrorKind::BadRequest, "its content changed while it was read"));
    }
    upload.commit().map(drop)
}
