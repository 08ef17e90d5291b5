//! Which tasks and models a request may read or change the events of (protocol: spec/events.md 1.5, 10).

use std::collections::HashMap;

use crate::{
    domain::Ctx,
    store::{
        Snapshot, Tx,
        events::{EventOwner, Owner, OwnerKind},
    },
    types::{ApiError, ErrorKind, Result},
};

/// Ids in one request (spec/security_rules.md S24).
const MAX_IDS: usize = 10_000;

/// A task or model and its events.
#[derive(Clone, Debug)]
pub struct Readable {
    /// The task or model.
    pub owner: Owner,
    /// Its events; `None` when it never had any.
    pub events: Option<EventOwner>,
}

/// Task or model, as `model_events` says.
pub fn kind_of(model_events: bool) -> OwnerKind {
    if model_events { OwnerKind::Model } else { OwnerKind::Task }
}

/// The entities of a read request in its order, each as often as it is named.
///
/// Errors: 400/101 or 400/201 naming those that do not exist for the caller.
pub fn readable<T: AsRef<str>>(snapshot: &Snapshot<'_>, kind: OwnerKind, ids: &[T]) -> Result<Vec<Readable>> {
    if ids.len() > MAX_IDS {
        let text = format!("at most {MAX_IDS} ids in one request");
        return Err(ApiError::new(ErrorKind::ValidationError, text));
    }
    let mut found: HashMap<String, Readable> = HashMap::new();
    for owner in snapshot.readable_owners(kind, ids)? {
        let events = snapshot.event_owner(&owner)?;
        found.insert(owner.id.clone(), Readable { owner, events });
    }
    let mut missing: Vec<&str> =
        ids.iter().map(AsRef::as_ref).filter(|id| !found.contains_key(*id)).collect();
    missing.dedup();
    if !missing.is_empty() {
        return Err(ApiError::from(unknown(kind)).with("ids", missing));
    }
    Ok(ids.iter().filter_map(|id| found.get(id.as_ref()).cloned()).collect())
}

/// One entity of a read request.
///
/// Errors: 400/101 or 400/201.
pub fn readable_one(snapshot: &Snapshot<'_>, kind: OwnerKind, id: &str) -> Result<Readable> {
    let missing = || ApiError::from(unknown(kind)).with("id", id);
    readable(snapshot, kind, &[id])
        .map_err(|error| if error.kind() == unknown(kind) { missing() } else { error })?
        .pop()
        .ok_or_else(missing)
}

/// An entity whose events are to be removed.
///
/// Errors: 400/101 or 400/201 unknown, or published and `allow_locked` is not set; 403/21 a public task.
pub(super) fn deletable(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    kind: OwnerKind,
    id: &str,
    allow_locked: bool,
) -> Result<Owner> {
    let owner = match tx.writable_owners(kind, &[id])?.pop() {
        Some(owner) => owner,
        None => {
            let public = tx.readable_owners(kind, &[id])?.pop();
            return Err(match public {
                Some(_) if kind == OwnerKind::Task => {
                    ApiError::new(ErrorKind::NoWritePermission, "only its owner's tenant may change it")
                        .with("id", id)
                }
                _ => ApiError::from(unknown(kind)).with("id", id),
            });
        }
    };
    if owner.is_locked() && !allow_locked {
        let text = "it is published; set allow_locked to remove its events all the same";
        return Err(ApiError::new(unknown(kind), text).with("id", id));
    }
    let name = if kind == OwnerKind::Task { "task" } else { "model" };
    ctx.touched(name, id);
    Ok(owner)
}

fn unknown(kind: OwnerKind) -> ErrorKind {
    match kind {
        OwnerKind::Task => ErrorKind::InvalidTaskId,
        OwnerKind::Model => ErrorKind::InvalidModelId,
    }
}
