//! TLS: which certificate this server shows, and how that changes without a restart.
//!
//! A certificate comes from files that somebody else renews (an organisation's authority, an ACME client), or from the
//! local authority. Either way [`Renewer::check`] runs every [`CHECK_INTERVAL`] and swaps in the new one for the
//! connections that begin from then on. A new certificate that is not usable never replaces one that is.
//! (rules: spec/security_rules.md S25)

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, RwLock};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::crypto::ca::{CaError, Decision, LocalAuthority, RENEW_BEFORE};
use crate::crypto::certificate::{
    CertificateError, Facts, ServerCertificate, certificates_from_pem, key_from_pem,
};
use crate::crypto::files::{FileError, check_private, read_bounded};
use crate::crypto::names::HostNames;

/// How often the server looks for a new certificate.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// A given certificate with less time than this is announced in the log, once a day.
const ANNOUNCE_EXPIRY: SignedDuration = SignedDuration::from_hours(14 * 24);
const ANNOUNCE_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Where the server's certificate comes from.
#[derive(Debug)]
pub enum CertificateSource {
    /// `--tls-cert` and `--tls-key`: PEM files that somebody else renews.
    Files {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// Its private key, private to this account.
        key: PathBuf,
    },
    /// The data directory's own authority.
    LocalAuthority {
        /// Loaded under the data directory's lock, which stays held while the server runs.
        authority: Arc<LocalAuthority>,
        /// Every name that the server is reached by.
        names: HostNames,
    },
}

/// Why the server has no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or the key is readable by other accounts.
    #[error(transparent)]
    File(#[from] FileError),
    /// The given files do not make a certificate that clients would accept.
    #[error(
        "The certificate {} with the key {} cannot be used: {source}. Correct the files, or the settings --tls-cert \
         and --tls-key.",
        certificate.display(), key.display()
    )]
    Given {
        /// Certificate file.
        certificate: PathBuf,
        /// Key file.
        key: PathBuf,
        /// What is wrong.
        source: CertificateError,
    },
    /// The local authority cannot issue one.
    #[error(transparent)]
    Authority(#[from] CaError),
    /// The TLS library refuses our configuration.
    #[error("TLS cannot be set up ({0}). This is a defect in Roundhouse: please report it.")]
    Configuration(#[from] rustls::Error),
}

/// What [`Renewer::check`] did. The log has it already.
#[derive(Debug)]
pub enum Renewal {
    /// Nothing was to be done.
    Unchanged,
    /// New connections get a new certificate.
    Renewed {
        /// Its last second.
        until: Timestamp,
    },
    /// There was something to be done but it failed; the former certificate stays.
    Kept(TlsError),
}

/// Makes ring the cryptography of every TLS connection of this process, in both directions. May be called repeatedly;
/// call it before anything uses TLS, since the dependencies bring more than one provider and must not choose.
pub fn install_provider() {
    // The only error is that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A TLS 1.2 and 1.3 configuration (HTTP/2 and HTTP/1.1) for `source`, and what keeps its certificate fresh.
///
/// # Errors
/// [`TlsError`]: no usable certificate, no start.
pub fn acceptor(source: CertificateSource, now: Timestamp) -> Result<(Arc<ServerConfig>, Renewer), TlsError> {
    let stamp = source.stamp();
    let first = source.obtain(now)?;
    if let CertificateSource::LocalAuthority { authority, names } = &source {
        let decision = authority.decide(names, now);
        if decision != Decision::Keep {
            tracing::warn!("{decision}");
        }
    }
    let shown = Arc::new(Shown(RwLock::new(Arc::new(first.certified))));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let state = State { facts: first.facts, stamp, problem: None, announced: None };
    let renewer = Renewer { source, shown, state: Mutex::new(state) };
    renewer.state.lock().announce_expiry(&renewer.source, now);
    Ok((Arc::new(config), renewer))
}

impl CertificateSource {
    /// A certificate that clients accept at `now`.
    fn obtain(&self, now: Timestamp) -> Result<ServerCertificate, TlsError> {
        match self {
            Self::LocalAuthority { authority, names } => Ok(authority.server_certificate(names, now)?),
            Self::Files { certificate, key } => {
                check_private(key)?;
                let chain = read_bounded(certificate)?;
                let private = read_bounded(key)?;
                let given =
                    |source| TlsError::Given { certificate: certificate.clone(), key: key.clone(), source };
                let chain = certificates_from_pem(&chain).map_err(given)?;
                let private = key_from_pem(&private).map_err(given)?;
                let found = ServerCertificate::new(chain, private).map_err(given)?;
                found.facts.check_validity(now).map_err(given)?;
                Ok(found)
            }
        }
    }

    fn stamp(&self) -> Stamp {
        match self {
            Self::LocalAuthority { .. } => Stamp::default(),
            Self::Files { certificate, key } => Stamp([file_stamp(certificate), file_stamp(key)]),
        }
    }
}

/// Tells whether files changed: modification time with nanoseconds, size and inode of each, links followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Stamp([Option<(i64, i64, u64, u64)>; 2]);

fn file_stamp(path: &Path) -> Option<(i64, i64, u64, u64)> {
    fs::metadata(path).ok().map(|m| (m.mtime(), m.mtime_nsec(), m.size(), m.ino()))
}

/// The certificate that new connections get.
struct Shown(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(…)")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read()))
    }
}

/// Keeps the shown certificate fresh.
#[derive(Debug)]
pub struct Renewer {
    source: CertificateSource,
    shown: Arc<Shown>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    facts: Facts,
    /// Of the files as they were before they were last read successfully.
    stamp: Stamp,
    /// The last failure, so that the log has it once and not every minute.
    problem: Option<String>,
    /// When the coming expiry was last announced.
    announced: Option<Timestamp>,
}

impl Renewer {
    /// Looks once: swaps in a new certificate when there is one, or when the shown one needs a successor. Reads files,
    /// so it belongs on a thread that may block.
    pub fn check(&self, now: Timestamp) -> Renewal {
        let mut state = self.state.lock();
        // Before reading, so that a change while reading is seen next time.
        let stamp = self.source.stamp();
        let due = match &self.source {
            CertificateSource::Files { .. } => stamp != state.stamp,
            CertificateSource::LocalAuthority { .. } => {
                state.facts.remaining(now) < RENEW_BEFORE || now < state.facts.not_before
            }
        };
        let result = if due { self.source.obtain(now).map(Some) } else { Ok(None) };
        let renewal = match result {
            Ok(None) => {
                state.problem = None;
                Renewal::Unchanged
            }
            Ok(Some(found)) => {
                let changed = self.shown.0.read().cert != found.certified.cert;
                state.problem = None;
                state.stamp = stamp;
                if changed {
                    let until = found.facts.not_after;
                    *self.shown.0.write() = Arc::new(found.certified);
                    state.facts = found.facts;
                    state.announced = None;
                    tracing::info!(%until, "showing a new TLS certificate");
                    Renewal::Renewed { until }
                } else {
                    Renewal::Unchanged
                }
            }
            Err(error) => {
                let problem = error.to_string();
                if state.problem.as_ref() != Some(&problem) {
                    let until = state.facts.not_after;
                    tracing::error!(
                        "{problem} The former certificate stays in use; it is valid until {until}."
                    );
                    state.problem = Some(problem);
                }
                Renewal::Kept(error)
            }
        };
        state.announce_expiry(&self.source, now);
        renewal
    }

    /// Last second of the certificate that is shown now.
    pub fn valid_until(&self) -> Timestamp {
        self.state.lock().facts.not_after
    }
}

impl State {
    fn announce_expiry(&mut self, source: &CertificateSource, now: Timestamp) {
        let recently = self.announced.is_some_and(|at| now.duration_since(at) < ANNOUNCE_AGAIN);
        if recently || self.facts.remaining(now) >= ANNOUNCE_EXPIRY {
            return;
        }
        self.announced = Some(now);
        let until = self.facts.not_after;
        match source {
            CertificateSource::Files { certificate, .. } => tracing::warn!(
                "The TLS certificate {} is valid only until {until}. Renew it: the new one is used within a minute, \
                 without a restart.",
                certificate.display()
            ),
            CertificateSource::LocalAuthority { .. } => {
                tracing::warn!("The TLS certificate is valid only until {until} and could not be renewed.");
            }
        }
    }
}

/// Calls [`Renewer::check`] for ever, every `interval`, at the time that `clock` tells. Drop the future to end it.
pub async fn keep_renewed(renewer: Arc<Renewer>, interval: Duration, clock: impl Fn() -> Timestamp) {
    let mut timer = tokio::time::interval(interval);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let (renewer, now) = (Arc::clone(&renewer), clock());
        // The outcome is logged; a panic ends this check only.
        let _ = tokio::task::spawn_blocking(move || renewer.check(now)).await;
    }
}
