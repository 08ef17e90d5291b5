//! Between tasks and queues (spec/tasks.md 5).

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::{Ids, Texts, many, update, updated, yes};
use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        tasks::{self, Dequeue, Enqueue},
    },
    types::Result,
};

#[derive(Deserialize)]
struct EnqueueHow {
    queue: Option<String>,
    queue_name: Option<String>,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    verify_watched_queue: bool,
    #[serde(default = "yes")]
    update_execution_queue: bool,
    #[serde(default)]
    validate_tasks: bool,
    #[serde(flatten)]
    words: Texts,
}

impl From<EnqueueHow> for Enqueue {
    fn from(asked: EnqueueHow) -> Enqueue {
        // An empty name or id counts as none.
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Enqueue {
            queue: given(asked.queue),
            queue_name: given(asked.queue_name),
            force: asked.force,
            words: asked.words.into(),
            keep_execution_queue: !asked.update_execution_queue,
            verify_watched: asked.verify_watched_queue,
            validate: asked.validate_tasks,
        }
    }
}

#[derive(Deserialize)]
struct EnqueueCall {
    task: String,
    #[serde(flatten)]
    how: EnqueueHow,
}

/// `tasks.enqueue`.
pub(super) fn enqueue(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: EnqueueCall = request.decode()?;
    let how = Enqueue { validate: false, ..asked.how.into() };
    let done = tasks::enqueue(ctx, &asked.task, &how)?;
    let mut more = json!({"queued": 1});
    if let (Some(watched), Some(more)) = (done.watched, more.as_object_mut()) {
        more.insert("queue_watched".to_owned(), watched.into());
    }
    updated(done.fields, more)
}

#[derive(Deserialize)]
struct EnqueueMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(flatten)]
    how: EnqueueHow,
}

/// `tasks.enqueue_many`: without force.
pub(super) fn enqueue_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: EnqueueMany = request.decode()?;
    let how = Enqueue { force: false, keep_execution_queue: false, ..asked.how.into() };
    let (batch, watched) = tasks::enqueue_many(ctx, &asked.ids.some()?, &how)?;
    let mut answer = many(batch, |fields| update(fields, json!({"queued": true})));
    if let Some(watched) = watched {
        answer.insert("queue_watched".to_owned(), watched.into());
    }
    Reply::data(&answer)
}

#[derive(Deserialize)]
struct DequeueHow {
    #[serde(default)]
    remove_from_all_queues: bool,
    new_status: Option<String>,
    #[serde(flatten)]
    words: Texts,
}

impl DequeueHow {
    fn read(self) -> Result<Dequeue> {
        Ok(Dequeue {
            words: self.words.into(),
            from_all: self.remove_from_all_queues,
            new_status: self.new_status.map(|status| status.parse()).transpose()?,
        })
    }
}

#[derive(Deserialize)]
struct DequeueCall {
    task: String,
    #[serde(flatten)]
    how: DequeueHow,
}

/// `tasks.dequeue`.
pub(super) fn dequeue(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DequeueCall = request.decode()?;
    let fields = tasks::dequeue(ctx, &asked.task, &asked.how.read()?)?;
    updated(fields.unwrap_or_default(), json!({"dequeued": 1}))
}

#[derive(Deserialize)]
struct DequeueMany {
    #[serde(flatten)]
    ids: Ids,
    #[serde(flatten)]
    how: DequeueHow,
}

/// `tasks.dequeue_many`.
pub(super) fn dequeue_many(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DequeueMany = request.decode()?;
    let batch = tasks::dequeue_many(ctx, &asked.ids.some()?, &asked.how.read()?)?;
    Reply::data(&many(batch, |fields| {
        update(fields.unwrap_or_default(), Value::from_iter([("dequeued", true)]))
    }))
}
