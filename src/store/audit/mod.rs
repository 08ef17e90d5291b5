//! Security events: written in the request's own transaction, chained by an HMAC (spec/security_rules.md S26), and
//! what shows that nobody changed them.

pub mod chain;
mod verify;

pub use chain::{Chain, ChainKey, Claim, Head};
pub(crate) use verify::{Evidence, Link, verify_rows};
pub use verify::{Flaw, Verified};

use rusqlite::params;

use super::{Snapshot, Tx};
use crate::{
    crypto::keyed::keyed_hash,
    types::{Millis, Result},
};

/// One security event, ready to be chained.
#[derive(Clone, Debug)]
pub struct SecurityEvent {
    /// Effective tenant.
    pub company: String,
    /// The call's id, as in the envelope.
    pub call_id: String,
    /// Name of the operation.
    pub operation: &'static str,
    /// Whom the call ran as.
    pub user: Option<String>,
    /// Who really acted, when somebody else.
    pub actor: Option<String>,
    /// Session presented.
    pub session_id: Option<String>,
    /// Access key presented.
    pub access_key: Option<String>,
    /// Address of the peer.
    pub ip: Option<String>,
    /// Result code.
    pub code: u16,
    /// Result subcode.
    pub subcode: u16,
    /// Objects touched, claimed names, redactions: JSON, free of secrets.
    pub note: serde_json::Value,
}

/// What the hash of a security event covers, besides the row before it.
pub(crate) struct Covered<'a> {
    pub(crate) ts: i64,
    pub(crate) company: &'a str,
    pub(crate) call_id: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) optional: [Option<&'a str>; 5],
    pub(crate) code: u16,
    pub(crate) subcode: u16,
    pub(crate) note: &'a str,
}

impl Covered<'_> {
    fn hash(&self, key: &ChainKey, before: &[u8]) -> [u8; 32] {
        let [user, actor, session_id, access_key, ip] =
            self.optional.map(|text| text.unwrap_or_default().as_bytes());
        keyed_hash(
            key.expose(),
            &[
                before,
                &self.ts.to_le_bytes(),
                self.company.as_bytes(),
                self.call_id.as_bytes(),
                self.operation.as_bytes(),
                user,
                actor,
                session_id,
                access_key,
                ip,
                &self.code.to_le_bytes(),
                &self.subcode.to_le_bytes(),
                self.note.as_bytes(),
            ],
        )
    }
}

/// Operation of the event that tells of a head that was not ours.
pub const HEAD_BROKEN: &str = "audit.head_broken";

impl Tx<'_> {
    /// Appends an event to the chain. A head that is missing or not ours is an event itself: the chain goes on, and
    /// says so.
    pub fn append_security_event(&self, key: &ChainKey, event: &SecurityEvent) -> Result<()> {
        let end = chain::end(self.conn, key, Chain::Security)?;
        let mut head = end.head;
        if end.is_doubtful {
            head = self.tell_broken_head(key, &head, Chain::Security)?;
        }
        self.write_event(key, &head, event).map(drop)
    }

    fn tell_broken_head(&self, key: &ChainKey, head: &Head, which: Chain) -> Result<Head> {
        tracing::error!(
            chain = which.name(),
            seq = head.seq,
            "the audit's head is missing or was not signed by this server; run `roundhouse audit verify`"
        );
        let note = serde_json::json!({
            "objects": [],
            "remark": format!("the signed head of the chain {} was missing or wrong at {}", which.name(), head.seq),
        });
        let event = SecurityEvent {
            company: String::new(),
            call_id: String::new(),
            operation: HEAD_BROKEN,
            user: None,
            actor: None,
            session_id: None,
            access_key: None,
            ip: None,
            code: 500,
            subcode: 101,
            note,
        };
        self.write_event(key, head, &event)
    }

    /// Tells in the security chain that the head of another chain was not ours.
    pub(crate) fn tell_broken_head_of(&self, key: &ChainKey, which: Chain) -> Result<()> {
        let head = chain::end(self.conn, key, Chain::Security)?.head;
        self.tell_broken_head(key, &head, which).map(drop)
    }

    fn write_event(&self, key: &ChainKey, before: &Head, event: &SecurityEvent) -> Result<Head> {
        let note = event.note.to_string();
        let covered = Covered {
            ts: self.now.0,
            company: &event.company,
            call_id: &event.call_id,
            operation: event.operation,
            optional: [
                event.user.as_deref(),
                event.actor.as_deref(),
                event.session_id.as_deref(),
                event.access_key.as_deref(),
                event.ip.as_deref(),
            ],
            code: event.code,
            subcode: event.subcode,
            note: &note,
        };
        let head = Head { seq: before.seq + 1, hash: covered.hash(key, &before.hash).to_vec() };
        let [user, actor, session_id, access_key, ip] = covered.optional;
        self.run(
            "INSERT INTO security_event (seq, ts, company, call_id, operation, user, actor, session_id, access_key, ip,
                                         code, subcode, note, chain)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                head.seq,
                covered.ts,
                covered.company,
                covered.call_id,
                covered.operation,
                user,
                actor,
                session_id,
                access_key,
                ip,
                covered.code,
                covered.subcode,
                note,
                head.hash,
            ],
        )?;
        chain::set_head(self.conn, key, Chain::Security, &head)?;
        Ok(head)
    }

    /// Removes rows of a chain of this database that are older than `before`; the checkpoint is part of the same
    /// transaction. Returns how many went.
    pub fn retire_chain(&self, key: &ChainKey, which: Chain, before: Millis) -> Result<usize> {
        let gone = chain::retire(self.conn, key, which, before, self.now)?;
        if which == Chain::Trail && gone > 0 {
            self.run(
                "DELETE FROM task_trail_object WHERE trail < coalesce((SELECT min(seq) FROM task_trail), trail + 1)",
                [],
            )?;
        }
        Ok(gone)
    }

    /// Keeps the signed head of the other file's chain.
    pub fn witness(&self, key: &ChainKey, which: Chain, head: &Head) -> Result<()> {
        chain::witness(self.conn, key, which, head, self.now)
    }
}

impl Snapshot<'_> {
    /// How far a chain of this database goes.
    pub fn chain_head(&self, key: &ChainKey, which: Chain) -> Result<Head> {
        chain::end(self.conn, key, which).map(|end| end.head)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
