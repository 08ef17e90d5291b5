//! Links from a task to its models, and the runtime map (protocol: spec/tasks.md 9.1 to 9.3).

use serde_json::Value;

use crate::{
    domain::{Ctx, redaction},
    store::{
        Tx,
        tasks::{TaskField, TaskHead, TaskUpdate},
    },
    types::{Json, Result},
};

use super::{
    access::{self, UNFINISHED, check_editable, guard_content},
    change_status::active_duration,
    content::{list_of, map_of},
    items::link_to,
};

/// Which of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Models that the task starts from.
    Input,
    /// Models that it makes.
    Output,
}

impl Direction {
    const fn field(self) -> TaskField {
        match self {
            Direction::Input => TaskField::ModelsInput,
            Direction::Output => TaskField::ModelsOutput,
        }
    }
}

/// `tasks.add_or_update_model`: the link of this name points at this model now.
///
/// Errors: 400/101, 403/21; 400/110 finished.
pub fn put_model(
    ctx: &Ctx<'_>,
    id: &str,
    direction: Direction,
    name: &str,
    model: &str,
    iteration: Option<i64>,
) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let (head, mut update) = editable(ctx, tx, id, direction == Direction::Input)?;
        let [stored] = tx.task_sections(&head, [direction.field()])?;
        let mut links = list_of(stored);
        let link = link_to(name, model, tx.now);
        match links.iter_mut().find(|known| known.get("name").and_then(Value::as_str) == Some(name)) {
            Some(known) => *known = link,
            None => links.push(link),
        }
        update.set(direction.field(), links).changed(tx, &ctx.caller.user, true);
        if let Some(iteration) = iteration.filter(|iteration| *iteration > head.last_iteration) {
            update.set(TaskField::LastIteration, iteration);
        }
        if let Some(seconds) = active_duration(tx, &head) {
            update.set(TaskField::ActiveDuration, seconds);
        }
        access::store(tx, &head, &update)
    })
}

/// `tasks.delete_models`: removes links by name; models stay, missing links are none.
///
/// Errors: 400/101, 403/21; 400/110 finished.
pub fn delete_models(ctx: &Ctx<'_>, id: &str, links: &[(Direction, String)]) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let input = links.iter().any(|(direction, _)| *direction == Direction::Input);
        let (head, mut update) = editable(ctx, tx, id, input)?;
        for direction in [Direction::Input, Direction::Output] {
            let gone: Vec<&str> =
                links.iter().filter(|(of, _)| *of == direction).map(|(_, name)| name.as_str()).collect();
            if gone.is_empty() {
                continue;
            }
            let [stored] = tx.task_sections(&head, [direction.field()])?;
            let mut kept = list_of(stored);
            kept.retain(|link| {
                !link.get("name").and_then(Value::as_str).is_some_and(|name| gone.contains(&name))
            });
            update.set(direction.field(), kept);
        }
        update.changed(tx, &ctx.caller.user, false);
        access::store(tx, &head, &update)
    })
}

fn editable(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, changes_a_run: bool) -> Result<(TaskHead, TaskUpdate)> {
    let head = access::writable(tx, id)?;
    check_editable(&head, UNFINISHED)?;
    let mut update = TaskUpdate::new();
    if changes_a_run {
        guard_content(ctx, tx, &head, &mut update)?;
    }
    Ok((head, update))
}

/// `tasks.edit_runtime`: adds, replaces and removes single keys. Returns whether there was anything to do.
///
/// Errors: 400/101, 403/21; 400/110 finished.
pub fn edit_runtime(ctx: &Ctx<'_>, id: &str, mut put: Json, remove: &[String]) -> Result<bool> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let (head, mut update) = editable(ctx, tx, id, false)?;
        if put.is_empty() && remove.is_empty() {
            return Ok(false);
        }
        redaction::count(ctx, tx, id, redaction::mask_section(ctx, id, &mut put))?;
        let [stored] = tx.task_sections(&head, [TaskField::Runtime])?;
        let mut runtime = map_of(stored);
        runtime.extend(put);
        runtime.retain(|key, _| !remove.contains(key));
        update.set(TaskField::Runtime, runtime).changed(tx, &ctx.caller.user, true);
        access::store(tx, &head, &update).map(|()| true)
    })
}
