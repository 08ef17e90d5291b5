//! Going through a chain from its beginning to its head.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{
    Covered, HEAD_BROKEN,
    chain::{Chain, ChainKey, Claim, Head, is_signed},
};
use crate::{
    crypto::keyed::same,
    store::{failed, trail},
    types::{Millis, Result},
};

/// What is wrong with a chain: the first broken place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The row's content or place does not match its hash.
    Changed {
        /// The row.
        seq: i64,
        /// When it says it was written.
        at: Millis,
    },
    /// Rows are not there.
    Missing {
        /// First missing row.
        from: i64,
        /// Last missing row.
        to: i64,
    },
    /// There are rows, but no head that says how far the chain goes.
    NoHead,
    /// Head, checkpoint or witness carries a signature that is not ours.
    BadSignature {
        /// Which of them.
        what: &'static str,
        /// The row that it is about.
        seq: i64,
    },
    /// A signed head that was kept elsewhere says something else about this row.
    Contradicted {
        /// The row.
        seq: i64,
    },
    /// The server itself found the head missing or wrong when it wrote this row.
    HeadWasBroken {
        /// The row.
        seq: i64,
        /// When.
        at: Millis,
    },
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Changed { seq, at } => {
                write!(
                    f,
                    "row {seq} ({}) was changed, or stands in another place than it was written",
                    at.to_zulu()
                )
            }
            Flaw::Missing { from, to } if from == to => write!(f, "row {from} is missing"),
            Flaw::Missing { from, to } => write!(f, "rows {from} to {to} are missing"),
            Flaw::NoHead => write!(f, "the signed head is missing, so the end may have been cut off"),
            Flaw::BadSignature { what, seq } => {
                write!(f, "the {what} at row {seq} does not carry this server's signature")
            }
            Flaw::Contradicted { seq } => {
                write!(
                    f,
                    "a signed head that was kept elsewhere has another hash for row {seq}: the chain was rewritten"
                )
            }
            Flaw::HeadWasBroken { seq, at } => write!(
                f,
                "when row {seq} was written ({}), the signed head was missing or wrong: rows before it may have been cut off",
                at.to_zulu()
            ),
        }
    }
}

/// What became of verifying one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which one.
    pub chain: Chain,
    /// Rows that were looked at.
    pub rows: u64,
    /// Last row that retention removed; 0 for none.
    pub begins_after: i64,
    /// How far it goes, as its head says.
    pub head: Head,
    /// The first thing wrong with it.
    pub flaw: Option<Flaw>,
}

/// A signed head that was kept elsewhere: in the other file, or by a log collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) head: Head,
    pub(crate) signature: Vec<u8>,
}

/// One row as verifying sees it.
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) ts: i64,
    pub(crate) hash: Vec<u8>,
    /// What the hash must be, after the row before.
    pub(crate) expected: [u8; 32],
    /// The row tells of a broken head.
    pub(crate) tells_of_broken_head: bool,
}

/// Reads a row and computes its hash after the row before.
type ReadLink = fn(&Row<'_>, &ChainKey, &[u8]) -> rusqlite::Result<Link>;

/// Goes through a chain of the connection's database.
pub(crate) fn verify_rows(
    conn: &Connection,
    key: &ChainKey,
    chain: Chain,
    evidence: &[Evidence],
) -> Result<Verified> {
    let (sql, link): (&str, ReadLink) = match chain {
        Chain::Security => (SECURITY, security),
        Chain::Trail => (trail::CHAIN, trail::link),
        Chain::Calls => (crate::store::calls::CHAIN, crate::store::calls::link),
    };
    let stored: Option<(Head, Vec<u8>)> = conn
        .query_row("SELECT seq, hash, signature FROM audit_head WHERE chain = ?1", [chain.name()], |row| {
            Ok((Head { seq: row.get(0)?, hash: row.get(1)? }, row.get(2)?))
        })
        .optional()
        .map_err(failed)?;
    let checkpoint: Option<(Head, Vec<u8>)> = conn
        .query_row(
            "SELECT seq, hash, signature FROM audit_checkpoint WHERE chain = ?1 ORDER BY seq DESC LIMIT 1",
            [chain.name()],
            |row| Ok((Head { seq: row.get(0)?, hash: row.get(1)? }, row.get(2)?)),
        )
        .optional()
        .map_err(failed)?;
    let mut report = Verified {
        chain,
        rows: 0,
        begins_after: checkpoint.as_ref().map_or(0, |(head, _)| head.seq),
        head: stored.as_ref().map(|(head, _)| head.clone()).unwrap_or_default(),
        flaw: None,
    };
    let mut at = Head::default();
    if let Some((head, signature)) = &checkpoint {
        if !is_signed(key, chain, Claim::Checkpoint, head, signature) {
            report.flaw = Some(Flaw::BadSignature { what: "checkpoint", seq: head.seq });
            return Ok(report);
        }
        at = head.clone();
    }
    let mut evidence: Vec<&Evidence> = evidence.iter().collect();
    evidence.sort_by_key(|evidence| evidence.head.seq);
    if let Some(forged) = evidence
        .iter()
        .find(|evidence| !is_signed(key, chain, Claim::Head, &evidence.head, &evidence.signature))
    {
        report.flaw = Some(Flaw::BadSignature { what: "head that was kept elsewhere", seq: forged.head.seq });
        return Ok(report);
    }
    let begins_after = at.seq;
    let mut evidence = evidence.into_iter().filter(|evidence| evidence.head.seq >= begins_after).peekable();
    let mut broken_head = None;
    let mut statement = conn.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        report.rows += 1;
        // A value of a kind that this program never writes.
        let Ok(link) = link(row, key, &at.hash) else {
            let seq = row.get(0).map_err(failed)?;
            report.flaw = Some(Flaw::Changed { seq, at: Millis(row.get(1).unwrap_or_default()) });
            return Ok(report);
        };
        report.flaw = if link.seq != at.seq + 1 {
            Some(match link.seq > at.seq {
                true => Flaw::Missing { from: at.seq + 1, to: link.seq - 1 },
                false => Flaw::Changed { seq: link.seq, at: Millis(link.ts) },
            })
        } else if !same(&link.expected, &link.hash) {
            Some(Flaw::Changed { seq: link.seq, at: Millis(link.ts) })
        } else {
            None
        };
        if report.flaw.is_some() {
            return Ok(report);
        }
        if link.tells_of_broken_head && broken_head.is_none() {
            broken_head = Some(Flaw::HeadWasBroken { seq: link.seq, at: Millis(link.ts) });
        }
        at = Head { seq: link.seq, hash: link.hash };
        while let Some(known) = evidence.next_if(|known| known.head.seq <= at.seq) {
            if known.head.seq == at.seq && known.head.hash != at.hash {
                report.flaw = Some(Flaw::Contradicted { seq: at.seq });
                return Ok(report);
            }
        }
    }
    let farthest = evidence.map(|evidence| evidence.head.seq).max().unwrap_or_default();
    report.flaw = match stored {
        None if at.seq == 0 && farthest == 0 => None,
        None if farthest > at.seq => Some(Flaw::Missing { from: at.seq + 1, to: farthest }),
        None => Some(Flaw::NoHead),
        Some((head, signature)) if !is_signed(key, chain, Claim::Head, &head, &signature) => {
            Some(Flaw::BadSignature { what: "head", seq: head.seq })
        }
        Some((head, _)) if head.seq.max(farthest) > at.seq => {
            Some(Flaw::Missing { from: at.seq + 1, to: head.seq.max(farthest) })
        }
        Some((head, _)) if head != at => Some(Flaw::Contradicted { seq: at.seq }),
        Some(_) => broken_head,
    };
    Ok(report)
}

const SECURITY: &str = "SELECT seq, ts, company, call_id, operation, user, actor, session_id, access_key, ip, code, \
                        subcode, note, chain FROM security_event ORDER BY seq";

fn security(row: &Row<'_>, key: &ChainKey, before: &[u8]) -> rusqlite::Result<Link> {
    let text = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
    let optional = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str_or_null()?));
    let operation = text(4)?;
    let covered = Covered {
        ts: row.get(1)?,
        company: text(2)?,
        call_id: text(3)?,
        operation,
        optional: [optional(5)?, optional(6)?, optional(7)?, optional(8)?, optional(9)?],
        code: row.get(10)?,
        subcode: row.get(11)?,
        note: text(12)?,
    };
    Ok(Link {
        seq: row.get(0)?,
        ts: covered.ts,
        hash: row.get(13)?,
        expected: covered.hash(key, before),
        tells_of_broken_head: operation == HEAD_BROKEN,
    })
}
