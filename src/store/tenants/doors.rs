//! Mail domains and white lists: which tenant somebody belongs to who signs in for the first time
//! (spec/governance.md 9).

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Millis, Result, UserId},
};

/// An address that may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhitelistEntry {
    /// Whose tenant.
    pub company: CompanyId,
    /// As typed.
    pub email: String,
    /// What the person becomes.
    pub role: String,
    /// When it was added.
    pub added: Millis,
    /// When the person got an account.
    pub accepted: Option<Millis>,
    /// That account.
    pub user: Option<UserId>,
}

const COLUMNS: &str = "company, email, role, added, accepted, user";

fn read(row: &Row<'_>) -> rusqlite::Result<WhitelistEntry> {
    Ok(WhitelistEntry {
        company: row.get::<_, String>(0)?.into(),
        email: row.get(1)?,
        role: row.get(2)?,
        added: Millis(row.get(3)?),
        accepted: row.get::<_, Option<i64>>(4)?.map(Millis),
        user: row.get::<_, Option<String>>(5)?.map(UserId::from),
    })
}

impl Snapshot<'_> {
    /// Domains of a tenant, sorted.
    pub fn domains(&self, company: &CompanyId) -> Result<Vec<String>> {
        let sql = "SELECT domain FROM login_domain WHERE company = ?1 ORDER BY domain";
        self.all(sql, [company.as_str()], |row| row.get(0))
    }

    /// Whose tenant a domain belongs to; only the whole domain counts, never one above it.
    pub fn domain_owner(&self, domain: &str) -> Result<Option<CompanyId>> {
        let sql = "SELECT company FROM login_domain WHERE domain = ?1";
        self.one(sql, [domain], |row| Ok(CompanyId::from(row.get::<_, String>(0)?)))
    }

    /// A tenant's white list, oldest first.
    pub fn whitelist(&self, company: &CompanyId) -> Result<Vec<WhitelistEntry>> {
        let sql =
            format!("SELECT {COLUMNS} FROM login_whitelist WHERE company = ?1 ORDER BY added, email_fold");
        self.all(&sql, [company.as_str()], read)
    }

    /// The entry of an address, without regard to case.
    pub fn whitelisted(&self, email: &str) -> Result<Option<WhitelistEntry>> {
        let sql = format!("SELECT {COLUMNS} FROM login_whitelist WHERE email_fold = ?1");
        self.one(&sql, [email.to_lowercase()], read)
    }
}

impl Tx<'_> {
    /// Replaces the domains of a tenant; none of them may belong to another one.
    ///
    /// Errors: 400/801 one does.
    pub fn set_domains(&self, company: &CompanyId, domains: &[String]) -> Result<()> {
        self.run("DELETE FROM login_domain WHERE company = ?1", [company.as_str()])?;
        let sql = "INSERT INTO login_domain (domain, company, created) VALUES (?1, ?2, ?3)";
        for domain in domains {
            self.run(sql, params![domain, company.as_str(), self.now.0])?;
        }
        Ok(())
    }

    /// Adds an address to a tenant's white list, or changes the role of one that is pending there. Returns whether it
    /// was added.
    pub fn add_to_whitelist(
        &self,
        company: &CompanyId,
        email: &str,
        role: &str,
        by: &UserId,
    ) -> Result<bool> {
        let fold = email.to_lowercase();
        let sql = "INSERT INTO login_whitelist (email_fold, email, company, role, added, added_by)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        if self.run(sql, params![fold, email, company.as_str(), role, self.now.0, by.as_str()])? > 0 {
            return Ok(true);
        }
        let sql = "UPDATE login_whitelist SET role = ?3 WHERE email_fold = ?1 AND company = ?2 AND accepted IS NULL";
        self.run(sql, params![fold, company.as_str(), role])?;
        Ok(false)
    }

    /// Takes a pending address from a tenant's white list. Returns whether there was one.
    pub fn remove_from_whitelist(&self, company: &CompanyId, email: &str) -> Result<bool> {
        let sql = "DELETE FROM login_whitelist WHERE email_fold = ?1 AND company = ?2 AND accepted IS NULL";
        Ok(self.run(sql, params![email.to_lowercase(), company.as_str()])? > 0)
    }
}
