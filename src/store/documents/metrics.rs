//! Latest values of scalars, from the side tables of tasks and models (protocol: spec/tasks.md 9.4).

use std::collections::HashMap;

use rusqlite::{Connection, params, params_from_iter};
use serde_json::{Map, Value};

use crate::store::query::{Collection, Entity, failed};
use crate::store::sql::json_list;
use crate::types::Result;

use super::{assemble::Row, projection::Want, read::row_list};

/// Name of a scalar, with the hashes that clients address it by.
struct Name {
    metric: String,
    variant: String,
    metric_hash: String,
    variant_hash: String,
}

/// Adds to each document its latest values by metric and variant hash, in the order of their names. Only metrics that
/// are named in `wanted` are read, if any are named.
pub(super) fn add(
    conn: &Connection,
    collection: &'static Collection,
    rows: &[i64],
    wanted: Option<Want<'_>>,
    found: &mut HashMap<i64, Row>,
) -> Result<()> {
    let list = row_list(rows);
    let named = wanted.filter(|want| !want.is_whole()).map(|want| want.names().collect::<Vec<_>>());
    let names = match &named {
        Some(hashes) => names(conn, NAMED, &json_list(hashes))?,
        None if collection.entity == Entity::Task => names(conn, OF_TASKS, &list)?,
        None => names(conn, OF_MODELS, &list)?,
    };
    let (table, owner) = match collection.entity {
        Entity::Task => ("task_metric", "task"),
        _ => ("model_metric", "model"),
    };
    let ids: Vec<i64> = names.iter().map(|(id, _)| *id).collect();
    let places: HashMap<i64, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let only = if named.is_some() { "AND metric_variant IN (SELECT value FROM json_each(?2))" } else { "" };
    let sql = format!(
        "SELECT {owner}, metric_variant, value, min_value, min_value_iteration, max_value, max_value_iteration,
                first_value, first_value_iteration, count, total, x_axis_label
         FROM {table} WHERE {owner} IN (SELECT value FROM json_each(?1)) {only}"
    );
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let mut values = match named {
        Some(_) => statement.query(params![list, row_list(&ids)]),
        None => statement.query(params![list]),
    }
    .map_err(failed)?;
    let mut summaries = Vec::new();
    while let Some(row) = values.next().map_err(failed)? {
        let key: (i64, i64) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        if let Some((place, (_, name))) =
            places.get(&key.1).and_then(|place| Some((*place, names.get(*place)?)))
        {
            // A metric without the wanted variant still shows, empty.
            let shown = wanted.is_none_or(|want| {
                want.child(&name.metric_hash).is_some_and(|want| want.child(&name.variant_hash).is_some())
            });
            let summary = if shown { Some(summary(row, name).map_err(failed)?) } else { None };
            summaries.push((key.0, place, name, summary));
        }
    }
    summaries.sort_by_key(|(owner, place, ..)| (*owner, *place));
    for (owner, _, name, summary) in summaries {
        let Some(owner) = found.get_mut(&owner) else { continue };
        if let Value::Array(names) = owner.metric_names.get_or_insert_with(|| Value::Array(Vec::new())) {
            names.push(format!("{}/{}", name.metric, name.variant).into());
        }
        if let Value::Object(metrics) = owner.metrics.get_or_insert_with(|| Value::Object(Map::new()))
            && let Value::Object(variants) =
                metrics.entry(name.metric_hash.as_str()).or_insert_with(|| Value::Object(Map::new()))
            && let Some(summary) = summary
        {
            variants.insert(name.variant_hash.clone(), Value::Object(summary));
        }
    }
    Ok(())
}

const NAMED: &str = "SELECT id, metric, variant, metric_hash, variant_hash FROM metric_variant
     WHERE metric_hash IN (SELECT value FROM json_each(?1)) ORDER BY metric, variant";
const OF_TASKS: &str = "SELECT id, metric, variant, metric_hash, variant_hash FROM metric_variant WHERE id IN
     (SELECT metric_variant FROM task_metric WHERE task IN (SELECT value FROM json_each(?1))) ORDER BY metric, variant";
const OF_MODELS: &str = "SELECT id, metric, variant, metric_hash, variant_hash FROM metric_variant WHERE id IN
     (SELECT metric_variant FROM model_metric WHERE model IN (SELECT value FROM json_each(?1))) ORDER BY metric, variant";

/// Names with their numbers, in order.
fn names(conn: &Connection, sql: &str, list: &str) -> Result<Vec<(i64, Name)>> {
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    let names = statement
        .query_map(params_from_iter([list]), |row| {
            let (metric, variant) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, Name { metric, variant, metric_hash: row.get(3)?, variant_hash: row.get(4)? }))
        })
        .map_err(failed)?;
    names.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn summary(row: &rusqlite::Row<'_>, name: &Name) -> rusqlite::Result<Map<String, Value>> {
    let mut out = Map::with_capacity(12);
    out.insert("metric".to_owned(), name.metric.as_str().into());
    out.insert("variant".to_owned(), name.variant.as_str().into());
    out.insert("value".to_owned(), row.get::<_, f64>(2)?.into());
    for (place, value, iteration) in [
        (3, "min_value", "min_value_iteration"),
        (5, "max_value", "max_value_iteration"),
        (7, "first_value", "first_value_iteration"),
    ] {
        out.insert(value.to_owned(), row.get::<_, f64>(place)?.into());
        out.insert(iteration.to_owned(), row.get::<_, i64>(place + 1)?.into());
    }
    let (count, total) = (row.get::<_, i64>(9)?, row.get::<_, f64>(10)?);
    out.insert("count".to_owned(), count.into());
    if count > 0 {
        out.insert("mean_value".to_owned(), (total / count as f64).into());
    }
    if let Some(label) = row.get::<_, Option<String>>(11)? {
        out.insert("x_axis_label".to_owned(), label.into());
    }
    Ok(out)
}
