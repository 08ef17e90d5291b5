//! Who calls, as whom, where, and with which rights.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::{
    store::{
        Scope,
        identity::{ADMINS, Group, QUEUE_ADMINS},
    },
    types::{CompanyId, SessionId, UserId},
};

/// What a caller may do in general (spec/governance.md 0.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Role {
    System,
    Root,
    Admin,
    Superuser,
    User,
    Annotator,
    Consumer,
    Guest,
}

impl Role {
    /// The role's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::Root => "root",
            Role::Admin => "admin",
            Role::Superuser => "superuser",
            Role::User => "user",
            Role::Annotator => "annotator",
            Role::Consumer => "consumer",
            Role::Guest => "guest",
        }
    }

    /// Roles of the platform, not of a company.
    pub const fn is_system(self) -> bool {
        matches!(self, Role::System | Role::Root)
    }

    /// May administer its tenant.
    pub const fn administers(self) -> bool {
        matches!(self, Role::System | Role::Root | Role::Admin)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        const ALL: [Role; 8] = [
            Role::System,
            Role::Root,
            Role::Admin,
            Role::Superuser,
            Role::User,
            Role::Annotator,
            Role::Consumer,
            Role::Guest,
        ];
        ALL.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// What kind of identity calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// Nobody signed in; only open calls run.
    Anonymous,
    /// A human.
    Person,
    /// A service account; `true` when it may run tasks as their owners.
    Service(bool),
    /// An identity of the platform.
    System,
}

/// Who really acts, when the call runs as somebody else.
#[derive(Clone, Debug)]
pub struct Actor {
    /// User id.
    pub user: UserId,
    /// Display name.
    pub name: String,
    /// Role of the actor.
    pub role: Role,
}

/// The principal of a request. Every check uses this, never a raw header.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whom the call runs as.
    pub user: UserId,
    /// Display name, with the acting identity where there is one.
    pub name: String,
    /// Effective tenant.
    pub tenant: CompanyId,
    /// Home tenant.
    pub home: CompanyId,
    /// Name of the home tenant.
    pub home_name: String,
    /// Tenants that may be selected.
    pub tenants: Vec<CompanyId>,
    /// Effective role.
    pub role: Role,
    /// What kind of identity it is.
    pub kind: CallerKind,
    /// May call `system.*` and `tenants.*`.
    pub operator: bool,
    /// Groups in the effective tenant.
    pub groups: Vec<Group>,
    /// Effective features.
    pub features: BTreeSet<String>,
    /// Who really acts.
    pub actor: Option<Actor>,
    /// The session presented, when a token or a page made the call.
    pub session: Option<SessionId>,
    /// First session of the chain.
    pub root_session: Option<SessionId>,
    /// The access key presented, or the one the session was obtained with.
    pub access_key: Option<String>,
    /// A token minted for a task: only calls marked for it are allowed (S6).
    pub minted: bool,
    /// The task that a minted token is bound to (S6).
    pub task: Option<String>,
    /// The user's epoch when the request was authenticated.
    pub token_epoch: i64,
}

impl Caller {
    /// Nobody. Its scope sees nothing that belongs to a tenant.
    pub fn anonymous() -> Self {
        Caller {
            user: UserId::from(""),
            name: String::new(),
            tenant: CompanyId::from("-"),
            home: CompanyId::from("-"),
            home_name: String::new(),
            tenants: Vec::new(),
            role: Role::Guest,
            kind: CallerKind::Anonymous,
            operator: false,
            groups: Vec::new(),
            features: BTreeSet::new(),
            actor: None,
            session: None,
            root_session: None,
            access_key: None,
            minted: false,
            task: None,
            token_epoch: 0,
        }
    }

    /// Makes the caller what a token for a task may be: no administrator, and nothing but what such a token may call
    /// (S4, S6). The groups stay: they decide on features and vaults; what grants rights asks [`Caller::is_in`].
    #[must_use]
    pub fn capped(mut self) -> Self {
        if matches!(self.role, Role::Admin | Role::Superuser) {
            self.role = Role::User;
        }
        self.operator = false;
        self.minted = true;
        self
    }

    /// Whether a group gives the caller its rights. A token made for a task has none through `admins` and
    /// `queue_admins` (spec/governance.md 6.2).
    pub fn is_in(&self, group: &str) -> bool {
        !(self.minted && matches!(group, ADMINS | QUEUE_ADMINS))
            && self.groups.iter().any(|known| known.id == group)
    }

    /// Whether the call is one of an administrator for somebody else, or of an administrator.
    pub fn administers_in_person(&self) -> bool {
        let actor = self.actor.as_ref().is_some_and(|actor| actor.role.administers());
        !self.minted && (self.role.administers() || actor)
    }

    /// Whether anybody signed in.
    pub fn is_known(&self) -> bool {
        self.kind != CallerKind::Anonymous
    }

    /// What the caller may see and change.
    pub fn scope(&self) -> Scope {
        Scope::tenant(self.tenant.clone())
    }

    /// Whether the caller looks after the server: an identity of the platform, or the operator in person, at home and
    /// as nobody else.
    pub fn operates(&self) -> bool {
        let in_person = self.operator && self.actor.is_none() && !self.minted && self.tenant == self.home;
        self.role.is_system() || (in_person && self.role == Role::Admin && self.kind == CallerKind::Person)
    }

    /// `service_account_type` of the token (spec/governance.md 1.3).
    pub fn service_account_type(&self) -> u8 {
        match self.kind {
            CallerKind::Service(false) => 1,
            CallerKind::Service(true) => 2,
            _ => 0,
        }
    }
}
