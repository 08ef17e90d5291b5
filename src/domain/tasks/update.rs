//! Changing what stands about a task, in any status (protocol: spec/tasks.md 4.4, 4.5, 4.8, 6.9).

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    domain::Ctx,
    store::{
        Tx,
        documents::Access,
        query::{TASK, split_old_tags},
        tasks::{TaskField, TaskHead, TaskUpdate},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

use super::{
    access,
    change_status::{Change, active_duration},
    content::map_of,
    items, references,
};

/// `tasks.update`. Returns the fields written; empty when nothing was to be written.
///
/// Errors: 400/101, 403/21; 400/12, 400/16, 400/800 values; 400/401.
pub fn update(ctx: &Ctx<'_>, id: &str, body: &Json) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        update_task(ctx, tx, &head, body, false)
    })
}

/// `tasks.update_batch`: one update per item, all or none; the last of several for one task wins. Returns how many
/// tasks changed.
///
/// Errors: 400/18 an item without task; then as [`update`], 400/101 with all unknown ids.
pub fn update_batch(ctx: &Ctx<'_>, items: &[Json]) -> Result<usize> {
    let mut last = HashMap::new();
    let mut ids = Vec::new();
    for (line, item) in items.iter().enumerate() {
        let id = item.get("task").and_then(Value::as_str).ok_or_else(|| {
            ApiError::new(ErrorKind::BatchValidationError, "every line names its task").with("line", line + 1)
        })?;
        ids.push(id.to_owned());
        last.insert(id.to_owned(), item);
    }
    if ids.is_empty() {
        return Ok(0);
    }
    ctx.write(|tx| {
        let mut changed = 0;
        for head in access::all_writable(tx, &ids)? {
            if let Some(item) = last.get(head.id.as_str())
                && !update_task(ctx, tx, &head, item, true)?.is_empty()
            {
                ctx.touched("task", head.id.as_str());
                changed += 1;
            }
        }
        Ok(changed)
    })
}

fn update_task(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, body: &Json, batch: bool) -> Result<Json> {
    let body = &*split_old_tags(&TASK, body, ctx.call.version);
    let given = |name: &str| body.get(name).filter(|value| !value.is_null());
    let text = |name: &str| given(name).map(|value| items::text(value, name)).transpose();
    let mut change = Change::default();
    if let Some(name) = text("name")? {
        change.update.set(TaskField::Name, items::name(name)?);
        change.fields.insert("name".to_owned(), name.into());
    }
    for (name, field) in [("tags", TaskField::Tags), ("system_tags", TaskField::SystemTags)] {
        if let Some(tags) = given(name) {
            let mut tags = items::tags(tags, name)?;
            tags.sort();
            change.set(field, tags);
        }
    }
    for (name, field) in [("comment", TaskField::Comment), ("status_message", TaskField::StatusMessage)] {
        if let Some(value) = text(name)? {
            change.set(field, value);
        }
    }
    let project = text("project")?;
    if let Some(project) = project {
        references::project_exists(tx, project)?;
        access::target_project(tx, project)?;
        access::may_leave(tx, head)?;
        change.set(TaskField::Project, project);
    }
    if let Some(error) = text("output__error")? {
        let [output] = tx.task_sections(head, [TaskField::Output])?;
        let mut output = map_of(output);
        output.insert("error".to_owned(), error.into());
        change.update.set(TaskField::Output, output);
        change.fields.insert("output.error".to_owned(), error.into());
    }
    if change.update.is_empty() {
        return Ok(Json::new());
    }
    let tags_changed = ["tags", "system_tags"].iter().any(|name| change.fields.contains_key(*name));
    change.set(TaskField::LastChange, tx.now).set(TaskField::LastChangedBy, ctx.caller.user.as_str());
    access::store(tx, head, &change.update)?;
    match (project, &head.project) {
        (Some(project), _) => tx.touch_project(project)?,
        (None, Some(project)) if batch && tags_changed => tx.touch_project(project.as_str())?,
        _ => {}
    }
    Ok(change.fields)
}

/// `tasks.ping`: a sign of life. Of a task that the caller can't change it is silently none.
pub fn ping(ctx: &Ctx<'_>, id: &str) -> Result<()> {
    ctx.write(|tx| {
        let Some(head) = tx.task(id, Access::Write)? else { return Ok(()) };
        let mut update = TaskUpdate::new();
        update.changed(tx, &ctx.caller.user, true);
        if let Some(seconds) = active_duration(tx, &head) {
            update.set(TaskField::ActiveDuration, seconds);
        }
        tx.update_task(&head, &update).map(drop)
    })
}

/// `tasks.update_tags`: adds, then removes, people's tags. Returns how many tasks matched each part, added up.
///
/// Errors: 400/12 nothing to do; 400/16 tags; 400/101, 403/21.
pub fn update_tags(ctx: &Ctx<'_>, ids: &[String], add: &[String], remove: &[String]) -> Result<usize> {
    if add.is_empty() && remove.is_empty() {
        return Err(ApiError::new(ErrorKind::ValidationError, "send add_tags or remove_tags"));
    }
    for tags in [add, remove] {
        items::tags(&tags.to_vec().into(), "tags")?;
    }
    ctx.write(|tx| {
        let heads = access::all_writable(tx, ids)?;
        for head in &heads {
            ctx.touched("task", head.id.as_str());
            let [tags] = tx.task_sections(head, [TaskField::Tags])?;
            let mut tags: Vec<String> = serde_json::from_value(tags).unwrap_or_default();
            for tag in add {
                if !tags.contains(tag) {
                    tags.push(tag.clone());
                }
            }
            tags.retain(|tag| !remove.contains(tag));
            tags.sort();
            let mut update = TaskUpdate::new();
            update.set(TaskField::Tags, tags).changed(tx, &ctx.caller.user, false);
            access::store(tx, head, &update)?;
            if let Some(project) = &head.project {
                tx.touch_project(project.as_str())?;
            }
        }
        Ok(heads.len() * [add, remove].iter().filter(|tags| !tags.is_empty()).count())
    })
}
