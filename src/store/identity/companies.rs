//! Tenants.

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Json, Millis, Result},
};

/// A tenant as stored.
#[derive(Clone, Debug)]
pub struct Company {
    /// Id.
    pub id: CompanyId,
    /// Display name.
    pub name: String,
    /// Inactive tenants accept no sign-in.
    pub active: bool,
    /// Per-tenant settings (spec/governance.md 0.1).
    pub defaults: Json,
}

const COLUMNS: &str = "id, name, active, defaults";

fn read(row: &Row<'_>) -> rusqlite::Result<Company> {
    let defaults: String = row.get(3)?;
    Ok(Company {
        id: row.get::<_, String>(0)?.into(),
        name: row.get(1)?,
        active: row.get(2)?,
        defaults: serde_json::from_str(&defaults).unwrap_or_default(),
    })
}

impl Snapshot<'_> {
    /// A tenant that was not deleted.
    pub fn company(&self, id: &str) -> Result<Option<Company>> {
        let sql = format!("SELECT {COLUMNS} FROM company WHERE id = ?1 AND deleted_at IS NULL");
        self.one(&sql, [id], read)
    }

    /// Every tenant that was not deleted, by age.
    pub fn companies(&self) -> Result<Vec<Company>> {
        let sql = format!("SELECT {COLUMNS} FROM company WHERE deleted_at IS NULL ORDER BY created, id");
        self.all(&sql, [], read)
    }

    /// As [`Snapshot::companies`], with deleted tenants of which something is left.
    pub fn companies_with_remains(&self) -> Result<Vec<Company>> {
        let sql = format!("SELECT {COLUMNS} FROM company WHERE purged_at IS NULL ORDER BY created, id");
        self.all(&sql, [], read)
    }

    /// Whether an active tenant has this name, without regard to case.
    pub fn company_name_taken(&self, name: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM company WHERE name_fold = ?1 AND active";
        Ok(self.one(sql, [name.to_lowercase()], |_| Ok(()))?.is_some())
    }

    /// Whether the tenant was deleted: from then on nothing may be written in it.
    pub fn company_is_deleted(&self, id: &CompanyId) -> Result<bool> {
        let sql = "SELECT 1 FROM company WHERE id = ?1 AND deleted_at IS NOT NULL";
        Ok(self.one(sql, [id.as_str()], |_| Ok(()))?.is_some())
    }
}

impl Tx<'_> {
    /// Adds a tenant.
    pub fn insert_company(&self, id: &CompanyId, name: &str, created: Millis) -> Result<()> {
        let sql = "INSERT INTO company (id, name, name_fold, created) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![id.as_str(), name, name.to_lowercase(), created.0]).map(drop)
    }

    /// Replaces a tenant's settings. Returns whether there is such a tenant.
    pub fn set_company_defaults(&self, id: &CompanyId, defaults: &Json) -> Result<bool> {
        let text = serde_json::Value::Object(defaults.clone()).to_string();
        let sql = "UPDATE company SET defaults = ?2 WHERE id = ?1 AND deleted_at IS NULL";
        Ok(self.run(sql, params![id.as_str(), text])? > 0)
    }
}
