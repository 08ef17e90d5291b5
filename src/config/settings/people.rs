//! `apiserver.auth.fixed_users`: people named in configuration (spec/protocol.md 3.8).

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use crate::crypto::Secret;

use super::super::error::WarningKind;
use super::super::hocon::{Place, Value};
use super::super::read::{Leaf, Reader, Wrong, join};
use super::super::section::{choice, section};
use super::super::suggest;

section! {
    /// People named in configuration.
    pub struct FixedUsers {
        /// Web login: people sign in with user name and password. Off only in the password-less mode of a loopback server.
        enabled: bool = true,
        /// Whether passwords are base64 of a bcrypt hash.
        pass_hashed: bool = false,
        /// A directory to ask for people not named here.
        provider: Option<FixedUserProvider> = None,
        /// The people.
        users: Vec<FixedUser> = Vec::new(),
    }
}

choice! {
    /// A directory of people.
    pub enum FixedUserProvider {
        /// `apiserver.auth.fixed_user_providers.ldap`.
        Ldap = "ldap",
    }
}

/// A person named in configuration.
#[derive(Debug, Clone)]
pub struct FixedUser {
    /// What the person types; matched exactly.
    pub username: String,
    /// The password, or base64 of its bcrypt hash when `pass_hashed`.
    pub password: Secret<String>,
    /// Display name; the user name when not given.
    pub name: String,
    /// Company id; unset: the default company.
    pub company: Option<String>,
    /// Whether the person is a guest, who may only read.
    pub is_guest: bool,
    /// Whether the person is an administrator.
    pub admin: bool,
    /// Where the entry was written.
    place: Option<Place>,
}

impl FixedUser {
    /// The guest as a fixed user, when there is one with a password.
    #[must_use]
    pub fn guest(guest: &super::groups::Guest) -> Option<Self> {
        let password = guest.password.clone().filter(|_| guest.enabled)?;
        Some(Self {
            username: guest.username.clone(),
            password,
            name: guest.name.clone(),
            company: Some(guest.default_company.clone()),
            is_guest: true,
            admin: false,
            place: None,
        })
    }

    const KEYS: [&str; 6] = ["username", "password", "name", "company", "is_guest", "admin"];
}

impl Leaf for FixedUser {
    fn read(value: &Value, at: &str, reader: &mut Reader) -> Result<Self, Wrong> {
        let entry = value
            .as_object()
            .ok_or("a section such as {username: jane, password: \"…\", name: \"Jane Doe\"}")?;
        for (key, member) in entry.iter().filter(|(key, _)| !Self::KEYS.contains(key)) {
            let hint = suggest::nearest(key, Self::KEYS)
                .map(|name| format!("; did you mean {name}"))
                .unwrap_or_default();
            let message = format!("is not known for a person and has no effect{hint}");
            reader.warn(WarningKind::UnknownKey, &join(at, key), Some(member), message);
        }
        let mut text = |key: &str, required: bool| -> Result<Option<String>, Wrong> {
            match entry.get(key).filter(|member| !member.is_null()) {
                Some(member) => match member.as_text().filter(|text| !text.is_empty()) {
                    Some(text) => Ok(Some(text.to_owned())),
                    None if required || member.as_text().is_none() => {
                        reader.problem(
                            &join(at, key),
                            Some(member),
                            "must be text and not empty; fill it in",
                        );
                        Err(Wrong::Reported)
                    }
                    None => Ok(None),
                },
                None if required => {
                    reader.problem(at, Some(value), format!("has no {key}; add it to the entry"));
                    Err(Wrong::Reported)
                }
                None => Ok(None),
            }
        };
        let username = text("username", true);
        let password = text("password", true);
        let (name, company) = (text("name", false)?, text("company", false)?);
        let (username, password) = (username?.unwrap_or_default(), password?.unwrap_or_default());
        let mut flag = |key: &str| match entry.get(key).filter(|member| !member.is_null()) {
            None => Ok(false),
            Some(member) => member.as_bool().ok_or_else(|| {
                reader.wrong_type(&join(at, key), member, "true or false");
                Wrong::Reported
            }),
        };
        let (is_guest, admin) = (flag("is_guest")?, flag("admin")?);
        let name = name.unwrap_or_else(|| username.clone());
        Ok(Self {
            username,
            password: Secret::new(password),
            name,
            company,
            is_guest,
            admin,
            place: Some(value.place()),
        })
    }

    fn tree(&self) -> Option<Json> {
        let mut entry = json!({ "username": self.username, "name": self.name, "is_guest": self.is_guest, "admin": self.admin });
        if let (Some(company), Some(members)) = (&self.company, entry.as_object_mut()) {
            members.insert("company".to_owned(), json!(company));
        }
        Some(entry)
    }
}

impl FixedUsers {
    pub(super) fn check(&self, reader: &mut Reader) {
        let mut first: HashMap<&str, &Place> = HashMap::new();
        for (index, user) in self.users.iter().enumerate() {
            let at = format!("apiserver.auth.fixed_users.users[{index}]");
            let earlier = user.place.as_ref().and_then(|place| first.insert(&user.username, place));
            if let Some(first) = earlier {
                let message =
                    format!("repeats the user name of the entry at {first}; give each person another name");
                reader.problems.push(super::super::error::Problem {
                    key: Some(at.clone()),
                    place: user.place.clone(),
                    message,
                });
            }
            if user.is_guest && user.admin {
                reader.problems.push(super::super::error::Problem {
                    key: Some(at),
                    place: user.place.clone(),
                    message: "is both guest and administrator; remove is_guest or admin".to_owned(),
                });
            }
        }
    }
}
