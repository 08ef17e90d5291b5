//! Asking before something is done with a task, and doing it.

use serde_json::Value;

use super::{
    deed::{Deed, State},
    goods::Goods,
    page, perform,
    reach::{self, queue_choices},
    shell,
};
use crate::{
    domain::{
        Ctx,
        tasks::{self, Dequeue, Disposal, Enqueue, Overrides, Status, Stop, Words},
    },
    types::{ApiError, ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            document::{at, text},
            notice::{sentence, telling},
        },
        render::text::cut_middle,
        view::{
            confirm::{Confirm, Field},
            shell::Tone,
        },
    },
};

/// Type of a task whose steps may go its way.
const CONTROLLER: &str = "controller";

/// What to do where a queue has nobody who takes tasks from it.
pub(in crate::web::pages) const NO_AGENT: &str =
    "No agent listens to this queue. Start one with clearml-agent daemon --queue and the queue's name.";

/// The word to type before files go.
pub(in crate::web::pages) const TYPED: &str = "delete";

/// The page that asks.
pub(super) fn ask(ctx: &Ctx<'_>, request: &PageRequest, task: &Json, deed: Deed) -> Result<PageReply> {
    let obstacle = deed.obstacle(State::of(ctx, task)?).unwrap_or_default();
    page!(request, question(ctx, request, task, deed, obstacle.to_owned())?)
}

fn question(ctx: &Ctx<'_>, request: &PageRequest, task: &Json, deed: Deed, error: String) -> Result<Confirm> {
    let id = text(task, "id");
    let name = text(task, "name");
    let status = Status::stored(&text(task, "status"));
    let mut goods = Goods::default();
    if deed.loses_results() {
        goods.add(ctx, task)?;
    }
    let with_goods = deed.loses_results().then_some(&goods);
    let has_steps = text(task, "type") == CONTROLLER && deed.reaches_steps();
    let (points, descendants) = reach::points(ctx, deed, &[task], with_goods, has_steps)?;
    let mut fields = Vec::new();
    if let Some(label) = descendants.steps_label(deed).filter(|_| has_steps) {
        fields.push(Field::Tick { name: "steps", label, checked: true });
    }
    let sentence = match deed {
        Deed::Enqueue => {
            fields.push(Field::Choice {
                name: "queue",
                label: "Queue".to_owned(),
                options: queue_choices(ctx)?,
            });
            "The next free agent of the queue takes it and runs it as you."
        }
        Deed::Dequeue => "It leaves its queue and becomes what it was before.",
        Deed::Abort if status == Status::Queued => "It leaves its queue and counts as aborted.",
        Deed::Abort => "The process that runs it is asked to stop. What it has reported so far stays.",
        Deed::Publish => {
            if at(task, "models.output").and_then(Value::as_array).is_some_and(|models| !models.is_empty()) {
                let label = "Publish its last output model as well".to_owned();
                fields.push(Field::Tick { name: "model", label, checked: true });
            }
            "A published task can't be changed or reset any more. This can't be undone."
        }
        Deed::Clone => {
            let hint = "Code, parameters and input models are copied; results are not.".to_owned();
            let value = format!("Clone of {name}");
            fields.push(Field::Line { name: "name", label: "Name of the copy".to_owned(), value, hint });
            "The copy is a draft. Change it, then enqueue it."
        }
        Deed::Reset => {
            if goods.has_files() {
                let label = "Delete its files as well".to_owned();
                fields.push(Field::Tick { name: "files", label, checked: true });
            }
            "It becomes a draft again. Its results go for good:"
        }
        Deed::Archive => match status {
            Status::Queued => {
                "It leaves its queue and the lists, and keeps all its data. It can be restored."
            }
            Status::InProgress => {
                "It is aborted, leaves the lists and keeps all its data. It can be restored."
            }
            _ => "It leaves the lists and keeps all its data. It can be restored.",
        },
        Deed::Restore => "It appears in the lists again.",
        Deed::Delete => {
            if goods.has_files() {
                let label = "Delete its files as well".to_owned();
                fields.push(Field::Tick { name: "files", label, checked: true });
            }
            "This can't be undone. With the task go:"
        }
    };
    Ok(Confirm {
        shell: shell(ctx, request, "/projects"),
        title: format!("{} {}?", deed.verb(), cut_middle(&name, 60)),
        text: sentence.to_owned(),
        points,
        fields,
        typed: if goods.has_files() { TYPED.to_owned() } else { String::new() },
        action: format!("/tasks/{id}/{}", deed.key()),
        submit: format!("{} the task", deed.verb()),
        danger: deed.is_danger(),
        back: format!("/tasks/{id}"),
        error,
    })
}

/// The sentence for what was refused: ours where we have one, else the domain's.
pub(in crate::web::pages) fn refusal(deed: Deed, state: Option<State>, error: &ApiError) -> String {
    let ours = state.and_then(|state| deed.obstacle(state));
    ours.map_or_else(|| sentence(error), str::to_owned)
}

/// What is told when it is done, and where.
struct Done {
    to: String,
    tone: Tone,
    title: String,
    text: String,
}

/// Does it. What is refused asks again, with the reason.
pub(super) fn act(ctx: &Ctx<'_>, request: &PageRequest, task: &Json, deed: Deed) -> Result<PageReply> {
    let id = text(task, "id");
    // The state before: what is asked for afterwards would be asked of the outcome.
    let state = State::of(ctx, task)?;
    let again = |error: String| PageReply::with_status(422, &question(ctx, request, task, deed, error)?);
    if deed.loses_results() && request.field("typed") != TYPED {
        let mut goods = Goods::default();
        goods.add(ctx, task)?;
        if goods.has_files() {
            return again(format!("Type {TYPED} to confirm. Nothing was {}.", deed.done()));
        }
    }
    let outcome = match deed.obstacle(state).filter(|_| deed.repeats_silently()) {
        // Changes nothing, but knows a form that was sent twice: the first one has made it so.
        Some(_) => ctx.write(|_| Err(ErrorKind::InvalidTaskStatus.into())),
        None => run(ctx, request, task, deed),
    };
    match outcome {
        Ok(done) => Ok(telling(PageReply::see_other(done.to), done.tone, &done.title, &done.text)),
        Err(error) if error.kind() == ErrorKind::FormRepeated => {
            Ok(PageReply::see_other(format!("/tasks/{id}")))
        }
        Err(error) if error.kind().code() >= 500 || error.kind() == ErrorKind::InvalidTaskId => Err(error),
        Err(error) => again(refusal(deed, Some(state), &error)),
    }
}

fn run(ctx: &Ctx<'_>, request: &PageRequest, task: &Json, deed: Deed) -> Result<Done> {
    let id = text(task, "id");
    let id = id.as_str();
    let words = Words { reason: String::new(), message: format!("{} by {}", deed.done(), ctx.caller.name) };
    let done = |title: &str, text: &str| Done {
        to: format!("/tasks/{id}"),
        tone: Tone::Ok,
        title: title.to_owned(),
        text: text.to_owned(),
    };
    let one = [id.to_owned()];
    let steps = !request.field("steps").is_empty();
    Ok(match deed {
        Deed::Enqueue => {
            let queue = Some(request.field("queue").to_owned()).filter(|queue| !queue.is_empty());
            let how = Enqueue { queue, verify_watched: true, words, ..Enqueue::default() };
            let enqueued = perform(ctx, "tasks.enqueue", |ctx| tasks::enqueue(ctx, id, &how))?;
            if enqueued.watched == Some(false) {
                Done { tone: Tone::Wait, ..done("Enqueued.", NO_AGENT) }
            } else {
                done("Enqueued.", "The next free agent takes it.")
            }
        }
        Deed::Dequeue => {
            let how = Dequeue { words, ..Dequeue::default() };
            perform(ctx, "tasks.dequeue", |ctx| tasks::dequeue(ctx, id, &how))?;
            done("Dequeued.", "It waits in no queue any more.")
        }
        Deed::Abort => {
            let how = Stop { include_steps: steps, ..Stop::default() };
            let fields = perform(ctx, "tasks.stop", |ctx| tasks::stop(ctx, id, &how))?;
            match fields.get("status").and_then(Value::as_str) {
                Some("stopped") => done("Aborted.", ""),
                _ => Done {
                    tone: Tone::Wait,
                    ..done("Stopping.", "The process that runs it ends at its next report.")
                },
            }
        }
        Deed::Publish => {
            let model = !request.field("model").is_empty();
            perform(ctx, "tasks.publish", |ctx| tasks::publish(ctx, id, false, &words, model))?;
            done("Published.", "It stays as it is from now on.")
        }
        Deed::Clone => {
            let name = Some(request.field("name").trim().to_owned());
            let overrides = Overrides { name, ..Overrides::default() };
            let copy = perform(ctx, "tasks.clone", |ctx| tasks::clone(ctx, id, &overrides))?;
            Done {
                to: format!("/tasks/{}", copy.id.as_str()),
                ..done("Cloned.", "This is the copy, a draft.")
            }
        }
        Deed::Reset => {
            let how = disposal(!request.field("files").is_empty());
            perform(ctx, "tasks.reset", |ctx| tasks::reset(ctx, id, false, how))?;
            done("Reset.", "It is a draft again.")
        }
        Deed::Archive => {
            perform(ctx, "tasks.archive", |ctx| tasks::archive(ctx, &one, steps, &words))?;
            done("Archived.", "It has left the lists and keeps its data.")
        }
        Deed::Restore => {
            let batch =
                perform(ctx, "tasks.unarchive_many", |ctx| tasks::unarchive_many(ctx, &one, steps, &words))?;
            if let Some((_, error)) = batch.failed.into_iter().next() {
                return Err(error);
            }
            done("Restored.", "It is in the lists again.")
        }
        Deed::Delete => {
            let how = disposal(!request.field("files").is_empty());
            perform(ctx, "tasks.delete", |ctx| tasks::delete(ctx, id, steps, how))?;
            let project = text(task, "project.id");
            let to = if project.is_empty() {
                "/projects".to_owned()
            } else {
                format!("/projects/{project}/tasks")
            };
            Done { to, ..done(&format!("{} is deleted.", cut_middle(&text(task, "name"), 60)), "") }
        }
    })
}

/// Drafts of models go with the task; files where asked.
pub(in crate::web::pages) fn disposal(delete_files: bool) -> Disposal {
    Disposal { force: false, delete_models: true, delete_files, return_urls: false }
}
