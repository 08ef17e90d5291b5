//! Reading the trail: of one task, and which tasks fit a question.

use rusqlite::{Row, params, types::Value as Sql};
use serde_json::Value;

use crate::{
    store::Snapshot,
    types::{Millis, Result},
};

/// A stored step.
#[derive(Clone, Debug)]
pub struct TrailRow {
    /// Its number in the chain.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// The task.
    pub task: Option<String>,
    /// What happened.
    pub event: String,
    /// Whom the call ran as.
    pub user: String,
    /// Who really acted.
    pub actor: Option<String>,
    /// The agent's identity.
    pub agent: Option<String>,
    /// Whom the code runs as.
    pub run_as: Option<String>,
    /// Session presented, or made.
    pub session_id: Option<String>,
    /// Access key presented.
    pub access_key: Option<String>,
    /// Address of the peer.
    pub ip: Option<String>,
    /// Claimed worker.
    pub worker: Option<String>,
    /// Queue.
    pub queue: Option<String>,
    /// Image of the container.
    pub image: Option<String>,
    /// More.
    pub detail: Value,
}

const COLUMNS: &str = "seq, ts, task, event, user, actor, agent, run_as, session_id, access_key, ip, worker, queue, \
                       image, detail";

fn read(row: &Row<'_>) -> rusqlite::Result<TrailRow> {
    Ok(TrailRow {
        seq: row.get(0)?,
        at: Millis(row.get(1)?),
        task: row.get(2)?,
        event: row.get(3)?,
        user: row.get(4)?,
        actor: row.get(5)?,
        agent: row.get(6)?,
        run_as: row.get(7)?,
        session_id: row.get(8)?,
        access_key: row.get(9)?,
        ip: row.get(10)?,
        worker: row.get(11)?,
        queue: row.get(12)?,
        image: row.get(13)?,
        detail: serde_json::from_str(&row.get::<_, String>(14)?).unwrap_or_default(),
    })
}

/// Which tasks are looked for; every condition that is there must hold for some step of the task.
#[derive(Clone, Debug, Default)]
pub struct TrailFilter {
    /// A model that it made.
    pub model: Option<String>,
    /// An image, or a pattern with `*` and `?`.
    pub image: Option<String>,
    /// A vault that it was served.
    pub vault: Option<String>,
    /// Who submitted it, whom it ran as, or who changed its state.
    pub user: Option<String>,
    /// The agent's identity or its worker.
    pub agent: Option<String>,
    /// Steps not before.
    pub from: Option<Millis>,
    /// Steps not after.
    pub to: Option<Millis>,
}

impl Snapshot<'_> {
    /// The steps of a task of the tenant, oldest first; at most `most`, the newest ones.
    pub fn trail_of(&self, task: &str, most: u32) -> Result<Vec<TrailRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM task_trail WHERE task = ?1 AND company = ?2 ORDER BY seq DESC LIMIT ?3"
        );
        let mut rows = self.all(&sql, params![task, self.scope.company.as_str(), most], read)?;
        rows.reverse();
        Ok(rows)
    }

    /// The newest dequeueing by `agent` of a task that runs as `run_as` and that no session was made for yet.
    pub fn unclaimed_dequeue(&self, agent: &str, run_as: &str) -> Result<Option<TrailRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM task_trail d WHERE company = ?1 AND agent = ?2 AND event = 'dequeued' AND run_as = ?3
                 AND NOT EXISTS (SELECT 1 FROM task_trail i WHERE i.task = d.task AND i.event = 'impersonated'
                                 AND i.seq > d.seq)
             ORDER BY ts DESC, seq DESC LIMIT 1"
        );
        self.one(&sql, [self.scope.company.as_str(), agent, run_as], read)
    }

    /// The task for which a session was made.
    pub fn task_of_session(&self, session: &str) -> Result<Option<String>> {
        let sql =
            "SELECT task FROM task_trail WHERE session_id = ?1 AND event = 'impersonated' AND company = ?2
                   ORDER BY seq DESC LIMIT 1";
        Ok(self.one(sql, [session, self.scope.company.as_str()], |row| row.get(0))?.flatten())
    }

    /// The image of the last step of a task that names one.
    pub fn last_image(&self, task: &str) -> Result<Option<String>> {
        let sql = "SELECT image FROM task_trail WHERE task = ?1 AND company = ?2 AND image IS NOT NULL
                   ORDER BY seq DESC LIMIT 1";
        Ok(self.one(sql, [task, self.scope.company.as_str()], |row| row.get(0))?.flatten())
    }

    /// Tasks of the tenant that fit, the one with the newest fitting step first, and how many there are.
    pub fn find_in_trail(&self, filter: &TrailFilter, offset: u64, most: u64) -> Result<(Vec<String>, u64)> {
        let (sql, values) = fitting(self.scope.company.as_str(), filter);
        let total = self
            .one(&format!("SELECT count(*) FROM ({sql})"), rusqlite::params_from_iter(&values), |row| {
                row.get::<_, i64>(0)
            })?
            .unwrap_or_default();
        let page = format!("{sql} ORDER BY max(t.seq) DESC LIMIT {most} OFFSET {offset}");
        let tasks = self.all(&page, rusqlite::params_from_iter(&values), |row| row.get(0))?;
        Ok((tasks, total.unsigned_abs()))
    }

    /// Names of users, for those that are known.
    pub fn user_name(&self, user: &str) -> Result<Option<String>> {
        self.one("SELECT name FROM user WHERE id = ?1", [user], |row| row.get(0))
    }
}

/// `SELECT task` with one group a task.
fn fitting(company: &str, filter: &TrailFilter) -> (String, Vec<Sql>) {
    let mut values = vec![Sql::Text(company.to_owned())];
    let mut sql = "SELECT t.task FROM task_trail t WHERE t.company = ?1 AND t.task IS NOT NULL".to_owned();
    let mut within = String::new();
    for (bound, sign) in [(filter.from, ">="), (filter.to, "<=")] {
        if let Some(bound) = bound {
            values.push(Sql::Integer(bound.0));
            within.push_str(&format!(" AND s.ts {sign} ?{}", values.len()));
        }
    }
    // Each condition starts from its own index and yields tasks.
    let mut tasks_with = |condition: &dyn Fn(usize) -> String, value: &str| {
        values.push(Sql::Text(value.to_owned()));
        let condition = condition(values.len());
        sql.push_str(&format!(
            " AND t.task IN (SELECT s.task FROM task_trail s WHERE s.company = ?1 AND {condition}{within})"
        ));
    };
    if let Some(image) = &filter.image {
        tasks_with(&|at| format!("s.image GLOB ?{at}"), image);
    }
    if let Some(user) = &filter.user {
        tasks_with(&|at| format!("(s.user = ?{at} OR s.run_as = ?{at} OR s.actor = ?{at})"), user);
    }
    if let Some(agent) = &filter.agent {
        tasks_with(&|at| format!("(s.agent = ?{at} OR s.worker = ?{at})"), agent);
    }
    if let Some(vault) = &filter.vault {
        tasks_with(
            &|at| {
                format!(
                    "s.seq IN (SELECT trail FROM task_trail_object WHERE kind = 'vault' AND object = ?{at})"
                )
            },
            vault,
        );
    }
    if let Some(model) = &filter.model {
        // A model knows its task; what a deleted task had made stands in its last step.
        values.push(Sql::Text(model.clone()));
        let at = values.len();
        sql.push_str(&format!(
            " AND t.task IN (SELECT m.task FROM model m WHERE m.id = ?{at} AND m.task IS NOT NULL
                UNION SELECT s.task FROM task_trail_object o JOIN task_trail s ON s.seq = o.trail
                      WHERE o.kind = 'model' AND o.object = ?{at} AND o.company = ?1)"
        ));
    }
    if filter.image.is_none() && filter.user.is_none() && filter.agent.is_none() && filter.vault.is_none() {
        sql.push_str(&within.replace("s.ts", "t.ts"));
    }
    sql.push_str(" GROUP BY t.task");
    (sql, values)
}

impl Snapshot<'_> {
    /// Name of a task of the tenant.
    pub fn task_name(&self, task: &str) -> Result<Option<String>> {
        let sql = "SELECT name FROM task WHERE id = ?1 AND company = ?2";
        self.one(sql, [task, self.scope.company.as_str()], |row| row.get(0))
    }

    /// Name of a queue of the tenant.
    pub fn queue_name(&self, queue: &str) -> Result<Option<String>> {
        let sql = "SELECT name FROM queue WHERE id = ?1 AND company = ?2";
        self.one(sql, [queue, self.scope.company.as_str()], |row| row.get(0))
    }

    /// Ids and names of the tenant's models that a task made.
    pub fn models_made_by(&self, task: &str) -> Result<Vec<(String, String)>> {
        let sql = "SELECT id, name FROM model WHERE task = ?1 AND company = ?2 ORDER BY created, id";
        self.all(sql, [task, self.scope.company.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}
