//! Reading documents: by query, by id, as counts and as lists of values.
//!
//! A query selects rows in SQL, paging included; their wanted parts are then read by row, so that sorting never
//! carries large sections. Every statement is scoped by `query::visible`. What never lives here: writes, rules.

mod assemble;
mod foreign;
mod insert;
mod join;
mod legacy;
mod metrics;
mod projection;
mod read;
mod rows;
mod selective;

#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value as Sql};
use sea_query::{Expr, Func};
use serde_json::Value;

use super::{
    Scope, Snapshot,
    loose::{self, Content},
    query::{
        self, Collection, DOCUMENT, Entity, Scrolls, Shape,
        ast::{Query, Window},
        build, failed, names, parse_path, visible, writable,
    },
};
use crate::types::{ApiError, ErrorKind, Json, Millis, Result, Version};

pub use legacy::for_version;
use projection::Projection;
pub use query::{Public, QueryOptions};

/// How documents are looked for and shaped.
#[derive(Clone, Debug, Default)]
pub struct FindOptions<'a> {
    /// What the endpoint decides about the query.
    pub query: QueryOptions,
    /// References are objects, sub-fields of references may be asked for, and `id` is always part
    /// (`get_all_ex`); otherwise references are plain ids (`get_all`).
    pub expanded: bool,
    /// Only these fields, whatever the request says.
    pub projection: Option<&'a [&'a str]>,
    /// Open scrolls and the subject that the call runs as. Without them a scroll request starts anew each time.
    pub scrolls: Option<(&'a Scrolls, &'a str)>,
}

/// Documents in the order asked for.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The documents.
    pub documents: Vec<Json>,
    /// The id to go on with, when the request was a scroll.
    pub scroll_id: Option<String>,
}

/// What the caller means to do with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// See it: the tenant's own and public documents, within the access rules.
    Read,
    /// Change it: the tenant's own documents only.
    Write,
}

impl Snapshot<'_> {
    /// Documents that match a request (protocol: spec/protocol.md 5).
    ///
    /// Errors: 400 as the query language names them.
    pub fn find(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &FindOptions<'_>,
    ) -> Result<Found> {
        find(self.conn, self.scope, self.now, collection, request, options)
    }

    /// The first `most` documents that match a request, whatever its window.
    ///
    /// Errors: 400 as the query language names them.
    pub fn matches(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &FindOptions<'_>,
        most: u64,
    ) -> Result<Matches> {
        let query = query::parse(collection, request, &options.query)?;
        Matches::select(self.conn, self.scope, collection, request, &query, options, 0, Some(most))
    }

    /// Some of the documents that [`Snapshot::matches`] found on this same snapshot.
    pub fn read_matches(&self, matches: &Matches, range: Range<usize>) -> Result<Vec<Json>> {
        matches.read(self.conn, self.scope, matches.rows.get(range).unwrap_or_default())
    }

    /// One document with plain references, as `get_by_id` returns it; `None` when it does not exist for the scope.
    pub fn by_id(
        &self,
        collection: &'static Collection,
        id: &str,
        access: Access,
        version: Version,
    ) -> Result<Option<Json>> {
        by_id(self.conn, self.scope, collection, id, access, version)
    }

    /// The given fields of one document, in present form; `None` when it does not exist for the scope.
    ///
    /// Errors: `400/14` for fields that the collection does not have.
    pub fn fields(
        &self,
        collection: &'static Collection,
        id: &str,
        access: Access,
        fields: &[&str],
    ) -> Result<Option<Json>> {
        let projection = Projection::parse(collection, fields, false)?;
        one(self.conn, self.scope, collection, id, access, &projection, None)
    }

    /// Ids of all documents that match a request, in its order and window.
    pub fn ids(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &QueryOptions,
    ) -> Result<Vec<String>> {
        ids(self.conn, self.scope, collection, request, options)
    }

    /// Number of documents that match a request, whatever its window.
    pub fn count(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &QueryOptions,
    ) -> Result<u64> {
        count(self.conn, self.scope, collection, request, options)
    }

    /// As [`Snapshot::count`], but stops counting at `most`.
    pub fn count_up_to(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &QueryOptions,
        most: u64,
    ) -> Result<u64> {
        let query = query::parse(collection, request, options)?;
        let mut some = query::matching(collection, self.scope, &query);
        some.expr(Expr::val(1));
        window(&mut some, 0, Some(most));
        let mut select = sea_query::Query::select();
        select.expr(Func::count(Expr::cust("*"))).from_subquery(some, "some");
        counted(self.conn, &select)
    }

    /// Distinct values of a field over the matching documents, ascending. Times are in wire form.
    ///
    /// Errors: `400/14` for a field that has no such values.
    pub fn distinct(
        &self,
        collection: &'static Collection,
        field: &str,
        request: &Json,
        options: &QueryOptions,
    ) -> Result<Vec<Value>> {
        distinct(self.conn, self.scope, collection, field, request, options)
    }
}

/// The documents that a request selects, in its order: which rows, and what of them is wanted. Reading them page by page
/// on one snapshot needs no second look at the query.
#[derive(Clone, Debug)]
pub struct Matches {
    collection: &'static Collection,
    rows: Vec<i64>,
    projection: Projection,
    expanded: bool,
    public: bool,
    version: Version,
    max_entries: Option<i64>,
}

impl Matches {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was selected.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[allow(clippy::too_many_arguments)]
    fn select(
        conn: &Connection,
        scope: &Scope,
        collection: &'static Collection,
        request: &Json,
        query: &Query,
        options: &FindOptions<'_>,
        start: u64,
        size: Option<u64>,
    ) -> Result<Matches> {
        Ok(Matches {
            collection,
            projection: wanted(collection, request, options)?,
            rows: rows::select(conn, scope, collection, query, (start, size), rows::FEW)?,
            expanded: options.expanded,
            public: query.public,
            version: options.query.version,
            max_entries: request.get("max_task_entries").and_then(Value::as_i64),
        })
    }

    fn read(&self, conn: &Connection, scope: &Scope, rows: &[i64]) -> Result<Vec<Json>> {
        let mut documents =
            read::documents(conn, scope, self.collection, rows, &self.projection, self.max_entries)?;
        if self.expanded {
            join::references(conn, scope, self.public, self.collection, &self.projection, &mut documents)?;
        }
        for document in &mut documents {
            for_version(self.collection, document, self.version);
        }
        Ok(documents)
    }
}

/// See [`Snapshot::find`].
pub(crate) fn find(
    conn: &Connection,
    scope: &Scope,
    now: Millis,
    collection: &'static Collection,
    request: &Json,
    options: &FindOptions<'_>,
) -> Result<Found> {
    let query = query::parse(collection, request, &options.query)?;
    let (scroll_id, start, size) = slice(&query, collection, now, options);
    let matches = Matches::select(conn, scope, collection, request, &query, options, start, size)?;
    if let (Some(id), Some((scrolls, subject))) = (&scroll_id, options.scrolls) {
        let position = start.saturating_add(u64::try_from(matches.len()).unwrap_or(u64::MAX));
        scrolls.save(id, subject, collection.table, position, now);
    }
    let documents = matches.read(conn, scope, &matches.rows)?;
    Ok(Found { documents, scroll_id })
}

fn wanted(collection: &Collection, request: &Json, options: &FindOptions<'_>) -> Result<Projection> {
    let sent = match options.projection {
        Some(fields) => fields.to_vec(),
        None => match names(request, "projection")? {
            empty if empty.is_empty() => names(request, "only_fields")?,
            fields => fields,
        },
    };
    let projection = Projection::parse(collection, &sent, options.expanded)?;
    Ok(if options.expanded { projection.with_id() } else { projection })
}

/// Where the wanted rows start, how many there are at most, and the scroll they belong to.
fn slice(
    query: &Query,
    collection: &'static Collection,
    now: Millis,
    options: &FindOptions<'_>,
) -> (Option<String>, u64, Option<u64>) {
    match &query.window {
        Window::All => (None, 0, None),
        Window::Slice { start, size } => (None, *start, Some(*size)),
        Window::Scroll { id, size, refresh } => {
            let (id, position) = match options.scrolls {
                Some((scrolls, subject)) => scrolls.resume(id.as_deref(), subject, collection.table, now),
                None => (crate::types::new_id(), 0),
            };
            match refresh {
                true => (Some(id), 0, Some(position.max(*size))),
                false => (Some(id), position, Some(*size)),
            }
        }
    }
}

fn window(select: &mut sea_query::SelectStatement, start: u64, size: Option<u64>) {
    let most = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
    if size.is_some() || start > 0 {
        select.limit(size.unwrap_or(most).min(most)).offset(start.min(most));
    }
}

/// See [`Snapshot::by_id`].
pub(crate) fn by_id(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    id: &str,
    access: Access,
    version: Version,
) -> Result<Option<Json>> {
    let projection = Projection::default_and(collection.shown_by_id);
    let mut document = one(conn, scope, collection, id, access, &projection, None)?;
    if let Some(document) = &mut document {
        // By id this list is always empty (protocol: spec/tasks.md 2.1).
        if let Some(names) = document.get_mut("unique_metrics") {
            *names = Value::Array(Vec::new());
        }
        for_version(collection, document, version);
    }
    Ok(document)
}

fn one(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    id: &str,
    access: Access,
    projection: &Projection,
    max_entries: Option<i64>,
) -> Result<Option<Json>> {
    let condition = match access {
        Access::Read => visible(collection.entity, scope, true),
        Access::Write => writable(collection.entity, scope),
    };
    let rows = read::rows_of(conn, collection, condition, &[id.to_owned()])?;
    Ok(read::documents(conn, scope, collection, &rows, projection, max_entries)?.pop())
}

/// See [`Snapshot::ids`].
pub(crate) fn ids(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    request: &Json,
    options: &QueryOptions,
) -> Result<Vec<String>> {
    let query = query::parse(collection, request, options)?;
    let mut select = query::matching(collection, scope, &query);
    select.column((DOCUMENT, "id"));
    query::ordered(collection, &query, &mut select);
    match query.window {
        Window::All => {}
        Window::Slice { start, size } => window(&mut select, start, Some(size)),
        Window::Scroll { size, .. } => window(&mut select, 0, Some(size)),
    }
    let (sql, values) = build(&select)?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0)).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// See [`Snapshot::count`].
pub(crate) fn count(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    request: &Json,
    options: &QueryOptions,
) -> Result<u64> {
    let query = query::parse(collection, request, options)?;
    let mut select = query::matching(collection, scope, &query);
    select.expr(Func::count(Expr::cust("*")));
    counted(conn, &select)
}

fn counted(conn: &Connection, select: &sea_query::SelectStatement) -> Result<u64> {
    let (sql, values) = build(select)?;
    let counted: Option<i64> = conn
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row(params_from_iter(values), |row| row.get(0)).optional())
        .map_err(failed)?;
    Ok(counted.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
}

/// See [`Snapshot::distinct`].
pub(crate) fn distinct(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    field: &str,
    request: &Json,
    options: &QueryOptions,
) -> Result<Vec<Value>> {
    let query = query::parse(collection, request, options)?;
    let path = parse_path(collection, field)?;
    let unknown = || ApiError::new(ErrorKind::InvalidFields, "there is no such field").with("field", field);
    let shape = collection.shape_of(&path).ok_or_else(unknown)?;
    if let (Entity::Task | Entity::Model, "tags" | "system_tags") = (collection.entity, field)
        && let Some(content) = Content::of(conn, scope, &query)?
    {
        let mut statement = conn.prepare_cached(&loose::tags(collection, &content)).map_err(failed)?;
        let bound = rusqlite::params![content.companies, content.projects, field == "system_tags"];
        let tags = statement.query_map(bound, |row| row.get::<_, String>(0)).map_err(failed)?;
        return tags.map(|tag| Ok(tag.map_err(failed)?.into())).collect();
    }
    let select = query::distinct(collection, scope, &query, &path).ok_or_else(unknown)?;
    let (sql, values) = build(&select)?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, Sql>(0)).map_err(failed)?;
    let mut out = Vec::new();
    for row in rows {
        out.push(match (shape, row.map_err(failed)?) {
            (Shape::Time, Sql::Integer(time)) => Millis(time).into(),
            (Shape::Flag, Sql::Integer(flag)) => Value::Bool(flag != 0),
            (_, Sql::Integer(value)) => value.into(),
            (_, Sql::Real(value)) => value.into(),
            (_, Sql::Text(value)) => value.into(),
            (_, Sql::Null | Sql::Blob(_)) => continue,
        });
    }
    Ok(out)
}
