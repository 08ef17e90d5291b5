//! Statistics of projects: computed per call from the documents in them, never stored (spec/projects.md 3.7).

use std::collections::BTreeMap;

use rusqlite::types::Value as Sql;
use serde_json::Value;

use super::tree::json_list;
use crate::{
    store::{
        Readable, Snapshot,
        query::{Collection, MODEL, PROJECT, QueryOptions, TASK, TASK_COUNT},
    },
    types::{Json, Millis, Result},
};

/// Tasks below one project in one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// The status.
    pub status: String,
    /// How many tasks.
    pub tasks: i64,
}

/// Statistics of the tasks below one project (spec/projects.md 3.7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskStatistics {
    /// Tasks by status; only statuses that occur.
    pub by_status: Vec<StatusCount>,
    /// Whole seconds that finished tasks ran.
    pub total_runtime: i64,
    /// Tasks completed within the last 24 hours.
    pub completed_tasks_24h: i64,
    /// The latest start.
    pub last_task_run: Option<Millis>,
}

impl TaskStatistics {
    fn add(&mut self, other: &TaskStatistics) {
        for StatusCount { status, tasks } in &other.by_status {
            match self.by_status.iter_mut().find(|count| count.status == *status) {
                Some(count) => count.tasks += tasks,
                None => self.by_status.push(StatusCount { status: status.clone(), tasks: *tasks }),
            }
        }
        self.total_runtime += other.total_runtime;
        self.completed_tasks_24h += other.completed_tasks_24h;
        self.last_task_run = self.last_task_run.max(other.last_task_run);
    }
}

const COUNTED: [&str; 6] = ["project", "company", "status", "system_tags", "tasks", "runtime"];

/// [`unarchived`] for the table of counts.
const UNARCHIVED_COUNT: &str = r"(instr(docs.system_tags, 'archived') = 0 AND instr(docs.system_tags, '\') = 0
     OR NOT EXISTS (SELECT 1 FROM json_each(docs.system_tags) g WHERE g.value = 'archived'))";

/// Leaves archived documents out, whatever the filter says about other tags. A list without the word settles it; one
/// with a backslash may hold it in an escaped form.
fn unarchived(side: &str, owner: &str) -> String {
    format!(
        "(instr(docs.system_tags, 'archived') = 0 AND instr(docs.system_tags, '\\') = 0
          OR NOT EXISTS (SELECT 1 FROM {side} g WHERE g.{owner} = docs.seq AND g.system = 1 AND g.tag = 'archived'))"
    )
}

/// Limits to documents of some users; the list is bound last.
fn of_users(users: &[String]) -> (&'static str, Option<Sql>) {
    match users {
        [] => ("", None),
        users => (" AND docs.user IN (SELECT value FROM json_each(?))", Some(Sql::Text(json_list(users)))),
    }
}

/// Pairs of the project that content counts for and the project that it lies in, for `json_each`.
pub(super) fn pairs(included: &[(String, String)]) -> Sql {
    let pairs: Vec<Value> =
        included.iter().map(|(root, project)| serde_json::json!([root, project])).collect();
    Sql::Text(Value::from(pairs).to_string())
}

impl Snapshot<'_> {
    /// Statistics of the tasks in `included` projects, as pairs of the project they count for and the project they
    /// lie in. Archived tasks never count.
    ///
    /// Errors: 400 as the query language names them for the filter.
    pub fn task_statistics(
        &self,
        included: &[(String, String)],
        filter: &Json,
        options: &QueryOptions,
        users: &[String],
    ) -> Result<BTreeMap<String, TaskStatistics>> {
        let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (root, project) in included {
            roots.entry(project).or_default().push(root);
        }
        let projects = json_list(&roots.keys().copied().collect::<Vec<_>>());
        let counts = match self.countable(filter, options, users) {
            true => self.counts_kept(&projects, filter, options)?,
            false => self.counts_made(&projects, filter, options, users)?,
        };
        let mut statistics: BTreeMap<String, TaskStatistics> = BTreeMap::new();
        for (project, own) in counts {
            for root in roots.get(project.as_str()).into_iter().flatten() {
                statistics.entry((*root).to_owned()).or_default().add(&own);
            }
        }
        Ok(statistics)
    }

    /// Whether the table of counts can answer: it knows neither people nor types nor single tasks.
    fn countable(&self, filter: &Json, options: &QueryOptions, users: &[String]) -> bool {
        let known = |fields: &Json| {
            fields.keys().all(|field| field == "filters" || TASK_COUNT.lists.contains(&field.as_str()))
        };
        matches!(self.scope.readable, Readable::All)
            && users.is_empty()
            && options.only.is_none()
            && known(filter)
            && filter.get("filters").is_none_or(|fields| fields.as_object().is_some_and(known))
    }

    /// Statistics of what lies directly in each project, from the table of counts and the indexes of starts and ends.
    fn counts_kept(
        &self,
        projects: &str,
        filter: &Json,
        options: &QueryOptions,
    ) -> Result<BTreeMap<String, TaskStatistics>> {
        let mut found: BTreeMap<String, TaskStatistics> = BTreeMap::new();
        let list = || Sql::Text(projects.to_owned());
        let docs = self.selection(&TASK_COUNT, filter, options, &COUNTED)?;
        let sql = format!(
            "SELECT docs.project, docs.status, sum(docs.tasks), sum(docs.runtime) FROM docs
             WHERE docs.project IN (SELECT value FROM json_each(?)) AND {UNARCHIVED_COUNT}
             GROUP BY docs.project, docs.company, docs.status"
        );
        let rows = docs.all(self, &sql, [list()], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        for (project, status, tasks, runtime) in rows {
            found.entry(project).or_default().add(&TaskStatistics {
                by_status: vec![StatusCount { status, tasks }],
                total_runtime: runtime,
                ..TaskStatistics::default()
            });
        }
        let columns = ["seq", "project", "status", "started", "completed", "system_tags"];
        let docs = self.selection(&TASK, filter, options, &columns)?;
        let unarchived = unarchived("task_tag", "task");
        // Few tasks ended within a day: the sign leads SQLite to the index of ends.
        let sql = format!(
            "SELECT docs.project, count(*) FROM docs
             WHERE docs.completed > ? AND docs.status NOT IN ('queued', 'in_progress', 'failed')
                 AND +docs.project IN (SELECT value FROM json_each(?)) AND {unarchived} GROUP BY docs.project"
        );
        for (project, recent) in docs.all(self, &sql, [self.a_day_ago(), list()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })? {
            found.entry(project).or_default().completed_tasks_24h += recent;
        }
        let sql = format!(
            "SELECT wanted.value, (SELECT docs.started FROM docs WHERE docs.project = wanted.value
                 AND docs.started IS NOT NULL AND {unarchived} ORDER BY docs.started DESC LIMIT 1)
             FROM json_each(?) wanted"
        );
        for (project, started) in docs
            .all(self, &sql, [list()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?)))?
        {
            if let Some(own) = found.get_mut(&project) {
                own.last_task_run = started.map(Millis);
            }
        }
        Ok(found)
    }

    fn a_day_ago(&self) -> Sql {
        Sql::Integer(self.now.plus_seconds(-86_400).0)
    }

    /// Statistics of what lies directly in each project, counted task by task. Uses `task_by_project_status`, or
    /// `task_by_user`.
    fn counts_made(
        &self,
        projects: &str,
        filter: &Json,
        options: &QueryOptions,
        users: &[String],
    ) -> Result<BTreeMap<String, TaskStatistics>> {
        let columns = ["seq", "project", "company", "status", "started", "completed", "user", "system_tags"];
        let docs = self.selection(&TASK, filter, options, &columns)?;
        let (of_users, list) = of_users(users);
        let sql = format!(
            "SELECT docs.project, docs.status, count(*),
                    sum(CASE WHEN docs.completed > docs.started THEN (docs.completed - docs.started) / 1000 ELSE 0 END),
                    count(*) FILTER (WHERE docs.completed > ? AND docs.status NOT IN ('queued', 'in_progress', 'failed')),
                    max(docs.started)
             FROM docs WHERE {}docs.project IN (SELECT value FROM json_each(?)) AND {}{of_users}
             GROUP BY docs.project, docs.company, docs.status",
            // What one person made is found by person.
            if users.is_empty() { "" } else { "+" },
            unarchived("task_tag", "task"),
        );
        let own = [self.a_day_ago(), Sql::Text(projects.to_owned())];
        let rows = docs.all(self, &sql, own.into_iter().chain(list), |row| {
            let statistics = TaskStatistics {
                by_status: vec![StatusCount { status: row.get(1)?, tasks: row.get(2)? }],
                total_runtime: row.get(3)?,
                completed_tasks_24h: row.get(4)?,
                last_task_run: row.get::<_, Option<i64>>(5)?.map(Millis),
            };
            Ok((row.get::<_, String>(0)?, statistics))
        })?;
        let mut found: BTreeMap<String, TaskStatistics> = BTreeMap::new();
        for (project, own) in rows {
            found.entry(project).or_default().add(&own);
        }
        Ok(found)
    }

    /// Documents of a collection that lie directly in each of these projects. `with_archived` counts archived ones
    /// too.
    ///
    /// Errors: 400 as the query language names them for the filter.
    pub fn own_contents(
        &self,
        collection: &'static Collection,
        projects: &[String],
        filter: &Json,
        options: &QueryOptions,
        with_archived: bool,
        users: &[String],
    ) -> Result<BTreeMap<String, i64>> {
        if std::ptr::eq(collection, &TASK) && !with_archived && self.countable(filter, options, users) {
            let docs = self.selection(&TASK_COUNT, filter, options, &COUNTED)?;
            let sql = format!(
                "SELECT docs.project, sum(docs.tasks) FROM docs
                 WHERE docs.project IN (SELECT value FROM json_each(?)) AND {UNARCHIVED_COUNT} GROUP BY docs.project"
            );
            let own = [Sql::Text(json_list(projects))];
            return Ok(docs
                .all(self, &sql, own, |row| Ok((row.get(0)?, row.get(1)?)))?
                .into_iter()
                .collect());
        }
        let docs = self.selection(collection, filter, options, &["seq", "project", "user", "system_tags"])?;
        let side = if std::ptr::eq(collection, &MODEL) { "model" } else { "task" };
        let archived = if with_archived { "1".to_owned() } else { unarchived(&format!("{side}_tag"), side) };
        let (users, list) = of_users(users);
        let sql = format!(
            "SELECT docs.project, count(*) FROM json_each(?) wanted CROSS JOIN docs ON docs.project = wanted.value
             WHERE {archived}{users} GROUP BY docs.project"
        );
        let own = [Sql::Text(json_list(projects))].into_iter().chain(list);
        Ok(docs.all(self, &sql, own, |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }

    /// Dataset projects whose parent is one of the `included` projects: for each project they count for, their
    /// number and their tags, sorted.
    ///
    /// Errors: 400 as the query language names them for the filter.
    pub fn dataset_projects(
        &self,
        included: &[(String, String)],
        filter: &Json,
        options: &QueryOptions,
        users: &[String],
    ) -> Result<BTreeMap<String, (i64, Vec<String>)>> {
        let docs = self.selection(&PROJECT, filter, options, &["seq", "parent", "tags", "user"])?;
        let (users, list) = of_users(users);
        let sql = format!(
            "SELECT pair.root, docs.tags
             FROM (SELECT value ->> 0 AS root, value ->> 1 AS project FROM json_each(?)) pair
                  CROSS JOIN docs ON docs.parent = pair.project
             WHERE EXISTS (SELECT 1 FROM project_tag g WHERE g.project = docs.seq AND g.system = 1 AND g.tag = 'dataset'){users}"
        );
        let own = [pairs(included)].into_iter().chain(list);
        let rows =
            docs.all(self, &sql, own, |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut found: BTreeMap<String, (i64, Vec<String>)> = BTreeMap::new();
        for (root, tags) in rows {
            let (count, union) = found.entry(root).or_default();
            *count += 1;
            union.extend(serde_json::from_str::<Vec<String>>(&tags).unwrap_or_default());
        }
        for (_, tags) in found.values_mut() {
            tags.sort_unstable();
            tags.dedup();
        }
        Ok(found)
    }

    /// For each of these projects, the `runtime` of the latest task in it that has one; archived tasks don't count
    /// (spec/projects.md 3.7.6).
    pub fn latest_runtimes(
        &self,
        projects: &[String],
        options: &QueryOptions,
    ) -> Result<BTreeMap<String, Json>> {
        let columns = ["seq", "project", "runtime", "last_update", "system_tags"];
        let docs = self.selection(&TASK, &Json::new(), options, &columns)?;
        // With max() SQLite takes the other columns from the row that holds the greatest value.
        let sql = format!(
            "SELECT docs.project, docs.runtime, max(docs.last_update)
             FROM json_each(?) wanted CROSS JOIN docs ON docs.project = wanted.value
             WHERE docs.runtime <> '{{}}' AND {} GROUP BY docs.project",
            unarchived("task_tag", "task"),
        );
        let rows = docs.all(self, &sql, [Sql::Text(json_list(projects))], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        Ok(rows
            .into_iter()
            .filter_map(|(project, runtime)| Some((project, serde_json::from_str(&runtime).ok()?)))
            .collect())
    }
}
