//! Who exists and what they hold: tenants, accounts, profiles, groups, credentials, local passwords.
//!
//! These functions take the tenant or the id they look up explicitly, since they run before a caller is known;
//! what a caller may do with the result is decided in `domain::identity`.

mod accounts;
mod companies;
mod credentials;
mod groups;
mod profiles;
mod settings;
mod tombstones;

pub use accounts::{Account, Activity, LocalPassword, NewAccount};
pub use companies::Company;
pub use credentials::{Credential, NewCredential, service_credentials};
pub use groups::{ADMINS, ConfiguredGroup, Group, GroupRecord, QUEUE_ADMINS, USERS};
pub use profiles::Profile;
pub use tombstones::Tombstone;

use rusqlite::{OptionalExtension, Params, Row};

use super::{Snapshot, failed};
use crate::types::Result;

impl Snapshot<'_> {
    /// One row or none.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        statement.query_row(params, map).optional().map_err(failed)
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map(params, map).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }
}

impl super::Tx<'_> {
    /// Runs one changing statement; returns how many rows it touched.
    pub(crate) fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        statement.execute(params).map_err(failed)
    }
}
