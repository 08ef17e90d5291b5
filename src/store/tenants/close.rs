//! Closing a tenant: from one moment on nobody gets in and nothing runs (spec/governance.md 8.3, phase 1).

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Millis, Result, UserId},
};

/// A tenant that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Id.
    pub id: CompanyId,
    /// Name it had.
    pub name: String,
    /// When it was deleted.
    pub deleted_at: Millis,
    /// When nothing of it was left.
    pub purged_at: Option<Millis>,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Deleted> {
    Ok(Deleted {
        id: row.get::<_, String>(0)?.into(),
        name: row.get(1)?,
        deleted_at: Millis(row.get(2)?),
        purged_at: row.get::<_, Option<i64>>(3)?.map(Millis),
    })
}

/// People whose home is the tenant.
const AT_HOME: &str = "SELECT id FROM user_auth WHERE company = ?1";

/// Their first other tenant that is active, with their role there.
const ELSEWHERE: &str = "FROM membership m JOIN company c ON c.id = m.company AND c.active
    WHERE m.user = user_auth.id AND m.company <> ?1 ORDER BY m.joined, m.company LIMIT 1";

impl Snapshot<'_> {
    /// A tenant that was deleted, whether or not something of it is left.
    pub fn deleted_company(&self, id: &str) -> Result<Option<Deleted>> {
        let sql =
            "SELECT id, name, deleted_at, purged_at FROM company WHERE id = ?1 AND deleted_at IS NOT NULL";
        self.one(sql, [id], read)
    }

    /// Deleted tenants of which something is left, those that wait longest first. Uses `company_to_purge`.
    pub fn companies_to_purge(&self) -> Result<Vec<Deleted>> {
        let sql = "SELECT id, name, deleted_at, purged_at FROM company
                   WHERE deleted_at IS NOT NULL AND purged_at IS NULL ORDER BY deleted_at, id";
        self.all(sql, [], read)
    }
}

impl Tx<'_> {
    /// Closes a tenant: it is inactive, its sessions and credentials have ended, its domains and addresses are free for
    /// others, its workers are unregistered and its queues are empty. People who belong to other tenants as well are at
    /// home in the first of those.
    pub fn close_company(&self, company: &CompanyId, by: &UserId) -> Result<()> {
        let id = company.as_str();
        self.run(
            "UPDATE company SET active = 0, deleted_at = ?2, deleted_by = ?3, defaults = json_remove(defaults, '$.sso')
             WHERE id = ?1 AND deleted_at IS NULL",
            params![id, self.now.0, by.as_str()],
        )?;
        let sql = format!(
            "UPDATE token_session SET revoked_at = ?2
             WHERE revoked_at IS NULL AND (tenant = ?1 OR user IN ({AT_HOME}) OR actor IN ({AT_HOME}))"
        );
        self.run(&sql, params![id, self.now.0])?;
        self.run(&format!("DELETE FROM credential WHERE company = ?1 OR user IN ({AT_HOME})"), [id])?;
        for table in ["login_domain", "login_whitelist", "worker", "worker_property"] {
            self.run(&format!("DELETE FROM {table} WHERE company = ?1"), [id])?;
        }
        // What it published is no longer public: it goes with the rest.
        for table in ["task", "model", "project"] {
            self.run(
                &format!("UPDATE {table} SET company = ?1, company_origin = NULL WHERE company = '' AND company_origin = ?1"),
                [id],
            )?;
        }
        // A task may wait in a queue of another tenant, where its platform runs everybody's applications.
        self.run(
            "DELETE FROM queue_entry WHERE company = ?1
                 OR task IN (SELECT id FROM task WHERE company = ?1 AND status = 'queued')",
            [id],
        )?;
        let moved = self.all(
            &format!(
                "UPDATE user_auth SET token_epoch = token_epoch + 1, role = (SELECT m.role {ELSEWHERE}),
                     company = (SELECT m.company {ELSEWHERE})
                 WHERE company = ?1 AND EXISTS (SELECT 1 {ELSEWHERE}) RETURNING id, company"
            ),
            [id],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
        )?;
        for (user, home) in &moved {
            self.run("UPDATE user SET company = ?2 WHERE id = ?1", [user, home])?;
            self.run("UPDATE local_password SET company = ?2 WHERE user = ?1", [user, home])?;
        }
        // The others can't sign in from now on, and their addresses are free at once.
        self.run(
            "UPDATE user_auth SET disabled = 1, token_epoch = token_epoch + 1, email_fold = NULL WHERE company = ?1",
            [id],
        )?;
        self.run("DELETE FROM membership WHERE company = ?1", [id])?;
        self.run("DELETE FROM group_member WHERE company = ?1", [id]).map(drop)
    }
}
