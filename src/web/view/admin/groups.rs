//! `/admin/groups`: groups and their members.

use askama::Template;

use super::super::kit;
use super::super::shell::Shell;
use super::Tick;

/// One group in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// `built in`, `configuration` or empty.
    pub kind: &'static str,
    /// How many belong to it.
    pub members: u64,
    /// What it grants, in words.
    pub features: String,
}

/// `/admin/groups`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/groups.html", blocks = ["main"])]
pub struct Groups {
    /// Frame.
    pub shell: Shell,
    /// Groups: built in, of the configuration, the tenant's own.
    pub groups: Vec<GroupRow>,
}

/// `/admin/groups/{id}` and `/admin/groups/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/group.html", blocks = ["main"])]
pub struct Group {
    /// Frame.
    pub shell: Shell,
    /// The group; its id is empty for a new one.
    pub row: GroupRow,
    /// Its name may be changed, and it may be deleted.
    pub own: bool,
    /// Its members may be changed.
    pub assignable: bool,
    /// People and service accounts.
    pub people: Vec<Tick>,
    /// One sentence when a change was refused.
    pub error: String,
}

impl Group {
    fn action(&self) -> String {
        match self.row.id.as_str() {
            "" => "/admin/groups/new".to_owned(),
            id => format!("/admin/groups/{}", super::super::address::encode(id)),
        }
    }
}

impl Groups {
    fn href(&self, row: &GroupRow) -> String {
        format!("/admin/groups/{}", super::super::address::encode(&row.id))
    }
}
