//! From a row to a document: the wanted parts, defaults filled in, nothing null (protocol: spec/tasks.md 1.2, 2.2).

use std::collections::HashMap;

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use crate::store::query::{Field, Missing, Shape, Stored};
use crate::types::{ApiError, ErrorKind, Json, Millis, Result};

use super::{projection::Want, selective};

/// The columns read of one document, and what its side tables hold.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) columns: HashMap<&'static str, Sql>,
    pub(super) metrics: Option<Value>,
    pub(super) metric_names: Option<Value>,
    pub(super) entries: Option<Value>,
}

/// The columns and side tables that the wanted part of a field needs.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) columns: Vec<&'static str>,
    pub(super) metrics: bool,
    pub(super) entries: bool,
}

impl Needs {
    fn column(&mut self, column: &'static str) {
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
    }

    /// Adds what says whose document it is.
    pub(super) fn origin(&mut self) {
        self.column("company");
        self.column("company_origin");
    }

    /// Adds what a field needs.
    pub(super) fn add(&mut self, field: &'static Field, want: &Want<'_>) {
        match field.stored {
            Stored::Column(column) => {
                let Shape::Object(members) = &field.shape else { return self.column(column) };
                // A member with a column of its own does not need the section's JSON.
                if want.is_whole()
                    || members
                        .iter()
                        .any(|member| member.stored == Stored::Inside && want.child(member.name).is_some())
                {
                    self.column(column);
                }
                self.members(members, want);
            }
            Stored::Parts => {
                if let Shape::Object(members) = &field.shape {
                    self.members(members, want);
                }
            }
            Stored::Tags { system: false } => self.column("tags"),
            Stored::Tags { system: true } => self.column("system_tags"),
            Stored::Ancestors => self.column("path"),
            Stored::Hyperparams => self.column("hyperparams"),
            Stored::Metadata => self.column("metadata"),
            Stored::Links("input") => self.column("models_input"),
            Stored::Links(_) => self.column("models_output"),
            Stored::Metrics | Stored::MetricNames => self.metrics = true,
            Stored::Entries => {
                self.entries = true;
                self.column("id");
            }
            Stored::Inside => {}
        }
    }

    fn members(&mut self, members: &'static [Field], want: &Want<'_>) {
        for member in members {
            if let Some(want) = want.child(member.name) {
                self.add(member, &want);
            }
        }
    }
}

/// The wanted part of a field, or what stands in for it.
///
/// Errors: `500/100` when a stored section is no JSON.
pub(super) fn field(field: &'static Field, want: &Want<'_>, row: &mut Row) -> Result<Option<Value>> {
    let value = match field.stored {
        Stored::Inside => None,
        Stored::Parts => match &field.shape {
            Shape::Object(members) => Some(Value::Object(object(members, want, Map::new(), row)?)),
            _ => None,
        },
        Stored::Metrics => row.metrics.take().and_then(|metrics| shaped(&field.shape, metrics, want)),
        Stored::MetricNames => row.metric_names.take(),
        Stored::Entries => row.entries.take().and_then(|entries| shaped(&field.shape, entries, want)),
        Stored::Tags { system } => {
            let mut tags = section(row, if system { "system_tags" } else { "tags" }, want)?;
            if let Some(Value::Array(tags)) = &mut tags {
                tags.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
            tags
        }
        Stored::Ancestors => section(row, "path", want)?,
        Stored::Hyperparams => nested(field, want, section(row, "hyperparams", want)?),
        Stored::Metadata => nested(field, want, section(row, "metadata", want)?),
        Stored::Links("input") => nested(field, want, section(row, "models_input", want)?),
        Stored::Links(_) => nested(field, want, section(row, "models_output", want)?),
        Stored::Column(column) => match &field.shape {
            Shape::Object(members) => {
                let stored = section(row, column, want)?;
                if stored.is_none() && field.missing == Missing::Absent {
                    return Ok(None);
                }
                let stored = match stored {
                    Some(Value::Object(stored)) => stored,
                    _ => Map::new(),
                };
                Some(Value::Object(object(members, want, stored, row)?))
            }
            Shape::Map(_) | Shape::Any | Shape::Strings { .. } | Shape::Each(_) => {
                // The order of artifacts needs their keys, whatever else is wanted.
                let mut stored = match column {
                    "artifacts" => section(row, column, &Want::WHOLE)?,
                    _ => section(row, column, want)?,
                };
                if let (Some(Value::Array(artifacts)), "artifacts") = (&mut stored, column) {
                    artifacts.sort_by(|a, b| key_of(a).cmp(key_of(b)));
                }
                nested(field, want, stored)
            }
            plain => scalar(plain, row.columns.remove(column)),
        },
    };
    Ok(value.or_else(|| stand_in(field.missing)))
}

fn key_of(artifact: &Value) -> &str {
    artifact.get("key").and_then(Value::as_str).unwrap_or_default()
}

fn nested(field: &'static Field, want: &Want<'_>, stored: Option<Value>) -> Option<Value> {
    stored.and_then(|stored| shaped(&field.shape, stored, want))
}

fn stand_in(missing: Missing) -> Option<Value> {
    match missing {
        Missing::Absent => None,
        Missing::Object => Some(Value::Object(Map::new())),
        Missing::List => Some(Value::Array(Vec::new())),
        Missing::Integer(value) => Some(value.into()),
        Missing::Text(value) => Some(value.into()),
    }
}

fn section(row: &mut Row, column: &'static str, want: &Want<'_>) -> Result<Option<Value>> {
    match row.columns.remove(column) {
        Some(Sql::Text(text)) => selective::read(&text, want).map(Some).map_err(|error| {
            tracing::error!(column, %error, "a stored section is no JSON");
            ApiError::new(
                ErrorKind::DataError,
                "a stored document is damaged; the server's log has the details",
            )
        }),
        _ => Ok(None),
    }
}

fn scalar(shape: &Shape, value: Option<Sql>) -> Option<Value> {
    match (shape, value?) {
        (Shape::Time, Sql::Integer(time)) => Some(Millis(time).into()),
        (Shape::Flag, Sql::Integer(flag)) => Some((flag != 0).into()),
        (_, Sql::Integer(value)) => Some(value.into()),
        (_, Sql::Real(value)) => Some(value.into()),
        (_, Sql::Text(value)) => Some(value.into()),
        (_, Sql::Null | Sql::Blob(_)) => None,
    }
}

fn object(members: &'static [Field], want: &Want<'_>, mut stored: Json, row: &mut Row) -> Result<Json> {
    let mut out = Map::new();
    for member in members {
        let Some(want) = want.child(member.name) else { continue };
        let value = match member.stored {
            Stored::Inside => inside(member, &want, stored.remove(member.name)),
            _ => field(member, &want, row)?,
        };
        if let Some(value) = value {
            out.insert(member.name.to_owned(), value);
        }
    }
    Ok(out)
}

fn inside(member: &'static Field, want: &Want<'_>, stored: Option<Value>) -> Option<Value> {
    stored
        .filter(|value| !value.is_null())
        .and_then(|value| shaped(&member.shape, value, want))
        .or_else(|| stand_in(member.missing))
}

/// The wanted part of a JSON value; `None` when the wish goes deeper than the value.
fn shaped(shape: &'static Shape, value: Value, want: &Want<'_>) -> Option<Value> {
    match (shape, value) {
        (Shape::Time, Value::Number(time)) => {
            Some(time.as_i64().map_or(Value::Number(time), |time| Millis(time).into()))
        }
        (Shape::Object(members), Value::Object(mut stored)) => {
            let mut out = Map::new();
            for member in *members {
                if let Some(want) = want.child(member.name)
                    && let Some(value) = inside(member, &want, stored.remove(member.name))
                {
                    out.insert(member.name.to_owned(), value);
                }
            }
            Some(Value::Object(out))
        }
        (Shape::Each(members), Value::Array(items)) => Some(
            items
                .into_iter()
                .filter_map(|item| match item {
                    Value::Object(mut stored) => Some(
                        members
                            .iter()
                            .filter_map(|member| {
                                let want = want.child(member.name)?;
                                let value = inside(member, &want, stored.remove(member.name))?;
                                Some((member.name.to_owned(), value))
                            })
                            .collect(),
                    ),
                    _ => None,
                })
                .map(Value::Object)
                .collect(),
        ),
        // What lies behind a reference is read later.
        (Shape::Reference(_), value) => Some(value),
        (_, value) if want.is_whole() => Some(value),
        (shape, Value::Object(mut stored)) => {
            let inner = if let Shape::Map(inner) = shape { inner } else { &Shape::Any };
            let mut out = Map::new();
            for name in want.names() {
                if let (Some(value), Some(want)) = (stored.remove(name), want.child(name))
                    && let Some(value) = shaped(inner, value, &want)
                {
                    out.insert(name.to_owned(), value);
                }
            }
            Some(Value::Object(out))
        }
        _ => None,
    }
}
