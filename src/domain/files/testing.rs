//! A server without sockets, for tests of the file server.
#![allow(clippy::unwrap_used)]

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use crate::{
    config::Settings,
    domain::{
        App, Call, Caller, Ctx, Keys, PublicUrls,
        files::Files,
        identity::{self, Presented, TokenRequest},
    },
    store::{Lane, Readable, Scope, Sets, Store, Writable, files::LocalTree, identity::NewAccount},
    types::{CompanyId, UserId},
};

/// The default tenant.
pub(crate) const HOME: &str = "d1bd92a3b039400cbafc60a7a5b1e52b";

pub(crate) struct House {
    dir: tempfile::TempDir,
    pub(crate) app: Arc<App>,
    pub(crate) files: Arc<Files>,
    pub(crate) admin: UserId,
}

impl House {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> House {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.fileserver.upload.min_free_mb = 1;
        change(&mut settings);
        let urls = PublicUrls { origins: vec!["https://ui.example".to_owned()], ..PublicUrls::default() };
        let app = App::new(
            Store::open(&dir.path().join("roundhouse.db")).unwrap(),
            settings,
            Keys::for_tests(),
            urls,
        );
        let admin = identity::ensure_identities(&app).unwrap().unwrap().user;
        let blobs = LocalTree::open(&dir.path().join("files")).unwrap();
        House { dir, app: Arc::new(app), files: Arc::new(Files::new(Arc::new(blobs))), admin }
    }

    /// A place below the directory of stored files.
    pub(crate) fn disk(&self, relative: &str) -> PathBuf {
        self.dir.path().join("files").join(relative)
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("roundhouse.db")
    }

    /// Adds a person, and its tenant when that is new.
    pub(crate) fn person(&self, id: &str, tenant: &str) -> UserId {
        let (user, company) = (UserId::from(id), CompanyId::from(tenant));
        self.app
            .store
            .write(&Scope::server(), Lane::Documents, |tx| {
                if tx.company(tenant)?.is_none() {
                    tx.insert_company(&company, tenant, tx.now)?;
                }
                tx.insert_account(&NewAccount {
                    id: user.clone(),
                    company: company.clone(),
                    name: id.to_owned(),
                    email: None,
                    role: "user".to_owned(),
                    internal: false,
                    autocreated: false,
                    is_service: false,
                    operator: false,
                    created_by: None,
                })
            })
            .unwrap();
        user
    }

    /// A token for somebody.
    pub(crate) fn token(&self, user: &UserId, seconds: i64) -> String {
        let ctx = Ctx::new(&self.app, Caller::anonymous(), Call::internal());
        let wanted = TokenRequest { expiration_sec: Some(seconds) };
        identity::token_for_user(&ctx, user.as_str(), None, wanted).unwrap()
    }

    /// Ends the session of a token.
    pub(crate) fn revoke(&self, token: &str) {
        let ctx = Ctx::new(&self.app, self.caller_of(token), Call::internal());
        identity::logout(&ctx).unwrap();
    }

    pub(crate) fn caller_of(&self, token: &str) -> Caller {
        let presented = Presented::Bearer(token.to_owned());
        identity::authenticate(&self.app, &presented, &Call::internal(), "test").unwrap()
    }

    /// A call of somebody.
    pub(crate) fn ctx(&self, user: &UserId) -> Ctx<'_> {
        Ctx::new(&self.app, self.caller_of(&self.token(user, 60)), Call::internal())
    }

    pub(crate) fn task(&self, tenant: &str, project: &str, id: &str) {
        self.sql(
            tenant,
            "INSERT INTO task (id, company, project, user, type, created, last_update, last_change, name)
             VALUES (?1, ?2, ?3, 'ann', 'training', 1, 1, 1, ?1)",
            &[id, tenant, project],
        );
    }

    pub(crate) fn sql(&self, tenant: &str, sql: &str, values: &[&str]) {
        let scope = Scope::tenant(tenant);
        let values = rusqlite::params_from_iter(values.iter());
        self.app.store.write(&scope, Lane::Documents, |tx| tx.run(sql, values)).unwrap();
    }

    /// `(operation, code, number of objects)` of the security audit.
    pub(crate) fn audit(&self) -> Vec<(String, i64, i64)> {
        let sql = "SELECT operation, code, json_array_length(note, '$.objects') FROM security_event
                   WHERE operation LIKE 'files.%' ORDER BY seq";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        self.app.store.read(&Scope::server(), |snapshot| snapshot.all(sql, [], read)).unwrap()
    }
}

/// A scope as access rules would make it.
pub(crate) fn restricted(tenant: &str, readable: &[&str], writable: &[&str]) -> Scope {
    let sets = |projects: &[&str]| {
        let projects: HashSet<String> = projects.iter().map(|project| (*project).to_owned()).collect();
        Arc::new(Sets { projects, ids: HashSet::new() })
    };
    Scope {
        company: CompanyId::from(tenant),
        readable: Readable::Sets(sets(readable)),
        writable: Writable::Sets(sets(writable)),
    }
}
