//! Where the servers of the benches run.

use std::{net::Ipv4Addr, path::PathBuf};

use roundhouse::server::{Options, Ports};

/// A server on this machine alone, with a data directory of its own, on ports that are free.
pub(crate) fn on_loopback(data: PathBuf) -> Options {
    Options {
        data,
        config: None,
        bind: Some(Ipv4Addr::LOCALHOST.into()),
        ports: Ports::Three { api: 0, web: 0, files: 0 },
        public_url: None,
        tls: None,
        insecure_http: false,
    }
}
