//! Rows of stored files, always within the scope's tenant.

use rusqlite::{Row, params};

use super::FilePath;
use crate::{
    store::{Snapshot, Tx},
    types::{Millis, Result, UserId},
};

/// A stored file as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Where it stands in the tenant's tree.
    pub path: FilePath,
    /// Length in bytes.
    pub size: u64,
    /// Hash of the content.
    pub sha256: Vec<u8>,
    /// Who stored it last.
    pub uploader: UserId,
    /// When.
    pub created: Millis,
    /// Task, model or report that the path named when it was stored.
    pub entity: Option<String>,
}

/// A file to be recorded.
#[derive(Clone, Debug)]
pub struct NewFile<'a> {
    /// Where it stands.
    pub path: &'a FilePath,
    /// Length in bytes.
    pub size: u64,
    /// Hash of the content.
    pub sha256: [u8; 32],
    /// Who stores it.
    pub uploader: &'a UserId,
    /// Task, model or report that the path names.
    pub entity: Option<&'a str>,
}

/// What a tenant holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of files.
    pub files: u64,
    /// Bytes in all of them.
    pub bytes: u64,
}

fn read(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        path: FilePath::stored(row.get(0)?),
        size: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
        sha256: row.get(2)?,
        uploader: row.get::<_, String>(3)?.into(),
        created: Millis(row.get(4)?),
        entity: row.get(5)?,
    })
}

fn stored(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

impl Snapshot<'_> {
    /// The row of a file.
    pub fn file(&self, path: &FilePath) -> Result<Option<FileRow>> {
        let sql =
            "SELECT path, size, sha256, uploader, created, entity FROM file WHERE tenant = ?1 AND path = ?2";
        self.one(sql, params![self.scope.company.as_str(), path.as_str()], read)
    }

    /// What the scope's tenant holds.
    pub fn file_usage(&self) -> Result<Usage> {
        let sql = "SELECT files, bytes FROM file_usage WHERE tenant = ?1";
        let usage = self.one(sql, [self.scope.company.as_str()], |row| {
            let count = |value: i64| u64::try_from(value).unwrap_or(0);
            Ok(Usage { files: count(row.get(0)?), bytes: count(row.get(1)?) })
        })?;
        Ok(usage.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Records a file, in place of the one that stood there.
    pub fn put_file(&self, file: &NewFile<'_>) -> Result<()> {
        self.run(
            "INSERT INTO file (tenant, path, size, sha256, uploader, created, entity)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (tenant, path) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256,
                 uploader = excluded.uploader, created = excluded.created, entity = excluded.entity",
            params![
                self.scope.company.as_str(),
                file.path.as_str(),
                stored(file.size),
                file.sha256,
                file.uploader.as_str(),
                self.now.0,
                file.entity,
            ],
        )
        .map(drop)
    }

    /// Forgets a file.
    pub fn forget_file(&self, path: &FilePath) -> Result<()> {
        let sql = "DELETE FROM file WHERE tenant = ?1 AND path = ?2";
        self.run(sql, params![self.scope.company.as_str(), path.as_str()]).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::{Lane, Scope, Store};

    #[test]
    fn usage_follows_every_change_and_tenants_do_not_mix() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let (a, b) = (Scope::tenant("a"), Scope::tenant("b"));
        let user = UserId::from("u");
        let path = FilePath::parse("p/x").unwrap();
        let put = |scope: &Scope, size| {
            let file = NewFile { path: &path, size, sha256: [7; 32], uploader: &user, entity: Some("e") };
            store.write(scope, Lane::Events, |tx| tx.put_file(&file)).unwrap();
        };
        let usage = |scope: &Scope| store.read(scope, |snapshot| snapshot.file_usage()).unwrap();
        put(&a, 5);
        put(&a, 9);
        put(&b, 100);
        assert_eq!(usage(&a), Usage { files: 1, bytes: 9 });
        assert_eq!(usage(&b), Usage { files: 1, bytes: 100 });
        let row = store.read(&a, |snapshot| snapshot.file(&path)).unwrap().unwrap();
        assert_eq!((row.size, row.uploader.as_str(), row.entity.as_deref()), (9, "u", Some("e")));
        store.write(&a, Lane::Events, |tx| tx.forget_file(&path)).unwrap();
        assert_eq!(usage(&a), Usage::default());
        assert!(store.read(&a, |snapshot| snapshot.file(&path)).unwrap().is_none());
        assert!(store.read(&b, |snapshot| snapshot.file(&path)).unwrap().is_some());
    }
}
