//! Deleting runs (spec/projects.md 5.2).

use std::collections::{BTreeSet, HashSet};

use serde_json::json;

use crate::{
    domain::{
        Ctx,
        tasks::{self, Batch, CONTROLLER, Disposal, Disposed},
    },
    store::{documents::Public, query::TASK},
    types::{ApiError, ErrorKind, Json, Result},
};

/// Runs go with their steps, drafts of models and files, whatever stands against it.
const EVERYTHING: Disposal =
    Disposal { force: true, delete_models: true, delete_files: true, return_urls: false };

/// Deletes runs of a pipeline, each by itself; ids of anything else are passed over.
///
/// Errors: 400/160 when no run would be left, also when there is none (or no such project).
pub fn delete_runs(ctx: &Ctx<'_>, project: &str, ids: &[String]) -> Result<Batch<Disposed>> {
    let of_project =
        Json::from_iter([("project".to_owned(), json!([project])), ("type".to_owned(), json!([CONTROLLER]))]);
    let mut options = ctx.query_options(Public::Never);
    options.show_hidden = true;
    ctx.write(|tx| {
        let runs: HashSet<String> =
            tx.column_values(&TASK, "id", &of_project, &options)?.into_iter().collect();
        let mut seen = BTreeSet::new();
        let going: Vec<String> =
            ids.iter().filter(|id| runs.contains(*id) && seen.insert(*id)).cloned().collect();
        if going.len() == runs.len() {
            let text = "a pipeline keeps at least one run; delete the pipeline's project to delete all of it";
            return Err(ApiError::new(ErrorKind::CannotRemoveAllRuns, text).with("project", project));
        }
        tasks::delete_each(ctx, tx, &going, true, EVERYTHING)
    })
}
