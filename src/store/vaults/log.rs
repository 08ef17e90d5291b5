//! The log of vaults: append-only, without content (spec/governance.md 3.4).

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx},
    types::{Millis, Result},
};

/// One entry.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Vault.
    pub vault: String,
    /// Its display name then.
    pub description: String,
    /// Scope, or `service_account`.
    pub scope: String,
    /// create, edit, delete, activate, deactivate.
    pub operation: String,
    /// Who did it.
    pub user: String,
    /// Their name then.
    pub user_name: String,
    /// When; set when it is stored.
    pub created: Millis,
    /// From where.
    pub ip: String,
    /// Name of the client, as claimed.
    pub originator: String,
    /// Its version, as claimed.
    pub originator_version: String,
    /// Why, when something else caused it.
    pub reason: String,
    /// Version of the vault.
    pub version: i64,
    /// Keyed hash of its content.
    pub content_hash: String,
}

/// Which entries are wanted; empty lists want all.
#[derive(Clone, Debug, Default)]
pub struct LogWanted {
    /// Vaults.
    pub vaults: Vec<String>,
    /// Users.
    pub users: Vec<String>,
    /// Operations.
    pub operations: Vec<String>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Not before.
    pub from: Option<Millis>,
    /// Not after.
    pub to: Option<Millis>,
}

/// What the log can be filtered by.
#[derive(Clone, Debug, Default)]
pub struct LogFilters {
    /// Operations that occur.
    pub operations: Vec<String>,
    /// Users that occur: id and newest name.
    pub users: Vec<(String, String)>,
    /// Vaults that occur: id and newest display name.
    pub vaults: Vec<(String, String)>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    Ok(LogRow {
        vault: row.get(0)?,
        description: row.get(1)?,
        scope: row.get(2)?,
        operation: row.get(3)?,
        user: row.get(4)?,
        user_name: row.get(5)?,
        created: Millis(row.get(6)?),
        ip: row.get(7)?,
        originator: row.get(8)?,
        originator_version: row.get(9)?,
        reason: row.get(10)?,
        version: row.get(11)?,
        content_hash: row.get(12)?,
    })
}

impl Snapshot<'_> {
    /// Entries of the tenant, oldest first, at most `limit` of the newest. Uses `vault_log_by_time`.
    pub fn vault_log(&self, wanted: &LogWanted, limit: usize) -> Result<Vec<LogRow>> {
        let list = |values: &[String]| (!values.is_empty()).then(|| serde_json::json!(values).to_string());
        self.all(
            "SELECT * FROM (
                 SELECT vault, vault_description, scope, operation, user, user_name, created, ip, originator,
                        originator_version, reason, version, content_hash, seq
                 FROM vault_log
                 WHERE company = ?1
                   AND (?2 IS NULL OR vault IN (SELECT value FROM json_each(?2)))
                   AND (?3 IS NULL OR user IN (SELECT value FROM json_each(?3)))
                   AND (?4 IS NULL OR operation IN (SELECT value FROM json_each(?4)))
                   AND (?5 IS NULL OR scope IN (SELECT value FROM json_each(?5)))
                   AND (?6 IS NULL OR created >= ?6) AND (?7 IS NULL OR created <= ?7)
                 ORDER BY created DESC, seq DESC LIMIT ?8)
             ORDER BY created, seq",
            params![
                self.scope.company.as_str(),
                list(&wanted.vaults),
                list(&wanted.users),
                list(&wanted.operations),
                list(&wanted.scopes),
                wanted.from.map(|time| time.0),
                wanted.to.map(|time| time.0),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            read,
        )
    }

    /// What occurs in the tenant's log.
    pub fn vault_log_filters(&self) -> Result<LogFilters> {
        let company = self.scope.company.as_str();
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(LogFilters {
            operations: self.all(
                "SELECT DISTINCT operation FROM vault_log WHERE company = ?1 ORDER BY operation",
                [company],
                |row| row.get(0),
            )?,
            users: self.all(
                "SELECT user, user_name, max(seq) FROM vault_log WHERE company = ?1 GROUP BY user ORDER BY user_name",
                [company],
                pair,
            )?,
            vaults: self.all(
                "SELECT vault, vault_description, max(seq) FROM vault_log WHERE company = ?1 GROUP BY vault
                 ORDER BY vault_description",
                [company],
                pair,
            )?,
        })
    }
}

impl Tx<'_> {
    /// Appends an entry of the tenant, now.
    pub fn append_vault_log(&self, entry: &LogRow) -> Result<()> {
        self.run(
            "INSERT INTO vault_log (company, vault, vault_description, scope, operation, user, user_name, created, ip,
                                    originator, originator_version, reason, version, content_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                self.scope.company.as_str(),
                entry.vault,
                entry.description,
                entry.scope,
                entry.operation,
                entry.user,
                entry.user_name,
                self.now.0,
                entry.ip,
                entry.originator,
                entry.originator_version,
                entry.reason,
                entry.version,
                entry.content_hash,
            ],
        )
        .map(drop)
    }
}
