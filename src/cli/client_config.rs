//! `roundhouse client-config`: the ready clearml.conf, for this machine or for others.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Outcome, options::DataDir};
use crate::domain::client_config::FILE;

#[derive(Args)]
pub(super) struct ClientConfig {
    #[command(flatten)]
    data: DataDir,
    /// Where the other machine keeps the certificate bundle (DIR/ca-bundle.pem, or http(s)://…/ca.pem)
    #[arg(long, value_name = "PATH")]
    ca_path: Option<PathBuf>,
}

impl ClientConfig {
    pub(super) fn run(self) -> Outcome {
        let path = self.data.data.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            format!(
                "{}: {error}. Run `roundhouse init` first, or name the data directory with --data",
                path.display()
            )
        })?;
        for line in text.lines() {
            match (&self.ca_path, line.trim().strip_prefix("verify_certificate: ")) {
                (Some(ca), Some(_)) => {
                    println!("    verify_certificate: {}", serde_json::Value::from(ca.display().to_string()));
                }
                _ => println!("{line}"),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
