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
}

impl Tx<'_> {
    /// Adds a tenant.
    pub fn insert_company(&self, id: &CompanyId, name: &str, created: Millis) -> Result<()> {
        let sql = "INSERT INTO company (id, name, name_fold, created) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![id.as_str(), name, name.to_lowercase(), created.0]).map(drop)
    }
}
