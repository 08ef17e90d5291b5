//! How much the tasks of projects used, by day and by project, person or queue (spec/projects.md 4.6).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::{Public, QueryOptions},
        projects::{DayUsage, Days, OTHERS, Project, UsageBy},
        query::{QUEUE, USER},
    },
    types::{ApiError, ErrorKind, Json, Millis, Result},
};

/// The longest range, in days: about three years.
const MAX_DAYS: i64 = 1_100;
/// Projects of one report.
const MAX_PROJECTS: usize = 10_000;
/// Types of tasks that do no work of their own.
const TYPES_LEFT_OUT: [&str; 5] =
    ["dataset_import", "annotation", "annotation_manual", "report", "controller"];

/// By what a report adds up.
pub type BreakdownKey = UsageBy;

/// A report that is wanted.
#[derive(Clone, Debug)]
pub struct UsageRequest {
    /// One project: it and its children are told apart. Several: they are.
    pub projects: Vec<String>,
    /// ISO-8601; its offset says where days begin.
    pub from_date: String,
    /// ISO-8601; its day is the last one.
    pub to_date: String,
    /// Include what ran on developers' machines.
    pub include_development: bool,
    /// What to add up by.
    pub keys: Vec<BreakdownKey>,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Usages {
    /// When each day begins.
    pub days: Vec<Millis>,
    /// One for each key that was asked for, in that order.
    pub breakdowns: Vec<Breakdown>,
}

/// Usage added up by one key.
#[derive(Clone, Debug)]
pub struct Breakdown {
    /// The key.
    pub key: BreakdownKey,
    /// Those that used something, by name.
    pub groups: Vec<UsageGroup>,
}

/// What one project, person or queue used, day by day.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageGroup {
    /// Its id; `None`: tasks without queue.
    pub id: Option<String>,
    /// Its name, or else its id.
    pub name: Option<String>,
    /// Seconds.
    pub duration: Vec<i64>,
    /// Seconds times the CPUs of the queue.
    pub cpu: Vec<f64>,
    /// Seconds times the GPUs of the queue.
    pub gpu: Vec<f64>,
    /// For some queue it is not known how many CPUs it stands for.
    pub cpu_is_assumed: bool,
    /// For some queue it is not known how many GPUs it stands for.
    pub gpu_is_assumed: bool,
}

/// How much work was done for projects in a range of days.
///
/// Errors: 403/20 reports are for administrators only; 400/12 no project, dates that can't be read, that are in the wrong
/// order or too far apart.
pub fn usages(ctx: &Ctx<'_>, asked: &UsageRequest) -> Result<Usages> {
    if !ctx.app.settings.services.organization.project_usages.allow_non_admins
        && !ctx.caller.role.administers()
    {
        return Err(ApiError::new(ErrorKind::RoleNotAllowed, "usage reports are for administrators here"));
    }
    if asked.projects.is_empty() || asked.projects.len() > MAX_PROJECTS {
        return Err(wrong("projects", "name 1 to 10,000 projects"));
    }
    let days = days(asked)?;
    ctx.read(|snapshot| {
        let projects = included(snapshot, &asked.projects)?;
        let mut system_tags = vec!["-dataset", "-reports", "-hidden"];
        if !asked.include_development {
            system_tags.push("-development");
        }
        let types: Vec<String> = TYPES_LEFT_OUT.iter().map(|left_out| format!("-{left_out}")).collect();
        let options = QueryOptions {
            show_hidden: true,
            also: Json::from_iter([
                ("system_tags".to_owned(), json!(system_tags)),
                ("type".to_owned(), json!(types)),
            ]),
            ..ctx.query_options(Public::Always)
        };
        let queued_only = !asked.include_development;
        let mut breakdowns = Vec::new();
        for key in &asked.keys {
            let used = snapshot.usage(*key, &projects.pairs, &Json::new(), &options, queued_only, days)?;
            breakdowns.push(breakdown(ctx, snapshot, *key, &used, &projects.names, days.count)?);
        }
        Ok(Usages { days: days.starts().collect(), breakdowns })
    })
}

fn wrong(field: &str, text: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, text).with("field", field)
}

/// The days from the first to the last date, in the first one's offset.
fn days(asked: &UsageRequest) -> Result<Days> {
    let read = |field: &str, text: &str| {
        let readable = Millis::parse_with_offset(text).filter(|(date, _)| date.0.abs() < 1 << 52);
        readable.ok_or_else(|| wrong(field, "must be a date such as 2025-03-01T00:00:00+01:00"))
    };
    let (from, offset) = read("from_date", &asked.from_date)?;
    let (to, _) = read("to_date", &asked.to_date)?;
    if from > to {
        return Err(wrong("from_date", "must not be later than to_date"));
    }
    let day = |date: Millis| (date.seconds() + offset).div_euclid(86_400);
    let count = day(to) - day(from) + 1;
    if count > MAX_DAYS {
        return Err(wrong("to_date", "a report covers at most 1,100 days"));
    }
    let start = Millis((day(from) * 86_400 - offset) * 1_000);
    Ok(Days { start, count: usize::try_from(count).unwrap_or_default() })
}

/// The projects whose tasks count.
struct Included {
    /// Pairs of the project that tasks count for and the project that they lie in.
    pairs: Vec<(String, String)>,
    /// Names by id.
    names: HashMap<String, String>,
}

fn included(snapshot: &Snapshot<'_>, asked: &[String]) -> Result<Included> {
    let asked: BTreeSet<&String> = asked.iter().collect();
    let list: Vec<&String> = asked.iter().copied().collect();
    let below = snapshot.projects_below(&list, true)?;
    let mut pairs: BTreeMap<String, String> = asked.iter().map(|id| ((*id).clone(), (*id).clone())).collect();
    for project in &below {
        if !asked.contains(&project.id) {
            pairs.insert(project.id.clone(), counts_for(project, &asked));
        }
    }
    let named = snapshot.projects(&list, true)?.into_iter().chain(below);
    let names = named.map(|project| (project.id, project.name)).collect();
    Ok(Included { pairs: pairs.into_iter().map(|(project, root)| (root, project)).collect(), names })
}

/// Of a single project the direct child, else the nearest of those asked for.
fn counts_for(project: &Project, asked: &BTreeSet<&String>) -> String {
    let nearest = project.path.iter().rposition(|id| asked.contains(id)).unwrap_or_default();
    let at = if asked.len() == 1 { nearest + 1 } else { nearest };
    project.path.get(at).unwrap_or(&project.id).clone()
}

/// How many CPUs and GPUs a second on a queue stands for, and whether that is a guess.
#[derive(Clone, Copy)]
struct Weights {
    cpu: Option<f64>,
    gpu: Option<f64>,
}

fn breakdown(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    key: BreakdownKey,
    used: &[DayUsage],
    projects: &HashMap<String, String>,
    days: usize,
) -> Result<Breakdown> {
    let queue_ids = used.iter().filter_map(|usage| usage.queue.as_ref());
    let queues =
        ctx.documents(snapshot, &QUEUE, queue_ids, &["name", "display_name", "resources"], Public::Never)?;
    let names: HashMap<String, String> = match key {
        UsageBy::Project => projects.clone(),
        UsageBy::User => {
            let ids = used.iter().filter_map(|usage| usage.of.as_ref());
            let people = ctx.documents(snapshot, &USER, ids, &["name"], Public::Never)?;
            people.into_iter().filter_map(|(id, person)| Some((id, text(&person, "name")?))).collect()
        }
        UsageBy::Queue => queues
            .iter()
            .filter_map(|(id, queue)| {
                Some((id.clone(), text(queue, "display_name").or_else(|| text(queue, "name"))?))
            })
            .collect(),
    };
    let assumed = &ctx.app.settings.services.queues.resource_usages;
    let mut groups: BTreeMap<Option<String>, UsageGroup> = BTreeMap::new();
    for usage in used.iter().filter(|usage| usage.seconds > 0) {
        let queue = usage.queue.as_ref().and_then(|id| queues.get(id));
        let weight = |name: &str| queue?.get("resources")?.get(name)?.as_f64();
        let weights = Weights { cpu: weight("cpu_usage"), gpu: weight("gpu_usage") };
        let of = match (key, &usage.of) {
            // Nobody learns about queues that they may not see.
            (UsageBy::Queue, Some(id)) if !names.contains_key(id) => Some(OTHERS.to_owned()),
            (_, of) => of.clone(),
        };
        let group = groups.entry(of.clone()).or_insert_with(|| UsageGroup {
            name: of.as_ref().map(|id| match names.get(id) {
                Some(name) => name.clone(),
                None if id == OTHERS => "other".to_owned(),
                None => id.clone(),
            }),
            id: of,
            duration: vec![0; days],
            cpu: vec![0.0; days],
            gpu: vec![0.0; days],
            cpu_is_assumed: false,
            gpu_is_assumed: false,
        });
        // Sums of seconds are far below 2^53.
        let seconds = usage.seconds as f64;
        add(&mut group.duration, usage.day, usage.seconds);
        add(&mut group.cpu, usage.day, seconds * weights.cpu.unwrap_or(assumed.cpu));
        add(&mut group.gpu, usage.day, seconds * weights.gpu.unwrap_or(assumed.gpu));
        group.cpu_is_assumed |= weights.cpu.is_none();
        group.gpu_is_assumed |= weights.gpu.is_none();
    }
    let mut groups: Vec<UsageGroup> = groups.into_values().collect();
    groups.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(Breakdown { key, groups })
}

fn add<T: Copy + std::ops::Add<Output = T>>(days: &mut [T], day: usize, more: T) {
    if let Some(sum) = days.get_mut(day) {
        *sum = *sum + more;
    }
}

fn text(document: &Json, key: &str) -> Option<String> {
    document.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(from: &str, to: &str) -> UsageRequest {
        UsageRequest {
            projects: vec!["p".to_owned()],
            from_date: from.to_owned(),
            to_date: to.to_owned(),
            include_development: false,
            keys: Vec::new(),
        }
    }

    #[test]
    fn days_are_those_of_the_first_dates_offset() {
        let read = |from: &str, to: &str| {
            let days = days(&asked(from, to)).unwrap();
            (days.start.to_wire(), days.count)
        };
        let start = |text: &str| text.to_owned();
        assert_eq!(
            read("2025-03-01T10:00:00Z", "2025-03-02T00:00:00Z"),
            (start("2025-03-01T00:00:00+00:00"), 2)
        );
        assert_eq!(
            read("2025-03-01T01:00:00+02:00", "2025-03-01T21:59:59Z"),
            (start("2025-02-28T22:00:00+00:00"), 1)
        );
        assert_eq!(
            read("2025-03-01T01:00:00+02:00", "2025-03-01T22:00:00Z"),
            (start("2025-02-28T22:00:00+00:00"), 2)
        );
        assert_eq!(
            read("2025-02-28T20:00:00-05:00", "2025-02-28T20:00:00-05:00"),
            (start("2025-02-28T05:00:00+00:00"), 1)
        );
        for (from, to) in [
            ("2025-03-02T00:00:00Z", "2025-03-01T00:00:00Z"),
            ("yesterday", "2025-03-01T00:00:00Z"),
            ("2025-03-01T00:00:00Z", ""),
            ("2020-03-01T00:00:00Z", "2025-03-01T00:00:00Z"),
        ] {
            assert_eq!(days(&asked(from, to)).unwrap_err().kind(), ErrorKind::ValidationError, "{from} {to}");
        }
    }
}
