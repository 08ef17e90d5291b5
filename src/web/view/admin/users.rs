//! `/admin/users`: the people of the tenant.

use askama::Template;

use super::super::kit;
use super::super::shell::Shell;
use crate::web::render::time::When;

/// One person in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// E-mail; may be empty.
    pub email: String,
    /// Role.
    pub role: String,
    /// Groups beside `users`.
    pub groups: Vec<String>,
    /// Shut out.
    pub disabled: bool,
    /// Changed by configuration only.
    pub read_only: bool,
    /// Last sign-in of any kind.
    pub used: Option<When>,
}

/// Somebody who was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Id of the account that is gone.
    pub id: String,
    /// Name.
    pub name: String,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// When.
    pub removed: Option<When>,
}

/// `/admin/users`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/users.html", blocks = ["main"])]
pub struct Users {
    /// Frame.
    pub shell: Shell,
    /// People, by age of their accounts.
    pub people: Vec<UserRow>,
    /// Who was removed, newest first.
    pub removed: Vec<Removed>,
}

/// `/admin/users/{id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/user.html", blocks = ["main"])]
pub struct User {
    /// Frame.
    pub shell: Shell,
    /// The person.
    pub row: UserRow,
    /// When the account was made.
    pub created: Option<When>,
    /// Roles to choose from: value, word, whether chosen.
    pub roles: Vec<(String, String, bool)>,
    /// It is the reader.
    pub oneself: bool,
    /// A new password may be given.
    pub may_set_password: bool,
    /// One sentence when a change was refused.
    pub error: String,
}

/// `/admin/users/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/user_new.html", blocks = ["main"])]
pub struct NewUser {
    /// Frame.
    pub shell: Shell,
    /// The feature that this needs is on.
    pub enabled: bool,
    /// Name typed.
    pub name: String,
    /// E-mail typed.
    pub email: String,
    /// One sentence when it was refused.
    pub error: String,
}

/// The direct answer to giving a password: the only time that it is on a page. Send it with `Cache-Control: no-store`.
#[derive(Template)]
#[template(path = "admin/user_password.html", blocks = ["main"])]
pub struct Password {
    /// Frame.
    pub shell: Shell,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What the person types.
    pub login: String,
    /// The password.
    pub secret: String,
}
