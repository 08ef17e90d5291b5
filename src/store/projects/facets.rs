//! What can be chosen when filtering the content of projects: names of metrics, parameters, metadata, people.

use rusqlite::{Row, types::Value as Sql};

use crate::{
    store::{
        Snapshot,
        loose::{self, Content},
        query::{self, Collection, MODEL, QueryOptions, TASK},
        selection::Selection,
    },
    types::{Json, Result},
};

/// One name of a scalar with the hashes that clients address it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Metric.
    pub metric: String,
    /// MD5 of the metric, lower-case hex.
    pub metric_hash: String,
    /// Variant.
    pub variant: String,
    /// MD5 of the variant, lower-case hex.
    pub variant_hash: String,
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Entries to skip.
    pub start: i64,
    /// Entries to return at most.
    pub size: i64,
}

/// A part of a list, and how long the whole is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// The entries asked for.
    pub items: Vec<T>,
    /// Length of the whole list.
    pub total: i64,
}

/// The parameters of the statements of [`loose`].
fn bound(content: Content) -> Vec<Sql> {
    vec![Sql::Text(content.companies), content.projects.map_or(Sql::Null, Sql::Text)]
}

/// Pages through `SELECT DISTINCT …` in the given order; the columns and the length of the whole come back at once.
fn paged<T>(
    docs: &Selection,
    snapshot: &Snapshot<'_>,
    distinct: &str,
    own: Vec<Sql>,
    order: &str,
    slice: Slice,
    mut map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Paged<T>> {
    let sql =
        format!("SELECT *, count(*) OVER () AS total FROM ({distinct}) ORDER BY {order} LIMIT ? OFFSET ?");
    let window = [Sql::Integer(slice.size), Sql::Integer(slice.start)];
    let mut total = None;
    let items = docs.all(snapshot, &sql, own.iter().cloned().chain(window), |row| {
        total = Some(row.get("total")?);
        map(row)
    })?;
    let total = match total {
        Some(total) => total,
        // Behind the end no row says how long the whole is.
        None => docs
            .all(snapshot, &format!("SELECT count(*) FROM ({distinct})"), own, |row| row.get(0))?
            .pop()
            .unwrap_or_default(),
    };
    Ok(Paged { items, total })
}

impl Snapshot<'_> {
    /// Metrics and variants of the selected tasks or models, by name.
    ///
    /// Errors: 400 as the query language names them.
    pub fn metric_variants(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &QueryOptions,
    ) -> Result<Vec<Variant>> {
        let query = query::parse(collection, request, options)?;
        let (docs, ids, own) = match Content::of(self.conn, self.scope, &query)? {
            Some(content) => (Selection::none(), loose::metrics(collection, &content), bound(content)),
            None => {
                let side = if std::ptr::eq(collection, &MODEL) { "model" } else { "task" };
                let ids =
                    format!("SELECT m.metric_variant FROM docs JOIN {side}_metric m ON m.{side} = docs.seq");
                (self.selection(collection, request, options, &["seq"])?, ids, Vec::new())
            }
        };
        let sql = format!(
            "SELECT n.metric, n.metric_hash, n.variant, n.variant_hash FROM metric_variant n
             WHERE n.id IN ({ids}) ORDER BY n.metric, n.variant"
        );
        docs.all(self, &sql, own, |row| {
            Ok(Variant {
                metric: row.get(0)?,
                metric_hash: row.get(1)?,
                variant: row.get(2)?,
                variant_hash: row.get(3)?,
            })
        })
    }

    /// Sections and names of the hyper-parameters of the selected tasks, sorted.
    ///
    /// Errors: 400 as the query language names them.
    pub fn hyperparam_names(
        &self,
        request: &Json,
        options: &QueryOptions,
        slice: Slice,
    ) -> Result<Paged<(String, String)>> {
        let query = query::parse(&TASK, request, options)?;
        let (docs, distinct, own) = match Content::of(self.conn, self.scope, &query)? {
            Some(content) => (Selection::none(), loose::parameters(&content), bound(content)),
            None => (
                self.selection(&TASK, request, options, &["seq"])?,
                "SELECT DISTINCT h.section, h.name FROM docs JOIN task_hyperparam h ON h.task = docs.seq"
                    .to_owned(),
                Vec::new(),
            ),
        };
        paged(&docs, self, &distinct, own, "1, 2", slice, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Values of one hyper-parameter over the selected tasks, runs of digits sorted as numbers. `pattern` is
    /// searched for in them, in either case.
    ///
    /// Errors: 400 as the query language names them; 400/21 for the pattern.
    pub fn hyperparam_values(
        &self,
        request: &Json,
        options: &QueryOptions,
        section: &str,
        name: &str,
        pattern: Option<&str>,
        slice: Slice,
    ) -> Result<Paged<String>> {
        if let Some(pattern) = pattern {
            // A bad pattern is an error even when no value would be compared with it.
            let checked = self.conn.query_row("SELECT matches(?1, 1, '')", [pattern], |_| Ok(()));
            checked.map_err(query::failed)?;
        }
        let matching = if pattern.is_some() { " AND matches(?, 1, h.value)" } else { "" };
        let query = query::parse(&TASK, request, options)?;
        let (docs, from, anywhere) = match Content::of(self.conn, self.scope, &query)? {
            // The index of values knows whose they are.
            Some(Content { companies, projects: None }) => {
                let from = "task_hyperparam h WHERE h.company IN (SELECT value FROM json_each(?)) AND";
                (Selection::none(), from, Some(companies))
            }
            _ => {
                let docs = self.selection(&TASK, request, options, &["seq"])?;
                (docs, "docs JOIN task_hyperparam h ON h.task = docs.seq WHERE", None)
            }
        };
        let distinct = format!(
            "SELECT DISTINCT h.value FROM {from} h.section = ? AND h.name = ? AND h.value IS NOT NULL{matching}"
        );
        let own = [anywhere.as_deref(), Some(section), Some(name), pattern].into_iter().flatten();
        let own = own.map(|text| Sql::Text(text.to_owned())).collect();
        paged(&docs, self, &distinct, own, "1 COLLATE natural_order, 1", slice, |row| row.get(0))
    }

    /// Keys of the metadata of the selected models, sorted.
    ///
    /// Errors: 400 as the query language names them.
    pub fn metadata_keys(
        &self,
        request: &Json,
        options: &QueryOptions,
        slice: Slice,
    ) -> Result<Paged<String>> {
        let docs = self.selection(&MODEL, request, options, &["seq"])?;
        let distinct = "SELECT DISTINCT d.key FROM docs JOIN model_metadata d ON d.model = docs.seq";
        paged(&docs, self, distinct, Vec::new(), "1", slice, |row| row.get(0))
    }

    /// Values of one metadata key over the selected models, runs of digits sorted as numbers.
    ///
    /// Errors: 400 as the query language names them.
    pub fn metadata_values(
        &self,
        request: &Json,
        options: &QueryOptions,
        key: &str,
        slice: Slice,
    ) -> Result<Paged<String>> {
        let docs = self.selection(&MODEL, request, options, &["seq"])?;
        let distinct = "SELECT DISTINCT d.value FROM docs JOIN model_metadata d ON d.model = docs.seq
                        WHERE d.key = ? AND d.value IS NOT NULL";
        let own = vec![Sql::Text(key.to_owned())];
        paged(&docs, self, distinct, own, "1 COLLATE natural_order, 1", slice, |row| row.get(0))
    }

    /// Ids and names of the people who made the selected tasks or models, by name. People of other tenants, whose
    /// documents are public, are not named (spec/security_rules.md S17).
    ///
    /// Errors: 400 as the query language names them.
    pub fn creators(
        &self,
        collection: &'static Collection,
        request: &Json,
        options: &QueryOptions,
    ) -> Result<Vec<(String, String)>> {
        let docs = self.selection(collection, request, options, &["user"])?;
        let sql = "SELECT u.id, u.name FROM user u WHERE u.id IN (SELECT user FROM docs) AND u.company = ?
                   ORDER BY u.name, u.id";
        let company = Sql::Text(self.scope.company.as_str().to_owned());
        docs.all(self, sql, [company], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Values of one column over the selected documents, NULL left out, in no particular order.
    ///
    /// Errors: 400 as the query language names them.
    pub(crate) fn column_values(
        &self,
        collection: &'static Collection,
        column: &'static str,
        request: &Json,
        options: &QueryOptions,
    ) -> Result<Vec<String>> {
        let docs = self.selection(collection, request, options, &[column])?;
        let sql = format!("SELECT DISTINCT {column} FROM docs WHERE {column} IS NOT NULL");
        docs.all(self, &sql, [], |row| row.get(0))
    }
}
