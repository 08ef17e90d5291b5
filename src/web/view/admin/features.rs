//! `/admin/features`: which parts of the product are on, and through what.

use askama::Template;

use super::super::kit;
use super::super::shell::Shell;

/// One feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureRow {
    /// Name.
    pub name: &'static str,
    /// On for the server.
    pub server: bool,
    /// `added`, `excluded` or empty.
    pub tenant: &'static str,
    /// On in the tenant.
    pub on: bool,
    /// Groups that grant it.
    pub groups: Vec<String>,
    /// Roles that it is hidden from.
    pub hidden: Vec<String>,
    /// The reader has it.
    pub mine: bool,
}

/// `/admin/features`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/features.html", blocks = ["main"])]
pub struct Features {
    /// Frame.
    pub shell: Shell,
    /// Features by name.
    pub features: Vec<FeatureRow>,
}
