//! Distinct names in side tables, found by jumping from one to the next in an index.
//!
//! Side rows carry their document's tenant and project. Where a request says nothing else about the documents, what
//! stands in an index some hundred thousand times over is met a few times only.
//!
//! Whether a name is the tenant's is asked by `(SELECT 1 … LIMIT 1)`. SQLite makes a join of `EXISTS` here, and that join
//! reads every row that has the name.

use rusqlite::Connection;

use super::{
    Readable, Scope,
    query::{
        Collection, Entity,
        ast::{Condition, Join, Query},
        build, failed, with_descendants,
    },
    sql::json_list,
};
use crate::types::Result;

/// Whose side rows are meant.
pub(crate) struct Content {
    /// JSON list of the tenants whose rows may be seen.
    pub(crate) companies: String,
    /// JSON list of the projects they lie in; `None` means anywhere.
    pub(crate) projects: Option<String>,
}

impl Content {
    /// What a query selects, when tenant and project alone decide it.
    pub(crate) fn of(conn: &Connection, scope: &Scope, query: &Query) -> Result<Option<Content>> {
        if !matches!(scope.readable, Readable::All) || query.text.is_some() {
            return Ok(None);
        }
        let projects = match query.conditions.as_slice() {
            [] => None,
            [Condition::List(path, list)]
                if *path == ["project"]
                    && !list.any.is_empty()
                    && list.all.is_empty()
                    && list.none.is_empty()
                    && list.join == Join::And
                    && !list.or_empty =>
            {
                Some(match list.with_descendants {
                    false => json_list(&list.any),
                    true => json_list(&texts(conn, scope, query, &list.any)?),
                })
            }
            _ => return Ok(None),
        };
        let own = scope.company.as_str();
        let companies = if query.public { json_list(&[own, ""]) } else { json_list(&[own]) };
        Ok(Some(Content { companies, projects }))
    }
}

fn texts(conn: &Connection, scope: &Scope, query: &Query, projects: &[String]) -> Result<Vec<String>> {
    let (sql, values) = build(&with_descendants(scope, query.public, projects))?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let found = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(0)).map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

const fn side(collection: &Collection) -> &'static str {
    match collection.entity {
        Entity::Model => "model",
        _ => "task",
    }
}

/// `SELECT id` of the names of scalars that the content has. ?1: companies, ?2: projects.
pub(crate) fn metrics(collection: &Collection, content: &Content) -> String {
    let side = side(collection);
    match content.projects {
        None => format!(
            "SELECT n.id FROM metric_variant n WHERE ?2 IS NULL AND
                 (SELECT 1 FROM {side}_metric m WHERE m.metric_variant = n.id
                  AND m.company IN (SELECT value FROM json_each(?1)) LIMIT 1)"
        ),
        Some(_) => format!(
            "WITH RECURSIVE found(project, id) AS (
                 SELECT value, (SELECT m.metric_variant FROM {side}_metric m WHERE m.project = p.value
                                ORDER BY m.metric_variant LIMIT 1)
                 FROM json_each(?2) p
                 UNION ALL
                 SELECT project, (SELECT m.metric_variant FROM {side}_metric m
                                  WHERE m.project = found.project AND m.metric_variant > found.id
                                  ORDER BY m.metric_variant LIMIT 1)
                 FROM found WHERE id IS NOT NULL)
             SELECT id FROM found WHERE id IS NOT NULL AND
                 (SELECT 1 FROM {side}_metric m WHERE m.project = found.project AND m.metric_variant = found.id
                  AND m.company IN (SELECT value FROM json_each(?1)) LIMIT 1)"
        ),
    }
}

/// `SELECT DISTINCT section, name` of the content's hyper-parameters. ?1: companies, ?2: projects.
pub(crate) fn parameters(content: &Content) -> String {
    // Without projects there is one start and no condition; the shape stays the same.
    // The index is named: by its estimates SQLite may take the other one, and walk it.
    let (start, index, within) = match content.projects {
        None => (
            "SELECT NULL AS value WHERE ?2 IS NULL",
            "INDEXED BY task_hyperparam_by_value",
            ["", "", "", "", ""],
        ),
        Some(_) => (
            "SELECT value FROM json_each(?2)",
            "INDEXED BY task_hyperparam_by_project",
            [
                "h.project = p.value AND",
                "h.project = sections.project AND",
                "h.project = sections.project AND",
                "h.project = names.project AND",
                "h.project = names.project AND",
            ],
        ),
    };
    let [first, next_section, first_name, next_name, seen] = within;
    format!(
        "SELECT DISTINCT section, name FROM (
         WITH RECURSIVE sections(project, section) AS (
             SELECT p.value, (SELECT h.section FROM task_hyperparam h {index} WHERE {first} h.section >= ''
                              ORDER BY h.section LIMIT 1)
             FROM ({start}) p
             UNION ALL
             SELECT project, (SELECT h.section FROM task_hyperparam h {index} WHERE {next_section} h.section > sections.section
                              ORDER BY h.section LIMIT 1)
             FROM sections WHERE section IS NOT NULL),
         names(project, section, name) AS (
             SELECT project, section, (SELECT h.name FROM task_hyperparam h {index}
                                       WHERE {first_name} h.section = sections.section ORDER BY h.name LIMIT 1)
             FROM sections WHERE section IS NOT NULL
             UNION ALL
             SELECT project, section, (SELECT h.name FROM task_hyperparam h {index}
                                       WHERE {next_name} h.section = names.section AND h.name > names.name
                                       ORDER BY h.name LIMIT 1)
             FROM names WHERE name IS NOT NULL)
         SELECT section, name FROM names WHERE name IS NOT NULL AND
             (SELECT 1 FROM task_hyperparam h {index} WHERE {seen} h.section = names.section AND h.name = names.name
              AND h.company IN (SELECT value FROM json_each(?1)) LIMIT 1))"
    )
}

/// `SELECT DISTINCT tag` of the content's tags, in order. ?1: companies, ?2: projects, ?3: whether system tags.
pub(crate) fn tags(collection: &Collection, content: &Content) -> String {
    let side = side(collection);
    let (start, key, seen) = match content.projects {
        None => ("SELECT value FROM json_each(?1) WHERE ?2 IS NULL", "company", String::new()),
        Some(_) => (
            "SELECT value FROM json_each(?2)",
            "project",
            format!(
                "AND (SELECT 1 FROM {side}_tag g WHERE g.project = found.place AND g.system = ?3
                             AND g.tag = found.tag AND g.company IN (SELECT value FROM json_each(?1)) LIMIT 1)"
            ),
        ),
    };
    format!(
        "WITH RECURSIVE found(place, tag) AS (
             SELECT p.value, (SELECT g.tag FROM {side}_tag g WHERE g.{key} = p.value AND g.system = ?3
                              ORDER BY g.tag LIMIT 1)
             FROM ({start}) p
             UNION ALL
             SELECT place, (SELECT g.tag FROM {side}_tag g
                            WHERE g.{key} = found.place AND g.system = ?3 AND g.tag > found.tag ORDER BY g.tag LIMIT 1)
             FROM found WHERE tag IS NOT NULL)
         SELECT DISTINCT tag FROM found WHERE tag IS NOT NULL {seen} ORDER BY tag"
    )
}
