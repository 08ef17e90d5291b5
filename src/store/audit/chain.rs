//! Chains of rows that can't be changed unnoticed (spec/security_rules.md S26).
//!
//! Each row's hash covers the row before it, with a key that is not in the database. A signed head says how far the
//! chain goes, so that a cut-off end shows; a signed checkpoint says where it begins once retention removed what was
//! older.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    crypto::{
        Secret,
        keyed::{keyed_hash, same},
    },
    store::failed,
    types::{Millis, Result},
};

/// Key of all chains; it stands in `secrets.json`.
pub type ChainKey = Secret<Vec<u8>>;

/// A chain of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// `security_event` of the main database.
    Security,
    /// `task_trail` of the main database.
    Trail,
    /// `call` of calls.db.
    Calls,
}

impl Chain {
    /// Its name in heads, reports and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Chain::Security => "security",
            Chain::Trail => "trail",
            Chain::Calls => "calls",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Chain::Security => "security_event",
            Chain::Trail => "task_trail",
            Chain::Calls => "call",
        }
    }

    /// The chain of that name.
    pub fn named(name: &str) -> Option<Chain> {
        [Chain::Security, Chain::Trail, Chain::Calls].into_iter().find(|chain| chain.name() == name)
    }
}

/// A place in a chain: a row's number, which is also how many rows there ever were, and its hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Number of the row; 0 before the first.
    pub seq: i64,
    /// Hash of the row; empty before the first.
    pub hash: Vec<u8>,
}

/// What a signature vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// "The chain went this far", at any time.
    Head,
    /// "Retention removed everything up to here."
    Checkpoint,
}

/// Signs a place in a chain.
pub fn sign(key: &ChainKey, chain: Chain, claim: Claim, head: &Head) -> [u8; 32] {
    let claim: &[u8] = match claim {
        Claim::Head => b"head",
        Claim::Checkpoint => b"checkpoint",
    };
    keyed_hash(key.expose(), &[b"audit", chain.name().as_bytes(), claim, &head.seq.to_le_bytes(), &head.hash])
}

/// Whether a signature is ours.
pub fn is_signed(key: &ChainKey, chain: Chain, claim: Claim, head: &Head, signature: &[u8]) -> bool {
    same(&sign(key, chain, claim, head), signature)
}

/// Where a chain goes on.
pub(crate) struct End {
    pub(crate) head: Head,
    /// The stored head was missing or not signed with our key although there are rows.
    pub(crate) is_doubtful: bool,
}

/// The end of a chain, from its signed head. Where that can't be trusted, from the head or the last row, whichever is
/// farther: numbers are never given twice.
pub(crate) fn end(conn: &Connection, key: &ChainKey, chain: Chain) -> Result<End> {
    let stored = conn
        .prepare_cached("SELECT seq, hash, signature FROM audit_head WHERE chain = ?1")
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok((Head { seq: row.get(0)?, hash: row.get(1)? }, row.get::<_, Vec<u8>>(2)?))
            };
            statement.query_row([chain.name()], read).optional()
        })
        .map_err(failed)?;
    if let Some((head, signature)) = &stored
        && is_signed(key, chain, Claim::Head, head, signature)
    {
        return Ok(End { head: head.clone(), is_doubtful: false });
    }
    let sql = format!("SELECT seq, chain FROM {} ORDER BY seq DESC LIMIT 1", chain.table());
    let last = conn
        .query_row(&sql, [], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()
        .map_err(failed)?;
    let is_doubtful = stored.is_some() || last.is_some();
    let claimed = stored.map(|(head, _)| head).unwrap_or_default();
    let last = last.unwrap_or_default();
    Ok(End { head: if last.seq >= claimed.seq { last } else { claimed }, is_doubtful })
}

/// Stores the head after a row was written.
pub(crate) fn set_head(conn: &Connection, key: &ChainKey, chain: Chain, head: &Head) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO audit_head (chain, seq, hash, signature) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, signature = excluded.signature",
    )
    .and_then(|mut statement| {
        statement.execute(params![chain.name(), head.seq, head.hash, sign(key, chain, Claim::Head, head)])
    })
    .map(drop)
    .map_err(failed)
}

/// Removes the rows of a chain that are older than `before`, oldest first, and signs where it begins now. Returns how
/// many rows went.
pub(crate) fn retire(
    conn: &Connection,
    key: &ChainKey,
    chain: Chain,
    before: Millis,
    now: Millis,
) -> Result<usize> {
    let table = chain.table();
    // Clocks may step back: the chain is cut before the first row that must stay.
    let sql = format!(
        "SELECT seq, chain FROM {table} WHERE seq < coalesce((SELECT min(seq) FROM {table} WHERE ts >= ?1),
             (SELECT max(seq) + 1 FROM {table})) ORDER BY seq DESC LIMIT 1"
    );
    let last = conn
        .query_row(&sql, [before.0], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()
        .map_err(failed)?;
    let Some(last) = last else { return Ok(0) };
    conn.execute(
        "INSERT INTO audit_checkpoint (chain, seq, hash, ts, signature) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (chain, seq) DO NOTHING",
        params![chain.name(), last.seq, last.hash, now.0, sign(key, chain, Claim::Checkpoint, &last)],
    )
    .map_err(failed)?;
    conn.execute(&format!("DELETE FROM {table} WHERE seq <= ?1"), [last.seq]).map_err(failed)
}

/// Keeps a signed head of a chain that lives in the other file; of old ones every hundredth is enough.
pub(crate) fn witness(
    conn: &Connection,
    key: &ChainKey,
    chain: Chain,
    head: &Head,
    now: Millis,
) -> Result<()> {
    conn.execute(
        "INSERT INTO audit_witness (chain, seq, hash, ts, signature) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (chain, seq) DO NOTHING",
        params![chain.name(), head.seq, head.hash, now.0, sign(key, chain, Claim::Head, head)],
    )
    .and_then(|_| {
        conn.execute(
            "DELETE FROM audit_witness WHERE chain = ?1 AND seq NOT IN
                 (SELECT seq FROM audit_witness WHERE chain = ?1 ORDER BY seq DESC LIMIT 1000)",
            [chain.name()],
        )
    })
    .map(drop)
    .map_err(failed)
}
