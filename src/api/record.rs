//! What a call leaves in the log of API calls (spec/governance.md 13).

use std::{cell::RefCell, time::Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    dispatch::{Incoming, Outgoing, OutgoingBody},
    endpoint::Endpoint,
    envelope::Meta,
};
use crate::{
    config::settings::access_log::{EndpointLogging, LoggedFields},
    domain::{
        App, Call, Ctx,
        audit::{Answered, Asked, Credential, Entry, Identities},
        identity::Presented,
        operations::Operation,
    },
    types::{ApiError, Json},
};

/// Watches one call. Costs next to nothing for calls that are not logged.
pub(super) struct Recorder<'a> {
    app: &'a App,
    began: Instant,
    size: usize,
    headers: Vec<(&'static str, String)>,
    watched: Option<Watched>,
    seen: RefCell<Seen>,
}

struct Watched {
    endpoint: &'static Endpoint,
    rule: EndpointLogging,
    call: Call,
    credential: Credential,
}

#[derive(Default)]
struct Seen {
    who: Identities,
    data: Option<Json>,
}

impl<'a> Recorder<'a> {
    /// Before anything is known about the call.
    pub(super) fn start(app: &'a App, incoming: &mut Incoming) -> Self {
        Recorder {
            app,
            began: Instant::now(),
            size: incoming.body.len(),
            headers: std::mem::take(&mut incoming.headers),
            watched: None,
            seen: RefCell::default(),
        }
    }

    /// The endpoint is known. Calls of unknown ones are not logged.
    pub(super) fn found(
        &mut self,
        endpoint: &'static Endpoint,
        operation: &Operation,
        call: &Call,
        presented: &Presented,
    ) {
        if !self.app.calls.get().is_some_and(|log| log.enabled && !log.sinks.is_empty()) {
            return;
        }
        let (service, action) = endpoint.name.split_once('.').unwrap_or((endpoint.name, ""));
        // Signing in is no change of what governs.
        let governs = operation.is_security() && !operation.is_sign_in() && !operation.reads_audit();
        let rule = self.app.settings.apiserver.endpoints.rule(service, action, governs);
        if rule.log_call {
            let credential = credential(presented);
            self.watched = Some(Watched { endpoint, rule, call: call.clone(), credential });
        }
    }

    /// The request was read.
    pub(super) fn read(&self, body: &Json) {
        if self.watched.as_ref().is_some_and(|watched| watched.rule.log_data != LoggedFields::Nothing)
            && !body.is_empty()
        {
            self.seen.borrow_mut().data = Some(body.clone());
        }
    }

    /// The use-case ended: who it ran as, and what it noted.
    pub(super) fn ended(&self, ctx: &Ctx<'_>) {
        if self.watched.is_some() {
            self.seen.borrow_mut().who = Identities { caller: Some(ctx.caller.clone()), note: ctx.noted() };
        }
    }

    /// The answer is there: the entry goes to the log.
    pub(super) fn answered(self, meta: &Meta, outgoing: &Outgoing, error: Option<&ApiError>) {
        let (Some(watched), Some(log)) = (self.watched, self.app.calls.get()) else { return };
        let seen = self.seen.into_inner();
        let size = match &outgoing.body {
            OutgoingBody::Json(text) => Some(text.len()),
            OutgoingBody::Download(_) => None,
        };
        let data = match &outgoing.body {
            OutgoingBody::Json(text) if watched.rule.log_result_data != LoggedFields::Nothing => {
                serde_json::from_str::<Value>(text)
                    .ok()
                    .and_then(|mut envelope| envelope.get_mut("data").map(Value::take))
            }
            _ => None,
        };
        let message = error.map_or_else(|| "OK".to_owned(), ToString::to_string);
        let kind = error.map(ApiError::kind);
        let asked = Asked {
            call: &watched.call,
            endpoint: watched.endpoint.name,
            actual: meta.actual.map(|version| version.to_string()),
            credential: watched.credential,
            headers: &self.headers,
            size: self.size,
            data: seen.data,
        };
        let answered = Answered {
            code: kind.map_or(200, |kind| kind.code()),
            subcode: kind.map_or(0, |kind| kind.subcode()),
            message: &message,
            size,
            duration: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            data,
        };
        log.push(Entry::of_call(self.app, &watched.rule, asked, answered, &seen.who));
    }
}

fn credential(presented: &Presented) -> Credential {
    match presented {
        Presented::Nothing => Credential { kind: "None", ..Credential::default() },
        Presented::Unusable(_) => Credential { kind: "Unusable", ..Credential::default() },
        Presented::Basic { key, .. } => {
            Credential { kind: "Basic", key: Some(key.clone()), token_times: None }
        }
        Presented::Bearer(token) => Credential { kind: "Bearer", key: None, token_times: token_times(token) },
        Presented::Cookie(token) => Credential { kind: "Cookie", key: None, token_times: token_times(token) },
        Presented::Page(_) => Credential { kind: "Page", ..Credential::default() },
    }
}

/// `iat` and `exp` of a token; the log shows them only when the token was accepted.
fn token_times(token: &str) -> Option<(i64, Option<i64>)> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Some((claims.get("iat")?.as_i64()?, claims.get("exp").and_then(Value::as_i64)))
}
