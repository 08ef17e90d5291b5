//! Copying a task into a new draft (protocol: spec/tasks.md 4.3).

use serde_json::Value;

use crate::{
    domain::{Ctx, projects, trail},
    store::{
        Tx,
        tasks::{NewTask, TaskField, TaskHead, TaskUpdate},
    },
    types::{Json, Millis, Result, TaskId, Version},
};

use super::{
    access::{self, target_project},
    artifact::artifact_id,
    batch::{Batch, each},
    change_status::DEVELOPMENT,
    content::{self, Execution, input_model, list_of, map_of},
    items::{self, Completeness},
    legacy::{self, Legacy},
    references::{self, DELETED},
};

/// System tag of what was put away.
pub(super) const ARCHIVED: &str = "archived";

/// What a clone changes, as sent.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Empty: as the source.
    pub name: Option<String>,
    /// Empty: as the source.
    pub comment: Option<String>,
    /// Empty: as the source.
    pub tags: Vec<String>,
    /// Empty: as the source without what it does not hand on.
    pub system_tags: Vec<String>,
    /// Parent.
    pub parent: Option<String>,
    /// Project by id; wins over the name.
    pub project: Option<String>,
    /// Project by name, made when there is none.
    pub project_name: Option<String>,
    /// Replaces all when not empty.
    pub hyperparams: Option<Json>,
    /// Replaces all when not empty.
    pub configuration: Option<Json>,
    /// Replaces all when not empty.
    pub container: Option<Json>,
    /// Replaces the input models.
    pub input_models: Option<Value>,
    /// Merged over the source's.
    pub execution: Option<Json>,
    /// Check references that were not sent.
    pub validate_references: bool,
}

/// What a clone made.
#[derive(Debug)]
pub struct Cloned {
    /// The new task.
    pub id: TaskId,
    /// The project that was asked for by name, with that name.
    pub project: Option<(String, String)>,
}

/// `tasks.clone`.
///
/// Errors: 400/101 source or parent; 400/401, 403/21 project; 400/201 models; 400/12, 400/16, 400/800 content.
pub fn clone(ctx: &Ctx<'_>, source: &str, overrides: &Overrides) -> Result<Cloned> {
    ctx.write(|tx| clone_task(ctx, tx, source, overrides))
}

/// Copies of several tasks, each by itself; `overrides` says what changes in the copy of a source.
pub fn clone_many(
    ctx: &Ctx<'_>,
    sources: &[String],
    overrides: impl Fn(&str) -> Overrides,
) -> Result<Batch<Cloned>> {
    ctx.write(|tx| each(ctx, tx, sources, |source| clone_task(ctx, tx, source, &overrides(source))))
}

/// [`clone`] within a transaction.
pub(in crate::domain) fn clone_task(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    source: &str,
    overrides: &Overrides,
) -> Result<Cloned> {
    let id = TaskId::fresh();
    ctx.touched("task", id.as_str());
    let head = access::readable(tx, source)?;
    let mut update = content(tx, &head, overrides)?;

    let parent = match overrides.parent.as_deref().filter(|parent| !parent.is_empty()) {
        Some(parent) => parent.to_owned(),
        None => match &head.parent {
            Some(parent) if !parent.starts_with(DELETED) => parent.clone(),
            _ => head.id.as_str().to_owned(),
        },
    };
    if overrides.parent.is_some() || overrides.validate_references {
        references::check_parent(tx, &parent)?;
    }
    update.set(TaskField::Parent, parent);

    let name = overrides.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&head.name);
    let name = items::name(name)?;
    let by_id = overrides.project.as_deref().filter(|project| !project.is_empty());
    let by_name = overrides.project_name.as_deref().filter(|name| by_id.is_none() && !name.trim().is_empty());
    let project = match (by_id, by_name) {
        (Some(project), _) => Some(project.into()),
        (None, Some(name)) => {
            projects::find_or_create(ctx, tx, None, Some(name))?.map(|project| project.id.into())
        }
        (None, None) => head.project.clone(),
    };
    if let Some(project) = &project {
        target_project(tx, project.as_str())?;
        update.set(TaskField::Project, project.as_str());
    }

    tx.insert_task(&NewTask { id: &id, user: &ctx.caller.user, name, kind: &head.kind }, &update)?;
    trail::cloned(ctx, tx, id.as_str(), head.id.as_str())?;
    if let Some(project) = &project {
        tx.touch_project(project.as_str())?;
    }
    let named = by_name.zip(project).map(|(name, project)| (project.as_str().to_owned(), name.to_owned()));
    Ok(Cloned { id, project: named })
}

/// The content of the copy: of the source what a new run starts from, and what was sent instead.
fn content(tx: &Tx<'_>, head: &TaskHead, overrides: &Overrides) -> Result<TaskUpdate> {
    let [tags, script, output, input, container, execution, artifacts, hyperparams, configuration] = tx
        .task_sections(
            head,
            [
                TaskField::Tags,
                TaskField::Script,
                TaskField::Output,
                TaskField::ModelsInput,
                TaskField::Container,
                TaskField::Execution,
                TaskField::Artifacts,
                TaskField::Hyperparams,
                TaskField::Configuration,
            ],
        )?;
    let comment = match overrides.comment.as_deref() {
        Some(comment) if !comment.is_empty() => Some(comment.to_owned()),
        _ => tx.task_comment(head)?,
    };
    let (sent_execution, old) = sent_execution(overrides)?;

    let mut update = TaskUpdate::new();
    update.set(TaskField::Comment, comment);
    let tags = match checked(&overrides.tags, "new_task_tags")? {
        Some(sent) => sent,
        None => serde_json::from_value(tags).unwrap_or_default(),
    };
    let system_tags = checked(&overrides.system_tags, "new_task_system_tags")?.unwrap_or_else(|| {
        head.system_tags.iter().filter(|tag| *tag != DEVELOPMENT && *tag != ARCHIVED).cloned().collect()
    });
    update.set(TaskField::Tags, tags).set(TaskField::SystemTags, system_tags).set(TaskField::Script, script);

    let mut output = map_of(output);
    output.retain(|member, _| member == "destination");
    update.set(TaskField::Output, output);
    update.set(TaskField::ModelsInput, input_models(tx, overrides, &old, input)?);

    let container = match (filled(&overrides.container, items::container)?, old.container) {
        (Some(sent), _) => sent,
        (None, Some(old)) => old,
        (None, None) => map_of(container),
    };
    update.set(TaskField::Container, container);

    let mut members = map_of(execution);
    members.extend(sent_execution.members);
    members.retain(|_, value| !value.is_null());
    let mut artifacts = sent_execution.artifacts.unwrap_or_else(|| list_of(artifacts));
    artifacts.retain(|artifact| artifact_id(artifact).1 == "input");
    update.set(TaskField::Execution, members).set(TaskField::Artifacts, artifacts);

    let hyperparams = filled(&overrides.hyperparams, |map| items::hyperparams(map, Completeness::Required))?
        .unwrap_or_else(|| map_of(hyperparams));
    let hyperparams = match old.parameters {
        // These are meant for this run: they go over what is there.
        Some(old) => legacy::with_parameters(Some(hyperparams), Json::new(), old),
        None => hyperparams,
    };
    let configuration =
        filled(&overrides.configuration, |map| items::configuration(map, Completeness::Required))?
            .unwrap_or_else(|| map_of(configuration));
    let configuration = match old.descriptions {
        Some(old) => legacy::with_descriptions(Some(configuration), Json::new(), old),
        None => configuration,
    };
    update.set(TaskField::Hyperparams, hyperparams).set(TaskField::Configuration, configuration);
    Ok(update)
}

fn checked(tags: &[String], field: &str) -> Result<Option<Vec<String>>> {
    if tags.is_empty() {
        return Ok(None);
    }
    let mut tags = items::tags(&tags.to_vec().into(), field)?;
    tags.sort();
    Ok(Some(tags))
}

/// A map that was sent and is not empty, checked.
fn filled(sent: &Option<Json>, check: impl FnOnce(&Value) -> Result<Json>) -> Result<Option<Json>> {
    match sent {
        Some(map) if !map.is_empty() => check(&Value::Object(map.clone())).map(Some),
        _ => Ok(None),
    }
}

/// Overrides of `execution`; here the old forms count in every version.
fn sent_execution(overrides: &Overrides) -> Result<(Execution, Legacy)> {
    match &overrides.execution {
        Some(sent) => Ok((content::execution(sent)?, legacy::read(sent, Version::FIRST)?)),
        None => Ok(Default::default()),
    }
}

fn input_models(tx: &Tx<'_>, overrides: &Overrides, old: &Legacy, source: Value) -> Result<Vec<Value>> {
    let now: Millis = tx.now;
    let (links, sent) = match (&overrides.input_models, &old.model) {
        (Some(links), _) => (items::links(links, "new_task_input_models", now)?, true),
        (None, Some(model)) => (input_model(model, now), true),
        (None, None) => (list_of(source), false),
    };
    if sent || overrides.validate_references {
        references::check_models(tx, &links)?;
    }
    Ok(links)
}
