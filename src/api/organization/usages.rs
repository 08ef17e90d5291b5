//! `organization.get_project_usages` (spec/projects.md 4.6).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    api::endpoint::{Reply, Request},
    domain::{
        Ctx,
        organization::{self, BreakdownKey, UsageGroup, UsageRequest},
    },
    types::{Json, Result},
};

#[derive(Deserialize)]
struct Asked {
    projects: Vec<String>,
    from_date: String,
    to_date: String,
    #[serde(default)]
    include_development: bool,
    #[serde(default)]
    breakdown_keys: Vec<Key>,
    #[serde(default)]
    usage_fields: Vec<Field>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Key {
    Project,
    User,
    Queue,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Field {
    Duration,
    CpuUsage,
    GpuUsage,
}

/// `organization.get_project_usages`. Empty lists of keys and fields mean the defaults.
pub(super) fn get_project_usages(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let mut asked: Asked = request.decode()?;
    if asked.breakdown_keys.is_empty() {
        asked.breakdown_keys = vec![Key::Project, Key::User, Key::Queue];
    }
    if asked.usage_fields.is_empty() {
        asked.usage_fields = vec![Field::Duration, Field::GpuUsage];
    }
    let mut keys: Vec<BreakdownKey> = Vec::new();
    for key in asked.breakdown_keys {
        let key = match key {
            Key::Project => BreakdownKey::Project,
            Key::User => BreakdownKey::User,
            Key::Queue => BreakdownKey::Queue,
        };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let usages = organization::usages(
        ctx,
        &UsageRequest {
            projects: asked.projects,
            from_date: asked.from_date,
            to_date: asked.to_date,
            include_development: asked.include_development,
            keys,
        },
    )?;
    let dates: Vec<f64> = usages.days.iter().map(|day| day.seconds() as f64).collect();
    let mut data = Map::new();
    for breakdown in usages.breakdowns {
        let key = match breakdown.key {
            BreakdownKey::Project => "projects",
            BreakdownKey::User => "users",
            BreakdownKey::Queue => "queues",
        };
        let (mut total, mut series) = (Vec::new(), Vec::new());
        for group in &breakdown.groups {
            let mut sums = named(group);
            let mut by_day = named(group);
            by_day.insert("dates".to_owned(), json!(dates));
            for field in &asked.usage_fields {
                add(group, *field, &mut sums, &mut by_day);
            }
            total.push(Value::Object(sums));
            series.push(Value::Object(by_day));
        }
        data.insert(key.to_owned(), json!({"total": total, "series": series}));
    }
    Reply::data(&data)
}

fn named(group: &UsageGroup) -> Json {
    Json::from_iter([("id".to_owned(), json!(group.id)), ("name".to_owned(), json!(group.name))])
}

/// Adds one kind of figures to the sums and to the days.
fn add(group: &UsageGroup, field: Field, sums: &mut Json, by_day: &mut Json) {
    let (name, mark, figures, is_assumed) = match field {
        Field::Duration => {
            sums.insert("duration".to_owned(), group.duration.iter().sum::<i64>().into());
            by_day.insert("duration".to_owned(), json!(group.duration));
            return;
        }
        Field::CpuUsage => ("cpu_usage", "cpu_artificial_weights", &group.cpu, group.cpu_is_assumed),
        Field::GpuUsage => ("gpu_usage", "gpu_artificial_weights", &group.gpu, group.gpu_is_assumed),
    };
    sums.insert(name.to_owned(), number(figures.iter().sum()));
    by_day.insert(name.to_owned(), figures.iter().map(|figure| number(*figure)).collect());
    if is_assumed {
        sums.insert(mark.to_owned(), true.into());
        by_day.insert(mark.to_owned(), true.into());
    }
}

/// Whole numbers without a fraction.
fn number(figure: f64) -> Value {
    match figure.fract() == 0.0 && figure.abs() < 9e15 {
        true => (figure as i64).into(),
        false => figure.into(),
    }
}
