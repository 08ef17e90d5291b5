//! The data directory's own secrets: `secrets.json`, generated once, never shown, never silently replaced.
//!
//! Every sealed or hashed value names the key it was made with, so several keys of a kind can be valid at once: rotation
//! first stores the new key durably, then re-seals, then retires the old one. (rules: spec/security_rules.md S25;
//! spec/governance.md 12)

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::files::{DataDirLock, FileError, check_private, read_bounded, write_private};
use super::random::{new_access_key, new_key, new_secret, random_bytes, url_safe_token};
use super::secret::Secret;

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "secrets.json";

/// Layout of the file that this program writes and reads.
const VERSION: u64 = 1;

/// Random bytes behind the token and session secrets.
const SIGNING_SECRET_BYTES: usize = 64;

/// Shortest secret that is accepted anywhere, in characters (spec/governance.md 12).
const SHORTEST_SECRET: usize = 24;

/// What went wrong with `secrets.json`. No sentence quotes the file's content.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It could not be read or written, or others can read it.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged, or is not our file.
    #[error(
        "{} cannot be used: {problem}. Without the right secrets no sealed value, token or API key can be read, so \
         Roundhouse does not make new ones by itself. Put the file back from a backup made with --with-keys.",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any content.
        problem: String,
    },
    /// It was written by a later release.
    #[error(
        "{} was written by a newer release of Roundhouse (its version is {found}, this release knows {VERSION}). \
         Start the newer release, or restore a backup that was made with this one.",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// There is data but there are no secrets.
    #[error(
        "{} is missing although the data directory holds a database. Values in it are sealed with the missing keys, so \
         new ones would not help. Put the file back from a backup made with --with-keys.",
        .0.display()
    )]
    Missing(PathBuf),
    /// A key cannot be taken away.
    #[error("Key {0} cannot be retired: it is the one in use, or there is no such key.")]
    CannotRetire(String),
}

/// Credentials of a system identity (protocol: spec/governance.md 12).
#[derive(Debug, Clone)]
pub struct SystemCredentials {
    /// 30 characters of `A-Z0-9`. Not secret.
    pub access_key: String,
    /// What proves it.
    pub secret_key: Secret<String>,
}

impl SystemCredentials {
    fn generate() -> Self {
        Self { access_key: new_access_key(), secret_key: new_secret() }
    }
}

/// Keys of one kind by id. One of them is current: new values are made with it; the others only read old values.
#[derive(Debug, Clone)]
pub struct KeyRing {
    current: (String, Secret<[u8; 32]>),
    older: BTreeMap<String, Secret<[u8; 32]>>,
}

impl KeyRing {
    pub(crate) fn generate() -> Self {
        Self { current: (new_key_id(), new_key()), older: BTreeMap::new() }
    }

    /// The ring with a configured key in front, and with further keys that only read. Ids are derived from the keys, so
    /// that they are the same at every start.
    #[must_use]
    pub fn with_configured(
        mut self,
        current: Option<Secret<[u8; 32]>>,
        previous: Vec<Secret<[u8; 32]>>,
    ) -> Self {
        for key in previous {
            self.older.insert(configured_id(&key), key);
        }
        if let Some(key) = current {
            let configured = (configured_id(&key), key);
            let (id, generated) = std::mem::replace(&mut self.current, configured);
            self.older.insert(id, generated);
        }
        self
    }

    /// Id and key that new values are made with.
    pub fn current(&self) -> (&str, &Secret<[u8; 32]>) {
        (&self.current.0, &self.current.1)
    }

    /// The key of that id, current or older; `None` when it was retired or never existed.
    pub fn get(&self, key_id: &str) -> Option<&Secret<[u8; 32]>> {
        if self.current.0 == key_id { Some(&self.current.1) } else { self.older.get(key_id) }
    }

    /// All ids, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.current.0.as_str()).chain(self.older.keys().map(String::as_str))
    }

    /// Adds a new key and makes it current; the former one stays for reading. Returns the new id. Nothing may be made
    /// with the new key before [`Secrets::save`] has returned.
    pub fn add(&mut self) -> &str {
        let (id, key) = std::mem::replace(&mut self.current, (new_key_id(), new_key()));
        self.older.insert(id, key);
        &self.current.0
    }

    /// Removes an older key, when no value needs it any more.
    ///
    /// # Errors
    /// [`SecretsError::CannotRetire`] for the current key and for unknown ids.
    pub fn retire(&mut self, key_id: &str) -> Result<(), SecretsError> {
        match self.older.remove(key_id) {
            Some(_) => Ok(()),
            None => Err(SecretsError::CannotRetire(key_id.to_owned())),
        }
    }
}

/// Names a configured key without telling anything about it.
fn configured_id(key: &Secret<[u8; 32]>) -> String {
    let hash = super::keyed::keyed_hash(key.expose(), &[b"roundhouse: id of a configured key"]);
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("config-{digits}")
}

/// Everything in `secrets.json`.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs API tokens (`secure.auth.token_secret`). A new one invalidates every token.
    pub token_secret: Secret<String>,
    /// Keys page sessions (`secure.http.session_secret.apiserver`).
    pub session_secret: Secret<String>,
    /// HMAC keys under which API secrets are stored as digests.
    pub api_secret_keys: KeyRing,
    /// Keys that seal vaults and other values at rest.
    pub sealing_keys: KeyRing,
    /// Keys the chain of the security audit.
    pub audit_chain_key: Secret<[u8; 32]>,
    /// The server's own identity (`secure.credentials.apiserver`).
    pub apiserver: SystemCredentials,
    /// The file server's identity (`secure.credentials.fileserver`); in-process, never on the wire.
    pub fileserver: SystemCredentials,
}

impl Secrets {
    /// Draws new secrets. They exist only in memory until [`Secrets::save`].
    pub fn generate() -> Self {
        Self {
            token_secret: url_safe_token::<SIGNING_SECRET_BYTES>(),
            session_secret: url_safe_token::<SIGNING_SECRET_BYTES>(),
            api_secret_keys: KeyRing::generate(),
            sealing_keys: KeyRing::generate(),
            audit_chain_key: new_key(),
            apiserver: SystemCredentials::generate(),
            fileserver: SystemCredentials::generate(),
        }
    }

    /// Reads the secrets of a data directory, or generates and stores them at the very first start. Comes before the
    /// database is created: a database without secrets is an error.
    ///
    /// # Errors
    /// What [`Secrets::load`] answers; [`SecretsError::Missing`] when there is a database but no secrets.
    pub fn load_or_create(lock: &DataDirLock) -> Result<Self, SecretsError> {
        let path = lock.dir().join(FILE_NAME);
        if path.symlink_metadata().is_ok() {
            return Self::load(lock.dir());
        }
        if lock.dir().join("roundhouse.db").exists() {
            return Err(SecretsError::Missing(path));
        }
        let secrets = Self::generate();
        secrets.save(lock)?;
        Ok(secrets)
    }

    /// Reads the secrets of a data directory; changes nothing.
    ///
    /// # Errors
    /// [`SecretsError::Corrupt`], [`SecretsError::Newer`], or [`SecretsError::File`] when it is missing, unreadable or
    /// readable by other accounts.
    pub fn load(dir: &Path) -> Result<Self, SecretsError> {
        let path = dir.join(FILE_NAME);
        check_private(&path)?;
        let bytes = read_bounded(&path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| corrupt(&path, "it is not text"))?;
        Layout::parse(text, &path)?.into_secrets(&path)
    }

    /// Stores the secrets durably (0600) in place of the former ones.
    ///
    /// # Errors
    /// [`SecretsError::File`]; the former file is untouched then.
    pub fn save(&self, lock: &DataDirLock) -> Result<(), SecretsError> {
        let path = lock.dir().join(FILE_NAME);
        let layout = Layout::from_secrets(self);
        // Room for hundreds of keys: a buffer that grows leaves copies of secrets in freed memory.
        let mut json = Zeroizing::new(Vec::with_capacity(64 << 10));
        serde_json::to_writer_pretty(&mut *json, &layout)
            .map_err(|e| corrupt(&path, &format!("it cannot be encoded ({:?})", e.classify())))?;
        json.push(b'\n');
        Ok(write_private(&path, &json)?)
    }
}

/// The file as it is written, version 1. Keys are URL-safe base64 of 32 bytes.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Layout {
    version: u64,
    token_secret: String,
    session_secret: String,
    api_secret_keys: RingLayout,
    sealing_keys: RingLayout,
    audit_chain_key: String,
    identities: IdentitiesLayout,
}

#[derive(Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
struct RingLayout {
    current: String,
    keys: Vec<KeyLayout>,
}

#[derive(Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
struct KeyLayout {
    key_id: String,
    key: String,
}

#[derive(Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
struct IdentitiesLayout {
    apiserver: CredentialsLayout,
    fileserver: CredentialsLayout,
}

#[derive(Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
struct CredentialsLayout {
    access_key: String,
    secret_key: String,
}

impl Layout {
    fn parse(text: &str, path: &Path) -> Result<Self, SecretsError> {
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        // serde's own message may quote values of the file, so only the position is passed on.
        let at = |e: serde_json::Error| {
            let problem = match e.classify() {
                serde_json::error::Category::Data => "a field is missing, unknown or of the wrong kind",
                _ => "it is not complete JSON",
            };
            corrupt(path, &format!("{problem} (line {}, column {})", e.line(), e.column()))
        };
        // The version comes first: a newer layout need not fit ours.
        let head: Head = serde_json::from_str(text).map_err(at)?;
        if head.version > VERSION {
            return Err(SecretsError::Newer { path: path.to_owned(), found: head.version });
        }
        if head.version == 0 {
            return Err(corrupt(path, "its version is 0"));
        }
        serde_json::from_str(text).map_err(at)
    }

    fn from_secrets(secrets: &Secrets) -> Self {
        let ring = |ring: &KeyRing| RingLayout {
            current: ring.current.0.clone(),
            keys: ring
                .ids()
                .filter_map(|id| Some(KeyLayout { key_id: id.to_owned(), key: encode_key(ring.get(id)?) }))
                .collect(),
        };
        let credentials = |c: &SystemCredentials| CredentialsLayout {
            access_key: c.access_key.clone(),
            secret_key: c.secret_key.expose().clone(),
        };
        Self {
            version: VERSION,
            token_secret: secrets.token_secret.expose().clone(),
            session_secret: secrets.session_secret.expose().clone(),
            api_secret_keys: ring(&secrets.api_secret_keys),
            sealing_keys: ring(&secrets.sealing_keys),
            audit_chain_key: encode_key(&secrets.audit_chain_key),
            identities: IdentitiesLayout {
                apiserver: credentials(&secrets.apiserver),
                fileserver: credentials(&secrets.fileserver),
            },
        }
    }

    fn into_secrets(self, path: &Path) -> Result<Secrets, SecretsError> {
        let secret = |value: &str, field: &str| {
            if value.chars().count() < SHORTEST_SECRET {
                return Err(corrupt(path, &format!("{field} is shorter than {SHORTEST_SECRET} characters")));
            }
            Ok(Secret::new(value.to_owned()))
        };
        let key = |value: &str, field: &str| {
            decode_key(value)
                .ok_or_else(|| corrupt(path, &format!("a key in {field} is not 32 bytes of base64")))
        };
        let ring = |layout: &RingLayout, field: &str| {
            let mut older = BTreeMap::new();
            for entry in &layout.keys {
                if older.insert(entry.key_id.clone(), key(&entry.key, field)?).is_some() {
                    return Err(corrupt(path, &format!("{field} lists a key id twice")));
                }
            }
            match older.remove_entry(&layout.current) {
                Some(current) => Ok(KeyRing { current, older }),
                None => Err(corrupt(path, &format!("{field} does not contain its current key"))),
            }
        };
        let credentials = |layout: &CredentialsLayout, field: &str| {
            if layout.access_key.is_empty() {
                return Err(corrupt(path, &format!("{field} has no access key")));
            }
            Ok(SystemCredentials {
                access_key: layout.access_key.clone(),
                secret_key: secret(&layout.secret_key, field)?,
            })
        };
        Ok(Secrets {
            token_secret: secret(&self.token_secret, "token_secret")?,
            session_secret: secret(&self.session_secret, "session_secret")?,
            api_secret_keys: ring(&self.api_secret_keys, "api_secret_keys")?,
            sealing_keys: ring(&self.sealing_keys, "sealing_keys")?,
            audit_chain_key: key(&self.audit_chain_key, "audit_chain_key")?,
            apiserver: credentials(&self.identities.apiserver, "identities.apiserver")?,
            fileserver: credentials(&self.identities.fileserver, "identities.fileserver")?,
        })
    }
}

fn corrupt(path: &Path, problem: &str) -> SecretsError {
    SecretsError::Corrupt { path: path.to_owned(), problem: problem.to_owned() }
}

/// Random, not counted: two copies of a data directory that are rotated apart never give two keys the same id.
fn new_key_id() -> String {
    format!("k{:016x}", u64::from_le_bytes(random_bytes()))
}

fn encode_key(key: &Secret<[u8; 32]>) -> String {
    URL_SAFE_NO_PAD.encode(key.expose())
}

fn decode_key(text: &str) -> Option<Secret<[u8; 32]>> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    Some(Secret::new(bytes.as_slice().try_into().ok()?))
}

#[cfg(test)]
mod tests;
