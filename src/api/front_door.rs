//! Tests call endpoints as a client would: through the endpoint table, the schema check and the gate, on a
//! database of their own. Only sockets and sign-in are left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{io::Read as _, sync::Arc};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    dispatch::{Incoming, read_request},
    endpoint::{Download, ReplyBody},
    table,
};
use crate::{
    config::Settings,
    domain::{
        App, Call, Caller, CallerKind, Ctx, Keys, PublicUrls, Role, audit::CallLog, features,
        identity::Presented, operations,
    },
    store::{
        Lane, Scope, Store,
        identity::{NewAccount, Profile},
    },
    types::{ApiError, CompanyId, ErrorKind, Json, Millis, UserId, Version},
};

/// Settings under which tenants may do most.
pub(crate) fn open_doors() -> Settings {
    let mut settings = Settings::default();
    settings.services.login.tenant_domains_self_service = true;
    settings.services.organization.allow_public = true;
    settings.services.organization.features.insert("user_management_advanced".to_owned(), true);
    settings
}

/// A server in a temporary directory with one tenant, `acme`, and one person, `ann`.
pub(crate) struct FrontDoor {
    pub(crate) app: App,
    directory: tempfile::TempDir,
}

/// An answer: the data, or code and subcode of the error.
pub(crate) type Answer = Result<Value, (u16, u16)>;

impl FrontDoor {
    pub(crate) fn open() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("roundhouse.db")).unwrap();
        let urls = PublicUrls { files: "http://files.test".to_owned(), ..PublicUrls::default() };
        let main = directory.path().join("roundhouse.db");
        let log = CallLog::open(&settings, directory.path(), &main).unwrap();
        let app = App::new(store, settings, Keys::for_tests(), urls);
        assert!(app.calls.set(Arc::new(log)).is_ok());
        let front = FrontDoor { app, directory };
        front.tenant("acme");
        front.person("acme", "ann", "Ann");
        front
    }

    /// The data directory.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Stores what waits in the log of calls, as its writer would.
    pub(crate) fn flush_log(&self) {
        let log = self.app.calls.get().unwrap();
        for sink in log.sinks.iter().filter(|sink| sink.counters().0 > 0) {
            let batch = sink.take().unwrap();
            let texts: Vec<String> = batch.iter().map(|entry| entry.json.to_string()).collect();
            let rows = batch.iter().zip(&texts);
            let rows = rows.filter_map(|(entry, text)| Some((entry.row.as_ref()?, text.as_str())));
            log.store.append(&self.app.keys.audit, rows).unwrap();
        }
    }

    /// Writes a copy of the database.
    pub(crate) fn save(&self, to: &std::path::Path) {
        self.app.store.checkpoint(true).unwrap();
        std::fs::copy(self.directory.path().join("roundhouse.db"), to).unwrap();
    }

    /// A server on a copy of a saved database.
    pub(crate) fn copy_of(saved: &std::path::Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roundhouse.db");
        std::fs::copy(saved, &path).unwrap();
        let urls = PublicUrls { files: "http://files.test".to_owned(), ..PublicUrls::default() };
        let settings = open_doors();
        let log = CallLog::open(&settings, directory.path(), &path).unwrap();
        let app = App::new(Store::open(&path).unwrap(), settings, Keys::for_tests(), urls);
        assert!(app.calls.set(Arc::new(log)).is_ok());
        FrontDoor { app, directory }
    }

    /// Makes a tenant exist.
    pub(crate) fn tenant(&self, id: &str) {
        self.write(|tx| tx.insert_company(&CompanyId::from(id), id, tx.now));
    }

    /// Makes a profile exist.
    pub(crate) fn person(&self, company: &str, id: &str, name: &str) {
        let profile = Profile {
            id: UserId::from(id),
            company: CompanyId::from(company),
            name: name.to_owned(),
            given_name: None,
            family_name: None,
            avatar: None,
            created: Millis::now(),
            created_in_version: None,
        };
        self.write(|tx| tx.upsert_profile(&profile));
    }

    /// Makes an account exist.
    pub(crate) fn account(&self, account: &NewAccount) {
        self.write(|tx| tx.insert_account(account));
    }

    /// Makes a group exist.
    pub(crate) fn group(&self, id: &str) {
        self.write(|tx| tx.ensure_group(id, id, "", None, true));
    }

    /// Puts a person into a group of the tenant `acme`; an account comes with it.
    pub(crate) fn member(&self, group: &str, user: &str) {
        let (user, company) = (UserId::from(user), CompanyId::from("acme"));
        self.account(&NewAccount {
            id: user.clone(),
            company: company.clone(),
            name: user.to_string(),
            email: None,
            role: "user".to_owned(),
            internal: false,
            autocreated: false,
            is_service: false,
            operator: false,
            created_by: None,
        });
        self.write(|tx| tx.join_group(group, &user, &company, "manual"));
    }

    fn write<T>(&self, work: impl FnOnce(&crate::store::Tx<'_>) -> crate::types::Result<T>) -> T {
        self.app.store.write(&Scope::server(), Lane::Documents, work).unwrap()
    }

    /// Where the database lies.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// As [`FrontDoor::sql`], for what the database itself refuses.
    pub(crate) fn try_sql(&self, sql: &str) -> crate::types::Result<usize> {
        self.app.store.write(&Scope::server(), Lane::Documents, |tx| tx.run(sql, []))
    }

    /// Runs one changing statement: what no endpoint of these services can bring about.
    pub(crate) fn sql(&self, sql: &str, params: impl rusqlite::Params) -> usize {
        self.write(|tx| tx.run(sql, params))
    }

    /// One value from the database.
    pub(crate) fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Option<T> {
        self.app.store.read(&Scope::server(), |snapshot| snapshot.one(sql, params, |row| row.get(0))).unwrap()
    }

    /// What the database takes on the disk with its log, in bytes.
    pub(crate) fn disk(&self) -> u64 {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    }

    /// Stores a task as the tasks service would; `fields` are columns, containers as JSON.
    pub(crate) fn task(&self, id: &str, fields: Value) -> String {
        let mut columns = json!({
            "id": id, "company": "acme", "user": "ann", "type": "training", "name": format!("task {id}"),
            "created": 1_700_000_000_000_i64, "last_update": 1_700_000_000_000_i64, "last_change": 1_700_000_000_000_i64,
        });
        columns.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        let columns = columns.as_object().unwrap();
        let names: Vec<&str> = columns.keys().map(String::as_str).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let values: Vec<rusqlite::types::Value> = columns
            .values()
            .map(|value| match value {
                Value::Null => rusqlite::types::Value::Null,
                Value::String(text) => text.clone().into(),
                Value::Number(number) => number.as_i64().unwrap().into(),
                other => other.to_string().into(),
            })
            .collect();
        let sql = format!("INSERT INTO task ({}) VALUES ({marks})", names.join(", "));
        self.sql(&sql, rusqlite::params_from_iter(values));
        id.to_owned()
    }

    /// The person `ann` of `acme`.
    pub(crate) fn ann(&self) -> Visitor<'_> {
        self.visitor("acme", "ann")
    }

    /// Anybody.
    pub(crate) fn visitor(&self, company: &str, user: &str) -> Visitor<'_> {
        let caller = Caller {
            user: UserId::from(user),
            name: user.to_owned(),
            tenant: CompanyId::from(company),
            home: CompanyId::from(company),
            role: Role::User,
            kind: CallerKind::Person,
            features: features::effective(&self.app.settings, &Json::new(), &[], Role::System),
            ..Caller::anonymous()
        };
        Visitor {
            app: &self.app,
            caller,
            version: Version::CURRENT,
            ip: "127.0.0.1".to_owned(),
            client: None,
            browser: false,
        }
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub(crate) struct Visitor<'a> {
    app: &'a App,
    pub(crate) caller: Caller,
    pub(crate) version: Version,
    pub(crate) ip: String,
    pub(crate) client: Option<String>,
    pub(crate) browser: bool,
}

impl<'a> Visitor<'a> {
    /// As a browser.
    pub(crate) fn in_browser(mut self) -> Self {
        self.browser = true;
        self
    }

    /// A request, for use-cases that have no endpoint.
    pub(crate) fn ctx(&self) -> Ctx<'a> {
        Ctx::new(self.app, self.caller.clone(), Call::internal())
    }

    pub(crate) fn role(mut self, role: Role) -> Self {
        self.caller.role = role;
        self
    }

    pub(crate) fn kind(mut self, kind: CallerKind) -> Self {
        self.caller.kind = kind;
        self
    }

    pub(crate) fn at(mut self, major: u32, minor: u32) -> Self {
        self.version = Version::new(major, minor);
        self
    }

    /// Calls an endpoint.
    pub(crate) fn call(&self, name: &str, request: Value) -> Answer {
        self.send(name, "application/json", request.to_string(), None)
    }

    /// Calls an endpoint with JSON lines, as a worker if one is named.
    pub(crate) fn lines(&self, name: &str, lines: &str, worker: Option<&str>) -> Answer {
        self.send(name, "application/json-lines", lines.to_owned(), worker)
    }

    /// Calls an endpoint with any body.
    pub(crate) fn send(&self, name: &str, media_type: &str, body: String, worker: Option<&str>) -> Answer {
        match self.reply(name, media_type, body, worker)? {
            ReplyBody::Data(text) => Ok(serde_json::from_str(&text).unwrap()),
            ReplyBody::Download(_) => panic!("{name} answered a download"),
        }
    }

    /// Calls an endpoint that answers a file; returns its name and content.
    pub(crate) fn download(&self, name: &str, request: Value) -> Result<(String, String), (u16, u16)> {
        let mut download = self.file(name, request)?;
        let mut content = String::new();
        download.content.read_to_string(&mut content).unwrap();
        Ok((download.filename, content))
    }

    /// Calls an endpoint that answers a file; nothing of it has been read yet.
    pub(crate) fn open_download(
        &self,
        name: &str,
        request: Value,
    ) -> Result<Box<dyn std::io::Read + Send>, (u16, u16)> {
        self.file(name, request).map(|download| download.content)
    }

    fn file(&self, name: &str, request: Value) -> Result<Download, (u16, u16)> {
        match self.reply(name, "application/json", request.to_string(), None)? {
            ReplyBody::Data(text) => panic!("{name} answered {text}"),
            ReplyBody::Download(download) => Ok(download),
        }
    }

    fn reply(
        &self,
        name: &str,
        media_type: &str,
        body: String,
        worker: Option<&str>,
    ) -> Result<ReplyBody, (u16, u16)> {
        self.answered(name, media_type, body, worker)
            .map_err(|error| (error.kind().code(), error.kind().subcode()))
    }

    fn answered(
        &self,
        name: &str,
        media_type: &str,
        body: String,
        worker: Option<&str>,
    ) -> Result<ReplyBody, ApiError> {
        let endpoint = table::resolve(name, self.version).ok_or(ErrorKind::NotFound)?;
        let mut call = Call::internal();
        call.version = self.version;
        call.ip.clone_from(&self.ip);
        call.worker = worker.map(str::to_owned);
        call.client.clone_from(&self.client);
        call.browser = self.browser;
        let ctx = Ctx::new(self.app, self.caller.clone(), call);
        let incoming =
            Incoming { media_type: media_type.to_owned(), body: Bytes::from(body), ..Incoming::default() };
        operations::perform(endpoint.operation().unwrap(), &ctx, |ctx| {
            (endpoint.run)(ctx, read_request(endpoint, incoming, Presented::Nothing)?)
        })
        .map(|reply| reply.body)
    }

    /// Calls an endpoint and answers what it says, a download's content included; errors as `code/subcode message`.
    pub(crate) fn raw(&self, name: &str, request: &Value) -> Result<String, String> {
        match self.answered(name, "application/json", request.to_string(), None) {
            Ok(ReplyBody::Data(text)) => Ok(text),
            Ok(ReplyBody::Download(mut download)) => {
                let mut content = String::new();
                download.content.read_to_string(&mut content).unwrap();
                Ok(content)
            }
            Err(error) => Err(format!("{}/{} {error}", error.kind().code(), error.kind().subcode())),
        }
    }

    /// Calls an endpoint that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, name: &str, request: Value) -> Value {
        match self.call(name, request.clone()) {
            Ok(data) => data,
            Err(error) => panic!("{name} {request} failed: {error:?}"),
        }
    }

    /// Calls an endpoint that must fail; returns code and subcode.
    #[track_caller]
    pub(crate) fn err(&self, name: &str, request: Value) -> (u16, u16) {
        match self.call(name, request.clone()) {
            Ok(data) => panic!("{name} {request} succeeded: {data}"),
            Err(error) => error,
        }
    }
}
