//! Tasks, models and reports that the paths of files name.

use std::collections::BTreeSet;

use rusqlite::{params, params_from_iter};
use sea_query::{Cond, Expr, ExprTrait, Query};

use crate::{
    store::{
        Snapshot, Tx,
        query::{self, DOCUMENT, Entity},
    },
    types::{Millis, Result, UserId},
};

/// A living task, model or report of the scope's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedEntity {
    /// Its id.
    pub id: String,
    /// The scope may read it.
    pub readable: bool,
    /// The scope may change it.
    pub writable: bool,
}

impl Snapshot<'_> {
    /// Those of `candidates` that are ids of tasks, models or reports of the tenant, with what the scope may do.
    ///
    /// Entities that the tenant made public count as its own: their files still stand in its tree.
    pub fn entities_named(&self, candidates: &BTreeSet<&str>) -> Result<Vec<NamedEntity>> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let mut named = Vec::new();
        for (entity, table) in [(Entity::Task, "task"), (Entity::Model, "model")] {
            let company = self.scope.company.as_str();
            let published = Expr::col((DOCUMENT, "company"))
                .eq("")
                .and(Expr::col((DOCUMENT, "company_origin")).eq(company));
            let select = Query::select()
                .column((DOCUMENT, "id"))
                .expr(query::visible(entity, self.scope, true))
                .expr(query::writable(entity, self.scope))
                .from_as(table, DOCUMENT)
                .and_where(Expr::col((DOCUMENT, "id")).in_subquery(query::listed(candidates.iter())))
                .cond_where(Cond::any().add(Expr::col((DOCUMENT, "company")).eq(company)).add(published))
                .to_owned();
            let (sql, values) = query::build(&select)?;
            named.extend(self.all(&sql, params_from_iter(values), |row| {
                Ok(NamedEntity { id: row.get(0)?, readable: row.get(1)?, writable: row.get(2)? })
            })?);
        }
        Ok(named)
    }

    /// Those of `candidates` that `user` deleted since `since`.
    pub fn entities_deleted_by(
        &self,
        user: &UserId,
        since: Millis,
        candidates: &BTreeSet<&str>,
    ) -> Result<Vec<String>> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let listed: Vec<&str> = candidates.iter().copied().collect();
        let sql = "SELECT id FROM deleted_entity WHERE company = ?1 AND user = ?2 AND deleted >= ?3
                   AND id IN (SELECT value FROM json_each(?4))";
        let listed = serde_json::Value::from(listed).to_string();
        self.all(sql, params![self.scope.company.as_str(), user.as_str(), since.0, listed], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Notes that `user` deleted a task, model or report of the scope's tenant, and forgets notes older than `since`.
    pub fn note_deleted_entity(&self, id: &str, user: &UserId, since: Millis) -> Result<()> {
        self.run("DELETE FROM deleted_entity WHERE deleted < ?1", [since.0])?;
        self.run(
            "INSERT INTO deleted_entity (company, id, user, deleted) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (company, id) DO UPDATE SET user = excluded.user, deleted = excluded.deleted",
            params![self.scope.company.as_str(), id, user.as_str(), self.now.0],
        )
        .map(drop)
    }
}
