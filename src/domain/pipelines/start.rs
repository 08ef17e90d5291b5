//! Starting a run anew: a copy of a former one with other arguments, enqueued (spec/projects.md 5.1).

use serde_json::{Value, json};

use crate::{
    domain::{
        Ctx,
        tasks::{self, Enqueue, Overrides, Words},
    },
    store::{
        Tx,
        documents::{Access, Public},
        query::TASK,
        tasks::{TaskField, TaskHead, TaskUpdate},
    },
    types::{ApiError, ErrorKind, Json, Result, TaskId},
};

/// Section of the hyper-parameters that holds a pipeline's arguments.
const ARGUMENTS: &str = "Args";

/// What [`start`] takes.
#[derive(Clone, Debug, Default)]
pub struct NewRun {
    /// The run to copy.
    pub task: String,
    /// Queue by id; `None`: the tenant's default one.
    pub queue: Option<String>,
    /// Arguments by name; they replace the former run's.
    pub arguments: Vec<(String, String)>,
    /// Tell whether somebody listens to the queue.
    pub verify_watched: bool,
}

/// The run that was started.
#[derive(Debug)]
pub struct StartedRun {
    /// The new run.
    pub id: TaskId,
    /// Whether somebody listens to its queue, when asked.
    pub watched: Option<bool>,
}

/// Copies a run, gives the copy its number and arguments, and enqueues it: all of it or nothing.
///
/// Errors: 400/101 unknown run; 403/21 its project may not be changed; 400/12 an argument without name; 400/701,
/// 400/707, 400/708, 403/21 queue.
pub fn start(ctx: &Ctx<'_>, asked: &NewRun) -> Result<StartedRun> {
    let how = Enqueue {
        queue: asked.queue.clone(),
        words: Words { message: "Starting pipeline".to_owned(), ..Words::default() },
        ..Enqueue::default()
    };
    ctx.write(|tx| {
        let id = tasks::clone_task(ctx, tx, &asked.task, &Overrides::default())?.id;
        let run = tasks::writable(tx, id.as_str())?;
        let mut update = TaskUpdate::new();
        if !asked.arguments.is_empty() {
            let [stored] = tx.task_sections(&run, [TaskField::Hyperparams])?;
            update.set(TaskField::Hyperparams, with_arguments(stored, &asked.arguments)?);
        }
        if let Some(name) = numbered_name(ctx, tx, &run)? {
            update.set(TaskField::Name, name);
        }
        tasks::store(tx, &run, &update)?;
        let (_, queue) = tasks::enqueue_task(ctx, tx, id.as_str(), &how)?;
        let watched = if asked.verify_watched { Some(tx.queue_is_watched(&queue)?) } else { None };
        Ok(StartedRun { id, watched })
    })
}

/// The former run's parameters with whole items of the section replaced; other sections stay.
fn with_arguments(stored: Value, arguments: &[(String, String)]) -> Result<Json> {
    let Value::Object(mut sections) = stored else { return with_arguments(json!({}), arguments) };
    let section = sections.entry(ARGUMENTS).or_insert_with(|| json!({}));
    if let Value::Object(items) = section {
        for (name, value) in arguments {
            let key = name.trim();
            if key.is_empty() {
                let text = "every argument needs a name";
                return Err(ApiError::new(ErrorKind::ValidationError, text).with("field", "args"));
            }
            items.insert(key.to_owned(), json!({"section": ARGUMENTS, "name": name, "value": value}));
        }
    }
    Ok(sections)
}

/// The pipeline's name with the number of runs it now has, this one included. `None`: it lies in no project.
fn numbered_name(ctx: &Ctx<'_>, tx: &Tx<'_>, run: &TaskHead) -> Result<Option<String>> {
    let Some(project) = &run.project else { return Ok(None) };
    let Some(project) = tx.project(project.as_str(), Access::Read)? else { return Ok(None) };
    let name = project.basename;
    let named_alike = Json::from_iter([
        ("project".to_owned(), json!([project.id])),
        ("system_tags".to_owned(), json!(["pipeline"])),
        ("name".to_owned(), json!(format!("{}( #[0-9]+)?$", regex::escape(&name)))),
    ]);
    let mut options = ctx.query_options(Public::Never);
    options.show_hidden = true;
    Ok(Some(match tx.count(&TASK, &named_alike, &options)? {
        0 => name,
        runs => format!("{name} #{runs}"),
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn arguments_replace_whole_items_and_leave_the_rest() {
        let stored = json!({
            "Args": {"lr": {"section": "Args", "name": "lr", "value": "1", "type": "float"}, "seed": {"value": "7"}},
            "pipeline": {"x": {"value": "y"}},
        });
        let new = with_arguments(stored, &[(" lr ".to_owned(), "2".to_owned())]).unwrap();
        let expected = json!({
            "Args": {"lr": {"section": "Args", "name": " lr ", "value": "2"}, "seed": {"value": "7"}},
            "pipeline": {"x": {"value": "y"}},
        });
        assert_eq!(Value::Object(new), expected);
        let error = with_arguments(Value::Null, &[("  ".to_owned(), "2".to_owned())]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValidationError);
    }
}
