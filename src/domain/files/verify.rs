//! Whether every file is what its row says, and every file has a row. Changes nothing.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::FilePath;
use crate::{
    store::files::{Blob, BlobError, BlobStore, StoredFile, Tree},
    types::CompanyId,
};

/// So much of a file is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// There is a row and no file.
    Missing,
    /// The length is another one.
    Length {
        /// Bytes that the row tells of.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The content is another one.
    Content,
    /// It could not be read.
    Unreadable(String),
    /// There is a file and no row: it is not counted for the tenant's quota, and nobody uploaded it.
    Orphan,
}

/// A flaw and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlawedFile {
    /// The tenant.
    pub tenant: CompanyId,
    /// The path in its tree.
    pub path: FilePath,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What was looked at.
#[derive(Debug, Default)]
pub struct Verification {
    /// Files that are as their rows say.
    pub sound: u64,
    /// Files of the time before tenants; they have no rows.
    pub legacy: u64,
    /// Everything else.
    pub flawed: Vec<FlawedFile>,
}

/// Compares every row with its file and every file with the rows. `rows` come by tenant and path.
///
/// Errors: the place of the files can't be read at all.
pub fn verify(blobs: &dyn BlobStore, rows: &[StoredFile]) -> Result<Verification, BlobError> {
    let mut verification = Verification::default();
    let mut known: BTreeSet<(&CompanyId, &FilePath)> = BTreeSet::new();
    for row in rows {
        known.insert((&row.tenant, &row.path));
        match check(blobs, row) {
            None => verification.sound += 1,
            Some(flaw) => verification.flawed.push(FlawedFile {
                tenant: row.tenant.clone(),
                path: row.path.clone(),
                flaw,
            }),
        }
    }
    for tree in blobs.trees()? {
        let files = blobs.list(&tree, None)?.files;
        let Tree::Tenant(tenant) = tree else {
            verification.legacy += files.len() as u64;
            continue;
        };
        let orphans = files.into_iter().filter(|path| !known.contains(&(&tenant, path)));
        verification.flawed.extend(orphans.map(|path| FlawedFile {
            tenant: tenant.clone(),
            path,
            flaw: Flaw::Orphan,
        }));
    }
    Ok(verification)
}

fn check(blobs: &dyn BlobStore, row: &StoredFile) -> Option<Flaw> {
    let blob = match blobs.open(&Tree::Tenant(row.tenant.clone()), &row.path) {
        Ok(Some(blob)) => blob,
        Ok(None) => return Some(Flaw::Missing),
        Err(error) => return Some(Flaw::Unreadable(error.to_string())),
    };
    let found = blob.info().size;
    if found != row.size {
        return Some(Flaw::Length { expected: row.size, found });
    }
    match hash(&*blob) {
        Ok(sha256) if sha256.as_slice() == row.sha256.as_slice() => None,
        Ok(_) => Some(Flaw::Content),
        Err(error) => Some(Flaw::Unreadable(error.to_string())),
    }
}

fn hash(blob: &dyn Blob) -> std::io::Result<[u8; 32]> {
    let (mut hash, mut offset, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = blob.read_at(&mut piece, offset)?;
        match piece.get(..read) {
            None | Some([]) => return Ok(hash.finalize().into()),
            Some(bytes) => hash.update(bytes),
        }
        offset += read as u64;
    }
}
