//! The execution trail: who submitted a task, which agent ran it, in which container, with which vaults
//! (spec/governance.md 6.3). Append-only, a chain like the security events, and kept when the task goes.

mod read;

pub use read::{TrailFilter, TrailRow};

use rusqlite::{Row, params};

use super::{
    Tx,
    audit::{
        Chain, ChainKey, Head,
        chain::{end, set_head},
    },
};
use crate::{
    crypto::keyed::keyed_hash,
    types::{Result, UserId},
};

/// A step of a task's history, ready to be stored.
#[derive(Clone, Debug, Default)]
pub struct TrailEvent {
    /// The task; none for an impersonation that no dequeued task explains.
    pub task: Option<String>,
    /// What happened.
    pub event: &'static str,
    /// Whom the call ran as.
    pub user: String,
    /// Who really acted.
    pub actor: Option<String>,
    /// The agent's identity, where one takes part.
    pub agent: Option<String>,
    /// Whom the code runs as, where the event settles it.
    pub run_as: Option<String>,
    /// Session presented, or the one that was made.
    pub session_id: Option<String>,
    /// Access key presented.
    pub access_key: Option<String>,
    /// Address of the peer.
    pub ip: Option<String>,
    /// Claimed worker.
    pub worker: Option<String>,
    /// Queue.
    pub queue: Option<String>,
    /// Image of the container that the event is about.
    pub image: Option<String>,
    /// More, free of secrets.
    pub detail: serde_json::Value,
    /// Id of the call.
    pub call_id: String,
    /// Vaults and models that it can be found by: `("vault" | "model", id)`.
    pub objects: Vec<(&'static str, String)>,
}

struct Covered<'a> {
    ts: i64,
    company: &'a str,
    event: &'a str,
    user: &'a str,
    optional: [Option<&'a str>; 10],
    detail: &'a str,
    call_id: &'a str,
}

impl Covered<'_> {
    fn hash(&self, key: &ChainKey, before: &[u8]) -> [u8; 32] {
        let ts = self.ts.to_le_bytes();
        let mut parts: Vec<&[u8]> =
            vec![before, &ts, self.company.as_bytes(), self.event.as_bytes(), self.user.as_bytes()];
        for text in self.optional {
            // Absent and empty differ.
            parts.push(if text.is_some() { b"+" } else { b"-" });
            parts.push(text.unwrap_or_default().as_bytes());
        }
        parts.push(self.detail.as_bytes());
        parts.push(self.call_id.as_bytes());
        keyed_hash(key.expose(), &parts)
    }
}

impl Tx<'_> {
    /// Appends a step to the trail of the scope's tenant. Returns its number.
    pub fn append_trail(&self, key: &ChainKey, event: &TrailEvent) -> Result<i64> {
        self.append_trail_of(key, self.scope.company.as_str(), event)
    }

    /// As [`Tx::append_trail`], for chores that work on all tenants.
    pub fn append_trail_of(&self, key: &ChainKey, company: &str, event: &TrailEvent) -> Result<i64> {
        let before = end(self.conn, key, Chain::Trail)?;
        if before.is_doubtful {
            self.tell_broken_head_of(key, Chain::Trail)?;
        }
        let detail = event.detail.to_string();
        let covered = Covered {
            ts: self.now.0,
            company,
            event: event.event,
            user: &event.user,
            optional: [
                event.task.as_deref(),
                event.actor.as_deref(),
                event.agent.as_deref(),
                event.run_as.as_deref(),
                event.session_id.as_deref(),
                event.access_key.as_deref(),
                event.ip.as_deref(),
                event.worker.as_deref(),
                event.queue.as_deref(),
                event.image.as_deref(),
            ],
            detail: &detail,
            call_id: &event.call_id,
        };
        let hash = covered.hash(key, &before.head.hash);
        let head = Head { seq: before.head.seq + 1, hash: hash.to_vec() };
        self.run(
            "INSERT INTO task_trail (seq, ts, company, task, event, user, actor, agent, run_as, session_id, access_key,
                                     ip, worker, queue, image, detail, call_id, chain)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            params![
                head.seq,
                self.now.0,
                company,
                event.task,
                event.event,
                event.user,
                event.actor,
                event.agent,
                event.run_as,
                event.session_id,
                event.access_key,
                event.ip,
                event.worker,
                event.queue,
                event.image,
                detail,
                event.call_id,
                head.hash,
            ],
        )?;
        for (kind, object) in &event.objects {
            self.run(
                "INSERT INTO task_trail_object (kind, object, trail, company) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                params![kind, object, head.seq, company],
            )?;
        }
        set_head(self.conn, key, Chain::Trail, &head)?;
        Ok(head.seq)
    }

    /// Section `container` of a task of the tenant, whatever the access rules: an agent runs what it may not read.
    pub fn stored_container(&self, task: &str) -> Result<serde_json::Value> {
        let sql = "SELECT container FROM task WHERE id = ?1 AND company = ?2";
        let text = self.one(sql, [task, self.scope.company.as_str()], |row| row.get::<_, String>(0))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Who edited last what a run of the task consists of; its maker when nobody did.
    pub fn content_editor(&self, task: &str) -> Result<Option<UserId>> {
        let sql = "SELECT coalesce(content_editor, user) FROM task WHERE id = ?1";
        self.one(sql, [task], |row| row.get::<_, String>(0).map(Into::into))
    }
}

/// What verifying reads.
pub(crate) const CHAIN: &str = "SELECT seq, ts, company, event, user, task, actor, agent, run_as, session_id, \
                                access_key, ip, worker, queue, image, detail, call_id, chain FROM task_trail ORDER BY seq";

pub(crate) fn link(row: &Row<'_>, key: &ChainKey, before: &[u8]) -> rusqlite::Result<super::audit::Link> {
    let text = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
    let mut optional = [None; 10];
    for (nth, slot) in optional.iter_mut().enumerate() {
        *slot = row.get_ref(5 + nth)?.as_str_or_null()?;
    }
    let covered = Covered {
        ts: row.get(1)?,
        company: text(2)?,
        event: text(3)?,
        user: text(4)?,
        optional,
        detail: text(15)?,
        call_id: text(16)?,
    };
    Ok(super::audit::Link {
        seq: row.get(0)?,
        ts: covered.ts,
        hash: row.get(17)?,
        expected: covered.hash(key, before),
        tells_of_broken_head: false,
    })
}
