//! Removing what a deleted tenant left, in short turns (spec/governance.md 8.3, phase 2).
//!
//! Which tables hold rows of tenants is learnt from the schema: every table with a column `company` or `tenant`. So a
//! table that a later release adds is purged without anybody thinking of it. Nothing is remembered between turns; a
//! purge that was cut short goes on with what is still there.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx, sql::json_list},
    types::{CompanyId, Result},
};

/// Tables whose rows stay: the tombstone, and the audit and the trail of tasks, chains that end by their own retention.
pub const KEPT: [&str; 4] = ["company", "security_event", "task_trail", "task_trail_object"];

/// Tables that are removed first and in their own order, because others reach the tenant through them.
const EVENTS: [&str; 5] = ["event_owner", "series", "vector", "image", "plot"];

/// Documents; triggers remove what is derived from each.
const DOCUMENTS: [&str; 4] = ["task", "model", "project", "queue"];

/// A table whose rows belong to tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantTable {
    /// Its name.
    pub name: String,
    /// The column that holds the tenant.
    pub column: String,
    /// Columns of its key; empty: rows have a number.
    pub key: Vec<String>,
}

/// A purge under way: where it stands, so that no turn looks again at what earlier turns went past.
#[derive(Clone, Debug)]
pub struct Purge {
    company: CompanyId,
    tables: Vec<TenantTable>,
    table: usize,
    passed: i64,
    owners: bool,
}

/// Rows of events in one turn.
const EVENT_ROWS: i64 = 2_000;
/// Blocks of console lines in one turn.
const BLOCKS: i64 = 20;
/// Chunks of scalars in one turn: some 35 KiB each.
const CHUNKS: i64 = 50;
/// Documents in one turn: each takes its full-text index and its derived rows along.
const DOCUMENT_ROWS: i64 = 25;
/// Other rows in one turn.
const ROWS: i64 = 500;

impl Snapshot<'_> {
    /// All tables whose rows belong to tenants, documents first.
    pub fn tenant_tables(&self) -> Result<Vec<TenantTable>> {
        let sql = "SELECT t.name, c.name, t.wr FROM pragma_table_list t JOIN pragma_table_info(t.name) c
                   WHERE t.schema = 'main' AND t.type = 'table' AND c.name IN ('company', 'tenant')
                   ORDER BY t.name, c.name";
        let found = self.all(sql, [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
        })?;
        let mut tables = Vec::new();
        for (name, column, without_rowid) in found {
            let key = match without_rowid {
                true => {
                    let sql = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
                    self.all(sql, [&name], |row| row.get(0))?
                }
                false => Vec::new(),
            };
            tables.push(TenantTable { name, column, key });
        }
        tables.sort_by_key(|table| {
            DOCUMENTS.iter().position(|name| *name == table.name).unwrap_or(DOCUMENTS.len())
        });
        Ok(tables)
    }

    /// Begins to purge a tenant, or goes on.
    pub fn begin_purge(&self, company: &CompanyId) -> Result<Purge> {
        let mut tables = self.tenant_tables()?;
        tables.retain(|table| !KEPT.contains(&table.name.as_str()) && !EVENTS.contains(&table.name.as_str()));
        Ok(Purge { company: company.clone(), tables, table: 0, passed: 0, owners: true })
    }

    /// Whether a table still holds rows of a tenant.
    pub fn holds_rows_of(&self, table: &TenantTable, company: &CompanyId) -> Result<bool> {
        let sql = format!("SELECT 1 FROM \"{}\" WHERE \"{}\" = ?1 LIMIT 1", table.name, table.column);
        Ok(self.one(&sql, [company.as_str()], |_| Ok(()))?.is_some())
    }

    /// What the next turn removes; looked for by a reader, so that the writer never waits for a search.
    pub fn next_turn(&self, purge: &mut Purge) -> Result<Option<Turn>> {
        let company = purge.company.as_str();
        if purge.owners {
            let sql = "SELECT seq FROM event_owner WHERE seq > ?1 AND company = ?2 ORDER BY seq LIMIT 1";
            if let Some(owner) = self.one(sql, params![purge.passed, company], |row| row.get::<_, i64>(0))? {
                purge.passed = owner - 1;
                return Ok(Some(Turn::Events(owner)));
            }
            (purge.owners, purge.passed) = (false, 0);
        }
        while let Some(table) = purge.tables.get(purge.table) {
            if let Some(turn) = self.rows_to_purge(table, company, &mut purge.passed)? {
                return Ok(Some(turn));
            }
            purge.table += 1;
            purge.passed = i64::MIN;
        }
        Ok(None)
    }

    fn rows_to_purge(&self, table: &TenantTable, company: &str, passed: &mut i64) -> Result<Option<Turn>> {
        let most = if DOCUMENTS.contains(&table.name.as_str()) { DOCUMENT_ROWS } else { ROWS };
        let (name, column) = (&table.name, &table.column);
        if table.key.is_empty() {
            let sql = format!(
                "SELECT rowid FROM \"{name}\" WHERE rowid > ?1 AND \"{column}\" = ?2 ORDER BY rowid LIMIT ?3"
            );
            let rows: Vec<i64> = self.all(&sql, params![*passed, company, most], |row| row.get(0))?;
            let Some(last) = rows.last() else { return Ok(None) };
            *passed = *last;
            let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
            let sql = format!(
                "DELETE FROM \"{name}\" WHERE \"{column}\" = ?1
                 AND rowid IN (SELECT CAST(value AS INTEGER) FROM json_each(?2))"
            );
            return Ok(Some(Turn::Numbered(sql, json_list(&rows))));
        }
        let sql = format!("SELECT 1 FROM \"{name}\" WHERE \"{column}\" = ?1 LIMIT 1");
        if self.one(&sql, [company], |_| Ok(()))?.is_none() {
            return Ok(None);
        }
        let key: Vec<String> = table.key.iter().map(|part| format!("\"{part}\"")).collect();
        let key = key.join(", ");
        let sql = format!(
            "DELETE FROM \"{name}\" WHERE \"{column}\" = ?1 AND ({key}) IN
                 (SELECT {key} FROM \"{name}\" WHERE \"{column}\" = ?1 LIMIT ?2)"
        );
        Ok(Some(Turn::Keyed(sql, most)))
    }
}

/// One short transaction of a purge.
#[derive(Clone, Debug)]
pub enum Turn {
    /// Some events of an owner, and at last the owner.
    Events(i64),
    /// Rows by number.
    Numbered(String, String),
    /// Rows by key, so many.
    Keyed(String, i64),
}

impl Tx<'_> {
    /// Removes what a turn is about; only rows of the tenant go. Returns how many went.
    pub fn purge_turn(&self, company: &CompanyId, turn: &Turn) -> Result<usize> {
        match turn {
            Turn::Events(owner) => self.purge_events(company, *owner),
            Turn::Numbered(sql, rows) => self.run(sql, params![company.as_str(), rows]),
            Turn::Keyed(sql, most) => self.run(sql, params![company.as_str(), most]),
        }
    }

    fn purge_events(&self, company: &CompanyId, owner: i64) -> Result<usize> {
        let sql = "SELECT 1 FROM event_owner WHERE seq = ?1 AND company = ?2";
        if self.one(sql, params![owner, company.as_str()], |_| Ok(()))?.is_none() {
            return Ok(0);
        }
        let of_series = |table: &str, key: &str| {
            format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table}
                     WHERE series IN (SELECT id FROM series WHERE owner = ?1) LIMIT ?2)"
            )
        };
        let chunks = self.delete_some_chunks(owner, CHUNKS)?;
        if chunks > 0 {
            return Ok(chunks);
        }
        let steps = [
            ("DELETE FROM log WHERE owner = ?1 AND line IN (SELECT line FROM log WHERE owner = ?1 LIMIT ?2)".to_owned(), EVENT_ROWS),
            ("DELETE FROM log_block WHERE id IN (SELECT id FROM log_block WHERE owner = ?1 LIMIT ?2)".to_owned(), BLOCKS),
            (of_series("scalar", "series, iteration"), EVENT_ROWS),
            (of_series("vector", "seq"), EVENT_ROWS),
            (of_series("image", "seq"), EVENT_ROWS),
            (of_series("plot", "seq"), BLOCKS),
            ("DELETE FROM series WHERE id IN (SELECT id FROM series WHERE owner = ?1 LIMIT ?2)".to_owned(), EVENT_ROWS),
            ("DELETE FROM event_batch WHERE id IN (SELECT id FROM event_batch WHERE owner = ?1 LIMIT ?2)".to_owned(), EVENT_ROWS),
            ("DELETE FROM event_owner WHERE seq IN (SELECT seq FROM event_owner WHERE seq = ?1 LIMIT ?2)".to_owned(), 1),
        ];
        for (sql, most) in steps {
            let gone = self.run(&sql, params![owner, most])?;
            if gone > 0 {
                return Ok(gone);
            }
        }
        Ok(0)
    }

    /// Notes that nothing is left of a deleted tenant. The caller has looked: nobody writes in a deleted tenant any more.
    pub fn note_purged(&self, company: &CompanyId) -> Result<()> {
        let sql = "UPDATE company SET purged_at = ?2 WHERE id = ?1 AND deleted_at IS NOT NULL";
        self.run(sql, params![company.as_str(), self.now.0]).map(drop)
    }
}
