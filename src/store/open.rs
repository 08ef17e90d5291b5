//! Opening the database: pragmas, version check, migrations, the reader pool.

use std::{path::Path, time::Duration};

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::SchemaVersion;

use super::{Store, events, migrate, query, writer::Writer};

/// Why a database could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is missing, unreadable, or no SQLite database.
    #[error(
        "the database {path} can't be opened: {reason}. Check that the file belongs to this user and is a Roundhouse database"
    )]
    Unreadable {
        /// The database file.
        path: String,
        /// SQLite's own words.
        reason: String,
    },
    /// A newer program wrote it.
    #[error(
        "the data directory comes from a newer version of Roundhouse (schema {found}, this program knows {known}). \
         Install the newer version again, or restore a backup made with this one"
    )]
    Newer {
        /// Schema number found.
        found: usize,
        /// Schema number this program knows.
        known: usize,
    },
    /// A migration failed; the database is as it was.
    #[error(
        "the database could not be brought up to date: {0}. Nothing was changed; the old version still opens it"
    )]
    Migration(String),
}

/// `application_id` of our files: "RhDb".
const APPLICATION_ID: i32 = 0x5268_4462;

pub(super) fn open(path: &Path) -> Result<Store, OpenError> {
    let unreadable = |error: rusqlite::Error| OpenError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let mut conn = Connection::open(path).map_err(unreadable)?;
    check_identity(&conn, path)?;
    // The page size only counts before the first table; 8 KiB pages measured best for curves.
    conn.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA busy_timeout = 5000;",
    )
    .map_err(unreadable)?;
    migrate::MIGRATIONS.to_latest(&mut conn).map_err(|error| OpenError::Migration(error.to_string()))?;
    conn.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA foreign_keys = ON; PRAGMA optimize = 0x10002;"
    ))
    .map_err(unreadable)?;
    query::register(&conn).map_err(unreadable)?;
    conn.set_prepared_statement_cache_capacity(256);

    let manager = SqliteConnectionManager::file(path)
        .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .with_init(|conn| {
            // Readers look into the file where the system holds it already, instead of copying page by page.
            conn.execute_batch(
                "PRAGMA query_only = ON; PRAGMA mmap_size = 2147418112; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;",
            )?;
            conn.set_prepared_statement_cache_capacity(128);
            query::register(conn)
        });
    let readers = r2d2::Pool::builder()
        .max_size(16)
        .min_idle(Some(1))
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(30))
        .build(manager)
        .map_err(|error| OpenError::Unreadable {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
    Ok(Store {
        readers,
        writer: Writer::new(conn),
        path: path.to_owned(),
        long_reads: Default::default(),
        scrolls: query::Scrolls::default(),
        series_names: events::SeriesNames::default(),
        backlog: events::Backlog::default(),
    })
}

fn check_identity(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let unreadable = |reason: String| OpenError::Unreadable { path: path.display().to_string(), reason };
    let id: i32 = conn
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(|error| unreadable(error.to_string()))?;
    if id != 0 && id != APPLICATION_ID {
        return Err(unreadable("it belongs to another program".to_owned()));
    }
    match migrate::MIGRATIONS.current_version(conn) {
        Ok(SchemaVersion::Outside(found)) => {
            Err(OpenError::Newer { found: found.get(), known: migrate::SCHEMA_VERSION })
        }
        Ok(_) => Ok(()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Findings about a database that `doctor` reports; opens it read-only and changes nothing.
///
/// Errors: the file can't be opened or comes from a newer version.
pub fn inspect(path: &Path) -> Result<Vec<String>, OpenError> {
    let unreadable = |error: rusqlite::Error| OpenError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(unreadable)?;
    check_identity(&conn, path)?;
    let mut findings = Vec::new();
    let mut check = conn.prepare("PRAGMA quick_check(20)").map_err(unreadable)?;
    let rows = check.query_map([], |row| row.get::<_, String>(0)).map_err(unreadable)?;
    for row in rows {
        let line = row.map_err(unreadable)?;
        if line != "ok" {
            findings.push(format!("the database is damaged: {line}"));
        }
    }
    let mut check = conn.prepare("PRAGMA foreign_key_check").map_err(unreadable)?;
    let broken = check.query_map([], |row| row.get::<_, String>(0)).map_err(unreadable)?.count();
    if broken > 0 {
        findings.push(format!("{broken} rows point at rows that do not exist"));
    }
    findings.extend(events::damaged_chunks(&conn, 20).map_err(unreadable)?);
    Ok(findings)
}
