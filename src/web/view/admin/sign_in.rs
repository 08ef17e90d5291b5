//! How people come into the tenant.

use askama::Template;

use crate::web::{
    render::time::When,
    view::{kit, shell::Shell},
};

/// An address on the white list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitedRow {
    /// Address.
    pub email: String,
    /// Role.
    pub role: String,
    /// When it was added.
    pub added: Option<When>,
    /// When the person came.
    pub accepted: Option<When>,
    /// Who came; empty while nobody did.
    pub person: String,
}

/// `/admin/sign-in`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/sign_in.html", blocks = ["main"])]
pub struct SignIn {
    /// Frame.
    pub shell: Shell,
    /// Mail domains, one a line.
    pub domains: String,
    /// Those of them in which anybody can have an address.
    pub open_domains: Vec<String>,
    /// Whether they may be changed here.
    pub may_set_domains: bool,
    /// White list.
    pub invited: Vec<InvitedRow>,
    /// Addresses typed, when they were refused.
    pub typed: String,
    /// One sentence when something was refused.
    pub error: String,
}
