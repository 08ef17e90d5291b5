//! Pages for administrators. They share one layout: a list of pages at the side.

pub mod audit;
pub mod features;
pub mod groups;
pub mod service_accounts;
pub mod sign_in;
pub mod tenants;
pub mod users;

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
pub const SIDE: &[SideGroup] = &[
    SideGroup {
        label: "People",
        pages: &[
            SidePage { label: "Users", icon: "user", href: "/admin/users", operators: false },
            SidePage { label: "Groups", icon: "users", href: "/admin/groups", operators: false },
            SidePage {
                label: "Service accounts",
                icon: "robot",
                href: "/admin/service-accounts",
                operators: false,
            },
        ],
    },
    SideGroup {
        label: "Policy",
        pages: &[
            SidePage { label: "Vaults", icon: "vault", href: "/admin/vaults", operators: false },
            SidePage { label: "Sign-in", icon: "in", href: "/admin/sign-in", operators: false },
            SidePage { label: "Features", icon: "flag", href: "/admin/features", operators: false },
            SidePage { label: "Tenants", icon: "house", href: "/admin/tenants", operators: true },
        ],
    },
    SideGroup {
        label: "Record",
        pages: &[SidePage { label: "Audit log", icon: "list", href: "/admin/audit", operators: false }],
    },
];

/// A box to tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// What the form sends.
    pub value: String,
    /// Words beside it.
    pub label: String,
    /// Smaller words; may be empty.
    pub note: String,
    /// To start with.
    pub checked: bool,
}
