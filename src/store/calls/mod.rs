//! The log of API calls: `calls.db`, a file and a writer of its own (spec/governance.md 13).

mod read;
mod verify;

pub use read::{Bucket, Facets, Filter, LogRow, Position, Source};
pub(crate) use verify::{CHAIN, link};
pub use verify::{KeptHead, verify_all};

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use parking_lot::Mutex;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags, params};
use rusqlite_migration::{M, Migrations, SchemaVersion};

use super::{
    OpenError, Readers,
    audit::{
        Chain, ChainKey, Head,
        chain::{self, end, set_head},
    },
    failed,
};
use crate::{
    crypto::keyed::keyed_hash,
    types::{Millis, Result},
};

/// Name of the file in the data directory.
pub const FILE: &str = "calls.db";

static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(vec![M::up(include_str!("migrations/0001_calls.sql"))]));

/// `application_id` of the file: "RhCl".
const APPLICATION_ID: i32 = 0x5268_436c;

/// A logged call, ready to be stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallRow {
    /// When the call arrived.
    pub at: Millis,
    /// Effective tenant; empty when nobody was signed in.
    pub company: String,
    /// Id of the call.
    pub call_id: String,
    /// `service.action`.
    pub endpoint: String,
    /// Whom the call ran as.
    pub user: Option<String>,
    /// Who really acted.
    pub actor: Option<String>,
    /// Address of the peer.
    pub ip: Option<String>,
    /// Result code.
    pub code: u16,
    /// Result subcode.
    pub subcode: u16,
    /// Ids of objects that the call touched.
    pub objects: Vec<String>,
}

/// The store of calls.
pub struct CallStore {
    writer: Mutex<Connection>,
    readers: Readers,
    path: PathBuf,
    main: PathBuf,
}

struct Covered<'a> {
    ts: i64,
    company: &'a str,
    call_id: &'a str,
    endpoint: &'a str,
    optional: [Option<&'a str>; 3],
    code: u16,
    subcode: u16,
    entry: &'a str,
}

impl Covered<'_> {
    fn hash(&self, key: &ChainKey, before: &[u8]) -> [u8; 32] {
        let mark = |text: Option<&str>| if text.is_some() { b"+" } else { b"-" };
        let [user, actor, ip] = self.optional;
        keyed_hash(
            key.expose(),
            &[
                before,
                &self.ts.to_le_bytes(),
                self.company.as_bytes(),
                self.call_id.as_bytes(),
                self.endpoint.as_bytes(),
                mark(user),
                user.unwrap_or_default().as_bytes(),
                mark(actor),
                actor.unwrap_or_default().as_bytes(),
                mark(ip),
                ip.unwrap_or_default().as_bytes(),
                &self.code.to_le_bytes(),
                &self.subcode.to_le_bytes(),
                self.entry.as_bytes(),
            ],
        )
    }
}

impl CallStore {
    /// Opens the file, creating and migrating it as needed. `main` is the main database, which readers look into as well:
    /// security events and calls are shown as one list.
    ///
    /// Errors: the file can't be opened, is no file of ours, or comes from a newer version.
    pub fn open(path: &Path, main: &Path) -> Result<CallStore, OpenError> {
        let unreadable = |error: &dyn std::fmt::Display| OpenError::Unreadable {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let mut conn = Connection::open(path).map_err(|error| unreadable(&error))?;
        let id: i32 = conn
            .query_row("PRAGMA application_id", [], |row| row.get(0))
            .map_err(|error| unreadable(&error))?;
        if id != 0 && id != APPLICATION_ID {
            return Err(unreadable(&"it belongs to another program"));
        }
        if let Ok(SchemaVersion::Outside(found)) = MIGRATIONS.current_version(&conn) {
            return Err(OpenError::Newer { found: found.get(), known: 1 });
        }
        conn.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA journal_size_limit = 16777216; PRAGMA busy_timeout = 5000;",
        )
        .map_err(|error| unreadable(&error))?;
        MIGRATIONS.to_latest(&mut conn).map_err(|error| OpenError::Migration(error.to_string()))?;
        conn.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))
            .map_err(|error| unreadable(&error))?;
        let attached = main.to_owned();
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(move |conn| {
                conn.execute("ATTACH ?1 AS main_db", [attached.to_string_lossy()])?;
                conn.execute_batch(
                    "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;",
                )
            });
        // Few people look at the log at once, and its readers should not cost an idle server memory.
        let readers = r2d2::Pool::builder()
            .max_size(4)
            .min_idle(Some(0))
            .idle_timeout(Some(Duration::from_secs(60)))
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(30))
            .build_unchecked(manager);
        Ok(CallStore { writer: Mutex::new(conn), readers, path: path.to_owned(), main: main.to_owned() })
    }

    /// Stores entries, all or none.
    pub fn append<'a>(
        &self,
        key: &ChainKey,
        entries: impl Iterator<Item = (&'a CallRow, &'a str)>,
    ) -> Result<()> {
        let mut conn = self.writer.lock();
        let tx = conn.transaction().map_err(failed)?;
        let mut head = end(&tx, key, Chain::Calls)?.head;
        {
            let mut insert = tx
                .prepare_cached(
                    "INSERT INTO call (seq, ts, company, call_id, endpoint, user, actor, ip, code, subcode, entry, chain)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                )
                .map_err(failed)?;
            let mut touch = tx
                .prepare_cached(
                    "INSERT INTO call_object (object, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )
                .map_err(failed)?;
            for (row, entry) in entries {
                let covered = Covered {
                    ts: row.at.0,
                    company: &row.company,
                    call_id: &row.call_id,
                    endpoint: &row.endpoint,
                    optional: [row.user.as_deref(), row.actor.as_deref(), row.ip.as_deref()],
                    code: row.code,
                    subcode: row.subcode,
                    entry,
                };
                head = Head { seq: head.seq + 1, hash: covered.hash(key, &head.hash).to_vec() };
                insert
                    .execute(params![
                        head.seq,
                        row.at.0,
                        row.company,
                        row.call_id,
                        row.endpoint,
                        row.user,
                        row.actor,
                        row.ip,
                        row.code,
                        row.subcode,
                        entry,
                        head.hash,
                    ])
                    .map_err(failed)?;
                for object in &row.objects {
                    touch.execute(params![object, head.seq]).map_err(failed)?;
                }
            }
        }
        set_head(&tx, key, Chain::Calls, &head)?;
        tx.commit().map_err(failed)
    }

    /// How far the chain goes.
    pub fn head(&self, key: &ChainKey) -> Result<Head> {
        end(&self.writer.lock(), key, Chain::Calls).map(|end| end.head)
    }

    /// Keeps the signed head of a chain of the main database.
    pub fn witness(&self, key: &ChainKey, which: Chain, head: &Head) -> Result<()> {
        chain::witness(&self.writer.lock(), key, which, head, Millis::now())
    }

    /// Removes entries older than `before`, with a signed checkpoint. Returns how many went.
    pub fn retire(&self, key: &ChainKey, before: Millis) -> Result<usize> {
        let mut conn = self.writer.lock();
        let tx = conn.transaction().map_err(failed)?;
        let gone = chain::retire(&tx, key, Chain::Calls, before, Millis::now())?;
        if gone > 0 {
            tx.execute(
                "DELETE FROM call_object WHERE seq < coalesce((SELECT min(seq) FROM call), seq + 1)",
                [],
            )
            .map_err(failed)?;
        }
        tx.commit().map_err(failed)?;
        Ok(gone)
    }

    /// How many entries are kept, and since when.
    pub fn extent(&self) -> Result<(i64, Option<Millis>)> {
        self.with_reader(|conn| {
            // Rows go in order, oldest first: the numbers of both ends say how many there are.
            conn.query_row(
                "SELECT coalesce((SELECT max(seq) FROM call) - (SELECT min(seq) FROM call) + 1, 0),
                        (SELECT ts FROM call ORDER BY seq LIMIT 1)",
                [],
                |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Millis))),
            )
            .map_err(failed)
        })
    }

    /// Empties the write-ahead log; called at stop.
    pub fn checkpoint(&self) -> Result<()> {
        self.writer.lock().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed)
    }

    /// Verifies all chains of both files; see [`verify_all`].
    ///
    /// Errors: a file can't be read.
    pub fn verify(
        &self,
        key: &ChainKey,
        kept: &[KeptHead],
    ) -> Result<Vec<super::audit::Verified>, OpenError> {
        verify_all(&self.main, &self.path, key, kept)
    }

    fn with_reader<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let conn = self.readers.get().map_err(super::sql::pool_failed)?;
        let deadline = super::sql::Deadline::start(&conn, super::READ_DEADLINE);
        let result = work(&conn);
        drop(deadline);
        result
    }
}
