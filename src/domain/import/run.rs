//! An import from its first line to its last.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Request, Stopped,
    archive::{Archive, Header, Line},
    files::{self, FileRecord},
    mark::{Current, Mark},
    record::{Done, Filing, Rewrite, text},
    report::{
        Outcome::{self, Imported, Refused, Skipped},
        Problem, Report,
    },
};
use crate::{
    domain::{
        App, Call, Ctx,
        events::{add_past, with_standard_tokens},
        files::scheduled_caller,
        operations, perform,
    },
    store::{Lane, Scope, Tx, events::Learned},
    types::{ApiError, ErrorKind, Json, Result},
};

/// Lines of one transaction.
const MOST_LINES: usize = 2_000;
/// Bytes of one transaction; the line that passes it belongs to it.
const MOST_BYTES: usize = 4 << 20;
/// How often an import says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Imports an archive. `report` tells what was done, also when the import stops early.
///
/// Errors: as [`Stopped`] names them.
pub fn run(app: &Arc<App>, request: &Request, report: &mut Report) -> Result<(), Stopped> {
    let scope = Scope::tenant(request.tenant.clone());
    let tenant = app.store.read(&scope, |snapshot| snapshot.company(request.tenant.as_str()))?;
    if tenant.is_none() {
        return Err(Stopped::Tenant(request.tenant.clone()));
    }
    let (mut archive, header) = Archive::open(&request.archive)?;
    report.archive.clone_from(&header.archive);
    report.tenant = request.tenant.to_string();
    report.dry_run = request.dry_run;
    let mark = begin(app, request, &mut archive, &header, report)?;
    let mut import = Import {
        app,
        ctx: internal(app, request),
        rewrite: rewrite(app, request, &header),
        header,
        request,
        archive,
        mark,
        report,
        pending: Vec::new(),
        last: None,
        said: Instant::now(),
    };
    let result = if request.dry_run { import.try_out(&scope) } else { import.carry_out(&scope) };
    import.report.counts.clone_from(&import.mark.counts);
    result?;
    import.report.complete = true;
    Ok(())
}

fn internal<'a>(app: &'a App, request: &Request) -> Ctx<'a> {
    Ctx::new(app, scheduled_caller(&request.tenant), Call::internal())
}

/// Writes to the security audit that an import begins or ends, together with what `work` does.
fn audited(
    app: &App,
    request: &Request,
    remark: String,
    work: impl FnOnce(&Tx<'_>) -> Result<()>,
) -> Result<()> {
    let operation = operations::find("data.import").ok_or(ErrorKind::InternalError)?;
    let ctx = internal(app, request);
    ctx.note(|note| note.remark = Some(remark));
    perform(operation, &ctx, |ctx| ctx.write(work))
}

/// Finds out where to begin.
fn begin(
    app: &App,
    request: &Request,
    archive: &mut Archive,
    header: &Header,
    report: &mut Report,
) -> Result<Mark, Stopped> {
    let scope = Scope::tenant(request.tenant.clone());
    let former = app.store.read(&scope, |snapshot| Mark::load(snapshot, &request.tenant))?;
    let fresh = Mark { archive: header.archive.clone(), place: archive.place(), ..Mark::default() };
    if let Some(former) = former {
        if former.archive == header.archive && fits(archive, &former)? {
            report.resumed_after_line = Some(former.place.1.saturating_sub(1));
            archive.go_to(former.place).map_err(unreadable)?;
            return Ok(former);
        }
        if let Some(current) = former.current.filter(|current| current.ours) {
            if !request.discard_unfinished {
                return Err(Stopped::Unfinished { kind: current.name(), id: current.id });
            }
            if !request.dry_run {
                let remark =
                    format!("{} {} of an interrupted import was removed", current.name(), current.id);
                audited(app, request, remark, |tx| {
                    tx.remove_document(current.collection(), &current.id)?;
                    Mark::forget(tx, &request.tenant)
                })?;
            }
        }
    }
    archive.go_to(fresh.place).map_err(unreadable)?;
    if !request.dry_run {
        audited(app, request, format!("archive {} begins", header.archive), |tx| {
            fresh.save(tx, &request.tenant)
        })?;
    }
    Ok(fresh)
}

/// Whether the archive is still the one that the mark was set in, up to there.
fn fits(archive: &mut Archive, mark: &Mark) -> Result<bool, Stopped> {
    let Some((start, number, hash)) = &mark.last else { return Ok(archive.place() == mark.place) };
    if mark.place.0 > archive.length {
        return Ok(false);
    }
    archive.go_to((*start, *number)).map_err(unreadable)?;
    let line = archive.next().map_err(unreadable)?;
    Ok(line.is_some_and(|line| line.hash() == *hash) && archive.place() == mark.place)
}

fn rewrite(app: &App, request: &Request, header: &Header) -> Option<Rewrite> {
    let from = header.files.url.as_deref()?.trim_end_matches('/');
    let to = match &request.files_url {
        Some(url) => url,
        None if header.files.included => &app.urls.files,
        None => return None,
    };
    let to = to.trim_end_matches('/');
    (!from.is_empty() && from != to).then(|| Rewrite { from: from.to_owned(), to: to.to_owned() })
}

fn unreadable(error: std::io::Error) -> Stopped {
    Stopped::Archive(format!("the archive can't be read any more: {error}"))
}

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

/// What follows a transaction.
enum Next {
    More,
    /// A file, which is stored by itself.
    File,
    End,
}

struct Import<'a> {
    app: &'a Arc<App>,
    ctx: Ctx<'a>,
    rewrite: Option<Rewrite>,
    header: Header,
    request: &'a Request,
    archive: Archive,
    mark: Mark,
    report: &'a mut Report,
    /// Events that wait for the next record, with their lines.
    pending: Vec<(u64, String)>,
    last: Option<Line>,
    said: Instant,
}

impl Import<'_> {
    fn carry_out(&mut self, scope: &Scope) -> Result<(), Stopped> {
        loop {
            let mut learned = Learned::default();
            let counts = self.mark.counts.clone();
            let next = self.transaction(scope, |import, tx| import.batch(tx, &mut learned));
            if next.is_err() {
                // What was counted since is undone.
                self.mark.counts = counts;
            }
            let next = next?;
            self.app.store.series_names.learn(learned);
            self.say();
            match next {
                Next::More => {}
                Next::File => self.files(scope)?,
                Next::End => break,
            }
        }
        let total = self.mark.counts.values().map(|count| count.imported).sum::<u64>();
        let remark = format!("archive {} ends; {total} records were stored", self.mark.archive);
        audited(self.app, self.request, remark, |tx| Mark::forget(tx, &self.request.tenant))?;
        Ok(())
    }

    /// The same in one transaction that is then undone.
    fn try_out(&mut self, scope: &Scope) -> Result<(), Stopped> {
        let mut at_end = false;
        let tried: Result<(), Stopped> = self.transaction(scope, |import, tx| {
            loop {
                // What it learns is true only as long as the transaction lasts.
                match import.batch(tx, &mut Learned::default())? {
                    Next::More => {}
                    Next::File => import.files(scope)?,
                    Next::End => break,
                }
                import.say();
            }
            at_end = true;
            Err(ErrorKind::GeneralError.into())
        });
        if at_end { Ok(()) } else { tried }
    }

    fn transaction<T>(
        &mut self,
        scope: &Scope,
        work: impl FnOnce(&mut Self, &Tx<'_>) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        let mut stopped = None;
        let store = &self.app.store;
        let done = store.write(scope, Lane::Events, |tx| {
            work(self, tx).map_err(|error| match error {
                Stopped::Store(error) => error,
                other => {
                    stopped = Some(other);
                    ErrorKind::GeneralError.into()
                }
            })
        });
        done.map_err(|error| stopped.unwrap_or(Stopped::Store(error)))
    }

    /// Stores lines until there are enough for a transaction, and the mark.
    fn batch(&mut self, tx: &Tx<'_>, learned: &mut Learned) -> Result<Next, Stopped> {
        let (mut lines, mut bytes) = (0, 0);
        let mut next = Next::More;
        while lines < MOST_LINES && bytes < MOST_BYTES {
            let Some(line) = self.archive.next().map_err(unreadable)? else {
                next = Next::End;
                break;
            };
            lines += 1;
            bytes += line.bytes.as_ref().map_or(0, Vec::len);
            if self.line(tx, &line, learned)? {
                self.archive.give_back(line);
                next = Next::File;
                break;
            }
            self.last = Some(line);
        }
        self.flush(tx, learned)?;
        self.mark.place = self.archive.place();
        if let Some(last) = &self.last {
            self.mark.last = Some((last.start, last.number, last.hash()));
        }
        self.mark.save(tx, &self.request.tenant)?;
        Ok(next)
    }

    /// Stores one line; true: it names a file.
    fn line(&mut self, tx: &Tx<'_>, line: &Line, learned: &mut Learned) -> Result<bool, Stopped> {
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
    fn flush(&mut self, tx: &Tx<'_>, learned: &mut Learned) -> Result<(), Stopped> {
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
    fn files(&mut self, scope: &Scope) -> Result<(), Stopped> {
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

    fn say(&mut self) {
        if self.said.elapsed() > SAY_EVERY {
            self.said = Instant::now();
            let (bytes, line) = self.archive.place();
            let percent = bytes.saturating_mul(100) / self.archive.length.max(1);
            tracing::info!(line, percent, "importing");
        }
    }
}

impl From<ErrorKind> for Stopped {
    fn from(kind: ErrorKind) -> Self {
        Stopped::Store(ApiError::from(kind))
    }
}
