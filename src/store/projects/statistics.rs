//! Statistics of projects: computed per call from the documents in them, never stored (spec/projects.md 3.7).

use std::collections::BTreeMap;

use rusqlite::types::Value as Sql;
use serde_json::Value;

use super::tree::json_list;
use crate::{
    store::{
        Snapshot,
        query::{Collection, MODEL, PROJECT, QueryOptions, TASK},
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

fn pairs(included: &[(String, String)]) -> Sql {
    let pairs: Vec<Value> =
        included.iter().map(|(root, project)| serde_json::json!([root, project])).collect();
    Sql::Text(Value::from(pairs).to_string())
}

impl Snapshot<'_> {
    /// Statistics of the tasks in `included` projects, as pairs of the project they count for and the project they
    /// lie in. Archived tasks never count. Uses `task_by_project_status`.
    ///
    /// Errors: 400 as the query language names them for the filter.
    pub fn task_statistics(
        &self,
        included: &[(String, String)],
        filter: &Json,
        options: &QueryOptions,
        users: &[String],
    ) -> Result<BTreeMap<String, TaskStatistics>> {
        let columns = ["seq", "project", "company", "status", "started", "completed", "user", "system_tags"];
        let docs = self.selection(&TASK, filter, options, &columns)?;
        let (users, list) = of_users(users);
        // Each project is counted once, in the order of the index; what it counts for is added up below.
        let sql = format!(
            "SELECT docs.project, docs.status, count(*),
                    sum(CASE WHEN docs.completed > docs.started THEN (docs.completed - docs.started) / 1000 ELSE 0 END),
                    count(*) FILTER (WHERE docs.completed > ? AND docs.status NOT IN ('queued', 'in_progress', 'failed')),
                    max(docs.started)
             FROM docs WHERE docs.project IN (SELECT value FROM json_each(?)) AND {}{users}
             GROUP BY docs.project, docs.company, docs.status",
            unarchived("task_tag", "task"),
        );
        let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (root, project) in included {
            roots.entry(project).or_default().push(root);
        }
        let projects: Vec<&str> = roots.keys().copied().collect();
        let own = [Sql::Integer(self.now.plus_seconds(-86_400).0), Sql::Text(json_list(&projects))];
        let rows = docs.all(self, &sql, own.into_iter().chain(list), |row| {
            let counted: (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let sums: (i64, i64, Option<i64>) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok((counted, sums))
        })?;
        let mut statistics: BTreeMap<String, TaskStatistics> = BTreeMap::new();
        for ((project, status, tasks), (runtime, recent, started)) in rows {
            for root in roots.get(project.as_str()).into_iter().flatten() {
                let entry = statistics.entry((*root).to_owned()).or_default();
                match entry.by_status.iter_mut().find(|count| count.status == status) {
                    Some(count) => count.tasks += tasks,
                    None => entry.by_status.push(StatusCount { status: status.clone(), tasks }),
                }
                entry.total_runtime += runtime;
                entry.completed_tasks_24h += recent;
                entry.last_task_run = entry.last_task_run.max(started.map(Millis));
            }
        }
        Ok(statistics)
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
