//! People, groups and service accounts as clients see them: with real credentials and tokens, through everything that
//! all calls have in common. Every refusal is first shown to succeed for whoever may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod groups;
mod offboarding;
mod people;
mod service;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    api::{
        dispatch::{Incoming, OutgoingBody, dispatch},
        front_door::{Answer, FrontDoor},
    },
    config::Settings,
    crypto::Secret,
    domain::identity::{self, Presented},
};

/// A server with its identities: the default tenant with its first administrator, and the tenant `acme`.
struct Office {
    front: FrontDoor,
    admin: Presented,
    tenant: String,
}

const SYSTEM: (&str, &str) = ("SYSTEMKEYSYSTEMKEYSYSTEMKEY000", "a secret of the platform, for tests only");

impl Office {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        let system = settings.secure.credentials.get_mut("apiserver").unwrap();
        system.user_key = Some(SYSTEM.0.to_owned());
        system.user_secret = Some(Secret::new(SYSTEM.1.to_owned()));
        change(&mut settings);
        let tenant = settings.apiserver.default_company.clone();
        let front = FrontDoor::with(settings);
        let first = identity::ensure_identities(&front.app).unwrap().unwrap();
        let admin = Presented::Basic { key: first.access_key, secret: first.secret_key.expose().clone() };
        Office { front, admin, tenant }
    }

    fn caller(&self, presented: Presented) -> Client<'_> {
        Client { office: self, presented, headers: (None, None), browser: false }
    }

    /// The identity `apiserver`, role system.
    fn system(&self) -> Client<'_> {
        let (key, secret) = SYSTEM;
        self.caller(Presented::Basic { key: key.to_owned(), secret: secret.to_owned() })
    }

    /// The first administrator of the default tenant.
    fn admin(&self) -> Client<'_> {
        self.caller(self.admin.clone())
    }

    /// Makes a person; answers the id and a client with a pair of its own.
    fn person(&self, company: &str, name: &str, role: &str) -> (String, Client<'_>) {
        let email = format!("{name}@{company}.example");
        let body = json!({"name": name, "company": company, "email": email, "role": role});
        let id = text(&self.system().ok("auth.create_user", body)["id"]);
        let pair = self.system().becoming(&id).ok("auth.create_credentials", json!({}));
        (id, self.by_pair(&pair["credentials"]))
    }

    fn by_pair(&self, credentials: &Value) -> Client<'_> {
        let (key, secret) = (text(&credentials["access_key"]), text(&credentials["secret_key"]));
        self.caller(Presented::Basic { key, secret })
    }

    /// Makes a service account of the default tenant that may run tasks as their owners.
    fn agent(&self, body: Value) -> (String, Client<'_>) {
        let made = self.admin().ok("auth.create_service_user", body);
        (text(&made["id"]), self.by_pair(&made["credentials"]))
    }

    /// Submits a task of `who` to a fresh queue, and has `agent` take it; answers the task.
    fn handed_over(&self, who: &Client<'_>, agent: &Client<'_>) -> String {
        let queue = self.admin().ok("queues.create", json!({"name": crate::types::new_id()}));
        let task = text(&who.ok("tasks.create", json!({"name": "demo", "type": "training"}))["id"]);
        who.ok("tasks.enqueue", json!({"task": task, "queue": queue["id"]}));
        let taken = agent.ok("queues.get_next_task", json!({"queue": queue["id"], "get_task_info": true}));
        assert_eq!(taken["entry"]["task"], task.as_str());
        task
    }
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Somebody who calls.
#[derive(Clone)]
struct Client<'a> {
    office: &'a Office,
    presented: Presented,
    /// Impersonate-As and Act-As.
    headers: (Option<String>, Option<String>),
    browser: bool,
}

impl<'a> Client<'a> {
    fn becoming(&self, user: &str) -> Self {
        Client { headers: (Some(user.to_owned()), self.headers.1.clone()), ..self.clone() }
    }

    fn acting_as(&self, user: &str) -> Self {
        Client { headers: (self.headers.0.clone(), Some(user.to_owned())), ..self.clone() }
    }

    fn in_browser(&self) -> Self {
        Client { browser: true, ..self.clone() }
    }

    /// The same with a token.
    #[track_caller]
    fn signed_in(&self) -> Client<'a> {
        self.office.caller(Presented::Bearer(self.token()))
    }

    #[track_caller]
    fn token(&self) -> String {
        text(&self.ok("auth.login", json!({}))["token"])
    }

    fn call(&self, name: &str, body: Value) -> Answer {
        self.send(name, body).0
    }

    /// The answer, and whether a cookie came with it.
    fn send(&self, name: &str, body: Value) -> (Answer, bool) {
        let incoming = Incoming {
            path: format!("/v2.34/{name}"),
            media_type: "application/json".to_owned(),
            body: Bytes::from(body.to_string()),
            presented: Some(self.presented.clone()),
            is_post: true,
            origin_ok: true,
            impersonate_as: self.headers.0.clone(),
            act_as: self.headers.1.clone(),
            browser: self.browser,
            ip: "10.0.0.7".to_owned(),
            ..Incoming::default()
        };
        let outgoing = dispatch(&self.office.front.app, incoming);
        let OutgoingBody::Json(envelope) = outgoing.body else { panic!("{name} answered a download") };
        let envelope: Value = serde_json::from_str(&envelope).unwrap();
        let code = |field: &str| u16::try_from(envelope["meta"][field].as_u64().unwrap()).unwrap();
        let answer = match outgoing.status {
            200 => Ok(envelope["data"].clone()),
            _ => Err((code("result_code"), code("result_subcode"))),
        };
        (answer, outgoing.cookie.is_some())
    }

    #[track_caller]
    fn ok(&self, name: &str, body: Value) -> Value {
        match self.call(name, body.clone()) {
            Ok(data) => data,
            Err(error) => panic!("{name} {body} failed: {error:?}"),
        }
    }

    #[track_caller]
    fn err(&self, name: &str, body: Value) -> (u16, u16) {
        match self.call(name, body.clone()) {
            Ok(data) => panic!("{name} {body} succeeded: {data}"),
            Err(error) => error,
        }
    }

    /// Whom the call runs as, with the effective role.
    #[track_caller]
    fn me(&self) -> (String, String) {
        let user = self.ok(ME, json!({}))["user"].clone();
        (text(&user["id"]), text(&user["role"]))
    }

    fn features(&self) -> Vec<String> {
        let found = self.ok(ME, json!({"get_supported_features": true}));
        serde_json::from_value(found["supported_features"].clone()).unwrap()
    }
}

const ME: &str = "users.get_current_user";

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&json).unwrap()
}
