//! Who was removed from a tenant and is not let in again by any rule of sign-in (spec/security_rules.md S13).

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Millis, Result, UserId},
};

/// Somebody who was removed.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// The account that is gone.
    pub user: UserId,
    /// Name at the time.
    pub name: String,
    /// E-mail addresses, folded.
    pub emails: Vec<String>,
    /// When.
    pub created: Millis,
    /// By whom.
    pub created_by: Option<UserId>,
}

impl Snapshot<'_> {
    /// Whether an e-mail address was removed from the tenant together with its account.
    pub fn is_email_tombstoned(&self, company: &CompanyId, email: &str) -> Result<bool> {
        self.is_tombstoned(company, "", &email.to_lowercase())
    }

    /// Whether an identity at a provider was removed from the tenant together with its account.
    pub fn is_tombstoned(&self, company: &CompanyId, issuer: &str, subject: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM tombstone WHERE company = ?1 AND issuer = ?2 AND subject = ?3";
        Ok(self.one(sql, [company.as_str(), issuer, subject], |_| Ok(()))?.is_some())
    }

    /// Who was removed from the tenant, newest first.
    pub fn tombstones(&self, company: &CompanyId) -> Result<Vec<Tombstone>> {
        let sql =
            "SELECT user, max(name), json_group_array(subject) FILTER (WHERE issuer = ''), max(created),
                          max(created_by)
                   FROM tombstone WHERE company = ?1 GROUP BY user ORDER BY max(created) DESC, user";
        self.all(sql, [company.as_str()], |row| {
            let emails: String = row.get(2)?;
            Ok(Tombstone {
                user: row.get::<_, String>(0)?.into(),
                name: row.get(1)?,
                emails: serde_json::from_str(&emails).unwrap_or_default(),
                created: Millis(row.get(3)?),
                created_by: row.get::<_, Option<String>>(4)?.map(UserId::from),
            })
        })
    }
}

impl Tx<'_> {
    /// Notes that an identity was removed from a tenant; `issuer` is empty for e-mail addresses, which are folded.
    pub fn insert_tombstone(
        &self,
        company: &CompanyId,
        issuer: &str,
        subject: &str,
        of: (&UserId, &str),
        by: &UserId,
    ) -> Result<()> {
        let subject = if issuer.is_empty() { subject.to_lowercase() } else { subject.to_owned() };
        let sql =
            "INSERT OR REPLACE INTO tombstone (company, issuer, subject, user, name, created, created_by)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (user, name) = of;
        let params = params![company.as_str(), issuer, subject, user.as_str(), name, self.now.0, by.as_str()];
        self.run(sql, params).map(drop)
    }

    /// Lets somebody who was removed sign in again; returns whether there was anything to forget.
    pub fn forget_tombstones(&self, company: &CompanyId, user: &str) -> Result<bool> {
        let sql = "DELETE FROM tombstone WHERE company = ?1 AND user = ?2";
        Ok(self.run(sql, [company.as_str(), user])? > 0)
    }

    /// Lets an e-mail address sign in again, with everything that its account held at providers.
    pub fn forget_tombstones_of_email(&self, company: &CompanyId, email: &str) -> Result<bool> {
        let sql = "DELETE FROM tombstone WHERE company = ?1 AND user IN (
                       SELECT user FROM tombstone WHERE company = ?1 AND issuer = '' AND subject = ?2)";
        Ok(self.run(sql, [company.as_str(), &email.to_lowercase()])? > 0)
    }
}
