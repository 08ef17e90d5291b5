//! Configuration objects of a task (protocol: spec/tasks.md 8.1, 8.3).

use serde_json::{Value, json};

use crate::{
    domain::Ctx,
    store::{
        documents::Access,
        tasks::{TaskField, TaskUpdate},
    },
    types::{Json, Result},
};

use super::{
    access::{self, UNFINISHED, check_editable, guard_content},
    content::map_of,
    items::misshapen,
    status::Status,
};

/// One configuration object, as sent.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Name.
    pub name: String,
    /// Content.
    pub value: String,
    /// Type, free text.
    pub kind: Option<String>,
    /// Description.
    pub description: Option<String>,
}

/// `tasks.get_configurations`: the objects of each task by name, all or those named.
///
/// Errors: 400/101 any is unknown.
pub fn configurations(
    ctx: &Ctx<'_>,
    ids: &[String],
    names: Option<&[String]>,
) -> Result<Vec<(String, Vec<Value>)>> {
    ctx.read(|snapshot| {
        access::all_readable(snapshot, ids)?
            .into_iter()
            .map(|head| {
                let [stored] = snapshot.task_sections(&head, [TaskField::Configuration])?;
                let mut items: Vec<(String, Value)> = map_of(stored).into_iter().collect();
                items.retain(|(name, _)| names.is_none_or(|names| names.contains(name)));
                items.sort_by(|a, b| a.0.cmp(&b.0));
                Ok((head.id.into(), items.into_iter().map(|(_, item)| item).collect()))
            })
            .collect()
    })
}

/// `tasks.get_configuration_names`: sorted; tasks without any, and unknown ones, are left out.
pub fn configuration_names(
    ctx: &Ctx<'_>,
    ids: &[String],
    skip_empty: bool,
) -> Result<Vec<(String, Vec<String>)>> {
    ctx.read(|snapshot| {
        let mut found = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
            let Some(head) = snapshot.task(id, Access::Read)? else { continue };
            let [stored] = snapshot.task_sections(&head, [TaskField::Configuration])?;
            let mut names: Vec<String> = map_of(stored)
                .into_iter()
                .filter(|(_, item)| !skip_empty || item.get("value").is_some_and(|value| value != ""))
                .map(|(name, _)| name)
                .collect();
            names.sort();
            if !names.is_empty() {
                found.push((id.clone(), names));
            }
        }
        Ok(found)
    })
}

/// `tasks.edit_configuration`: by name, or all of it.
///
/// Errors: 400/12 an empty name; 400/101, 403/21; 400/110.
pub fn edit_configuration(
    ctx: &Ctx<'_>,
    id: &str,
    items: &[Configuration],
    replace_all: bool,
    force: bool,
) -> Result<()> {
    let mut sent = Json::new();
    for item in items {
        let name = item.name.trim();
        if name.is_empty() {
            return Err(misshapen("configuration", "needs a name"));
        }
        let mut stored = json!({"name": item.name, "value": item.value});
        for (member, value) in [("type", &item.kind), ("description", &item.description)] {
            if let (Some(value), Some(stored)) = (value, stored.as_object_mut()) {
                stored.insert(member.to_owned(), value.as_str().into());
            }
        }
        sent.insert(name.to_owned(), stored);
    }
    change(ctx, id, force, |stored| {
        if replace_all {
            stored.clear();
        }
        stored.extend(sent);
    })
}

/// `tasks.delete_configuration`; missing ones are none.
///
/// Errors: 400/101, 403/21; 400/110.
pub fn delete_configuration(ctx: &Ctx<'_>, id: &str, names: &[String], force: bool) -> Result<()> {
    change(ctx, id, force, |stored| stored.retain(|name, _| !names.iter().any(|gone| gone.trim() == name)))
}

fn change(ctx: &Ctx<'_>, id: &str, force: bool, work: impl FnOnce(&mut Json)) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        check_editable(&head, if force { UNFINISHED } else { &[Status::Created] })?;
        let mut update = TaskUpdate::new();
        guard_content(ctx, tx, &head, &mut update)?;
        let [stored] = tx.task_sections(&head, [TaskField::Configuration])?;
        let mut stored = map_of(stored);
        work(&mut stored);
        update.set(TaskField::Configuration, stored).changed(tx, &ctx.caller.user, true);
        access::store(tx, &head, &update)
    })
}
