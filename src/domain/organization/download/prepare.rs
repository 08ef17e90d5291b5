//! Preparing a download: reading what is wanted, and trying it.

use std::sync::Arc;

use serde_json::Value;

use super::{super::unpaged, DownloadKind, column::Column};
use crate::{
    domain::{Ctx, held::Weigh},
    store::{
        Snapshot,
        documents::{FindOptions, Matches, Public},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// Columns of one file.
const MAX_COLUMNS: usize = 1_000;
/// Bytes of one prepared download.
const MAX_WEIGHT: usize = 1024 * 1024;

/// A list that is wanted as a file.
#[derive(Clone, Debug)]
pub struct DownloadRequest {
    /// What it lists.
    pub kind: DownloadKind,
    /// The columns, in order.
    pub columns: Vec<FieldMapping>,
    /// Filters, order and `only_fields`, as `get_all_ex` takes them. Paging in it means nothing.
    pub query: Json,
}

/// One column.
#[derive(Clone, Debug)]
pub struct FieldMapping {
    /// Dotted path of the field.
    pub field: String,
    /// Name of the column, when it is not the field's.
    pub name: Option<String>,
    /// What stands in for certain values.
    pub values: Vec<(Value, Value)>,
}

/// A download that was prepared.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) kind: DownloadKind,
    pub(super) columns: Vec<Column>,
    pub(super) query: Json,
    weight: usize,
}

impl Weigh for Arc<Prepared> {
    fn weight(&self) -> usize {
        self.weight
    }
}

impl Prepared {
    fn read(asked: DownloadRequest) -> Result<Prepared> {
        let wrong =
            |field: &str, text: &str| ApiError::new(ErrorKind::ValidationError, text).with("field", field);
        if asked.columns.is_empty() || asked.columns.len() > MAX_COLUMNS {
            return Err(wrong("field_mappings", "a file has 1 to 1,000 columns"));
        }
        if !matches!(asked.query.get("only_fields"), Some(Value::Array(fields)) if !fields.is_empty()) {
            return Err(wrong("only_fields", "name at least one field"));
        }
        let collection = asked.kind.collection();
        let mut columns: Vec<Column> = Vec::new();
        let mut names = std::collections::HashSet::new();
        let mut weight = 256 + Value::Object(asked.query.clone()).to_string().len();
        for mapping in asked.columns {
            let column = Column::read(collection, mapping)?;
            if !names.insert(column.name.clone()) {
                return Err(wrong("field_mappings", "two columns have the same name")
                    .with("name", column.name.as_str()));
            }
            weight += column.weight();
            columns.push(column);
        }
        if weight > MAX_WEIGHT {
            return Err(wrong("query", "the query and the columns may take 1 MiB together; name fewer ids"));
        }
        Ok(Prepared { kind: asked.kind, columns, query: unpaged(&asked.query), weight })
    }

    /// The first `most` entities that the caller may see now.
    pub(super) fn matches(&self, ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, most: u64) -> Result<Matches> {
        let query = ctx.query_options(Public::ByRequest);
        let options = FindOptions { query, expanded: true, ..FindOptions::default() };
        snapshot.matches(self.kind.collection(), &self.query, &options, most)
    }
}

/// Keeps a list that is to be downloaded, and answers the id to fetch it by: as often as wanted, by the same person,
/// until it expires.
///
/// Errors: 400/12 no or too many columns, two of the same name, a value mapped twice, a query that is too long; 400 as
/// the query language names them.
pub fn prepare_download(ctx: &Ctx<'_>, asked: DownloadRequest) -> Result<String> {
    let prepared = Prepared::read(asked)?;
    // What is wrong with a query shows now, not in the middle of a file.
    ctx.read(|snapshot| {
        let first = prepared.matches(ctx, snapshot, 1)?;
        snapshot.read_matches(&first, 0..first.len())
    })?;
    let lifetime = ctx.app.settings.services.organization.download.redis_timeout_sec.signed();
    let expires = ctx.call.received.plus_seconds(lifetime);
    let downloads = &ctx.app.downloads.0;
    Ok(downloads.put(Some(&ctx.call.id), &ctx.subject(), Arc::new(prepared), expires))
}
