//! All rows of stored files, for `doctor`: read beside a running server, from a database that is not opened for more.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::FilePath;
use crate::{store::OpenError, types::CompanyId};

/// What a row says about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Whose it is.
    pub tenant: CompanyId,
    /// Where it stands in the tenant's tree.
    pub path: FilePath,
    /// Length in bytes.
    pub size: u64,
    /// Hash of the content.
    pub sha256: Vec<u8>,
}

/// Every row of every tenant, by tenant and path; changes nothing.
///
/// Errors: the database can't be read.
pub fn stored_files(database: &Path) -> Result<Vec<StoredFile>, OpenError> {
    let read = || -> rusqlite::Result<Vec<StoredFile>> {
        let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut all = conn.prepare("SELECT tenant, path, size, sha256 FROM file ORDER BY tenant, path")?;
        let rows = all.query_map([], |row| {
            Ok(StoredFile {
                tenant: row.get::<_, String>(0)?.into(),
                path: FilePath::stored(row.get(1)?),
                size: row.get::<_, i64>(2)?.try_into().unwrap_or(0),
                sha256: row.get(3)?,
            })
        })?;
        rows.collect()
    };
    read().map_err(|error| OpenError::Unreadable {
        path: database.display().to_string(),
        reason: error.to_string(),
    })
}
