//! Tasks and models as owners of events: who may see and who may change theirs.

use rusqlite::{Row, params, params_from_iter};
use sea_query::{Expr, ExprTrait, Query};

use crate::{
    store::{
        Snapshot, Tx, failed,
        query::{DOCUMENT, Entity, build, listed, visible, writable},
    },
    types::{CompanyId, Result},
};

/// Whether events belong to a task or to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// A task.
    Task,
    /// A model.
    Model,
}

/// A task or model, as far as events are concerned.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Task or model.
    pub kind: OwnerKind,
    /// Id.
    pub id: String,
    /// Its row.
    pub(super) seq: i64,
    /// Tenant; empty: public.
    pub company: CompanyId,
    /// Who published it.
    pub company_origin: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Name.
    pub name: String,
    /// Status of a task; empty for models.
    pub status: String,
    /// When a task started, milliseconds.
    pub started: Option<i64>,
    /// A model that is published.
    pub ready: bool,
}

impl Owner {
    /// Published, or about to be: events are refused unless the caller insists (spec/events.md 3.2).
    pub fn is_locked(&self) -> bool {
        match self.kind {
            OwnerKind::Task => matches!(self.status.as_str(), "publishing" | "published"),
            OwnerKind::Model => self.ready,
        }
    }

    /// Public, that is readable by every tenant and changeable by none.
    pub fn is_public(&self) -> bool {
        self.company.as_str().is_empty()
    }
}

/// The row of `event_owner`: exists once an entity has had events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventOwner {
    /// Its number, never used twice.
    pub(crate) seq: i64,
    /// Number of the newest console line.
    pub lines: i64,
    /// Console lines kept.
    pub log_count: i64,
    /// What changed when.
    pub stamps: Stamps,
}

/// Revisions at which each kind of event last changed; they grow with every change. Valid together with
/// [`EventOwner::stamp`] only: when all events are deleted, counting starts anew under another number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Stamps {
    pub scalars: i64,
    pub vectors: i64,
    pub images: i64,
    pub plots: i64,
    pub logs: i64,
}

impl EventOwner {
    /// A text that changes whenever `revision` (one of [`Stamps`]) does, fit for an entity tag.
    pub fn stamp(&self, revision: i64) -> String {
        format!("{}.{revision}", self.seq)
    }
}

fn read(kind: OwnerKind, row: &Row<'_>) -> rusqlite::Result<Owner> {
    Ok(Owner {
        kind,
        seq: row.get(0)?,
        id: row.get(1)?,
        company: row.get::<_, String>(2)?.into(),
        company_origin: row.get(3)?,
        project: row.get(4)?,
        name: row.get(5)?,
        status: row.get(6)?,
        started: row.get(7)?,
        ready: row.get(8)?,
    })
}

impl Snapshot<'_> {
    /// Those of `ids` that the scope may read, public ones included, in any order.
    pub fn readable_owners<T: AsRef<str>>(&self, kind: OwnerKind, ids: &[T]) -> Result<Vec<Owner>> {
        let entity = entity(kind);
        self.owners(kind, ids, visible(entity, self.scope, true))
    }

    /// Those of `ids` that the scope may change, in any order. Locked ones are among them.
    pub fn writable_owners<T: AsRef<str>>(&self, kind: OwnerKind, ids: &[T]) -> Result<Vec<Owner>> {
        let entity = entity(kind);
        self.owners(kind, ids, writable(entity, self.scope))
    }

    fn owners<T: AsRef<str>>(&self, kind: OwnerKind, ids: &[T], allowed: Expr) -> Result<Vec<Owner>> {
        let column = |name: &'static str| Expr::col((DOCUMENT, name));
        let by_id = match ids {
            [] => return Ok(Vec::new()),
            [only] => column("id").eq(only.as_ref()),
            several => column("id").in_subquery(listed(several.iter())),
        };
        let mut select = Query::select();
        for name in ["seq", "id", "company", "company_origin", "project", "name"] {
            select.expr(column(name));
        }
        match kind {
            OwnerKind::Task => {
                select.expr(column("status")).expr(column("started")).expr(Expr::val(0));
                select.from_as("task", DOCUMENT);
            }
            OwnerKind::Model => {
                select.expr(Expr::val("")).expr(Expr::val(None::<i64>)).expr(column("ready"));
                select.from_as("model", DOCUMENT);
            }
        }
        let (sql, values) = build(select.and_where(by_id).and_where(allowed))?;
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map(params_from_iter(values), |row| read(kind, row)).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// The events' side of an entity; `None` when it never had any.
    pub fn event_owner(&self, owner: &Owner) -> Result<Option<EventOwner>> {
        self.one(
            "SELECT seq, lines, log_count, scalars_changed, vectors_changed, images_changed, plots_changed,
                    logs_changed
             FROM event_owner WHERE entity = ?1 AND company = ?2",
            params![owner.id, owner.company.as_str()],
            |row| {
                Ok(EventOwner {
                    seq: row.get(0)?,
                    lines: row.get(1)?,
                    log_count: row.get(2)?,
                    stamps: Stamps {
                        scalars: row.get(3)?,
                        vectors: row.get(4)?,
                        images: row.get(5)?,
                        plots: row.get(6)?,
                        logs: row.get(7)?,
                    },
                })
            },
        )
    }
}

impl Tx<'_> {
    /// The events' side of an entity, made when missing: its number, the number of the newest console line, and
    /// the revision before this change.
    pub(super) fn event_owner_or_new(&self, owner: &Owner) -> Result<(i64, i64, i64)> {
        let found = self.one(
            "SELECT seq, lines, revision FROM event_owner WHERE entity = ?1 AND company = ?2",
            params![owner.id, owner.company.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        if let Some(found) = found {
            return Ok(found);
        }
        self.run(
            "INSERT INTO event_owner (entity, company, project) VALUES (?1, ?2, ?3)",
            params![owner.id, owner.company.as_str(), owner.project],
        )?;
        Ok((self.conn.last_insert_rowid(), 0, 0))
    }
}

fn entity(kind: OwnerKind) -> Entity {
    match kind {
        OwnerKind::Task => Entity::Task,
        OwnerKind::Model => Entity::Model,
    }
}
