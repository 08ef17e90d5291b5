//! What a deed reaches beyond the task itself: tasks that descend from it, who runs it, and who listens to a queue.

use serde_json::{Value, json};

use super::{
    deed::Deed,
    goods::{Goods, counted},
};
use crate::{
    domain::{
        Ctx,
        browse::{self, request as object},
        queues::{self, Waits},
        tasks::Status,
    },
    types::{Json, Result},
    web::pages::{
        document::{at, text},
        perform,
    },
};

/// Queues to choose from, the default one first, each with how many agents listen to it and how many tasks wait.
pub(in crate::web::pages) fn queue_choices(ctx: &Ctx<'_>) -> Result<Vec<(String, String)>> {
    let filter = object(json!({
        "only_fields": ["name", "system_tags"], "order_by": ["name"], "page": null, "page_size": null,
        "max_task_entries": 1,
    }));
    let mut found = perform(ctx, "queues.get_all_ex", |ctx| queues::list_expanded(ctx, &filter))?.documents;
    let waits = queues::waits(ctx)?;
    let is_default = |queue: &Json| {
        let tags = queue.get("system_tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|tag| tag == "default"))
    };
    found.sort_by_key(|queue| !is_default(queue));
    let choice = |queue: &Json| {
        let id = text(queue, "id");
        let agents = at(queue, "workers").and_then(Value::as_array).map_or(0, Vec::len);
        let waiting = waits.get(&id).map_or(0, |waits: &Waits| waits.count);
        let label = choice_label(&text(queue, "name"), agents, waiting);
        (id, label)
    };
    Ok(found.iter().map(choice).collect())
}

/// `default (2 agents, 5 waiting)`.
fn choice_label(name: &str, agents: usize, waiting: u64) -> String {
    let agents = match agents {
        0 => "no agent listens".to_owned(),
        some => counted(some, "agent", "agents"),
    };
    match waiting {
        0 => format!("{name} ({agents})"),
        some => format!("{name} ({agents}, {some} waiting)"),
    }
}

/// What descends from the tasks of a press.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::web::pages) struct Descendants {
    all: u64,
    /// Running or waiting.
    active: u64,
    /// Published, which stands against a reset and a delete.
    published: u64,
}

impl Descendants {
    /// Counts those that the caller sees; tasks that are themselves part of the press are left out.
    pub(in crate::web::pages) fn of(ctx: &Ctx<'_>, parents: &[String]) -> Result<Self> {
        if parents.is_empty() {
            return Ok(Self::default());
        }
        let count = |statuses: &[Status]| {
            let others: Vec<&str> = parents.iter().flat_map(|id| ["__$not", id.as_str()]).collect();
            let mut filter = json!({"parent": parents, "id": others, "search_hidden": true});
            if let (false, Value::Object(map)) = (statuses.is_empty(), &mut filter) {
                let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
                map.insert("status".to_owned(), json!(words));
            }
            browse::task_count(ctx, &object(filter))
        };
        Ok(Self {
            all: count(&[])?,
            active: count(&[Status::Queued, Status::InProgress])?,
            published: count(&[Status::Published, Status::Publishing])?,
        })
    }

    /// The box that takes a pipeline's steps along: where there is something for it to do.
    pub(in crate::web::pages) fn steps_label(self, deed: Deed) -> Option<String> {
        let (count, which) = match deed {
            Deed::Abort => (self.active, "that run or wait"),
            Deed::Archive | Deed::Restore => (self.all, "that it started"),
            _ => return None,
        };
        let steps = counted(count as usize, "step", "steps");
        (count > 0).then(|| format!("{} its {steps} {which} as well", deed.verb()))
    }

    /// Sentences for the question. `steps`: the question asks whether they go the same way.
    fn points(self, deed: Deed, steps: bool) -> Vec<String> {
        let say = |count: u64, one: &str, many: &str| counted(count as usize, one, many);
        let mut points = Vec::new();
        match deed {
            _ if steps => {}
            Deed::Delete if self.all > 0 => points.push(say(
                self.all,
                "task descends from it. It stays, but its parent is gone",
                "tasks descend from it. They stay, but their parent is gone",
            )),
            Deed::Abort | Deed::Archive | Deed::Reset if self.active > 0 => points.push(say(
                self.active,
                "task that descends from it runs or waits, and goes on",
                "tasks that descend from it run or wait, and go on",
            )),
            _ => {}
        }
        if matches!(deed, Deed::Delete | Deed::Reset) && self.published > 0 {
            points.push(say(
                self.published,
                "published task descends from it and stands against it",
                "published tasks descend from it and stand against it",
            ));
        }
        points
    }
}

/// Who runs the tasks, for deeds that end a run.
pub(in crate::web::pages) fn runs(deed: Deed, tasks: &[&Json]) -> Vec<String> {
    if !matches!(deed, Deed::Abort | Deed::Archive | Deed::Reset) {
        return Vec::new();
    }
    let with = |status: Status| tasks.iter().filter(move |task| text(task, "status") == status.as_str());
    let mut workers: Vec<String> = with(Status::InProgress).map(|task| text(task, "last_worker")).collect();
    let running = workers.len();
    workers.retain(|worker| !worker.is_empty());
    workers.sort();
    workers.dedup();
    let mut points = Vec::new();
    if running > 0 {
        let place = match workers.as_slice() {
            [] => String::new(),
            [one] => format!(" on {one}"),
            many => format!(" on {} workers", many.len()),
        };
        let end = match deed {
            Deed::Reset => ": the process is not asked first, it ends when it notices",
            _ => "",
        };
        points.push(match running {
            1 => format!("It runs now{place}{end}"),
            many => format!("{many} run now{place}{end}"),
        });
    }
    let waiting = with(Status::Queued).count();
    if waiting > 0 && tasks.len() > 1 {
        points.push(counted(waiting, "waits and leaves its queue", "wait and leave their queues"));
    }
    points
}

/// All sentences about what a deed takes along and touches. `steps`: the question asks whether a pipeline's steps go the
/// same way.
pub(in crate::web::pages) fn points(
    ctx: &Ctx<'_>,
    deed: Deed,
    tasks: &[&Json],
    goods: Option<&Goods>,
    steps: bool,
) -> Result<(Vec<String>, Descendants)> {
    let mut points = goods.map(Goods::points).unwrap_or_default();
    points.extend(runs(deed, tasks));
    let mut descendants = Descendants::default();
    if matches!(deed, Deed::Abort | Deed::Archive | Deed::Restore | Deed::Reset | Deed::Delete) {
        let ids: Vec<String> = tasks.iter().map(|task| text(task, "id")).collect();
        descendants = Descendants::of(ctx, &ids)?;
        points.extend(descendants.points(deed, steps));
    }
    Ok((points, descendants))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_says_who_listens_and_what_waits() {
        assert_eq!(choice_label("default", 0, 0), "default (no agent listens)");
        assert_eq!(choice_label("gpu", 1, 12), "gpu (1 agent, 12 waiting)");
        assert_eq!(choice_label("gpu", 3, 0), "gpu (3 agents)");
    }

    #[test]
    fn a_question_says_where_things_run() {
        let task = |status: &str, worker: &str| object(json!({"status": status, "last_worker": worker}));
        let one = task("in_progress", "box:gpu0");
        assert_eq!(runs(Deed::Abort, &[&one]), ["It runs now on box:gpu0"]);
        assert_eq!(runs(Deed::Publish, &[&one]), [""; 0]);
        let (two, waits, ended) = (task("in_progress", "box:gpu1"), task("queued", ""), task("failed", "x"));
        let all = [&one, &two, &waits, &ended];
        assert_eq!(runs(Deed::Archive, &all), ["2 run now on 2 workers", "1 waits and leaves its queue"]);
        assert_eq!(runs(Deed::Abort, &[&waits]), [""; 0], "the sentence above says so");
        let anywhere = task("in_progress", "");
        assert!(runs(Deed::Reset, &[&anywhere])[0].starts_with("It runs now: the process is not asked"));
    }

    #[test]
    fn descendants_are_told_where_they_matter() {
        let some = Descendants { all: 3, active: 1, published: 2 };
        assert_eq!(some.points(Deed::Enqueue, false), [""; 0]);
        assert_eq!(
            some.points(Deed::Abort, false),
            ["1 task that descends from it runs or waits, and goes on"]
        );
        assert_eq!(some.points(Deed::Abort, true), [""; 0], "a box to tick says it");
        let deleted = some.points(Deed::Delete, false);
        assert_eq!(deleted.len(), 2);
        assert!(deleted[0].starts_with("3 tasks descend from it."), "{deleted:?}");
        assert!(deleted[1].contains("2 published tasks"), "{deleted:?}");
        assert_eq!(Descendants::default().points(Deed::Delete, false), [""; 0]);
    }
}
