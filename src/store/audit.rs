//! Security events: written in the request's own transaction, chained by an HMAC (spec/security_rules.md S26).

use rusqlite::params;

use super::Tx;
use crate::{
    crypto::{Secret, keyed::keyed_hash},
    types::Result,
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

impl Tx<'_> {
    /// Appends an event to the chain.
    pub fn append_security_event(&self, key: &Secret<Vec<u8>>, event: &SecurityEvent) -> Result<()> {
        let last = self.one("SELECT chain FROM security_event ORDER BY seq DESC LIMIT 1", [], |row| {
            row.get::<_, Vec<u8>>(0)
        })?;
        let note = event.note.to_string();
        let empty = String::new();
        let chain = keyed_hash(
            key.expose(),
            &[
                last.as_deref().unwrap_or_default(),
                &self.now.0.to_le_bytes(),
                event.company.as_bytes(),
                event.call_id.as_bytes(),
                event.operation.as_bytes(),
                event.user.as_ref().unwrap_or(&empty).as_bytes(),
                event.actor.as_ref().unwrap_or(&empty).as_bytes(),
                event.session_id.as_ref().unwrap_or(&empty).as_bytes(),
                event.access_key.as_ref().unwrap_or(&empty).as_bytes(),
                event.ip.as_ref().unwrap_or(&empty).as_bytes(),
                &event.code.to_le_bytes(),
                &event.subcode.to_le_bytes(),
                note.as_bytes(),
            ],
        );
        self.run(
            "INSERT INTO security_event (ts, company, call_id, operation, user, actor, session_id, access_key, ip,
                                         code, subcode, note, chain)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                self.now.0,
                event.company,
                event.call_id,
                event.operation,
                event.user,
                event.actor,
                event.session_id,
                event.access_key,
                event.ip,
                event.code,
                event.subcode,
                note,
                chain,
            ],
        )
        .map(drop)
    }
}
