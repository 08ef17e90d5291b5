//! `webserver.*`: what the web app reads from `configuration.json` and `credentials.json` (spec/files.md 6, spec/protocol.md 6.3).

use serde_json::{Map, Value as Json};

use crate::crypto::Secret;

use super::super::read::{Passthrough, Reader};
use super::super::section::section;
use super::super::sources::Environment;
use super::variables::variable_problem;

section! {
    /// The pages and the files that an external web app reads.
    pub struct Webserver {
        /// Entries of `configuration.json`. Also `WEBSERVER__a__b` variables with JSON values.
        configuration: Passthrough = Passthrough(Json::Object(Map::new())),
        /// Content of `credentials.json`. Also `USER_KEY`, `USER_SECRET` and `COMPANY_ID`.
        credentials: WebCredentials = Default::default(),
        /// Path below which everything is also served. Also `CLEARML_SERVER_SUB_PATH`.
        sub_path: Option<String> = None,
    }
}

section! {
    /// What `credentials.json` would tell a web app in password-less mode. It is public, so use it on a loopback server only.
    pub struct WebCredentials {
        /// Access key.
        user_key: Option<String> = None,
        /// Secret.
        user_secret: Option<Secret<String>> = None,
        /// Company id.
        company_id: Option<String> = None,
    }
}

const PREFIX: &str = "WEBSERVER__";

impl Webserver {
    /// The variables of the reference's web server; for `configuration.json` they win over files.
    pub(super) fn apply_variables(&mut self, environment: &Environment, reader: &mut Reader) {
        if !self.configuration.0.is_object() {
            self.configuration.0 = Json::Object(Map::new());
        }
        for (name, rest, text) in environment.with_prefix(PREFIX) {
            let path: Vec<&str> = rest.split("__").collect();
            match serde_json::from_str(text) {
                Ok(value) if path.iter().all(|part| !part.is_empty()) => {
                    insert(&mut self.configuration.0, &path, value)
                }
                Ok(_) => reader
                    .problems
                    .push(variable_problem(name, "names no entry; write WEBSERVER__key".to_owned())),
                Err(_) => {
                    let message =
                        "is not a JSON value; text needs double quotes inside the value, as in \"My team\"";
                    reader.problems.push(variable_problem(name, message.to_owned()));
                }
            }
        }
        let text = |name: &str| environment.first(&[name]).map(|(_, value)| value.trim().to_owned());
        let credentials = &mut self.credentials;
        credentials.user_key = credentials.user_key.take().or_else(|| text("USER_KEY"));
        credentials.user_secret =
            credentials.user_secret.take().or_else(|| text("USER_SECRET").map(Secret::new));
        credentials.company_id = credentials.company_id.take().or_else(|| text("COMPANY_ID"));
        self.sub_path = self.sub_path.take().or_else(|| text("CLEARML_SERVER_SUB_PATH"));
        self.sub_path = self
            .sub_path
            .take()
            .map(|path| path.trim_matches('/').to_owned())
            .filter(|path| !path.is_empty());
    }
}

/// Sets an entry; keys that exist are matched in any case.
fn insert(tree: &mut Json, path: &[&str], value: Json) {
    let Some((first, rest)) = path.split_first() else {
        *tree = value;
        return;
    };
    if !tree.is_object() {
        *tree = Json::Object(Map::new());
    }
    if let Some(members) = tree.as_object_mut() {
        let existing = members.keys().find(|key| key.eq_ignore_ascii_case(first)).cloned();
        let key = existing.unwrap_or_else(|| (*first).to_owned());
        insert(members.entry(key).or_insert(Json::Null), rest, value);
    }
}
