//! Finding the report that a call changes.

use super::KIND;
use crate::{
    domain::tasks,
    store::{Snapshot, tasks::TaskHead},
    types::{ApiError, ErrorKind, Result},
};

/// A report of the tenant that the caller may change.
///
/// Errors: 400/101 unknown; 403/21 public, or readable only; 400/150 the task is no report.
pub(super) fn writable(snapshot: &Snapshot<'_>, id: &str) -> Result<TaskHead> {
    let head = tasks::writable(snapshot, id)?;
    if head.kind == KIND {
        return Ok(head);
    }
    let text = format!("the task is of type {}", head.kind);
    Err(ApiError::new(ErrorKind::OperationSupportedOnReportsOnly, text).with("id", id))
}
