//! What a request says about a task's content, and how it becomes stored content (protocol: spec/tasks.md 2.5, 4).

use serde_json::{Value, json};

use crate::{
    store::{
        query::{TASK, split_old_tags},
        tasks::{Cell, TaskField},
    },
    types::{Json, Millis, Result, Version},
};

use super::{
    artifact,
    change_status::Change,
    items::{self, Completeness, misshapen, object, unusable},
    legacy::{self, Legacy},
    status::Status,
};

/// Name of the one input model of old clients.
pub(super) const INPUT_MODEL: &str = "Input Model";

/// What the request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new task.
    Create,
    /// Only checking what would be a new task.
    Validate,
    /// Changing a task.
    Edit,
}

/// Content that a request sends, checked. What is `None` was not sent.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// As sent; the stored name is trimmed.
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) comment: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) project: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) system_tags: Option<Vec<String>>,
    /// Trimmed.
    pub(super) output_destination: Option<String>,
    pub(super) execution: Option<Execution>,
    /// Nulls unset members.
    pub(super) script: Option<Json>,
    pub(super) models_input: Option<Vec<Value>>,
    pub(super) models_output: Option<Vec<Value>>,
    pub(super) container: Option<Json>,
    pub(super) hyperparams: Option<Json>,
    pub(super) configuration: Option<Json>,
    pub(super) runtime: Option<Json>,
    pub(super) old_parameters: Option<Json>,
    pub(super) old_descriptions: Option<Json>,
}

/// What was sent of `execution` in its present form.
#[derive(Debug, Default)]
pub(super) struct Execution {
    /// `test_split`, `model_labels`, `framework`; nulls unset them.
    pub(super) members: Json,
    pub(super) artifacts: Option<Vec<Value>>,
    /// `Some(None)` unsets it.
    pub(super) queue: Option<Option<String>>,
}

/// Reads the content of a request.
///
/// Errors: 400/12, 400/16 tags, 400/800.
pub(super) fn read(body: &Json, version: Version, now: Millis, purpose: Purpose) -> Result<Content> {
    let body = &*split_old_tags(&TASK, body, version);
    let given = |name: &str| body.get(name).filter(|value| !value.is_null());
    let text = |name: &str| given(name).map(|value| items::text(value, name).map(str::to_owned)).transpose();
    let completeness = match purpose {
        Purpose::Validate => Completeness::Optional,
        _ => Completeness::Required,
    };

    let mut content = Content {
        name: text("name")?,
        kind: text("type")?,
        comment: text("comment")?,
        parent: text("parent")?,
        project: text("project")?,
        tags: given("tags").map(|tags| items::tags(tags, "tags")).transpose()?,
        system_tags: given("system_tags").map(|tags| items::tags(tags, "system_tags")).transpose()?,
        output_destination: text("output_dest")?.map(|text| text.trim().to_owned()),
        script: given("script").map(items::script).transpose()?,
        container: given("container").map(items::container).transpose()?,
        hyperparams: given("hyperparams").map(|map| items::hyperparams(map, completeness)).transpose()?,
        configuration: given("configuration")
            .map(|map| items::configuration(map, completeness))
            .transpose()?,
        runtime: given("runtime").map(|map| object(map, "runtime").cloned()).transpose()?,
        ..Content::default()
    };
    if let Some(name) = content.name.as_deref().filter(|_| purpose != Purpose::Validate) {
        items::name(name)?;
    }
    if let Some(kind) = &content.kind {
        items::kind(kind)?;
    }
    if purpose == Purpose::Edit {
        content.status = text("status")?.map(|status| status.parse()).transpose()?;
    } else if let Some(key) = content.runtime.iter().flat_map(Json::keys).find(|key| key.starts_with('$')) {
        return Err(unusable("runtime", &format!("has a key that starts with $: {key}")));
    }
    if let Some(models) = given("models") {
        for (member, value) in object(models, "models")? {
            let field = format!("models.{member}");
            let slot = match member.as_str() {
                "input" => &mut content.models_input,
                "output" => &mut content.models_output,
                _ => return Err(misshapen("models", &format!("has an unknown member {member}"))),
            };
            // A null list is an empty one.
            *slot = Some(if value.is_null() { Vec::new() } else { items::links(value, &field, now)? });
        }
    }
    if let Some(sent) = given("execution") {
        let sent = object(sent, "execution")?;
        content.execution = Some(execution(sent)?);
        let Legacy { parameters, descriptions, model, container } = legacy::read(sent, version)?;
        content.old_parameters = parameters;
        content.old_descriptions = descriptions;
        if let Some(model) = model {
            content.models_input = Some(input_model(&model, now));
        }
        if let Some(old) = container {
            content.container.get_or_insert_default().extend(old);
        }
    }
    Ok(content)
}

/// The one input model of old clients; an empty id is none.
pub(super) fn input_model(model: &str, now: Millis) -> Vec<Value> {
    if model.is_empty() { Vec::new() } else { vec![items::link_to(INPUT_MODEL, model, now)] }
}

/// Members of `execution` in their present form; others are dropped.
pub(super) fn execution(sent: &Json) -> Result<Execution> {
    let mut execution = Execution::default();
    for (member, value) in sent {
        let field = format!("execution.{member}");
        let value = match (member.as_str(), value) {
            ("test_split" | "model_labels" | "framework", Value::Null) => Value::Null,
            ("test_split", value) => items::whole(value, &field)?.into(),
            ("model_labels", value) => Value::Object(items::model_labels(value)?),
            ("framework", value) => items::text(value, &field)?.into(),
            ("artifacts", Value::Null) => {
                execution.artifacts = Some(Vec::new());
                continue;
            }
            ("artifacts", value) => {
                execution.artifacts = Some(artifact::artifacts(value, &field)?);
                continue;
            }
            ("queue", Value::Null) => {
                execution.queue = Some(None);
                continue;
            }
            ("queue", value) => {
                execution.queue = Some(Some(items::text(value, &field)?.to_owned()));
                continue;
            }
            _ => continue,
        };
        execution.members.insert(member.clone(), value);
    }
    Ok(execution)
}

/// What is stored of a task that is edited, as far as the edit needs it.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) execution: Json,
    pub(super) artifacts: Value,
    pub(super) queue: Option<String>,
    pub(super) script: Json,
    pub(super) models_input: Value,
    pub(super) models_output: Value,
    pub(super) output: Json,
    pub(super) hyperparams: Json,
    pub(super) configuration: Json,
}

/// Puts `sent` over `stored`; nulls unset members.
fn merge(stored: Json, sent: Json) -> Json {
    let mut merged = stored;
    for (member, value) in sent {
        match value {
            Value::Null => {
                merged.remove(&member);
            }
            value => {
                merged.insert(member, value);
            }
        }
    }
    merged
}

fn with_defaults(section: &Json, defaults: &[(&str, Value)]) -> Json {
    let mut shown = Json::from_iter(defaults.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    shown.extend(section.clone());
    shown
}

/// Links with times as the wire writes them.
fn shown_links(links: &Value) -> Value {
    let show = |link: &Value| {
        let mut link = link.clone();
        if let Some(updated) = link.get("updated").and_then(Value::as_i64)
            && let Some(members) = link.as_object_mut()
        {
            members.insert("updated".to_owned(), Millis(updated).into());
        }
        link
    };
    links.as_array().map(|links| links.iter().map(show).collect()).unwrap_or_else(|| json!([]))
}

impl Content {
    /// Whether it changes what will run (spec/security_rules.md S1): all but names, tags, texts, links and results.
    /// The user's properties are no part of a run.
    pub(super) fn changes_a_run(&self) -> bool {
        self.script.is_some()
            || self.execution.is_some()
            || self.container.is_some()
            || self.hyperparams.is_some()
            || self.configuration.is_some()
            || self.models_input.is_some()
    }

    /// Whether it leaves the time of the last update alone (protocol: spec/tasks.md 2.3).
    pub(super) fn is_quiet(&self) -> bool {
        !self.changes_a_run()
            && self.kind.is_none()
            && self.status.is_none()
            && self.parent.is_none()
            && self.output_destination.is_none()
            && self.models_output.is_none()
            && self.runtime.is_none()
    }

    /// The change that this content makes to what is stored. A new task has nothing stored.
    pub(super) fn change(self, stored: Stored) -> Change {
        let mut change = Change::default();
        if let Some(name) = self.name {
            change.update.set(TaskField::Name, name.trim());
            change.fields.insert("name".to_owned(), name.into());
        }
        for (field, value) in [
            (TaskField::Type, self.kind),
            (TaskField::Status, self.status.map(|status| status.as_str().to_owned())),
            (TaskField::Comment, self.comment),
            (TaskField::Parent, self.parent),
            (TaskField::Project, self.project),
        ] {
            if let Some(value) = value {
                change.set(field, value);
            }
        }
        for (field, tags) in [(TaskField::Tags, self.tags), (TaskField::SystemTags, self.system_tags)] {
            if let Some(mut tags) = tags {
                tags.sort();
                change.set(field, tags);
            }
        }
        if let Some(destination) = self.output_destination {
            let mut output = stored.output;
            output.insert("destination".to_owned(), destination.into());
            change.set(TaskField::Output, output);
        }
        if let Some(execution) = self.execution {
            execution.apply(&mut change, stored.execution, stored.artifacts, stored.queue);
        }
        if let Some(script) = self.script {
            let script = merge(stored.script, script);
            let defaults = [
                ("binary", json!("python")),
                ("repository", json!("")),
                ("entry_point", json!("")),
                ("requirements", json!({})),
            ];
            change.fields.insert("script".to_owned(), Value::Object(with_defaults(&script, &defaults)));
            change.update.set(TaskField::Script, script);
        }
        if self.models_input.is_some() || self.models_output.is_some() {
            let input = self.models_input.map_or(stored.models_input, Value::Array);
            let output = self.models_output.map_or(stored.models_output, Value::Array);
            let shown = json!({"input": shown_links(&input), "output": shown_links(&output)});
            change.fields.insert("models".to_owned(), shown);
            for (field, links) in [(TaskField::ModelsInput, input), (TaskField::ModelsOutput, output)] {
                if links.is_array() {
                    change.update.set(field, links);
                }
            }
        }
        let hyperparams = match self.old_parameters {
            Some(old) => Some(legacy::with_parameters(self.hyperparams, stored.hyperparams, old)),
            None => self.hyperparams,
        };
        let configuration = match self.old_descriptions {
            Some(old) => Some(legacy::with_descriptions(self.configuration, stored.configuration, old)),
            None => self.configuration,
        };
        for (field, map) in [
            (TaskField::Container, self.container),
            (TaskField::Hyperparams, hyperparams),
            (TaskField::Configuration, configuration),
            (TaskField::Runtime, self.runtime),
        ] {
            if let Some(map) = map {
                change.set(field, map);
            }
        }
        change
    }
}

impl Execution {
    fn apply(self, change: &mut Change, stored: Json, artifacts: Value, queue: Option<String>) {
        let members = merge(stored, self.members);
        let defaults = [
            ("test_split", json!(0)),
            ("parameters", json!({})),
            ("model_desc", json!({})),
            ("model_labels", json!({})),
        ];
        let mut shown = with_defaults(&members, &defaults);
        change.update.set(TaskField::Execution, members);
        let artifacts = match self.artifacts {
            Some(artifacts) => {
                change.update.set(TaskField::Artifacts, artifacts.clone());
                Value::Array(artifacts)
            }
            None if artifacts.is_array() => artifacts,
            None => json!([]),
        };
        shown.insert("artifacts".to_owned(), artifacts);
        let queue = match self.queue {
            Some(queue) => {
                change.update.set(TaskField::Queue, Cell::from(queue.clone()));
                queue
            }
            None => queue,
        };
        if let Some(queue) = queue {
            shown.insert("queue".to_owned(), queue.into());
        }
        change.fields.insert("execution".to_owned(), Value::Object(shown));
    }
}

/// The object in a section, empty when there is none.
pub(super) fn map_of(section: Value) -> Json {
    match section {
        Value::Object(map) => map,
        _ => Json::new(),
    }
}

/// The list in a section, empty when there is none.
pub(super) fn list_of(section: Value) -> Vec<Value> {
    match section {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
