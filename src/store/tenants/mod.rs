//! Tenants as the platform sees them: what they hold, how people find them at sign-in, and how they go.
//!
//! These functions take the tenant explicitly: the platform's identities belong to none of those they look after.

mod close;
mod doors;
mod people;
mod purge;
mod resources;

pub use close::Deleted;
pub use doors::WhitelistEntry;
pub use purge::{KEPT, Purge, TenantTable, Turn};
pub use resources::{Resources, Rhythm};
