//! Tabs of what a task is: overview, execution, configuration, artifacts.

use serde_json::Value;

use super::{head::head, page, shell};
use crate::{
    domain::Ctx,
    types::{Json, Millis, Result},
    web::{
        PageReply, PageRequest,
        pages::document::{at, text, when},
        render::time::When,
        view::{
            kit::{Crumb, Place},
            task::{
                artifacts::{ArtifactKind, ArtifactRow, Artifacts},
                details::{
                    ConfigObject, Configuration, Execution, Fact, Headline, Overview, Parameter, Section,
                },
            },
        },
    },
};

/// Metrics and parameters that the overview shows at most.
const HEADLINES: usize = 8;
const PARAMETERS: usize = 16;

pub(super) fn overview(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let models = |path: &str| -> Vec<Crumb> {
        let list = at(task, path).and_then(Value::as_array);
        let name = |model: &Value| {
            let text = |key: &str| model.pointer(key).and_then(Value::as_str).map(str::to_owned);
            let name = text("/model/name").or_else(|| text("/name"))?;
            Some(Crumb { name, href: format!("/tasks/{}/artifacts", task.get("id")?.as_str()?) })
        };
        list.into_iter().flatten().filter_map(name).collect()
    };
    page!(
        request,
        Overview {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            comment: text(task, "comment"),
            status_message: text(task, "status_message"),
            metrics: headlines(task),
            parameters: first_parameters(task),
            differs_from_parent: false,
            facts: facts(ctx, request, task),
            models_in: models("models.input"),
            models_out: models("models.output"),
            console: super::console::tail(ctx, task)?,
        }
    )
}

/// Last values of the first metrics, monitoring left out.
fn headlines(task: &Json) -> Vec<Headline> {
    let metrics = at(task, "last_metrics").and_then(Value::as_object);
    let variants = metrics.into_iter().flat_map(|map| map.values()).filter_map(Value::as_object);
    let mut found: Vec<Headline> = variants
        .flat_map(|variants| variants.values())
        .filter_map(|entry| {
            let name = entry.get("metric")?.as_str()?;
            let variant = entry.get("variant")?.as_str()?;
            let number = |key: &str| entry.get(key).and_then(Value::as_f64);
            (!name.starts_with(":monitor:")).then(|| {
                Some(Headline {
                    name: if variant.is_empty() || variant == name {
                        name.to_owned()
                    } else {
                        format!("{name}/{variant}")
                    },
                    last: number("value")?,
                    range: number("min_value").zip(number("max_value")),
                    trend: None,
                })
            })?
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.truncate(HEADLINES);
    found
}

fn sections(task: &Json) -> impl Iterator<Item = (&String, &Value)> {
    at(task, "hyperparams").and_then(Value::as_object).into_iter().flatten()
}

fn parameters(section: &Value) -> impl Iterator<Item = (&String, &Value)> {
    section.as_object().into_iter().flatten()
}

fn item(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn first_parameters(task: &Json) -> Vec<(String, String)> {
    sections(task)
        .filter(|(section, _)| *section != "properties")
        .flat_map(|(section, values)| {
            parameters(values).map(move |(name, value)| (format!("{section}/{name}"), item(value, "value")))
        })
        .take(PARAMETERS)
        .collect()
}

fn facts(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Vec<Fact> {
    let clock = crate::web::session::clock(ctx, request);
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String, href: Option<String>, is_code: bool| {
        if !value.is_empty() {
            facts.push(Fact { name: name.to_owned(), value, href, is_code });
        }
    };
    add("Id", text(task, "id"), None, true);
    add("Type", text(task, "type"), None, false);
    let parent = text(task, "parent.id");
    let parent_name = text(task, "parent.name");
    if !parent_name.is_empty() {
        add("Parent", parent_name, Some(format!("/tasks/{parent}")), false);
    }
    for (name, path) in [("Created", "created"), ("Completed", "completed"), ("Last update", "last_update")] {
        add(name, when(task, path).map(|at| clock.short(at)).unwrap_or_default(), None, false);
    }
    add("Framework", text(task, "execution.framework"), None, false);
    add("Output", text(task, "output.destination"), None, true);
    for (name, value) in
        sections(task).filter(|(name, _)| *name == "properties").flat_map(|(_, v)| parameters(v))
    {
        add(name, item(value, "value"), None, false);
    }
    facts
}

pub(super) fn execution(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let list = |pairs: &[(&str, &str)]| -> Vec<Fact> {
        let fact = |(name, path): &(&str, &str)| {
            let value = text(task, path);
            (!value.is_empty()).then(|| Fact { name: (*name).to_owned(), value, href: None, is_code: true })
        };
        pairs.iter().filter_map(fact).collect()
    };
    let packages = match at(task, "script.requirements.pip") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    };
    let repository = text(task, "script.repository");
    page!(
        request,
        Execution {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            source: list(&[
                ("Repository", "script.repository"),
                ("Branch", "script.branch"),
                ("Tag", "script.tag"),
                ("Commit", "script.version_num"),
                ("Script", "script.entry_point"),
                ("Working directory", "script.working_dir"),
                ("Interpreter", "script.binary"),
            ]),
            container: list(&[
                ("Image", "container.image"),
                ("Arguments", "container.arguments"),
                ("Queue", "execution.queue.name"),
                ("Worker", "last_worker"),
            ]),
            setup: text(task, "container.setup_shell_script"),
            diff: text(task, "script.diff"),
            is_script: repository.is_empty(),
            diff_href: format!("/tasks/{}/execution/diff", text(task, "id")),
            packages,
        }
    )
}

/// The whole text of the changes, to save.
pub(super) fn diff(task: &Json) -> PageReply {
    PageReply {
        status: 200,
        content_type: "text/plain; charset=utf-8",
        body: text(task, "script.diff"),
        stream: None,
        headers: vec![(
            "Content-Disposition",
            format!("attachment; filename=task_{}.diff", text(task, "id")),
        )],
        cookies: Vec::new(),
    }
}

pub(super) fn configuration(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let q = request.arg("q").unwrap_or_default().trim().to_owned();
    let needle = q.to_lowercase();
    let matches =
        |texts: &[&str]| needle.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&needle));
    let mut unfiltered = 0;
    let mut shown = Vec::new();
    for (name, values) in sections(task) {
        let mut rows: Vec<Parameter> = Vec::new();
        for (parameter, value) in parameters(values) {
            unfiltered += 1;
            let given = item(value, "value");
            if matches(&[name, parameter, &given]) {
                rows.push(Parameter {
                    name: parameter.clone(),
                    value: given,
                    kind: item(value, "type"),
                    description: item(value, "description"),
                    parent: None,
                });
            }
        }
        if !rows.is_empty() {
            shown.push(Section { name: name.clone(), parameters: rows });
        }
    }
    let objects = at(task, "configuration").and_then(Value::as_object).into_iter().flatten();
    let objects = objects
        .map(|(name, value)| ConfigObject {
            name: name.clone(),
            kind: item(value, "type"),
            description: item(value, "description"),
            text: item(value, "value"),
        })
        .filter(|object| matches(&[&object.name, &object.text]))
        .collect();
    page!(
        request,
        Configuration {
            shell: shell(ctx, request, "/projects"),
            head: head(ctx, task)?,
            q,
            unfiltered,
            sections: shown,
            objects,
        }
    )
}

pub(super) fn artifacts(ctx: &Ctx<'_>, request: &PageRequest, task: &Json) -> Result<PageReply> {
    let own = file_prefixes(ctx);
    let place = |uri: &str| (!uri.is_empty()).then(|| Place::of(uri, &own));
    let mut rows = Vec::new();
    for (kind, path) in
        [(ArtifactKind::InputModel, "models.input"), (ArtifactKind::OutputModel, "models.output")]
    {
        for model in at(task, path).and_then(Value::as_array).into_iter().flatten() {
            let text =
                |pointer: &str| model.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let name = text("/model/name");
            rows.push(ArtifactRow {
                kind,
                name: if name.is_empty() { text("/name") } else { name },
                format: text("/model/framework"),
                size: None,
                hash: String::new(),
                place: place(&text("/model/uri")),
                created: Millis::parse_lenient(&text("/model/created")).map(|at| When(at.0)),
                preview: String::new(),
            });
        }
    }
    for artifact in at(task, "execution.artifacts").and_then(Value::as_array).into_iter().flatten() {
        let text =
            |pointer: &str| artifact.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        rows.push(ArtifactRow {
            kind: ArtifactKind::Artifact,
            name: text("/key"),
            format: text("/type"),
            size: artifact.get("content_size").and_then(Value::as_u64),
            hash: text("/hash"),
            place: place(&text("/uri")),
            created: artifact
                .get("timestamp")
                .and_then(Value::as_i64)
                .map(|seconds| When(seconds.saturating_mul(1000))),
            preview: text("/type_data/preview"),
        });
    }
    page!(request, Artifacts { shell: shell(ctx, request, "/projects"), head: head(ctx, task)?, rows })
}

/// Addresses under which clients see our file store.
pub(super) fn file_prefixes(ctx: &Ctx<'_>) -> Vec<String> {
    let urls = &ctx.app.urls;
    let mut prefixes = vec![urls.files.clone(), format!("{}/files", urls.web)];
    for known in prefixes.clone() {
        if known.contains("://localhost") {
            prefixes.push(known.replacen("://localhost", "://127.0.0.1", 1));
        }
    }
    prefixes
}
