//! API credentials: an access key, a keyed hash of the secret, and how it was used.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, params};

use crate::{
    store::{OpenError, Snapshot, Tx},
    types::{CompanyId, Millis, Result, UserId},
};

/// A credential as stored; the secret itself is nowhere.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The public half.
    pub access_key: String,
    /// Owner.
    pub user: UserId,
    /// Owner's tenant.
    pub company: CompanyId,
    /// Keyed hash of the secret.
    pub secret_hash: Vec<u8>,
    /// Which key made the hash.
    pub key_id: String,
    /// What the owner calls it.
    pub label: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// When it stops working.
    pub expire: Option<Millis>,
    /// Last successful use.
    pub last_used: Option<Millis>,
    /// Worker name or address of the last use.
    pub last_used_from: Option<String>,
}

/// What is needed to add a credential.
#[derive(Clone, Debug)]
pub struct NewCredential<'a> {
    /// The public half.
    pub access_key: &'a str,
    /// Owner.
    pub user: &'a UserId,
    /// Owner's tenant.
    pub company: &'a CompanyId,
    /// Keyed hash of the secret.
    pub secret_hash: [u8; 32],
    /// Which key made the hash.
    pub key_id: &'a str,
    /// What the owner calls it.
    pub label: Option<&'a str>,
    /// From configuration: replaced at every start.
    pub from_config: bool,
    /// Who made it, when not the owner.
    pub created_by: Option<&'a UserId>,
    /// When it stops working.
    pub expire: Option<Millis>,
}

const COLUMNS: &str =
    "access_key, user, company, secret_hash, key_id, label, created, expire, last_used, last_used_from";

fn read(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        access_key: row.get(0)?,
        user: row.get::<_, String>(1)?.into(),
        company: row.get::<_, String>(2)?.into(),
        secret_hash: row.get(3)?,
        key_id: row.get(4)?,
        label: row.get(5)?,
        created: Millis(row.get(6)?),
        expire: row.get::<_, Option<i64>>(7)?.map(Millis),
        last_used: row.get::<_, Option<i64>>(8)?.map(Millis),
        last_used_from: row.get(9)?,
    })
}

/// The credentials of all service accounts with the names of these, for `doctor`: read beside a running server; changes
/// nothing.
///
/// Errors: the database can't be read.
pub fn service_credentials(database: &Path) -> std::result::Result<Vec<(String, Credential)>, OpenError> {
    let columns = COLUMNS.split(", ").map(|column| format!("c.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns}, a.name FROM credential c JOIN user_auth a ON a.id = c.user WHERE a.is_service
         ORDER BY a.name, c.created"
    );
    let rows = || -> rusqlite::Result<Vec<(String, Credential)>> {
        let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut all = conn.prepare(&sql)?;
        let rows = all.query_map([], |row| Ok((row.get(10)?, read(row)?)))?;
        rows.collect()
    };
    rows().map_err(|error| OpenError::Unreadable {
        path: database.display().to_string(),
        reason: error.to_string(),
    })
}

impl Snapshot<'_> {
    /// A credential by its access key.
    pub fn credential(&self, access_key: &str) -> Result<Option<Credential>> {
        self.one(&format!("SELECT {COLUMNS} FROM credential WHERE access_key = ?1"), [access_key], read)
    }

    /// Credentials of a user in a tenant, in order of creation.
    pub fn credentials(&self, user: &UserId, company: &CompanyId) -> Result<Vec<Credential>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM credential WHERE user = ?1 AND company = ?2 ORDER BY created, rowid"
        );
        self.all(&sql, [user.as_str(), company.as_str()], read)
    }
}

impl Tx<'_> {
    /// Adds a credential.
    pub fn insert_credential(&self, new: &NewCredential<'_>) -> Result<()> {
        self.run(
            "INSERT INTO credential (access_key, user, company, secret_hash, key_id, label, from_config, created,
                                     created_by, expire)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                new.access_key,
                new.user.as_str(),
                new.company.as_str(),
                new.secret_hash,
                new.key_id,
                new.label,
                new.from_config,
                self.now.0,
                new.created_by.map(UserId::as_str),
                new.expire.map(|at| at.0),
            ],
        )
        .map(drop)
    }

    /// Changes or clears the label of a user's credential; returns whether it exists.
    pub fn set_credential_label(&self, user: &UserId, access_key: &str, label: Option<&str>) -> Result<bool> {
        let sql = "UPDATE credential SET label = ?3 WHERE access_key = ?2 AND user = ?1";
        Ok(self.run(sql, params![user.as_str(), access_key, label])? > 0)
    }

    /// Removes a user's credential; returns whether there was one.
    pub fn delete_credential(&self, user: &UserId, access_key: &str) -> Result<bool> {
        Ok(self
            .run("DELETE FROM credential WHERE access_key = ?2 AND user = ?1", [user.as_str(), access_key])?
            > 0)
    }

    /// Removes every credential of a user that configuration brought, or all of them.
    pub fn delete_credentials(&self, user: &UserId, only_from_config: bool) -> Result<()> {
        let sql = "DELETE FROM credential WHERE user = ?1 AND (from_config OR NOT ?2)";
        self.run(sql, params![user.as_str(), only_from_config]).map(drop)
    }

    /// Notes a use.
    pub fn note_credential_use(&self, access_key: &str, from: &str) -> Result<()> {
        let sql = "UPDATE credential SET last_used = ?2, last_used_from = ?3 WHERE access_key = ?1";
        self.run(sql, params![access_key, self.now.0, from]).map(drop)
    }
}
