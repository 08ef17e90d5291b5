//! Tenants: making them, their settings, what they hold, and deleting them (spec/governance.md 8).
//!
//! Only the platform and its operator come here; what a tenant's own administrators do lives with its subject.

mod create;
mod delete;
mod list;
mod purge;
pub mod queue;
mod settings;

pub use create::{Made, NewTenant, TenantAdmin, add_admin_credentials, create, create_with_admin};
pub use delete::{counts, delete};
pub use list::{Info, Listed, Tenant, Wanted, company_info, find, info, resources, tenants};
pub use purge::{Progress, purge, purge_all, to_purge};
pub use settings::{AppAccess, app_access, has_external_id, set_app_access, set_sso, update};

use crate::{
    store::{Snapshot, identity::Company},
    types::{ApiError, ErrorKind, Result},
};

/// A tenant that was not deleted.
///
/// Errors: 400/10.
fn existing(snapshot: &Snapshot<'_>, id: &str) -> Result<Company> {
    snapshot
        .company(id)?
        .ok_or_else(|| ApiError::new(ErrorKind::InvalidId, "unknown company").with("company", id))
}
