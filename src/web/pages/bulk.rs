//! One thing done with several tasks of a table: the page that asks, with counts, and the result in one sentence.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::json;

use super::{
    document::text,
    notice::telling,
    perform, shell,
    sign_in::own_path,
    task::{
        act::{NO_AGENT, TYPED, disposal, refusal},
        deed::{Deed, State},
        goods::{Goods, counted},
        reach::{self, queue_choices},
    },
};
use crate::{
    domain::{
        Ctx,
        browse::{self, request as object},
        tasks::{self, Batch, Dequeue, Enqueue, Overrides, Stop, Words},
    },
    types::{ApiError, ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        render::text::cut_middle,
        view::{
            confirm::{Confirm, Field},
            shell::Tone,
            tasks::BulkAction,
        },
    },
};

/// Most tasks of one press. Whoever needs more has the API.
const MOST: usize = 1000;

/// Refusals that are named in the result; the others are counted.
const NAMED: usize = 3;

/// What the table of a project offers for several tasks.
pub(super) fn actions(project: &str, archived: bool) -> Vec<BulkAction> {
    let hidden = if archived { Deed::Archive } else { Deed::Restore };
    Deed::ALL
        .into_iter()
        .filter(|deed| *deed != hidden)
        .map(|deed| BulkAction {
            label: deed.verb(),
            icon: deed.icon(),
            href: format!("/projects/{project}/tasks/{}", deed.key()),
        })
        .collect()
}

/// Answers the form of the table, which asks, and the form of that question, which acts.
pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, project: &str, key: &str) -> Result<PageReply> {
    let table = format!("/projects/{project}/tasks");
    let deed = Deed::from_key(key).ok_or(ErrorKind::NotFound)?;
    if request.is_get {
        return Ok(PageReply::found(table));
    }
    let back = own_path(request.field("back"));
    let back = if back.starts_with(&table) { back.to_owned() } else { table };
    // In the order of the table: that is the order in which they are enqueued.
    let mut seen = HashSet::new();
    let sent = request.form.iter().filter(|(name, _)| name == "task").map(|(_, id)| id);
    let ids: Vec<String> = sent.filter(|id| seen.insert(id.as_str())).cloned().collect();
    if ids.is_empty() || ids.len() > MOST {
        let text = if ids.is_empty() { "Select a task first." } else { "Select at most 1000 tasks." };
        return Ok(telling(PageReply::see_other(back), Tone::Bad, "Nothing was done.", text));
    }
    let filter = json!({
        "id": ids, "only_fields": ["name", "status", "system_tags", "last_worker", "execution.artifacts"], "search_hidden": true,
    });
    let known = perform(ctx, "tasks.get_all_ex", |ctx| browse::tasks(ctx, object(filter)))?;
    let chosen = Chosen { deed, ids, states: states(ctx, &known)?, known, back };
    if request.field("sure").is_empty() {
        return PageReply::with_status(200, &question(ctx, request, project, &chosen, String::new())?);
    }
    act(ctx, request, project, &chosen)
}

/// The tasks of one press.
struct Chosen {
    deed: Deed,
    ids: Vec<String>,
    /// Those of them that the caller sees.
    known: Vec<Json>,
    states: HashMap<String, State>,
    /// The table that the person came from.
    back: String,
}

impl Chosen {
    /// Whether the task is there and nothing stands against it.
    fn goes(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|state| self.deed.obstacle(*state).is_none())
    }

    /// Those that nothing stands against.
    fn going(&self) -> Vec<&Json> {
        self.known.iter().filter(|task| self.goes(&text(task, "id"))).collect()
    }

    /// What is deleted with them; none when nothing is.
    fn goods(&self, ctx: &Ctx<'_>) -> Result<Option<Goods>> {
        let going = self.going();
        if !self.deed.loses_results() || going.is_empty() {
            return Ok(None);
        }
        let mut goods = Goods::default();
        going.into_iter().try_for_each(|task| goods.add(ctx, task))?;
        Ok(Some(goods))
    }
}

fn states(ctx: &Ctx<'_>, known: &[Json]) -> Result<HashMap<String, State>> {
    known.iter().map(|task| Ok((text(task, "id"), State::of(ctx, task)?))).collect()
}

fn question(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    project: &str,
    chosen: &Chosen,
    error: String,
) -> Result<Confirm> {
    let deed = chosen.deed;
    let goods = chosen.goods(ctx)?;
    let has_files = goods.as_ref().is_some_and(Goods::has_files);
    let (mut points, _) = reach::points(ctx, deed, &chosen.going(), goods.as_ref(), false)?;
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for obstacle in chosen.states.values().filter_map(|state| deed.obstacle(*state)) {
        *refused.entry(obstacle).or_default() += 1;
    }
    points.extend(refused.into_iter().map(|(reason, count)| format!("{count} will be refused: {reason}")));
    let mut fields: Vec<Field> =
        chosen.ids.iter().map(|id| Field::Hidden { name: "task", value: id.clone() }).collect();
    fields.push(Field::Hidden { name: "sure", value: "1".to_owned() });
    fields.push(Field::Hidden { name: "back", value: chosen.back.clone() });
    if deed == Deed::Enqueue {
        fields.push(Field::Choice { name: "queue", label: "Queue".to_owned(), options: queue_choices(ctx)? });
    }
    if has_files {
        let label = "Delete their files as well".to_owned();
        fields.push(Field::Tick { name: "files", label, checked: true });
    }
    let what = counted(chosen.ids.len(), "task", "tasks");
    // `Publish 1 of 2 tasks?` where something stands against the others.
    let (asked, error) = match chosen.going().len() {
        0 if error.is_empty() => (what.clone(), format!("None of them can be {}.", deed.done())),
        all if all == 0 || all == chosen.ids.len() => (what.clone(), error),
        some => (format!("{some} of {what}"), error),
    };
    let sentence = match deed {
        Deed::Enqueue => "Free agents of the queue take them in this order and run them as you.",
        Deed::Dequeue => "They leave their queues and become what they were before.",
        Deed::Clone => {
            "Code, parameters and input models of each are copied; results are not. The copies are drafts."
        }
        Deed::Reset => "They become drafts again. Their results go for good:",
        Deed::Abort => "What waits leaves its queue; what runs is asked to stop. What was reported stays.",
        Deed::Publish => {
            "Published tasks can't be changed or reset any more; their last output models are published with them. This can't be undone."
        }
        Deed::Archive => "They leave the lists and keep all their data. What waits or runs is stopped first.",
        Deed::Restore => "They appear in the lists again.",
        Deed::Delete => "This can't be undone. With them go:",
    };
    Ok(Confirm {
        shell: shell(ctx, request, "/projects"),
        title: format!("{} {asked}?", deed.verb()),
        text: sentence.to_owned(),
        points,
        fields,
        typed: if has_files { TYPED.to_owned() } else { String::new() },
        action: format!("/projects/{project}/tasks/{}", deed.key()),
        submit: format!("{} {asked}", deed.verb()),
        danger: deed.is_danger(),
        back: chosen.back.clone(),
        error,
    })
}

fn act(ctx: &Ctx<'_>, request: &PageRequest, project: &str, chosen: &Chosen) -> Result<PageReply> {
    if request.field("typed") != TYPED && chosen.goods(ctx)?.is_some_and(|goods| goods.has_files()) {
        let error = format!("Type {TYPED} to confirm. Nothing was {}.", chosen.deed.done());
        return PageReply::with_status(422, &question(ctx, request, project, chosen, error)?);
    }
    let back = PageReply::see_other(chosen.back.as_str());
    match run(ctx, request, chosen) {
        Ok(outcome) => {
            let (tone, title, text) = told(chosen, &outcome);
            Ok(telling(back, tone, &title, &text))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(back),
        Err(error) if error.kind().code() >= 500 => Err(error),
        Err(error) => {
            let error = refusal(chosen.deed, None, &error);
            PageReply::with_status(422, &question(ctx, request, project, chosen, error)?)
        }
    }
}

/// How many were done, and what stood against the others.
struct Outcome {
    done: usize,
    failed: Vec<(String, ApiError)>,
    /// Something to know although it was done.
    remark: &'static str,
}

impl<T> From<Batch<T>> for Outcome {
    fn from(batch: Batch<T>) -> Self {
        Outcome { done: batch.succeeded.len(), failed: batch.failed, remark: "" }
    }
}

fn run(ctx: &Ctx<'_>, request: &PageRequest, chosen: &Chosen) -> Result<Outcome> {
    let ids = chosen.ids.as_slice();
    let words =
        Words { reason: String::new(), message: format!("{} by {}", chosen.deed.done(), ctx.caller.name) };
    match chosen.deed {
        Deed::Enqueue => {
            let queue = Some(request.field("queue").to_owned()).filter(|queue| !queue.is_empty());
            let how = Enqueue { queue, verify_watched: true, words, ..Enqueue::default() };
            let (batch, watched) =
                perform(ctx, "tasks.enqueue_many", |ctx| tasks::enqueue_many(ctx, ids, &how))?;
            let remark = if watched == Some(false) { NO_AGENT } else { "" };
            Ok(Outcome { remark, ..Outcome::from(batch) })
        }
        Deed::Dequeue => {
            let how = Dequeue { words, ..Dequeue::default() };
            perform(ctx, "tasks.dequeue_many", |ctx| {
                chosen.where_it_matters(|ids| Ok(tasks::dequeue_many(ctx, ids, &how)?.into()))
            })
        }
        Deed::Abort => {
            let how = Stop::default();
            perform(ctx, "tasks.stop_many", |ctx| {
                chosen.where_it_matters(|ids| Ok(tasks::stop_many(ctx, ids, &how)?.into()))
            })
        }
        Deed::Publish => perform(ctx, "tasks.publish_many", |ctx| {
            Ok(tasks::publish_many(ctx, ids, false, &words, true)?.into())
        }),
        Deed::Clone => {
            let named = |id: &str| {
                let task = chosen.known.iter().find(|task| text(task, "id") == id);
                let name = task.map(|task| format!("Clone of {}", text(task, "name")));
                Overrides { name, ..Overrides::default() }
            };
            perform(ctx, "tasks.clone", |ctx| Ok(tasks::clone_many(ctx, ids, named)?.into()))
        }
        Deed::Reset => {
            let how = disposal(!request.field("files").is_empty());
            perform(ctx, "tasks.reset_many", |ctx| {
                chosen.where_it_matters(|ids| Ok(tasks::reset_many(ctx, ids, false, how)?.into()))
            })
        }
        Deed::Archive => perform(ctx, "tasks.archive_many", |ctx| {
            chosen.where_it_matters(|ids| Ok(tasks::archive_many(ctx, ids, false, &words)?.into()))
        }),
        Deed::Restore => perform(ctx, "tasks.unarchive_many", |ctx| {
            chosen.where_it_matters(|ids| Ok(tasks::unarchive_many(ctx, ids, false, &words)?.into()))
        }),
        Deed::Delete => {
            let how = disposal(!request.field("files").is_empty());
            perform(ctx, "tasks.delete_many", |ctx| Ok(tasks::delete_many(ctx, ids, false, how)?.into()))
        }
    }
}

impl Chosen {
    /// Leaves out tasks that are already as the deed makes them: that is no success to tell of.
    fn where_it_matters(&self, work: impl FnOnce(&[String]) -> Result<Outcome>) -> Result<Outcome> {
        let (idle, others): (Vec<String>, Vec<String>) = self
            .ids
            .iter()
            .cloned()
            .partition(|id| self.states.get(id).is_none_or(|state| self.deed.obstacle(*state).is_some()));
        let mut outcome = work(&others)?;
        let reason = |id: &str| match self.states.contains_key(id) {
            true => ErrorKind::InvalidTaskStatus,
            false => ErrorKind::InvalidTaskId,
        };
        outcome.failed.extend(idle.into_iter().map(|id| (id.clone(), reason(&id).into())));
        Ok(outcome)
    }
}

/// `2 archived, 1 refused: yolo11m (It runs already.)`.
fn told(chosen: &Chosen, outcome: &Outcome) -> (Tone, String, String) {
    let done = format!("{} {}", outcome.done, chosen.deed.done());
    if outcome.failed.is_empty() {
        let tone = if outcome.remark.is_empty() { Tone::Ok } else { Tone::Wait };
        return (tone, format!("{done}."), outcome.remark.to_owned());
    }
    let name = |id: &str| {
        let task = chosen.known.iter().find(|task| text(task, "id") == id);
        task.map_or_else(|| id.to_owned(), |task| cut_middle(&text(task, "name"), 40))
    };
    let mut reasons: Vec<String> = outcome
        .failed
        .iter()
        .take(NAMED)
        .map(|(id, error)| {
            let reason = refusal(chosen.deed, chosen.states.get(id).copied(), error);
            format!("{} ({})", name(id), reason.trim_end_matches('.'))
        })
        .collect();
    let more = outcome.failed.len().saturating_sub(NAMED);
    if more > 0 {
        reasons.push(format!("{more} more"));
    }
    let tone = if outcome.done == 0 { Tone::Bad } else { Tone::Wait };
    let reasons = format!("{}. {}", reasons.join(", "), outcome.remark).trim_end().to_owned();
    (tone, format!("{done}, {} refused:", outcome.failed.len()), reasons)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::tasks::Status;

    #[test]
    fn the_result_is_one_sentence_with_counts_and_reasons() {
        let task = |id: &str, name: &str| object(json!({"id": id, "name": name}));
        let state = State { status: Status::InProgress, is_archived: false, may_write: true };
        let chosen = Chosen {
            deed: Deed::Publish,
            ids: vec!["a".into(), "b".into()],
            known: vec![task("a", "first"), task("b", "second")],
            states: HashMap::from([("b".to_owned(), state)]),
            back: String::new(),
        };
        let failed = vec![("b".to_owned(), ApiError::from(ErrorKind::InvalidTaskStatus))];
        let (tone, title, text) = told(&chosen, &Outcome { done: 2, failed, remark: "" });
        assert_eq!(tone, Tone::Wait);
        assert_eq!(format!("{title} {text}"), "2 published, 1 refused: second (It has not ended yet).");
        let (tone, title, _) = told(&chosen, &Outcome { done: 2, failed: Vec::new(), remark: "" });
        assert_eq!((tone, title.as_str()), (Tone::Ok, "2 published."));
        let (tone, _, text) = told(&chosen, &Outcome { done: 2, failed: Vec::new(), remark: NO_AGENT });
        assert_eq!((tone, text.as_str()), (Tone::Wait, NO_AGENT));
    }

    #[test]
    fn the_table_offers_what_fits_its_shelf() {
        let labels =
            |archived| actions("p", archived).into_iter().map(|action| action.label).collect::<Vec<_>>();
        let others = ["Enqueue", "Dequeue", "Abort", "Publish", "Clone", "Reset"];
        assert_eq!(labels(false), [others.as_slice(), &["Archive", "Delete"]].concat());
        assert_eq!(labels(true), [others.as_slice(), &["Restore", "Delete"]].concat());
    }
}
