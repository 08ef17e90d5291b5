//! What a task may refer to: existence and ownership of projects, models, tasks and queues.

use rusqlite::params_from_iter;
use sea_query::{Expr, ExprTrait, Query};

use crate::{
    store::{
        Snapshot,
        query::{DOCUMENT, Entity, build, visible, writable},
    },
    types::{Result, TaskId},
};

/// How a document stands to the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The tenant has nothing of the kind, whatever other tenants have.
    Nowhere,
    /// The tenant has it, and the access rules hide it.
    Hidden,
    /// It is public, or may only be read.
    Readable,
    /// It may be changed.
    Writable,
}

impl Snapshot<'_> {
    /// How a project stands to the scope.
    pub fn project_standing(&self, id: &str) -> Result<Found> {
        self.standing("project", Entity::Project, id)
    }

    /// How a model stands to the scope.
    pub fn model_standing(&self, id: &str) -> Result<Found> {
        self.standing("model", Entity::Model, id)
    }

    /// How a queue stands to the scope.
    pub fn queue_standing(&self, id: &str) -> Result<Found> {
        self.standing("queue", Entity::Queue, id)
    }

    fn standing(&self, table: &'static str, entity: Entity, id: &str) -> Result<Found> {
        let holds = |condition: Expr| -> Result<bool> {
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(table, DOCUMENT)
                .and_where(Expr::col((DOCUMENT, "id")).eq(id))
                .and_where(condition)
                .to_owned();
            let (sql, values) = build(&select)?;
            Ok(self.one(&sql, params_from_iter(values), |_| Ok(()))?.is_some())
        };
        if holds(writable(entity, self.scope))? {
            return Ok(Found::Writable);
        }
        if holds(visible(entity, self.scope, true))? {
            return Ok(Found::Readable);
        }
        Ok(if holds(Expr::col((DOCUMENT, "company")).eq(self.scope.company.as_str()))? {
            Found::Hidden
        } else {
            Found::Nowhere
        })
    }

    /// How many children of a task are published.
    pub fn published_children(&self, task: &TaskId) -> Result<i64> {
        let sql = "SELECT count(*) FROM task WHERE parent = ?1 AND company = ?2 AND status = 'published'";
        let count = self.one(sql, [task.as_str(), self.scope.company.as_str()], |row| row.get(0))?;
        Ok(count.unwrap_or_default())
    }
}
