//! One thing done with several tasks of a table: the page that asks, with counts, and the result in one sentence.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::{
    document::text,
    notice::telling,
    perform, shell,
    sign_in::own_path,
    task::{
        act::{TYPED, disposal, refusal},
        deed::{Deed, State},
        goods::{Goods, counted},
    },
};
use crate::{
    domain::{
        Ctx,
        browse::{self, request as object},
        tasks::{self, Batch, Stop, Words},
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
    Deed::BULK
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
    let deed = Deed::from_key(key).filter(|deed| Deed::BULK.contains(deed)).ok_or(ErrorKind::NotFound)?;
    if request.is_get {
        return Ok(PageReply::found(table));
    }
    let back = own_path(request.field("back"));
    let back = if back.starts_with(&table) { back.to_owned() } else { table };
    let mut ids: Vec<String> =
        request.form.iter().filter(|(name, _)| name == "task").map(|(_, id)| id.clone()).collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST {
        let text = if ids.is_empty() { "Select a task first." } else { "Select at most 1000 tasks." };
        return Ok(telling(PageReply::see_other(back), Tone::Bad, "Nothing was done.", text));
    }
    let filter = json!({
        "id": ids, "only_fields": ["name", "status", "system_tags", "execution.artifacts"], "search_hidden": true,
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

    /// What is deleted with them; none when nothing is.
    fn goods(&self, ctx: &Ctx<'_>) -> Result<Option<Goods>> {
        let mut going = self.known.iter().filter(|task| self.goes(&text(task, "id"))).peekable();
        if self.deed != Deed::Delete || going.peek().is_none() {
            return Ok(None);
        }
        let mut goods = Goods::default();
        going.try_for_each(|task| goods.add(ctx, task))?;
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
    let mut points = goods.map(|goods| goods.points()).unwrap_or_default();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for obstacle in chosen.states.values().filter_map(|state| deed.obstacle(*state)) {
        *refused.entry(obstacle).or_default() += 1;
    }
    points.extend(refused.into_iter().map(|(reason, count)| format!("{count} will be refused: {reason}")));
    let mut fields: Vec<Field> =
        chosen.ids.iter().map(|id| Field::Hidden { name: "task", value: id.clone() }).collect();
    fields.push(Field::Hidden { name: "sure", value: "1".to_owned() });
    fields.push(Field::Hidden { name: "back", value: chosen.back.clone() });
    if has_files {
        let label = "Delete their files as well".to_owned();
        fields.push(Field::Tick { name: "files", label, checked: true });
    }
    let what = counted(chosen.ids.len(), "task", "tasks");
    let sentence = match deed {
        Deed::Abort => "What waits leaves its queue; what runs is asked to stop. What was reported stays.",
        Deed::Publish => {
            "Published tasks can't be changed or reset any more; their last output models are published with them. This can't be undone."
        }
        Deed::Archive => "They leave the lists and keep all their data. What waits or runs is stopped first.",
        Deed::Restore => "They appear in the lists again.",
        _ => "This can't be undone. With them go:",
    };
    Ok(Confirm {
        shell: shell(ctx, request, "/projects"),
        title: format!("{} {what}?", deed.verb()),
        text: sentence.to_owned(),
        points,
        fields,
        typed: if has_files { TYPED.to_owned() } else { String::new() },
        action: format!("/projects/{project}/tasks/{}", deed.key()),
        submit: format!("{} {what}", deed.verb()),
        danger: deed.is_danger(),
        back: chosen.back.clone(),
        error,
    })
}

fn act(ctx: &Ctx<'_>, request: &PageRequest, project: &str, chosen: &Chosen) -> Result<PageReply> {
    if request.field("typed") != TYPED && chosen.goods(ctx)?.is_some_and(|goods| goods.has_files()) {
        let error = format!("Type {TYPED} to confirm. Nothing was deleted.");
        return PageReply::with_status(422, &question(ctx, request, project, chosen, error)?);
    }
    let back = PageReply::see_other(chosen.back.as_str());
    match run(ctx, request, chosen) {
        Ok(outcome) => {
            let (tone, title, text) = told(chosen, &outcome);
            Ok(telling(back, tone, &title, &text))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(back),
        Err(error) => Err(error),
    }
}

/// How many were done, and what stood against the others.
struct Outcome {
    done: usize,
    failed: Vec<(String, ApiError)>,
}

impl<T> From<Batch<T>> for Outcome {
    fn from(batch: Batch<T>) -> Self {
        Outcome { done: batch.succeeded.len(), failed: batch.failed }
    }
}

fn run(ctx: &Ctx<'_>, request: &PageRequest, chosen: &Chosen) -> Result<Outcome> {
    let ids = chosen.ids.as_slice();
    let words =
        Words { reason: String::new(), message: format!("{} by {}", chosen.deed.done(), ctx.caller.name) };
    match chosen.deed {
        Deed::Abort => {
            let how = Stop::default();
            perform(ctx, "tasks.stop_many", |ctx| abort(ctx, chosen, &how))
        }
        Deed::Publish => perform(ctx, "tasks.publish_many", |ctx| {
            Ok(tasks::publish_many(ctx, ids, false, &words, true)?.into())
        }),
        Deed::Archive => {
            perform(ctx, "tasks.archive_many", |ctx| Ok(tasks::archive_many(ctx, ids, false, &words)?.into()))
        }
        Deed::Restore => perform(ctx, "tasks.unarchive_many", |ctx| {
            Ok(tasks::unarchive_many(ctx, ids, false, &words)?.into())
        }),
        _ => {
            let how = disposal(!request.field("files").is_empty());
            perform(ctx, "tasks.delete_many", |ctx| Ok(tasks::delete_many(ctx, ids, false, how)?.into()))
        }
    }
}

/// A task that has stopped already stays stopped: that is no success to tell of.
fn abort(ctx: &Ctx<'_>, chosen: &Chosen, how: &Stop) -> Result<Outcome> {
    let (idle, active): (Vec<String>, Vec<String>) =
        chosen.ids.iter().cloned().partition(|id| {
            chosen.states.get(id).is_some_and(|state| Deed::Abort.obstacle(*state).is_some())
        });
    let mut outcome: Outcome = tasks::stop_many(ctx, &active, how)?.into();
    outcome.failed.extend(idle.into_iter().map(|id| (id, ErrorKind::InvalidTaskStatus.into())));
    Ok(outcome)
}

/// `2 archived, 1 refused: yolo11m (It runs already.)`.
fn told(chosen: &Chosen, outcome: &Outcome) -> (Tone, String, String) {
    let done = format!("{} {}", outcome.done, chosen.deed.done());
    if outcome.failed.is_empty() {
        return (Tone::Ok, format!("{done}."), String::new());
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
    (tone, format!("{done}, {} refused:", outcome.failed.len()), format!("{}.", reasons.join(", ")))
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
        let (tone, title, text) = told(&chosen, &Outcome { done: 2, failed });
        assert_eq!(tone, Tone::Wait);
        assert_eq!(format!("{title} {text}"), "2 published, 1 refused: second (It has not ended yet).");
        let (tone, title, _) = told(&chosen, &Outcome { done: 2, failed: Vec::new() });
        assert_eq!((tone, title.as_str()), (Tone::Ok, "2 published."));
    }

    #[test]
    fn the_table_offers_what_fits_its_shelf() {
        let labels =
            |archived| actions("p", archived).into_iter().map(|action| action.label).collect::<Vec<_>>();
        assert_eq!(labels(false), ["Abort", "Publish", "Archive", "Delete"]);
        assert_eq!(labels(true), ["Abort", "Publish", "Restore", "Delete"]);
    }
}
