//! `roundhouse doctor`: explains what is wrong; changes nothing.

use std::{path::Path, process::ExitCode};

use clap::Args;

use super::{
    Outcome,
    options::{ConfigPath, DataDir},
};
use crate::{
    config,
    crypto::{ca::LocalAuthority, files::check_private, secrets_file::Secrets},
    server::start::DATABASE,
    store,
};

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    config: ConfigPath,
}

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
        self.check_config(&mut report);
        println!("Data directory {}", self.data.data.display());
        check_data(&self.data.data, &mut report);
        println!("\n{} problems, {} notes", report.problems, report.remarks);
        Ok(if report.problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn check_config(&self, report: &mut Report) {
        let loaded = match config::load(self.config.config.as_deref(), config::process_environment()) {
            Ok(loaded) => loaded,
            Err(error) => return report.problem(&error.to_string()),
        };
        for warning in &loaded.warnings {
            report.remark(&warning.to_string());
        }
        match config::check_secrets(&loaded.settings) {
            Ok(warnings) => warnings.iter().for_each(|warning| report.remark(&warning.to_string())),
            Err(error) => report.problem(&error.to_string()),
        }
        report.fine("the configuration can be read");
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
    for name in ["secrets.json", DATABASE, "clearml.conf", "ca-key.pem", "server-key.pem", "initial-password"]
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
    match LocalAuthority::load(dir) {
        Ok(Some(authority)) => report.fine(&format!("local authority {}", authority.fingerprint())),
        Ok(None) => {}
        Err(error) => report.problem(&error.to_string()),
    }
}
