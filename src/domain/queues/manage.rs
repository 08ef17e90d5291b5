//! Creating, changing and deleting queues (spec/queues_workers.md 2.1, 2.2, 2.7, 2.16).

use serde_json::Value;

use super::{
    access::{may_manage, writable},
    entries::withdraw,
};
use crate::{
    domain::{
        App, Ctx,
        models::{metadata_items, metadata_keys, metadata_of},
        tags,
    },
    store::{Lane, Scope, Tx, queues, queues::QueueChange},
    types::{ApiError, ErrorKind, Json, Result, new_id},
};

/// Fewest characters of a queue's name.
const SHORTEST: usize = 3;

/// What `queues.create` takes.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct NewQueue {
    pub name: String,
    pub display_name: Option<String>,
    pub tags: Vec<String>,
    pub system_tags: Vec<String>,
    /// Map of key to `{key, type, value}`.
    pub metadata: Option<Value>,
}

fn name_of(tx: &Tx<'_>, name: &str, except: Option<&str>) -> Result<String> {
    let name = name.trim();
    if name.chars().count() < SHORTEST {
        let text = format!("a queue's name needs at least {SHORTEST} characters");
        return Err(ApiError::new(ErrorKind::DataValidationError, text).with("name", name));
    }
    if tx.queue_name_taken(name, except)? {
        return Err(ApiError::new(ErrorKind::ExpectedUniqueData, "a queue of this name exists already")
            .with("name", name));
    }
    Ok(name.to_owned())
}

/// Creates a queue and returns its id.
///
/// Errors: 403/20 who may; 400/16 a reserved tag; 400/12 metadata; 400/800 the name is too short; 400/801 taken.
pub fn create(ctx: &Ctx<'_>, new: NewQueue) -> Result<String> {
    may_manage(ctx)?;
    let id = new_id();
    ctx.touched("queue", id.as_str());
    let tags = tags::checked(new.tags)?;
    let system_tags = tags::checked(new.system_tags)?;
    let metadata = metadata_of(new.metadata.as_ref())?;
    ctx.write(|tx| {
        tx.insert_queue(&queues::NewQueue {
            id: &id,
            name: &name_of(tx, &new.name, None)?,
            display_name: new.display_name.as_deref(),
            tags: &tags,
            system_tags: &system_tags,
            metadata,
        })
    })?;
    Ok(id)
}

/// Changes what is sent; a null clears lists and metadata and is ignored for names. Returns the fields set, as the
/// answer shows them.
///
/// Errors: 403/20 who may; 400/701, 403/21; as [`create`] for the values.
pub fn update(ctx: &Ctx<'_>, id: &str, sent: &Json) -> Result<Json> {
    may_manage(ctx)?;
    ctx.touched("queue", id);
    ctx.write(|tx| {
        writable(ctx, tx, id)?;
        let mut fields = Json::new();
        let mut changes = Vec::new();
        let text = |key: &str| sent.get(key).and_then(Value::as_str);
        if let Some(name) = text("name") {
            changes.push(QueueChange::Name(name_of(tx, name, Some(id))?));
            fields.insert("name".to_owned(), name.into());
        }
        if let Some(name) = text("display_name") {
            changes.push(QueueChange::DisplayName(name.to_owned()));
            fields.insert("display_name".to_owned(), name.into());
        }
        for (key, change) in [
            ("tags", QueueChange::Tags as fn(Vec<String>) -> QueueChange),
            ("system_tags", QueueChange::SystemTags),
        ] {
            if sent.contains_key(key) {
                let tags = tags::of(sent.get(key))?;
                changes.push(change(tags.clone()));
                fields.insert(key.to_owned(), tags.into());
            }
        }
        if sent.contains_key("metadata") {
            let metadata = metadata_of(sent.get("metadata"))?;
            changes.push(QueueChange::Metadata(metadata.clone()));
            fields.insert("metadata".to_owned(), Value::Object(metadata));
        }
        tx.change_queue(id, changes)?;
        Ok(fields)
    })
}

/// Deletes a queue. With force, what waits in it gets back the status it had.
///
/// Errors: 403/20 who may; 400/701, 403/21; 400/702 something waits.
pub fn delete(ctx: &Ctx<'_>, id: &str, force: bool) -> Result<()> {
    may_manage(ctx)?;
    ctx.touched("queue", id);
    ctx.write(|tx| {
        let queue = writable(ctx, tx, id)?;
        let waiting = tx.waiting(id)?;
        if !waiting.is_empty() && !force {
            return Err(
                ApiError::new(ErrorKind::QueueNotEmpty, "empty it first, or send force").with("id", id)
            );
        }
        let reason = format!("Queue {} was deleted", super::access::text(&queue, "name"));
        for entry in &waiting {
            withdraw(ctx, tx, &entry.task, id, &reason)?;
        }
        tx.delete_queue(id).map(drop)
    })
}

/// Sets single keys of a queue's metadata, or with `replace` all of it.
///
/// Errors: 403/20 who may; 400/701, 403/21; 400/12 no items, or malformed ones.
pub fn add_or_update_metadata(ctx: &Ctx<'_>, id: &str, items: &[Value], replace: bool) -> Result<()> {
    let items = metadata_items(items)?;
    change_metadata(ctx, id, |metadata| {
        if replace {
            metadata.clear();
        }
        metadata.extend(items);
    })
}

/// Deletes keys of a queue's metadata; keys that are not there are ignored.
///
/// Errors: 403/20 who may; 400/701, 403/21; 400/12 no keys.
pub fn delete_metadata(ctx: &Ctx<'_>, id: &str, keys: &[String]) -> Result<()> {
    let keys = metadata_keys(keys)?;
    change_metadata(ctx, id, |metadata| metadata.retain(|key, _| !keys.contains(key)))
}

fn change_metadata(ctx: &Ctx<'_>, id: &str, change: impl FnOnce(&mut Json)) -> Result<()> {
    may_manage(ctx)?;
    ctx.touched("queue", id);
    ctx.write(|tx| {
        let queue = writable(ctx, tx, id)?;
        let mut metadata = queue.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        change(&mut metadata);
        tx.change_queue(id, vec![QueueChange::Metadata(metadata)])
    })
}

/// Gives a tenant without any queue its default queue; called at start and for new tenants.
pub fn ensure_default(app: &App, tenant: &str) -> Result<()> {
    app.store.write(&Scope::tenant(tenant), Lane::Documents, |tx| {
        if tx.queue_count()? > 0 {
            return Ok(());
        }
        let system_tags = ["default".to_owned()];
        tx.insert_queue(&queues::NewQueue {
            id: &new_id(),
            name: "default",
            system_tags: &system_tags,
            ..Default::default()
        })
    })
}
