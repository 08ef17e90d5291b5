//! What a worker remembers on the server.

use rusqlite::params;

use crate::{
    store::{Snapshot, Tx},
    types::{Millis, Result},
};

/// One thing remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// When it is forgotten.
    pub expires: Option<Millis>,
}

impl Snapshot<'_> {
    /// What a user's worker remembers, by key.
    pub fn worker_properties(&self, user: &str, worker: &str) -> Result<Vec<Property>> {
        let sql = "SELECT key, value, expires FROM worker_property
                   WHERE company = ?1 AND user = ?2 AND worker = ?3 AND (expires IS NULL OR expires > ?4) ORDER BY key";
        self.all(sql, params![self.scope.company.as_str(), user, worker, self.now.0], |row| {
            Ok(Property {
                key: row.get(0)?,
                value: row.get(1)?,
                expires: row.get::<_, Option<i64>>(2)?.map(Millis),
            })
        })
    }
}

impl Tx<'_> {
    /// Remembers something for a user's worker, and forgets what has expired.
    pub fn set_worker_property(&self, user: &str, worker: &str, property: &Property) -> Result<()> {
        let company = self.scope.company.as_str();
        let old =
            "DELETE FROM worker_property WHERE company = ?1 AND user = ?2 AND worker = ?3 AND expires <= ?4";
        self.run(old, params![company, user, worker, self.now.0])?;
        self.run(
            "INSERT INTO worker_property (company, user, worker, key, value, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (company, user, worker, key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
            params![company, user, worker, property.key, property.value, property.expires.map(|time| time.0)],
        )
        .map(drop)
    }
}
