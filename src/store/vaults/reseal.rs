//! Sealed values of every kind, for the rotation of sealing keys (rules: spec/security_rules.md S25).

use rusqlite::params;

use crate::{
    crypto::seal::Sealed,
    store::{Snapshot, Tx},
    types::Result,
};

/// A sealed value, with what is needed to open it and to store it again.
#[derive(Clone, Debug)]
pub enum Resealed {
    /// A version of a vault: tenant, vault, version.
    Vault(String, String, i64),
    /// A section of a tenant's storage settings: tenant, section.
    Storage(String, String),
    /// The values that are masked for a task: tenant, task.
    Task(String, String),
}

impl Snapshot<'_> {
    /// Up to `limit` values that another key than `current` sealed.
    pub fn sealed_otherwise(&self, current: &str, limit: i64) -> Result<Vec<(Resealed, Sealed)>> {
        let mut found = self.all(
            "SELECT company, vault, version, key_id, sealed FROM vault_version WHERE key_id <> ?1 LIMIT ?2",
            params![current, limit],
            |row| {
                let value = Resealed::Vault(row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((value, Sealed { key_id: row.get(3)?, bytes: row.get(4)? }))
            },
        )?;
        found.extend(self.all(
            "SELECT company, section, key_id, sealed FROM storage_section WHERE key_id <> ?1 LIMIT ?2",
            params![current, limit],
            |row| {
                let value = Resealed::Storage(row.get(0)?, row.get(1)?);
                Ok((value, Sealed { key_id: row.get(2)?, bytes: row.get(3)? }))
            },
        )?);
        found.extend(self.all(
            "SELECT company, task, key_id, sealed FROM task_secret WHERE key_id IS NOT NULL AND key_id <> ?1 LIMIT ?2",
            params![current, limit],
            |row| {
                let value = Resealed::Task(row.get(0)?, row.get(1)?);
                Ok((value, Sealed { key_id: row.get(2)?, bytes: row.get(3)? }))
            },
        )?);
        Ok(found)
    }

    /// Ids of the keys that some sealed value needs.
    pub fn sealing_keys_in_use(&self) -> Result<Vec<String>> {
        self.all(
            "SELECT key_id FROM vault_version UNION SELECT key_id FROM storage_section
             UNION SELECT key_id FROM task_secret WHERE key_id IS NOT NULL",
            [],
            |row| row.get(0),
        )
    }
}

impl Tx<'_> {
    /// Stores a value that was sealed anew.
    pub fn put_resealed(&self, value: &Resealed, sealed: &Sealed) -> Result<()> {
        let (key, bytes) = (&sealed.key_id, &sealed.bytes);
        match value {
            Resealed::Vault(company, vault, version) => self.run(
                "UPDATE vault_version SET key_id = ?4, sealed = ?5 WHERE vault = ?1 AND version = ?2 AND company = ?3",
                params![vault, version, company, key, bytes],
            ),
            Resealed::Storage(company, section) => self.run(
                "UPDATE storage_section SET key_id = ?3, sealed = ?4 WHERE company = ?1 AND section = ?2",
                params![company, section, key, bytes],
            ),
            Resealed::Task(company, task) => self.run(
                "UPDATE task_secret SET key_id = ?3, sealed = ?4 WHERE task = ?2 AND company = ?1",
                params![company, task, key, bytes],
            ),
        }
        .map(drop)
    }
}
