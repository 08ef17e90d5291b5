//! Vaults: the list, the editor, differences of versions, activity, and what somebody would get.

use askama::Template;

use super::{kit, me::SIDE, shell::Shell};
use crate::web::render::time::When;

/// A vault in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultRow {
    /// Its page.
    pub href: String,
    /// Display name, or its id.
    pub name: String,
    /// Whom it is for, in words.
    pub applies: String,
    /// Type in words.
    pub kind: &'static str,
    /// Whether it applies.
    pub enabled: bool,
    /// Whether the server can read it.
    pub readable: bool,
    /// Last change.
    pub changed: Option<When>,
    /// Version.
    pub version: i64,
}

/// `/me/vaults` and `/admin/vaults`.
#[derive(Debug, Clone, Template)]
#[template(path = "vaults.html", blocks = ["main"])]
pub struct Vaults {
    /// Frame.
    pub shell: Shell,
    /// Whether this is the page of administrators.
    pub administration: bool,
    /// Address of this list.
    pub base: &'static str,
    /// Vaults that may be edited here.
    pub rows: Vec<VaultRow>,
    /// Vaults of administrators that apply to the person; on the person's own page.
    pub applying: Vec<VaultRow>,
}

/// One of several in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Value.
    pub value: String,
    /// Word.
    pub word: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A former version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Its difference from the present one.
    pub href: String,
    /// Number.
    pub number: i64,
    /// Who stored it.
    pub by: String,
    /// When.
    pub at: When,
    /// Whether it is the present one.
    pub present: bool,
}

/// The editor, for a new vault or a known one.
#[derive(Debug, Clone, Template)]
#[template(path = "vault.html", blocks = ["main"])]
pub struct Editor {
    /// Frame.
    pub shell: Shell,
    /// Whether this is a page of administrators.
    pub administration: bool,
    /// Address of the list.
    pub base: &'static str,
    /// Address of this vault, and where the form goes.
    pub href: String,
    /// Whether it is still to be made.
    pub fresh: bool,
    /// Heading.
    pub name: String,
    /// Display name; may be empty.
    pub description: String,
    /// Whom it is for, in words; of a known vault.
    pub applies: String,
    /// Whether it applies.
    pub enabled: bool,
    /// Version of a known vault; what is saved is based on it.
    pub version: i64,
    /// Whether the text is shown to be edited; else its structure.
    pub editing: bool,
    /// Whether it may be edited at all.
    pub editable: bool,
    /// The text, or its structure.
    pub text: String,
    /// Formats.
    pub formats: Vec<Choice>,
    /// Types; of a new vault.
    pub kinds: Vec<Choice>,
    /// Type in words.
    pub kind: &'static str,
    /// Whom a new vault is for: groups, everybody.
    pub audience: Vec<Choice>,
    /// What the server enforces from it, in sentences.
    pub enforced: Vec<String>,
    /// Kept versions, newest first.
    pub versions: Vec<VersionRow>,
    /// One sentence when saving was refused.
    pub error: String,
}

/// What checking a text found; drawn beside the editor.
#[derive(Debug, Clone, Template)]
#[template(path = "vault_check.html")]
pub struct Verdict {
    /// What is wrong; empty: nothing.
    pub fault: String,
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffRow {
    /// Class: empty, `gone` or `new`.
    pub class: &'static str,
    /// Mark: blank, minus or plus.
    pub mark: &'static str,
    /// Text.
    pub text: String,
}

/// What changed from a version to the present one.
#[derive(Debug, Clone, Template)]
#[template(path = "vault_diff.html", blocks = ["main"])]
pub struct Difference {
    /// Frame.
    pub shell: Shell,
    /// Whether this is a page of administrators.
    pub administration: bool,
    /// Address of the list.
    pub base: &'static str,
    /// Page of the vault.
    pub href: String,
    /// Its name.
    pub name: String,
    /// The older version.
    pub from: i64,
    /// The present one.
    pub to: i64,
    /// Lines.
    pub lines: Vec<DiffRow>,
    /// Whether values are masked.
    pub masked: bool,
}

/// An entry of the activity log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// When.
    pub at: When,
    /// Who.
    pub who: String,
    /// create, edit, …
    pub operation: String,
    /// Name of the vault then.
    pub vault: String,
    /// Scope.
    pub scope: String,
    /// From where.
    pub ip: String,
    /// With which client, and why.
    pub origin: String,
}

/// `/admin/vaults/log`.
#[derive(Debug, Clone, Template)]
#[template(path = "vault_log.html", blocks = ["main"])]
pub struct Activity {
    /// Frame.
    pub shell: Shell,
    /// Entries, newest first.
    pub rows: Vec<LogRow>,
}

/// A setting that somebody would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingRow {
    /// Dotted path.
    pub path: String,
    /// Value, masked where it is a secret or personal.
    pub value: String,
    /// Name of the vault.
    pub from: String,
    /// Whether it comes from a personal vault.
    pub personal: bool,
}

/// `/admin/vaults/for`.
#[derive(Debug, Clone, Template)]
#[template(path = "vault_for.html", blocks = ["main"])]
pub struct WouldGet {
    /// Frame.
    pub shell: Shell,
    /// Whether this is a page of administrators.
    pub administration: bool,
    /// People and service accounts to choose from.
    pub people: Vec<Choice>,
    /// Name of the chosen one; empty: nobody yet.
    pub name: String,
    /// Settings.
    pub settings: Vec<SettingRow>,
}
