#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod counts;
mod projections;
mod schema;
mod speed;

use rusqlite::{Connection, params, types::Value as Sql};
use serde_json::{Value, json};

use super::*;
use crate::store::{
    migrate,
    query::{PROJECT, TASK},
};
use crate::types::ErrorKind;

/// An empty database with the documents' schema and what it refers to.
pub(crate) fn database() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    query::register(&conn).unwrap();
    migrate::MIGRATIONS.to_latest(&mut conn).unwrap();
    conn.execute_batch(
        "INSERT INTO company (id, name, name_fold, created) VALUES ('c1', 'Acme', 'acme', 0), ('c2', 'Other', 'other', 0);
         INSERT INTO user (id, company, name, created) VALUES ('ann', 'c1', 'Ann Lee', 0), ('eve', 'c2', 'Eve', 0);",
    )
    .unwrap();
    conn
}

/// Inserts a row; objects and lists become JSON text, and required columns have defaults.
pub(crate) fn insert(conn: &Connection, table: &str, row: Value) {
    let Value::Object(mut row) = row else { panic!("a row is an object") };
    let common: &[(&str, Value)] = match table {
        "task" => &[("user", json!("ann")), ("type", json!("training")), ("last_change", json!(1))],
        "model" => &[("user", json!("ann")), ("last_change", json!(1))],
        "project" => &[("user", json!("ann"))],
        _ => &[],
    };
    let name = row.get("id").cloned().unwrap_or_default();
    let base = [("company", json!("c1")), ("name", name), ("created", json!(1)), ("last_update", json!(1))];
    for (column, value) in common.iter().cloned().chain(base) {
        row.entry(column).or_insert(value);
    }
    if table == "project" {
        let basename = row["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        row.insert("basename".into(), basename.into());
    }
    let columns: Vec<&str> = row.keys().map(String::as_str).collect();
    let holes = vec!["?"; columns.len()].join(", ");
    let values = row.values().map(|value| match value {
        Value::Null => Sql::Null,
        Value::Bool(flag) => Sql::Integer((*flag).into()),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Sql::Real(number.as_f64().unwrap()), Sql::Integer)
        }
        Value::String(text) => Sql::Text(text.clone()),
        other => Sql::Text(other.to_string()),
    });
    let sql = format!("INSERT INTO {table} ({}) VALUES ({holes})", columns.join(", "));
    conn.prepare_cached(&sql).unwrap().execute(params_from_iter(values)).unwrap();
}

/// Sets the latest value of a scalar.
pub(crate) fn metric(conn: &Connection, task: &str, metric: &str, variant: &str, value: f64) {
    conn.execute(
        "INSERT INTO metric_variant (metric, variant, metric_hash, variant_hash) VALUES (?1, ?2, ?1, ?2)
         ON CONFLICT DO NOTHING",
        [metric, variant],
    )
    .unwrap();
    conn.execute(
        "INSERT INTO task_metric SELECT t.seq, n.id, ?3, 1, 0, ?3, 1, ?3, 1, ?3, 1, 2, ?3 * 2, NULL, t.company, t.project
         FROM task t, metric_variant n WHERE t.id = ?4 AND n.metric = ?1 AND n.variant = ?2",
        params![metric, variant, value, task],
    )
    .unwrap();
}

pub(crate) fn object(value: Value) -> Json {
    let Value::Object(object) = value else { panic!("a request is an object") };
    object
}

pub(crate) fn scope() -> Scope {
    Scope::tenant("c1")
}

/// Ids of a part of a query's result; up to `few` documents are sorted by looking their values up.
pub(crate) fn page(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    query: &Query,
    window: (u64, Option<u64>),
    few: u64,
) -> Result<Vec<String>> {
    let rows = rows::select(conn, scope, collection, query, window, few)?;
    let sql = format!("SELECT id FROM {} WHERE seq = ?1", collection.table);
    Ok(rows.iter().map(|row| conn.query_row(&sql, [row], |row| row.get(0)).unwrap()).collect())
}

/// Runs `get_all`, or `get_all_ex` when `expanded`.
fn search(
    conn: &Connection,
    collection: &'static Collection,
    expanded: bool,
    request: Value,
) -> Result<Found> {
    let query = QueryOptions { public: Public::ByRequest, ..QueryOptions::default() };
    let options = FindOptions { query, expanded, ..FindOptions::default() };
    find(conn, &scope(), Millis(0), collection, &object(request), &options)
}

fn get_all(conn: &Connection, request: Value) -> Vec<Value> {
    search(conn, &TASK, false, request).unwrap().documents.into_iter().map(Value::Object).collect()
}

fn get_all_ex(conn: &Connection, request: Value) -> Vec<Value> {
    search(conn, &TASK, true, request).unwrap().documents.into_iter().map(Value::Object).collect()
}

fn found(conn: &Connection, collection: &'static Collection, request: Value) -> Vec<String> {
    let options = QueryOptions { public: Public::ByRequest, ..QueryOptions::default() };
    ids(conn, &scope(), collection, &object(request), &options).unwrap()
}

fn tasks(conn: &Connection, request: Value) -> Vec<String> {
    found(conn, &TASK, request)
}

fn refused(conn: &Connection, request: Value) -> ErrorKind {
    search(conn, &TASK, false, request.clone())
        .map(|found| found.documents.len())
        .expect_err(&request.to_string())
        .kind()
}
