//! `/admin/service-accounts`: what agents and scripts sign in with.

use askama::Template;

use super::super::kit;
use super::super::me::{KeyRow, download_link};
use super::super::shell::Shell;
use super::Tick;
use crate::web::render::time::When;

/// One service account in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// Runs tasks as those who submitted them.
    pub as_owner: bool,
    /// Shut out.
    pub disabled: bool,
    /// Number of keys.
    pub keys: u64,
    /// The next end of a key.
    pub expires: Option<When>,
    /// Last use.
    pub used: Option<When>,
    /// Where the last use came from; may be empty.
    pub used_from: String,
    /// What about its keys deserves attention; may be empty.
    pub attention: String,
}

/// `/admin/service-accounts`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/service_accounts.html", blocks = ["main"])]
pub struct Accounts {
    /// Frame.
    pub shell: Shell,
    /// Accounts by age.
    pub accounts: Vec<AccountRow>,
    /// How many there may be, in words; empty without a limit.
    pub limit: String,
}

/// What an account may do for others, as a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Name.
    pub name: String,
    /// Runs tasks as those who submitted them.
    pub as_owner: bool,
    /// `all`, `self` or `groups`.
    pub accept: &'static str,
    /// Groups whose submissions it takes.
    pub accept_groups: Vec<Tick>,
    /// Groups whose members it may run tasks as; none ticked: everybody's.
    pub become_groups: Vec<Tick>,
}

/// `/admin/service-accounts/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/service_account_new.html", blocks = ["main"])]
pub struct NewAccount {
    /// Frame.
    pub shell: Shell,
    /// What was typed.
    pub rules: Rules,
    /// One sentence when it was refused.
    pub error: String,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub row: KeyRow,
    /// When it stops working.
    pub expires: Option<When>,
    /// What deserves attention.
    pub flags: Vec<&'static str>,
}

/// `/admin/service-accounts/{id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/service_account.html", blocks = ["main"])]
pub struct Account {
    /// Frame.
    pub shell: Shell,
    /// The account.
    pub row: AccountRow,
    /// Its groups.
    pub groups: Vec<String>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// What it may do for others.
    pub rules: Rules,
    /// It is an administrator, and whether that may be changed here.
    pub admin: bool,
    /// Service accounts may be administrators here.
    pub allow_admins: bool,
    /// What to consider; may be empty.
    pub recommendation: String,
    /// One sentence when a change was refused.
    pub error: String,
}

/// The direct answer to making an account or a key: the only time that its secret is on a page. Send it with
/// `Cache-Control: no-store`.
#[derive(Template)]
#[template(path = "admin/service_account_created.html", blocks = ["main"])]
pub struct Created {
    /// Frame.
    pub shell: Shell,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The account itself is new, not only the key.
    pub first: bool,
    /// Public half.
    pub access_key: String,
    /// Secret half.
    pub secret_key: String,
    /// When it stops working.
    pub expires: Option<When>,
    /// Ready `clearml.conf`.
    pub conf: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// Runs tasks as those who submitted them.
    pub as_owner: bool,
    /// Whose tasks it takes, in words.
    pub accepts: String,
    /// What to consider; may be empty.
    pub recommendation: String,
}

impl Created {
    fn download(&self) -> String {
        download_link(&self.conf)
    }

    fn start(&self) -> &'static str {
        match self.as_owner {
            true => "clearml-agent daemon --queue default --use-owner-token",
            false => "clearml-agent daemon --queue default",
        }
    }
}
