//! Documents that change hands between their tenant and the public.

use std::collections::HashSet;

use rusqlite::params;

use super::{
    Snapshot, Tx,
    documents::Access,
    query::{Collection, Entity},
    sql::json_list,
};
use crate::types::Result;

/// Tasks and models also say when and by whom they were changed.
fn stamp(collection: &Collection) -> &'static str {
    match collection.entity {
        Entity::Task | Entity::Model => ", last_change = ?3, last_changed_by = ?4",
        _ => "",
    }
}

impl Snapshot<'_> {
    /// Those of the ids that the scope may not change, or that do not exist.
    pub(crate) fn not_writable(
        &self,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for id in ids {
            if self.fields(collection, id, Access::Write, &["id"])?.is_none() {
                missing.push(id.clone());
            }
        }
        Ok(missing)
    }

    /// Those of the ids that are not public documents published by the tenant.
    pub(crate) fn not_published_here(
        &self,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT id FROM {} WHERE id IN (SELECT value FROM json_each(?1)) AND company = '' AND company_origin = ?2",
            collection.table
        );
        let found: HashSet<String> = self
            .all(&sql, params![json_list(ids), self.scope.company.as_str()], |row| row.get(0))?
            .into_iter()
            .collect();
        Ok(ids.iter().filter(|id| !found.contains(*id)).cloned().collect())
    }
}

impl Tx<'_> {
    /// Gives the tenant's documents to everybody; remembers who did.
    ///
    /// Errors: 400/801 when a public document has the same name.
    pub(crate) fn publish(
        &self,
        collection: &'static Collection,
        ids: &[String],
        user: &str,
    ) -> Result<usize> {
        let sql = format!(
            "UPDATE {} SET company = '', company_origin = company{} WHERE id IN (SELECT value FROM json_each(?1)) AND company = ?2",
            collection.table,
            stamp(collection)
        );
        self.change_hands(&sql, collection, ids, user)
    }

    /// Takes back what the tenant gave to everybody.
    ///
    /// Errors: 400/801 when the tenant has a document of the same name by now.
    pub(crate) fn take_back(
        &self,
        collection: &'static Collection,
        ids: &[String],
        user: &str,
    ) -> Result<usize> {
        let sql = format!(
            "UPDATE {} SET company = ?2, company_origin = NULL{}
             WHERE id IN (SELECT value FROM json_each(?1)) AND company = '' AND company_origin = ?2",
            collection.table,
            stamp(collection)
        );
        self.change_hands(&sql, collection, ids, user)
    }

    fn change_hands(&self, sql: &str, collection: &Collection, ids: &[String], user: &str) -> Result<usize> {
        let company = self.scope.company.as_str();
        match collection.entity {
            Entity::Task | Entity::Model => self.run(sql, params![json_list(ids), company, self.now.0, user]),
            _ => self.run(sql, params![json_list(ids), company]),
        }
    }
}
