//! What vaults hold and held, sealed.

use rusqlite::{Row, params};

use crate::{
    crypto::seal::Sealed,
    store::{Snapshot, Tx},
    types::{Millis, Result, UserId},
};

/// Versions of a vault that are kept.
const KEPT: i64 = 50;

/// One version of a vault's content.
#[derive(Clone, Debug)]
pub struct VaultContent {
    /// Which one.
    pub version: i64,
    /// Format as on the wire.
    pub format: String,
    /// The text, sealed.
    pub sealed: Sealed,
    /// Keyed hash of the text.
    pub hash: String,
    /// When it was stored.
    pub created: Millis,
    /// Who stored it.
    pub created_by: UserId,
}

const COLUMNS: &str = "version, format, key_id, sealed, content_hash, created, created_by";

fn read(row: &Row<'_>) -> rusqlite::Result<VaultContent> {
    Ok(VaultContent {
        version: row.get(0)?,
        format: row.get(1)?,
        sealed: Sealed { key_id: row.get(2)?, bytes: row.get(3)? },
        hash: row.get(4)?,
        created: Millis(row.get(5)?),
        created_by: row.get::<_, String>(6)?.into(),
    })
}

impl Snapshot<'_> {
    /// One version of a vault of the tenant.
    pub fn vault_content(&self, vault: &str, version: i64) -> Result<Option<VaultContent>> {
        let sql =
            format!("SELECT {COLUMNS} FROM vault_version WHERE vault = ?1 AND version = ?2 AND company = ?3");
        self.one(&sql, params![vault, version, self.scope.company.as_str()], read)
    }

    /// All kept versions of a vault of the tenant, newest first.
    pub fn vault_versions(&self, vault: &str) -> Result<Vec<VaultContent>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM vault_version WHERE vault = ?1 AND company = ?2 ORDER BY version DESC"
        );
        self.all(&sql, [vault, self.scope.company.as_str()], read)
    }
}

impl Tx<'_> {
    /// Adds a version; very old ones go.
    pub fn put_vault_content(&self, vault: &str, content: &VaultContent) -> Result<()> {
        self.run(
            "INSERT INTO vault_version (vault, version, company, format, key_id, sealed, content_hash, created, created_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                vault,
                content.version,
                self.scope.company.as_str(),
                content.format,
                content.sealed.key_id,
                content.sealed.bytes,
                content.hash,
                content.created.0,
                content.created_by.as_str(),
            ],
        )?;
        self.run(
            "DELETE FROM vault_version WHERE vault = ?1 AND version NOT IN
                 (SELECT version FROM vault_version WHERE vault = ?1 ORDER BY version DESC LIMIT ?2)",
            params![vault, KEPT],
        )
        .map(drop)
    }
}
