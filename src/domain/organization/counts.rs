//! How much there is of each kind (spec/projects.md 4.3).

use serde_json::json;

use super::unpaged;
use crate::{
    domain::{Ctx, projects},
    store::{
        Snapshot,
        documents::{Public, QueryOptions},
        query::{Collection, MODEL, PROJECT, TASK},
    },
    types::{ApiError, Json, Result},
};

/// A kind of documents that can be counted.
#[derive(Debug)]
pub struct Kind {
    /// Its key in requests and answers.
    pub key: &'static str,
    collection: &'static Collection,
    /// Only tasks of this type.
    task_type: Option<&'static str>,
    /// Hidden ones count only when they are asked for.
    leaves_hidden_out: bool,
}

impl Kind {
    const fn new(key: &'static str, collection: &'static Collection) -> Self {
        Kind { key, collection, task_type: None, leaves_hidden_out: false }
    }

    const fn without_hidden(mut self) -> Self {
        self.leaves_hidden_out = true;
        self
    }

    const fn of_type(mut self, task_type: &'static str) -> Self {
        self.task_type = Some(task_type);
        self
    }
}

/// The kinds, in the order of answers. What makes a project a pipeline or a dataset is a tag that the caller asks for.
pub static KINDS: [Kind; 8] = [
    Kind::new("projects", &PROJECT).without_hidden(),
    Kind::new("tasks", &TASK).without_hidden(),
    Kind::new("models", &MODEL),
    Kind::new("pipelines", &PROJECT),
    Kind::new("pipeline_runs", &TASK).of_type("controller"),
    Kind::new("datasets", &PROJECT),
    Kind::new("dataset_versions", &TASK).of_type("data_processing"),
    Kind::new("reports", &TASK).of_type("report"),
];

/// What is to be counted, and how.
#[derive(Clone, Debug)]
pub struct CountRequest {
    /// The query of each kind, by its key; kinds that are not named are not counted.
    pub queries: Vec<(&'static Kind, Json)>,
    /// Count hidden projects and tasks as well.
    pub search_hidden: bool,
    /// Count public documents as well.
    pub allow_public: bool,
    /// Only what these people made, and projects in which they made something; nobody: everything.
    pub active_users: Vec<String>,
    /// Stop counting a kind here.
    pub limit: Option<u64>,
}

/// The number of one kind, or why its query is not valid.
pub type Counted = std::result::Result<u64, ApiError>;

/// The counts by kind, in the order of the request.
pub type Counts = Vec<(&'static str, Counted)>;

/// Counts documents of several kinds on one snapshot. A query that is not valid fails alone.
///
/// Errors: only the server's own.
pub fn count(ctx: &Ctx<'_>, asked: &CountRequest) -> Result<Counts> {
    ctx.read(|snapshot| {
        let mut counts = Vec::new();
        for (kind, query) in &asked.queries {
            match count_kind(ctx, snapshot, asked, kind, query) {
                Err(error) if error.kind().code() >= 500 => return Err(error),
                counted => counts.push((kind.key, counted)),
            }
        }
        Ok(counts)
    })
}

fn count_kind(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    asked: &CountRequest,
    kind: &Kind,
    query: &Json,
) -> Result<u64> {
    let mut query = unpaged(query);
    for key in ["order_by", "search_hidden", "include_subprojects"] {
        query.remove(key);
    }
    let mut options = QueryOptions {
        // What is hidden does not depend on the query here.
        show_hidden: true,
        plain_tree: true,
        ..ctx.query_options(if asked.allow_public { Public::Always } else { Public::Never })
    };
    if kind.leaves_hidden_out && !asked.search_hidden {
        options.also.insert("system_tags".to_owned(), json!(["__$not", "hidden"]));
    }
    if let Some(task_type) = kind.task_type {
        options.also.insert("type".to_owned(), json!([task_type]));
    }
    if !asked.active_users.is_empty() {
        if std::ptr::eq(kind.collection, &PROJECT) {
            let users = &asked.active_users;
            options.only = projects::touched_by(ctx, snapshot, &query, users, asked.allow_public)?;
        } else if query.get("user").is_none_or(serde_json::Value::is_null) {
            options.also.insert("user".to_owned(), json!(asked.active_users));
        }
    }
    match asked.limit {
        Some(limit) => snapshot.count_up_to(kind.collection, &query, &options, limit),
        None => snapshot.count(kind.collection, &query, &options),
    }
}
