//! A whole log as a file, written as it is read (protocol: spec/events.md 4.3).

use std::collections::HashMap;

use serde_json::Value;

use super::access::readable_one;
use crate::{
    domain::{
        Ctx,
        transfer::{PagedFile, Pages},
    },
    store::{
        Scope,
        events::{Batches, EventKind, LogLine, LogPages, OwnerKind},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

/// How lines are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineForm {
    /// One JSON object a line.
    Json,
    /// By a pattern with placeholders in braces: asctime, timestamp, level, worker, msg.
    Text(LinePattern),
}

/// A pattern for lines, read and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Time,
    Level,
    Worker,
    Message,
}

impl LinePattern {
    /// Reads a pattern. Doubled braces stand for themselves; line ends at the end are dropped.
    ///
    /// Errors: 400/11 empty; 400/16 an unknown placeholder or braces that do not match.
    pub fn parse(pattern: &str) -> Result<LinePattern> {
        if pattern.is_empty() {
            return Err(ApiError::from(ErrorKind::MissingRequiredFields).with("fields", vec!["line_format"]));
        }
        let malformed = || {
            ApiError::new(ErrorKind::FieldsValueError, "line_format has braces that do not match")
                .with("line_format", pattern)
        };
        let (mut pieces, mut text, mut unknown) = (Vec::new(), String::new(), Vec::new());
        let mut rest = pattern.trim_end_matches(['\n', '\r']);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at_checked(at).ok_or_else(malformed)?;
            text.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                text.push_str(from.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let inner = from.strip_prefix('{').ok_or_else(malformed)?;
            let (name, after) = inner.split_once('}').ok_or_else(malformed)?;
            let piece = match name {
                "asctime" | "timestamp" => Some(Piece::Time),
                "level" => Some(Piece::Level),
                "worker" => Some(Piece::Worker),
                "msg" => Some(Piece::Message),
                _ if name.contains('{') => return Err(malformed()),
                _ => None,
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            match piece {
                Some(piece) => pieces.push(piece),
                None => unknown.push(name.to_owned()),
            }
            rest = after;
        }
        if !unknown.is_empty() {
            let text = "line_format knows asctime, timestamp, level, worker and msg";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("placeholders", unknown));
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(LinePattern(pieces))
    }

    fn write(&self, line: &LogLine, worker: &str, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Time => out.push_str(&line.timestamp.to_string()),
                Piece::Level => out.push_str(line.level.as_deref().unwrap_or_default()),
                Piece::Worker => out.push_str(worker),
                Piece::Message => out.push_str(line.msg.as_deref().unwrap_or_default()),
            }
        }
        out.push('\n');
    }
}

/// A log on its way out. Holds nothing of the database between two pages.
pub struct LogFile {
    pages: Option<LogPages>,
    scope: Scope,
    /// Metric and variant of lines that have them, by series.
    names: HashMap<i64, (String, String)>,
    form: LineForm,
}

/// The whole log of a task, oldest line first.
///
/// Errors: 400/101.
pub fn log_file(ctx: &Ctx<'_>, task: &str, form: LineForm) -> Result<PagedFile<LogFile>> {
    ctx.read(|snapshot| {
        let of = readable_one(snapshot, OwnerKind::Task, task)?;
        let mut names = HashMap::new();
        if let Some(events) = &of.events {
            for series in snapshot.series_of(events, EventKind::Log)? {
                names.insert(series.id, (series.metric, series.variant));
            }
        }
        Ok(PagedFile::new(LogFile {
            pages: of.events.map(|events| ctx.app.store.log_pages(&events)),
            scope: ctx.scope().clone(),
            names,
            form,
        }))
    })
}

impl Pages for LogFile {
    fn write_next(&mut self, page: &mut String) -> Result<bool> {
        let Some(pages) = &mut self.pages else { return Ok(false) };
        let (names, form) = (&self.names, &self.form);
        pages.next(&self.scope, |snapshot, lines| {
            let mut batches = Batches::default();
            for line in &lines {
                let batch = batches.get(snapshot, line.batch)?;
                match form {
                    LineForm::Text(pattern) => {
                        pattern.write(line, batch.map_or("", |batch| batch.worker.as_str()), page);
                    }
                    LineForm::Json => {
                        let names = line.series.and_then(|series| names.get(&series));
                        page.push_str(&Value::Object(json_line(line, names, batch)).to_string());
                        page.push('\n');
                    }
                }
            }
            Ok(!lines.is_empty())
        })
    }
}

/// A line without `type` and `task`, its time as `asctime`.
fn json_line(
    line: &LogLine,
    names: Option<&(String, String)>,
    batch: Option<&crate::store::events::Batch>,
) -> Json {
    let mut document = Json::new();
    let mut put = |name: &str, value: Value| {
        document.insert(name.to_owned(), value);
    };
    put("asctime", line.timestamp.into());
    if let Some(iteration) = line.iteration {
        put("iter", iteration.into());
    }
    put("metric", names.map_or("", |(metric, _)| metric.as_str()).into());
    put("variant", names.map_or("", |(_, variant)| variant.as_str()).into());
    if let Some(level) = &line.level {
        put("level", level.as_str().into());
    }
    if let Some(msg) = &line.msg {
        put("msg", msg.as_str().into());
    }
    if let Some(batch) = batch {
        put("model_event", batch.model_event.into());
        put("@timestamp", batch.received.to_zulu().into());
        put("worker", batch.worker.as_str().into());
        let extras: Option<Json> =
            batch.extras.as_deref().and_then(|extras| serde_json::from_str(extras).ok());
        for (name, value) in extras.into_iter().flatten() {
            document.entry(name).or_insert(value);
        }
    }
    document
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn case_46_patterns_are_checked_before_anything_is_sent() {
        let kind = |pattern: &str| LinePattern::parse(pattern).unwrap_err().kind();
        assert_eq!(kind(""), ErrorKind::MissingRequiredFields);
        for pattern in ["{foo}", "{", "}", "{msg", "msg}", "{a{msg}}", "{}"] {
            assert_eq!(kind(pattern), ErrorKind::FieldsValueError, "{pattern}");
        }
        let error = LinePattern::parse("{foo} {bar}").unwrap_err();
        assert_eq!(error.data()["placeholders"], serde_json::json!(["foo", "bar"]));
        assert!(LinePattern::parse("{{x}} {asctime} {timestamp} {level} {worker} {msg}\n\n").is_ok());
    }
}
