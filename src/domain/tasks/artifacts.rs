//! Artifacts of a task (protocol: spec/tasks.md 7).

use serde_json::Value;

use crate::{
    domain::Ctx,
    store::tasks::{TaskField, TaskUpdate},
    types::{Json, Result},
};

use super::{
    access::{self, UNFINISHED, check_editable, guard_content},
    artifact::{self, artifact_id, put_artifact},
    content::list_of,
    items::misshapen,
};

/// `tasks.add_or_update_artifacts`: each replaces the one with the same key and mode.
///
/// Errors: 400/101, 403/21; 400/110 finished; 400/12, 400/800 artifacts.
pub fn put_artifacts(ctx: &Ctx<'_>, id: &str, artifacts: &Value) -> Result<()> {
    let sent = artifact::artifacts(artifacts, "artifacts")?;
    change(ctx, id, |stored| sent.iter().for_each(|artifact| put_artifact(stored, artifact.clone())))
}

/// `tasks.delete_artifacts`: by key and mode; missing ones are none. Files stay.
///
/// Errors: 400/101, 403/21; 400/110 finished; 400/12 keys.
pub fn delete_artifacts(ctx: &Ctx<'_>, id: &str, keys: &[Json]) -> Result<()> {
    const FIELD: &str = "artifacts";
    let gone = keys
        .iter()
        .map(|key| {
            let name =
                key.get("key").and_then(Value::as_str).ok_or_else(|| misshapen(FIELD, "needs a key"))?;
            Ok((name, artifact::mode(key.get("mode"), FIELD)?))
        })
        .collect::<Result<Vec<_>>>()?;
    change(ctx, id, |stored| stored.retain(|artifact| !gone.contains(&artifact_id(artifact))))
}

fn change(ctx: &Ctx<'_>, id: &str, work: impl FnOnce(&mut Vec<Value>)) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        check_editable(&head, UNFINISHED)?;
        let mut update = TaskUpdate::new();
        guard_content(ctx, tx, &head, &mut update)?;
        let [stored] = tx.task_sections(&head, [TaskField::Artifacts])?;
        let mut stored = list_of(stored);
        work(&mut stored);
        update.set(TaskField::Artifacts, stored).changed(tx, &ctx.caller.user, true);
        access::store(tx, &head, &update)
    })
}
