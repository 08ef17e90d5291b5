//! Tenants' storage settings: sealed sections, opened above (spec/models.md 5).

use rusqlite::params;

use super::{Snapshot, Tx};
use crate::{
    crypto::seal::Sealed,
    types::{Millis, Result},
};

impl Snapshot<'_> {
    /// The sections that the scope's tenant stored, by name.
    pub fn storage_sections(&self) -> Result<Vec<(String, Sealed)>> {
        let sql = "SELECT section, key_id, sealed FROM storage_section WHERE company = ?1";
        self.all(sql, [self.scope.company.as_str()], |row| {
            Ok((row.get(0)?, Sealed { key_id: row.get(1)?, bytes: row.get(2)? }))
        })
    }

    /// When the scope's tenant changed its settings last; `None` when it never did.
    pub fn storage_last_update(&self) -> Result<Option<Millis>> {
        let sql = "SELECT last_update FROM storage_settings WHERE company = ?1";
        self.one(sql, [self.scope.company.as_str()], |row| Ok(Millis(row.get(0)?)))
    }
}

impl Tx<'_> {
    /// Stores a section in place of the former one.
    pub fn put_storage_section(&self, section: &str, sealed: &Sealed) -> Result<()> {
        self.run(
            "INSERT INTO storage_section (company, section, key_id, sealed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (company, section) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed",
            params![self.scope.company.as_str(), section, sealed.key_id, sealed.bytes],
        )
        .map(drop)
    }

    /// Forgets a section.
    pub fn drop_storage_section(&self, section: &str) -> Result<()> {
        let sql = "DELETE FROM storage_section WHERE company = ?1 AND section = ?2";
        self.run(sql, params![self.scope.company.as_str(), section]).map(drop)
    }

    /// Notes that the settings changed now.
    pub fn touch_storage_settings(&self) -> Result<()> {
        self.run(
            "INSERT INTO storage_settings (company, last_update) VALUES (?1, ?2)
             ON CONFLICT (company) DO UPDATE SET last_update = excluded.last_update",
            params![self.scope.company.as_str(), self.now.0],
        )
        .map(drop)
    }
}
