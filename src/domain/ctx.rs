//! One request: who calls, what the call said about itself, and what will be audited.

use std::cell::{Cell, OnceCell, RefCell};

use serde_json::{Value, json};

use super::{App, Caller, Operation};
use crate::{
    store::{Lane, Scope, Snapshot, Tx, audit::SecurityEvent},
    types::{ApiError, ErrorKind, Millis, Result, Version, new_id},
};

/// What a request says about itself; nothing here grants anything (S21).
#[derive(Clone, Debug)]
pub struct Call {
    /// Fresh id, `meta.id`.
    pub id: String,
    /// Transaction id of the client, else the call's id.
    pub trx: String,
    /// API version asked for.
    pub version: Version,
    /// Address of the peer, or what a trusted proxy says it is.
    pub ip: String,
    /// Claimed worker name.
    pub worker: Option<String>,
    /// Claimed client name and version.
    pub client: Option<String>,
    /// A browser made the call (spec/security_rules.md S21).
    pub browser: bool,
    /// When it arrived.
    pub received: Millis,
}

impl Call {
    /// A call from inside the house: jobs and the command line.
    pub fn internal() -> Self {
        let id = new_id();
        Call {
            trx: id.clone(),
            id,
            version: Version::CURRENT,
            ip: String::new(),
            worker: None,
            client: None,
            browser: false,
            received: Millis::now(),
        }
    }
}

/// What the audit will say about the call beyond who, when and with which result. Never a secret.
#[derive(Clone, Debug, Default)]
pub struct AuditNote {
    /// Objects touched, as `(kind, id)`.
    pub objects: Vec<(&'static str, String)>,
    /// Versions of vaults that were served, as `(vault, version)`.
    pub vaults: Vec<(String, i64)>,
    /// How many values were redacted.
    pub redacted: u64,
    /// Anything else worth a word.
    pub remark: Option<String>,
    /// For a failed sign-in: the name or key that was presented, and the tenant whose account it names.
    pub presented: Option<(String, Option<String>)>,
}

/// A request on its way through the house.
pub struct Ctx<'a> {
    /// The server.
    pub app: &'a App,
    /// Who calls.
    pub caller: Caller,
    /// What the call said about itself.
    pub call: Call,
    scope: OnceCell<Scope>,
    note: RefCell<AuditNote>,
    pub(super) operation: Cell<Option<&'static Operation>>,
    pub(super) audited: Cell<bool>,
    once: RefCell<Option<String>>,
}

impl<'a> Ctx<'a> {
    /// A request of `caller`.
    pub fn new(app: &'a App, caller: Caller, call: Call) -> Self {
        Ctx {
            app,
            caller,
            call,
            scope: OnceCell::new(),
            note: RefCell::default(),
            operation: Cell::new(None),
            audited: Cell::new(false),
            once: RefCell::default(),
        }
    }

    /// What the caller may see and change; loaded once per request.
    pub fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| self.caller.scope())
    }

    /// With a scope given, as if access rules had been compiled.
    #[cfg(test)]
    pub(crate) fn with_scope(self, scope: Scope) -> Self {
        Ctx { scope: OnceCell::from(scope), ..self }
    }

    /// Reads on a consistent snapshot of what the caller may see.
    pub fn read<T>(&self, work: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        self.app.store.read(self.scope(), work)
    }

    /// Writes; when this returns `Ok` the change is on disk. The audit entry of a security operation is part of the
    /// same transaction.
    pub fn write<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.write_in(Lane::Documents, work)
    }

    /// As [`Ctx::write`], in the lane of bulk reports.
    pub fn write_events<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.write_in(Lane::Events, work)
    }

    fn write_in<T>(&self, lane: Lane, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let once = self.once.borrow_mut().take();
        let value = self.app.store.write(self.scope(), lane, |tx| {
            if let (Some(once), Some(session)) = (&once, &self.caller.session)
                && !tx.use_once(session, once)?
            {
                return Err(ErrorKind::FormRepeated.into());
            }
            // A request that was let in before its tenant was deleted must leave nothing behind.
            if self.caller.is_known() && tx.company_is_deleted(&self.caller.tenant)? {
                return Err(ApiError::new(ErrorKind::InvalidToken, "the tenant was deleted"));
            }
            let value = work(tx)?;
            if let Some(operation) = self.operation.get().filter(|operation| operation.is_security()) {
                tx.append_security_event(&self.app.keys.audit, &self.security_event(operation, 200, 0))?;
            }
            Ok(value)
        })?;
        self.audited.set(true);
        Ok(value)
    }

    /// Makes the first write of this request happen once per `key` and session: a form that is sent twice acts once.
    pub fn only_once(&self, key: String) {
        *self.once.borrow_mut() = Some(key);
    }

    /// Adds to what the audit will say.
    pub fn note(&self, change: impl FnOnce(&mut AuditNote)) {
        change(&mut self.note.borrow_mut());
    }

    /// What the audit will say, as far as it is known now.
    pub fn noted(&self) -> AuditNote {
        self.note.borrow().clone()
    }

    /// Notes an object that the call touches.
    pub fn touched(&self, kind: &'static str, id: impl Into<String>) {
        self.note.borrow_mut().objects.push((kind, id.into()));
    }

    /// The audit entry of this request with its result.
    pub(super) fn security_event(&self, operation: &Operation, code: u16, subcode: u16) -> SecurityEvent {
        let note = self.note.borrow();
        let caller = &self.caller;
        let known = caller.is_known();
        let objects: Vec<Value> = note
            .objects
            .iter()
            .take(200)
            .map(|(kind, id)| json!({"kind": kind, "id": claimed(id)}))
            .collect();
        SecurityEvent {
            company: match &note.presented {
                _ if known => caller.tenant.to_string(),
                Some((_, Some(tenant))) => tenant.clone(),
                _ => String::new(),
            },
            call_id: self.call.id.clone(),
            operation: operation.name,
            user: known.then(|| caller.user.to_string()),
            actor: caller.actor.as_ref().map(|actor| actor.user.to_string()),
            session_id: caller.session.as_ref().map(ToString::to_string),
            access_key: caller.access_key.clone(),
            ip: Some(claimed(&self.call.ip)),
            code,
            subcode,
            note: json!({
                "objects": objects,
                "vaults": note.vaults,
                "redacted": note.redacted,
                "remark": note.remark,
                "claimed": {
                    "worker": self.call.worker.as_deref().map(claimed),
                    "client": self.call.client.as_deref().map(claimed),
                    "name": note.presented.as_ref().map(|(name, _)| claimed(name)),
                },
            }),
        }
    }
}

/// Text from a header or a client, fit for the audit: no control characters, at most 256 characters (S26).
pub(super) fn claimed(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(256).collect()
}
