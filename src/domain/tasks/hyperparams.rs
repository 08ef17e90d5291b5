//! Hyper-parameters, section by section (protocol: spec/tasks.md 8.1, 8.2).

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    domain::{Ctx, redaction},
    store::tasks::{TaskField, TaskUpdate},
    types::{ApiError, ErrorKind, Json, Result},
};

use super::{
    access::{self, UNFINISHED, check_editable, guard_content},
    content::map_of,
    edit::mask_environment,
    items::misshapen,
    status::Status,
};

/// The section that belongs to people, not to the run: editable in any status.
pub(super) const PROPERTIES: &str = "properties";

/// What an edit replaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// Only the items sent.
    #[default]
    Items,
    /// Every section that is mentioned.
    Sections,
    /// Everything.
    All,
}

/// One parameter, as sent.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Section.
    pub section: String,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// Type, free text.
    pub kind: Option<String>,
    /// Description.
    pub description: Option<String>,
}

/// A parameter or, without a name, a whole section.
#[derive(Clone, Debug)]
pub struct ParameterKey {
    /// Section.
    pub section: String,
    /// Name.
    pub name: Option<String>,
}

/// `tasks.get_hyper_params`: the items of each task, by section and name.
///
/// Errors: 400/101 any is unknown.
pub fn hyperparams(ctx: &Ctx<'_>, ids: &[String]) -> Result<Vec<(String, Vec<Value>)>> {
    ctx.read(|snapshot| {
        access::all_readable(snapshot, ids)?
            .into_iter()
            .map(|head| {
                let [stored] = snapshot.task_sections(&head, [TaskField::Hyperparams])?;
                let mut items = Vec::new();
                for (section, names) in map_of(stored) {
                    items.extend(
                        map_of(names).into_iter().map(|(name, item)| ((section.clone(), name), item)),
                    );
                }
                items.sort_by(|a, b| a.0.cmp(&b.0));
                Ok((head.id.into(), items.into_iter().map(|(_, item)| item).collect()))
            })
            .collect()
    })
}

/// A section's key; that of the user's properties in any case of letters.
fn section_key(section: &str) -> Result<&str> {
    match section.trim() {
        "" => Err(misshapen("hyperparams", "needs a section")),
        key if key.eq_ignore_ascii_case(PROPERTIES) => Ok(PROPERTIES),
        key => Ok(key),
    }
}

/// `tasks.edit_hyper_params`.
///
/// Errors: 400/12 an empty section or name; 400/101, 403/21; 400/110.
pub fn edit_hyperparams(
    ctx: &Ctx<'_>,
    id: &str,
    parameters: &[Parameter],
    replace: Replace,
    force: bool,
) -> Result<()> {
    let mut sent = Json::new();
    for parameter in parameters {
        let section = section_key(&parameter.section)?;
        let name = parameter.name.trim();
        if name.is_empty() {
            return Err(misshapen("hyperparams", "needs a name"));
        }
        let own_section = if section == PROPERTIES { PROPERTIES } else { &parameter.section };
        let mut item = json!({"section": own_section, "name": parameter.name, "value": parameter.value});
        for (member, value) in [("type", &parameter.kind), ("description", &parameter.description)] {
            if let (Some(value), Some(item)) = (value, item.as_object_mut()) {
                item.insert(member.to_owned(), value.as_str().into());
            }
        }
        if let Some(items) = sent.entry(section).or_insert_with(|| json!({})).as_object_mut() {
            items.insert(name.to_owned(), item);
        }
    }
    let only_properties = sent.keys().all(|section| section == PROPERTIES) && replace != Replace::All;
    change(ctx, id, force, only_properties, |stored| match replace {
        Replace::All => *stored = sent,
        Replace::Sections => stored.extend(sent),
        Replace::Items => {
            for (section, items) in sent {
                match (stored.get_mut(&section), items) {
                    (Some(Value::Object(known)), Value::Object(items)) => known.extend(items),
                    (_, items) => {
                        stored.insert(section, items);
                    }
                }
            }
        }
    })
}

/// `tasks.delete_hyper_params`; missing ones are none.
///
/// Errors: 400/15 a section and one of its names; 400/12; 400/101, 403/21; 400/110.
pub fn delete_hyperparams(ctx: &Ctx<'_>, id: &str, keys: &[ParameterKey], force: bool) -> Result<()> {
    let mut sections = HashSet::new();
    let mut names = Vec::new();
    for key in keys {
        let section = section_key(&key.section)?;
        match key.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => names.push((section, name)),
            None => {
                sections.insert(section);
            }
        }
    }
    if let Some((section, _)) = names.iter().find(|(section, _)| sections.contains(section)) {
        let text = "a section and one of its parameters can't be deleted in one call";
        return Err(ApiError::new(ErrorKind::FieldsConflict, text).with("section", *section));
    }
    let only_properties =
        sections.iter().chain(names.iter().map(|(section, _)| section)).all(|section| *section == PROPERTIES);
    change(ctx, id, force, only_properties, |stored| {
        stored.retain(|section, _| !sections.contains(section.as_str()));
        for (section, name) in names {
            if let Some(items) = stored.get_mut(section).and_then(Value::as_object_mut) {
                items.remove(name);
            }
        }
    })
}

fn change(
    ctx: &Ctx<'_>,
    id: &str,
    force: bool,
    only_properties: bool,
    work: impl FnOnce(&mut Json),
) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        let mut update = TaskUpdate::new();
        if !only_properties {
            check_editable(&head, if force { UNFINISHED } else { &[Status::Created] })?;
            guard_content(ctx, tx, &head, &mut update)?;
        }
        let [stored] = tx.task_sections(&head, [TaskField::Hyperparams])?;
        let mut stored = map_of(stored);
        work(&mut stored);
        redaction::count(ctx, tx, id, mask_environment(ctx, id, Some(&mut stored)))?;
        update.set(TaskField::Hyperparams, stored).changed(tx, &ctx.caller.user, !only_properties);
        access::store(tx, &head, &update)
    })
}
