//! `roundhouse healthcheck`: asks a running server, over TLS with the data directory's own certificates.

use std::{path::Path, process::ExitCode, time::Duration};

use clap::Args;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{Outcome, options::DataDir};
use crate::{crypto::ca::CA_FILE, server::tls::install_provider};

#[derive(Args)]
pub(super) struct Healthcheck {
    #[command(flatten)]
    data: DataDir,
    /// Address of the API [default: the one that the server of this data directory announced]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Healthcheck {
    pub(super) fn run(self) -> Outcome {
        let url = match self.url {
            Some(url) => url,
            None => announced(&self.data.data)?,
        };
        let url = format!("{}/debug.ping", url.trim_end_matches('/'));
        install_provider();
        let mut config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5)));
        if let Some(roots) = own_roots(&self.data.data) {
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let agent = ureq::Agent::new_with_config(config.build());
        match agent.get(&url).call() {
            Ok(answer) if answer.status() == 200 => {
                println!("well: {url}");
                Ok(ExitCode::SUCCESS)
            }
            Ok(answer) => Err(format!("{url} answered {}", answer.status()).into()),
            Err(error) => Err(format!("{url} does not answer: {error}").into()),
        }
    }
}

fn announced(data: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let path = data.join("addresses.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("{}: {error}. Start the server, or name it with --url", path.display()))?;
    let addresses: serde_json::Value = serde_json::from_str(&text)?;
    Ok(addresses["api"].as_str().unwrap_or_default().to_owned())
}

fn own_roots(data: &Path) -> Option<RootCerts> {
    let pem = std::fs::read(data.join(CA_FILE)).ok()?;
    let certificate = Certificate::from_pem(&pem).ok()?;
    Some(RootCerts::new_with_certs(&[certificate.to_owned()]))
}
