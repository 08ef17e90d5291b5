//! Verifying the chains of both files, beside a running server or without one.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};

use super::Covered;
use crate::{
    store::{
        OpenError,
        audit::{Chain, ChainKey, Evidence, Head, Link, Verified, verify_rows},
        failed,
    },
    types::Result,
};

/// What verifying reads.
pub(crate) const CHAIN: &str = "SELECT seq, ts, company, call_id, endpoint, user, actor, ip, code, subcode, entry, chain \
                                FROM call ORDER BY seq";

pub(crate) fn link(row: &Row<'_>, key: &ChainKey, before: &[u8]) -> rusqlite::Result<Link> {
    let text = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
    let optional = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str_or_null()?));
    let covered = Covered {
        ts: row.get(1)?,
        company: text(2)?,
        call_id: text(3)?,
        endpoint: text(4)?,
        optional: [optional(5)?, optional(6)?, optional(7)?],
        code: row.get(8)?,
        subcode: row.get(9)?,
        entry: text(10)?,
    };
    Ok(Link {
        seq: row.get(0)?,
        ts: covered.ts,
        hash: row.get(11)?,
        expected: covered.hash(key, before),
        tells_of_broken_head: false,
    })
}

/// A signed head that somebody kept, such as a log collector.
#[derive(Clone, Debug)]
pub struct KeptHead {
    /// Of which chain.
    pub chain: Chain,
    /// How far it went.
    pub head: Head,
    /// The signature that came with it.
    pub signature: Vec<u8>,
}

/// Verifies all chains of a data directory's two files, which are opened for reading only. `kept` are heads from
/// outside; those that each file keeps of the other are looked at anyway.
///
/// Errors: a file can't be opened or read.
pub fn verify_all(
    main: &Path,
    calls: &Path,
    key: &ChainKey,
    kept: &[KeptHead],
) -> Result<Vec<Verified>, OpenError> {
    let main_conn = open(main)?;
    let calls_conn = open(calls)?;
    let mut reports = Vec::new();
    for (chain, own, other) in [
        (Chain::Security, &main_conn, &calls_conn),
        (Chain::Trail, &main_conn, &calls_conn),
        (Chain::Calls, &calls_conn, &main_conn),
    ] {
        let verified = witnesses(other, chain).and_then(|mut evidence| {
            evidence.extend(
                kept.iter()
                    .filter(|kept| kept.chain == chain)
                    .map(|kept| Evidence { head: kept.head.clone(), signature: kept.signature.clone() }),
            );
            // What is written meanwhile is not looked at.
            own.execute_batch("BEGIN DEFERRED").map_err(failed)?;
            let verified = verify_rows(own, key, chain, &evidence);
            own.execute_batch("ROLLBACK").map_err(failed)?;
            verified
        });
        reports.push(verified.map_err(|error| OpenError::Unreadable {
            path: if chain == Chain::Calls { calls } else { main }.display().to_string(),
            reason: error.to_string(),
        })?);
    }
    Ok(reports)
}

fn open(path: &Path) -> Result<Connection, OpenError> {
    let unreadable = |error: rusqlite::Error| OpenError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(unreadable)?;
    conn.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON").map_err(unreadable)?;
    Ok(conn)
}

fn witnesses(conn: &Connection, chain: Chain) -> Result<Vec<Evidence>> {
    let mut statement = conn
        .prepare("SELECT seq, hash, signature FROM audit_witness WHERE chain = ?1 ORDER BY seq")
        .map_err(failed)?;
    let rows = statement
        .query_map([chain.name()], |row| {
            Ok(Evidence { head: Head { seq: row.get(0)?, hash: row.get(1)? }, signature: row.get(2)? })
        })
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}
