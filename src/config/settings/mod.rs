//! Every setting: its path, type, unit, default and meaning. A Rust path mirrors the key in the files:
//! `settings.apiserver.auth.default_expiration_sec` is `apiserver.auth.default_expiration_sec`. The one difference is
//! `settings.services.mongo` for `services._mongo`.
//!
//! Defaults are Roundhouse's secure ones (spec/governance.md 12) where they differ from the reference
//! (spec/protocol.md 6.4). A default lives next to its type and nowhere else.
//!
//! Not here: what the settings do.

pub mod access_log;
pub mod apiserver;
pub mod auth;
pub mod events;
pub mod fileserver;
pub mod groups;
pub mod login;
pub mod network;
pub mod organization;
pub mod people;
pub mod secure;
pub mod services;
pub mod variables;
pub mod webserver;

use serde_json::Value as Json;

pub use super::read::{Passthrough, Seconds};

use super::hocon::{Object, Value};
use super::public;
use super::read::{Reader, Setting};
use super::section::section;
use super::sources::Environment;

section! {
    /// Addresses of servers. Those of the reference's stores are accepted and ignored.
    pub struct Hosts {
        /// Public address of the file server as the server itself writes it into URLs; unset: from
        /// `services.organization.public_urls.files`.
        fileserver: Option<String> = None,
    }
}

/// All settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API server.
    pub apiserver: apiserver::Apiserver,
    /// Claim `env` of tokens (spec/governance.md 1.3).
    pub env: String,
    /// The file server.
    pub fileserver: fileserver::Fileserver,
    /// Addresses of servers.
    pub hosts: Hosts,
    /// Secrets and system identities.
    pub secure: secure::Secure,
    /// What fixed environment variables say (spec/protocol.md 6.3). Not a section of the files.
    pub server: variables::ServerVariables,
    /// One section per service.
    pub services: services::Services,
    /// The pages.
    pub webserver: webserver::Webserver,
    /// The merged files and overrides without anything secret, for [`Settings::public_tree`].
    configured: Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            apiserver: apiserver::Apiserver::default(),
            env: "default".to_owned(),
            fileserver: fileserver::Fileserver::default(),
            hosts: Hosts::default(),
            secure: secure::Secure::default(),
            server: variables::ServerVariables::default(),
            services: services::Services::default(),
            webserver: webserver::Webserver::default(),
            configured: Json::Object(serde_json::Map::new()),
        }
    }
}

impl Settings {
    /// Gives types to a merged configuration. What is wrong or doubtful goes to the reader.
    pub(super) fn read(tree: &Value, environment: &Environment, reader: &mut Reader) -> Self {
        let mut settings = Self { configured: public::stripped(tree.to_json()), ..Self::default() };
        settings.apply_sections(tree.as_object().unwrap_or(&Object::default()), reader);
        settings.server = variables::ServerVariables::read(environment, reader);
        settings.fileserver.apply_variables(environment);
        settings.webserver.apply_variables(environment, reader);
        settings.apiserver.auth.fixed_users.check(reader);
        settings.services.auth.check(tree.as_object().unwrap_or(&Object::default()), reader);
        settings.services.organization.check(reader);
        settings.check(reader);
        settings
    }

    /// The whole configuration as it is in force, keyed as in the files, without `secure` and without anything that looks
    /// like a secret at any depth; the answer of `server.config`.
    #[must_use]
    pub fn public_tree(&self) -> Json {
        let mut tree = self.configured.clone();
        for (key, section) in self.sections() {
            if let (Some(typed), Some(members)) = (section.tree(), tree.as_object_mut()) {
                public::overlay(members.entry(key).or_insert(Json::Null), typed);
            }
        }
        public::stripped(tree)
    }

    fn apply_sections(&mut self, tree: &Object, reader: &mut Reader) {
        let sections: [(&str, &mut dyn Setting); 7] = [
            ("apiserver", &mut self.apiserver),
            ("env", &mut self.env),
            ("fileserver", &mut self.fileserver),
            ("hosts", &mut self.hosts),
            ("secure", &mut self.secure),
            ("services", &mut self.services),
            ("webserver", &mut self.webserver),
        ];
        let names = sections.each_ref().map(|(name, _)| *name);
        for (key, value) in tree.iter().filter(|(key, _)| !names.contains(key)) {
            reader.unknown("", key, value, &names);
        }
        for (name, section) in sections {
            if let Some(value) = tree.get(name) {
                section.apply(value, name, reader);
            }
        }
    }

    /// What [`Settings::public_tree`] shows: every section but `secure`.
    fn sections(&self) -> [(&'static str, &dyn Setting); 6] {
        [
            ("apiserver", &self.apiserver),
            ("env", &self.env),
            ("fileserver", &self.fileserver),
            ("hosts", &self.hosts),
            ("services", &self.services),
            ("webserver", &self.webserver),
        ]
    }

    /// Rules between settings.
    fn check(&self, reader: &mut Reader) {
        let auth = &self.apiserver.auth;
        if auth.default_expiration_sec > auth.max_expiration_sec {
            reader.problem(
                "apiserver.auth.default_expiration_sec",
                None,
                "is larger than apiserver.auth.max_expiration_sec; lower it or raise the maximum",
            );
        }
        if self.services.mongo.max_page_size == 0 {
            reader.problem(
                "services._mongo.max_page_size",
                None,
                "must be at least 1; remove it for the usual 500",
            );
        }
        if self.services.projects.sub_projects.max_depth == 0 {
            reader.problem(
                "services.projects.sub_projects.max_depth",
                None,
                "must be at least 1; remove it for the usual 10",
            );
        }
        let guest = &self.services.auth.fixed_users.guest;
        if guest.enabled && guest.password.as_ref().is_none_or(|password| password.expose().is_empty()) {
            reader.problem(
                "services.auth.fixed_users.guest.password",
                None,
                "is missing although the guest is enabled, and there is no usual password; choose one",
            );
        }
    }
}
