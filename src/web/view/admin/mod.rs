//! Pages for administrators. They share one layout: a list of pages at the side.

pub mod sign_in;
pub mod tenants;

/// A page in the list at the side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SidePage {
    /// Word.
    pub label: &'static str,
    /// Symbol.
    pub icon: &'static str,
    /// Address.
    pub href: &'static str,
    /// Only for those who look after all tenants.
    pub operators: bool,
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
    pages: &[
        SidePage { label: "Sign-in", icon: "in", href: "/admin/sign-in", operators: false },
        SidePage { label: "Tenants", icon: "house", href: "/admin/tenants", operators: true },
    ],
}];
