//! Pages for administrators. They share one layout: a list of pages at the side.

/// A page in the list at the side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SidePage {
    /// Word.
    pub label: &'static str,
    /// Symbol.
    pub icon: &'static str,
    /// Address.
    pub href: &'static str,
}

/// A group of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideGroup {
    /// Heading.
    pub label: &'static str,
    /// Its pages.
    pub pages: &'static [SidePage],
}

/// Pages that exist.
pub const SIDE: &[SideGroup] = &[SideGroup {
    label: "Policy",
    pages: &[SidePage { label: "Vaults", icon: "vault", href: "/admin/vaults" }],
}];
