//! One operation for many ids, each by itself (protocol: spec/tasks.md 1.3).

use crate::{
    domain::Ctx,
    store::Tx,
    types::{ApiError, ErrorKind, Result},
};

/// Most ids of one call (spec/security_rules.md S24).
const MOST: usize = 10_000;

/// What became of each id, in the order sent.
#[derive(Debug)]
pub struct Batch<T> {
    /// Done.
    pub succeeded: Vec<(String, T)>,
    /// Refused.
    pub failed: Vec<(String, ApiError)>,
}

/// Does it for each id; the failure of one undoes only its own changes.
///
/// Errors: what is nobody's mistake (5xx) fails the whole call.
pub(super) fn each<T>(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    ids: &[String],
    mut work: impl FnMut(&str) -> Result<T>,
) -> Result<Batch<T>> {
    let mut batch = Batch { succeeded: Vec::with_capacity(ids.len()), failed: Vec::new() };
    for id in ids {
        match tx.attempt(|| work(id)) {
            Ok(done) => {
                ctx.touched("task", id.as_str());
                batch.succeeded.push((id.clone(), done));
            }
            Err(error) if error.kind().code() >= 500 => return Err(error),
            Err(error) => batch.failed.push((id.clone(), error)),
        }
    }
    Ok(batch)
}

/// A list that needs at least one item, and has not too many.
///
/// Errors: 400/12.
pub fn at_least_one<T>(items: Vec<T>, name: &str) -> Result<Vec<T>> {
    if items.is_empty() {
        let text = format!("{name} needs at least one item");
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("field", name));
    }
    if items.len() > MOST {
        let text = format!("{name} takes at most {MOST} items; send them in parts");
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("field", name));
    }
    Ok(items)
}
