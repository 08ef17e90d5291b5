//! Who administers a tenant, and how many people it has.

use rusqlite::params;

use crate::{
    store::Snapshot,
    types::{CompanyId, Result, UserId},
};

impl Snapshot<'_> {
    /// How many people a tenant has: members that are neither service accounts nor the platform's, nor disabled. This
    /// is what a quota counts.
    pub fn people_count(&self, company: &CompanyId) -> Result<u64> {
        let sql = "SELECT count(*) FROM membership m JOIN user_auth u ON u.id = m.user
                   WHERE m.company = ?1 AND NOT u.is_service AND NOT u.internal AND NOT u.disabled";
        let count = self.one(sql, [company.as_str()], |row| row.get::<_, i64>(0))?;
        Ok(count.and_then(|count| count.try_into().ok()).unwrap_or_default())
    }

    /// E-mail addresses of a tenant's administrators, those included that have not signed in yet; sorted.
    pub fn admin_emails(&self, company: &CompanyId) -> Result<Vec<String>> {
        let sql = "SELECT u.email FROM membership m JOIN user_auth u ON u.id = m.user
                   WHERE m.company = ?1 AND m.role = 'admin' AND u.email IS NOT NULL AND NOT u.internal
                       AND NOT u.is_service AND NOT u.disabled
                   UNION
                   SELECT email FROM login_whitelist WHERE company = ?1 AND role = 'admin' AND accepted IS NULL
                   ORDER BY 1";
        self.all(sql, [company.as_str()], |row| row.get(0))
    }

    /// The administrator that the platform made for a tenant: the oldest one.
    pub fn internal_admin(&self, company: &CompanyId) -> Result<Option<UserId>> {
        let sql =
            "SELECT id FROM user_auth WHERE company = ?1 AND internal AND role = 'admin' AND NOT disabled
                   ORDER BY created, id LIMIT 1";
        self.one(sql, [company.as_str()], |row| Ok(UserId::from(row.get::<_, String>(0)?)))
    }

    /// Ids of a tenant's people who signed in since then.
    pub fn active_people(&self, company: &CompanyId, since: i64) -> Result<Vec<String>> {
        let sql = "SELECT u.id FROM membership m JOIN user_auth u ON u.id = m.user
                   WHERE m.company = ?1 AND NOT u.is_service AND NOT u.internal AND u.last_login >= ?2 ORDER BY u.id";
        self.all(sql, params![company.as_str(), since], |row| row.get(0))
    }
}
