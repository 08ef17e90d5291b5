//! Reading documents by row: one statement for their columns, one for each side table that is wanted.

use std::collections::HashMap;

use rusqlite::{Connection, params_from_iter, types::Value as Sql};
use sea_query::{Expr, ExprTrait, Query};
use serde_json::{Map, Value};

use crate::store::{
    Scope,
    query::{Collection, DOCUMENT, Stored, build, failed, listed},
};
use crate::types::{Json, Millis, Result};

use super::{
    assemble::{self, Needs, Row},
    foreign, metrics,
    projection::Projection,
};

/// Reads the wanted parts of these rows, in their order. The caller has checked that the scope may see them.
pub(super) fn documents(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    rows: &[i64],
    projection: &Projection,
    max_entries: Option<i64>,
) -> Result<Vec<Json>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<_> = collection
        .fields
        .iter()
        .filter_map(|field| projection.top(field).map(|want| (field, want)))
        .collect();
    let mut needs = Needs::default();
    for (field, want) in &wanted {
        needs.add(field, want);
    }
    if foreign::may_be_public(collection.entity) {
        needs.origin();
    }
    let mut found = columns(conn, collection, rows, &needs.columns)?;
    if needs.metrics {
        // Only `last_metrics` itself can be read in part; the list of names needs them all.
        let mut fields = wanted.iter().filter(|(field, _)| field.stored.is_metrics());
        let part = match (fields.next(), fields.next()) {
            (Some((field, want)), None) if field.stored == Stored::Metrics => Some(*want),
            _ => None,
        };
        metrics::add(conn, collection, rows, part, &mut found)?;
    }
    if needs.entries {
        entries(conn, &mut found, max_entries)?;
    }
    let mut documents = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(mut row) = found.remove(row) else { continue };
        let mut document = Map::new();
        let is_foreign = foreign::is_foreign(&row, scope);
        for (field, want) in &wanted {
            if let Some(value) = assemble::field(field, want, &mut row)? {
                document.insert(field.name.to_owned(), value);
            }
        }
        for path in projection.removals() {
            remove(&mut document, path);
        }
        if is_foreign {
            foreign::withhold(&mut document);
        }
        documents.push(document);
    }
    Ok(documents)
}

fn remove(document: &mut Json, path: &[String]) {
    match path {
        [] => {}
        [last] => {
            document.remove(last);
        }
        [first, rest @ ..] => match document.get_mut(first) {
            Some(Value::Object(inner)) => remove(inner, rest),
            Some(Value::Array(items)) => {
                items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| remove(item, rest))
            }
            _ => {}
        },
    }
}

/// A JSON list of rows for `json_each`.
pub(super) fn row_list(rows: &[i64]) -> String {
    Value::from(rows).to_string()
}

fn columns(
    conn: &Connection,
    collection: &'static Collection,
    rows: &[i64],
    columns: &[&'static str],
) -> Result<HashMap<i64, Row>> {
    let mut select = Query::select();
    select.column((DOCUMENT, "rowid"));
    for column in columns {
        select.column((DOCUMENT, *column));
    }
    select
        .from_as(collection.table, DOCUMENT)
        .and_where(Expr::col((DOCUMENT, "rowid")).in_subquery(listed_numbers(rows)));
    let (sql, values) = build(&select)?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let found = statement
        .query_map(params_from_iter(values), |row| {
            let mut read = Row::default();
            for (position, column) in columns.iter().enumerate() {
                read.columns.insert(column, row.get::<_, Sql>(position + 1)?);
            }
            Ok((row.get::<_, i64>(0)?, read))
        })
        .map_err(failed)?
        .collect::<rusqlite::Result<_>>()
        .map_err(failed)?;
    Ok(found)
}

/// `SELECT value FROM json_each(?)` over row numbers.
pub(super) fn listed_numbers(rows: &[i64]) -> sea_query::SelectStatement {
    let list = sea_query::Func::cust("json_each").arg(row_list(rows));
    Query::select().column("value").from_function(list, "listed").to_owned()
}

/// What waits in queues, in order. A negative limit counts from the end, 0 is none (spec/queues_workers.md 2.3).
fn entries(conn: &Connection, found: &mut HashMap<i64, Row>, limit: Option<i64>) -> Result<()> {
    const WAITING: &str = "SELECT task, added FROM queue_entry WHERE queue = ?1 ORDER BY position";
    let mut statement = conn.prepare_cached(WAITING).map_err(failed)?;
    for row in found.values_mut() {
        let Some(Sql::Text(id)) = row.columns.get("id") else { continue };
        let mut entries: Vec<Value> = statement
            .query_map([id], |row| {
                let added = Millis(row.get(1)?);
                Ok(serde_json::json!({"task": row.get::<_, String>(0)?, "added": added.0}))
            })
            .map_err(failed)?
            .collect::<rusqlite::Result<_>>()
            .map_err(failed)?;
        let keep = |limit: i64| usize::try_from(limit.unsigned_abs()).unwrap_or(usize::MAX);
        match limit {
            None | Some(0) => {}
            Some(limit) if limit > 0 => entries.truncate(keep(limit)),
            Some(limit) => {
                entries.drain(..entries.len().saturating_sub(keep(limit)));
            }
        }
        row.entries = Some(Value::Array(entries));
    }
    Ok(())
}

/// Rows and ids of the visible documents with these ids.
pub(super) fn rows_of(
    conn: &Connection,
    collection: &'static Collection,
    condition: Expr,
    ids: &[String],
) -> Result<Vec<i64>> {
    let select = Query::select()
        .column((DOCUMENT, "rowid"))
        .from_as(collection.table, DOCUMENT)
        .and_where(condition)
        .and_where(Expr::col((DOCUMENT, "id")).in_subquery(listed(ids.iter())))
        .to_owned();
    let (sql, values) = build(&select)?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0)).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}
