//! `roundhouse audit verify`: goes through the audit's chains, beside a running server or without one.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Failure, Outcome, options::DataDir};
use crate::{
    crypto::{Secret, files::DataDirLock, secrets_file::Secrets},
    server::start::DATABASE,
    store::{
        audit::{Chain, Head, Verified},
        calls::{self, KeptHead, verify_all},
    },
};

/// Something is wrong with a chain.
const BROKEN: u8 = 4;

#[derive(Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that no row of the audit was changed, moved, removed or cut off; changes nothing
    Verify(Verify),
}

/// Goes through the chains of security events, of tasks' trails and of logged calls from their beginning to their signed
/// heads. Works beside a running server, and without one. The first broken row is named.
///
/// Exit codes: 0 all is sound; 1 the files can't be read; 2 wrong usage; 4 a chain is broken.
#[derive(Args)]
struct Verify {
    /// Heads that a log collector kept: JSON lines with "type": "audit_head", as the adapters write them. They show a chain
    /// that was cut short or written anew together with everything in the data directory
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    #[command(flatten)]
    data: DataDir,
}

impl Audit {
    pub(super) fn run(self) -> Outcome {
        let Command::Verify(verify) = self.command;
        verify.run()
    }
}

impl Verify {
    fn run(self) -> Outcome {
        let dir = &self.data.data;
        if !dir.join(DATABASE).exists() {
            let text = "there is no Roundhouse data in this directory; name the directory with --data";
            return Err(text.into());
        }
        let key = Secret::new(Secrets::load(dir)?.audit_chain_key.expose().to_vec());
        let kept = match &self.heads {
            Some(path) => heads_of(path)?,
            None => Vec::new(),
        };
        // Nobody starts a server meanwhile; one that runs already goes on, and what it adds is not looked at.
        let _lock = DataDirLock::acquire(dir).ok();
        let reports = verify_all(&dir.join(DATABASE), &dir.join(calls::FILE), &key, &kept)?;
        for report in &reports {
            println!("{}", line(report));
        }
        let sound = reports.iter().all(|report| report.flaw.is_none());
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
    }
}

fn line(report: &Verified) -> String {
    let name = report.chain.name();
    let first = report.begins_after + 1;
    match &report.flaw {
        Some(flaw) => format!("{name:9} BROKEN  {flaw}"),
        None if report.rows == 0 && report.head.seq == 0 => {
            format!("{name:9} sound   nothing was written yet")
        }
        None => {
            let hash: String = report.head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let removed = match report.begins_after {
                0 => String::new(),
                last => format!("; rows up to {last} were removed by retention, with a signed checkpoint"),
            };
            format!(
                "{name:9} sound   {} rows, {first} to {}, head {hash}{removed}",
                report.rows, report.head.seq
            )
        }
    }
}

/// Reads heads among whatever else a collector keeps.
fn heads_of(path: &Path) -> Result<Vec<KeptHead>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    let heads: Vec<KeptHead> = text.lines().filter_map(head_of).collect();
    if heads.is_empty() {
        return Err(format!("{} holds no line with \"type\": \"audit_head\"", path.display()).into());
    }
    Ok(heads)
}

fn head_of(line: &str) -> Option<KeptHead> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if text("type") != Some("audit_head") {
        return None;
    }
    Some(KeptHead {
        chain: Chain::named(text("chain")?)?,
        head: Head { seq: value.get("count")?.as_i64()?, hash: bytes(text("hash")?)? },
        signature: bytes(text("signature")?)?,
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2))
        .collect()
}
