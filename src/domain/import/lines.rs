//! What an import does with each line, by its kind.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Stopped,
    archive::Line,
    files::{self, FileRecord},
    mark::Current,
    record::{Done, Filing, Rewrite, text},
    report::{
        Outcome::{self, Imported, Refused, Skipped},
        Problem,
    },
    run::{Import, unreadable},
};
use crate::{
    domain::events::{add_past, with_standard_tokens},
    store::{Scope, Tx, events::Learned},
    types::Json,
};

/// A line, as far as all kinds are alike.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The type of an event.
#[derive(Deserialize)]
struct EventType<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}
impl Import<'_> {
    /// Stores one line; true: it names a file.
    pub(super) fn line(&mut self, tx: &Tx<'_>, line: &Line, learned: &mut Learned) -> Result<bool, Stopped> {
        let at = line.number;
        let Some(bytes) = &line.bytes else {
            return self.refuse(at, "", None, "the line is longer than 64 MiB").map(|()| false);
        };
        if bytes.trim_ascii().is_empty() {
            return Ok(false);
        }
        let Ok(line) = std::str::from_utf8(bytes) else {
            return self.refuse(at, "", None, "the line is not UTF-8").map(|()| false);
        };
        let line = with_standard_tokens(line);
        let record: Record<'_> = match serde_json::from_str(&line) {
            Ok(record) => record,
            Err(error) => {
                let reason = format!("the line is no record: {error}");
                return self.refuse(at, "", None, &reason).map(|()| false);
            }
        };
        let data = record.data.map(RawValue::get).unwrap_or_default();
        match record.kind.as_ref() {
            "end" => {}
            "file" => return Ok(true),
            "event" => self.event(at, data)?,
            "user" | "project" | "queue" | "task" | "model" => {
                self.flush(tx, learned)?;
                self.document(tx, at, &record.kind, data)?;
            }
            _ => {
                let kind: String = record.kind.chars().take(32).collect();
                self.refuse(at, &kind, None, "there is no such kind of record")?;
            }
        }
        Ok(false)
    }

    // ---- documents

    fn document(&mut self, tx: &Tx<'_>, line: u64, kind: &str, data: &str) -> Result<(), Stopped> {
        let is_owner = matches!(kind, "task" | "model");
        if is_owner {
            self.mark.current = None;
        }
        let document: Json = match serde_json::from_str(data) {
            Ok(document) => document,
            Err(error) => {
                return self.refuse(
                    line,
                    kind,
                    None,
                    &format!("data is no object that can be read: {error}"),
                );
            }
        };
        let id = text(&document, "id").map(|id| id.chars().take(128).collect::<String>());
        let mut filing = Filing {
            ctx: &self.ctx,
            tx,
            header: &self.header,
            maps: &mut self.mark.maps,
            rewrite: self.rewrite.as_ref(),
        };
        let done = match filing.file(kind, document) {
            Ok(done) => done,
            Err(error) if error.kind().code() < 500 => Done::because(Refused, error.to_string()),
            Err(error) => return Err(error.into()),
        };
        if is_owner && let Some(id) = &id {
            let ours = done.outcome == Imported;
            self.mark.current =
                (done.outcome != Refused).then(|| Current { model: kind == "model", id: id.clone(), ours });
        }
        self.done(line, kind, id, done)
    }

    fn done(&mut self, line: u64, kind: &str, id: Option<String>, done: Done) -> Result<(), Stopped> {
        self.count(kind, done.outcome, 1);
        for reason in &done.notes {
            let (kind, reason) = (kind.to_owned(), reason.clone());
            self.report.tell(Problem { line, kind, id: id.clone(), outcome: done.outcome, reason });
        }
        if done.outcome == Refused && self.request.strict {
            return Err(Stopped::Strict { line, reason: done.notes.into_iter().next().unwrap_or_default() });
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, kind: &str, id: Option<String>, reason: &str) -> Result<(), Stopped> {
        self.done(line, kind, id, Done::because(Refused, reason))
    }

    fn count(&mut self, kind: &str, outcome: Outcome, number: u64) {
        let known = ["user", "project", "queue", "task", "model", "event", "file"].contains(&kind);
        let kind = if known { kind } else { "unknown" };
        self.mark.counts.entry(kind.to_owned()).or_default().add(outcome, number);
    }

    // ---- events

    fn event(&mut self, line: u64, data: &str) -> Result<(), Stopped> {
        match &self.mark.current {
            None => self.refuse(line, "event", None, "no task or model that was stored stands before it"),
            Some(current) if !current.ours => {
                self.count("event", Skipped, 1);
                Ok(())
            }
            Some(_) if !data.starts_with('{') => self.refuse(line, "event", None, "data must be an object"),
            Some(_) => {
                let event = self.rewritten(data).unwrap_or_else(|| data.to_owned());
                self.pending.push((line, event));
                Ok(())
            }
        }
    }

    /// An image or plot whose addresses changed; console lines stay what they were.
    fn rewritten(&self, data: &str) -> Option<String> {
        let Rewrite { from, to } = self.rewrite.as_ref()?;
        let from = format!("{from}/");
        if !data.contains(&from) {
            return None;
        }
        let event: EventType<'_> = serde_json::from_str(data).ok()?;
        matches!(event.kind.as_ref(), "training_debug_image" | "plot")
            .then(|| data.replace(&from, &format!("{to}/")))
    }

    /// Stores the events that wait.
    pub(super) fn flush(&mut self, tx: &Tx<'_>, learned: &mut Learned) -> Result<(), Stopped> {
        let pending = std::mem::take(&mut self.pending);
        let (Some((line, _)), Some(current)) = (pending.first(), &self.mark.current) else { return Ok(()) };
        let (line, id) = (*line, current.id.clone());
        let lines: Vec<Cow<'_, str>> =
            pending.iter().map(|(_, event)| Cow::Borrowed(event.as_str())).collect();
        let past = add_past(self.app, tx, current.kind(), &id, &lines, learned)?;
        self.count("event", Imported, past.stored);
        for (reason, number) in past.refused {
            let until = pending.last().map_or(line, |(line, _)| *line);
            let reason = format!("{number} of the events up to line {until}: {reason}");
            self.count("event", Refused, number);
            if self.request.strict {
                return Err(Stopped::Strict { line, reason });
            }
            let (kind, id) = ("event".to_owned(), Some(id.clone()));
            self.report.tell(Problem { line, kind, id, outcome: Refused, reason });
        }
        Ok(())
    }

    // ---- files

    /// Stores the files that come next in the archive. They have transactions of their own, and may be looked at again
    /// after an interruption: one that is stored already is found so.
    pub(super) fn files(&mut self, scope: &Scope) -> Result<(), Stopped> {
        while let Some(line) = self.archive.next().map_err(unreadable)? {
            let record =
                line.bytes.as_deref().and_then(|bytes| serde_json::from_slice::<Record<'_>>(bytes).ok());
            let Some(record) = record.filter(|record| record.kind == "file") else {
                self.archive.give_back(line);
                return Ok(());
            };
            let data = record.data.map(RawValue::get).unwrap_or_default();
            match serde_json::from_str::<FileRecord>(data) {
                Ok(file) => {
                    let done = files::store(self.app, scope, &self.archive, &file, self.request.dry_run)?;
                    let path = file.path.chars().take(512).collect();
                    self.done(line.number, "file", Some(path), done)?;
                }
                Err(error) => {
                    let reason = format!("the record of the file can't be read: {error}");
                    self.refuse(line.number, "file", None, &reason)?;
                }
            }
            self.last = Some(line);
            self.say();
        }
        Ok(())
    }
}
