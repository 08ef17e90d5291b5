//! Small facts about this installation.

use crate::{
    store::{Snapshot, Tx},
    types::Result,
};

impl Snapshot<'_> {
    /// The value stored under `key`.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        self.one("SELECT value FROM setting WHERE key = ?1", [key], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Stores `value` under `key`, replacing what was there.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<()> {
        let sql = "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.run(sql, [key, value]).map(drop)
    }

    /// Forgets what is stored under `key`.
    pub fn forget_setting(&self, key: &str) -> Result<()> {
        self.run("DELETE FROM setting WHERE key = ?1", [key]).map(drop)
    }
}
