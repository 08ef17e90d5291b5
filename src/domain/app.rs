//! What one running server consists of.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;

use crate::{
    config::Settings,
    crypto::{Secret, secrets_file::KeyRing},
    domain::{
        audit::CallLog,
        events::EventsState,
        files::Files,
        identity::{LoginThrottle, VerifiedPairs},
        organization::DownloadsState,
        redaction::Redaction,
        usage::LoadMeter,
    },
    store::Store,
};

/// Version reported in tokens and `server.info`: dotted integers only, since clients compare it by number.
pub const SERVER_VERSION: &str = "2.4.0";

/// Everything a use-case may need. One per process; shared by all requests.
pub struct App {
    /// The database.
    pub store: Store,
    /// The configuration.
    pub settings: Settings,
    /// Keys and secrets.
    pub keys: Keys,
    /// What `server.info` reports.
    pub info: ServerInfo,
    /// Addresses under which people and clients reach this server.
    pub urls: PublicUrls,
    /// Certificates that clients verify this server with, when they come from its own authority.
    pub ca_bundle: Option<PathBuf>,
    /// Slows down guessing.
    pub throttle: LoginThrottle,
    /// Password checks of the last minute.
    pub verified: VerifiedPairs,
    /// The log of API calls, once it is open.
    pub calls: OnceLock<Arc<CallLog>>,
    /// The file server, once it is open.
    pub files: OnceLock<Arc<Files>>,
    /// Navigation states.
    pub events: EventsState,
    /// Values that are masked in what tasks report.
    pub redaction: Redaction,
    /// How this machine is loaded.
    pub load: LoadMeter,
    /// Lists that were prepared for download.
    pub downloads: DownloadsState,
    /// Where the first password waits; the file is removed at the first sign-in.
    pub initial_password: Mutex<Option<PathBuf>>,
}

impl App {
    /// A server on an opened database; nothing has been asked of it yet.
    pub fn new(store: Store, settings: Settings, keys: Keys, urls: PublicUrls) -> App {
        App {
            store,
            settings,
            keys,
            info: ServerInfo::default(),
            urls,
            ca_bundle: None,
            throttle: LoginThrottle::default(),
            verified: VerifiedPairs::default(),
            calls: OnceLock::new(),
            files: OnceLock::new(),
            events: EventsState::default(),
            redaction: Redaction::default(),
            load: LoadMeter::default(),
            downloads: DownloadsState::default(),
            initial_password: Mutex::default(),
        }
    }

    /// Removes the file with the first password once somebody has signed in.
    pub fn forget_initial_password(&self) {
        let Some(path) = self.initial_password.lock().take() else { return };
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the file initial-password could not be removed; remove it by hand");
        }
    }
}

/// Keys and secrets of this installation.
#[derive(Debug)]
pub struct Keys {
    /// Signs tokens.
    pub token: Secret<String>,
    /// Hashes API secrets: the current key's id, and every key that some stored hash still needs.
    pub api_secret: (String, BTreeMap<String, Secret<[u8; 32]>>),
    /// Seals values at rest.
    pub sealing: KeyRing,
    /// Chains security events.
    pub audit: Secret<Vec<u8>>,
    /// Protects forms and cursors; derived from the session secret.
    pub session: Secret<String>,
    /// Made at start, for values that need not outlive the process.
    pub process: Secret<[u8; 32]>,
}

/// What `server.info` reports.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    /// Version, see [`SERVER_VERSION`].
    pub version: String,
    /// Build text, may be empty.
    pub build: String,
    /// Commit, may be empty.
    pub commit: String,
}

#[cfg(test)]
impl Keys {
    /// The same keys in every test.
    pub(crate) fn for_tests() -> Keys {
        Keys {
            token: Secret::new("a token secret for tests, long enough".to_owned()),
            api_secret: ("k".to_owned(), BTreeMap::from([("k".to_owned(), Secret::new([1; 32]))])),
            sealing: KeyRing::generate(),
            audit: Secret::new(vec![2; 32]),
            session: Secret::new("a session secret for tests".to_owned()),
            process: Secret::new([3; 32]),
        }
    }
}

impl Default for ServerInfo {
    fn default() -> Self {
        ServerInfo {
            version: SERVER_VERSION.to_owned(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            commit: String::new(),
        }
    }
}

/// Public addresses, without trailing slash.
#[derive(Clone, Debug, Default)]
pub struct PublicUrls {
    /// Pages.
    pub web: String,
    /// API.
    pub api: String,
    /// Files.
    pub files: String,
    /// Origins that may make calls with the pages' cookie.
    pub origins: Vec<String>,
}
