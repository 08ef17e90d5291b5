//! Configuration vaults: settings that a person, a group or the whole tenant hands to its tasks, and the part of them that
//! the server itself enforces (spec/governance.md 3; spec/security_rules.md S9 to S11, S18).
//!
//! Clients fold vaults in the order in which they are answered, the last one wins. So personal ones come first and
//! administrators win. What clients can't be trusted with, the container of a task and where its output goes, is decided
//! here when a task is enqueued, dequeued, started and edited. If an administrators' vault can't be read, nothing runs.

mod arguments;
mod container;
mod data;
mod diff;
mod environment;
mod history;
mod keys;
mod log;
mod manage;
mod output;
mod policy;
mod rotate;
mod sealed;
mod serve;
mod words;

pub use crate::store::vaults::LogWanted;
use crate::store::vaults::VaultScope;

pub use container::Governed;
pub(in crate::domain) use container::{check_submission, decided, govern, override_edit};
pub use data::{Fault, check_text};
pub use diff::{DiffLine, diff};
pub use history::{Content, Version, content, versions};
pub use log::{LogAsked, LogEntry, log, log_filters};
pub use manage::{Change, add_or_update, delete, delete_of_group, delete_of_user};
pub(in crate::domain) use output::enforced_destination;
pub use policy::{Enforced, Policy, Unreadable};
pub use rotate::{Rotation, rotate};
pub(in crate::domain) use serve::loaded_by;
pub use serve::{
    Setting, Shown, Wanted, effective, enforced_by, for_caller, groups, of_organization, one, people,
};

/// What a vault is for (spec/governance.md 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Configuration of SDK and agent.
    Config,
    /// Overlay that an agent lays over everything else; administrators only.
    Monitoring,
    /// Host keys of remote sessions.
    SshServer,
    /// Credentials with which browsers open stored objects.
    StorageCredentials,
}

impl Kind {
    /// All, in the order of pages.
    pub const ALL: [Kind; 4] = [Kind::Config, Kind::Monitoring, Kind::SshServer, Kind::StorageCredentials];

    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Config => "config",
            Kind::Monitoring => "monitoring",
            Kind::SshServer => "remote_session_ssh_server",
            Kind::StorageCredentials => "ui_storage_credentials",
        }
    }

    /// From the wire.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its content is configuration: keys that mean something to clients.
    const fn is_configuration(self) -> bool {
        matches!(self, Kind::Config | Kind::Monitoring)
    }
}

/// In which language a vault is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ClearML's own.
    Hocon,
    /// JSON.
    Json,
    /// YAML 1.2.
    Yaml,
}

impl Format {
    /// All, in the order of pages.
    pub const ALL: [Format; 3] = [Format::Hocon, Format::Json, Format::Yaml];

    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Hocon => "hocon",
            Format::Json => "json",
            Format::Yaml => "yaml",
        }
    }

    /// From the wire.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

/// Stands for a value that is not shown.
pub const MASK: &str = "****";

/// Whether a vault is a person's own, whose settings must not switch policy off.
const fn is_personal(scope: VaultScope) -> bool {
    matches!(scope, VaultScope::User)
}
