//! Which rows a list shows: conditions, order and window, without reading the documents.

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use sea_query::{Expr, ExprTrait, Func, Query as Sql, SelectStatement};

use crate::store::{
    Scope,
    query::{
        self, Collection, DOCUMENT,
        ast::Query,
        build, failed,
        segments::{self, Segment, SideKey},
    },
};
use crate::types::Result;

use super::read::listed_numbers;

/// So many documents are sorted by a scalar or parameter by looking each one's value up; of more, those of the page are
/// found in the order of the values.
pub(super) const FEW: u64 = 8_000;

/// The rows from `start` on, at most `size`, in the order of the query.
pub(super) fn select(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    query: &Query,
    (start, size): (u64, Option<u64>),
    few: u64,
) -> Result<Vec<i64>> {
    let (Some(size), Some(key)) = (size, segments::side_key(collection, query)) else {
        return plain(conn, collection, query, query::matching(collection, scope, query), start, size);
    };
    let mut some = query::matching(collection, scope, query);
    some.column((DOCUMENT, "rowid")).limit(few.saturating_add(1));
    let some = numbers(conn, &some)?;
    if u64::try_from(some.len()).is_ok_and(|found| found <= few) {
        let mut select = Sql::select();
        select
            .from_as(collection.table, DOCUMENT)
            .and_where(Expr::col((DOCUMENT, "rowid")).in_subquery(listed_numbers(&some)));
        return plain(conn, collection, query, select, start, Some(size));
    }
    match segments_of(conn, query, &key)? {
        Some(segments) => by_segments(conn, scope, collection, query, &segments, start, size),
        // Nobody has ever reported this scalar.
        None => plain(conn, collection, query, query::matching(collection, scope, query), start, Some(size)),
    }
}

fn plain(
    conn: &Connection,
    collection: &'static Collection,
    query: &Query,
    mut select: SelectStatement,
    start: u64,
    size: Option<u64>,
) -> Result<Vec<i64>> {
    select.column((DOCUMENT, "rowid"));
    query::ordered(collection, query, &mut select);
    super::window(&mut select, start, size);
    numbers(conn, &select)
}

fn segments_of(conn: &Connection, query: &Query, key: &SideKey) -> Result<Option<Vec<Segment>>> {
    match key {
        SideKey::Metric { metric, variant } => {
            let number = numbers(conn, &segments::number_of(metric, variant))?.pop();
            Ok(number.map(|number| vec![Segment::Metric { number }, Segment::NoMetric { number }]))
        }
        SideKey::Parameter { section, name } => {
            let (sql, values) = build(&segments::values_of(section, name))?;
            let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
            let values: Vec<String> = statement
                .query_map(params_from_iter(values), |row| row.get(0))
                .map_err(failed)?
                .collect::<rusqlite::Result<_>>()
                .map_err(failed)?;
            Ok(Some(segments::of_parameter(query, section, name, values)))
        }
    }
}

fn by_segments(
    conn: &Connection,
    scope: &Scope,
    collection: &'static Collection,
    query: &Query,
    segments: &[Segment],
    mut skip: u64,
    size: u64,
) -> Result<Vec<i64>> {
    let mut rows = Vec::new();
    for segment in segments {
        let missing = size.saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        if missing == 0 {
            break;
        }
        let mut select = segments::within(collection, scope, query, segment);
        select.column((DOCUMENT, "rowid"));
        segments::ordered_within(collection, query, segment, &mut select);
        super::window(&mut select, skip, Some(missing));
        let found = numbers(conn, &select)?;
        if !found.is_empty() {
            skip = 0;
        } else if skip > 0 {
            let mut all = segments::within(collection, scope, query, segment);
            all.expr(Func::count(Expr::cust("*")));
            skip = skip.saturating_sub(u64::try_from(number(conn, &all)?).unwrap_or_default());
        }
        rows.extend(found);
    }
    Ok(rows)
}

fn numbers(conn: &Connection, select: &SelectStatement) -> Result<Vec<i64>> {
    let (sql, values) = build(select)?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0)).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn number(conn: &Connection, select: &SelectStatement) -> Result<i64> {
    let (sql, values) = build(select)?;
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let found = statement.query_row(params_from_iter(values), |row| row.get(0)).optional().map_err(failed)?;
    Ok(found.unwrap_or_default())
}
