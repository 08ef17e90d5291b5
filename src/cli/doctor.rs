//! `roundhouse doctor`: explains what is wrong; changes nothing.

use std::{path::Path, process::ExitCode};

use clap::Args;

use super::{
    Outcome,
    options::{ConfigPath, DataDir},
};
use crate::{
    config::{self, Settings},
    crypto::{ca::LocalAuthority, files::check_private, secrets_file::Secrets},
    domain::{
        files::{self, Flaw, FlawedFile},
        identity::{CredentialFlag, credential_flags},
    },
    server::{blobs, start::DATABASE},
    store::{
        self,
        calls::FILE,
        deletion::{GivenUp, given_up},
        files::stored_files,
        identity::service_credentials,
    },
    types::Millis,
};

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    config: ConfigPath,
    /// Also reads every stored file and compares it with what was uploaded; looks for files that nobody uploaded.
    #[arg(long)]
    files: bool,
}

/// So many files are named for each kind of flaw; the rest is counted.
const NAMED: usize = 20;

/// What was looked at and what was found.
#[derive(Default)]
struct Report {
    problems: usize,
    remarks: usize,
}

impl Report {
    fn fine(&mut self, what: &str) {
        println!("  ok       {what}");
    }

    fn remark(&mut self, what: &str) {
        self.remarks += 1;
        println!("  note     {what}");
    }

    fn problem(&mut self, what: &str) {
        self.problems += 1;
        println!("  problem  {what}");
    }
}

impl Doctor {
    pub(super) fn run(self) -> Outcome {
        let mut report = Report::default();
        println!("Configuration");
        let settings = self.check_config(&mut report);
        println!("Data directory {}", self.data.data.display());
        check_data(&self.data.data, &mut report);
        if let Some(settings) = &settings {
            check_service_keys(settings, &self.data.data.join(DATABASE), &mut report);
        }
        if self.files {
            println!("Stored files");
            match settings {
                Some(settings) => check_files(&settings, &self.data.data, &mut report),
                None => report.problem("the files were not looked at: the configuration can't be read"),
            }
        }
        println!("\n{} problems, {} notes", report.problems, report.remarks);
        Ok(if report.problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn check_config(&self, report: &mut Report) -> Option<Settings> {
        let loaded = match config::load(self.config.config.as_deref(), config::process_environment()) {
            Ok(loaded) => loaded,
            Err(error) => {
                report.problem(&error.to_string());
                return None;
            }
        };
        for warning in &loaded.warnings {
            report.remark(&warning.to_string());
        }
        match config::check_secrets(&loaded.settings) {
            Ok(warnings) => warnings.iter().for_each(|warning| report.remark(&warning.to_string())),
            Err(error) => report.problem(&error.to_string()),
        }
        report.fine("the configuration can be read");
        Some(loaded.settings)
    }
}

/// Every file against its row. A file that is stored or deleted while this runs may be reported; run it again.
fn check_files(settings: &Settings, dir: &Path, report: &mut Report) {
    let (blobs, rows) = match (blobs::inspect(settings, dir), stored_files(&dir.join(DATABASE))) {
        (Ok(blobs), Ok(rows)) => (blobs, rows),
        (Err(error), _) => return report.problem(&error.to_string()),
        (_, Err(error)) => return report.problem(&error.to_string()),
    };
    let Some(blobs) = blobs else {
        return match rows.len() {
            0 => report.fine("nothing was ever stored"),
            some => report
                .problem(&format!("the directory of stored files is missing; it should hold {some} files")),
        };
    };
    let found = match files::verify(&*blobs, &rows) {
        Ok(found) => found,
        Err(error) => return report.problem(&format!("the stored files can't be read: {error}")),
    };
    report.fine(&format!("{} files are as they were uploaded", found.sound));
    if found.legacy > 0 {
        report.remark(&format!(
            "{} files were taken over from an earlier installation: nothing to compare with",
            found.legacy
        ));
    }
    for (index, FlawedFile { tenant, path, flaw }) in found.flawed.iter().enumerate() {
        if index == NAMED {
            report.problem(&format!("{} more files", found.flawed.len() - NAMED));
            break;
        }
        let what = match flaw {
            Flaw::Missing => "is missing; restore it from a backup, or delete what it belongs to".to_owned(),
            Flaw::Length { expected, found } => format!("has {found} bytes instead of {expected}"),
            Flaw::Content => "does not hold what was uploaded: its checksum differs".to_owned(),
            Flaw::Unreadable(reason) => format!("can't be read: {reason}"),
            Flaw::Orphan => {
                "has no row: an upload was interrupted, or somebody put it there; upload or delete it again"
                    .to_owned()
            }
        };
        // Names are the clients' own and may hold anything.
        report.problem(&format!("{:?} of tenant {} {what}", path.as_str(), tenant.as_str()));
    }
}

/// Keys that nobody uses any more, or that are due for rotation (spec/security_rules.md D).
fn check_service_keys(settings: &Settings, database: &Path, report: &mut Report) {
    let rotate_after = settings.apiserver.auth.credentials.rotate_after_sec.signed();
    // A database that can't be read was reported already.
    let mut count = 0;
    for (account, credential) in service_credentials(database).unwrap_or_default() {
        for flag in credential_flags(&credential, Millis::now(), rotate_after) {
            let what = match flag {
                CredentialFlag::Unused => "was not used for 90 days; revoke it if nothing needs it",
                CredentialFlag::Old => "is due for rotation (apiserver.auth.credentials.rotate_after_sec)",
                CredentialFlag::Expired => continue,
            };
            count += 1;
            if count <= NAMED {
                report.remark(&format!(
                    "key {} of the service account {account:?} {what}",
                    credential.access_key
                ));
            }
        }
    }
    if count > NAMED {
        report.remark(&format!("{} more keys of service accounts", count - NAMED));
    }
}

fn check_data(dir: &Path, report: &mut Report) {
    if !dir.is_dir() {
        return report
            .problem("there is no data directory; `roundhouse init` or the first `serve` creates it");
    }
    match check_private(dir) {
        Ok(()) => report.fine("it is private to this account"),
        Err(error) => report.problem(&error.to_string()),
    }
    for name in
        ["secrets.json", DATABASE, FILE, "clearml.conf", "ca-key.pem", "server-key.pem", "initial-password"]
    {
        let path = dir.join(name);
        if path.exists()
            && let Err(error) = check_private(&path)
        {
            report.problem(&error.to_string());
        }
    }
    if dir.join("initial-password").exists() {
        report.remark("initial-password is still there: nobody has signed in with it yet");
    }
    match Secrets::load(dir) {
        Ok(_) => report.fine("secrets.json is complete"),
        Err(error) => report.problem(&error.to_string()),
    }
    match store::inspect(&dir.join(DATABASE)) {
        Ok(findings) if findings.is_empty() => report.fine("the database is sound"),
        Ok(findings) => findings.iter().for_each(|finding| report.problem(finding)),
        Err(error) => report.problem(&error.to_string()),
    }
    // A database that can't be read was reported already.
    for GivenUp { storage_type, rows, last_reason } in given_up(&dir.join(DATABASE)).unwrap_or_default() {
        let reason = last_reason.unwrap_or_default();
        report.remark(&format!(
            "{rows} files ({storage_type}) of deleted tasks, models or projects could not be deleted and are left; the last \
             reason: {reason}"
        ));
    }
    match LocalAuthority::load(dir) {
        Ok(Some(authority)) => report.fine(&format!("local authority {}", authority.fingerprint())),
        Ok(None) => {}
        Err(error) => report.problem(&error.to_string()),
    }
}
