//! The running server: from bound sockets to a graceful stop.

use std::{sync::Arc, time::Duration};

use actix_web::{
    App as ActixApp, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Data, Payload},
};
use jiff::Timestamp;

use super::{
    blobs,
    options::{Options, Ports},
    sockets::{self, Face},
    start::{self, House, StartError},
    tls::{self, CertificateSource, Renewer},
    urls,
};
use crate::{
    api::{
        BodyBudget,
        http::{self as api_http, ApiState},
    },
    crypto::{ca::LocalAuthority, names::HostNames},
    domain::{App, files::Files, origin::OriginPolicy},
    files::http::{self as files_http, FilesState},
    jobs::{Job, Jobs},
    web::http::{self as web_http, WebState},
};

/// Running requests get this long at a stop.
const STOP_SECONDS: u64 = 10;

/// A server that accepts connections.
pub struct Running {
    /// Its state.
    pub app: Arc<App>,
    /// The ports it listens on.
    pub ports: Ports,
    handles: Vec<ServerHandle>,
    jobs: Jobs,
    _lock: crate::crypto::files::DataDirLock,
}

/// Starts everything and returns once all sockets listen. Must run inside an actix system.
pub async fn run(options: Options) -> Result<Running, StartError> {
    let sockets = sockets::bind(&options)?;
    let house = start::open(&options, sockets.ports)?;
    let tls = tls_config(&options, &house)?;
    start::announce(&options, &house)?;
    let House { app, lock, .. } = house;
    let app = Arc::new(app);
    let api = Data::new(api_state(&options, sockets.ports, Arc::clone(&app)));
    let pages = Data::new(web_state(&options, &api));
    let files = Data::new(files_state(&options, &api, &pages)?);
    let jobs = Jobs::start(
        Arc::clone(&app),
        &options.data,
        tls.iter().map(|(_, renewer)| renewal(Arc::clone(renewer))).collect(),
    );
    let mut handles = Vec::new();
    for face in [Face::Api, Face::Web, Face::Files] {
        let listeners: Vec<_> = sockets.listeners.iter().filter(|(of, _)| *of == face).collect();
        if listeners.is_empty() {
            continue;
        }
        let (api, pages, files) = (api.clone(), pages.clone(), files.clone());
        let mut server = HttpServer::new(move || {
            let (api, pages, files) = (api.clone(), pages.clone(), files.clone());
            ActixApp::new().app_data(api).app_data(pages).configure(move |config| routes(face, config, files))
        })
        .workers(2)
        .worker_max_blocking_threads(64)
        .backlog(1024)
        .keep_alive(Duration::from_secs(75))
        .client_request_timeout(Duration::from_secs(30))
        .shutdown_timeout(STOP_SECONDS)
        .disable_signals();
        for (_, listener) in listeners {
            let listener = listener.try_clone().map_err(|error| cannot_listen(&error))?;
            server = match &tls {
                Some((config, _)) => server.listen_rustls_0_23(listener, (**config).clone()),
                None => server.listen_auto_h2c(listener),
            }
            .map_err(|error| cannot_listen(&error))?;
        }
        let running = server.run();
        handles.push(running.handle());
        actix_web::rt::spawn(running);
    }
    write_addresses(&options, &app)?;
    tracing::info!(web = app.urls.web, api = app.urls.api, files = app.urls.files, "ready");
    Ok(Running { app, ports: sockets.ports, handles, jobs, _lock: lock })
}

impl Running {
    /// Lets running requests finish, flushes, and moves the log into the database.
    pub async fn stop(self) {
        futures_util::future::join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
        let Running { app, jobs, .. } = self;
        let flushed = web::block(move || {
            jobs.stop();
            app.store.checkpoint(true)
        })
        .await;
        match flushed {
            Ok(Ok(())) => tracing::info!("stopped"),
            Ok(Err(error)) => {
                tracing::error!(%error, "the last checkpoint failed; the next start repeats it")
            }
            Err(_) => tracing::error!("the last checkpoint was cut short; the next start repeats it"),
        }
    }
}

fn cannot_listen(error: &std::io::Error) -> StartError {
    StartError::Listen { address: "the bound socket".to_owned(), reason: error.to_string() }
}

fn routes(face: Face, config: &mut web::ServiceConfig, files: Data<FilesState>) {
    match face {
        Face::Api => {
            config.default_service(web::to(api_root));
        }
        Face::Files => files_http::configure(config, files, ""),
        Face::Web => {
            files_http::configure(config, files, "/files");
            config
                .service(web::resource("/api").to(api_below))
                .service(web::resource("/api/{tail:.*}").to(api_below))
                .default_service(web::to(web_http::call));
        }
    }
}

async fn api_root(request: HttpRequest, payload: Payload, state: Data<ApiState>) -> HttpResponse {
    api_http::call(request, payload, &state, "").await
}

async fn api_below(request: HttpRequest, payload: Payload, state: Data<ApiState>) -> HttpResponse {
    api_http::call(request, payload, &state, "/api").await
}

fn api_state(options: &Options, ports: Ports, app: Arc<App>) -> ApiState {
    let own_ports = match ports {
        Ports::One(port) => vec![port],
        Ports::Three { api, web, .. } => vec![api, web],
    };
    ApiState {
        origins: OriginPolicy::new(&app.settings, &app.urls, own_ports),
        max_body: usize::try_from(app.settings.apiserver.request.max_body_bytes).unwrap_or(usize::MAX),
        secure_cookies: options.speaks_tls() || app.urls.web.starts_with("https://"),
        trusted_proxies: app.settings.apiserver.trusted_proxies.clone(),
        slots: Arc::new(tokio::sync::Semaphore::new(256)),
        bodies: BodyBudget::new(
            // Always room for two of the largest.
            app.settings
                .apiserver
                .request
                .max_in_flight_bytes
                .max(app.settings.apiserver.request.max_body_bytes.saturating_mul(2)),
        ),
        app,
    }
}

fn web_state(options: &Options, api: &ApiState) -> WebState {
    let ca = options.speaks_tls().then(|| LocalAuthority::load(&options.data).ok().flatten()).flatten();
    let ca = ca.filter(|_| options.tls.is_none());
    WebState {
        app: Arc::clone(&api.app),
        origins: api.origins.clone(),
        secure_cookies: api.secure_cookies,
        trusted_proxies: api.trusted_proxies.clone(),
        fingerprint: ca.as_ref().map(LocalAuthority::fingerprint).unwrap_or_default(),
        ca: ca.map(|authority| authority.pem()),
    }
}

/// Opens where files are kept. The lock of the data directory must be held: what interrupted uploads left behind
/// is deleted.
pub fn open_files(options: &Options, app: &App) -> Result<Arc<Files>, StartError> {
    // Connecting to a bucket waits, and the thread of the asynchronous runtime must not.
    let opening = || blobs::open(&app.settings, &options.data);
    let opened = std::thread::scope(|scope| scope.spawn(opening).join());
    let blobs =
        opened.map_err(|_| StartError::Missing("The storage of files could not be opened.".to_owned()))??;
    let files = Arc::new(Files::new(blobs));
    Ok(Arc::clone(app.files.get_or_init(|| files)))
}

fn files_state(options: &Options, api: &ApiState, pages: &WebState) -> Result<FilesState, StartError> {
    let files = open_files(options, &api.app)?;
    Ok(FilesState {
        app: Arc::clone(&api.app),
        files,
        origins: api.origins.clone(),
        page_cookie: pages.session_cookie().to_owned(),
        trusted_proxies: api.trusted_proxies.clone(),
    })
}

type Tls = (Arc<rustls::ServerConfig>, Arc<Renewer>);

fn tls_config(options: &Options, house: &House) -> Result<Option<Tls>, StartError> {
    if !options.speaks_tls() {
        if !options.loopback() {
            tracing::warn!(
                "--insecure-http: passwords and tokens cross the network in the clear unless a TLS proxy is in front"
            );
        }
        return Ok(None);
    }
    tls::install_provider();
    let now = Timestamp::now();
    let source = match &options.tls {
        Some((certificate, key)) => {
            CertificateSource::Files { certificate: certificate.clone(), key: key.clone() }
        }
        None => {
            let urls = &house.app.urls;
            let hosts = [&urls.web, &urls.api, &urls.files].into_iter().filter_map(|url| urls::host(url));
            let bind = options.bind.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
            let names = HostNames::gather(hosts, bind).map_err(|error| StartError::Tls(error.to_string()))?;
            let authority = LocalAuthority::load_or_create(&house.lock, &names, now)
                .map_err(|error| StartError::Tls(error.to_string()))?;
            tracing::info!(
                fingerprint = authority.fingerprint(),
                "certificates come from this server's own authority"
            );
            CertificateSource::LocalAuthority { authority: Arc::new(authority), names }
        }
    };
    let (config, renewer) = tls::acceptor(source, now).map_err(|error| StartError::Tls(error.to_string()))?;
    Ok(Some((config, Arc::new(renewer))))
}

/// Keeps the certificate fresh.
fn renewal(renewer: Arc<Renewer>) -> Job {
    let work = Box::new(move || {
        renewer.check(Timestamp::now());
        Ok(())
    });
    Job { name: "certificates", interval: tls::CHECK_INTERVAL, work }
}

/// Where the running server is reached, for `roundhouse healthcheck`.
fn write_addresses(options: &Options, app: &App) -> Result<(), StartError> {
    let text = serde_json::json!({"web": app.urls.web, "api": app.urls.api, "files": app.urls.files});
    crate::crypto::files::write_private(&options.data.join(ADDRESSES), format!("{text}\n").as_bytes())?;
    Ok(())
}

/// File with the addresses of the running server.
pub(super) const ADDRESSES: &str = "addresses.json";
