//! Reading the audit: calls and security events of a tenant as one list (spec/governance.md 13).

use std::{
    io::{self, Read},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    heads::{ChainState, chain_states, hex},
    redact::REDACTED,
    sink::CallLog,
};
use crate::{
    crypto::keyed::{keyed_hash, same},
    domain::Ctx,
    store::calls::{Bucket, Facets, Filter, LogRow, Position, Source},
    types::{ApiError, ErrorKind, Millis, Result},
};

/// What is asked of the log. Empty lists ask for everything.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// The entries; tenants are added by who asks.
    pub filter: Filter,
    /// One tenant, for those who may see all.
    pub company: Option<String>,
    /// Oldest first.
    pub oldest_first: bool,
}

/// Which part of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// So many entries after so many pages.
    Number {
        /// 0 is the first.
        page: u64,
        /// Entries a page.
        size: u64,
    },
    /// So many entries after those that the scroll id stands behind; `None` begins.
    Scroll {
        /// From the page before.
        id: Option<String>,
        /// Entries a page.
        size: u64,
    },
}

/// A page of the log.
#[derive(Clone, Debug, Default)]
pub struct LogPage {
    /// Entries in order.
    pub entries: Vec<LogEntry>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the next page begins; `None`: this was the last.
    pub scroll_id: Option<String>,
}

/// An entry.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// As stored.
    pub row: LogRow,
    hide: bool,
}

impl LogEntry {
    /// As the wire has it: a security event in the shape of a call.
    pub fn json(&self) -> Value {
        let row = &self.row;
        let mut entry = match row.position.source {
            Source::Call => row.content.clone(),
            Source::Security => self.security_json(),
        };
        if let Some(members) = entry.as_object_mut() {
            let mut set = |key: &str, value: Value| {
                members.insert(key.to_owned(), value);
            };
            set("source", if row.position.source == Source::Call { "call" } else { "security" }.into());
            set("seq", row.position.seq.into());
            set("chain", hex(&row.chain).into());
            if let Some((seq, chain, note)) = &row.security {
                set("security", json!({"seq": seq, "chain": hex(chain), "note": note}));
            }
        }
        entry
    }

    fn security_json(&self) -> Value {
        let row = &self.row;
        let shown = |text: &Option<String>| match text {
            Some(_) if self.hide => REDACTED.into(),
            text => json!(text),
        };
        let (session, access_key) = &row.credentials;
        let mut note = row.content.clone();
        let objects = note.get_mut("objects").map(Value::take).unwrap_or_else(|| json!([]));
        if let Some(members) = note.as_object_mut() {
            members.remove("objects");
            if self.hide
                && let Some(name) = members.get_mut("claimed").and_then(|claimed| claimed.get_mut("name"))
                && !name.is_null()
            {
                *name = REDACTED.into();
            }
        }
        let mut auth = json!({"user_key": shown(access_key), "session_id": session});
        if let Some(members) = auth.as_object_mut() {
            if row.user.is_some() {
                let identity = json!({"user": shown(&row.user), "user_name": shown(&row.user_name),
                                      "tenant": row.company, "company_name": shown(&row.company_name)});
                members.insert("identity".to_owned(), identity);
            }
            if row.actor.is_some() {
                let actor = json!({"user": shown(&row.actor), "user_name": shown(&row.actor_name)});
                members.insert("actor".to_owned(), actor);
            }
        }
        json!({
            "@timestamp": row.position.at.to_zulu(),
            "call_id": row.call_id,
            "ip": row.ip,
            "endpoint": row.endpoint,
            "auth": auth,
            "result": {"code": row.code, "subcode": row.subcode},
            "objects": objects,
            "note": note,
        })
    }
}

fn open<'a>(ctx: &'a Ctx<'_>) -> Result<&'a Arc<CallLog>> {
    ctx.app.calls.get().ok_or_else(|| {
        tracing::error!("the audit is read although its store was not opened");
        ErrorKind::InternalError.into()
    })
}

/// The tenants whose entries the caller sees. Those who run the server also see attempts of nobody.
fn companies(ctx: &Ctx<'_>, wanted: Option<&str>) -> Option<Vec<String>> {
    let caller = &ctx.caller;
    let own = caller.tenant.to_string();
    match (caller.role.is_system(), wanted) {
        (true, None) => None,
        (true, Some(company)) => Some(vec![company.to_owned()]),
        // A tenant that is not one's own has no entries.
        (false, Some(company)) if company != own => Some(Vec::new()),
        (false, _) if caller.operator => Some(vec![own, String::new()]),
        (false, _) => Some(vec![own]),
    }
}

fn scoped(ctx: &Ctx<'_>, query: &LogQuery) -> Filter {
    Filter { companies: companies(ctx, query.company.as_deref()), ..query.filter.clone() }
}

/// `audit.get_log`.
///
/// Errors: 400/1104 the scroll id is not of this list and caller.
pub fn find(ctx: &Ctx<'_>, query: &LogQuery, page: &Page) -> Result<LogPage> {
    let log = open(ctx)?;
    let filter = scoped(ctx, query);
    let (after, skip, size) = match page {
        Page::Number { page, size } => (None, page.saturating_mul(*size), *size),
        Page::Scroll { id: None, size } => (None, 0, *size),
        Page::Scroll { id: Some(id), size } => (Some(position(ctx, query, &filter, id)?), 0, *size),
    };
    // One more than asked for tells whether there is a next page.
    let mut rows = log.store.find(&filter, !query.oldest_first, after, skip, size.saturating_add(1))?;
    let total = log.store.count(&filter)?;
    let more = rows.len() as u64 > size;
    rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let scroll_id = rows.last().filter(|_| more).map(|last| scroll_id(ctx, query, &filter, last.position));
    let hide = ctx.app.settings.apiserver.apilog.redact_identity;
    Ok(LogPage { entries: rows.into_iter().map(|row| LogEntry { row, hide }).collect(), total, scroll_id })
}

/// A scroll id is a position, bound to who asks and to what was asked (S18).
fn scroll_id(ctx: &Ctx<'_>, query: &LogQuery, filter: &Filter, at: Position) -> String {
    let source = u8::from(at.source == Source::Security);
    let text = format!("{}.{source}.{}", at.at.0, at.seq);
    let mac = scroll_mac(ctx, query, filter, &text);
    format!("{text}.{mac}")
}

fn scroll_mac(ctx: &Ctx<'_>, query: &LogQuery, filter: &Filter, text: &str) -> String {
    let asked = format!("{filter:?} {}", query.oldest_first);
    let mac = keyed_hash(
        ctx.app.keys.session.expose().as_bytes(),
        &[b"audit scroll", ctx.caller.user.as_str().as_bytes(), asked.as_bytes(), text.as_bytes()],
    );
    hex(mac.get(..16).unwrap_or_default())
}

fn position(ctx: &Ctx<'_>, query: &LogQuery, filter: &Filter, id: &str) -> Result<Position> {
    let unknown =
        || ApiError::new(ErrorKind::InvalidScrollId, "it belongs to another list; begin again without one");
    let (text, mac) = id.rsplit_once('.').ok_or_else(unknown)?;
    if !same(mac.as_bytes(), scroll_mac(ctx, query, filter, text).as_bytes()) {
        return Err(unknown());
    }
    let mut parts = text.split('.').map(str::parse::<i64>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(at)), Some(Ok(source)), Some(Ok(seq))) => Ok(Position {
            at: Millis(at),
            source: if source == 0 { Source::Call } else { Source::Security },
            seq,
        }),
        _ => Err(unknown()),
    }
}

/// `audit.get_filters`: users and endpoints that occur.
pub fn filters(ctx: &Ctx<'_>, company: Option<&str>) -> Result<Value> {
    let companies = companies(ctx, company);
    let Facets { users, endpoints } = open(ctx)?.store.facets(companies.as_deref())?;
    let hide = ctx.app.settings.apiserver.apilog.redact_identity;
    let users: Vec<Value> =
        users.iter().filter(|_| !hide).map(|(id, name)| json!({"id": id, "name": name})).collect();
    Ok(json!({"users": users, "endpoints": endpoints}))
}

/// Calls over time, for the strip above the list.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    /// Where it begins.
    pub from: Millis,
    /// Where it ends.
    pub to: Millis,
    /// Spans of equal length.
    pub buckets: Vec<Bucket>,
}

/// Counts calls from `from` to `to` in `count` spans.
pub fn volume(ctx: &Ctx<'_>, query: &LogQuery, from: Millis, to: Millis, count: usize) -> Result<Volume> {
    let buckets = open(ctx)?.store.volume(&scoped(ctx, query), from, to, count)?;
    Ok(Volume { from, to, buckets })
}

/// `audit.get_status`: adapters, what is kept, how far the chains go, when they were verified.
pub fn status(ctx: &Ctx<'_>) -> Result<Value> {
    let app = ctx.app;
    let log = open(ctx)?;
    // Errors name addresses of the server's surroundings.
    let runs_it = ctx.caller.role.is_system() || ctx.caller.operator;
    let adapters: Vec<Value> = log
        .sinks
        .iter()
        .map(|sink| {
            let (waiting, written, dropped, last_error) = sink.counters();
            let error = last_error.map(|(at, text)| {
                json!({"timestamp": at.to_zulu(), "msg": if runs_it { Some(text) } else { None }})
            });
            json!({"adapter": sink.adapter.as_str(), "waiting": waiting, "written": written, "dropped": dropped,
                   "last_error": error})
        })
        .collect();
    let (entries, since) = log.store.extent()?;
    let chains: Vec<Value> = chain_states(app)?
        .iter()
        .map(|ChainState { chain, head, .. }| {
            json!({"chain": chain.name(), "count": head.seq, "hash": hex(&head.hash)})
        })
        .collect();
    let settings = &app.settings.apiserver.apilog.store;
    let verified = log.verified.lock().as_ref().map(super::Verification::json);
    Ok(json!({
        "enabled": log.enabled,
        "adapters": adapters,
        "dropped": log.sinks.iter().map(|sink| sink.counters().2).sum::<u64>(),
        "store": {"entries": entries, "since": since.map(Millis::to_zulu), "retention_days": settings.retention_days,
                  "security_retention_days": settings.security_retention_days},
        "chains": chains,
        "verified": verified,
    }))
}

/// `audit.export`: everything that fits, oldest first, as JSON lines; read bit by bit.
pub fn export(ctx: &Ctx<'_>, query: &LogQuery) -> Result<Exported> {
    let mut filter = scoped(ctx, query);
    // What is written meanwhile, this export's own entry included, is not part of it.
    filter.to = Some(filter.to.map_or(ctx.call.received, |to| to.min(ctx.call.received)));
    Ok(Exported {
        log: Arc::clone(open(ctx)?),
        filter,
        hide: ctx.app.settings.apiserver.apilog.redact_identity,
        after: None,
        text: Vec::new(),
        read: 0,
        done: false,
    })
}

/// The lines of an export.
pub struct Exported {
    log: Arc<CallLog>,
    filter: Filter,
    hide: bool,
    after: Option<Position>,
    text: Vec<u8>,
    read: usize,
    done: bool,
}

/// Entries read at once.
const CHUNK: u64 = 500;

impl Exported {
    fn fill(&mut self) -> Result<()> {
        let rows = self.log.store.find(&self.filter, false, self.after, 0, CHUNK)?;
        self.done = (rows.len() as u64) < CHUNK;
        self.after = rows.last().map(|row| row.position).or(self.after);
        self.text.clear();
        self.read = 0;
        for row in rows {
            self.text.extend_from_slice(LogEntry { row, hide: self.hide }.json().to_string().as_bytes());
            self.text.push(b'\n');
        }
        Ok(())
    }
}

impl Read for Exported {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read >= self.text.len() {
            if self.done {
                return Ok(0);
            }
            self.fill().map_err(|error| io::Error::other(error.to_string()))?;
        }
        let rest = self.text.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.read += count;
        Ok(count)
    }
}
