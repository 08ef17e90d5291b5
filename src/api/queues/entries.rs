//! What waits in queues (spec/queues_workers.md 2.8 to 2.15, 2.18).

use serde::Deserialize;
use serde_json::{Map, json};

use super::super::{
    endpoint::{Reply, Request},
    typed::yes,
};
use crate::{
    domain::{
        Ctx,
        queues::{self, Step},
    },
    types::Result,
};

#[derive(Deserialize)]
struct QueueOnly {
    queue: String,
}

#[derive(Deserialize)]
struct AddTask {
    queue: String,
    task: String,
    #[serde(default = "yes")]
    update_execution_queue: bool,
}

/// `queues.add_task`.
pub(super) fn add_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: AddTask = request.decode()?;
    queues::add_task(ctx, &asked.queue, &asked.task, asked.update_execution_queue)?;
    Reply::data(&json!({"added": 1}))
}

#[derive(Deserialize)]
struct GetNextTask {
    queue: String,
    task: Option<String>,
    #[serde(default)]
    get_task_info: bool,
}

/// `queues.get_next_task`: `{}` when there is nothing to take; clients test for the key.
pub(super) fn get_next_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: GetNextTask = request.decode()?;
    let only = asked.task.as_deref().filter(|task| !task.is_empty());
    let mut data = Map::new();
    if let Some(pulled) = queues::pull(ctx, &asked.queue, only, asked.get_task_info)? {
        data.insert("entry".to_owned(), json!({"task": pulled.task, "added": pulled.added.to_wire()}));
        if asked.get_task_info {
            data.insert("task_info".to_owned(), json!({"company": pulled.company, "user": pulled.run_as}));
        }
    }
    Reply::data(&data)
}

/// `queues.peek_task`.
pub(super) fn peek_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: QueueOnly = request.decode()?;
    Reply::data(&json!({"task": queues::peek(ctx, &asked.queue)?}))
}

/// `queues.get_num_entries`.
pub(super) fn get_num_entries(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: QueueOnly = request.decode()?;
    Reply::data(&json!({"num": queues::num_entries(ctx, &asked.queue)?}))
}

#[derive(Deserialize)]
struct RemoveTask {
    queue: String,
    task: String,
    #[serde(default)]
    update_task_status: bool,
}

/// `queues.remove_task`.
pub(super) fn remove_task(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: RemoveTask = request.decode()?;
    queues::remove_task(ctx, &asked.queue, &asked.task, asked.update_task_status)?;
    Reply::data(&json!({"removed": 1}))
}

/// `queues.clear_queue`.
pub(super) fn clear_queue(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: QueueOnly = request.decode()?;
    Reply::data(&json!({"removed_tasks": queues::clear(ctx, &asked.queue)?}))
}

#[derive(Deserialize)]
struct MoveTask {
    queue: String,
    task: String,
    #[serde(default = "one")]
    count: i64,
}

fn one() -> i64 {
    1
}

fn moved(ctx: &Ctx<'_>, request: Request, step: fn(i64) -> Step) -> Result<Reply> {
    let asked: MoveTask = request.decode()?;
    let position = queues::move_task(ctx, &asked.queue, &asked.task, step(asked.count))?;
    Reply::data(&json!({"position": position}))
}

/// `queues.move_task_forward`.
pub(super) fn move_task_forward(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    moved(ctx, request, Step::Forward)
}

/// `queues.move_task_backward`.
pub(super) fn move_task_backward(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    moved(ctx, request, |count| Step::Forward(count.saturating_neg()))
}

/// `queues.move_task_to_front`.
pub(super) fn move_task_to_front(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    moved(ctx, request, |_| Step::ToFront)
}

/// `queues.move_task_to_back`.
pub(super) fn move_task_to_back(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    moved(ctx, request, |_| Step::ToBack)
}

#[derive(Deserialize)]
struct MoveToQueue {
    queue: String,
    task: String,
    target_queue: String,
    #[serde(default = "yes")]
    update_execution_queue: bool,
}

/// `queues.move_task_to_queue`: what the pages call to move a task to another queue.
pub(super) fn move_task_to_queue(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: MoveToQueue = request.decode()?;
    queues::move_to_queue(ctx, &asked.queue, &asked.task, &asked.target_queue, asked.update_execution_queue)?;
    Reply::data(&json!({"moved": 1}))
}

#[derive(Deserialize)]
struct TaskOnly {
    task: String,
}

/// `queues.get_by_task_id`: what the pages ask before they dequeue.
pub(super) fn get_by_task_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TaskOnly = request.decode()?;
    Reply::data(&queues::queue_of_task(ctx, &asked.task)?)
}
