//! Statements over the documents that a request selects: the query language and the scope decide which, a plain
//! statement says what is wanted of them.

use rusqlite::{Row, params_from_iter, types::Value as Sql};

use super::{
    Snapshot,
    query::{self, Collection, DOCUMENT, QueryOptions, build, failed},
};
use crate::types::{Json, Result};

/// The rows of one collection that a request selects within a scope, as a table expression called `docs`.
pub(crate) struct Selection {
    with: String,
    values: Vec<Sql>,
}

impl Snapshot<'_> {
    /// Selects the documents that match `request`, its order and window ignored, with these columns.
    ///
    /// Errors: 400 as the query language names them.
    pub(crate) fn selection(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &QueryOptions,
        columns: &[&'static str],
    ) -> Result<Selection> {
        let query = query::parse(collection, request, options)?;
        let mut select = query::matching(collection, self.scope, &query);
        for column in columns {
            select.column((DOCUMENT, *column));
        }
        let (sql, values) = build(&select)?;
        Ok(Selection { with: format!("WITH docs AS ({sql}) "), values })
    }
}

impl Selection {
    /// No documents at all, for statements that know their rows without them.
    pub(crate) fn none() -> Selection {
        Selection { with: String::new(), values: Vec::new() }
    }

    /// Runs a statement that reads from `docs`. Its own parameters are anonymous and follow those of the selection.
    pub(crate) fn all<T>(
        &self,
        snapshot: &Snapshot<'_>,
        statement: &str,
        own: impl IntoIterator<Item = Sql>,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let sql = format!("{}{statement}", self.with);
        let mut prepared = snapshot.conn.prepare_cached(&sql).map_err(failed)?;
        let values = self.values.iter().cloned().chain(own);
        let rows = prepared.query_map(params_from_iter(values), map).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }
}
