//! Listening sockets, bound before anything else happens, so that a busy port leaves nothing half-started.

use std::net::{SocketAddr, TcpListener};

use super::{
    options::{Options, Ports},
    start::StartError,
};

/// What one port serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// API only.
    Api,
    /// Files only.
    Files,
    /// Pages, with `/api` and `/files`.
    Web,
}

/// Bound sockets and the ports they really got.
pub(super) struct Sockets {
    /// Listeners with what they serve.
    pub listeners: Vec<(Face, TcpListener)>,
    /// Ports after binding: a port of 0 became a free one.
    pub ports: Ports,
}

/// Binds everything.
///
/// Errors: a port is taken or not allowed.
pub(super) fn bind(options: &Options) -> Result<Sockets, StartError> {
    let mut listeners = Vec::new();
    let mut open = |face: Face, port: u16| -> Result<u16, StartError> {
        let bound = bind_port(options, port)?;
        let port = bound.first().and_then(|l| l.local_addr().ok()).map_or(port, |address| address.port());
        listeners.extend(bound.into_iter().map(|listener| (face, listener)));
        Ok(port)
    };
    let ports = match options.ports {
        Ports::One(port) => Ports::One(open(Face::Web, port)?),
        Ports::Three { api, web, files } => Ports::Three {
            api: open(Face::Api, api)?,
            web: open(Face::Web, web)?,
            files: open(Face::Files, files)?,
        },
    };
    Ok(Sockets { listeners, ports })
}

fn bind_port(options: &Options, port: u16) -> Result<Vec<TcpListener>, StartError> {
    // A free port must be free in both families; a few tries find one.
    let tries = if port == 0 { 20 } else { 1 };
    let mut last = None;
    for _ in 0..tries {
        match try_bind(options, port) {
            Ok(listeners) => return Ok(listeners),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| StartError::Listen {
        address: port.to_string(),
        reason: "no free port".to_owned(),
    }))
}

fn try_bind(options: &Options, mut port: u16) -> Result<Vec<TcpListener>, StartError> {
    let mut bound: Vec<TcpListener> = Vec::new();
    for mut address in options.sockets(port) {
        address.set_port(port);
        match listen(address) {
            Ok(listener) => {
                if port == 0 {
                    port = listener.local_addr().map_or(0, |address| address.port());
                }
                bound.push(listener);
            }
            // A machine without IPv6 still serves on IPv4.
            Err(error) if address.is_ipv6() && !bound.is_empty() && no_family(&error) => {}
            Err(error) => {
                return Err(StartError::Listen { address: address.to_string(), reason: error.to_string() });
            }
        }
    }
    Ok(bound)
}

fn no_family(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::AddrNotAvailable | std::io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(97)
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    // The standard library sets SO_REUSEADDR on Unix, so a restart does not wait for old connections.
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
