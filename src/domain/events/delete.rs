//! Deleting all events of a task or model (protocol: spec/events.md 10).

use super::access::deletable;
use crate::{domain::Ctx, store::events::OwnerKind, types::Result};

/// Removes all events of an entity; returns how many. Its document and its uploaded files stay.
///
/// Errors: 400/101 or 400/201 unknown, or published and `allow_locked` is not set; 403/21 a public task.
pub fn delete_events(ctx: &Ctx<'_>, kind: OwnerKind, id: &str, allow_locked: bool) -> Result<u64> {
    ctx.write(|tx| {
        let owner = deletable(ctx, tx, kind, id, allow_locked)?;
        tx.delete_events(&owner.id)
    })
}
