//! Changing the content of a task (protocol: spec/tasks.md 4.6, 4.7).

use serde_json::Value;

use crate::{
    domain::{Ctx, redaction, trail, vaults},
    store::{
        Tx,
        tasks::{TaskField, TaskHead, TaskUpdate},
    },
    types::{Json, ProjectId, Result},
};

use super::{
    access::{self, check_editable, guard_content},
    content::{self, Content, Purpose, Stored, map_of},
    references,
    status::Status,
};

/// `tasks.edit`. Returns the fields written; empty when nothing was to be written.
///
/// Errors: 400/101, 403/21 also while the task runs as somebody else; 400/110 unless it is a draft or `force`;
/// 400/12, 400/16, 400/800 content; 400/401, 400/201 references.
pub fn edit(ctx: &Ctx<'_>, id: &str, force: bool, body: &Json) -> Result<Json> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        if !force {
            check_editable(&head, &[Status::Created])?;
        }
        let mut content = content::read(body, ctx.call.version, tx.now, Purpose::Edit)?;
        govern(ctx, tx, &head, &mut content)?;
        references::check(tx, &content)?;
        if content.project.is_some() {
            access::may_leave(tx, &head)?;
        }
        let mut guarded = TaskUpdate::new();
        if content.changes_a_run() {
            guard_content(ctx, tx, &head, &mut guarded)?;
        }
        let project = content.project.clone().map(ProjectId::from);
        let quiet = content.is_quiet();
        let stored = stored(tx, &head, &content)?;
        let sets_container = content.container.is_some();
        let mut change = content.change(stored);
        if change.update.is_empty() {
            return Ok(Json::new());
        }
        change.set(TaskField::LastChange, tx.now).set(TaskField::LastChangedBy, ctx.caller.user.as_str());
        if !quiet {
            change.set(TaskField::LastUpdate, tx.now);
        }
        change.update.extend(guarded);
        access::store(tx, &head, &change.update)?;
        if sets_container {
            trail::container_set(ctx, tx, id)?;
        }
        if let Some(project) = &project {
            tx.touch_project(project.as_str())?;
        }
        Ok(change.fields)
    })
}

/// What administrators decided comes before what is written, and values of vaults are masked.
fn govern(ctx: &Ctx<'_>, tx: &Tx<'_>, head: &TaskHead, content: &mut Content) -> Result<()> {
    let id = head.id.as_str();
    let mut masked = 0;
    if let Some(mut container) = content.container.take() {
        if let Some((name, Value::String(arguments))) = container.remove_entry("arguments") {
            let shown = redaction::mask_text(ctx, id, &arguments);
            masked += shown.as_ref().map_or(0, |(_, count)| *count);
            container.insert(name, shown.map_or(arguments, |(text, _)| text).into());
        }
        let overridden = match Status::stored(&head.status).is_active() {
            true => vaults::override_edit(ctx, tx, head, container)?,
            false => container,
        };
        content.container = Some(overridden);
    }
    if let Some(sent) = &content.output_destination {
        let identity = head.run_as.as_ref().unwrap_or(&ctx.caller.user);
        if let Some(decided) = vaults::enforced_destination(ctx, tx, identity, sent)? {
            content.output_destination = Some(decided);
        }
    }
    masked += content.runtime.as_mut().map_or(0, |section| redaction::mask_section(ctx, id, section));
    masked += mask_environment(ctx, id, content.hyperparams.as_mut());
    redaction::count(ctx, tx, id, masked)
}

/// Masks the section of hyper-parameters that shows environment variables.
pub(super) fn mask_environment(ctx: &Ctx<'_>, task: &str, hyperparams: Option<&mut Json>) -> u64 {
    match hyperparams.and_then(|sections| sections.get_mut("Environment")) {
        Some(Value::Object(section)) => redaction::mask_section(ctx, task, section),
        _ => 0,
    }
}

/// Reads what the content is merged with, and no more.
fn stored(tx: &Tx<'_>, head: &TaskHead, content: &Content) -> Result<Stored> {
    let mut stored = Stored::default();
    if content.execution.is_some() {
        let [execution, artifacts] = tx.task_sections(head, [TaskField::Execution, TaskField::Artifacts])?;
        stored.execution = map_of(execution);
        stored.artifacts = artifacts;
        stored.queue = head.queue.as_ref().map(|queue| queue.as_str().to_owned());
    }
    if content.script.is_some() {
        let [script] = tx.task_sections(head, [TaskField::Script])?;
        stored.script = map_of(script);
    }
    if content.models_input.is_some() || content.models_output.is_some() {
        [stored.models_input, stored.models_output] =
            tx.task_sections(head, [TaskField::ModelsInput, TaskField::ModelsOutput])?;
    }
    if content.output_destination.is_some() {
        let [output] = tx.task_sections(head, [TaskField::Output])?;
        stored.output = map_of(output);
    }
    if content.old_parameters.is_some() && content.hyperparams.is_none() {
        let [hyperparams] = tx.task_sections(head, [TaskField::Hyperparams])?;
        stored.hyperparams = map_of(hyperparams);
    }
    if content.old_descriptions.is_some() && content.configuration.is_none() {
        let [configuration] = tx.task_sections(head, [TaskField::Configuration])?;
        stored.configuration = map_of(configuration);
    }
    Ok(stored)
}

/// `tasks.set_requirements`: replaces the packages that the script needs, in any status.
///
/// Errors: 400/101, 403/21.
pub fn set_requirements(ctx: &Ctx<'_>, id: &str, requirements: Json) -> Result<()> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        let mut update = TaskUpdate::new();
        guard_content(ctx, tx, &head, &mut update)?;
        let [script] = tx.task_sections(&head, [TaskField::Script])?;
        let mut script = map_of(script);
        script.insert("requirements".to_owned(), requirements.into());
        update.set(TaskField::Script, script).changed(tx, &ctx.caller.user, true);
        access::store(tx, &head, &update)
    })
}
