//! Vaults without their content.

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx, identity::USERS},
    types::{Millis, Result, UserId},
};

/// Whom a vault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VaultScope {
    /// One person or service account.
    User,
    /// Members of a group.
    Group,
    /// Everybody of the tenant.
    Organization,
}

impl VaultScope {
    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            VaultScope::User => "user",
            VaultScope::Group => "group",
            VaultScope::Organization => "organization",
        }
    }

    /// From the wire.
    pub fn named(name: &str) -> Option<Self> {
        [VaultScope::User, VaultScope::Group, VaultScope::Organization]
            .into_iter()
            .find(|scope| scope.as_str() == name)
    }
}

/// A vault as stored, without its content.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Id.
    pub id: String,
    /// Whom it is for.
    pub scope: VaultScope,
    /// Whose it is, with scope user.
    pub user: Option<UserId>,
    /// Whose members it is for, with scope group.
    pub group: Option<String>,
    /// The group's name.
    pub group_name: Option<String>,
    /// Type as on the wire.
    pub kind: String,
    /// Display name.
    pub description: String,
    /// Whether it applies.
    pub enabled: bool,
    /// Its user may not sign in at present.
    pub suspended: bool,
    /// Grows with every change.
    pub version: i64,
    /// The version of its content.
    pub content_version: i64,
    /// When it was made.
    pub created: Millis,
    /// When it changed last.
    pub last_update: Millis,
    /// Who changed it last.
    pub updated_by: UserId,
}

/// What is needed to add a vault.
#[derive(Clone, Debug)]
pub struct NewVault<'a> {
    /// Id.
    pub id: &'a str,
    /// Whom it is for.
    pub scope: VaultScope,
    /// Whose it is.
    pub user: Option<&'a str>,
    /// Whose members it is for.
    pub group: Option<&'a str>,
    /// Type as on the wire.
    pub kind: &'a str,
    /// Display name.
    pub description: &'a str,
    /// Whether it applies.
    pub enabled: bool,
    /// Who makes it.
    pub by: &'a str,
}

const SELECT: &str = "SELECT v.id, v.scope, v.user, v.group_id, g.name, v.type, v.description, v.enabled, v.suspended, \
                      v.version, v.content_version, v.created, v.last_update, v.updated_by \
                      FROM vault v LEFT JOIN sec_group g ON g.id = v.group_id";

/// The order in which clients fold them: personal ones first, so that administrators win, and a specific group wins over
/// the whole tenant (spec/governance.md 3.2).
fn order() -> String {
    format!(
        "ORDER BY CASE WHEN v.scope = 'user' THEN 1 WHEN v.scope = 'organization' THEN 2 WHEN v.group_id = '{USERS}' THEN 3 \
         ELSE 4 END, iif(v.scope = 'group' AND v.group_id <> '{USERS}', coalesce(g.priority, 0), 0), v.created, v.id"
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<Vault> {
    let scope: String = row.get(1)?;
    Ok(Vault {
        id: row.get(0)?,
        scope: VaultScope::named(&scope).unwrap_or(VaultScope::User),
        user: row.get::<_, Option<String>>(2)?.map(Into::into),
        group: row.get(3)?,
        group_name: row.get(4)?,
        kind: row.get(5)?,
        description: row.get(6)?,
        enabled: row.get(7)?,
        suspended: row.get(8)?,
        version: row.get(9)?,
        content_version: row.get(10)?,
        created: Millis(row.get(11)?),
        last_update: Millis(row.get(12)?),
        updated_by: row.get::<_, String>(13)?.into(),
    })
}

impl Snapshot<'_> {
    /// A vault of the scope's tenant.
    pub fn vault(&self, id: &str) -> Result<Option<Vault>> {
        let sql = format!("{SELECT} WHERE v.id = ?1 AND v.company = ?2");
        self.one(&sql, [id, self.scope.company.as_str()], read)
    }

    /// A user's own vaults, enabled or not; suspended ones are left out. Uses `vault_of_user`.
    pub fn vaults_of_user(&self, user: &str) -> Result<Vec<Vault>> {
        let sql = format!(
            "{SELECT} WHERE v.company = ?1 AND v.scope = 'user' AND v.user = ?2 AND v.suspended = 0 {}",
            order()
        );
        self.all(&sql, [self.scope.company.as_str(), user], read)
    }

    /// Vaults of the tenant's administrators, in the order in which they are folded: all, or those that apply to the
    /// members of these groups. Uses `vault_of_administrators`.
    pub fn administrator_vaults(&self, groups: Option<&[String]>) -> Result<Vec<Vault>> {
        let groups = groups.map(|groups| serde_json::json!(groups).to_string());
        let sql = format!(
            "{SELECT} WHERE v.company = ?1 AND v.scope <> 'user' AND (?2 IS NULL OR v.enabled = 1 AND
                 (v.scope = 'organization' OR v.group_id IN (SELECT value FROM json_each(?2)))) {}",
            order()
        );
        self.all(&sql, params![self.scope.company.as_str(), groups], read)
    }

    /// Whether the tenant's administrators have any vault that applies. Uses `vault_of_administrators`.
    pub fn has_administrator_vaults(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM vault WHERE company = ?1 AND scope <> 'user' AND enabled = 1 LIMIT 1";
        Ok(self.one(sql, [self.scope.company.as_str()], |_| Ok(()))?.is_some())
    }

    /// How many vaults the tenant has.
    pub fn count_vaults(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM vault WHERE company = ?1";
        Ok(self.one(sql, [self.scope.company.as_str()], |row| row.get(0))?.unwrap_or_default())
    }

    /// Name of a group that exists in the tenant: its own, or one of all tenants.
    pub fn group_name(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT name FROM sec_group WHERE id = ?1 AND company IN ('', ?2)";
        self.one(sql, [id, self.scope.company.as_str()], |row| row.get(0))
    }

    /// Groups that exist in the tenant: id and name, by name.
    pub fn groups_in_tenant(&self) -> Result<Vec<(String, String)>> {
        let sql = "SELECT id, name FROM sec_group WHERE company IN ('', ?1) ORDER BY name_fold";
        self.all(sql, [self.scope.company.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Tx<'_> {
    /// Adds a vault whose first content follows.
    pub fn insert_vault(&self, new: &NewVault<'_>) -> Result<()> {
        self.run(
            "INSERT INTO vault (id, company, scope, user, group_id, type, description, enabled, version, content_version,
                                created, created_by, last_update, updated_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 1, ?9, ?10, ?9, ?10)",
            params![
                new.id,
                self.scope.company.as_str(),
                new.scope.as_str(),
                new.user,
                new.group,
                new.kind,
                new.description,
                new.enabled,
                self.now.0,
                new.by,
            ],
        )
        .map(drop)
    }

    /// Stores what may change of a vault, under its next version.
    pub fn update_vault(&self, vault: &Vault) -> Result<()> {
        self.run(
            "UPDATE vault SET user = ?3, group_id = ?4, type = ?5, description = ?6, enabled = ?7, version = ?8,
                 content_version = ?9, last_update = ?10, updated_by = ?11 WHERE id = ?1 AND company = ?2",
            params![
                vault.id,
                self.scope.company.as_str(),
                vault.user.as_ref().map(UserId::as_str),
                vault.group,
                vault.kind,
                vault.description,
                vault.enabled,
                vault.version,
                vault.content_version,
                self.now.0,
                vault.updated_by.as_str(),
            ],
        )
        .map(drop)
    }

    /// Removes a vault with all its content.
    pub fn delete_vault(&self, id: &str) -> Result<bool> {
        let sql = "DELETE FROM vault WHERE id = ?1 AND company = ?2";
        Ok(self.run(sql, [id, self.scope.company.as_str()])? == 1)
    }

    /// Suspends or readmits a user's vaults in the tenant (spec/security_rules.md S13).
    pub fn suspend_vaults_of(&self, user: &UserId, suspended: bool) -> Result<usize> {
        let sql = "UPDATE vault SET suspended = ?3 WHERE company = ?1 AND scope = 'user' AND user = ?2";
        self.run(sql, params![self.scope.company.as_str(), user.as_str(), suspended])
    }
}
