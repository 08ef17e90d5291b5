//! Groups and who is in them.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Result, UserId},
};

/// Built-in group that everybody belongs to (spec/governance.md 0.2).
pub const USERS: &str = "30795571-a470-4717-a80d-e8705fc776bf";
/// Built-in group of administrators.
pub const ADMINS: &str = "c14a3cc6-1144-4896-8ea6-fb186ee19896";
/// Built-in group of those who administer queues. The id is no UUID on purpose: it is the protocol's.
pub const QUEUE_ADMINS: &str = "30795571a4704717a80de8705897ytuyg";

/// A group that a caller belongs to.
#[derive(Clone, Debug)]
pub struct Group {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Features it grants; `None` when not configured.
    pub features: Option<Vec<String>>,
}

impl Snapshot<'_> {
    /// Whether a tenant has a group of this id, its own or one of all tenants.
    pub fn group_exists(&self, id: &str, company: &CompanyId) -> Result<bool> {
        let sql = "SELECT 1 FROM sec_group WHERE id = ?1 AND company IN ('', ?2)";
        Ok(self.one(sql, [id, company.as_str()], |_| Ok(()))?.is_some())
    }

    /// Groups of a user within a tenant, built-in and cross-tenant ones included, by name.
    pub fn groups_of(&self, user: &UserId, company: &CompanyId) -> Result<Vec<Group>> {
        self.all(
            "SELECT g.id, g.name, g.features FROM group_member m JOIN sec_group g ON g.id = m.group_id
             WHERE m.user = ?1 AND m.company = ?2 ORDER BY g.name",
            [user.as_str(), company.as_str()],
            |row| {
                let features: Option<String> = row.get(2)?;
                Ok(Group {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    features: features.and_then(|text| serde_json::from_str(&text).ok()),
                })
            },
        )
    }
}

impl Tx<'_> {
    /// Makes sure a server-wide group exists under its fixed id; its features follow configuration.
    pub fn ensure_group(
        &self,
        id: &str,
        name: &str,
        description: &str,
        features: Option<&[String]>,
        assignable: bool,
    ) -> Result<()> {
        let features = features.map(|list| serde_json::Value::from(list).to_string());
        self.run(
            "INSERT INTO sec_group (id, company, name, name_fold, description, features, assignable, system)
             VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, 1)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_fold = excluded.name_fold,
                 features = excluded.features, assignable = excluded.assignable",
            params![id, name, name.to_lowercase(), description, features, assignable],
        )
        .map(drop)
    }

    /// Puts a user into a group within a tenant; repeating it changes nothing.
    pub fn join_group(&self, group: &str, user: &UserId, company: &CompanyId, source: &str) -> Result<()> {
        let sql = "INSERT INTO group_member (group_id, user, company, source) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT DO NOTHING";
        self.run(sql, [group, user.as_str(), company.as_str(), source]).map(drop)
    }

    /// Takes a user out of the groups that the configuration put them into.
    pub fn leave_configured_groups(&self, user: &UserId, company: &CompanyId) -> Result<()> {
        let sql = "DELETE FROM group_member WHERE user = ?1 AND company = ?2 AND source = 'config'";
        self.run(sql, [user.as_str(), company.as_str()]).map(drop)
    }

    /// Takes a user out of a group within a tenant.
    pub fn leave_group(&self, group: &str, user: &UserId, company: &CompanyId) -> Result<()> {
        let sql = "DELETE FROM group_member WHERE group_id = ?1 AND user = ?2 AND company = ?3";
        self.run(sql, [group, user.as_str(), company.as_str()]).map(drop)
    }
}
