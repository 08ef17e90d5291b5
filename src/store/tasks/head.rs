//! The small columns of a task: what decides which change is possible.

use rusqlite::{Row, params_from_iter};
use sea_query::{Expr, ExprTrait, Query};
use serde_json::Value;

use super::TaskField;
use crate::{
    store::{
        Snapshot,
        documents::Access,
        failed,
        query::{DOCUMENT, Entity, build, visible, writable},
    },
    types::{ApiError, CompanyId, ErrorKind, Millis, ProjectId, QueueId, Result, TaskId, UserId},
};

/// A task that the scope allows to read or to change, without its sections.
#[derive(Clone, Debug)]
pub struct TaskHead {
    /// Id.
    pub id: TaskId,
    /// Owning tenant; empty when public.
    pub company: CompanyId,
    /// The tenant that made it public.
    pub company_origin: Option<CompanyId>,
    /// Who made it.
    pub user: UserId,
    /// Its project; none at the root.
    pub project: Option<ProjectId>,
    /// Its parent, perhaps `__DELETED__<id>`.
    pub parent: Option<String>,
    /// Name.
    pub name: String,
    /// Type.
    pub kind: String,
    /// Status as stored.
    pub status: String,
    /// When the present run began.
    pub started: Option<Millis>,
    /// The last sign of life.
    pub last_update: Millis,
    /// Greatest iteration reported.
    pub last_iteration: i64,
    /// The status before it was enqueued.
    pub enqueue_status: Option<String>,
    /// `execution.queue`.
    pub queue: Option<QueueId>,
    /// Whom its code runs as (spec/security_rules.md S1).
    pub run_as: Option<UserId>,
    /// Who dequeued it.
    pub executor: Option<UserId>,
    /// The worker that reported it last.
    pub last_worker: Option<String>,
    /// System tags.
    pub system_tags: Vec<String>,
}

impl TaskHead {
    /// Whether it has this system tag.
    pub fn is_marked(&self, tag: &str) -> bool {
        self.system_tags.iter().any(|known| known == tag)
    }
}

pub(super) const COLUMNS: [&str; 18] = [
    "id",
    "company",
    "company_origin",
    "user",
    "project",
    "parent",
    "name",
    "type",
    "status",
    "started",
    "last_update",
    "last_iteration",
    "enqueue_status",
    "execution_queue",
    "run_as",
    "executor",
    "last_worker",
    "system_tags",
];

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<TaskHead> {
    let id = |at: usize| row.get::<_, Option<String>>(at);
    Ok(TaskHead {
        id: row.get::<_, String>(0)?.into(),
        company: row.get::<_, String>(1)?.into(),
        company_origin: id(2)?.map(Into::into),
        user: row.get::<_, String>(3)?.into(),
        project: id(4)?.map(Into::into),
        parent: id(5)?,
        name: row.get(6)?,
        kind: row.get(7)?,
        status: row.get(8)?,
        started: row.get::<_, Option<i64>>(9)?.map(Millis),
        last_update: Millis(row.get(10)?),
        last_iteration: row.get(11)?,
        enqueue_status: id(12)?,
        queue: id(13)?.map(Into::into),
        run_as: id(14)?.map(Into::into),
        executor: id(15)?.map(Into::into),
        last_worker: id(16)?,
        system_tags: serde_json::from_str(&row.get::<_, String>(17)?).unwrap_or_default(),
    })
}

impl Snapshot<'_> {
    /// A task that the scope allows to see, public ones included, or to change.
    pub fn task(&self, id: &str, access: Access) -> Result<Option<TaskHead>> {
        self.heads(Expr::col((DOCUMENT, "id")).eq(id), access).map(|mut found| found.pop())
    }

    /// Tasks of the tenant with this parent that the scope allows to change.
    pub fn steps_of(&self, parent: &TaskId) -> Result<Vec<TaskHead>> {
        self.heads(Expr::col((DOCUMENT, "parent")).eq(parent.as_str()), Access::Write)
    }

    fn heads(&self, condition: Expr, access: Access) -> Result<Vec<TaskHead>> {
        let allowed = match access {
            Access::Read => visible(Entity::Task, self.scope, true),
            Access::Write => writable(Entity::Task, self.scope),
        };
        let mut select = Query::select();
        for column in COLUMNS {
            select.column((DOCUMENT, column));
        }
        select.from_as("task", DOCUMENT).and_where(allowed).and_where(condition);
        let (sql, values) = build(&select)?;
        self.all(&sql, params_from_iter(values), read)
    }

    /// Whether the tenant has a task with this id, or there is a public one.
    pub fn task_exists(&self, id: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM task WHERE id = ?1 AND company IN (?2, '')";
        Ok(self.one(sql, [id, self.scope.company.as_str()], |_| Ok(()))?.is_some())
    }

    /// A task's comment.
    pub fn task_comment(&self, head: &TaskHead) -> Result<Option<String>> {
        let comment =
            self.one("SELECT comment FROM task WHERE id = ?1", [head.id.as_str()], |row| row.get(0))?;
        Ok(comment.flatten())
    }

    /// Sections of a task, in the order asked for. Absent text is null.
    ///
    /// Errors: 500/100 a stored section is no JSON.
    pub fn task_sections<const N: usize>(
        &self,
        head: &TaskHead,
        fields: [TaskField; N],
    ) -> Result<[Value; N]> {
        let columns: Vec<&str> = fields.iter().map(|field| field.column()).collect();
        let sql = format!("SELECT {} FROM task WHERE id = ?1", columns.join(", "));
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let texts = statement
            .query_row([head.id.as_str()], |row| {
                (0..N).map(|at| row.get::<_, Option<String>>(at)).collect::<rusqlite::Result<Vec<_>>>()
            })
            .map_err(failed)?;
        let mut sections = std::array::from_fn(|_| Value::Null);
        for (section, text) in sections.iter_mut().zip(texts) {
            if let Some(text) = text {
                *section = serde_json::from_str(&text).map_err(|error| {
                    tracing::error!(%error, task = %head.id, "a stored section is no JSON");
                    ApiError::new(
                        ErrorKind::DataError,
                        "a stored task is damaged; the server's log has the details",
                    )
                })?;
            }
        }
        Ok(sections)
    }
}
