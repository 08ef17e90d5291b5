//! Options that several commands share.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;

use super::Failure;
use crate::{
    domain::App,
    server::{Options, Ports},
    store::Scope,
    types::CompanyId,
};

/// Where the data directory is.
#[derive(Args, Clone)]
pub(super) struct DataDir {
    /// Data directory
    #[arg(long, value_name = "DIR", env = "ROUNDHOUSE_DATA", default_value = "./roundhouse-data")]
    pub(super) data: PathBuf,
}

/// Where the configuration is.
#[derive(Args, Clone)]
pub(super) struct ConfigPath {
    /// Configuration file or directory [default: $CLEARML_CONFIG_DIR, else /opt/clearml/config]
    #[arg(long, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
}

/// How the server is reached.
#[derive(Args, Clone)]
pub(super) struct Network {
    /// Address to listen on; anything but loopback speaks HTTPS [default: loopback]
    #[arg(long, value_name = "ADDR")]
    bind: Option<IpAddr>,
    /// Port of the API
    #[arg(long, default_value_t = 8008, value_name = "PORT")]
    api_port: u16,
    /// Port of the pages; it also answers /api and /files
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    web_port: u16,
    /// Port of the files
    #[arg(long, default_value_t = 8081, value_name = "PORT")]
    files_port: u16,
    /// One port for everything: pages at /, API under /api, files under /files
    #[arg(long, value_name = "PORT", conflicts_with_all = ["api_port", "web_port", "files_port"])]
    port: Option<u16>,
    /// Address under which people reach the pages [default: this host's name]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain in PEM form [default: issued by this server's own authority]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate; must be private to this account
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Plain HTTP beyond loopback, for use behind a TLS proxy
    #[arg(long, conflicts_with = "tls_cert")]
    insecure_http: bool,
}

/// Everything that `serve` and `init` take.
#[derive(Args, Clone)]
pub(super) struct ServerArgs {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    config: ConfigPath,
    #[command(flatten)]
    network: Network,
}

impl ServerArgs {
    pub(super) fn options(&self) -> Options {
        let network = &self.network;
        let ports = match network.port {
            Some(port) => Ports::One(port),
            None => Ports::Three { api: network.api_port, web: network.web_port, files: network.files_port },
        };
        Options {
            data: self.data.data.clone(),
            config: self.config.config.clone(),
            bind: network.bind,
            ports,
            public_url: network.public_url.clone(),
            tls: network.tls_cert.clone().zip(network.tls_key.clone()),
            insecure_http: network.insecure_http,
        }
    }
}

/// What commands take that only open a data directory.
#[derive(Args)]
pub(super) struct Place {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    config: ConfigPath,
}

impl Place {
    /// Options that open it.
    pub(super) fn options(&self) -> Options {
        Options {
            data: self.data.data.clone(),
            config: self.config.config.clone(),
            bind: None,
            ports: Ports::default(),
            public_url: None,
            tls: None,
            insecure_http: false,
        }
    }
}

/// Which tenant a command is about.
#[derive(Args)]
pub(super) struct OfTenant {
    /// Tenant, by id or name [default: the default tenant]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

impl OfTenant {
    /// Its id. Errors: there is none of this id or name.
    pub(super) fn find(&self, app: &App) -> Result<CompanyId, Failure> {
        let Some(wanted) = &self.tenant else {
            return Ok(CompanyId::from(app.settings.apiserver.default_company.as_str()));
        };
        let known = app.store.read(&Scope::server(), |snapshot| snapshot.companies())?;
        let by_id = known.iter().find(|company| company.id.as_str() == wanted);
        let found = by_id.or_else(|| known.iter().find(|company| company.name == *wanted));
        Ok(found.map(|company| company.id.clone()).ok_or_else(|| format!("there is no tenant {wanted}"))?)
    }
}
