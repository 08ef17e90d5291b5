//! Files whose document is gone: what waits to be deleted (spec/models.md 4).

use rusqlite::params;

use crate::{
    store::Tx,
    types::{Result, new_id},
};

/// A file, or a folder of files, that the server is to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed<'a> {
    /// Its address.
    pub url: &'a str,
    /// `fileserver`, `s3`, `azure` or `gs`.
    pub storage_type: &'static str,
    /// Everything below the address.
    pub folder: bool,
    /// The task, model or project that caused it.
    pub cause: &'a str,
    /// The project that the cause belonged to.
    pub project: Option<&'a str>,
    /// On whose behalf; checked again when it runs.
    pub user: &'a str,
}

impl Tx<'_> {
    /// Remembers a file to delete. One that waits already starts anew.
    pub fn doom_file(&self, file: &Doomed<'_>) -> Result<()> {
        self.run(
            "INSERT INTO url_to_delete (id, company, user, url, task, project, created, storage_type, type)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (company, url) DO UPDATE SET status = 'created', retry_count = 0, task = excluded.task,
                 user = excluded.user, project = excluded.project, created = max(excluded.created, created + 1),
                 storage_type = excluded.storage_type, type = excluded.type,
                 last_failure_time = NULL, last_failure_reason = NULL",
            params![
                new_id(),
                self.scope.company.as_str(),
                file.user,
                file.url,
                file.cause,
                file.project,
                self.now.0,
                file.storage_type,
                if file.folder { "folder" } else { "file" },
            ],
        )
        .map(drop)
    }
}
