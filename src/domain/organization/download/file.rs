//! Fetching a prepared download: a file that is read from one snapshot, page by page, while it is sent.

use std::sync::Arc;

use serde_json::Value;

use super::{
    csv::{self, Quotes},
    prepare::Prepared,
};
use crate::{
    domain::{
        Ctx,
        transfer::{PagedFile, Pages},
    },
    store::{
        LongRead, Scope, Snapshot,
        documents::{Access, Matches},
    },
    types::{ApiError, ErrorKind, Result},
};

/// A page of rows is meant to take no more than this, in bytes.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Rows of the first page, when it isn't known yet how long they are.
const FIRST_ROWS: usize = 50;

/// A list on its way out.
pub struct ListFile {
    prepared: Arc<Prepared>,
    read: LongRead,
    scope: Scope,
    matches: Matches,
    /// Entities that were written.
    done: usize,
    /// Entities of the next page.
    rows: usize,
    most_rows: usize,
}

/// The file behind an id from [`prepare_download`](super::prepare_download), and its name. What the caller may see is
/// looked at anew.
///
/// Errors: 400/10 an id that is unknown, expired, or somebody else's; 503 when too many downloads run at once; 400 as the
/// query language names them.
pub fn download(ctx: &Ctx<'_>, id: &str) -> Result<(String, PagedFile<ListFile>)> {
    let prepared = ctx.app.downloads.0.get(id, &ctx.subject(), ctx.call.received).ok_or_else(|| {
        ApiError::new(
            ErrorKind::InvalidId,
            "this download is unknown or has expired; ask for it again in the table it came from",
        )
        .with("prepare_id", id)
    })?;
    let settings = &ctx.app.settings.services.organization.download;
    let read = ctx.app.store.long_read(&ctx.subject())?;
    let (name, matches) = read.page(ctx.scope(), |snapshot| {
        let longest = usize::try_from(settings.max_project_name_length).unwrap_or(usize::MAX);
        let name = file_name(snapshot, &prepared, longest)?;
        Ok((name, prepared.matches(ctx, snapshot, settings.max_download_items)?))
    })?;
    let most_rows = usize::try_from(settings.batch_size).unwrap_or(usize::MAX).max(1);
    let scope = ctx.scope().clone();
    let rows = FIRST_ROWS.min(most_rows);
    Ok((name, PagedFile::new(ListFile { prepared, read, scope, matches, done: 0, rows, most_rows })))
}

/// `clearml-<project>-tasks.csv`; the project stands there when the list is of one project.
fn file_name(snapshot: &Snapshot<'_>, prepared: &Prepared, longest: usize) -> Result<String> {
    let only = match prepared.query.get("project") {
        Some(Value::Array(items)) if items.len() == 1 => items.first(),
        Some(Value::Array(_) | Value::Null) | None => None,
        single => single,
    };
    let project = match only {
        Some(Value::Null) => Some("root".to_owned()),
        Some(Value::String(id)) => snapshot.project(id, Access::Read)?.map(|project| project.basename),
        _ => None,
    };
    let kind = prepared.kind.plural();
    Ok(match project {
        Some(project) => format!("clearml-{}-{kind}.csv", project.chars().take(longest).collect::<String>()),
        None => format!("clearml-{kind}.csv"),
    })
}

impl Pages for ListFile {
    fn write_next(&mut self, page: &mut String) -> Result<bool> {
        let names = self.prepared.columns.iter().map(|column| column.name.as_str());
        if self.matches.is_empty() {
            csv::row(names, Quotes::WhereNeeded, page);
            return Ok(false);
        }
        if self.done == 0 {
            page.push_str(csv::BYTE_ORDER_MARK);
            csv::row(names, Quotes::Always, page);
        }
        let end = self.done.saturating_add(self.rows).min(self.matches.len());
        let range = self.done..end;
        let documents =
            self.read.page(&self.scope, |snapshot| snapshot.read_matches(&self.matches, range))?;
        for document in &documents {
            let cells = self.prepared.columns.iter().map(|column| column.text(document));
            csv::row(cells, Quotes::Always, page);
        }
        let row_bytes = (page.len() / documents.len().max(1)).max(1);
        self.rows = (PAGE_BYTES / row_bytes).clamp(1, self.most_rows);
        self.done = end;
        Ok(self.done < self.matches.len())
    }
}
