//! From options to a running [`App`]: configuration, data directory, secrets, database, first start.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use super::{
    options::{Options, Ports},
    urls::{Configured, public_urls},
};
use crate::{
    config::{self, Settings},
    crypto::{
        Secret, files,
        files::DataDirLock,
        random,
        secrets_file::{KeyRing, Secrets, SystemCredentials},
    },
    domain::{
        App, Keys, PublicUrls,
        audit::{self, CallLog},
        client_config::{self, ClientConfig},
        identity, queues, tenants,
    },
    store::{OpenError, Store},
};

/// The database file in the data directory.
pub const DATABASE: &str = "roundhouse.db";
/// Where the first password goes when there is no terminal to print it on.
pub const INITIAL_PASSWORD: &str = "initial-password";

/// Why the server can't start. Each is one sentence with what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error("{0}")]
    Config(String),
    /// A file of the data directory.
    #[error("{0}")]
    Files(#[from] files::FileError),
    /// `secrets.json`.
    #[error("{0}")]
    Secrets(#[from] crate::crypto::secrets_file::SecretsError),
    /// The database.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The log of API calls.
    #[error("{0}")]
    CallLog(#[from] audit::OpenError),
    /// What the database answered.
    #[error("{0}")]
    Api(#[from] crate::types::ApiError),
    /// A socket.
    #[error(
        "can't listen on {address}: {reason}. Another program may use the port; choose another one with --port, --api-port, --web-port or --files-port"
    )]
    Listen {
        /// Address and port.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// TLS.
    #[error("{0}")]
    Tls(String),
    /// No data directory.
    #[error("{0}")]
    Missing(String),
}

/// An opened data directory, locked as long as this lives.
pub struct House {
    /// The server.
    pub app: App,
    /// The lock.
    pub lock: DataDirLock,
    /// Made by this start, if it was the first.
    pub first: Option<identity::FirstAdmin>,
}

/// Opens the data directory, creating and initialising it as needed. `ports` are the real ones, once bound.
pub fn open(options: &Options, ports: Ports) -> Result<House, StartError> {
    let house = open_locked(options, ports)?;
    write_client_config(options, &house.app, house.first.as_ref())?;
    Ok(house)
}

fn open_locked(options: &Options, ports: Ports) -> Result<House, StartError> {
    let settings = load_settings(options)?;
    files::set_umask_077();
    files::create_private_dir(&options.data)?;
    let lock = DataDirLock::acquire(&options.data)?;
    let secrets = Secrets::load_or_create(&lock)?;
    let settings = with_generated(settings, &secrets);
    let store = Store::open(&options.data.join(DATABASE))?;
    let urls = settle_urls(options, ports, &settings, &store)?;
    let keys = keys(&settings, secrets);
    let log = CallLog::open(&settings, &options.data, &options.data.join(DATABASE))?;
    let mut app = App::new(store, settings, keys, urls);
    let _ = app.calls.set(Arc::new(log));
    app.ca_bundle = options.speaks_tls().then(|| bundle_path(options)).flatten();
    app.initial_password = Mutex::new(Some(options.data.join(INITIAL_PASSWORD)).filter(|path| path.exists()));
    let first = identity::ensure_identities(&app)?;
    queues::ensure_default(&app, &app.settings.apiserver.default_company)?;
    tenants::queue::ensure_all(&app)?;
    Ok(House { app, lock, first })
}

/// Opens a data directory that exists, for commands that act on a stopped server. They don't know the ports that it
/// will listen on, so `clearml.conf` keeps the addresses of its last start.
pub fn open_existing(options: &Options) -> Result<House, StartError> {
    if !options.data.join(DATABASE).exists() {
        let text = format!(
            "there is no Roundhouse data in {}; name the directory with --data",
            shown(&options.data)
        );
        return Err(StartError::Missing(text));
    }
    let house = open_locked(options, options.ports)?;
    if house.first.is_some() {
        write_client_config(options, &house.app, house.first.as_ref())?;
    }
    Ok(house)
}

/// Reads the configuration, says what is odd about it, and refuses known secrets.
pub fn load_settings(options: &Options) -> Result<Settings, StartError> {
    let loaded = config::load(options.config.as_deref(), config::process_environment())
        .map_err(|error| StartError::Config(error.to_string()))?;
    let open = !loaded.settings.apiserver.auth.fixed_users.enabled;
    if open && !(options.loopback() && loaded.settings.secure.allow_insecure_defaults) {
        let text = "apiserver.auth.fixed_users.enabled is false: anybody could become anybody without a password. Set it to \
                    true, or, on loopback only, set secure.allow_insecure_defaults as well";
        return Err(StartError::Config(text.to_owned()));
    }
    if loaded.settings.secure.allow_insecure_defaults && !options.loopback() {
        let text = "secure.allow_insecure_defaults is for loopback only: others could sign in with publicly known keys. \
                    Remove the setting, or leave out --bind";
        return Err(StartError::Config(text.to_owned()));
    }
    let insecure =
        config::check_secrets(&loaded.settings).map_err(|error| StartError::Config(error.to_string()))?;
    for warning in loaded.warnings.iter().chain(&insecure) {
        tracing::warn!("{warning}");
    }
    Ok(loaded.settings)
}

/// Fills in what the configuration left to `secrets.json`.
fn with_generated(mut settings: Settings, secrets: &Secrets) -> Settings {
    let mut fill = |name: &str, generated: &SystemCredentials| {
        if let Some(identity) = settings.secure.credentials.get_mut(name)
            && identity.user_key.is_none()
        {
            identity.user_key = Some(generated.access_key.clone());
            identity.user_secret = Some(generated.secret_key.clone());
        }
    };
    fill("apiserver", &secrets.apiserver);
    fill("fileserver", &secrets.fileserver);
    settings
}

/// Keys that seal values at rest: those of the configuration before those of `secrets.json`.
pub fn sealing_keys(settings: &Settings, secrets: &Secrets) -> KeyRing {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let vaults = &settings.secure.vaults;
    // `check_secrets` refused everything else at start.
    let key = |text: &Secret<String>| {
        let bytes = zeroize::Zeroizing::new(STANDARD.decode(text.expose().trim()).ok()?);
        <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Secret::new)
    };
    let current = vaults.encryption_key.as_ref().and_then(key);
    let previous = vaults.previous_keys.iter().filter_map(key).collect();
    secrets.sealing_keys.clone().with_configured(current, previous)
}

fn keys(settings: &Settings, secrets: Secrets) -> Keys {
    let sealing = sealing_keys(settings, &secrets);
    if !settings.secure.vaults.encrypt {
        tracing::warn!(
            "secure.vaults.encrypt is false, but vaults are always encrypted at rest; remove the setting"
        );
    }
    let secure = &settings.secure;
    let (current, _) = secrets.api_secret_keys.current();
    let current = current.to_owned();
    let ids: Vec<String> = secrets.api_secret_keys.ids().map(str::to_owned).collect();
    let ring: BTreeMap<String, Secret<[u8; 32]>> = ids
        .into_iter()
        .filter_map(|id| secrets.api_secret_keys.get(&id).map(|key| (id.clone(), key.clone())))
        .collect();
    Keys {
        token: secure.auth.token_secret.clone().unwrap_or(secrets.token_secret),
        api_secret: (current, ring),
        sealing,
        audit: Secret::new(secrets.audit_chain_key.expose().to_vec()),
        session: secure.http.session_secret.apiserver.clone().unwrap_or(secrets.session_secret),
        process: random::new_key(),
    }
}

fn settle_urls(
    options: &Options,
    ports: Ports,
    settings: &Settings,
    store: &Store,
) -> Result<PublicUrls, StartError> {
    use crate::store::{Lane, Scope};
    let configured = &settings.services.organization.public_urls;
    let configured = Configured {
        web: configured.web.as_deref(),
        api: configured.api.as_deref(),
        files: configured.files.as_deref(),
    };
    let stored = store.read(&Scope::server(), |snapshot| snapshot.setting("public.host"))?;
    // A server that listened on loopback and now listens to the network needs a name that others can use.
    let stored = stored.filter(|host| options.loopback() || host != "localhost");
    let urls = public_urls(options, ports, configured, stored.as_deref());
    let host = super::urls::host(&urls.web).unwrap_or_default().to_owned();
    match stored {
        Some(old) if old != host => tracing::warn!(
            old,
            new = host,
            "the public host name changed: files that tasks refer to keep their old address"
        ),
        _ => {}
    }
    store.write(&Scope::server(), Lane::Documents, |tx| match tx.setting("public.host")?.as_deref() {
        Some(old) if old == host => Ok(()),
        _ => tx.set_setting("public.host", &host),
    })?;
    Ok(urls)
}

/// Writes `clearml.conf` at first start, and keeps its addresses true afterwards.
fn write_client_config(
    options: &Options,
    app: &App,
    first: Option<&identity::FirstAdmin>,
) -> Result<(), StartError> {
    let path = options.data.join(client_config::FILE);
    let credentials = match first {
        Some(admin) => Some((admin.access_key.clone(), admin.secret_key.clone())),
        None => client_config::credentials_of(&path),
    };
    let Some((access_key, secret_key)) = credentials else { return Ok(()) };
    let text = ClientConfig {
        urls: &app.urls,
        access_key: &access_key,
        secret_key: &secret_key,
        ca_bundle: app.ca_bundle.as_deref(),
    }
    .to_string();
    let unchanged = std::fs::read_to_string(&path).is_ok_and(|old| old == text);
    if !unchanged {
        files::write_private(&path, text.as_bytes())?;
    }
    Ok(())
}

/// Absolute path of the bundle that clients verify with; none for a certificate that was given.
fn bundle_path(options: &Options) -> Option<PathBuf> {
    let path = options.data.join(crate::crypto::ca::BUNDLE_FILE);
    match options.tls {
        Some(_) => None,
        None => Some(std::path::absolute(&path).unwrap_or(path)),
    }
}

/// Shows the first password: on a terminal, else in a private file whose path is logged. Never both, never again.
pub fn announce(options: &Options, house: &House) -> Result<(), StartError> {
    let Some(first) = &house.first else { return Ok(()) };
    let conf = shown(&options.data.join(client_config::FILE));
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        println!(
            "\nRoundhouse is set up.\n\n  Pages      {}\n  User       {}\n  Password   {}\n\nThe password is shown this once. \
             Sign in and change it under your profile.\nThe SDK's configuration with your first credentials is {conf}.\n",
            house.app.urls.web,
            first.login,
            first.password.expose(),
        );
        return Ok(());
    }
    let path = options.data.join(INITIAL_PASSWORD);
    files::write_private(&path, format!("{}\n", first.password.expose()).as_bytes())?;
    *house.app.initial_password.lock() = Some(path.clone());
    tracing::info!(
        user = first.login,
        "the first password is in {}; the file is removed at the first sign-in",
        shown(&path)
    );
    Ok(())
}

fn shown(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
