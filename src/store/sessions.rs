//! Sessions: every token and every signed-in page, the unit of revocation.

use rusqlite::params;

use super::{Snapshot, Tx};
use crate::types::{CompanyId, Millis, Result, SessionId, UserId};

/// How a session is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A signed token.
    Token,
    /// The pages' cookie.
    Page,
}

/// A session as stored.
#[derive(Clone, Debug)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Token or page.
    pub kind: SessionKind,
    /// Whom it stands for.
    pub user: UserId,
    /// Effective tenant.
    pub tenant: CompanyId,
    /// Who really acts, when somebody does so for the user.
    pub actor: Option<UserId>,
    /// Credential it was obtained with.
    pub access_key: Option<String>,
    /// First session of the chain.
    pub root: SessionId,
    /// Task it is bound to.
    pub task: Option<String>,
    /// Epoch of the user when it was issued.
    pub token_epoch: i64,
    /// When it was issued.
    pub issued: Millis,
    /// When it ends.
    pub exp: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// When the person last proved who they are.
    pub proved_at: Option<Millis>,
    /// Client name as claimed.
    pub client: Option<String>,
    /// Address it was issued to.
    pub ip: Option<String>,
}

const COLUMNS: &str = "session_id, kind, user, tenant, actor, access_key, root_session, task, token_epoch, issued, \
                       exp, revoked_at, proved_at, client, ip";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Session> {
    let kind: String = row.get(1)?;
    Ok(Session {
        id: row.get::<_, String>(0)?.into(),
        kind: if kind == "page" { SessionKind::Page } else { SessionKind::Token },
        user: row.get::<_, String>(2)?.into(),
        tenant: row.get::<_, String>(3)?.into(),
        actor: row.get::<_, Option<String>>(4)?.map(UserId::from),
        access_key: row.get(5)?,
        root: row.get::<_, String>(6)?.into(),
        task: row.get(7)?,
        token_epoch: row.get(8)?,
        issued: Millis(row.get(9)?),
        exp: row.get::<_, Option<i64>>(10)?.map(Millis),
        revoked_at: row.get::<_, Option<i64>>(11)?.map(Millis),
        proved_at: row.get::<_, Option<i64>>(12)?.map(Millis),
        client: row.get(13)?,
        ip: row.get(14)?,
    })
}

impl Snapshot<'_> {
    /// A session by id, revoked or not.
    pub fn session(&self, id: &str) -> Result<Option<Session>> {
        self.one(&format!("SELECT {COLUMNS} FROM token_session WHERE session_id = ?1"), [id], read)
    }

    /// Open sessions of a user, newest first.
    pub fn open_sessions(&self, user: &UserId) -> Result<Vec<Session>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM token_session WHERE user = ?1 AND revoked_at IS NULL \
             AND (exp IS NULL OR exp > ?2) ORDER BY issued DESC LIMIT 200"
        );
        self.all(&sql, params![user.as_str(), self.now.0], read)
    }
}

impl Tx<'_> {
    /// Adds a session.
    pub fn insert_session(&self, session: &Session) -> Result<()> {
        let kind = match session.kind {
            SessionKind::Token => "token",
            SessionKind::Page => "page",
        };
        self.run(
            "INSERT INTO token_session (session_id, kind, user, tenant, actor, access_key, root_session, task,
                                        token_epoch, issued, exp, proved_at, client, ip)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                session.id.as_str(),
                kind,
                session.user.as_str(),
                session.tenant.as_str(),
                session.actor.as_ref().map(UserId::as_str),
                session.access_key,
                session.root.as_str(),
                session.task,
                session.token_epoch,
                session.issued.0,
                session.exp.map(|at| at.0),
                session.proved_at.map(|at| at.0),
                session.client,
                session.ip,
            ],
        )
        .map(drop)
    }

    /// Ends one session and everything that descends from it. Returns how many ended.
    pub fn revoke_session(&self, id: &SessionId) -> Result<usize> {
        let sql = "UPDATE token_session SET revoked_at = ?2 \
                   WHERE revoked_at IS NULL AND (session_id = ?1 OR (root_session = ?1 AND actor IS NOT NULL))";
        self.run(sql, params![id.as_str(), self.now.0])
    }

    /// Ends every session obtained with a credential, refreshed and minted ones included.
    pub fn revoke_sessions_of_key(&self, access_key: &str) -> Result<usize> {
        let sql = "UPDATE token_session SET revoked_at = ?2 WHERE revoked_at IS NULL AND (access_key = ?1 \
                   OR root_session IN (SELECT root_session FROM token_session WHERE access_key = ?1))";
        self.run(sql, params![access_key, self.now.0])
    }

    /// Ends every session in which a user is the subject, really acts, or is where the session descends from (S13).
    /// Returns how many ended.
    pub fn revoke_sessions_of(&self, user: &UserId) -> Result<usize> {
        let sql = "UPDATE token_session SET revoked_at = ?2 WHERE revoked_at IS NULL AND (user = ?1 OR actor = ?1 \
                   OR root_session IN (SELECT session_id FROM token_session WHERE user = ?1 AND actor IS NULL))";
        self.run(sql, params![user.as_str(), self.now.0])
    }

    /// Ends every session in which a user acts for somebody else. Returns how many ended.
    pub fn revoke_sessions_by(&self, actor: &UserId) -> Result<usize> {
        let sql = "UPDATE token_session SET revoked_at = ?2 WHERE revoked_at IS NULL AND actor = ?1";
        self.run(sql, params![actor.as_str(), self.now.0])
    }

    /// Notes that the person proved who they are again.
    pub fn prove_session(&self, id: &SessionId) -> Result<()> {
        let sql = "UPDATE token_session SET proved_at = ?2 WHERE session_id = ?1";
        self.run(sql, params![id.as_str(), self.now.0]).map(drop)
    }

    /// Removes credentials that expired more than 30 days ago (spec/governance.md 5.3). Returns how many.
    pub fn purge_credentials(&self) -> Result<usize> {
        let before = self.now.plus_seconds(-30 * 86_400);
        self.run("DELETE FROM credential WHERE expire < ?1", [before.0])
    }

    /// Removes sessions that ended more than a day ago. Returns how many.
    pub fn purge_sessions(&self) -> Result<usize> {
        let before = self.now.plus_seconds(-86_400);
        self.run("DELETE FROM form_once WHERE used < ?1", [before.0])?;
        self.run("DELETE FROM token_session WHERE exp < ?1 OR revoked_at < ?1", [before.0])
    }

    /// Marks a form's one-time key as used; false when it was used before.
    pub fn use_once(&self, session: &SessionId, once: &str) -> Result<bool> {
        let sql = "INSERT INTO form_once (session_id, once, used) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        Ok(self.run(sql, params![session.as_str(), once, self.now.0])? > 0)
    }
}
