//! `roundhouse import`: the history of another server, on a stopped server.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;

use super::{
    Outcome,
    options::{OfTenant, Place},
};
use crate::{
    crypto::files::write_private,
    domain::{
        client_config,
        import::{self, Report, Request},
    },
    server::{open_files, start},
};

/// The archive was read to its end, but some records were refused.
const SOME_REFUSED: u8 = 3;

/// Takes over projects, tasks, models, queues, what they reported, and files.
///
/// Ids stay what they were. What is here already is never changed, so running it again is safe; after an interruption it
/// goes on where it stopped. The server must be stopped: the command takes the lock of the data directory.
///
/// Exit codes: 0 all of the archive is here now; 1 the import stopped early, and running it again goes on there;
/// 2 wrong usage; 3 it came to its end, but some records were refused.
#[derive(Args)]
pub(super) struct Import {
    /// Archive: a directory that the exporter wrote, or its archive.jsonl
    archive: PathBuf,
    #[command(flatten)]
    tenant: OfTenant,
    /// Address of this server's file server, for links to files of the other one [default: that of clearml.conf, when
    /// the archive holds files; links stay as they are when it does not]
    #[arg(long, value_name = "URL")]
    files_url: Option<String>,
    /// Store nothing; say what would become of each record. Needs as much free disk space as the import itself
    #[arg(long)]
    dry_run: bool,
    /// Stop at the first record that is refused
    #[arg(long)]
    strict: bool,
    /// Remove the task or model that an interrupted import of another archive left unfinished
    #[arg(long)]
    discard_unfinished: bool,
    /// Write what was done to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

impl Import {
    pub(super) fn run(self) -> Outcome {
        let options = self.place.options();
        // This command knows no ports; the last start of the server knew them.
        let urls = client_config::urls_of(&options.data.join(client_config::FILE));
        let mut house = start::open_existing(&options)?;
        if let Some(urls) = urls {
            house.app.urls.files = urls.files;
        }
        // The lock is held until the end.
        let _lock = house.lock;
        let app = Arc::new(house.app);
        open_files(&options, &app)?;
        let tenant = self.tenant.find(&app)?;
        let request = Request {
            archive: self.archive,
            tenant,
            files_url: self.files_url,
            dry_run: self.dry_run,
            strict: self.strict,
            discard_unfinished: self.discard_unfinished,
        };
        let mut report = Report::default();
        let result = import::run(&app, &request, &mut report);
        if let Some(path) = &self.report {
            let text = serde_json::to_string_pretty(&report)?;
            write_private(path, format!("{text}\n").as_bytes())?;
        }
        show(&report);
        result?;
        Ok(if report.total().refused > 0 { ExitCode::from(SOME_REFUSED) } else { ExitCode::SUCCESS })
    }
}

/// Lines of the summary that name problems; the report has all.
const SHOWN: usize = 20;

fn show(report: &Report) {
    if let Some(line) = report.resumed_after_line {
        println!("Went on after line {line}, where an earlier run stopped.");
    }
    let title = if report.dry_run { "WOULD IMPORT" } else { "IMPORTED" };
    println!("{:10}{title:>13}{:>13}{:>13}{:>13}", "", "HERE ALREADY", "SKIPPED", "REFUSED");
    for (kind, count) in &report.counts {
        println!(
            "{kind:10}{:>13}{:>13}{:>13}{:>13}",
            count.imported, count.existing, count.skipped, count.refused
        );
    }
    for problem in report.problems.iter().take(SHOWN) {
        let id = problem.id.as_deref().unwrap_or_default();
        println!("line {}: {} {id}: {}", problem.line, problem.kind, problem.reason);
    }
    let more = (report.problems.len().saturating_sub(SHOWN) as u64).saturating_add(report.more_problems);
    if more > 0 {
        println!("… and {more} more remarks; --report FILE lists them");
    }
    if report.complete {
        match (report.dry_run, report.total().imported) {
            (true, _) => println!("Nothing was stored: this was a dry run."),
            (false, 0) => println!("Nothing was changed: all that can be imported is here already."),
            (false, _) => println!("Done."),
        }
    }
}
