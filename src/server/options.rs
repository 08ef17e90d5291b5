//! What `roundhouse serve` was asked to do, and which addresses follow from it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use crate::crypto::names;

/// Options of `serve` and `init` (contract: DESIGN.md, "command line, files, ports").
#[derive(Clone, Debug)]
pub struct Options {
    /// Data directory.
    pub data: PathBuf,
    /// Configuration file or directory.
    pub config: Option<PathBuf>,
    /// Address to listen on; `None` is loopback, IPv4 and IPv6.
    pub bind: Option<IpAddr>,
    /// Ports of API, pages and files, or one port for all.
    pub ports: Ports,
    /// Address under which people reach the pages.
    pub public_url: Option<String>,
    /// Given certificate and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Plain HTTP beyond loopback, behind a TLS proxy.
    pub insecure_http: bool,
}

/// Which ports serve what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Pages at `/`, API under `/api`, files under `/files`.
    One(u16),
    /// The classic three. The web port also answers `/api` and `/files`.
    Three {
        /// API, 8008.
        api: u16,
        /// Pages, 8080.
        web: u16,
        /// Files, 8081.
        files: u16,
    },
}

impl Default for Ports {
    fn default() -> Self {
        Ports::Three { api: 8008, web: 8080, files: 8081 }
    }
}

impl Options {
    /// Whether only this machine can connect.
    pub fn loopback(&self) -> bool {
        self.bind.is_none_or(|address| address.is_loopback())
    }

    /// Whether the sockets speak TLS: always beyond loopback, unless explicitly not.
    pub fn speaks_tls(&self) -> bool {
        !self.insecure_http && (self.tls.is_some() || !self.loopback())
    }

    /// Where to listen for `port`. Loopback means both families, so that `localhost` works however it resolves.
    pub fn sockets(&self, port: u16) -> Vec<SocketAddr> {
        match self.bind {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => vec![
                SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
                SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port),
            ],
        }
    }

    /// The host name that addresses use when none was given.
    pub fn default_host(&self) -> String {
        if self.loopback() {
            return "localhost".to_owned();
        }
        names::machine_fqdn().or_else(names::machine_hostname).unwrap_or_else(|| match self.bind {
            Some(address) if !address.is_unspecified() => address.to_string(),
            _ => "localhost".to_owned(),
        })
    }
}
