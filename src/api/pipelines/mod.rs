//! `pipelines.*` (spec/projects.md 5).

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::json;

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    tasks::{cleanup::delete_answer, shape::many},
};
use crate::{
    domain::{
        Ctx,
        pipelines::{self, NewRun},
        tasks::at_least_one,
    },
    types::{ApiError, ErrorKind, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("pipelines.delete_runs", Input::Typed, delete_runs),
    Endpoint::new("pipelines.start_pipeline", Input::Typed, start_pipeline),
];

#[derive(Deserialize)]
struct Argument {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Start {
    task: String,
    queue: Option<String>,
    #[serde(default)]
    args: Vec<Argument>,
    #[serde(default)]
    verify_watched_queue: bool,
    #[serde(flatten)]
    elsewhere: Elsewhere,
}

/// What newer pages send in order to copy a run into another pipeline.
#[derive(Deserialize)]
struct Elsewhere {
    new_project_name: Option<String>,
    new_pipeline_name: Option<String>,
    new_pipeline_version: Option<String>,
}

impl Elsewhere {
    /// Passing over these would start a run in the same pipeline, and people would believe that there is a new one
    /// (spec/client_web.md).
    fn refuse(&self) -> Result<()> {
        let fields = [
            ("new_project_name", &self.new_project_name),
            ("new_pipeline_name", &self.new_pipeline_name),
            ("new_pipeline_version", &self.new_pipeline_version),
        ];
        match fields.into_iter().find(|(_, value)| value.as_ref().is_some_and(|text| !text.is_empty())) {
            None => Ok(()),
            Some((field, _)) => {
                let text = "a run can only be started in the pipeline it belongs to; leave this field out";
                Err(ApiError::new(ErrorKind::ValidationError, text).with("field", field))
            }
        }
    }
}

/// `pipelines.start_pipeline`: without a queue, or with an empty one, in the tenant's default queue.
fn start_pipeline(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Start = request.decode()?;
    asked.elsewhere.refuse()?;
    let started = pipelines::start(
        ctx,
        &NewRun {
            task: asked.task,
            queue: asked.queue.filter(|queue| !queue.is_empty()),
            arguments: asked.args.into_iter().map(|one| (one.name, one.value)).collect(),
            verify_watched: asked.verify_watched_queue,
        },
    )?;
    let mut answer = json!({"pipeline": started.id.as_str(), "enqueued": true});
    if let (Some(watched), Some(answer)) = (started.watched, answer.as_object_mut()) {
        answer.insert("queue_watched".to_owned(), watched.into());
    }
    Reply::data(&answer)
}

#[derive(Deserialize)]
struct DeleteRuns {
    project: String,
    ids: Vec<String>,
}

/// `pipelines.delete_runs`.
fn delete_runs(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DeleteRuns = request.decode()?;
    let batch = pipelines::delete_runs(ctx, &asked.project, &at_least_one(asked.ids, "ids")?)?;
    Reply::data(&many(batch, |gone| delete_answer(&gone)))
}
