//! An import from its first line to its last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Request, Stopped,
    archive::{Archive, Header, Line},
    mark::Mark,
    record::Rewrite,
    report::Report,
};
use crate::{
    domain::{App, Call, Ctx, files::scheduled_caller, operations, perform},
    store::{Lane, Scope, Tx, events::Learned},
    types::{ApiError, ErrorKind, Result},
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

pub(super) fn unreadable(error: std::io::Error) -> Stopped {
    Stopped::Archive(format!("the archive can't be read any more: {error}"))
}

/// What follows a transaction.
enum Next {
    More,
    /// A file, which is stored by itself.
    File,
    End,
}

/// An import at work.
pub(super) struct Import<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) ctx: Ctx<'a>,
    pub(super) rewrite: Option<Rewrite>,
    pub(super) header: Header,
    pub(super) request: &'a Request,
    pub(super) archive: Archive,
    pub(super) mark: Mark,
    pub(super) report: &'a mut Report,
    /// Events that wait for the next record, with their lines.
    pub(super) pending: Vec<(u64, String)>,
    pub(super) last: Option<Line>,
    pub(super) said: Instant,
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
            self.app.store.learn(learned);
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

    /// Says now and then how far it is.
    pub(super) fn say(&mut self) {
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
