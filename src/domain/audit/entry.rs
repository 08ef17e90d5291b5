//! An entry of the call log, made from what a call was (spec/governance.md 13).

use serde_json::{Map, Value, json};

use super::{
    redact::{REDACTED, redact},
    sink::Entry,
};
use crate::{
    config::settings::access_log::{EndpointLogging, LoggedFields},
    domain::{App, AuditNote, Call, Caller},
    store::calls::CallRow,
    types::Json,
};

/// What kind of credential a call presented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// `Basic`, `Bearer`, `Cookie`, `Page` or `None`.
    pub kind: &'static str,
    /// Key or name of a Basic pair.
    pub key: Option<String>,
    /// When the token was issued and when it expires, seconds since 1970; of accepted tokens only.
    pub token_times: Option<(i64, Option<i64>)>,
}

/// The request's side of an entry.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The call.
    pub call: &'a Call,
    /// `service.action`.
    pub endpoint: &'a str,
    /// Version that answers.
    pub actual: Option<String>,
    /// What was presented.
    pub credential: Credential,
    /// Selected headers: claimed, already stripped.
    pub headers: &'a [(&'static str, String)],
    /// Bytes of the body.
    pub size: usize,
    /// The merged body, where it is logged.
    pub data: Option<Json>,
}

/// The answer's side of an entry.
#[derive(Debug)]
pub struct Answered<'a> {
    /// Code.
    pub code: u16,
    /// Subcode.
    pub subcode: u16,
    /// Message.
    pub message: &'a str,
    /// Bytes of the envelope; `None` for a streamed file.
    pub size: Option<usize>,
    /// Milliseconds from arrival to answer.
    pub duration: u64,
    /// Data of the answer, where it is logged.
    pub data: Option<Value>,
}

/// Who called, and what the audit noted.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    /// The caller, when one was found.
    pub caller: Option<Caller>,
    /// What was noted.
    pub note: AuditNote,
}

/// Objects of one entry.
const MOST_OBJECTS: usize = 50;
/// Characters of a message.
const MOST_MESSAGE: usize = 1_000;

impl Entry {
    /// Makes the entry of a call.
    pub fn of_call(
        app: &App,
        rule: &EndpointLogging,
        asked: Asked<'_>,
        answered: Answered<'_>,
        who: &Identities,
    ) -> Entry {
        let settings = &app.settings.apiserver.apilog;
        let fields = &settings.log_fields;
        let hide = settings.redact_identity;
        let call = asked.call;
        let caller = who.caller.as_ref().filter(|caller| caller.is_known());
        let objects: Vec<&(&str, String)> = who.note.objects.iter().take(MOST_OBJECTS).collect();
        let mut entry = Map::new();
        let mut set = |key: &str, value: Value| {
            entry.insert(key.to_owned(), value);
        };
        set("@timestamp", call.received.to_zulu().into());
        set("call_id", call.id.as_str().into());
        set("trx", call.trx.as_str().into());
        set("ip", call.ip.as_str().into());
        set("endpoint", asked.endpoint.into());
        if fields.version.enabled {
            set("version", json!({"requested": call.version.to_string(), "actual": asked.actual}));
        }
        set("duration", answered.duration.into());
        set("request_size", asked.size.into());
        set("response_size", answered.size.into());
        if fields.auth.enabled {
            set("auth", auth(caller, &asked.credential, hide));
        }
        if fields.result.enabled {
            let message: String = answered.message.chars().take(MOST_MESSAGE).collect();
            set("result", json!({"code": answered.code, "subcode": answered.subcode, "msg": message}));
        }
        if fields.headers.enabled {
            let headers: Map<String, Value> =
                asked.headers.iter().map(|(name, text)| ((*name).to_owned(), text.as_str().into())).collect();
            set("headers", json!({"claimed": headers}));
        }
        if fields.stats.enabled {
            set(
                "stats",
                json!({"objects": who.note.objects.len(), "vaults": who.note.vaults.len(), "redacted": who.note.redacted}),
            );
        }
        if !objects.is_empty() {
            let objects = objects.iter().map(|(kind, id)| json!({"kind": kind, "id": id}));
            set("objects", objects.collect());
        }
        if let Some(remark) = &who.note.remark {
            set("remark", remark.as_str().into());
        }
        if fields.data.enabled {
            let data = asked.data.map(Value::Object);
            for (key, data, wanted) in
                [("data", data, &rule.log_data), ("result_data", answered.data, &rule.log_result_data)]
            {
                if let Some(data) = data.and_then(|data| wanted.pick(data)) {
                    let mut data = data;
                    redact(asked.endpoint, &mut data);
                    set(key, data);
                }
            }
        }
        let shown = |text: String| if hide { None } else { Some(text) };
        let presented = who.note.presented.as_ref().and_then(|(_, tenant)| tenant.clone());
        let row = CallRow {
            at: call.received,
            company: caller.map_or_else(|| presented.unwrap_or_default(), |caller| caller.tenant.to_string()),
            call_id: call.id.clone(),
            endpoint: asked.endpoint.to_owned(),
            user: caller.and_then(|caller| shown(caller.user.to_string())),
            actor: caller
                .and_then(|caller| caller.actor.as_ref())
                .and_then(|actor| shown(actor.user.to_string())),
            ip: Some(call.ip.clone()).filter(|ip| !ip.is_empty()),
            code: answered.code,
            subcode: answered.subcode,
            objects: objects.iter().map(|(_, id)| id.chars().take(64).collect()).collect(),
        };
        Entry { at: call.received, row: Some(row), json: Value::Object(entry) }
    }
}

fn auth(caller: Option<&Caller>, credential: &Credential, hide: bool) -> Value {
    let shown = |text: &str| -> Value { if hide { REDACTED.into() } else { text.into() } };
    let mut auth = Map::new();
    auth.insert("type".to_owned(), credential.kind.into());
    if let Some(caller) = caller {
        auth.insert(
            "identity".to_owned(),
            json!({
                "user": shown(caller.user.as_str()),
                "role": caller.role.as_str(),
                "user_name": shown(&caller.name),
                "company": caller.home.as_str(),
                "company_name": shown(&caller.home_name),
                "tenant": caller.tenant.as_str(),
            }),
        );
        if let Some(actor) = &caller.actor {
            auth.insert(
                "actor".to_owned(),
                json!({"user": shown(actor.user.as_str()), "user_name": shown(&actor.name), "role": actor.role.as_str()}),
            );
        }
        if let Some(session) = &caller.session {
            auth.insert("session_id".to_owned(), session.as_str().into());
        }
    }
    let key = credential.key.as_deref().or_else(|| caller.and_then(|caller| caller.access_key.as_deref()));
    if let Some(key) = key {
        // What nobody signed in with is no more than a claim.
        let name = if caller.is_some() { "user_key" } else { "claimed_user_key" };
        let key: String = key.chars().filter(|c| !c.is_control()).take(256).collect();
        auth.insert(name.to_owned(), shown(&key));
    }
    if let Some((issued, expires)) = credential.token_times.filter(|_| caller.is_some()) {
        auth.insert("iat".to_owned(), issued.into());
        auth.insert("exp".to_owned(), expires.into());
    }
    Value::Object(auth)
}

impl LoggedFields {
    /// The part of an object that is logged.
    fn pick(&self, data: Value) -> Option<Value> {
        match (self, data) {
            (LoggedFields::Nothing, _) => None,
            (LoggedFields::Everything, data) => Some(data),
            (LoggedFields::Only(names), Value::Object(members)) => {
                Some(Value::Object(members.into_iter().filter(|(name, _)| names.contains(name)).collect()))
            }
            (LoggedFields::Only(_), _) => None,
        }
    }
}
