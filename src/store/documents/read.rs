//! Reading documents by row: one statement for their columns, one for each side table that is wanted.

use std::collections::HashMap;

use rusqlite::{Connection, params_from_iter, types::Value as Sql};
use sea_query::{Expr, ExprTrait, Query};
use serde_json::{Map, Value};

use crate::store::{
    Scope,
    query::{Collection, DOCUMENT, Entity, build, failed, listed},
};
use crate::types::{Json, Millis, Result};

use super::{
    assemble::{self, Needs, Row},
    foreign,
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
        metrics(conn, collection, rows, &mut found)?;
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
fn row_list(rows: &[i64]) -> String {
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
fn listed_numbers(rows: &[i64]) -> sea_query::SelectStatement {
    let list = sea_query::Func::cust("json_each").arg(row_list(rows));
    Query::select().column("value").from_function(list, "listed").to_owned()
}

/// Latest values of scalars, as a map by metric and variant hash (protocol: spec/tasks.md 9.4).
fn metrics(
    conn: &Connection,
    collection: &'static Collection,
    rows: &[i64],
    found: &mut HashMap<i64, Row>,
) -> Result<()> {
    const OF_TASKS: &str = "SELECT m.task, n.metric_hash, n.variant_hash, n.metric, n.variant, m.value, m.min_value, \
         m.min_value_iteration, m.max_value, m.max_value_iteration, m.first_value, m.first_value_iteration, \
         m.count, m.total, m.x_axis_label \
         FROM task_metric m JOIN metric_variant n ON n.id = m.metric_variant \
         WHERE m.task IN (SELECT value FROM json_each(?1)) ORDER BY m.task, n.metric, n.variant";
    const OF_MODELS: &str = "SELECT m.model, n.metric_hash, n.variant_hash, n.metric, n.variant, m.value, m.min_value, \
         m.min_value_iteration, m.max_value, m.max_value_iteration, m.first_value, m.first_value_iteration, \
         m.count, m.total, m.x_axis_label \
         FROM model_metric m JOIN metric_variant n ON n.id = m.metric_variant \
         WHERE m.model IN (SELECT value FROM json_each(?1)) ORDER BY m.model, n.metric, n.variant";
    let sql = if collection.entity == Entity::Task { OF_TASKS } else { OF_MODELS };
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    let mut values = statement.query([row_list(rows)]).map_err(failed)?;
    while let Some(row) = values.next().map_err(failed)? {
        let (owner, metric, variant, summary) = summary(row).map_err(failed)?;
        let Some(owner) = found.get_mut(&owner) else { continue };
        let (Some(metric_name), Some(variant_name)) = (text(&summary, "metric"), text(&summary, "variant"))
        else {
            continue;
        };
        if let Value::Array(names) = owner.metric_names.get_or_insert_with(|| Value::Array(Vec::new())) {
            names.push(format!("{metric_name}/{variant_name}").into());
        }
        if let Value::Object(metrics) = owner.metrics.get_or_insert_with(|| Value::Object(Map::new()))
            && let Value::Object(variants) =
                metrics.entry(metric).or_insert_with(|| Value::Object(Map::new()))
        {
            variants.insert(variant, Value::Object(summary));
        }
    }
    Ok(())
}

fn text<'a>(summary: &'a Json, key: &str) -> Option<&'a str> {
    summary.get(key).and_then(Value::as_str)
}

fn summary(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, String, String, Json)> {
    let mut out = Map::new();
    out.insert("metric".into(), row.get::<_, String>(3)?.into());
    out.insert("variant".into(), row.get::<_, String>(4)?.into());
    out.insert("value".into(), row.get::<_, f64>(5)?.into());
    for (name, value, iteration) in [("min_value", 6, 7), ("max_value", 8, 9), ("first_value", 10, 11)] {
        out.insert(name.into(), row.get::<_, f64>(value)?.into());
        out.insert(format!("{name}_iteration"), row.get::<_, i64>(iteration)?.into());
    }
    let (count, total) = (row.get::<_, i64>(12)?, row.get::<_, f64>(13)?);
    out.insert("count".into(), count.into());
    if count > 0 {
        out.insert("mean_value".into(), (total / count as f64).into());
    }
    if let Some(label) = row.get::<_, Option<String>>(14)? {
        out.insert("x_axis_label".into(), label.into());
    }
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, out))
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
