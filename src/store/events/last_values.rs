//! What a report changes in the owner's document: last values, last iteration, times (protocol: spec/events.md 3.8).

use std::borrow::Cow;

use rusqlite::params;
use serde_json::{Map, Value, json};

use super::{EventKind, Owner, OwnerKind, names::name_hash};
use crate::{
    store::{Snapshot, Tx},
    types::{Json, Millis, Result},
};

/// What a report says about its owner as a whole.
#[derive(Debug, Default)]
pub struct Progress<'a> {
    /// Greatest iteration reported, at least 0; `None` when no event counts.
    pub last_iteration: Option<i64>,
    /// Greatest timestamp by metric and kind.
    pub newest: Vec<(Cow<'a, str>, EventKind, i64)>,
}

/// The scalars of one report for one metric and variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary<'a> {
    /// Value of the event with the greatest (iteration, timestamp).
    pub value: f64,
    /// Its iteration.
    pub iteration: i64,
    /// Its timestamp.
    pub timestamp: i64,
    /// Smallest value and its iteration.
    pub min: (f64, i64),
    /// Largest value and its iteration.
    pub max: (f64, i64),
    /// Value at the smallest iteration, and that iteration.
    pub first: (f64, i64),
    /// Number of values.
    pub count: i64,
    /// Their sum.
    pub total: f64,
    /// Label of the x axis, if some event had one.
    pub x_axis_label: Option<Cow<'a, str>>,
}

/// An entry of `last_metrics`.
#[derive(Clone, Debug, PartialEq)]
pub struct LastValue {
    /// Metric.
    pub metric: String,
    /// Variant.
    pub variant: String,
    /// Newest value.
    pub value: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Values reported, replaced ones included.
    pub count: i64,
    /// Mean of all of them.
    pub mean: f64,
    /// Label of the x axis.
    pub x_axis_label: Option<String>,
}

/// An entry of `last_metrics` from another server.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct PastValue<'a> {
    pub metric: &'a str,
    pub variant: &'a str,
    pub value: f64,
    /// Smallest value and its iteration.
    pub min: (f64, i64),
    /// Largest value and its iteration.
    pub max: (f64, i64),
    /// First value and its iteration.
    pub first: (f64, i64),
    /// At least 1.
    pub count: i64,
    pub mean: f64,
    pub x_axis_label: Option<&'a str>,
}

/// A batch that is older than what is known in both iteration and time came late; it does not become the last value.
const MERGE: &str = "SET
    value = iif(?4 < value_iteration AND ?5 < value_timestamp, value, ?3),
    value_iteration = iif(?4 < value_iteration AND ?5 < value_timestamp, value_iteration, ?4),
    value_timestamp = iif(?4 < value_iteration AND ?5 < value_timestamp, value_timestamp, ?5),
    min_value = min(min_value, ?6), min_value_iteration = iif(?6 < min_value, ?7, min_value_iteration),
    max_value = max(max_value, ?8), max_value_iteration = iif(?8 > max_value, ?9, max_value_iteration),
    count = count + ?10,
    total = min(max(total + ?11, -1.7976931348623157e308), 1.7976931348623157e308), x_axis_label = coalesce(?12, x_axis_label)";

impl OwnerKind {
    /// The table of last values and its column that names the owner's row.
    fn metrics(self) -> (&'static str, &'static str) {
        match self {
            OwnerKind::Task => ("task_metric", "task"),
            OwnerKind::Model => ("model_metric", "model"),
        }
    }
}

impl Tx<'_> {
    /// Merges a summary into `last_metrics`. `pairs` counts the owner's entries, once that was needed.
    pub(super) fn merge_last_value(
        &self,
        owner: &Owner,
        name: i64,
        summary: &Summary<'_>,
        max_pairs: u64,
        pairs: &mut Option<u64>,
    ) -> Result<()> {
        let (table, column) = owner.kind.metrics();
        let merged = self.run(
            &format!("UPDATE {table} {MERGE} WHERE {column} = ?1 AND metric_variant = ?2"),
            params![
                owner.seq,
                name,
                summary.value,
                summary.iteration,
                summary.timestamp,
                summary.min.0,
                summary.min.1,
                summary.max.0,
                summary.max.1,
                summary.count,
                summary.total,
                summary.x_axis_label,
            ],
        )?;
        if merged > 0 {
            return Ok(());
        }
        let known = match *pairs {
            Some(known) => known,
            None => self
                .one(&format!("SELECT count(*) FROM {table} WHERE {column} = ?1"), [owner.seq], |row| {
                    row.get::<_, i64>(0)
                })?
                .map_or(0, i64::unsigned_abs),
        };
        if max_pairs != 0 && known >= max_pairs {
            *pairs = Some(known);
            return Ok(());
        }
        *pairs = Some(known + 1);
        self.run(
            &format!(
                "INSERT INTO {table} ({column}, metric_variant, value, value_iteration, value_timestamp, min_value,
                     min_value_iteration, max_value, max_value_iteration, first_value, first_value_iteration, count,
                     total, x_axis_label, company, project)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
            ),
            params![
                owner.seq,
                name,
                summary.value,
                summary.iteration,
                summary.timestamp,
                summary.min.0,
                summary.min.1,
                summary.max.0,
                summary.max.1,
                summary.first.0,
                summary.first.1,
                summary.count,
                summary.total,
                summary.x_axis_label,
                owner.company.as_str(),
                owner.project,
            ],
        )
        .map(drop)
    }

    /// Stores an entry of `last_metrics` as an answer showed it. Answers don't say when its last value was reported, so
    /// that counts as older than whatever is reported from now on.
    pub fn put_last_value(&self, kind: OwnerKind, entity: &str, value: &PastValue<'_>) -> Result<()> {
        let (table, column) = kind.metrics();
        let documents = if kind == OwnerKind::Task { "task" } else { "model" };
        let name = self.intern_name(value.metric, value.variant)?;
        let last = value.min.1.max(value.max.1).max(value.first.1);
        self.run(
            &format!(
                "INSERT INTO {table} ({column}, metric_variant, value, value_iteration, value_timestamp, min_value,
                     min_value_iteration, max_value, max_value_iteration, first_value, first_value_iteration, count,
                     total, x_axis_label, company, project)
                 SELECT seq, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, company, project
                 FROM {documents} WHERE id = ?1 AND company = ?2
                 ON CONFLICT DO NOTHING"
            ),
            params![
                entity,
                self.scope.company.as_str(),
                name,
                value.value,
                last,
                value.min.0,
                value.min.1,
                value.max.0,
                value.max.1,
                value.first.0,
                value.first.1,
                value.count,
                value.mean * value.count as f64,
                value.x_axis_label,
            ],
        )
        .map(drop)
    }

    /// Moves the times and the last iteration of the owner's document.
    pub(super) fn advance_owner(
        &self,
        owner: &Owner,
        by: &str,
        progress: &Progress<'_>,
        max_metrics: u64,
    ) -> Result<()> {
        let now = self.now.0;
        match owner.kind {
            OwnerKind::Model => self.run(
                "UPDATE model SET last_update = ?2, last_change = ?2, last_changed_by = ?3,
                     last_iteration = max(last_iteration, coalesce(?4, last_iteration)) WHERE seq = ?1",
                params![owner.seq, now, by, progress.last_iteration],
            ),
            OwnerKind::Task => {
                let stats = self
                    .one("SELECT metric_stats FROM task WHERE seq = ?1", [owner.seq], |row| {
                        row.get::<_, String>(0)
                    })?
                    .unwrap_or_default();
                let stats = merged_stats(&stats, &progress.newest, max_metrics);
                self.run(
                    "UPDATE task SET last_update = ?2, last_change = ?2, last_changed_by = ?3,
                         last_iteration = max(last_iteration, coalesce(?4, last_iteration)),
                         active_duration = coalesce(?5, active_duration), metric_stats = ?6 WHERE seq = ?1",
                    params![
                        owner.seq,
                        now,
                        by,
                        progress.last_iteration,
                        active_seconds(owner, self.now),
                        stats
                    ],
                )
            }
        }
        .map(drop)
    }
}

/// Whole seconds since a running task started; `None` leaves the stored duration as it is.
fn active_seconds(owner: &Owner, now: Millis) -> Option<i64> {
    let running = owner.status == "in_progress";
    owner.started.filter(|_| running).map(|started| (now.0 - started).max(0) / 1000)
}

/// `metric_stats` with the report's timestamps merged in: the map of earlier reports stays, and a late batch does
/// not set a time back. At most `max` metrics, 0: any number.
fn merged_stats(stored: &str, newest: &[(Cow<'_, str>, EventKind, i64)], max: u64) -> String {
    let mut stats: Json = serde_json::from_str(stored).unwrap_or_default();
    for (metric, kind, timestamp) in newest {
        let hash = name_hash(metric);
        if max != 0 && stats.len() as u64 >= max && !stats.contains_key(&hash) {
            continue;
        }
        let entry = stats.entry(hash).or_insert_with(|| json!({"metric": metric, "event_stats_by_type": {}}));
        let types = entry
            .as_object_mut()
            .map(|entry| entry.entry("event_stats_by_type").or_insert_with(|| Value::Object(Map::new())));
        let Some(Value::Object(types)) = types else { continue };
        let known = types.get(kind.wire()).and_then(|stats| stats.get("last_update")).and_then(Value::as_i64);
        let newest = known.map_or(*timestamp, |known| known.max(*timestamp));
        types.insert(kind.wire().to_owned(), json!({"last_update": newest}));
    }
    Value::Object(stats).to_string()
}

impl Snapshot<'_> {
    /// All last values of an entity, by metric and variant.
    pub fn last_values(&self, owner: &Owner) -> Result<Vec<LastValue>> {
        let (table, column) = owner.kind.metrics();
        self.all(
            &format!(
                "SELECT n.metric, n.variant, m.value, m.min_value, m.max_value, m.count, m.total, m.x_axis_label
                 FROM {table} m JOIN metric_variant n ON n.id = m.metric_variant
                 WHERE m.{column} = ?1 ORDER BY n.metric, n.variant"
            ),
            [owner.seq],
            |row| {
                let count: i64 = row.get(5)?;
                let total: f64 = row.get(6)?;
                Ok(LastValue {
                    metric: row.get(0)?,
                    variant: row.get(1)?,
                    value: row.get(2)?,
                    min: row.get(3)?,
                    max: row.get(4)?,
                    count,
                    mean: total / count.max(1) as f64,
                    x_axis_label: row.get(7)?,
                })
            },
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn metric_stats_are_merged_and_never_go_back() {
        let first = merged_stats("{}", &[("m".into(), EventKind::Image, 5)], 2);
        let second =
            merged_stats(&first, &[("m".into(), EventKind::Image, 3), ("".into(), EventKind::Log, 9)], 2);
        let third = merged_stats(&second, &[("over the cap".into(), EventKind::Plot, 1)], 2);
        assert_eq!(second, third);
        let stats: Value = serde_json::from_str(&third).unwrap();
        assert_eq!(
            stats,
            json!({
                name_hash("m"): {"metric": "m", "event_stats_by_type": {"training_debug_image": {"last_update": 5}}},
                name_hash(""): {"metric": "", "event_stats_by_type": {"log": {"last_update": 9}}},
            })
        );
    }
}
