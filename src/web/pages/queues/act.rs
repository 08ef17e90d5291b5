//! What can be done with a queue: asking first where something is lost, and doing it.

use super::{document, waiting, waits};
use crate::{
    domain::{
        Ctx,
        queues::{self, NewQueue, Step},
    },
    types::{ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            document::text,
            notice::{done, sentence, telling},
            page, perform, shell,
            sign_in::own_path,
            workers::tasks,
        },
        render::text::cut_middle,
        view::{
            confirm::{Confirm, Field},
            shell::Tone,
        },
    },
};

/// Names of tasks that a question lists.
const NAMED: usize = 5;

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, id: &str, deed: &str) -> Result<PageReply> {
    let queue = document(ctx, id, NAMED)?;
    match (request.is_get, deed) {
        (false, "move") => move_task(ctx, request, id),
        (true, "remove") => page!(request, remove_question(ctx, request, &queue)?),
        (false, "remove") => remove(ctx, request, id),
        (true, "clear") => page!(request, clear_question(ctx, request, &queue)?),
        (false, "clear") => clear(ctx, request, id),
        (true, "delete") => page!(request, delete_question(ctx, request, &queue)?),
        (false, "delete") => delete(ctx, request, &queue),
        (true, "rename") => ask_for_name(ctx, request, Some(&queue), String::new()),
        (false, "rename") => rename(ctx, request, &queue),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn of(id: &str) -> String {
    format!("/queues/{id}")
}

fn move_task(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    const STEPS: [(&str, &str, Step); 4] = [
        ("up", "queues.move_task_forward", Step::Forward(1)),
        ("down", "queues.move_task_backward", Step::Forward(-1)),
        ("front", "queues.move_task_to_front", Step::ToFront),
        ("end", "queues.move_task_to_back", Step::ToBack),
    ];
    let pressed = STEPS.into_iter().find(|(name, ..)| !request.field(name).is_empty());
    let (name, operation, step) = pressed.ok_or(ErrorKind::NotFound)?;
    let task = request.field(name);
    let to = match own_path(request.field("back")) {
        "/queues" => format!("/queues?queue={id}"),
        _ => of(id),
    };
    let outcome = perform(ctx, operation, |ctx| queues::move_task(ctx, id, task, step));
    done(outcome, to, |place| (Tone::Ok, format!("Now at place {}.", place + 1), String::new()))
}

/// A question about one queue.
fn question(ctx: &Ctx<'_>, request: &PageRequest, queue: &Json, deed: &str) -> Confirm {
    let id = text(queue, "id");
    Confirm {
        shell: shell(ctx, request, "/queues"),
        title: String::new(),
        text: String::new(),
        points: Vec::new(),
        fields: Vec::new(),
        typed: String::new(),
        action: format!("/queues/{id}/{deed}"),
        submit: String::new(),
        danger: false,
        back: of(&id),
        error: String::new(),
    }
}

/// How many tasks wait, the names of the first of them, and how many more there are.
fn affected(ctx: &Ctx<'_>, queue: &Json) -> Result<(u64, Vec<String>)> {
    let total = waits(ctx)?.get(&text(queue, "id")).map_or(0, |waits| waits.count);
    let first: Vec<String> = waiting(queue).map(|entry| text(entry, "task.id")).collect();
    let mut names: Vec<String> =
        tasks(ctx, &first)?.iter().map(|task| cut_middle(&text(task, "name"), 60)).collect();
    names.sort();
    let more = total.saturating_sub(names.len() as u64);
    if more > 0 {
        names.push(if names.is_empty() { format!("{more} tasks") } else { format!("{more} more") });
    }
    Ok((total, names))
}

fn remove_question(ctx: &Ctx<'_>, request: &PageRequest, queue: &Json) -> Result<Confirm> {
    let task = request.arg("task").unwrap_or_default();
    let name = tasks(ctx, std::slice::from_ref(&task))?.first().map(|task| text(task, "name"));
    let name = name.map_or_else(|| "the task".to_owned(), |name| cut_middle(&name, 60));
    Ok(Confirm {
        title: format!("Remove {name} from {}?", text(queue, "name")),
        text: "It leaves the queue and becomes what it was before it was enqueued. It can be enqueued again."
            .to_owned(),
        fields: vec![Field::Hidden { name: "task", value: task }],
        submit: "Remove from the queue".to_owned(),
        ..question(ctx, request, queue, "remove")
    })
}

fn remove(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let task = request.field("task");
    let outcome = perform(ctx, "queues.remove_task", |ctx| queues::remove_task(ctx, id, task, true));
    let told = |()| (Tone::Ok, "Removed.".to_owned(), "It is what it was before it was enqueued.".to_owned());
    done(outcome, of(id), told)
}

fn clear_question(ctx: &Ctx<'_>, request: &PageRequest, queue: &Json) -> Result<Confirm> {
    let (waits, points) = affected(ctx, queue)?;
    Ok(Confirm {
        title: format!("Clear {}?", text(queue, "name")),
        text: match waits {
            0 => "Nothing waits in it.".to_owned(),
            1 => "This task leaves the queue and becomes what it was before:".to_owned(),
            _ => format!("These {waits} tasks leave the queue and become what they were before:"),
        },
        points,
        submit: "Clear the queue".to_owned(),
        danger: waits > 0,
        ..question(ctx, request, queue, "clear")
    })
}

fn clear(ctx: &Ctx<'_>, _: &PageRequest, id: &str) -> Result<PageReply> {
    let outcome = perform(ctx, "queues.clear_queue", |ctx| queues::clear(ctx, id));
    done(outcome, of(id), |removed| {
        let title = match removed.len() {
            1 => "1 task left the queue.".to_owned(),
            count => format!("{count} tasks left the queue."),
        };
        (Tone::Ok, title, String::new())
    })
}

fn delete_question(ctx: &Ctx<'_>, request: &PageRequest, queue: &Json) -> Result<Confirm> {
    let (waits, points) = affected(ctx, queue)?;
    let text_of_tasks = match waits {
        0 => {
            "Agents that listen to it find nothing any more. Its history goes with it. This can't be undone."
        }
        _ => "Its history goes with it, and what waits becomes what it was before. This can't be undone:",
    };
    Ok(Confirm {
        title: format!("Delete {}?", text(queue, "name")),
        text: text_of_tasks.to_owned(),
        points,
        submit: "Delete the queue".to_owned(),
        danger: true,
        ..question(ctx, request, queue, "delete")
    })
}

fn delete(ctx: &Ctx<'_>, _: &PageRequest, queue: &Json) -> Result<PageReply> {
    let (id, name) = (text(queue, "id"), text(queue, "name"));
    let outcome = perform(ctx, "queues.delete", |ctx| queues::delete(ctx, &id, true));
    done(outcome, "/queues".to_owned(), |()| (Tone::Ok, format!("{name} is deleted."), String::new()))
}

/// The question for the name of a new queue, or for the new name of one.
pub(super) fn ask_for_name(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    queue: Option<&Json>,
    error: String,
) -> Result<PageReply> {
    let refused = !error.is_empty();
    let nothing = Json::new();
    let known = queue.unwrap_or(&nothing);
    let value = if refused { request.field("name").to_owned() } else { text(known, "name") };
    let hint = match queue {
        Some(_) => "Agents that were started with the old name keep listening; scripts must use the new one.",
        None => "At least three characters. Agents and scripts use it: clearml-agent daemon --queue NAME.",
    };
    let page = Confirm {
        title: match queue {
            Some(queue) => format!("Rename {}", text(queue, "name")),
            None => "New queue".to_owned(),
        },
        fields: vec![Field::Line { name: "name", label: "Name".to_owned(), value, hint: hint.to_owned() }],
        submit: if queue.is_some() { "Rename the queue" } else { "Make the queue" }.to_owned(),
        error,
        ..match queue {
            Some(queue) => question(ctx, request, queue, "rename"),
            None => Confirm {
                action: "/queues/new".to_owned(),
                back: "/queues".to_owned(),
                ..question(ctx, request, known, "")
            },
        }
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

pub(super) fn create(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let new = NewQueue { name: request.field("name").to_owned(), ..NewQueue::default() };
    match perform(ctx, "queues.create", |ctx| queues::create(ctx, new)) {
        Ok(id) => {
            Ok(telling(PageReply::see_other(of(&id)), Tone::Ok, "Queue made.", "Start an agent for it."))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other("/queues")),
        Err(error) if error.kind().code() >= 500 => Err(error),
        Err(error) => ask_for_name(ctx, request, None, sentence(&error)),
    }
}

fn rename(ctx: &Ctx<'_>, request: &PageRequest, queue: &Json) -> Result<PageReply> {
    let id = text(queue, "id");
    let mut sent = Json::new();
    sent.insert("name".to_owned(), request.field("name").into());
    match perform(ctx, "queues.update", |ctx| queues::update(ctx, &id, &sent)) {
        Ok(_) => Ok(telling(PageReply::see_other(of(&id)), Tone::Ok, "Renamed.", "")),
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(of(&id))),
        Err(error) if error.kind().code() >= 500 => Err(error),
        Err(error) => ask_for_name(ctx, request, Some(queue), sentence(&error)),
    }
}
