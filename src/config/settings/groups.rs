//! `services.auth.*`: guest, groups of all tenants, features by role, impersonation
//! (spec/protocol.md 3.8; spec/governance.md 4.1, 6.2, 10.3; spec/security_rules.md S5 and D).

use std::collections::{BTreeMap, HashMap};

use crate::crypto::Secret;

use super::super::error::WarningKind;
use super::super::hocon::Object;
use super::super::read::Reader;
use super::super::section::section;
use super::super::suggest;
use super::organization::check_feature;

section! {
    /// Guest, groups, features by role, impersonation.
    pub struct ServiceAuth {
        /// Groups of all tenants, by key. The built-in ones are `users`, `admins` and `queue_admins`.
        default_groups: BTreeMap<String, DefaultGroup> = BTreeMap::new(),
        /// The guest.
        fixed_users: GuestUsers = Default::default(),
        /// Impersonation by service accounts.
        impersonation: Impersonation = Default::default(),
        /// By role and feature: false hides the feature from the role.
        ui_features_per_role: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new(),
    }
}

section! {
    /// Impersonation by service accounts.
    pub struct Impersonation {
        /// Whether the target must be the run-as user of a task that the account dequeued and that is not final.
        require_dequeued_task: bool = true,
        /// Whether the target must own a task that the account dequeued in the last seven days.
        require_recent_task: bool = false,
    }
}

section! {
    /// The guest among fixed users.
    pub struct GuestUsers {
        /// The guest.
        guest: Guest = Default::default(),
    }
}

section! {
    /// The guest: effective with web login only. There is no default password: enabling the guest needs one.
    pub struct Guest {
        /// Whether there is a guest.
        enabled: bool = false,
        /// Id of the guest's company, created with the name `guests`.
        default_company: String = "025315a9321f49f8be07f5ac48fbcf92".to_owned(),
        /// Display name.
        name: String = "Guest".to_owned(),
        /// What the guest types.
        username: String = "guest".to_owned(),
        /// The password, told to everybody by `auth.fixed_users_mode`.
        password: Option<Secret<String>> = None,
        /// Endpoints open to the guest's user name and password.
        allow_endpoints: Vec<String> = vec!["auth.login".to_owned()],
    }
}

section! {
    /// A group of all tenants.
    pub struct DefaultGroup {
        /// Whether members can be changed; unset: true, except for `users`. After loading never true for `users`.
        assignable: Option<bool> = None,
        /// Features of its members; unset: none by the group, all by `users`.
        features: Option<Vec<String>> = None,
        /// Id; needed for a group of one's own, unset for the built-in ones.
        id: Option<String> = None,
        /// Display name; unset: the key.
        name: Option<String> = None,
        /// Ignored: always false for a group of one's own and true for the built-in ones. Unset after loading.
        system: Option<bool> = None,
    }
}

/// Keys and ids of the groups that exist in every tenant (spec/governance.md 0.2).
pub const BUILT_IN_GROUPS: [(&str, &str); 3] = [
    ("users", "30795571-a470-4717-a80d-e8705fc776bf"),
    ("admins", "c14a3cc6-1144-4896-8ea6-fb186ee19896"),
    ("queue_admins", "30795571a4704717a80de8705897ytuyg"),
];
/// Longest id of a group, in characters.
const MAX_GROUP_ID: usize = 64;
/// Names of the roles that people have.
const ROLES: [&str; 8] = ["system", "root", "admin", "superuser", "user", "annotator", "consumer", "guest"];
const AT: &str = "services.auth.default_groups";

impl ServiceAuth {
    /// Settles what may be overridden, and refuses groups that could be taken for one another. `tree` only gives places.
    pub(super) fn check(&mut self, tree: &Object, reader: &mut Reader) {
        let place = |key: &str| tree.get_path(&["services", "auth", "default_groups", key]);
        let taken = |pick: fn(&(&str, &str)) -> String| {
            BUILT_IN_GROUPS.iter().map(move |group| (pick(group), group.0.to_owned()))
        };
        let mut names: HashMap<String, String> = taken(|group| group.0.to_owned()).collect();
        let mut ids: HashMap<String, String> = taken(|group| group.1.to_owned()).collect();
        for (role, features) in &self.ui_features_per_role {
            let at = format!("services.auth.ui_features_per_role.{role}");
            if !ROLES.contains(&role.as_str()) {
                let hint = suggest::nearest(role, ROLES)
                    .map(|name| format!("; did you mean {name}"))
                    .unwrap_or_default();
                let message = format!("names a role that does not exist{hint}");
                reader.warn(WarningKind::Suspicious, &at, None, message);
            }
            for feature in features.keys() {
                check_feature(feature, &format!("{at}.{feature}"), reader);
            }
        }
        for (key, group) in &mut self.default_groups {
            let at = format!("{AT}.{key}");
            let value = place(key);
            for feature in group.features.iter().flatten() {
                check_feature(feature, &format!("{at}.features ({feature})"), reader);
            }
            if BUILT_IN_GROUPS.iter().any(|(built_in, _)| built_in == key) {
                group.settle_built_in(key, &at, reader);
            } else {
                group.settle_own(key, &at, reader);
                if group.id.as_ref().is_none_or(|id| id.chars().count() > MAX_GROUP_ID) {
                    let message = "needs an id of at most 64 characters; add one, for example from uuidgen, and never change it";
                    reader.problem(&at, value, message);
                }
            }
            let name = group.name.as_ref().unwrap_or(key).to_lowercase();
            if let Some(other) = names.insert(name, key.clone()).filter(|other| other != key) {
                reader.problem(
                    &at,
                    value,
                    format!("has the same name as the group {other}; give it another"),
                );
            }
            if let Some(other) = group.id.clone().and_then(|id| ids.insert(id, key.clone())) {
                reader.problem(&at, value, format!("has the same id as the group {other}; give it another"));
            }
        }
    }
}

impl DefaultGroup {
    fn settle_built_in(&mut self, key: &str, at: &str, reader: &mut Reader) {
        for (field, given) in [("id", self.id.take().is_some()), ("system", self.system.take().is_some())] {
            if given {
                let message = "is fixed for a built-in group and has no effect; remove it";
                reader.warn(WarningKind::Ignored, &format!("{at}.{field}"), None, message);
            }
        }
        if key == "users" && self.assignable.take() == Some(true) {
            let message = "has no effect: everybody belongs to this group; remove it";
            reader.warn(WarningKind::Ignored, &format!("{at}.assignable"), None, message);
        }
    }

    fn settle_own(&mut self, key: &str, at: &str, reader: &mut Reader) {
        if self.system.take() == Some(true) {
            let message = "has no effect: only built-in groups are system groups; remove it";
            reader.warn(WarningKind::Ignored, &format!("{at}.system"), None, message);
        }
        if self.name.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(key)) {
            let message = "differs from the key of the group; it is used as the display name";
            reader.warn(WarningKind::Suspicious, &format!("{at}.name"), None, message);
        }
        if self.id.as_ref().is_some_and(|id| uuid::Uuid::try_parse(id).is_err()) {
            reader.warn(
                WarningKind::Suspicious,
                &format!("{at}.id"),
                None,
                "is not a UUID; it is used as it is",
            );
        }
    }
}
