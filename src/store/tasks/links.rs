//! The few statements over projects, events, workers and files that task operations need.
//! Each has one clear home elsewhere; they stand here until that home has them.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, ProjectId, QueueId, Result, UserId, new_id},
};

/// A file that the server is to delete (protocol: spec/tasks.md 6.3).
#[derive(Clone, Debug)]
pub struct UrlToDelete<'a> {
    /// Its address.
    pub url: &'a str,
    /// `fileserver`, `s3`, `azure` or `gs`.
    pub storage: &'static str,
    /// The task that caused it.
    pub task: &'a str,
    /// That task's project.
    pub project: Option<&'a str>,
    /// On whose behalf.
    pub user: &'a UserId,
}

impl Snapshot<'_> {
    /// The project of this full name that the tenant has, else the public one.
    pub fn project_named(&self, name: &str) -> Result<Option<(ProjectId, CompanyId)>> {
        self.one(
            "SELECT id, company FROM project WHERE name = ?2 AND company IN (?1, '') ORDER BY company DESC",
            [self.scope.company.as_str(), name],
            |row| Ok((row.get::<_, String>(0)?.into(), row.get::<_, String>(1)?.into())),
        )
    }

    /// Whether a project is public.
    pub fn project_is_public(&self, project: &ProjectId) -> Result<bool> {
        let sql = "SELECT 1 FROM project WHERE id = ?1 AND company = ''";
        Ok(self.one(sql, [project.as_str()], |_| Ok(()))?.is_some())
    }

    /// Whether a registered worker listens to a queue.
    pub fn queue_is_watched(&self, queue: &QueueId) -> Result<bool> {
        let sql = "SELECT 1 FROM worker w, json_each(w.queues) q
                   WHERE w.company = ?1 AND w.expires > ?2 AND q.value = ?3 LIMIT 1";
        let params = params![self.scope.company.as_str(), self.now.0, queue.as_str()];
        Ok(self.one(sql, params, |_| Ok(()))?.is_some())
    }

    /// Addresses of files outside the store that the events of a task or model name. There are no events yet.
    pub fn event_urls_of(&self, _entity: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

impl Tx<'_> {
    /// Records that something happened in a project of the tenant.
    pub fn mark_project_changed(&self, project: &ProjectId) -> Result<()> {
        self.run(
            "UPDATE project SET last_update = ?3 WHERE id = ?1 AND company = ?2",
            params![project.as_str(), self.scope.company.as_str(), self.now.0],
        )
        .map(drop)
    }

    /// Adds a project of this full name below its parent, whose ancestors it takes over.
    pub fn add_project(
        &self,
        name: &str,
        basename: &str,
        parent: Option<&ProjectId>,
        user: &UserId,
    ) -> Result<ProjectId> {
        let id = ProjectId::fresh();
        self.run(
            "INSERT INTO project (id, company, user, name, basename, description, created, last_update, parent, path)
             VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?6, ?7,
                     coalesce((SELECT json_insert(path, '$[#]', id) FROM project WHERE id = ?7), '[]'))",
            params![
                id.as_str(),
                self.scope.company.as_str(),
                user.as_str(),
                name,
                basename,
                self.now.0,
                parent.map(|parent| parent.as_str()),
            ],
        )?;
        if let Some(parent) = parent {
            self.mark_project_changed(parent)?;
        }
        Ok(id)
    }

    /// Deletes the events of a task or model. There are none yet.
    pub fn delete_events_of(&self, _entity: &str) -> Result<u64> {
        Ok(0)
    }

    /// Remembers a file to delete. A second request for the same address starts anew.
    pub fn schedule_url(&self, file: &UrlToDelete<'_>) -> Result<()> {
        self.run(
            "INSERT INTO url_to_delete (id, company, user, url, task, project, created, storage_type)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (company, url) DO UPDATE SET user = excluded.user, task = excluded.task,
                 project = excluded.project, created = excluded.created, retry_count = 0, status = 'created',
                 last_failure_time = NULL, last_failure_reason = NULL",
            params![
                new_id(),
                self.scope.company.as_str(),
                file.user.as_str(),
                file.url,
                file.task,
                file.project,
                self.now.0,
                file.storage,
            ],
        )
        .map(drop)
    }
}
