//! Whose data a statement may touch. Nothing above the store composes this into SQL itself.

use std::{collections::HashSet, sync::Arc};

use crate::types::CompanyId;

/// What a request may see and change, loaded once per request.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The effective tenant.
    pub company: CompanyId,
    /// What may be read inside the tenant.
    pub readable: Readable,
    /// What may be changed inside the tenant.
    pub writable: Writable,
}

/// Read access inside the tenant.
#[derive(Clone, Debug)]
pub enum Readable {
    /// Everything of the tenant.
    All,
    /// Only what the compiled access rules allow.
    Sets(Arc<Sets>),
}

/// Write access inside the tenant.
#[derive(Clone, Debug)]
pub enum Writable {
    /// Everything of the tenant.
    All,
    /// Only what the compiled access rules allow.
    Sets(Arc<Sets>),
}

/// Access rules compiled for one caller.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    /// Projects whose content is allowed.
    pub projects: HashSet<String>,
    /// Single entities that are allowed.
    pub ids: HashSet<String>,
}

impl Scope {
    /// Everything of one tenant.
    pub fn tenant(company: impl Into<CompanyId>) -> Self {
        Scope { company: company.into(), readable: Readable::All, writable: Writable::All }
    }

    /// For identity look-ups before a caller is known and for server-wide chores: sees no tenant's documents.
    pub fn server() -> Self {
        Scope::tenant("")
    }
}
