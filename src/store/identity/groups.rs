//! Groups and who is in them.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, ErrorKind, Result, UserId},
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

/// A group as administrators see it.
#[derive(Clone, Debug)]
pub struct GroupRecord {
    /// Id.
    pub id: String,
    /// Its tenant; empty for groups of all tenants.
    pub company: CompanyId,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Features it grants; `None` when not configured.
    pub features: Option<Vec<String>>,
    /// Whether its members may be changed by administrators.
    pub assignable: bool,
    /// Built in.
    pub system: bool,
    /// Made by configuration.
    pub from_config: bool,
}

/// A group of all tenants as configuration describes it.
#[derive(Clone, Debug)]
pub struct ConfiguredGroup<'a> {
    /// Id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Features; `None` grants none by itself.
    pub features: Option<&'a [String]>,
    /// Whether its members may be changed by administrators.
    pub assignable: bool,
}

const COLUMNS: &str = "id, company, name, description, features, assignable, system, from_config";

fn features(text: Option<String>) -> Option<Vec<String>> {
    text.map(|text| serde_json::from_str(&text).unwrap_or_default())
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<GroupRecord> {
    Ok(GroupRecord {
        id: row.get(0)?,
        company: row.get::<_, String>(1)?.into(),
        name: row.get(2)?,
        description: row.get(3)?,
        features: features(row.get(4)?),
        assignable: row.get(5)?,
        system: row.get(6)?,
        from_config: row.get(7)?,
    })
}

impl Snapshot<'_> {
    /// Whether a tenant has a group of this id, its own or one of all tenants.
    pub fn has_group(&self, id: &str, company: &CompanyId) -> Result<bool> {
        let sql = "SELECT 1 FROM sec_group WHERE id = ?1 AND company IN ('', ?2)";
        Ok(self.one(sql, [id, company.as_str()], |_| Ok(()))?.is_some())
    }

    /// Groups of a user within a tenant, built-in and cross-tenant ones included, by name. Everybody is in `users`.
    pub fn groups_of(&self, user: &UserId, company: &CompanyId) -> Result<Vec<Group>> {
        self.all(
            "SELECT id, name, features FROM sec_group WHERE hidden = 0 AND (id = ?3 OR id IN (
                 SELECT group_id FROM group_member WHERE user = ?1 AND company = ?2)) ORDER BY name",
            [user.as_str(), company.as_str(), USERS],
            |row| Ok(Group { id: row.get(0)?, name: row.get(1)?, features: features(row.get(2)?) }),
        )
    }

    /// The groups that a tenant has: built-in, those of all tenants, its own; in this order, each by name.
    pub fn groups(&self, company: &CompanyId) -> Result<Vec<GroupRecord>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sec_group WHERE hidden = 0 AND company IN ('', ?1) \
             ORDER BY system DESC, from_config DESC, name_fold, id"
        );
        self.all(&sql, [company.as_str()], read)
    }

    /// Whether any tenant has a group with this id, shown or hidden.
    pub fn group_exists(&self, id: &str) -> Result<bool> {
        Ok(self.one("SELECT 1 FROM sec_group WHERE id = ?1", [id], |_| Ok(()))?.is_some())
    }

    /// Who was put into groups within a tenant, as (group, user, source). Membership of `users` is not listed here.
    pub fn group_members(&self, company: &CompanyId) -> Result<Vec<(String, UserId, String)>> {
        let sql = "SELECT group_id, user, source FROM group_member WHERE company = ?1 AND group_id <> ?2 \
                   ORDER BY group_id, user";
        self.all(sql, [company.as_str(), USERS], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?.into(), row.get(2)?))
        })
    }
}

impl Tx<'_> {
    /// Hides the groups of the configuration: those that are still named are shown again by
    /// [`Tx::ensure_configured_group`]. A hidden one keeps its members and gives its name away.
    pub fn hide_configured_groups(&self) -> Result<()> {
        self.run("UPDATE sec_group SET hidden = 1, name_fold = id WHERE from_config = 1", []).map(drop)
    }

    /// Makes a group of all tenants what configuration says.
    ///
    /// Errors: 400/801 its id is a tenant's group's.
    pub fn ensure_configured_group(&self, group: &ConfiguredGroup<'_>) -> Result<()> {
        let sql = "SELECT 1 FROM sec_group WHERE id = ?1 AND from_config = 0";
        if self.one(sql, [group.id], |_| Ok(()))?.is_some() {
            return Err(ErrorKind::ExpectedUniqueData.into());
        }
        let features = group.features.map(|list| serde_json::Value::from(list).to_string());
        self.run(
            "INSERT INTO sec_group (id, company, name, name_fold, features, assignable, system, from_config)
             VALUES (?1, '', ?2, ?3, ?4, ?5, 0, 1)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_fold = excluded.name_fold, hidden = 0,
                 features = excluded.features, assignable = excluded.assignable",
            params![group.id, group.name, group.name.to_lowercase(), features, group.assignable],
        )
        .map(drop)
    }

    /// Adds a group of a tenant.
    ///
    /// Errors: 400/801 the id or the name is taken.
    pub fn insert_group(&self, id: &str, company: &CompanyId, name: &str, description: &str) -> Result<()> {
        let sql =
            "INSERT INTO sec_group (id, company, name, name_fold, description) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.run(sql, [id, company.as_str(), name, &name.to_lowercase(), description]).map(drop)
    }

    /// Renames and describes a tenant's own group.
    ///
    /// Errors: 400/801 the name is taken.
    pub fn update_group(&self, id: &str, company: &CompanyId, name: &str, description: &str) -> Result<()> {
        let sql =
            "UPDATE sec_group SET name = ?3, name_fold = ?4, description = ?5 WHERE id = ?1 AND company = ?2";
        self.run(sql, [id, company.as_str(), name, &name.to_lowercase(), description]).map(drop)
    }

    /// Removes a tenant's own group with its memberships; returns whether there was one.
    pub fn delete_group(&self, id: &str, company: &CompanyId) -> Result<bool> {
        let sql = "DELETE FROM sec_group WHERE id = ?1 AND company = ?2";
        Ok(self.run(sql, [id, company.as_str()])? > 0)
    }

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
